"""The poses of a recording as they come in, kept compactly."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import N_LANDMARKS, FloatArray
from hipcv.pose.person import Pose

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
