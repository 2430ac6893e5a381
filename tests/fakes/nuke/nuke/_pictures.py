"""What a node makes, as Python can ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from nuke import _context, _world
from nuke._guard import Guarded

if TYPE_CHECKING:
    from nuke._boxes import Info
    from nuke._formats import Format
    from nuke._ranges import FrameRange


class _Picture(Guarded):
    """The part of a node that answers for its image."""

    def _check(self) -> None:
        raise NotImplementedError

    def _info(self, at: Optional[_context.Context] = None) -> Any:
        from nuke import _ops

        when = at or _context.now()
        try:
            return _ops.Evaluation().info(self, when)
        except _ops.RenderError:
            return _ops.nothing(when)

    def channels(self) -> list[str]:
        self._check()
        return sorted(self._info().channels)

    def bbox(self) -> Info:
        from nuke._boxes import Info

        return Info(self._info().box)

    def format(self) -> Format:
        return self._info().format

    def width(self) -> int:
        return self._info().format.width()

    def height(self) -> int:
        return self._info().format.height()

    def pixelAspect(self) -> float:
        return float(self._info().format.pixelAspect())

    def proxy(self) -> bool:
        return bool(_world.current().root._knobs["proxy"].value())

    def firstFrame(self) -> int:
        return int(self._info().first)

    def lastFrame(self) -> int:
        return int(self._info().last)

    def frameRange(self) -> FrameRange:
        from nuke._ranges import FrameRange

        info = self._info()
        return FrameRange(info.first, info.last, 1)

    def metadata(
        self, key: Optional[str] = None, time: Optional[float] = None, view: str = ""
    ) -> Any:
        at = _context.now()
        at = at._replace(frame=at.frame if time is None else time, view=view or at.view)
        held = self._info(at).metadata
        return dict(held) if key is None else held.get(key)

    def hasError(self) -> bool:
        return self._failing()

    def error(self) -> bool:
        return self._failing()

    def treeHasError(self) -> bool:
        return self._failing()

    def _failing(self) -> bool:
        from nuke import _ops

        try:
            _ops.Evaluation().info(self, _context.now())
        except _ops.RenderError:
            return True
        return False

    def sample(self, channel: str, x: float, y: float, dx: float = 1, dy: float = 1) -> float:
        from nuke import _ops

        return _ops.Evaluation().sample(self, _context.now(), channel, x, y)

    def forceValidate(self) -> None:
        """Look at everything upstream again; only then `opHashes` knows of changes there."""
        from nuke import _hashes

        _world.current().hashes[id(self)] = _hashes.of(self)

    def opHashes(self) -> list[int]:
        """Return what changes with the pixels, as it was at the last validation."""
        self._check()
        if id(self) not in _world.current().hashes:
            self.forceValidate()
        return list(_world.current().hashes[id(self)])
