"""A knee away from a right angle: the stated effect is what an exact camera sees, and a far departure is told."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated import seated

from hipcv.assessment import assess
from hipcv.core.camera.pinhole import Pinhole
from hipcv.core.camera.pose import CameraAngle, CameraPose
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.motion.out_of_plane import MODEL_BIAS_DEG, knee_effect_deg
from hipcv.core.series import ANKLES, HIPS, KNEES
from hipcv.core.setup import Setup

SIZE = (640, 480)
NARROW_FOV_DEG = 2.0


def camera(yaw_deg: float, pitch_deg: float) -> CameraPose:
    return CameraPose(CameraAngle(0, 0), CameraAngle(pitch_deg, 0), CameraAngle(yaw_deg, 0))


@given(
    st.floats(-25, 25),
    st.floats(-10, 30),
    st.floats(0, 50),
    st.floats(-20, 20),
    st.sampled_from([1, -1]),
    st.booleans(),
)
def test_the_effect_is_what_a_far_camera_reads_too_much(yaw_deg, pitch_deg, angle_deg, tilt_deg, lateral, shank_up):
    far = Pinhole.turned(0.0, pitch_deg, yaw_deg, long_side_fov_deg=NARROW_FOV_DEG, frame_size_px=SIZE)
    angle, tilt = np.radians(angle_deg), np.radians(tilt_deg)
    down = 1 if shank_up else -1
    shank = 0.4 * np.array([lateral * np.sin(angle) * np.cos(tilt), down * np.cos(angle) * np.cos(tilt), np.sin(tilt)])
    knee, ankle = (far.project(p, 60.0 * far.axes[2]) for p in (np.zeros(3), shank))
    read = far.shank_angle_deg(knee, ankle, lateral, shank_up=shank_up)
    stated = knee_effect_deg(angle_deg, tilt_deg, camera(yaw_deg, pitch_deg), lateral, shank_up=shank_up)
    assert read - angle_deg == pytest.approx(float(stated), abs=0.1)


def test_a_square_and_level_camera_is_not_fooled():
    effect = knee_effect_deg(40.0, 15.0, camera(0.0, 0.0), 1, shank_up=False)
    assert effect == pytest.approx(0.0, abs=1e-9)


def bent(knee_deg: float):
    """Return a seated series whose world landmarks show both knees bent by `knee_deg`, as the model would say it."""
    series = seated()
    world = series.world_m.copy()
    said = np.radians(knee_deg + MODEL_BIAS_DEG)
    for hip, knee, ankle in zip(HIPS, KNEES, ANKLES, strict=True):
        thigh = world[:, knee] - world[:, hip]
        forward = thigh / np.linalg.norm(thigh, axis=1, keepdims=True)
        downward = np.array([0.0, 1.0, 0.0]) - forward * forward[:, 1:2]
        downward /= np.linalg.norm(downward, axis=1, keepdims=True)
        world[:, ankle] = world[:, knee] + 0.4 * (np.cos(said) * forward + np.sin(said) * downward)
    return replace(series, world_m=world)


@pytest.mark.parametrize("knee_deg", [65.0, 118.0])
def test_a_knee_far_from_a_right_angle_is_told_with_what_it_costs(knee_deg):
    square = Setup(roll_deg=0.0, pitch_deg=0.0, yaw_deg=0.0)
    level = [f for f in assess(bent(knee_deg), square).findings if f.code is FindingCode.KNEE_ANGLE]
    assert {f.severity for f in level} == {Severity.NOTE}
    assert f"about {knee_deg:.0f}°" in level[0].advice
    from_above = assess(bent(knee_deg), Setup(pitch_deg=20.0, yaw_deg=10.0, roll_deg=0.0))
    doubts = [f for f in from_above.findings if f.code is FindingCode.KNEE_ANGLE and f.severity is Severity.DOUBT]
    assert doubts


@pytest.mark.parametrize("knee_deg", [80.0, 90.0, 100.0])
def test_a_knee_near_a_right_angle_is_no_concern(knee_deg):
    assert FindingCode.KNEE_ANGLE not in {f.code for f in assess(bent(knee_deg), Setup()).findings}


def test_a_camera_that_looks_down_widens_the_interval_by_what_the_knee_may_cost():
    level, down = (assess(seated(), Setup(roll_deg=0.0, pitch_deg=p, yaw_deg=0.0)).left for p in (0.0, 25.0))
    term = {"level": level, "down": down}
    knee = {k: next(e.se_deg for e in r.error_terms if "knee" in e.source) for k, r in term.items()}
    assert knee["level"] == pytest.approx(0.0, abs=0.05)
    assert knee["down"] > 0.5
