"""What jobs claim: their share in an execution, their uploads, and the outputs kept for them."""

from __future__ import annotations

from filmgate.errors import FilmgateError
from filmgate.wire.records import BlobRef, Missing
from filmgate_server.jobs import Execution, Job, JobTable, Outcome, Owner
from filmgate_server.segments import capacity_for
from filmgate_server.store import Blob, Store
from filmgate_server.uploads import Uploads


class Claims:
    """Takes and gives back what a job needs of table, store and uploads, all of it or nothing.

    Args:
        table: jobs and executions.
        store: the blobs and the memory promised for more.
        uploads: what clients are expected to send.
    """

    def __init__(self, table: JobTable, store: Store, uploads: Uploads) -> None:
        self._table = table
        self._store = store
        self._uploads = uploads

    def execution(self, job: Job) -> Execution | None:
        """Return the execution that a job waits for."""
        return None if job.execution is None else self._table.executions.get(job.execution)

    def missing(self, job: Job) -> list[Missing]:
        """Say what the job's session should send, and from which byte on."""
        return self._uploads.missing(job.owner.session, self._wanted(job))

    def attach(self, job: Job, priority: str, output_bytes: int) -> None:
        """Join the execution of this work, or open one, with memory set aside for it.

        Args:
            job: in no execution.
            priority: of an execution that is opened.
            output_bytes: what its outputs are taken to need.

        Raises:
            BusyError: the memory cannot be set aside now; nothing was claimed.
            ImageTooLargeError: it never could be.
        """
        refs = self._absent(job)
        execution = self._table.execution_for(job.owner.show, job.work_key)
        uploads_bytes = self._uploads.missing_bytes(job.owner.session, refs)
        outputs_bytes = 0 if execution else capacity_for(output_bytes)
        pinned = self._pin_inputs(job) if execution is None else []
        try:
            self._store.promise(uploads_bytes + outputs_bytes)
        except FilmgateError:
            for blob in pinned:
                self._store.unpin(blob)
            raise
        self._uploads.expect(job.owner.session, job.owner.show, refs)
        if execution is None:
            execution = self._table.new_execution(job, priority, (ref.digest for ref in refs))
            execution.pins, execution.promised_bytes = pinned, outputs_bytes
        execution.jobs.add(job.id)
        job.execution = execution.number

    def detach(self, job: Job) -> Execution | None:
        """Leave the execution; return it if no job wants it any more."""
        execution = self.execution(job)
        job.execution = None
        if execution is None:
            return None
        execution.jobs.discard(job.id)
        if execution.missing:
            for digest in execution.missing - self._missing_elsewhere(job):
                self._uploads.close(job.owner.session, digest)
        return None if execution.jobs else execution

    def take_over(self, job: Job, owner: Owner) -> None:
        """Bind a job to the session that asks for it now: the newest one wins.

        Raises:
            BusyError: there is no memory for what this session would have to send.
        """
        if job.owner.session == owner.session:
            return
        refs = self._wanted(job)
        self._store.promise(self._uploads.missing_bytes(owner.session, refs))
        self._uploads.expect(owner.session, owner.show, refs)
        job.owner, job.away_since_s = owner, None

    def supply(self, execution: Execution, blob: Blob) -> None:
        """Keep an input that has arrived for the execution."""
        self._store.pin(blob)
        execution.pins.append(blob)
        execution.missing.discard(blob.digest)

    def keep(self, job: Job, outcome: Outcome) -> None:
        """Keep the outputs for a job that is ready."""
        for ref in outcome.outputs:
            blob = self._store.find(job.owner.show, ref.digest)
            if blob is not None:
                self._store.pin(blob)
                job.pins.append(blob)
        job.execution, job.outcome = None, outcome

    def let_go(self, job: Job) -> None:
        """Keep the job's outputs no longer."""
        for blob in job.pins:
            self._store.unpin(blob)
        job.pins.clear()

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
        wanted: set[bytes] = set()
        for other in self._table.jobs_of(job.owner.session):
            running = self.execution(other)
            if other.id != job.id and running is not None:
                wanted |= running.missing
        return wanted
