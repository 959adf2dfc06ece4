"""Where the work is done: on this machine's cores, or on a Dask cluster; both through a concurrent.futures executor."""

import atexit
import logging
import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

import psutil

from hipcv.batch.run.job import Identity, Job, Refusal, Refused, Reply
from hipcv.batch.run.scoring import identify
from hipcv.batch.run.worker import Limits, Worker
from hipcv.core.errors import BatchError

#: Memory that one worker needs for recordings up to 1080p with the largest model, in MB (benchmarks/README.md).
WORKER_MEMORY_MB = 1200
#: How long to wait for a cluster's first worker, and for another one when all are gone.
WORKER_PATIENCE_S = 60.0
SCHEDULER_PATIENCE_S = 15
_SLOTS_INTERVAL_S = 1.0
_CGROUP = Path("/sys/fs/cgroup")

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WorkEngine:
    """Somewhere to measure recordings.

    Attributes
    ----------
    label : where that is, in words.
    executor : runs the calls; every call of `score` occupies one of its slots.
    run : the call that measures a recording there.
    count_slots : how many recordings can be measured at once right now; it may change while a batch runs.
    close : stops all work under way; a second time it does nothing.

    Leaving the `with` block closes it, and so does the end of the program: a generator that holds the block may be
    kept, half read, until Python itself is taken down, and then it is too late to end threads and processes in order.
    """

    label: str
    executor: Executor
    run: Callable[[Job, Limits], Reply]
    count_slots: Callable[[], int]
    limits: Limits
    close: Callable[[], None]

    def identify(self, source: str, known: Identity | None) -> Future[Reply]:
        """Find out what a recording's bytes are; `known` is what they were when they were last looked at.

        Examples
        --------
        >>> with open_local(1) as engine:
        ...     engine.identify("absent.mp4", None).result().refusal
        <Refusal.GONE: 'gone'>
        """
        return self.executor.submit(_identify, source, known)

    def score(self, job: Job) -> Future[Reply]:
        """Measure a recording."""
        return self.executor.submit(self.run, job, self.limits)

    def __enter__(self) -> "WorkEngine":
        atexit.register(self.close)
        return self

    def __exit__(self, *_: object) -> None:
        atexit.unregister(self.close)
        self.close()


