"""What the children of `test_process` do; a module of its own, so that they start without the tests' tools."""

import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from hipcv.process.child import Child
from hipcv.process.inside import Connection


def echo(connection: Connection, greeting: str) -> None:
    """Say a greeting, then everything that is heard; some words do something else."""
    connection.send(greeting)
    while True:
        match connection.recv():
            case "print":
                sys.stdout.write("a library's chatter\n")
                sys.stdout.flush()
                os.write(1, b"and more of it\n")
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "end":
                return
            case "fail":
                raise ValueError("a fault")
            case "memory":
                connection.send(_try(lambda: bytes(300 * 1024**2)))
            case "file":
                connection.send(_try(lambda: Path("large").write_bytes(bytes(2000))))
            case "scratch":
                connection.send(tempfile.mkdtemp())
            case "nice":
                connection.send(os.nice(0))
            case word:
                connection.send(word)


def _try(act: Callable[[], object]) -> str:
    try:
        act()
    except (MemoryError, OSError) as error:
        return type(error).__name__
    return "done"


def hold_a_child(connection: Connection) -> None:
    """Start a child of its own and say which one it is, then wait."""
    child = Child("hipcv test grandchild", echo, ("hello",))
    connection.send((child.receive(20), child.pid))
    connection.recv()


class Unreadable:
    """A value that can be sent and not be read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return int, ("no number",)
