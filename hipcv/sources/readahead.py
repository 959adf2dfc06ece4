"""Reads a few items ahead on a thread of its own, so that decoding and measuring overlap."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")

#: A thread that was missed by the wake-up below looks again after this time.
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class _Item(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _End:
    failure: BaseException | None


def read_ahead(items: Generator[T, None, None], n_ahead: int) -> Generator[T, None, None]:
    """Yield what `items` yields, in order, while up to `n_ahead` further items are being made on another thread.

    The whole generator runs on that thread, its clean-up too. The thread has ended when this generator has: at the
    last item, when `items` raises (the exception is raised here), or when the reader stops early and this generator
    is closed or collected.

    Parameters
    ----------
    items : the work to run ahead with; not to be touched by anybody else afterwards.
    n_ahead : items that may wait, at least 1; with the one being made and the one being read, n_ahead + 2 are alive.

    Examples
    --------
    >>> list(read_ahead((n * n for n in range(4)), n_ahead=2))
    [0, 1, 4, 9]
    """
    waiting: Queue[_Item[T] | _End] = Queue(n_ahead)
    stopped = Event()
    thread = Thread(target=_fill, args=(waiting, stopped, items), name="hipcv read ahead", daemon=True)
    thread.start()
    try:
        while isinstance(item := waiting.get(), _Item):
            yield item.value
            del item
        if item.failure is not None:
            raise item.failure
    finally:
        stopped.set()
        _drain(waiting)
        thread.join()


def _fill(waiting: "Queue[_Item[T] | _End]", stopped: Event, items: Generator[T, None, None]) -> None:
    failure: BaseException | None = None
    try:
        with closing(items):
            for value in items:
                if not _offer(waiting, stopped, _Item(value)):
                    return
    except BaseException as error:  # handed to the reader, whatever it is
        failure = error
    _offer(waiting, stopped, _End(failure))


def _offer(waiting: "Queue[_Item[T] | _End]", stopped: Event, item: _Item[T] | _End) -> bool:
    while not stopped.is_set():
        try:
            waiting.put(item, timeout=_POLL_S)
        except Full:
            continue
        return True
    return False


def _drain(waiting: "Queue[_Item[T] | _End]") -> None:
    try:
        while True:
            waiting.get_nowait()
    except Empty:
        return
