"""A picture cropped to one side has its centre elsewhere: what that changes stays small, or is doubted."""

from dataclasses import replace

import numpy as np
import pytest
from kept_poses import CLIPS, kept_measurement

from hipcv.assessment import assess
from hipcv.core.finding import Severity
from hipcv.core.series import ANKLES, KNEES, FloatArray, PoseSeries
from hipcv.words import SIDES

#: What a crop may change in an end range without a word, degrees: as much as a silent failure is (benchmarks).
SILENT_DEG = 5.0
SHARE = 0.3
BORDERS = {"left": (1, 0, 0, 0), "top": (0, 1, 0, 0), "right": (0, 0, 1, 0), "bottom": (0, 0, 0, 1)}


def inside(edges_px: FloatArray, box: FloatArray) -> FloatArray:
    """Return what of edges (N, 4) lies in a box: left, top, right, bottom."""
    shares = np.linspace(0.0, 1.0, 201)[:, None]
    kept = []
    for edge in edges_px:
        points = edge[:2] + shares * (edge[2:] - edge[:2])
        within = points[((points >= box[:2]) & (points <= box[2:])).all(axis=1)]
        if len(within) and np.linalg.norm(within[-1] - within[0]) > 20:
            kept.append([*within[0], *within[-1]])
    return np.array(kept).reshape(-1, 4)


def cropped(series: PoseSeries, border: tuple[int, ...]) -> PoseSeries:
    """Return a recording cropped at one border by a share of it, or as far as the legs stay in it."""
    size = np.array(series.frame_size_px, dtype=np.float64)
    legs = series.image_px[:, [*KNEES, *ANKLES]]
    margin = 0.06 * size.max()
    nearest, furthest = np.nanmin(legs, axis=(0, 1)) - margin, np.nanmax(legs, axis=(0, 1)) + margin
    cut = np.array(border)
    start = cut[:2] * np.clip(nearest, 0, SHARE * size)
    end = size - cut[2:] * np.clip(size - furthest, 0, SHARE * size)
    start, end = start.round(), end.round()
    return replace(
        series,
        image_px=series.image_px - start,
        knee_outline_px=series.knee_outline_px - start,
        edges_px=inside(series.edges_px, np.array([*start, *end])) - np.tile(start, 2),
        frame_size_px=(int(end[0] - start[0]), int(end[1] - start[1])),
    )


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("name", ["prone-easy-102-02", "prone-passive-122-01", "seated-hard-103-00"])
def test_a_crop_at_one_border_changes_an_end_range_by_little_or_is_doubted(name, border):
    measured, setup = kept_measurement(name), CLIPS[name][1]
    seen = assess(cropped(measured.series, BORDERS[border]), setup)
    doubted = any(finding.severity is not Severity.NOTE for finding in seen.findings)
    changes = [seen.of(side).end_range_deg - measured.assessment.of(side).end_range_deg for side in SIDES]
    assert doubted or max(map(abs, changes)) < SILENT_DEG
