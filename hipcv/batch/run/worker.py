"""A worker: one process that measures one recording at a time, is watched, and is replaced when it dies or hangs."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from hipcv.batch.channel import receive, send
from hipcv.batch.run.job import Answer, Job, Refusal, Refused, Scored

#: One thread a process for the small matrices there are: workers fill the cores, and results cannot depend on them.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_START = "import sys; sys.path[:] = {path!r}; from hipcv.batch.run.child import main; main({memory_limit_mb})"
_DETAIL_BYTES = 4000
#: The number of SIGKILL, by which a system that runs out of memory ends processes.
_KILLED = 9


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
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: SimpleQueue[object] = SimpleQueue()
        self._errors: IO[bytes] | None = None
        self._scratch: TemporaryDirectory[str] | None = None
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
        process = self._process or self._start()
        if self.stopped:  # looked at after the start: stop() either sees the process or is seen here
            self.retire()
            return Refused(Refusal.CRASHED, "The batch was stopped.")
        self._n_jobs += 1
        assert process.stdin is not None
        try:
            send(process.stdin, job)
        except OSError:
            return self._bury(process)
        while True:
            try:
                message = self._messages.get(timeout=self.limits.stall_s)
            except Empty:
                self._kill(process)
                sentence = f"It hung: nothing happened for {self.limits.stall_s:g} s while it was measured."
                return Refused(Refusal.HUNG, sentence, self._last_words())
            if isinstance(message, Scored | Refused):
                return message
            if message is None:
                return self._bury(process)

    def _start(self) -> "subprocess.Popen[bytes]":
        code = _START.format(path=sys.path, memory_limit_mb=self.limits.memory_mb)
        self._errors = TemporaryFile()  # noqa: SIM115 - closed by retire() and _last_words()
        # the variables keep libraries quiet and single-threaded; nothing that a user set is overruled
        environment = {**_ONE_THREAD, "GLOG_minloglevel": "2", "TF_CPP_MIN_LOG_LEVEL": "2", **os.environ}
        # copies of recordings lie where they go with the process, however it ends
        self._scratch = TemporaryDirectory(prefix="hipcv-")
        environment["TMPDIR"] = self._scratch.name
        process = subprocess.Popen(  # noqa: S603 - this interpreter and our own code
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
        )
        self._process, self._n_jobs, self._messages = process, 0, SimpleQueue()
        assert process.stdout is not None
        threading.Thread(target=_listen, args=(process.stdout, self._messages), daemon=True).start()
        return process

    def _bury(self, process: "subprocess.Popen[bytes]") -> Refused:
        """Say how the process ended."""
        self._kill(process)
        code = process.returncode
        how = _signal_name(-code) if code < 0 else f"exit status {code}"
        hint = "; the machine may have run out of memory" if code == -_KILLED else ""
        return Refused(Refusal.CRASHED, f"The process that measured it died ({how}{hint}).", self._last_words())

    def _kill(self, process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:  # what was still to be sent to a dead process
                continue
        self._process = None
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def _last_words(self) -> str:
        """Return the end of what the process printed as errors."""
        if self._errors is None:
            return ""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _DETAIL_BYTES))
        words = self._errors.read().decode(errors="replace")
        self._errors.close()
        self._errors = None
        return words

    def retire(self) -> None:
        """End the process; the next job gets a new one."""
        if self._process is not None:
            self._kill(self._process)
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def stop(self) -> None:
        """End the process at once and for good, from whatever thread."""
        self.stopped = True
        process = self._process
        if process is not None:
            process.kill()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # real-time signals have numbers only
        return f"signal {number}"


def _listen(pipe: IO[bytes], messages: "SimpleQueue[object]") -> None:
    """Pass on what a process says, and None when it is gone."""
    try:
        while True:
            messages.put(receive(pipe))
    except (EOFError, OSError, ValueError):
        messages.put(None)
