"""Whether the legs lie in one place all along: who comes next lies elsewhere, or after a while (METHOD S18)."""

import numpy as np

from hipcv.core.motion.angles import seen_px
from hipcv.core.series import ANKLES, KNEES, FloatArray, PoseSeries

#: Both knees are elsewhere from some second on, in lengths of a shank. On rendered people, who stay, the lesser of the
#: two came to 0.13 under a gown and 0.07 without one.
MOVED_SHANKS = 0.25
#: Nobody's legs are seen for so long: behind a helper it was half a second at most.
GONE_S = 4.0
#: A test takes so long at least: rest, swing and hold.
PART_S = 2.5


def other_place_s(series: PoseSeries) -> tuple[float, float] | None:
    """Return until when and from when on legs lie in two places, or one, left for a while; None where they stay.

    Both in seconds, the first before the second. A thigh that drifts takes one knee along.

    Examples
    --------
    >>> px = np.full((80, 33, 2), np.nan)
    >>> px[:, [*KNEES, *ANKLES]] = [[280.0, 300.0], [340.0, 300.0], [280.0, 200.0], [340.0, 200.0]]
    >>> def lying(px):
    ...     return PoseSeries(np.arange(80) / 8, px, np.full((80, 33, 3), np.nan), np.ones((80, 33)), (640, 480))
    >>> elsewhere, left = px.copy(), px.copy()
    >>> elsewhere[40:, :, 0] += 30.0
    >>> left[24:] = np.nan
    >>> other_place_s(lying(px)), other_place_s(lying(elsewhere)), other_place_s(lying(left))
    (None, (4.875, 5.0), None)
    >>> left[58:] = px[58:]
    >>> other_place_s(lying(left))
    (2.875, 7.25)
    """
    px = seen_px(series)
    shank_px = np.linalg.norm(px[:, ANKLES] - px[:, KNEES], axis=-1)
    seen = np.isfinite(shank_px).all(axis=1)
    if not seen.any():
        return None
    time_s, knees = series.time_s[seen], px[seen][:, KNEES] / np.median(shank_px[seen])
    splits = [k for k in range(1, len(time_s)) if min(time_s[k - 1] - time_s[0], time_s[-1] - time_s[k]) >= PART_S]
    if not splits:
        return None
    some_s = series.time_s[np.isfinite(shank_px).any(axis=1)]
    longest = int(np.argmax(np.diff(some_s)))
    gone = (float(some_s[longest]), float(some_s[longest + 1]))
    if gone[1] - gone[0] >= GONE_S and min(gone[0] - some_s[0], some_s[-1] - gone[1]) >= PART_S:
        return gone
    at = min(splits, key=lambda k: _away(knees[:k]).sum() + _away(knees[k:]).sum())
    apart = np.linalg.norm(np.median(knees[:at], axis=0) - np.median(knees[at:], axis=0), axis=1).min()
    return (float(time_s[at - 1]), float(time_s[at])) if apart > MOVED_SHANKS else None


def _away(knees: FloatArray) -> FloatArray:
    """Return how far knees (T, 2, 2) lie from where they usually are (T, 2)."""
    return np.asarray(np.linalg.norm(knees - np.median(knees, axis=0), axis=-1), dtype=np.float64)
