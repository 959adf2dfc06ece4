"""The workers of a server: a thread each watches over one process, gives it jobs and replaces it when it dies."""

import json
import logging
import threading
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from hipcv_server.confine import describe_end
from hipcv_server.jobs import Job, JobStore
from hipcv_server.problems import ProblemError
from hipcv_server.settings import Settings
from hipcv_server.store import Shelves
from hipcv_server.worker import Order, Refused, Scored, Told, work

log = logging.getLogger("hipcv.server")

#: A thread looks this often whether its job was cancelled or the server stops.
_LOOK_EVERY_S = 0.1
#: A waiting job is looked for this often even where nobody said that there is one.
_WAKE_EVERY_S = 1.0
#: Share of the work that lies in reading; the rest is assessing and drawing.
_SHARES = {"opening": (0.0, 0.02), "reading": (0.02, 0.85), "drawing": (0.85, 0.98), "saving": (0.98, 1.0)}


@dataclass(frozen=True, slots=True)
class At:
    """How far a running job is."""

    told: Told = field(default_factory=lambda: Told("opening"))

    @property
    def share(self) -> float:
        """From 0 to 1, never further than is certain."""
        low, high = _SHARES.get(self.told.stage, (0.0, 0.02))
        total = self.told.n_total
        part = min(1.0, self.told.n_done / total) if total else 0.0
        return round(low + (high - low) * part, 4)


class _Died(Exception):  # noqa: N818 - not an error of this program
    """The worker is gone; the text says how."""


class _NotWanted(Exception):  # noqa: N818 - not an error at all
    """The job was cancelled or deleted, or the server stops."""


