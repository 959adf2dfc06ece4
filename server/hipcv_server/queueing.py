"""Who waits how long: the place of every waiting recording, and when its turn comes.

Several workers share the queue. One of them takes short recordings only, so that a long one never keeps them waiting;
see `Crew`. How long work takes is learnt from what was done here: nothing is said before that is known.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

#: So many finished recordings tell how fast this machine is now.
_REMEMBERED = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """A waiting recording; its length is None where no worker has opened it yet."""

    id: str
    length_s: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a recording stands in the queue, from 1 on, and in how many seconds its turn comes; None: not known."""

    place: int
    wait_s: float | None


@dataclass(slots=True)
class Lane:
    """A worker: in how many seconds it is free (None: not known), and the longest recording that it takes."""

    free_in_s: float | None = 0.0
    max_length_s: float | None = None

    def takes(self, waiting: Waiting) -> bool:
        """Whether a recording may be one for this worker; what nobody has opened yet may be anything.

        Examples
        --------
        >>> quick = Lane(max_length_s=90.0)
        >>> [quick.takes(Waiting("a", length_s)) for length_s in (None, 90.0, 91.0)]
        [True, True, False]
        """
        return self.max_length_s is None or waiting.length_s is None or waiting.length_s <= self.max_length_s


@dataclass(slots=True)
class Pace:
    """How long the work on a recording takes on this machine.

    Examples
    --------
    >>> pace = Pace()
    >>> before = pace.work_s(10.0)
    >>> pace.add(length_s=20.0, work_s=30.0)
    >>> before, pace.work_s(10.0), pace.work_s(None)
    (None, 15.0, 30.0)
    """

    _done: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def add(self, length_s: float, work_s: float) -> None:
        """Learn from one that is done."""
        self._done.append((length_s, work_s))

    def work_s(self, length_s: float | None) -> float | None:
        """Return how long the work on so long a recording takes, any one's where that is not known."""
        if not self._done:
            return None
        if length_s is None:
            return median(work_s for _, work_s in self._done)
        rates = [work_s / length_s for length_s, work_s in self._done if length_s > 0]
        return median(rates) * length_s if rates else None


def places(waiting: Sequence[Waiting], lanes: Sequence[Lane], pace: Pace) -> dict[str, Place]:
    """Return the place of every waiting recording, by its id.

    Parameters
    ----------
    waiting : in their order.
    lanes : the workers as they are now; they are not changed.
    pace : how long work takes.

    Examples
    --------
    >>> pace = Pace()
    >>> pace.add(length_s=10.0, work_s=10.0)
    >>> lanes = [Lane(5.0, max_length_s=90.0), Lane(600.0)]
    >>> places([Waiting("long", 300.0), Waiting("short", 10.0), Waiting("next", 20.0)], lanes, pace)["next"]
    Place(place=3, wait_s=15.0)
    """
    left = [Lane(lane.free_in_s, lane.max_length_s) for lane in lanes]
    found = {}
    for n, one in enumerate(waiting, start=1):
        able = [lane for lane in left if lane.takes(one)]
        known = [lane for lane in able if lane.free_in_s is not None]
        first = min(known, key=lambda lane: lane.free_in_s or 0.0, default=None)
        if first is None:
            found[one.id] = Place(n, None)
            continue
        found[one.id] = Place(n, first.free_in_s)
        work_s = pace.work_s(one.length_s)
        first.free_in_s = None if work_s is None or first.free_in_s is None else first.free_in_s + work_s
    return found
