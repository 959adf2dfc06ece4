"""The workers of a server: a thread each watches over one process, gives it jobs and replaces it when it dies."""

import json
import logging
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

from hipcv.process.child import Child
from hipcv_server.budget import Budget, stalled, work_budget_s
from hipcv_server.children import start_child
from hipcv_server.disk import disk_trouble, free_bytes
from hipcv_server.files import Shelves
from hipcv_server.lifetime import LastStop, Lifetime
from hipcv_server.problems import ProblemError, waits_for_room
from hipcv_server.queueing import Lane, Pace, Place, Waiting, places
from hipcv_server.settings import Settings
from hipcv_server.store import Job, JobStore
from hipcv_server.worker import Order, Passed, Postponed, Refused, Scored, Told, work

log = logging.getLogger("hipcv.server")

#: A thread looks this often whether its job was cancelled or the server stops.
_LOOK_EVERY_S = 0.1
#: A waiting job is looked for this often even where nobody said that there is one.
_WAKE_EVERY_S = 1.0
#: What a worker is called in lists of processes.
WORKER = "hipcv worker"
#: Workers stand back behind the server, which answers, and behind live sessions.
_NICENESS = 5
#: A job that finds no room time and again rests up to so many times longer than after the first time.
_LONGEST_REST = 64
#: Share of the work that lies in reading; the rest is assessing and drawing.
_SHARES = {
    "opening": (0.0, 0.02),
    "reading": (0.02, 0.85),
    "assessing": (0.85, 0.85),
    "drawing": (0.85, 0.98),
    "saving": (0.98, 1.0),
}


@dataclass(frozen=True, slots=True)
class At:
    """How far a running job is, and since when, by the monotonic clock, which worker has it."""

    told: Told = field(default_factory=lambda: Told("opening"))
    lane: int = 0
    since_s: float = field(default_factory=time.monotonic)

    @property
    def share(self) -> float:
        """From 0 to 1, never further than is certain."""
        low, high = _SHARES.get(self.told.stage, (0.0, 0.02))
        total = self.told.n_total
        part = min(1.0, self.told.n_done / total) if total else 0.0
        return round(low + (high - low) * part, 4)

    def left_s(self, now_s: float) -> float | None:
        """Return how long the rest will take; None where that cannot be told yet.

        Examples
        --------
        >>> round(At(Told("reading", 50, 100), since_s=0.0).left_s(87.0)), At(since_s=0.0).left_s(9.0)
        (113, None)
        """
        share = self.share
        return (now_s - self.since_s) * (1 / share - 1) if share > 0 else None


class _Died(Exception):  # noqa: N818 - not an error of this program
    """The worker is gone; the text says how."""


class _TooLong(Exception):  # noqa: N818 - the recording's fault
    """The work takes longer than one recording may; the text is the sentence about it."""


@dataclass(frozen=True, slots=True)
class _Rest:
    """A job whose result found no room waits until `until_s` of the monotonic clock; `n` times so far."""

    until_s: float
    n: int
    trouble: str


class _NotWanted(Exception):  # noqa: N818 - not an error at all
    """The job was cancelled or deleted, or the server stops."""


