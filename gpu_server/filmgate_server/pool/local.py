"""The pool on this machine: one process per device."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from filmgate.errors import (
    ConnectionLostError,
    FilmgateError,
    ProtocolError,
    error_from_wire,
)
from filmgate_server.pool.channel import Parcel
from filmgate_server.pool.member import STOP_GRACE_S, Member, State
from filmgate_server.pool.messages import (
    INTERACTIVE,
    Attachment,
    Beat,
    Cancel,
    Done,
    Drop,
    Failed,
    Grant,
    Prepare,
    Prepared,
    Progress,
    Ready,
    Reserve,
)
from filmgate_server.pool.outputs import OutputBook
from filmgate_server.pool.port import Assignment, PoolEvents, Preparations, WorkerInfo, WorkerState
from filmgate_server.pool.recycling import retire_worn
from filmgate_server.pool.settings import PoolSettings
from filmgate_server.pool.translation import attach_all, produced_output, run_message
from filmgate_server.store.segments import Segment

MESSAGES_PER_TURN = 64
"""How many messages of one worker are taken at once, so that others get their turn."""

EXPRESS_SLOTS = 1
"""How many more executions a worker takes when the next one is interactive."""

log = structlog.get_logger()


class LocalPool:
    """Workers on this machine; see `filmgate_server.pool.port.Pool` for the methods.

    Args:
        settings: what the pool is made of.
        events: who is told.

    Attributes:
        preparations: who is told of packages that are warm; nobody at first.
    """

    def __init__(self, settings: PoolSettings, events: PoolEvents) -> None:
        self._settings = settings
        self._events = events
        self._now_s = time.monotonic()
        self._members = [
            Member(settings.member_settings(device), settings.patience)
            for device in settings.devices
        ]
        self._lenders: dict[int, OutputBook] = {}
        self.preparations: Preparations | None = None

    def start(self) -> None:
        """Start the workers; call it from the main thread."""
        for member in self._members:
            member.spawn(self._now_s)

    def stop(self) -> None:
        """End every worker and wait until each is gone."""
        for member in self._members:
            member.stop()
        deadline_s = time.monotonic() + STOP_GRACE_S
        for member in self._members:
            member.kill(max(0.0, deadline_s - time.monotonic()))

    def filenos(self) -> list[int]:
        """Return the channels and process descriptors to poll for reading."""
        return [fileno for member in self._members for fileno in member.filenos()]

    def handle(self, fileno: int) -> None:
        """Read the worker whose descriptor is readable."""
        for worker, member in enumerate(self._members):
            if fileno in member.filenos():
                if self._drain(worker, member):
                    self._bury(worker, member)
                return

    def tick(self, now_s: float) -> None:
        """Read, judge, bury, restart."""
        self._now_s = now_s
        for worker, member in enumerate(self._members):
            member.flush()
            if self._drain(worker, member):
                member.judge(now_s)
                self._bury(worker, member)
            if member.state is State.DOWN and now_s >= member.restart_at_s:
                member.respawn(now_s)
        retire_worn(self._members, self._settings, now_s)

    def free_slots(self, express: bool) -> dict[int, int]:
        """Return how many more executions each ready worker takes."""
        slots = self._settings.in_flight + (EXPRESS_SLOTS if express else 0)
        free = {
            worker: max(0, slots - len(member.executions))
            for worker, member in enumerate(self._members)
            if member.is_at_work
        }
        if express:
            for worker, member in enumerate(self._members):
                if member.retiring and (room := member.express_room(EXPRESS_SLOTS)):
                    free[worker] = room
        return free

    def residents(self) -> dict[int, frozenset[bytes]]:
        """Return the digests of the packages that each ready worker has loaded."""
        return {
            worker: frozenset(resident.digest for resident in member.beat.residents)
            for worker, member in enumerate(self._members)
            if member.state is State.READY
        }

    def states(self) -> tuple[WorkerState, ...]:
        """Return what is known of each worker."""
        return tuple(member.describe(worker) for worker, member in enumerate(self._members))

    def run(self, worker: int, assignment: Assignment) -> None:
        """Give *assignment* to *worker*.

        Raises:
            ProtocolError: the assignment is too large for a message; it was not taken.
        """
        member = self._members[worker]
        fresh = {
            blob.segment.id: blob.segment
            for blob in assignment.inputs
            if blob.segment.id not in member.seen_inputs
        }
        message = run_message(assignment, list(fresh.values()))
        member.post(message, [segment.fd for segment in fresh.values()])
        member.note_run(assignment.execution, assignment.priority != INTERACTIVE)
        member.seen_inputs.update(fresh)

    def prepare(self, path: Path, digest: bytes) -> set[int]:
        """Ask every worker that is ready to load and warm a package; return who was asked."""
        asked: set[int] = set()
        for worker, member in enumerate(self._members):
            if member.state is State.READY:
                member.preparing.add(digest)
                member.post(Prepare(str(path), digest))
                asked.add(worker)
        return asked

    def warm_from_now(self, warm: Sequence[tuple[str, str]]) -> None:
        """Let workers that are started from now on load these packages first."""
        for member in self._members:
            member.settings = replace(member.settings, warm=tuple(warm))

    def cancel(self, execution: int) -> None:
        """Stop *execution* at its next tile; a worker that does not do so in time is doomed."""
        member = self._runner(execution)
        if member:
            member.watch.note_cancel(execution, self._now_s)
            member.post(Cancel(execution))

    def grant(self, execution: int, sizes: Sequence[int] | None) -> None:
        """Give segments for outputs of *sizes*, or drop the execution with None.

        A worker that has asked twice is doomed.
        """
        member = self._runner(execution)
        if member is None:
            return
        if sizes is None:
            member.executions.discard(execution)
            member.post(Grant(execution, refused=True))
            return
        try:
            member.post(Grant(execution, member.outputs.grant(execution, sizes)))
        except ProtocolError as error:
            member.doom(f"it broke the rules ({error.text})")

    def drop_input(self, segment_id: int) -> None:
        """Make every worker that has mapped the segment let go of it."""
        for member in self._members:
            if segment_id in member.seen_inputs:
                member.seen_inputs.discard(segment_id)
                member.post(Drop(segment_id))

    def release_output(self, segment_id: int) -> None:
        """Take an output's segment back for reuse; it is closed if its worker is gone."""
        self._lenders.pop(segment_id).release(segment_id)

    def trim_outputs(self, idle_bytes_max: int) -> None:
        """Close idle segments, worker by worker, until at most *idle_bytes_max* are idle."""
        for member in self._members:
            others = self.output_bytes[1] - member.outputs.idle_bytes
            for segment_id in member.outputs.trim(max(0, idle_bytes_max - others)):
                member.post(Drop(segment_id))

    @property
    def output_bytes(self) -> tuple[int, int]:
        """The capacities in use (granted ones included) and idle."""
        books = {id(book): book for book in self._lenders.values()}
        books.update({id(member.outputs): member.outputs for member in self._members})
        in_use = sum(book.in_use_bytes for book in books.values())
        return in_use, sum(book.idle_bytes for book in books.values())

    def _runner(self, execution: int) -> Member | None:
        return next((member for member in self._members if execution in member.executions), None)

    def _drain(self, worker: int, member: Member) -> bool:
        """Take what the worker has said, and return whether there is no more for now."""
        for _ in range(MESSAGES_PER_TURN):
            parcel = _next_parcel(member)
            if parcel is None:
                return True
            self._take(worker, member, parcel)
        return False

    def _take(self, worker: int, member: Member, parcel: Parcel) -> None:
        message = parcel.message
        member.watch.note_sign_of_life()
        if isinstance(message, Done):
            self._take_done(member, message, parcel)
            return
        parcel.close_fds()
        if isinstance(message, Ready):
            self._take_ready(worker, member, message)
        elif isinstance(message, Beat):
            member.note_beat(message)
        elif isinstance(message, Prepared):
            self._take_prepared(worker, member, message)
        elif isinstance(message, Progress | Reserve | Failed):
            self._pass_on(member, message)
        else:
            member.doom(f"it broke the rules (it sent {message.kind})")

    def _take_ready(self, worker: int, member: Member, message: Ready) -> None:
        member.state = State.READY
        member.watch.note_ready()
        for remark in message.remarks:
            log.info("worker remarks", worker=worker, remark=remark)
        info = WorkerInfo(message.pid, message.device, message.device_class, message.engines)
        self._events.ready(worker, info)

    def _take_prepared(self, worker: int, member: Member, message: Prepared) -> None:
        if message.package_digest not in member.preparing:
            member.doom("it broke the rules (it prepared what it was not asked for)")
            return
        error = None
        if message.code:
            error = error_from_wire(message.code, message.text, message.remedy)
        self._end_preparation(worker, member, message.package_digest, error)

    def _end_preparation(
        self, worker: int, member: Member, digest: bytes, error: FilmgateError | None
    ) -> None:
        member.preparing.discard(digest)
        if self.preparations is not None:
            self.preparations.prepared(worker, digest, error)

    def _pass_on(self, member: Member, message: Progress | Reserve | Failed) -> None:
        if message.execution not in member.executions:
            return  # it was dropped while this was on its way
        if isinstance(message, Progress):
            self._events.progress(message.execution, message.stage, message.done, message.total)
        elif isinstance(message, Reserve):
            self._events.reserve(message.execution, message.sizes)
        else:
            member.note_end(message.execution)
            member.outputs.revoke(message.execution)
            error = error_from_wire(message.code, message.text, message.remedy, message.detail)
            self._events.failed(message.execution, error, message.timings)

    def _take_done(self, member: Member, message: Done, parcel: Parcel) -> None:
        try:
            segments = self._settle(member, message, parcel)
        except FilmgateError as error:
            member.doom(f"its outputs cannot be taken ({error.text})")
            return
        self._lenders.update({segment.id: member.outputs for segment in segments})
        member.note_end(message.execution)
        member.note_success()
        outputs = [produced_output(*pair) for pair in zip(message.outputs, segments, strict=True)]
        self._events.done(
            message.execution, outputs, message.warnings, message.timings, message.numerics
        )

    def _settle(self, member: Member, message: Done, parcel: Parcel) -> list[Segment]:
        """Map what the worker has created, and find the segment of each output."""
        if message.execution not in member.executions:
            parcel.close_fds()
            raise ProtocolError("A worker answers what it was not asked.")
        created = self._attach(member, message, parcel)
        try:
            return member.outputs.settle(message.execution, message.outputs, created)
        except ProtocolError:
            for segment in created.values():
                segment.close()
            raise

    def _attach(self, member: Member, message: Done, parcel: Parcel) -> dict[int, Segment]:
        """Map the segments that came along, which must be exactly those it was to create."""
        wanted = [(entry.segment, entry.capacity) for entry in self._wanted(member, message)]
        named = [(entry.segment, entry.capacity) for entry in message.attached]
        if sorted(named) != sorted(wanted) or len(named) != len(parcel.fds):
            parcel.close_fds()
            raise ProtocolError("A worker created other segments than it was told to.")
        return attach_all(message.attached, parcel.fds)

    def _wanted(self, member: Member, message: Done) -> list[Attachment]:
        created = member.outputs.to_create(message.execution)
        return [Attachment(entry.segment, entry.capacity) for entry in created]

    def _bury(self, worker: int, member: Member) -> None:
        reason = member.bury(self._now_s)
        if reason is not None:
            error = ConnectionLostError(f"Worker {worker} has gone: {reason or 'as it was told'}.")
            for digest in sorted(member.preparing):
                self._end_preparation(worker, member, digest, error)
        if reason:
            lost = sorted(member.executions)
            member.executions.clear()
            self._events.lost(worker, lost, reason)


def _next_parcel(member: Member) -> Parcel | None:
    """Return the next message; None when there is none, or no more. Garbage dooms the worker."""
    if member.channel is None:
        return None
    try:
        parcel = member.channel.receive(wait=False)
        if parcel is None:
            member.doom("")  # the end of its stream: its exit status says more
        return parcel
    except BlockingIOError:
        return None
    except ProtocolError as error:
        member.doom(f"it broke the rules ({error.text})")
    except OSError as error:
        member.doom(f"it cannot be heard ({error.strerror or error})")
    return None
