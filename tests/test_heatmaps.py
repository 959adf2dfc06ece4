"""Knees and ankles out of drawn heat maps, whose peaks are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.pose.legs.heatmaps import CELL_CENTRE_PX, CELL_PX, CROP_PX, find_peaks, joint_maps, pair_legs

KNEES = np.array([[100.0, 90.0], [160.0, 92.0]])
ANKLES = np.array([[92.0, 160.0], [186.0, 152.0]])


def blob(points, heights=None, sigma_cells=1.3):
    row, column = np.mgrid[0:64, 0:64]
    heat = np.zeros((64, 64))
    for k, (x, y) in enumerate(points):
        cx, cy = (x - CELL_CENTRE_PX) / CELL_PX, (y - CELL_CENTRE_PX) / CELL_PX
        heat = np.maximum(
            heat, (heights or [0.8] * 9)[k] * np.exp(-0.5 * ((column - cx) ** 2 + (row - cy) ** 2) / sigma_cells**2)
        )
    return heat


def person(knees=KNEES, ankles=ANKLES):
    y, x = np.mgrid[0:CROP_PX, 0:CROP_PX]
    mask = np.zeros((CROP_PX, CROP_PX))
    for knee, ankle in zip(knees, ankles, strict=True):
        for t in np.linspace(-0.2, 1.1, 60):
            px, py = knee + t * (ankle - knee)
            mask[np.hypot(x - px, y - py) < 10] = 1.0
    return mask


@settings(deadline=None)
@given(st.floats(40, 210), st.floats(40, 210))
def test_a_peak_is_placed_to_half_a_cell(x, y):
    (peak,) = find_peaks(blob([(x, y)]))
    assert peak[:2] == pytest.approx([x, y], abs=2.0)
    assert peak[2] == pytest.approx(0.8, abs=0.13)


def test_peaks_come_highest_first_and_noise_makes_none():
    peaks = find_peaks(blob([(60, 60), (180, 60)], [0.4, 0.9]))
    assert peaks[0, 0] > peaks[1, 0]
    assert len(find_peaks(np.full((64, 64), 0.01))) == 0


def test_left_and_right_maps_are_joined_and_their_labels_play_no_part():
    logits = np.full((64, 64, 39), -9.0)
    logits[20, 10, 25] = logits[22, 40, 26] = 3.0
    logits[50, 12, 28] = logits[48, 45, 27] = 3.0  # ankles with exchanged labels
    knees, ankles = joint_maps(logits)
    assert (knees > 0.9).sum() == 2
    assert (ankles > 0.9).sum() == 2


def test_two_legs_are_paired_along_the_silhouette():
    pair = pair_legs(find_peaks(blob(KNEES)), find_peaks(blob(ANKLES)), person())
    assert pair.knees_px == pytest.approx(KNEES, abs=1.0)
    assert pair.ankles_px == pytest.approx(ANKLES, abs=1.0)
    assert pair.quality(presence=1.0) > 0.8
    assert pair.quality(presence=0.0) == 0.0


def test_a_stray_peak_off_the_body_is_not_an_ankle():
    stray = [*map(tuple, ANKLES), (30.0, 200.0)]
    pair = pair_legs(find_peaks(blob(KNEES)), find_peaks(blob(stray, [0.6, 0.6, 0.9])), person())
    assert pair.ankles_px == pytest.approx(ANKLES, abs=1.0)


@pytest.mark.parametrize("ankles", [ANKLES[:1], ANKLES[::-1] * [1, 0] + KNEES[::-1] * [0, 1]], ids=["one", "level"])
def test_no_pair_comes_of_one_ankle_or_of_shanks_that_lie_flat(ankles):
    assert pair_legs(find_peaks(blob(KNEES)), find_peaks(blob(ankles)), person()) is None


def test_mirroring_the_maps_mirrors_the_legs():
    def mirrored(points):
        return np.stack([CROP_PX - 1 - points[:, 0], points[:, 1]], -1)[::-1]

    pair = pair_legs(find_peaks(blob(KNEES)), find_peaks(blob(ANKLES)), person())
    other = pair_legs(
        find_peaks(blob(mirrored(KNEES))),
        find_peaks(blob(mirrored(ANKLES))),
        person(mirrored(KNEES), mirrored(ANKLES)),
    )
    assert other.ankles_px == pytest.approx(mirrored(pair.ankles_px), abs=0.8)
