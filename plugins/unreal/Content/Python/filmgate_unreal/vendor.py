"""The wheels that a bundle for the Unreal Editor brings; importing this asks for none of them."""

from __future__ import annotations

from filmgate.host.vendor import Vendor, VendorError

__all__ = ["VendorError", "check_modules", "prepare"]

_UNREAL = Vendor("the Unreal Editor", __file__, "PYTHONPATH and UE_PYTHONPATH")

prepare = _UNREAL.prepare
check_modules = _UNREAL.check_modules
