"""The process that measures recordings for a worker: jobs come by standard input, answers go by standard output."""

import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import BinaryIO

import cv2

from hipcv.batch.channel import receive, send
from hipcv.batch.run.job import Job
from hipcv.batch.run.scoring import score
from hipcv.native.cores import count_threads

#: A sign of life is sent this often at most.
BEAT_INTERVAL_S = 1.0


def main(memory_limit_mb: int) -> None:
    """Measure what is asked for until nobody asks any more."""
    answers = _take_standard_output()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what it means
    faulthandler.enable()
    limit_memory(memory_limit_mb)
    cv2.setNumThreads(count_threads(at_most=4))
    jobs: SimpleQueue[Job] = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, jobs), daemon=True).start()
    while True:
        job = jobs.get()
        send(answers, score(job, _beat(answers)))


def _take_standard_output() -> BinaryIO:
    """Keep standard output for answers; whatever else a library prints there goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _listen(pipe: BinaryIO, jobs: "SimpleQueue[Job]") -> None:
    while True:
        try:
            job = receive(pipe)
        except (EOFError, OSError):
            os._exit(0)  # the parent is gone or wants no more: nobody would read the answer of a job under way
        assert isinstance(job, Job)
        jobs.put(job)


def _beat(answers: BinaryIO) -> Callable[[int, int | None], None]:
    last_s = 0.0

    def beat(n_done: int, n_total: int | None) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s >= BEAT_INTERVAL_S:
            last_s = now_s
            send(answers, (n_done, n_total))

    return beat


def limit_memory(limit_mb: int) -> None:
    """Let a recording that wants more memory than this (in MB, 0: any) fail alone, not take the machine along."""
    try:
        import resource
    except ImportError:
        return
    if limit_mb > 0:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = limit_mb * 1024**2 if hard == resource.RLIM_INFINITY else min(limit_mb * 1024**2, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
