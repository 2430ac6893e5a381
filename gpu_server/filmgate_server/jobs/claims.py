"""What jobs claim: their share in an execution, their uploads, and the outputs kept for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from filmgate.errors import BusyError, FilmgateError
from filmgate.wire.records import BlobRef, Missing
from filmgate_server.jobs.admission import Admission, Share
from filmgate_server.jobs.room import Leaving
from filmgate_server.jobs.table import Execution, Job, JobTable, Outcome, Owner
from filmgate_server.store.content import Blob, Store
from filmgate_server.store.segments import capacity_for
from filmgate_server.store.uploads import Uploads


class Claims:
    """Takes and gives back what a job needs of table, store and uploads, all of it or nothing.

    Args:
        table: jobs and executions.
        store: the blobs and the memory promised for more.
        uploads: what clients are expected to send.
        admission: what each artist may take.
    """

    def __init__(
        self, table: JobTable, store: Store, uploads: Uploads, admission: Admission
    ) -> None:
        self._table = table
        self._store = store
        self._uploads = uploads
        self._admission = admission
        store.relieve = self._relieve

    def execution(self, job: Job) -> Execution | None:
        """Return the execution that a job waits for."""
        return None if job.execution is None else self._table.executions.get(job.execution)

    def missing(self, job: Job) -> list[Missing]:
        """Say what the job's session should send, and from which byte on."""
        return self._uploads.missing(job.owner.session, self._wanted(job))

    def attach(self, job: Job, output_bytes: int) -> Execution:
        """Join the execution of this work, or open one, with memory set aside for it.

        Args:
            job: in no execution.
            output_bytes: what its outputs are taken to need.

        Raises:
            BusyError: the memory cannot be set aside now; nothing was claimed.
            ImageTooLargeError: it never could be.
        """
        execution = self._table.execution_for(job.owner.show, job.work_key)
        shares = _shares(job, capacity_for(output_bytes))
        self._admission.check_bytes(job.owner.user, shares)
        refs = self._absent(job)
        if execution is None:
            execution = self._open(job, refs, capacity_for(output_bytes))
        else:
            self._promise(job.owner, refs)
        self._uploads.expect(job.owner.session, job.owner.show, refs)
        self._admission.holdings.hold(job, shares)
        execution.jobs[job.id] = job
        job.execution = execution.number
        return execution

    def fits_in_place_of(self, older: Sequence[Job], newer: Job, output_bytes: int) -> bool:
        """Return whether `attach` is sure to find room for a job once others have ended.

        Args:
            older: of the same artist; what a worker has in hand still takes its room for a while.
            newer: in no execution.
            output_bytes: what its outputs are taken to need.
        """
        outputs_bytes = capacity_for(output_bytes)
        leaving = Leaving(self._table, self._uploads, older)
        joined = self._table.execution_for(newer.owner.show, newer.work_key)
        stays = joined is not None and not leaving.takes_along(joined)
        pinned = self._pin_inputs(newer)
        try:
            self._admission.check_bytes(newer.owner.user, _shares(newer, outputs_bytes), older)
            wanted = leaving.wanted(newer, self._absent(newer), 0 if stays else outputs_bytes)
            more = wanted - leaving.room
            return self._store.has_room(more.size_bytes, more.segments)
        except BusyError:
            return False
        finally:
            for blob in pinned:
                self._store.unpin(blob)

    def check_kept(self, job: Job, outcome: Outcome, gone: Sequence[Job] = ()) -> None:
        """Let a job have outputs that are there already.

        Raises:
            BusyError: its artist has as much as he may have; those *gone* are not counted.
        """
        found = [self._store.find(job.owner.show, ref.digest) for ref in outcome.outputs]
        self._admission.check_bytes(job.owner.user, _kept(blob for blob in found if blob), gone)

    def detach(self, job: Job) -> Execution | None:
        """Leave the execution and return it, whether or not another job still wants it."""
        execution = self.execution(job)
        job.execution = None
        if execution is None:
            return None
        execution.jobs.pop(job.id, None)
        if execution.missing:
            for digest in execution.missing - self._missing_elsewhere(job):
                self._uploads.close(job.owner.session, digest)
        return execution

    def take_over(self, job: Job, owner: Owner) -> None:
        """Bind a job to the session that asks for it now: the newest one wins.

        Raises:
            BusyError: there is no memory for what this session would have to send.
        """
        if job.owner.session == owner.session:
            return
        refs = self._wanted(job)
        self._promise(owner, refs)
        self._uploads.expect(owner.session, owner.show, refs)
        self._table.move(job, owner)
        self.come_back(job)

    def supply(self, execution: Execution, blob: Blob) -> None:
        """Keep an input that has arrived for the execution."""
        self._store.pin(blob)
        execution.pins.append(blob)
        self._table.arrived(execution, blob.digest)

    def keep(self, job: Job, outcome: Outcome) -> None:
        """Keep the outputs for a job that is ready."""
        for ref in outcome.outputs:
            blob = self._store.find(job.owner.show, ref.digest)
            if blob is not None:
                self._store.pin(blob)
                job.pins.append(blob)
        self._admission.holdings.hold(job, _kept(job.pins))
        job.execution, job.outcome = None, outcome

    def let_go(self, job: Job) -> None:
        """Keep the job's outputs no longer."""
        for blob in job.pins:
            self._store.unpin(blob)
        job.pins.clear()

    def come_back(self, job: Job) -> None:
        """Note that a job's client is there, and keep again what is left of its outputs."""
        job.away_since_s = None
        if job.outcome is not None and not job.pins:
            self.keep(job, job.outcome)

    def end(self, job: Job) -> None:
        """Give back what a job that has ended was counted with."""
        self.let_go(job)
        self._admission.holdings.drop(job)

    def _relieve(self) -> bool:
        """Let go of the outputs of the oldest job whose client is away; it is done again if lost.

        Returns:
            Whether there was one.
        """
        for job in self._table.jobs.values():
            if job.away_since_s is not None and job.outcome is not None and job.pins:
                self.end(job)
                return True
        return False

    def _open(self, job: Job, refs: list[BlobRef], outputs_bytes: int) -> Execution:
        pinned = self._pin_inputs(job)
        try:
            self._promise(job.owner, refs, outputs_bytes, 1)
        except FilmgateError:
            for blob in pinned:
                self._store.unpin(blob)
            raise
        execution = self._table.new_execution(job, (ref.digest for ref in refs))
        execution.pins, execution.promised_bytes = pinned, outputs_bytes
        execution.promised_segments = 1
        return execution

    def _promise(
        self, owner: Owner, refs: list[BlobRef], more_bytes: int = 0, more_segments: int = 0
    ) -> None:
        """Set memory aside for what the session is not expected to send yet, and for *more*."""
        missing = [self._uploads.missing_bytes(owner.session, [ref]) for ref in refs]
        segments = sum(1 for size_bytes in missing if size_bytes) + more_segments
        try:
            self._store.promise(sum(missing) + more_bytes, segments)
        except BusyError:
            self._admission.keep_room_for(owner.user)
            raise

    def _wanted(self, job: Job) -> list[BlobRef]:
        execution = self.execution(job)
        return self._absent(job) if execution is not None and execution.missing else []

    def _absent(self, job: Job) -> list[BlobRef]:
        refs = {ref.digest: ref for ref in job.work.inputs}
        return [ref for ref in refs.values() if not self._store.find(job.owner.show, ref.digest)]

    def _pin_inputs(self, job: Job) -> list[Blob]:
        digests = {ref.digest for ref in job.work.inputs}
        found = [self._store.find(job.owner.show, digest) for digest in sorted(digests)]
        blobs = [blob for blob in found if blob is not None]
        for blob in blobs:
            self._store.pin(blob)
        return blobs

    def _missing_elsewhere(self, job: Job) -> set[bytes]:
        """Return what other jobs of the same session wait for."""
        show, session = job.owner.show, job.owner.session
        return {
            ref.digest
            for ref in job.work.inputs
            if any(each.is_for(session) for each in self._table.lacking(show, ref.digest))
        }


def _kept(blobs: Iterable[Blob]) -> list[Share]:
    """Return what a job's outputs take of the store."""
    return [(blob.key, blob.segment.capacity_bytes) for blob in blobs]


def _shares(job: Job, outputs_bytes: int) -> list[Share]:
    """Return what a job's inputs and outputs take of the store."""
    inputs: list[Share] = [
        ((job.owner.show, ref.digest), capacity_for(ref.size)) for ref in job.work.inputs
    ]
    return [*inputs, ((job.owner.show, job.work_key), outputs_bytes)]
