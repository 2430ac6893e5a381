"""Pictures that came over the wire: decoded in bounds, and only as what they claim to be."""

from __future__ import annotations

from typing import Optional

from filmgate.ui.qt import QtCore, QtGui, bound_allocation

SIDE_PX_MAX = 8192
_FORMATS = {b"\x89PNG\r\n\x1a\n": b"png", b"\xff\xd8\xff": b"jpg"}


def parse_picture(content: bytes) -> Optional[QtGui.QImage]:
    """Return a PNG or JPEG as a picture, on any thread.

    Qt knows dozens of formats; the others are not tried, as whoever publishes a model chooses what
    comes here.

    Args:
        content: the file's bytes.

    Returns:
        None where it is no such file, is damaged or larger than `SIDE_PX_MAX`.
    """
    kind = next((name for sign, name in _FORMATS.items() if content.startswith(sign)), None)
    if kind is None:
        return None
    data = QtCore.QByteArray(content)
    buffer = QtCore.QBuffer(data)
    buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
    reader = QtGui.QImageReader(buffer, QtCore.QByteArray(kind))
    reader.setAutoDetectImageFormat(False)
    bound_allocation(reader)
    size = reader.size()
    if not size.isValid() or max(size.width(), size.height()) > SIDE_PX_MAX:
        return None
    picture = reader.read()
    return None if picture.isNull() else picture
