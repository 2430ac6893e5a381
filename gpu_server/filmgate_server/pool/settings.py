"""What a pool is made of."""

from __future__ import annotations

from dataclasses import dataclass

from filmgate_server.devices import same_hardware
from filmgate_server.pool.member import MemberSettings
from filmgate_server.pool.watch import Patience


@dataclass(frozen=True)
class PoolSettings:
    """What the pool is made of.

    Attributes:
        devices: one worker each: ``cpu``, ``cuda:0``.
        threads: of each worker; None means every core.
        in_flight: executions that a worker has at once, so that its stages overlap.
        beat_s: how often a worker says that it is alive.
        frame_bytes_max: the largest decoded frame that a worker takes on.
        cancel_grace_s: how long a cancelled execution may take to end, if its tiles are not known
            to take longer; then its worker is replaced.
        stall_s: how long an execution may go without a step; then its worker is replaced.
        hang_floor_s: where a model's tiles were measured, they may take ten times as long as that,
            and never less than this.
        device_bytes: device memory for the models of each worker; None leaves it to the device.
        warm: folder and digest (in hexadecimal) of each package to load before a worker is ready.
        recycle_jobs: a worker is replaced after so many executions; 0: never.
        recycle_growth_bytes: it is replaced when it has leaked so much memory; 0: never.
        log_json: whether workers log JSON.
    """

    devices: tuple[str, ...] = ("cpu",)
    threads: int | None = None
    in_flight: int = 3
    beat_s: float = 2.0
    frame_bytes_max: int = 4 << 30
    cancel_grace_s: float = 15.0
    stall_s: float = 300.0
    hang_floor_s: float = 10.0
    device_bytes: int | None = None
    warm: tuple[tuple[str, str], ...] = ()
    recycle_jobs: int = 0
    recycle_growth_bytes: int = 0
    log_json: bool = False

    def member_settings(self, device: str) -> MemberSettings:
        """Return what the worker on *device* is started with."""
        return MemberSettings(
            device,
            self.threads,
            self.beat_s,
            self.frame_bytes_max,
            self.device_bytes,
            sum(same_hardware(device, other) for other in self.devices) or 1,
            self.stall_s,
            self.hang_floor_s,
            self.warm,
            self.log_json,
        )

    @property
    def patience(self) -> Patience:
        """How long a worker may take."""
        return Patience(self.beat_s, self.cancel_grace_s)
