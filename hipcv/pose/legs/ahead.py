"""Looking ahead: the first looks at a live test's frames are taken while the test goes on (METHOD L3).

A thread that gives way to all others takes them. At the end the whole clip is searched as that of any recording. Where
it shows the legs in the square that was looked at ahead, these looks count, and the result comes soon; where it shows
others, everything is read anew.
"""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hipcv.core.errors import HipcvError
from hipcv.pose.legs.looking import Views
from hipcv.pose.legs.network import Region
from hipcv.pose.legs.region import AGREE_RATIO, AGREE_SHANKS, SAME_SQUARE, Vote

ByteArray = NDArray[np.uint8]

#: The first search waits for frames that span so long: before a test little more than its lead is kept
#: (`live.kept_span`).
FIRST_AFTER_S = 7.0
#: It is repeated when there are so many times as many frames: somebody may have moved.
AGAIN_AT = 2.0
BACKGROUND_NICENESS = 10


class Scout(Protocol):
    """Searches and looks, with networks of its own."""

    def search(self, pictures: Sequence[ByteArray]) -> Vote | None:
        """Return where the legs are in pictures spread over a clip; None where it is not known."""

    def look(self, rgb: ByteArray, region: Region, time_s: float) -> Views:
        """Take the first look at a region of the frame of this time."""


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """What was looked at ahead: where the legs were taken to be, and the looks by their frames' times in seconds."""

    vote: Vote | None = None
    looks: Mapping[float, Views] = field(default_factory=dict)


class ReadAhead:
    """Looks ahead at the kept frames of one recording.

    Parameters
    ----------
    open_scout : makes who looks; called on the thread. Where it fails, nothing is looked at ahead.
    pick : which of n frames are searched, their numbers.
    unpack : the picture of a kept frame.

    Examples
    --------
    >>> ahead = ReadAhead(lambda: None, lambda n: range(n), lambda packed: np.zeros((48, 64, 3), np.uint8))
    >>> ahead.add(0.0, b"a picture")  # one frame is not worth a search
    >>> ahead.keep_only({0.0})
    >>> ahead.stop().looks
    {}
    """

    def __init__(
        self,
        open_scout: Callable[[], Scout],
        pick: Callable[[int], Sequence[int]],
        unpack: Callable[[bytes], ByteArray],
    ) -> None:
        self._open_scout, self._pick, self._unpack = open_scout, pick, unpack
        self._turn = threading.Condition()
        self._packed: dict[float, bytes] = {}
        self._looks: dict[float, Views] = {}
        self._vote: Vote | None = None
        self._search_from = 0
        self._stopped = False
        self._thread: threading.Thread | None = None

    def add(self, time_s: float, packed: bytes) -> None:
        """Take a frame that is kept, of a time that rises."""
        with self._turn:
            self._packed[time_s] = packed
            if self._thread is None and not self._stopped and self._is_long_enough():
                self._thread = threading.Thread(target=self._work, name="read ahead", daemon=True)
                self._thread.start()
            self._turn.notify()

    def keep_only(self, times_s: set[float]) -> None:
        """Forget all frames of other times, and what they showed."""
        with self._turn:
            for time_s in self._packed.keys() - times_s:
                del self._packed[time_s]
                self._looks.pop(time_s, None)

    def stop(self) -> Ahead:
        """End the thread, after the look that it is taking; return what it saw."""
        with self._turn:
            self._stopped = True
            self._turn.notify()
        if self._thread is not None:
            self._thread.join()
        return Ahead(self._vote, self._looks)

    def _is_long_enough(self) -> bool:
        times_s = self._packed.keys()
        return bool(times_s) and max(times_s) - min(times_s) >= FIRST_AFTER_S

    def _work(self) -> None:
        with suppress(OSError, AttributeError):  # a thread's own priority exists on Linux only
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND_NICENESS)
        try:
            scout = self._open_scout()
            while self._take_turn(scout):
                pass
        except HipcvError:  # the reader, which loads the same networks at the end, says it
            return

    def _take_turn(self, scout: Scout) -> bool:
        """Search, or look at the first frame that waits; return False at the end."""
        with self._turn:
            self._turn.wait_for(lambda: self._stopped or self._search_is_due() or self._waiting() is not None)
            if self._stopped:
                return False
            searched = [self._packed[time_s] for time_s in self._spread()] if self._search_is_due() else []
            self._search_from = round(AGAIN_AT * len(self._packed)) if searched else self._search_from
            waiting, vote = self._waiting(), self._vote
            packed = b"" if waiting is None else self._packed[waiting]
        if searched:
            found = scout.search([self._unpack(one) for one in searched])
            with self._turn:
                if found is None or self._vote is None or not same_place(found, self._vote):
                    self._vote = found
                    self._looks.clear()
        elif waiting is not None and vote is not None:
            views = scout.look(self._unpack(packed), vote.region, waiting)
            with self._turn:
                if waiting in self._packed:  # not forgotten meanwhile
                    self._looks[waiting] = views
        return True

    def _search_is_due(self) -> bool:
        return len(self._packed) >= self._search_from and self._is_long_enough()

    def _spread(self) -> list[float]:
        times_s = list(self._packed)
        return [times_s[k] for k in self._pick(len(times_s))]

    def _waiting(self) -> float | None:
        if self._vote is None:
            return None
        return next((time_s for time_s in self._packed if time_s not in self._looks), None)


def same_place(a: Vote, b: Vote) -> bool:
    """Whether two searches found the same legs, in nearly the same square.

    Examples
    --------
    >>> region, knees_px = Region(320.0, 240.0, 400.0, 0.0), np.array([[300.0, 200.0], [340.0, 200.0]])
    >>> a = Vote(region, knees_px, 100.0, share=1.0, presence=0.9, quality=0.8)
    >>> shifted = replace(a, region=replace(region, x_px=350.0), knees_px=knees_px + [30.0, 0.0])
    >>> same_place(a, a), same_place(a, shifted), same_place(a, replace(shifted, region=replace(region, x_px=380.0)))
    (True, True, False)
    """
    apart = np.sort(np.linalg.norm(a.knees_px - b.knees_px, axis=1)) / a.shank_px
    ratio = max(a.shank_px / b.shank_px, b.shank_px / a.shank_px)
    shift = np.hypot(a.region.x_px - b.region.x_px, a.region.y_px - b.region.y_px) / a.region.side_px
    square = shift + abs(np.log(a.region.side_px / b.region.side_px))
    turned = a.region.turn_deg != b.region.turn_deg
    return bool((apart < AGREE_SHANKS).all() and ratio < AGREE_RATIO and square < SAME_SQUARE and not turned)


def join(found: Vote, ahead: Ahead) -> tuple[Vote, Mapping[float, Views]]:
    """Return where the whole clip is read, and the looks that need not be taken again.

    Parameters
    ----------
    found : by the search in the whole clip.

    Examples
    --------
    >>> vote = Vote(Region(320.0, 240.0, 400.0, 0.0), np.zeros((2, 2)), 100.0, share=1.0, presence=0.9, quality=0.8)
    >>> early = replace(vote, region=replace(vote.region, x_px=325.0))
    >>> looks = {0.5: Views(np.zeros((3, 64, 64), np.float32), 1.0, ())}
    >>> joined, known = join(vote, Ahead(early, looks))
    >>> joined.region.x_px, list(known)
    (325.0, [0.5])
    >>> join(vote, Ahead())[1]
    {}
    """
    if ahead.vote is None or not same_place(found, ahead.vote):
        return found, {}
    return replace(found, region=ahead.vote.region), ahead.looks
