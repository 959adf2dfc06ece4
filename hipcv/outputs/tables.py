"""One row a frame, as CSV."""

import csv
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hipcv.assessment import Assessment

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
    """Write the angles and their companions, one row a frame; missing values are empty. Whole or not at all."""
    a = assessment.angles
    with whole_file(path, newline="") as file:
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


@contextmanager
def whole_file(path: Path, *, newline: str | None = None) -> Iterator[IO[str]]:
    """Open a text file that appears at `path` only once it is written to its end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed below, before it is moved into place
        "w", dir=path.parent, prefix=f".{path.name}.", encoding="utf-8", newline=newline, delete=False
    )
    try:
        with file:
            yield file
        part = Path(file.name)
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise
