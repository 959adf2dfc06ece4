"""How much of a shank is free: a hand, an arm or another leg before it leaves a shorter, steeper one (METHOD S12).

What a leg looks like is learned while it rests, when nobody holds it out: a sock at rest is a sock at the end, and what
was not there at rest is not this leg's.
"""

from collections.abc import Sequence

import numpy as np

from hipcv.core.motion.filtering import median_of
from hipcv.core.series import BoolArray, FloatArray
from hipcv.pose.legs.heatmaps import MapArray, cell_of
from hipcv.pose.legs.tracking import LegPath

#: A leg rests while it is this near its usual angle.
REST_DEG = 8.0
#: Places along the shank that are looked at, in shares of it.
PLACES = np.linspace(0.15, 0.95, 12)
#: What a place looks like in most frames is its reference; where the leg's colour is no surer, it tells nothing.
USUAL_QUANTILE, SURE = 0.75, 0.6
#: A place is covered where it looks half as much like the leg as usual; fewer places than this tell nothing.
COVERED, MIN_PLACES = 0.5, 5
#: With less of it free than this the direction of a shank is not known.
MIN_FREE = 0.6
#: A shank's length in the picture changes by a tenth at most, however a camera stands that the test allows; its peaks
#: wander along it by a quarter. What is shorter or longer than this, in shares of its usual length, is another thing.
SHORTEST, LONGEST = 0.65, 1.3


def at_rest(path: LegPath) -> BoolArray:
    """Return (T,) the frames in which a leg is near its usual angle.

    Examples
    --------
    >>> none, angle_deg = np.zeros((4, 2)), np.array([1.0, 2.0, 40.0, 3.0])
    >>> at_rest(LegPath(none, none, angle_deg, np.ones(4), np.ones(4))).tolist()
    [True, True, False, True]
    """
    return np.asarray(np.abs(path.angle_deg - median_of(path.angle_deg)) < REST_DEG)


def free_share(path: LegPath, like: MapArray) -> FloatArray:
    """Return (T,) which share of a shank looks as it usually does, 0 to 1; 1 where colours tell nothing.

    Parameters
    ----------
    path : the leg.
    like : (T, 64, 64) how much each cell has the colour of resting legs.

    Examples
    --------
    >>> knee, ankle = np.full((4, 2), 81.5), np.full((4, 2), 81.5) + [0.0, 80.0]
    >>> like = np.ones((4, 64, 64))
    >>> like[3, 30:] = 0.0  # from half way down somebody stands before it
    >>> free_share(LegPath(knee, ankle, np.zeros(4), np.ones(4), np.ones(4)), like).round(2).tolist()
    [1.0, 1.0, 1.0, 0.42]
    """
    shank_px = path.ankle_px - path.knee_px
    cells = cell_of(path.knee_px[:, None] + PLACES[:, None] * shank_px[:, None])
    looks = like[np.arange(len(like))[:, None], cells[..., 0], cells[..., 1]]
    usual = np.quantile(looks, USUAL_QUANTILE, axis=0)
    tell = usual >= SURE
    if tell.sum() < MIN_PLACES:
        return np.ones(len(like))
    free: FloatArray = (looks[:, tell] >= COVERED * usual[tell]).mean(axis=1)
    return free


def covered(paths: Sequence[LegPath], like: MapArray | None) -> list[BoolArray]:
    """Return (T,) for each leg the frames in which too little of it is free, or its length is another's.

    `like` is None where legs have no colour of their own.

    Examples
    --------
    >>> knee, ankle = np.full((4, 2), 81.5), np.full((4, 2), 81.5) + [0.0, 80.0]
    >>> ankle[3] -= [0.0, 30.0]
    >>> covered([LegPath(knee, ankle, np.zeros(4), np.ones(4), np.ones(4))], None)[0].tolist()
    [False, False, False, True]
    """
    hidden = []
    for path in paths:
        length_px = np.linalg.norm(path.ankle_px - path.knee_px, axis=1)
        ratio = length_px / np.quantile(length_px, USUAL_QUANTILE)
        wrong = (ratio < SHORTEST) | (ratio > LONGEST)
        if like is not None:
            wrong |= free_share(path, like) < MIN_FREE
        hidden.append(np.asarray(wrong))
    return hidden
