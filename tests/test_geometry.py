"""The camera's geometry, on scenes that can be computed by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.core.camera.pinhole import Pinhole, camera_axes, image_angle_deg
from hipcv.core.camera.pose import LEVEL
from hipcv.core.motion.angles import measure_angles
from hipcv.core.series import ANKLES, HIPS, KNEES, PoseSeries
from hipcv.core.setup import Setup

FRAME = (640, 480)
ANGLES = st.floats(-50, 60)


def filmed(angle_deg, lateral, *, shank_up=False, roll=0.0, pitch=0.0, yaw=0.0, distance=2.4, frame=FRAME, fov=62.0):
    """A shank of 40 cm at `angle_deg` to the plumb line, knee 15 cm to its side, filmed from 2.4 m."""
    camera = Pinhole.turned(roll, pitch, yaw, long_side_fov_deg=fov, frame_size_px=frame)
    knee = np.array([0.15 * lateral, 0.0, 0.0])
    turn = np.radians(angle_deg)
    ankle = knee + 0.40 * np.array([lateral * np.sin(turn), np.cos(turn) * (1 if shank_up else -1), 0.0])
    return camera.project(np.stack([knee, ankle]), distance * camera.axes[2]), camera


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
    px, camera = filmed(angle, lateral, shank_up=shank_up, roll=roll, pitch=pitch, yaw=yaw)
    read = camera.shank_angle_deg(px[0], px[1], lateral, shank_up=shank_up)
    assert read == pytest.approx(angle, abs=1e-6)


def test_a_level_square_camera_needs_no_correction():
    px, camera = filmed(38, 1)
    assert image_angle_deg(px[0], px[1], 1, shank_up=False) == pytest.approx(38, abs=1e-9)
    assert camera.shank_angle_deg(px[0], px[1], 1, shank_up=False) == pytest.approx(38, abs=1e-9)


@settings(deadline=None)
@given(st.floats(-15, 15), st.sampled_from([False, True]))
def test_roll_moves_the_bare_angles_of_the_two_legs_one_for_one_in_opposite_directions(roll, shank_up):
    turned = []
    for lateral in (1, -1):
        px, _ = filmed(20, lateral, shank_up=shank_up, roll=roll)
        turned.append(float(image_angle_deg(px[0], px[1], lateral, shank_up=shank_up)) - 20)
    assert abs(turned[0]) == pytest.approx(abs(roll), abs=1e-6)
    assert turned[0] == pytest.approx(-turned[1], abs=1e-6)


def test_a_picture_turned_clockwise_has_a_positive_roll():
    """Seen with roll +10°, the lower end of a plumb line moves to the left of the picture."""
    camera = Pinhole.turned(10.0, 0.0, 0.0, long_side_fov_deg=62.0, frame_size_px=FRAME)
    px = camera.project([[0, 0, 0], [0, -0.4, 0]], 2.4 * camera.axes[2])
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


POINTS = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
CAMERAS = st.tuples(st.floats(-30, 30), st.floats(-20, 40), st.floats(-40, 40))


@settings(deadline=None)
@given(POINTS, CAMERAS)
def test_a_point_lies_on_the_line_of_sight_through_its_own_picture(point, camera):
    pinhole = Pinhole.turned(*camera, long_side_fov_deg=62.0, frame_size_px=FRAME)
    position = 3.0 * pinhole.axes[2]
    away = np.array(point) - position
    ray = pinhole.ray(pinhole.project(point, position))
    assert ray / np.linalg.norm(ray) == pytest.approx(away / np.linalg.norm(away), abs=1e-9)
    assert np.isnan(pinhole.project(position + pinhole.axes[2], position)).all()


@settings(deadline=None)
@given(POINTS, CAMERAS, st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1)))
def test_a_line_runs_in_the_picture_towards_its_vanishing_point(point, camera, direction):
    """What `way_px` says is where a point goes in the picture that is moved a little along the direction."""
    pinhole = Pinhole.turned(*camera, long_side_fov_deg=62.0, frame_size_px=FRAME)
    position, step = 3.0 * pinhole.axes[2], 1e-5
    here, there = (pinhole.project(np.array(point) + k * step * np.array(direction), position) for k in (-0.5, 0.5))
    depth = -float((np.array(point) - position) @ pinhole.axes[2])
    assert pinhole.way_px(pinhole.project(point, position), direction) == pytest.approx(
        (there - here) / step * depth, abs=0.01
    )


def test_cameras_in_a_row_see_what_each_of_them_sees():
    rolls, fovs = np.array([-5.0, 0.0, 12.0]), np.array([50.0, 62.0, 75.0])
    row = Pinhole.turned(rolls, 10.0, 4.0, long_side_fov_deg=fovs, frame_size_px=FRAME)
    knee, ankle = np.array([300.0, 200.0]), np.array([350.0, 330.0])
    alone = [
        Pinhole.turned(roll, 10.0, 4.0, long_side_fov_deg=fov, frame_size_px=FRAME).shank_angle_deg(
            knee, ankle, 1, shank_up=False
        )
        for roll, fov in zip(rolls, fovs, strict=True)
    ]
    assert row.shank_angle_deg(knee, ankle, 1, shank_up=False) == pytest.approx(alone)
    with pytest.raises(ValueError, match=r"axes must end in shape \(3, 3\), found \(3,\)"):
        Pinhole(np.zeros(3), row.focal_px, row.centre_px)


@settings(deadline=None)
@given(ANGLES, st.floats(0.3, 4.0))
def test_rescaling_the_picture_changes_nothing(angle, scale):
    px, _ = filmed(angle, 1, roll=4, pitch=12, yaw=8)
    size = (round(640 * scale), round(480 * scale))
    resized = px * (np.array(size) / FRAME)
    camera = Pinhole.turned(4.0, 12.0, 8.0, long_side_fov_deg=62.0, frame_size_px=size)
    read = camera.shank_angle_deg(resized[0], resized[1], 1, shank_up=False)
    assert read == pytest.approx(angle, abs=0.5 / scale)


def test_the_lens_hardly_matters():
    px, _ = filmed(40, 1, pitch=15, yaw=15, fov=70)
    believed = Pinhole.turned(0.0, 15.0, 15.0, long_side_fov_deg=55.0, frame_size_px=FRAME)
    read = believed.shank_angle_deg(px[0], px[1], 1, shank_up=False)
    assert abs(read - 40) < 1.0


def test_missing_landmarks_stay_missing():
    knee, ankle = np.array([[1.0, 2.0], [np.nan, 2.0]]), np.array([[1.0, 50.0], [3.0, 50.0]])
    camera = Pinhole.turned(0, 0, 0, long_side_fov_deg=62.0, frame_size_px=FRAME)
    for read in (
        image_angle_deg(knee, ankle, 1, shank_up=False),
        camera.shank_angle_deg(knee, ankle, 1, shank_up=False),
    ):
        assert np.isnan(read).tolist() == [False, True]


@pytest.mark.parametrize(("knee_slides", "leg_moves", "drift_px"), [(30.0, 0.0, 0.0), (0.0, 30.0, 30.0)])
def test_a_thigh_drifts_where_knee_and_shanks_line_both_move(knee_slides: float, leg_moves: float, drift_px: float):
    """A knee that slides along its swung-out shank is no drift; a leg that moves aside as a whole is."""
    n, length_px, swing = 41, 100.0, np.radians(30.0)
    along = length_px * np.array([np.sin(swing), np.cos(swing)])
    px = np.full((n, 33, 2), np.nan)
    px[:, [*HIPS, *KNEES, *ANKLES]] = [[340, 150], [260, 150], [350, 200], [250, 200], [350, 300], [250, 300]]
    out = slice(30, n)
    px[out, KNEES[0]] = np.array([350.0 + leg_moves, 200.0]) + knee_slides * along / length_px
    px[out, ANKLES[0]] = np.array([350.0 + leg_moves, 200.0]) + along
    series = PoseSeries(np.arange(n) / 8, px, np.full((n, 33, 3), np.nan), np.ones((n, 33)), (640, 480))
    drift_deg = measure_angles(series, Setup(), LEVEL).thigh_drift_deg[-1, 0]
    assert drift_deg == pytest.approx(np.degrees(np.arcsin(drift_px / length_px)), abs=0.5)
