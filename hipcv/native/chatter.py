"""The C++ libraries' chatter, kept off the terminal.

They write straight to the descriptors of standard output and error: when they load, meet their first picture, are
closed, and at the very end of the process.
"""

import faulthandler
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

#: Descriptors belong to the whole process: the first to ask for quiet turns them away, the last turns them back.
_counting = Lock()
_n_quiet = 0
_kept = -1
#: Descriptors that nobody needs any more but for chatter.
_given_up: list[int] = []


def own_process() -> None:
    """Declare that this process is hipcv's own: from the first `quiet` on, it is quiet for good.

    Python's streams go on by descriptors of their own, and so do tracebacks, the last words of a crash among them.
    """
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        try:
            if stream.fileno() != descriptor:
                continue
            stream.flush()
            own = open(  # noqa: SIM115, PTH123 - a standard stream stays open to the end
                os.dup(descriptor), "w", encoding=stream.encoding, errors=stream.errors
            )
        except (AttributeError, OSError, ValueError):  # no such stream, or none with a descriptor
            continue
        own.reconfigure(line_buffering=stream.line_buffering, write_through=stream.write_through)
        setattr(sys, name, own)
        setattr(sys, f"__{name}__", own)  # by these the width of the terminal is found
        _given_up.append(descriptor)
    if 2 in _given_up:
        faulthandler.enable()


@contextmanager
def quiet() -> Iterator[None]:
    """Send what is written straight to standard error nowhere; Python's own errors still arrive as exceptions.

    In a process that is hipcv's own what is written to standard output goes there too, and both never come back.

    Examples
    --------
    >>> with quiet():
    ...     written = os.write(2, b"a library's chatter")
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _n_quiet, _kept
    with _counting:
        _n_quiet += 1
        with suppress(OSError):  # no standard error to protect
            if _given_up:
                _turn_away(*_given_up)
                _given_up.clear()
            elif _n_quiet == 1:
                _kept = os.dup(2)
                _turn_away(2)


def _turn_away(*descriptors: int) -> None:
    sink = os.open(os.devnull, os.O_WRONLY)
    for descriptor in descriptors:
        os.dup2(sink, descriptor)
    os.close(sink)


def _leave() -> None:
    global _n_quiet, _kept
    with _counting:
        _n_quiet -= 1
        if _n_quiet == 0 and _kept >= 0:
            os.dup2(_kept, 2)
            os.close(_kept)
            _kept = -1
