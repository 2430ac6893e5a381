"""The wheels that a bundle for Nuke brings; importing this asks for none of them."""

from __future__ import annotations

from filmgate.host.vendor import Vendor, VendorError

__all__ = ["VendorError", "check_modules", "prepare"]

_NUKE = Vendor("Nuke", __file__, "NUKE_PATH and PYTHONPATH")

prepare = _NUKE.prepare
check_modules = _NUKE.check_modules
