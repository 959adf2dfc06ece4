"""One row a frame, as CSV."""

import csv
import math
from pathlib import Path

from hipcv.assessment import Assessment
from hipcv.files import whole_file

COLUMNS = (
    "time_s",
    "left_deg",
    "right_deg",
    "left_raw_deg",
    "right_raw_deg",
    "left_image_deg",
    "right_image_deg",
    "left_thigh_drift_deg",
    "right_thigh_drift_deg",
    "pelvic_obliquity_deg",
    "trunk_lean_deg",
    "left_shank_px",
    "right_shank_px",
)


def write_series(assessment: Assessment, path: Path) -> Path:
    """Write the angles and their companions, one row a frame; missing values are empty. Whole or not at all.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> nowhere = (np.full((1, 33, n), np.nan) for n in (2, 3))
    >>> nobody = assess(PoseSeries([0.5], *nowhere, np.zeros((1, 33)), (640, 480)), Setup())
    >>> with TemporaryDirectory() as folder:
    ...     print(write_series(nobody, Path(folder, "series.csv")).read_text().splitlines()[1])
    0.5000,,,,,,,,,,,,
    """
    a = assessment.angles
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for k, time_s in enumerate(a.time_s):
            values = (
                *a.internal_rotation_deg[k],
                *a.raw_deg[k],
                *a.image_deg[k],
                *a.thigh_drift_deg[k],
                a.pelvic_obliquity_deg[k],
                a.trunk_lean_deg[k],
                *a.shank_px[k],
            )
            writer.writerow([f"{time_s:.4f}", *(f"{v:.3f}" if math.isfinite(v) else "" for v in values)])
    return path
