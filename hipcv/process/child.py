"""The parent's side: one child process, its answers, how long it has been quiet, its last words, and how it ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from hipcv.process.allowance import Allowance
from hipcv.process.channel import receive, send
from hipcv.process.inside import Task

#: The name stands where lists of processes show it.
_START = "import sys; sys.path[:] = {path!r}; from hipcv.process.inside import main; main()  # {name}"
_LAST_BYTES = 4000
#: So long a process may take to be gone once it has closed its pipe.
_LAST_MOMENT_S = 5.0
#: What comes from the queue when nothing will any more.
_GONE = object()


class Child:
    """One process, started at once; what it says is taken in on a thread.

    It is started anew and not forked, and does not import the program's own main module. It ends with this process,
    however that ends. `kill` may be called on any thread, and `send` on several.

    Parameters
    ----------
    name : what it is called in lists of processes.
    run, arguments : a function of some module that takes the child's connection, and the arguments after it.
    allowance : what it may use.
    environment : its variables; by default those of this process.
    keeps_words : what it prints as errors is kept for `last_words`; by default it goes where this process' errors go.
    has_scratch : it gets a folder of its own for temporary files, which goes with it however it ends.
    """

    def __init__(
        self,
        name: str,
        run: Callable[..., None],
        arguments: tuple[Any, ...] = (),
        *,
        allowance: Allowance | None = None,
        environment: Mapping[str, str] | None = None,
        keeps_words: bool = False,
        has_scratch: bool = False,
    ) -> None:
        variables = dict(os.environ if environment is None else environment)
        self._words = TemporaryFile() if keeps_words else None  # noqa: SIM115 - closed by end()
        self._scratch = TemporaryDirectory(prefix="hipcv-") if has_scratch else None
        if self._scratch is not None:
            variables["TMPDIR"] = self._scratch.name
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter and our own code
            [sys.executable, "-c", _START.format(path=sys.path, name=name)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env=variables,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._into, self._out_of = self._process.stdin, self._process.stdout
        self._sending = threading.Lock()
        self._heard: SimpleQueue[object] = SimpleQueue()
        self._heard_s = time.monotonic()
        self._killed = False
        threading.Thread(target=self._listen, name=f"{name} listener", daemon=True).start()
        with suppress(OSError):  # it is gone already: that is noticed by whoever wants something of it
            self.send(allowance or Allowance())
            self.send(Task(run, arguments))

    @property
    def pid(self) -> int:
        """Its number in the system."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def quiet_s(self) -> float:
        """Seconds since it last said something, or was started."""
        return time.monotonic() - self._heard_s

    def send(self, value: object) -> None:
        """Tell it something; an OSError says that it is gone."""
        with self._sending:
            try:
                send(self._into, value)
            except ValueError as error:  # the pipe is closed
                raise BrokenPipeError from error

    def receive(self, timeout_s: float | None = None) -> object:
        """Return the next thing that it said.

        Raises
        ------
        TimeoutError
            Where it says nothing for so long.
        EOFError
            Where it is gone and has nothing left to say.
        """
        try:
            value = self._heard.get(timeout=timeout_s)
        except Empty as error:
            raise TimeoutError from error
        if value is _GONE:
            self._heard.put(_GONE)
            raise EOFError
        return value

    def kill(self) -> None:
        """End it at once, from whatever thread; `end` frees what it leaves."""
        self._killed = True
        self._process.kill()

    def end(self) -> None:
        """End it, whatever it does, and free everything but its last words; a second time nothing happens."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._into, self._out_of):
            with suppress(OSError):  # what was still to be sent to a dead process
                pipe.close()
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def last_words(self) -> str:
        """Return the end of what it printed as errors, once; "" where that was not kept."""
        if self._words is None:
            return ""
        size = self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, size - _LAST_BYTES))
        words = self._words.read().decode(errors="replace")
        self.forget_words()
        return words

    def forget_words(self) -> None:
        """Let go of what it printed as errors."""
        if self._words is not None:
            self._words.close()
            self._words = None

    def how_it_ended(self) -> str:
        """Return in words how it ended that should not have."""
        with suppress(subprocess.TimeoutExpired):  # its pipe closes a moment before it is gone
            self._process.wait(timeout=_LAST_MOMENT_S)
        return describe_end(None if self._killed else self._process.returncode)

    def _listen(self) -> None:
        try:
            while True:
                value = receive(self._out_of)
                self._heard_s = time.monotonic()
                self._heard.put(value)
        except (EOFError, OSError, ValueError):
            self._heard.put(_GONE)


def describe_end(exit_code: int | None) -> str:
    """Return in words how a process ended that should not have; None where it had to be ended.

    Examples
    --------
    >>> describe_end(None), describe_end(3), describe_end(-int(signal.SIGTERM))
    ('it stopped answering', 'it ended with status 3', 'it was ended by the signal SIGTERM')
    """
    if exit_code is None:
        return "it stopped answering"
    if exit_code >= 0:
        return f"it ended with status {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:  # real-time signals have numbers only
        name = str(-exit_code)
    # by SIGKILL a system that runs out of memory ends processes
    hint = "; the machine may have run out of memory" if name == "SIGKILL" else ""
    return f"it was ended by the signal {name}{hint}"
