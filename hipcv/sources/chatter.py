"""The C++ libraries' chatter at start-up, kept off the terminal."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

#: Standard error belongs to the whole process: the first to ask for quiet turns it away, the last turns it back.
_counting = Lock()
_n_quiet = 0
_kept = -1


@contextmanager
def quiet() -> Iterator[None]:
    """Send what is written straight to standard error nowhere; Python's own errors still arrive as exceptions."""
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _n_quiet, _kept
    with _counting:
        _n_quiet += 1
        if _n_quiet > 1:
            return
        try:
            _kept, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        except OSError:  # no standard error to protect
            return
        os.dup2(sink, 2)
        os.close(sink)


def _leave() -> None:
    global _n_quiet, _kept
    with _counting:
        _n_quiet -= 1
        if _n_quiet == 0 and _kept >= 0:
            os.dup2(_kept, 2)
            os.close(_kept)
            _kept = -1
