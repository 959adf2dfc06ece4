"""Strictly rising times from the stamps that recordings really carry: negative, repeated, missing, reset or stuck."""

from dataclasses import dataclass
from fractions import Fraction

#: A clock that leaps further than this, forward or back, was reset: no test is paused for so long in one recording.
LONGEST_LEAP_S = Fraction(10)
#: This many stamps in a row that do not rise are a fault of the clock, no longer of single frames.
MAX_STALLED_STAMPS = 8
#: Frame rates outside this range are counting errors of the container.
PLAUSIBLE_RATE_HZ = (Fraction(1), Fraction(1000))
#: Taken where neither the container nor the frames tell a rate.
FALLBACK_RATE_HZ = Fraction(30)


#: Time stamps are rounded by as much.
ROUNDED_S = 0.002


class Raster:
    """Takes so many frames a second, on a fixed raster, so that a frame that comes late does not delay the next.

    Parameters
    ----------
    hz : frames a second at most.

    Examples
    --------
    >>> raster = Raster(8.0)
    >>> [k for k in range(25) if raster.takes(k / 25)]
    [0, 4, 7, 10, 13, 16, 19, 22]
    """

    def __init__(self, hz: float) -> None:
        self._step_s = 1 / hz
        self._next_s = float("-inf")

    def takes(self, time_s: float) -> bool:
        """Whether the frame of this time, which rises, is one of them."""
        if time_s < self._next_s - ROUNDED_S:
            return False
        following_s = self._next_s + self._step_s
        self._next_s = following_s if following_s > time_s else time_s + self._step_s
        return True


@dataclass(slots=True)
class StampCounts:
    """How many stamps had to be mended, and how.

    Attributes
    ----------
    n_repeated : frames left out because their stamp was that of an earlier frame, or lay before it.
    n_missing : frames without a usable stamp, placed one nominal frame after the frame before them.
    n_resets : times the clock leapt and was joined up again, one nominal frame after the frame before.
    """

    n_repeated: int = 0
    n_missing: int = 0
    n_resets: int = 0


class FrameClock:
    """Places frames, one after the other, on a time axis that starts at 0 and rises strictly.

    Stamps that rise are kept exactly as they are, whatever their spacing, less the first one.

    1. The first frame is at 0 s, so a recording that starts at a negative or a late stamp starts at 0 all the same.
    2. A missing stamp is placed one nominal frame after the frame before it.
    3. A frame whose stamp does not rise is left out: its moment is unknown and its neighbours' moments are right.
    4. After `MAX_STALLED_STAMPS` of these in a row the clock itself is at fault. A clock that stands still is
       replaced by the nominal rate until it moves; one that runs on from an earlier stamp is joined up.
    5. A leap of more than `LONGEST_LEAP_S`, forward or back, is a reset clock and joined in the same way.

    Parameters
    ----------
    rate_hz : nominal frame rate where the container tells a plausible one, else None: the last true spacing serves.

    Examples
    --------
    >>> clock = FrameClock(rate_hz=Fraction(10))
    >>> stamps_s = [Fraction(-1, 5), Fraction(-1, 10), Fraction(-1, 10), None, Fraction(1, 5)]
    >>> [None if (time_s := clock.place(stamp_s)) is None else float(time_s) for stamp_s in stamps_s]
    [0.0, 0.1, None, 0.3, 0.4]
    >>> clock.counts
    StampCounts(n_repeated=1, n_missing=1, n_resets=0)
    """

    def __init__(self, rate_hz: Fraction | None) -> None:
        self.counts = StampCounts()
        self._nominal_s = None if rate_hz is None else 1 / rate_hz
        self._spacing_s = 1 / FALLBACK_RATE_HZ
        self._origin_s: Fraction | None = None
        self._last_s: Fraction | None = None
        self._last_stamp_s: Fraction | None = None
        self._stuck_stamp_s: Fraction | None = None
        self._stalled = 0

    @property
    def step_s(self) -> Fraction:
        """Seconds that one frame is taken to last where its stamp does not tell."""
        return self._spacing_s if self._nominal_s is None else self._nominal_s

    def place(self, stamp_s: Fraction | None) -> Fraction | None:
        """Return the frame's time in seconds from the first frame's, or None where the frame must be left out.

        Parameters
        ----------
        stamp_s : the frame's own stamp in seconds; None where it has none.
        """
        time_s = self._place(stamp_s)
        self._last_stamp_s = stamp_s
        if time_s is not None:
            self._last_s = time_s
            self._stalled = 0
        return time_s

    def _place(self, stamp_s: Fraction | None) -> Fraction | None:
        if stamp_s == self._stuck_stamp_s:
            stamp_s = None
        if stamp_s is None:
            self.counts.n_missing += 1
        if self._last_s is None:
            self._origin_s = stamp_s
            return Fraction(0)
        expected_s = self._last_s + (self._stalled + 1) * self.step_s
        if stamp_s is None:
            return expected_s
        if self._origin_s is None:
            self._origin_s = stamp_s - expected_s
        time_s = stamp_s - self._origin_s
        if abs(time_s - self._last_s) > LONGEST_LEAP_S:
            return self._join(stamp_s, expected_s)
        if time_s > self._last_s:
            self._spacing_s = time_s - self._last_s
            return time_s
        return self._wait(stamp_s, expected_s)

    def _join(self, stamp_s: Fraction, time_s: Fraction) -> Fraction:
        self.counts.n_resets += 1
        self._origin_s = stamp_s - time_s
        return time_s

    def _wait(self, stamp_s: Fraction, expected_s: Fraction) -> Fraction | None:
        """Leave a frame out whose stamp does not rise, or give up on the clock after too many of them."""
        if self._stalled < MAX_STALLED_STAMPS:
            self._stalled += 1
            self.counts.n_repeated += 1
            return None
        if stamp_s != self._last_stamp_s:
            return self._join(stamp_s, expected_s)
        self._stuck_stamp_s = stamp_s
        self.counts.n_missing += 1
        return expected_s


def plausible_rate_hz(*candidates: Fraction | None) -> Fraction | None:
    """Return the first frame rate in Hz that a camera could have had, or None.

    Examples
    --------
    >>> plausible_rate_hz(None, Fraction(90000), Fraction(30))
    Fraction(30, 1)
    """
    low, high = PLAUSIBLE_RATE_HZ
    return next((rate for rate in candidates if rate is not None and low <= rate <= high), None)
