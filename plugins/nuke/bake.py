"""Bake Filmgate nodes on a farm: ``nuke -t bake.py script.nk --node Denoise1 --frames=1-100``.

It makes what is missing, copies the results to where the site keeps bakes, and can be started
again at any time: what is done already is kept. docs/farm.md tells the rest and the exit codes.
"""

from __future__ import annotations

import sys

from filmgate_nuke import farm

if __name__ == "__main__":
    sys.exit(farm.main(sys.argv[1:]))
