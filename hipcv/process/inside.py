"""The child's side: it takes standard input and output to talk with its parent, and ends when the parent is gone."""

import faulthandler
import os
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import IO, Any

from hipcv.process.allowance import Allowance
from hipcv.process.channel import receive, send


class Connection:
    """What a child hears from its parent and tells it; it may be told things from several threads."""

    def __init__(self, heard: "SimpleQueue[Any]", pipe: IO[bytes]) -> None:
        self._heard, self._pipe = heard, pipe
        self._lock = threading.Lock()

    def recv(self) -> Any:
        """Return the next value, as soon as there is one."""
        return self._heard.get()

    def recv_within(self, timeout_s: float) -> Any:
        """Return the next value; None where there is none for so long."""
        try:
            return self._heard.get(timeout=max(0.0, timeout_s))
        except Empty:
            return None

    def send(self, value: object) -> None:
        """Tell the parent something; an OSError says that it is gone."""
        with self._lock:
            send(self._pipe, value)


@dataclass(frozen=True, slots=True)
class Task:
    """What a child is for: a function of some module that takes its connection, and the arguments after it."""

    run: Callable[..., None]
    arguments: tuple[Any, ...]


def main() -> None:
    """Do what the parent says: first what may be used, then the task."""
    pipe = _take_standard_output()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what it means
    faulthandler.enable()
    heard: SimpleQueue[Any] = SimpleQueue()
    # unbuffered: a buffer that a thread waits in cannot be taken down at the end of Python
    orders = os.fdopen(os.dup(0), "rb", buffering=0)
    threading.Thread(target=_listen, args=(orders, heard), daemon=True).start()
    allowance, task = heard.get(), heard.get()
    assert isinstance(allowance, Allowance)
    assert isinstance(task, Task)
    allowance.confine()
    task.run(Connection(heard, pipe), *task.arguments)


def _take_standard_output() -> IO[bytes]:
    """Keep standard output for the parent; whatever else a library prints there goes to standard error."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def _listen(pipe: IO[bytes], heard: "SimpleQueue[Any]") -> None:
    while True:
        try:
            heard.put(receive(pipe))
        except (EOFError, OSError):
            os._exit(0)  # the parent is gone or wants no more: nobody would hear of what is under way
        except BaseException:  # it cannot be understood, and nobody may wait for an answer to it
            traceback.print_exc()
            os._exit(1)
