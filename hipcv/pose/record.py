"""The poses of a recording as they come in, kept compactly and open to correction."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import ANKLES, KNEES, N_LANDMARKS, FloatArray
from hipcv.pose.person import Pose

#: Two models are compared on at least so many frames, or not at all.
MIN_COMPARED: Final = 5
#: One frame: 1.1 kB. The pose model gives single precision, except where the legs' edges refine its points.
FRAME: Final = np.dtype(
    [
        ("time_s", np.float64),
        ("image_px", np.float64, (N_LANDMARKS, 2)),
        ("world_m", np.float32, (N_LANDMARKS, 3)),
        ("visibility", np.float32, (N_LANDMARKS,)),
        ("shank_se_deg", np.float64, (2,)),
        ("n_people", np.int64),
        ("sharpness", np.float64),
    ]
)


def pack_pose(time_s: float, pose: Pose, n_people: int = -1, sharpness: float = math.nan) -> NDArray[np.void]:
    """Return one frame as a row (1,) of `FRAME`; the sharpness is NaN where nobody looked.

    Examples
    --------
    >>> from hipcv.pose.person import NOBODY
    >>> row = pack_pose(0.5, NOBODY)
    >>> row.shape, float(row["time_s"][0]), float(row["sharpness"][0])
    ((1,), 0.5, nan)
    """
    row = np.empty(1, FRAME)
    landmarks = pose.image_px, pose.world_m, pose.visibility, pose.shank_se_deg
    row[0] = (time_s, *landmarks, n_people, sharpness)
    return row


class PoseRecord:
    """One row a frame, times rising; a frame without anybody holds NaN.

    Examples
    --------
    >>> from hipcv.pose.person import NOBODY
    >>> record = PoseRecord()
    >>> for time_s in (0.0, 0.1, 0.2):
    ...     record.add(pack_pose(time_s, NOBODY))
    >>> record.forget(slice(0, 1))
    >>> record.times_s().tolist(), len(record.table())
    ([0.1, 0.2], 2)
    >>> record.amend({0.1: pack_pose(0.1, NOBODY)}, compared_s=[])  # nobody is no better
    0
    """

    def __init__(self) -> None:
        self._rows: list[NDArray[np.void]] = []

    def add(self, row: NDArray[np.void]) -> None:
        """Append a frame as `pack_pose` gives it."""
        self._rows.append(row)

    def __len__(self) -> int:
        return len(self._rows)

    def times_s(self) -> FloatArray:
        """Return the time of every frame (T,)."""
        return np.array([row["time_s"][0] for row in self._rows], dtype=np.float64)

    def table(self) -> NDArray[np.void]:
        """Return all frames (T,) with the fields of `FRAME`."""
        return np.concatenate(self._rows) if self._rows else np.empty(0, FRAME)

    def forget(self, rows: slice) -> None:
        """Drop these frames."""
        del self._rows[rows]

    def amend(self, rows: Mapping[float, NDArray[np.void]], compared_s: Sequence[float]) -> int:
        """Put packed poses that another model measured in the place of those at the same times; return how many.

        Two models place the same joint a little differently. Frames that only the first has seen are shifted by the
        median difference over the frames at `compared_s` that both have, so that all is measured with one ruler.
        """
        at = {float(row["time_s"][0]): row for row in self._rows}
        legs = [*KNEES, *ANKLES]
        sound = {t: row for t, row in rows.items() if t in at and np.isfinite(row["image_px"][0, legs]).all()}
        pairs = [(at[t], sound[t]) for t in compared_s if t in sound and np.isfinite(at[t]["image_px"]).all()]
        if len(pairs) >= MIN_COMPARED:
            for name in ("image_px", "world_m"):
                shift = np.median([new[name][0].astype(np.float64) - old[name][0] for old, new in pairs], axis=0)
                for row in self._rows:  # NaN stays NaN
                    row[name] += shift
        for time_s, row in sound.items():
            for name in ("image_px", "world_m", "visibility", "shank_se_deg"):
                at[time_s][name] = row[name]
        return len(sound)