class Crew:
    """All workers.

    Parameters
    ----------
    store, shelves : the jobs and their files.
    settings : how many workers, and what they may take.
    """

    def __init__(self, store: JobStore, shelves: Shelves, settings: Settings) -> None:
        self._store, self._shelves, self._settings = store, shelves, settings
        self._wake = threading.Condition()
        self._stopping = False
        self._unwanted: set[str] = set()
        self._at: dict[str, At] = {}
        self._threads = [
            threading.Thread(target=self._run, name=f"worker {n + 1}") for n in range(settings.jobs.n_workers)
        ]

    def start(self) -> None:
        """Put back what a crash left running, and begin to work."""
        detail = "The server ended each time while it worked on this recording."
        self._store.recover(self._settings.jobs.max_attempts, ProblemError("worker_died", detail).document())
        self._shelves.sweep(self._store.ids(), self._store.ids_with_clip())
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the workers; what they worked on goes back in the queue."""
        self._stopping = True
        self.wake()
        for thread in self._threads:
            thread.join()

    def wake(self) -> None:
        """Say that there is something to do."""
        with self._wake:
            self._wake.notify_all()

    def drop(self, job_id: str) -> None:
        """End the work on a job that was cancelled or deleted."""
        if job_id in self._at:
            self._unwanted.add(job_id)

    def at(self, job_id: str) -> At | None:
        """Return how far a job is; None where no worker has it."""
        return self._at.get(job_id)

    @property
    def alive(self) -> bool:
        """Whether every worker is watched over."""
        return not self._stopping and all(thread.is_alive() for thread in self._threads)

    # ------------------------------------------------------------------------------------------------- in each thread

    def _run(self) -> None:
        worker = _Worker(self._settings)
        try:
            while not self._stopping:
                try:
                    job = self._store.claim()
                except Exception:
                    log.exception("The database could not be asked for work")
                    job = None
                if job is None:
                    worker.warm()
                    with self._wake:
                        self._wake.wait(timeout=_WAKE_EVERY_S)
                    continue
                self._at[job.id] = At()
                try:
                    worker = self._do(job, worker)
                except Exception as error:
                    log.exception("Job %s failed", job.id)
                    self._give_up(job, error)
                finally:
                    self._at.pop(job.id, None)
                    self._unwanted.discard(job.id)
        finally:
            worker.end()

    def _give_up(self, job: Job, error: Exception) -> None:
        """Say that the server itself failed, a full disk for instance; where not even that can be written, log it."""
        detail = f"The server could not work on this recording ({error}): see its log, then hand it in again."
        try:
            self._store.fail(job.id, ProblemError("internal", detail).document())
        except Exception:
            log.exception("Job %s stays open until the next start", job.id)

    def _do(self, job: Job, worker: "_Worker") -> "_Worker":
        """Work on one job; return the worker for the next."""
        folder = self._shelves.begin_result(job.id, job.attempts)
        order = Order(job.id, self._shelves.clip(job.id), job.options, folder)
        try:
            answer = self._wait(job, worker.ask(order))
        except _NotWanted:
            worker.end()
            self._store.requeue(job.id, refund=True)  # does nothing to a job that was cancelled
            self._tidy(job)
            return _Worker(self._settings)
        except _Died as died:
            worker.end()
            self._blame(job, str(died) or describe_end(worker.exit_code))
            self._shelves.drop_parts(job.id)
            return _Worker(self._settings)
        self._keep(job, answer, order)
        if worker.n_jobs >= self._settings.jobs.jobs_per_worker:
            worker.end()
            return _Worker(self._settings)
        return worker

    def _wait(self, job: Job, connection: Connection) -> Scored | Refused:
        heard_s = time.monotonic()
        while True:
            if self._stopping or job.id in self._unwanted:
                raise _NotWanted
            try:
                if connection.poll(_LOOK_EVERY_S):
                    heard_s, answer = time.monotonic(), connection.recv()
                    if not isinstance(answer, Told):
                        assert isinstance(answer, Scored | Refused)
                        return answer
                    self._at[job.id] = At(answer)
            except (EOFError, OSError):
                raise _Died from None
            if time.monotonic() - heard_s > self._settings.jobs.stall_s:
                raise _Died(f"it did nothing for {self._settings.jobs.stall_s:g} s")

    def _keep(self, job: Job, answer: Scored | Refused, order: Order) -> None:
        if isinstance(answer, Scored):
            self._shelves.settle_result(job.id, order.folder)
            wanted = self._store.finish(job.id, json.loads(answer.document), answer.n_frames)
        else:
            wanted = self._store.fail(job.id, answer.problem)
        if not wanted or isinstance(answer, Refused):
            self._shelves.drop_parts(job.id)
        if not wanted:
            self._shelves.drop(job.id)
        elif not (job.keep and isinstance(answer, Scored)):
            self._shelves.drop_clip(job.id)

    def _blame(self, job: Job, how: str) -> None:
        """Count a worker's death against the job it worked on."""
        log.warning("The worker on job %s died (%s), attempt %d", job.id, how, job.attempts)
        if job.attempts < self._settings.jobs.max_attempts:
            self._store.requeue(job.id)
            return
        detail = (
            f"The recording ended its worker {job.attempts} times and was set aside (the last time {how}): "
            "convert it to H.264 in MP4 and try once more."
        )
        self._store.fail(job.id, ProblemError("worker_died", detail).document(), set_aside=True)
        self._shelves.drop_clip(job.id)

    def _tidy(self, job: Job) -> None:
        """Delete the files of a job that nobody wants any more."""
        self._shelves.drop_parts(job.id)
        found = self._store.get(job.id)
        if found is None or found.ended:
            self._shelves.drop(job.id)


class _Worker:
    """One child process, started when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self.n_jobs = 0

    def warm(self) -> None:
        """Start the process, so that the next job need not wait for its libraries."""
        if self._process is not None and self._process.is_alive():
            return
        self.end()
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, self._settings), name="hipcv worker", daemon=True)
        process.start()
        theirs.close()
        self._process, self._connection, self.n_jobs = process, ours, 0

    def ask(self, order: Order) -> Connection:
        """Hand over a job; its answers come over the connection."""
        self.warm()
        assert self._connection is not None
        self.n_jobs += 1
        try:
            self._connection.send(order)
        except OSError:
            raise _Died from None
        return self._connection

    @property
    def exit_code(self) -> int | None:
        """How the process ended; None while it runs."""
        return None if self._process is None else self._process.exitcode

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None and self._process.is_alive():
            self._process.join(timeout=0.2)
            self._process.kill()
        if self._process is not None:
            self._process.join(timeout=5.0)
        self._connection = None
