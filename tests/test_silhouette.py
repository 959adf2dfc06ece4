"""The shank's axis from drawn silhouettes, whose middle lines are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.pose.silhouette import LANDMARK_SE_DEG, find_axis, fuse_axis

SIZE = 240
KNEE = np.array([120.0, 60.0])
LENGTH = 110.0


def leg_mask(angle_deg, *, knee=KNEE, width=(0.30, 0.18), curve=0.0, softness=1.5):
    """A tapered leg from `knee` downwards, turned by `angle_deg` towards the picture's right; soft outlines."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    turn = np.radians(angle_deg)
    along = np.array([np.sin(turn), np.cos(turn)])
    across = np.array([-along[1], along[0]])
    t = ((x - knee[0]) * along[0] + (y - knee[1]) * along[1]) / LENGTH
    u = ((x - knee[0]) * across[0] + (y - knee[1]) * across[1]) / LENGTH - curve * np.sin(np.pi * np.clip(t, 0, 1) * 3)
    half = np.interp(t, [0, 1], width) / 2
    inside = 1 / (1 + np.exp((np.abs(u) - half) * LENGTH / softness))
    return inside * ((t > -0.3) & (t < 1.15))


def ankle_at(angle_deg, knee=KNEE):
    turn = np.radians(angle_deg)
    return knee + LENGTH * np.array([np.sin(turn), np.cos(turn)])


def direction_deg(knee, ankle):
    return np.degrees(np.arctan2(ankle[0] - knee[0], ankle[1] - knee[1]))


@settings(deadline=None)
@given(st.floats(-60, 60), st.floats(-7, 7), st.floats(-6, 6))
def test_the_axis_is_that_of_the_leg_and_not_that_of_the_landmarks(angle, wrong_by, shift):
    """Landmarks off in direction and place: the outline gives back the true direction within half a degree."""
    mask = leg_mask(angle)
    knee = KNEE + [shift, 0]
    ankle = ankle_at(angle + wrong_by, knee)
    axis = find_axis(mask, knee, ankle)
    # a clockwise turn in a picture with y down lowers the direction measured from down towards the right
    assert direction_deg(knee, ankle) - axis.turn_deg == pytest.approx(angle, abs=0.5)
    assert axis.residual < 0.004


def test_fusing_moves_a_wrong_knee_most_of_the_way_onto_the_axis():
    mask = leg_mask(45.0)
    knee = KNEE + [0.0, -9.0]
    ankle = ankle_at(45.0)
    axis = find_axis(mask, knee, ankle)
    moved_knee, moved_ankle, se = fuse_axis(knee, ankle, axis)
    assert abs(direction_deg(knee, ankle) - 45.0) > 3.0
    assert abs(direction_deg(moved_knee, moved_ankle) - 45.0) < 1.0
    assert se < LANDMARK_SE_DEG


def test_a_crooked_outline_counts_for_less_than_a_straight_one():
    knee, ankle = KNEE, ankle_at(5.0)
    errors = []
    for curve in (0.0, 0.03):
        axis = find_axis(leg_mask(0.0, curve=curve), knee, ankle)
        moved_knee, moved_ankle, se = fuse_axis(knee, ankle, axis)
        errors.append((abs(direction_deg(moved_knee, moved_ankle) - 5.0), se))
    assert errors[0][0] > errors[1][0]
    assert errors[0][1] < errors[1][1]


def test_disagreement_widens_the_standard_error():
    mask = leg_mask(0.0)
    calm = fuse_axis(KNEE, ankle_at(1.0), find_axis(mask, KNEE, ankle_at(1.0)))[2]
    alarmed = fuse_axis(KNEE, ankle_at(12.0), find_axis(mask, KNEE, ankle_at(12.0)))[2]
    assert alarmed > calm + 2.0


@pytest.mark.parametrize(
    "mask",
    [np.zeros((SIZE, SIZE)), np.ones((SIZE, SIZE)), leg_mask(0.0, width=(0.9, 0.9)), leg_mask(0.0, width=(0.02, 0.02))],
    ids=["nobody", "everybody", "skirt", "stick"],
)
def test_no_axis_comes_of_a_silhouette_that_is_no_leg(mask):
    assert find_axis(mask, KNEE, ankle_at(0.0)) is None


def test_without_an_outline_the_landmarks_stay_as_they_are():
    knee, ankle, se = fuse_axis(KNEE, ankle_at(10.0), None)
    assert np.array_equal(knee, KNEE)
    assert np.array_equal(ankle, ankle_at(10.0))
    assert se == LANDMARK_SE_DEG


def test_mirroring_the_picture_mirrors_the_axis():
    mask, knee, ankle = leg_mask(20.0), KNEE + [3, 0], ankle_at(24.0)
    axis = find_axis(mask, knee, ankle)
    flip = np.array([SIZE - knee[0], knee[1]]), np.array([SIZE - ankle[0], ankle[1]])
    mirrored = find_axis(np.ascontiguousarray(mask[:, ::-1]), *flip)
    assert mirrored.turn_deg == pytest.approx(-axis.turn_deg, abs=1e-6)
    assert mirrored.offset == pytest.approx(-axis.offset, abs=1e-9)


def test_a_landmark_outside_the_picture_or_on_the_other_is_no_crash():
    assert find_axis(leg_mask(0.0), KNEE, KNEE) is None
    find_axis(leg_mask(0.0), np.array([-50.0, -50.0]), np.array([400.0, 500.0]))
