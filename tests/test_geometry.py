"""The camera's geometry, on scenes that can be computed by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.core.camera.pinhole import camera_axes, focal_length_px, image_angle_deg, project, shank_angle_deg

FRAME = (640, 480)
ANGLES = st.floats(-50, 60)


def filmed(angle_deg, lateral, *, shank_up=False, roll=0.0, pitch=0.0, yaw=0.0, distance=2.4, frame=FRAME, fov=62.0):
    """A shank of 40 cm at `angle_deg` to the plumb line, knee 15 cm to its side, filmed from 2.4 m."""
    axes = camera_axes(roll, pitch, yaw)
    focal = float(focal_length_px(fov, frame))
    knee = np.array([0.15 * lateral, 0.0, 0.0])
    turn = np.radians(angle_deg)
    ankle = knee + 0.40 * np.array([lateral * np.sin(turn), np.cos(turn) * (1 if shank_up else -1), 0.0])
    return project(np.stack([knee, ankle]), axes, distance * axes[2], focal, frame), axes, focal


@pytest.mark.parametrize(
    ("knee", "ankle", "lateral", "shank_up", "expected"),
    [
        ((100, 100), (100, 200), 1, False, 0.0),
        ((100, 100), (200, 200), 1, False, 45.0),
        ((100, 100), (200, 200), -1, False, -45.0),
        ((100, 200), (0, 100), -1, True, 45.0),
        ((100, 200), (157.735, 100), 1, True, 30.0),
    ],
)
def test_image_angle_is_positive_with_the_ankle_lateral_of_the_knee(knee, ankle, lateral, shank_up, expected):
    angle = image_angle_deg(np.array(knee, float), np.array(ankle, float), lateral, shank_up=shank_up)
    assert angle == pytest.approx(expected, abs=1e-3)


def test_image_angle_is_taken_in_pixels_not_in_shares_of_the_frame():
    """35° stays 35° on a 16:9 frame, where shares of width and height would read 21.5°."""
    turn = np.radians(35)
    ankle = np.array([960 + 200 * np.sin(turn), 540 + 200 * np.cos(turn)])
    assert image_angle_deg(np.array([960.0, 540.0]), ankle, 1, shank_up=False) == pytest.approx(35)


@settings(deadline=None)
@given(ANGLES, st.sampled_from([1, -1]), st.booleans(), st.floats(-20, 20), st.floats(-10, 35), st.floats(-30, 30))
def test_the_corrected_angle_is_the_true_one_for_every_camera(angle, lateral, shank_up, roll, pitch, yaw):
    px, axes, focal = filmed(angle, lateral, shank_up=shank_up, roll=roll, pitch=pitch, yaw=yaw)
    read = shank_angle_deg(px[0], px[1], lateral, axes, focal, FRAME, shank_up=shank_up)
    assert read == pytest.approx(angle, abs=1e-6)


def test_a_level_square_camera_needs_no_correction():
    px, axes, focal = filmed(38, 1)
    assert image_angle_deg(px[0], px[1], 1, shank_up=False) == pytest.approx(38, abs=1e-9)
    assert shank_angle_deg(px[0], px[1], 1, axes, focal, FRAME, shank_up=False) == pytest.approx(38, abs=1e-9)


@settings(deadline=None)
@given(st.floats(-15, 15), st.sampled_from([False, True]))
def test_roll_moves_the_bare_angles_of_the_two_legs_one_for_one_in_opposite_directions(roll, shank_up):
    turned = []
    for lateral in (1, -1):
        px, _, _ = filmed(20, lateral, shank_up=shank_up, roll=roll)
        turned.append(float(image_angle_deg(px[0], px[1], lateral, shank_up=shank_up)) - 20)
    assert abs(turned[0]) == pytest.approx(abs(roll), abs=1e-6)
    assert turned[0] == pytest.approx(-turned[1], abs=1e-6)


def test_a_picture_turned_clockwise_has_a_positive_roll():
    """Seen with roll +10°, the lower end of a plumb line moves to the left of the picture."""
    axes = camera_axes(10.0, 0.0, 0.0)
    px = project([[0, 0, 0], [0, -0.4, 0]], axes, 2.4 * axes[2], 500.0, FRAME)
    lean = np.degrees(np.arctan2(px[0, 0] - px[1, 0], px[1, 1] - px[0, 1]))
    assert lean == pytest.approx(10.0)


def test_a_camera_that_looks_down_stands_above_and_one_of_positive_yaw_to_its_own_right():
    assert camera_axes(0.0, 20.0, 0.0)[2, 1] == pytest.approx(np.sin(np.radians(20)))
    assert camera_axes(0.0, 0.0, 20.0)[2, 0] == pytest.approx(np.sin(np.radians(20)))


@settings(deadline=None)
@given(st.floats(-30, 30), st.floats(-40, 40), st.floats(-60, 60))
def test_camera_axes_are_orthonormal_and_right_handed(roll, pitch, yaw):
    axes = camera_axes(roll, pitch, yaw)
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)


@settings(deadline=None)
@given(ANGLES, st.floats(0.3, 4.0))
def test_rescaling_the_picture_changes_nothing(angle, scale):
    px, axes, _ = filmed(angle, 1, roll=4, pitch=12, yaw=8)
    size = (round(640 * scale), round(480 * scale))
    resized = px * (np.array(size) / FRAME)
    read = shank_angle_deg(resized[0], resized[1], 1, axes, focal_length_px(62.0, size), size, shank_up=False)
    assert read == pytest.approx(angle, abs=0.5 / scale)


def test_the_lens_hardly_matters():
    px, axes, _ = filmed(40, 1, pitch=15, yaw=15, fov=70)
    read = shank_angle_deg(px[0], px[1], 1, axes, focal_length_px(55.0, FRAME), FRAME, shank_up=False)
    assert abs(read - 40) < 1.0


def test_missing_landmarks_stay_missing():
    knee, ankle = np.array([[1.0, 2.0], [np.nan, 2.0]]), np.array([[1.0, 50.0], [3.0, 50.0]])
    axes, focal = camera_axes(0, 0, 0), focal_length_px(62.0, FRAME)
    for read in (
        image_angle_deg(knee, ankle, 1, shank_up=False),
        shank_angle_deg(knee, ankle, 1, axes, focal, FRAME, shank_up=False),
    ):
        assert np.isnan(read).tolist() == [False, True]
