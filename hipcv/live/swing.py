"""The frames of one swing, and which of them show its end range."""

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from hipcv.core.motion.filtering import runs
from hipcv.core.motion.trials import HOLD_BAND_DEG, MIN_SWING_DEG

#: A swing is over when the leg has been back for so long.
BACK_S = 0.3
#: Frames of one swing that are kept, and of one hold that are measured again.
MAX_KEPT, MAX_REMEASURED = 900, 90
#: Frames before a hold that are shown to the precise model to let it find the leg.
LEAD_FRAMES = 3
#: Tremor and lost landmarks for so long do not end a hold.
BRIDGED_S = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class KeptFrame:
    """A frame of a swing: its time, both angles in degrees (left, right), and the packed picture."""

    time_s: float
    angles_deg: tuple[float, float]
    packed: bytes


@dataclass(slots=True)
class Swing:
    """The frames since a leg left its rest.

    Examples
    --------
    >>> swing = Swing()
    >>> heights_deg = [2.0, 20.0, 30.0, 20.0, 2.0, 1.0]
    >>> over = [swing.add(KeptFrame(n / 5, (h, 0.0), b""), (h, 0.0)) for n, h in enumerate(heights_deg)]
    >>> [len(frames) for frames in over], len(swing.end())
    ([0, 0, 0, 0, 0, 4], 0)
    """

    frames: list[KeptFrame] = field(default_factory=list)
    out_s: float = -math.inf

    def add(self, frame: KeptFrame, heights_deg: tuple[float, float]) -> list[KeptFrame]:
        """Take in a frame; return all frames of the swing once it is over, else nothing."""
        if max((h for h in heights_deg if math.isfinite(h)), default=-math.inf) > MIN_SWING_DEG:
            self.out_s = frame.time_s
        if frame.time_s - self.out_s > BACK_S:
            return self.end()
        if len(self.frames) < MAX_KEPT:
            self.frames.append(frame)
        return []

    def end(self) -> list[KeptFrame]:
        """Return what was kept, and begin anew."""
        done, self.frames, self.out_s = self.frames, [], -math.inf
        return done


def pick_held(times_s: list[float], heights_deg: list[float]) -> tuple[int, int]:
    """Return the half-open range of frames near the top of one leg's swing, with a few before; empty without a swing.

    Parameters
    ----------
    times_s, heights_deg : of each frame, seconds and degrees above rest; NaN where not seen.

    Examples
    --------
    >>> times_s = [n / 10 for n in range(12)]
    >>> pick_held(times_s, [0, 5, 10, 15, 20, 30, 30, 30, 30, 15, 5, 0])
    (2, 9)
    >>> pick_held([0.0, 0.1], [math.nan, math.nan])
    (0, 0)
    """
    heights = np.array(heights_deg, dtype=np.float64)
    if not np.isfinite(heights).any() or np.nanmax(heights) <= MIN_SWING_DEG:
        return 0, 0
    # a single frame is no top
    top = float(np.nanquantile(heights, 0.95))
    near = np.asarray(heights >= top - max(HOLD_BAND_DEG, 0.25 * top), dtype=np.bool_)
    for before, after in pairwise(runs(near)):
        if times_s[after[0]] - times_s[before[1] - 1] <= BRIDGED_S:
            near[before[1] : after[0]] = True
    start, stop = max(runs(near), key=lambda run: run[1] - run[0])
    spare = max(0, stop - start - MAX_REMEASURED)
    return max(0, start + spare // 2 - LEAD_FRAMES), stop - (spare - spare // 2)