class Crew:
    """All workers.

    Where there are several, the first is for short recordings. It opens what comes, and passes on what is long; the
    others take that, and short ones too while the first is busy. So a long recording never keeps a short one waiting,
    and the others need not even run until there is something for them.

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
        self._pace = Pace()
        self._lifetime = Lifetime(settings.data)
        #: How the server before this one ended, once `start` has looked.
        self.last_stop = LastStop.IN_ORDER
        self._resting: dict[str, _Rest] = {}
        self._to_put_back: set[str] = set()
        self._no_room: str | None = None
        self._deaf = False
        self._threads = [
            threading.Thread(target=self._run, args=(n,), name=f"worker {n + 1}")
            for n in range(settings.jobs.n_workers)
        ]

    def start(self) -> None:
        """Put back what a crash left running, and begin to work."""
        self._recover()
        self._shelves.sweep(self._store.ids(), self._store.ids_with_clip())
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the workers; what they worked on goes back in the queue."""
        self._stopping = True
        self.wake()
        for thread in self._threads:
            thread.join()
        self._lifetime.end()

    def _recover(self) -> None:
        """Put back what was running when the last server ended, and say once how that was, unless it was in order."""
        self.last_stop = self._lifetime.begin()
        back = self._store.recover(machine_died=self.last_stop is LastStop.MACHINE_DIED)
        limit = self._settings.jobs.max_machine_deaths
        for job in (job for job in back if job.machine_deaths >= limit):
            detail = (
                f"The machine went down {job.machine_deaths} times while this recording was measured, and it was set "
                "aside: convert it to H.264 in MP4 and try once more."
            )
            self._store.set_aside(job.id, ProblemError("worker_died", detail).document())
        if self.last_stop is not LastStop.IN_ORDER:
            who = "server" if self.last_stop is LastStop.SERVER_DIED else "machine"
            log.warning(
                "The last time the %s went down without being stopped. Nothing finished was lost; begun again: %d",
                who,
                len(back),
            )

    def wake(self) -> None:
        """Say that there is something to do."""
        with self._wake:
            self._wake.notify_all()

    def drop(self, job_id: str) -> None:
        """End the work on a job that was cancelled or deleted."""
        self._resting.pop(job_id, None)
        if job_id in self._at:
            self._unwanted.add(job_id)

    def budget(self, job_id: str) -> dict[str, float]:
        """Return what the work on a job may take: `work_s` of time, by its length once that is known, and memory."""
        at, jobs = self._at.get(job_id), self._settings.jobs
        work_s = work_budget_s(jobs, None if at is None else at.told.length_s)
        return {"work_s": work_s, "memory_bytes": jobs.max_memory_bytes}

    def at(self, job_id: str) -> At | None:
        """Return how far a job is; None where no worker has it."""
        return self._at.get(job_id)

    def holds_up(self, job_id: str) -> dict[str, Any] | None:
        """Return as a problem what a waiting job waits for other than a free worker; None where there is nothing."""
        rest = self._resting.get(job_id)
        trouble = self._no_room if rest is None else rest.trouble
        return None if trouble is None else waits_for_room(trouble).document()

    def places(self) -> dict[str, Place]:
        """Return where every waiting job stands in the queue, and in how many seconds its turn comes."""
        now_s = time.monotonic()
        lanes = [Lane(0.0, self._max_length_s(n)) for n in range(len(self._threads))]
        for at in list(self._at.values()):
            left_s = at.left_s(now_s)
            lanes[at.lane].free_in_s = left_s
        return places([Waiting(*row) for row in self._store.waiting()], lanes, self._pace)

    @property
    def alive(self) -> bool:
        """Whether every worker is watched over."""
        return not self._stopping and all(thread.is_alive() for thread in self._threads)

    # ------------------------------------------------------------------------------------------------- in each thread

    def _max_length_s(self, lane: int) -> float | None:
        """Return the longest recording that a worker takes."""
        return self._settings.jobs.short_s if lane == 0 and len(self._threads) > 1 else None

    def _run(self, lane: int) -> None:
        worker = _Worker(self._settings)
        try:
            while not self._stopping:
                job = self._next(lane)
                if job is None:
                    if lane == 0:
                        worker.warm()
                    with self._wake:
                        self._wake.wait(timeout=_WAKE_EVERY_S)
                    continue
                self._at[job.id] = At(lane=lane)
                if lane == 0:
                    self.wake()  # for what comes next it is another's turn
                try:
                    worker = self._do(job, worker, lane)
                except Exception as error:
                    self._after(job, error)
                finally:
                    self._at.pop(job.id, None)
                    self._unwanted.discard(job.id)
        finally:
            worker.end()

    def _next(self, lane: int) -> Job | None:
        """Take the next job that can be worked on; None where there is none, or no room for what would come of it."""
        try:
            self._put_back()
            free = free_bytes(self._shelves.root)
            short = free < self._settings.jobs.min_free_bytes
            self._no_room = f"{free // 1_000_000} MB are free" if short else None
            if short:
                return None
            self._store.reserve.keep()
            now_s = time.monotonic()
            first_is_busy = lane == 0 or any(at.lane == 0 for at in list(self._at.values()))
            job = self._store.claim(
                [job_id for job_id, rest in list(self._resting.items()) if rest.until_s > now_s],
                longer_than_s=0.0 if first_is_busy else self._settings.jobs.short_s,
                max_length_s=self._max_length_s(lane),
            )
        except Exception as error:
            self._no_room = disk_trouble(error)
            if not self._deaf:  # once, not every second
                log.error("The database could not be asked for work", exc_info=error)
            self._deaf = True
            return None
        self._deaf = False
        return job

    def _after(self, job: Job, error: Exception) -> None:
        """Keep a job that a full disk stood in the way of; give up one on which the server itself failed."""
        trouble = disk_trouble(error)
        if trouble is not None:
            self._postpone(job, trouble)
            return
        log.error("Job %s failed", job.id, exc_info=error)
        self._give_up(job, error)

    def _postpone(self, job: Job, trouble: str) -> None:
        """Put back a job whose result found no room, for another try later: its clip stays, no attempt is counted."""
        rest = self._resting.get(job.id)
        n = 1 if rest is None else rest.n + 1
        pause_s = self._settings.jobs.retry_s * min(2 ** (n - 1), _LONGEST_REST)
        log.warning("The disk takes nothing more (%s): job %s waits %g s", trouble, job.id, pause_s)
        self._resting[job.id] = _Rest(time.monotonic() + pause_s, n, trouble)
        self._shelves.drop_parts(job.id)
        self._to_put_back.add(job.id)
        try:
            self._put_back()
        except Exception as error:
            log.warning("Job %s cannot be put back yet (%s)", job.id, error)

    def _put_back(self) -> None:
        for job_id in list(self._to_put_back):
            self._store.requeue(job_id, refund=True)
            self._to_put_back.discard(job_id)

    def _give_up(self, job: Job, error: Exception) -> None:
        """Say that the server itself failed; where not even that can be written, log it."""
        detail = f"The server could not work on this recording ({error}): see its log, then hand it in again."
        try:
            self._store.fail(job.id, ProblemError("internal", detail).document())
        except Exception:
            log.exception("Job %s stays open until the next start", job.id)

    def _order(self, job: Job, lane: int) -> Order:
        folder = self._shelves.begin_result(job.id)
        clip = self._shelves.clip(job.replay_of or job.id)
        replays = None if job.replay_of is None else self._store.document(job.replay_of)
        return Order(job.id, clip, job.options, folder, self._max_length_s(lane), replays)

    def _do(self, job: Job, worker: "_Worker", lane: int) -> "_Worker":
        """Work on one job; return the worker for the next."""
        order = self._order(job, lane)
        if job.replay_of is not None and order.replays is None:
            gone = "The assessment that was to be measured once more was deleted meanwhile."
            self._keep(job, Refused(ProblemError("could_not_measure", gone).document()), order)
            return worker
        try:
            answer = self._wait(job, worker.ask(order))
        except _NotWanted:
            worker.end()
            self._store.requeue(job.id, refund=True)  # does nothing to a job that was cancelled
            self._tidy(job)
            return _Worker(self._settings)
        except _TooLong as too_long:
            worker.end()
            self._keep(job, Refused(ProblemError("could_not_measure", str(too_long)).document()), order)
            return _Worker(self._settings)
        except _Died as died:
            worker.end()
            self._blame(job, str(died))
            self._shelves.drop_parts(job.id)
            return _Worker(self._settings)
        if isinstance(answer, Postponed):
            self._postpone(job, answer.trouble)
        elif isinstance(answer, Passed):
            self._store.requeue(job.id, refund=True, length_s=answer.length_s)
            self._shelves.drop_parts(job.id)
            self.wake()
        else:
            self._keep(job, answer, order)
        if worker.n_jobs >= self._settings.jobs.jobs_per_worker:
            worker.end()
            return _Worker(self._settings)
        return worker

    def _wait(self, job: Job, child: Child) -> Scored | Refused | Postponed | Passed:
        asked_s, budget = time.monotonic(), Budget(self._settings.jobs)
        while True:
            if self._stopping or job.id in self._unwanted:
                raise _NotWanted
            try:
                answer = child.receive(_LOOK_EVERY_S)
            except TimeoutError:
                pass
            except EOFError:
                raise _Died(child.how_it_ended()) from None
            else:
                if not isinstance(answer, Told):
                    assert isinstance(answer, Scored | Refused | Postponed | Passed)
                    return answer
                self._at[job.id] = replace(self._at[job.id], told=answer)
            told, now_s = self._at[job.id].told, time.monotonic()
            too_long = budget.excess(told, now_s)
            if too_long is not None:
                raise _TooLong(too_long)
            if stalled(told, min(child.quiet_s, now_s - asked_s), self._settings.jobs):
                raise _Died(f"it did nothing for {self._settings.jobs.stall_s:g} s")

    def _keep(self, job: Job, answer: Scored | Refused, order: Order) -> None:
        if isinstance(answer, Scored):
            self._learn(job)
            self._shelves.settle_result(job.id, order.folder)
            wanted = self._store.finish(job.id, json.loads(answer.document), answer.n_frames, answer.taken)
        else:
            wanted = self._store.fail(job.id, answer.problem)
        self._resting.pop(job.id, None)
        if not wanted or isinstance(answer, Refused):
            self._shelves.drop_parts(job.id)
        if not wanted:
            self._shelves.drop(job.id)
        elif not (job.keep and isinstance(answer, Scored)):
            self._shelves.drop_clip(job.id)

    def _learn(self, job: Job) -> None:
        """Remember how long the work took, for those who wait."""
        at = self._at[job.id]
        if at.told.length_s is not None:
            self._pace.add(at.told.length_s, time.monotonic() - at.since_s)

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
        self._child: Child | None = None
        self.n_jobs = 0

    def warm(self) -> None:
        """Start the process, so that the next job need not wait for its libraries."""
        if self._child is not None and self._child.alive:
            return
        self.end()
        self._child = start_child(WORKER, work, (self._settings,), self._settings.jobs, niceness=_NICENESS)
        self.n_jobs = 0

    def ask(self, order: Order) -> Child:
        """Hand over a job; its answers come from the child."""
        self.warm()
        assert self._child is not None
        self.n_jobs += 1
        try:
            self._child.send(order)
        except OSError:
            raise _Died(self._child.how_it_ended()) from None
        return self._child

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._child is not None:
            self._child.end()
        self._child = None
