"""A worker: one process that measures one recording at a time, is watched, and is replaced when it dies or hangs."""

import os
import time
from dataclasses import dataclass

from hipcv.batch.run.child import measure_jobs
from hipcv.batch.run.job import Answer, Job, Refusal, Refused, Scored
from hipcv.process.allowance import Allowance
from hipcv.process.child import Child

#: One thread a process for the small matrices there are: workers fill the cores, and results cannot depend on them.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
#: Keep the libraries quiet.
_QUIET = {"GLOG_minloglevel": "2", "TF_CPP_MIN_LOG_LEVEL": "2"}


@dataclass(frozen=True, slots=True)
class Limits:
    """How a worker is watched.

    Attributes
    ----------
    stall_s : a recording that shows no sign of life for so long hangs. Signs come with every frame, so a long or slow
        recording is never taken for one that hangs.
    memory_mb : memory a process may take for its data; 0 for any.
    jobs_per_process : after so many recordings the process is replaced, so that what leaks cannot grow.
    """

    stall_s: float = 120.0
    memory_mb: int = 6000
    jobs_per_process: int = 50


class Worker:
    """One process at a time, started when the first job comes; use it from one thread only (`stop` from any)."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._child: Child | None = None
        self._n_jobs = 0
        self.stopped = False

    def run(self, job: Job) -> Answer:
        """Measure one recording; a process that crashes or hangs is an answer like any other."""
        started_s = time.monotonic()
        answer = self._run(job)
        if isinstance(answer, Scored) or answer.wall_s > 0:
            return answer
        return Refused(answer.refusal, answer.sentence, answer.detail, time.monotonic() - started_s)

    def _run(self, job: Job) -> Answer:
        if self._n_jobs >= self.limits.jobs_per_process:
            self.retire()
        child = self._child or self._start()
        if self.stopped:  # looked at after the start: stop() either sees the process or is seen here
            self.retire()
            return Refused(Refusal.CRASHED, "The batch was stopped.")
        self._n_jobs += 1
        try:
            child.send(job)
            while True:
                message = child.receive(self.limits.stall_s)
                if isinstance(message, Scored | Refused):
                    return message
        except TimeoutError:
            sentence = f"It hung: nothing happened for {self.limits.stall_s:g} s while it was measured."
            return self._bury(child, Refusal.HUNG, sentence)
        except (EOFError, OSError):
            sentence = f"The process that measured it died ({child.how_it_ended()})."
            return self._bury(child, Refusal.CRASHED, sentence)

    def _start(self) -> Child:
        # nothing that a user set is overruled; copies of recordings lie where they go with the process
        self._child = Child(
            "hipcv batch worker",
            measure_jobs,
            allowance=Allowance(memory_bytes=self.limits.memory_mb * 1024**2),
            environment={**_ONE_THREAD, **_QUIET, **os.environ},
            keeps_words=True,
            has_scratch=True,
        )
        self._n_jobs = 0
        return self._child

    def _bury(self, child: Child, refusal: Refusal, sentence: str) -> Refused:
        child.end()
        self._child = None
        return Refused(refusal, sentence, child.last_words())

    def retire(self) -> None:
        """End the process; the next job gets a new one."""
        if self._child is not None:
            self._child.end()
            self._child.forget_words()
            self._child = None

    def stop(self) -> None:
        """End the process at once and for good, from whatever thread."""
        self.stopped = True
        child = self._child
        if child is not None:
            child.kill()
