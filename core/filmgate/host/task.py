"""One result to make: what it needs of the host, and what was set when it was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Optional

from filmgate.errors import InputError
from filmgate.host.freshness import frame_key, joined_fingerprint, settings_digest
from filmgate.host.port import HostPort, Moment, Settings
from filmgate.job import Payload
from filmgate.manifest import Manifest
from filmgate.temporal import Range, plan_inputs


@dataclass(frozen=True)
class Need:
    """An input at one frame."""

    name: str
    moment: Moment

    @property
    def key(self) -> tuple[str, float, str]:
        """What identifies the pixels within a host: the proxy scale does not."""
        return self.name, self.moment.time, self.moment.view


@dataclass(frozen=True)
class FrameTask:
    """One result to make.

    Attributes:
        moment: of the result.
        settings: as they were when it was planned.
        digest: of the settings, hexadecimal.
        fingerprints: of the host's inputs at each frame that it needs; each may be unknown.
        time: the source time for a model of several frames; else None.
        needs: what to capture, the main input first.
        serial: later tasks have higher numbers.
    """

    moment: Moment
    settings: Settings
    digest: str
    fingerprints: Mapping[float, str]
    time: Optional[float]
    needs: tuple[Need, ...]
    serial: int = 0

    @property
    def key(self) -> str:
        """The result's frame and view, as takes note them."""
        return frame_key(self.moment)

    @property
    def fingerprint(self) -> str:
        """One fingerprint of everything it needs; unknown where one of them is."""
        return joined_fingerprint(self.fingerprints)

    def changed(self, port: HostPort) -> bool:
        """Say whether the inputs have changed since the task was planned."""
        return self.fingerprints != _fingerprints(port, self.moment, self.fingerprints)


def plan_task(manifest: Manifest, port: HostPort, moment: Moment, serial: int = 0) -> FrameTask:
    """Read what is set at *moment* and list what the result needs; on the main thread.

    Raises:
        InputError: there is no such result: beyond the input's frames, or between two of them.
        ParameterError: a parameter does not fit the model.
    """
    if moment.time != int(moment.time):
        text = f"{moment.time:g} is no frame: results are made at whole frames."
        raise InputError(text, "Choose a whole frame.")
    settings = port.settings(moment)
    time = source_time(manifest, settings, moment)
    frames = source_frames(manifest, moment if time is None else replace(moment, time=time), port)
    needs = tuple(
        Need(each.name, replace(moment, time=frame)) for each in manifest.inputs for frame in frames
    )
    fingerprints = _fingerprints(port, moment, frames)
    digest = settings_digest(manifest, settings)
    return FrameTask(moment, settings, digest, fingerprints, time, needs, serial)


def source_time(manifest: Manifest, settings: Settings, moment: Moment) -> Optional[float]:
    """Return the source time of a result; None for a model of one frame."""
    kind = manifest.temporal.kind
    if kind == "frame":
        return None
    if kind == "between" and settings.source_time is not None:
        return float(settings.source_time)
    return float(moment.time)


def source_frames(manifest: Manifest, moment: Moment, port: HostPort) -> list[float]:
    """List the frames of each input that the result at *moment*, a source time, needs.

    Raises:
        InputError: the time lies beyond the frames of the main input.
    """
    if manifest.temporal.kind == "frame":
        return [moment.time]
    span = port.span()
    _check_inside(moment.time, span)
    return sorted({float(frame) for frame in plan_inputs(manifest.temporal, moment.time, span)})


def payloads_in_order(
    task: FrameTask, captured: Mapping[tuple[str, float, str], Optional[Payload]]
) -> tuple[Payload, ...]:
    """Return what was captured for a task, the main input first.

    Raises:
        InputError: the main input is not there.
    """
    main = task.needs[0].name
    found = [(need, captured[need.key]) for need in task.needs]
    lacking = [need for need, payload in found if payload is None and need.name == main]
    if lacking:
        frame = lacking[0].moment.time
        text = f"Nothing is connected to {main} at frame {frame:g}."
        raise InputError(text, "Connect the plate.", {"frame": frame})
    return tuple(payload for _, payload in found if payload is not None)


def _fingerprints(port: HostPort, moment: Moment, frames: Iterable[float]) -> dict[float, str]:
    return {frame: port.fingerprint(replace(moment, time=frame)) for frame in frames}


def _check_inside(time: float, span: Range) -> None:
    if not span[0] <= time <= span[1]:
        text = f"The result at {time:g} lies beyond the input's frames, {span[0]} to {span[1]}."
        raise InputError(text, "Choose a time within them.", {"frame": time})