def count_workers() -> int:
    """Return how many workers this machine can feed: one a core, and as many as fit into half of its free memory.

    Examples
    --------
    >>> count_workers() >= 1
    True
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    free_mb = free_memory_mb()
    return cores if math.isnan(free_mb) else max(1, min(cores, int(free_mb / 2 / WORKER_MEMORY_MB)))


def free_memory_mb() -> float:
    """Return the memory in MB that this machine, or the container on it, has left; NaN where the system hides it.

    Examples
    --------
    >>> free_mb = free_memory_mb()
    >>> free_mb > 0 or math.isnan(free_mb)
    True
    """
    try:
        free = psutil.virtual_memory().available
    except (OSError, psutil.Error):
        return math.nan
    with suppress(OSError, ValueError):  # inside a container less may be allowed than the machine has
        limit, used = (int((_CGROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        free = min(free, limit - used)
    return float(free) / 1024**2


# ------------------------------------------------------------------------------------------------------ a slot's worker


class Slots:
    """The processes of an executor's threads, one each.

    A thread itself decodes nothing, so whatever a recording does to its process, the executor lives on.
    """

    def __init__(self) -> None:
        self._own = threading.local()
        self._workers: list[Worker] = []
        self._stopped = False

    def run(self, job: Job, limits: Limits) -> Reply:
        """Measure a recording in the process that belongs to this thread."""
        worker: Worker | None = getattr(self._own, "worker", None)
        if worker is None:
            worker = self._own.worker = Worker(limits)
            self._workers.append(worker)
        if self._stopped:  # looked at after the worker is listed: stop() either sees the worker or is seen here
            return Refused(Refusal.CRASHED, "The batch was stopped.")
        worker.limits = limits
        return worker.run(job)

    def stop(self) -> None:
        """End all processes at once and for good; jobs under way come back as refused."""
        self._stopped = True
        for worker in self._workers:
            worker.stop()

    def clear(self) -> None:
        """Free what the processes left; call it when no thread runs any more."""
        for worker in self._workers:
            worker.retire()


#: The processes of a Dask worker's threads; they end with the Dask worker, because nobody writes to them any more.
_here = Slots()


def run_job(job: Job, limits: Limits) -> Reply:
    """Measure a recording: what a slot of a cluster runs."""
    return _here.run(job, limits)


def _identify(source: str, known: Identity | None) -> Reply:
    return identify(source, known)


# -------------------------------------------------------------------------------------------------------------- engines


class _Crew(Executor):
    """Threads that end with the program.

    Python waits at its end for the threads of a `ThreadPoolExecutor`, and these would wait for recordings that nobody
    asks for any more.
    """

    def __init__(self, n: int) -> None:
        self._n = n
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a call made by the next thread that is free."""
        future: Future[T] = Future()
        self._calls.put((future, partial(fn, *args, **kwargs)))
        if len(self._threads) < self._n:
            self._threads.append(threading.Thread(target=self._work, name="hipcv worker", daemon=True))
            self._threads[-1].start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the threads end: after all calls, or after those that are being made."""
        if cancel_futures:
            with suppress(Empty):
                while True:
                    if call := self._calls.get_nowait():
                        call[0].cancel()
        for _ in self._threads:
            self._calls.put(None)
        if wait:
            for thread in self._threads:
                if thread is not threading.current_thread():  # a generator may be collected on any thread
                    thread.join()

    def _work(self) -> None:
        while call := self._calls.get():
            future, make = call
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(make())
                except BaseException as error:  # the asker's, whatever it is
                    future.set_exception(error)
            del call, future, make  # results are large


def open_local(n_workers: int | None = None, limits: Limits | None = None) -> WorkEngine:
    """Measure on this machine with so many processes at once; by default as many as its cores and memory feed.

    Examples
    --------
    >>> with open_local(2) as engine:  # no process is started before it is needed
    ...     engine.label, engine.count_slots()
    ('2 workers on this machine', 2)
    """
    n = n_workers or count_workers()
    pool, slots = _Crew(n), Slots()

    def close() -> None:
        pool.shutdown(wait=False, cancel_futures=True)
        slots.stop()
        pool.shutdown(wait=True)
        slots.clear()

    label = "1 worker on this machine" if n == 1 else f"{n} workers on this machine"
    return WorkEngine(label, pool, slots.run, lambda: n, limits or Limits(), close)


def open_cluster(address: str, limits: Limits | None = None) -> WorkEngine:
    """Measure on the Dask cluster whose scheduler listens at `address`, such as tcp://10.0.0.1:8786.

    Raises
    ------
    BatchError
        Where nobody answers there, no worker joins, or `distributed` is not installed.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise BatchError("A cluster needs Dask on every machine: pip install 'hipcv[cluster]'.") from error
    try:
        client = Client(address, timeout=SCHEDULER_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise BatchError(
            f"Wanted a Dask scheduler at {address}, found none that answers: check the address."
        ) from error
    try:
        client.wait_for_workers(1, timeout=WORKER_PATIENCE_S)
    except TimeoutError as error:
        client.close()
        sentence = f"The scheduler at {address} has no workers: start some with `dask worker {address}`."
        raise BatchError(sentence) from error

    # what Dask logs of a lost connection is told in one sentence instead
    for name in [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    label, looked_s, n_slots = f"the cluster at {address}", -math.inf, 0

    def count_slots() -> int:
        nonlocal looked_s, n_slots
        if time.monotonic() - looked_s > _SLOTS_INTERVAL_S:  # asking a large cluster takes longer than one answer
            try:
                n_slots, looked_s = sum(client.nthreads().values()), time.monotonic()
            except OSError as error:
                raise lost(label) from error
        return n_slots

    # a recording is measured anew even if an equal call was made before: the ledger decides what is done
    executor = client.get_executor(pure=False)
    return WorkEngine(label, executor, run_job, count_slots, limits or Limits(), client.close)


def lost(label: str) -> BatchError:
    """Return the one sentence for an engine that vanished under the work.

    Examples
    --------
    >>> print(lost("the cluster at tcp://10.0.0.1:8786"))
    Lost the cluster at tcp://10.0.0.1:8786: mend it and run the same command again, what is finished stays finished.
    """
    return BatchError(f"Lost {label}: mend it and run the same command again, what is finished stays finished.")
