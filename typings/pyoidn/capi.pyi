# The C API of Open Image Denoise by way of cffi: names and types as in oidn.h.
from typing import Any

oidn_Capi: Any
oidn_ffi: Any
