"""What spoils a prone test, on a person of sticks: a pelvis that rolls, thighs that drift; and what does not."""

import pytest
from simulated import prone

from hipcv.assessment import Status, assess
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.procedures.prone import PRONE
from hipcv.core.setup import Setup
from hipcv.words import SIDES, CameraSide

SETUP = Setup(PRONE, camera_side=CameraSide.FOOT_END)


def doubts(assessment):
    return {f.code for f in assessment.findings if f.severity is not Severity.NOTE}


@pytest.mark.parametrize(("roll", "pitch", "yaw"), [(0.0, 18.0, 0.0), (4.0, 25.0, 12.0), (-5.0, 12.0, -15.0)])
def test_a_clean_test_is_measured_without_a_doubt(roll, pitch, yaw):
    assessment = assess(prone(roll=roll, pitch=pitch, yaw=yaw), SETUP)
    assert assessment.status is Status.MEASURED
    assert doubts(assessment) == set()
    assert assessment.left.end_range_deg == pytest.approx(39, abs=1.5)
    assert assessment.right.end_range_deg == pytest.approx(25, abs=1.5)


@pytest.mark.parametrize("rolling", [-9.0, 9.0, 14.0])
def test_a_pelvis_that_rolls_is_found_on_both_sides(rolling):
    assessment = assess(prone(rolling=rolling), SETUP)
    found = [f for f in assessment.findings if f.code is FindingCode.PELVIS_HIKE]
    assert {f.side for f in found} == {t.side for t in assessment.trials}
    assert all(f.observed == pytest.approx(-rolling, abs=2.0) for f in found)
    # the knees' line tells that the pelvis rolls, not by how much the angle is to be put right
    assert assessment.left.pelvis_corrected_deg is None


@pytest.mark.parametrize(("fps", "too_few"), [(8.0, False), (6.0, True)])
def test_the_rate_of_the_readings_counts_and_not_that_of_the_recording(fps, too_few):
    series = prone(fps=fps)
    assert series.fps_hz == 30.0
    told = [f for f in assess(series, SETUP).findings if f.code is FindingCode.LOW_FRAME_RATE]
    assert [f.observed for f in told] == pytest.approx([fps] * too_few)


def test_outlines_that_merely_shift_as_the_leg_turns_are_no_rolling_pelvis():
    for rolling in (-4.0, 4.0):
        assert FindingCode.PELVIS_HIKE not in doubts(assess(prone(rolling=rolling), SETUP))


def test_thighs_that_drift_apart_are_found():
    assert FindingCode.THIGH_DRIFT in doubts(assess(prone(drift=16.0), SETUP))


@pytest.mark.parametrize("twist", [-9.0, 9.0])
def test_a_body_that_turns_on_the_bed_is_told_from_thighs_that_drift_apart(twist):
    assessment = assess(prone(twist=twist), SETUP)
    found = [f for f in assessment.findings if f.code is FindingCode.BODY_TWISTED]
    assert {f.side for f in found} == set(SIDES)
    assert all(f.observed == pytest.approx(twist, abs=2.0) for f in found)
    assert FindingCode.BODY_TWISTED not in doubts(assess(prone(drift=16.0), SETUP))


def test_heels_that_cross_are_found_and_feet_that_fall_outwards_are_not():
    crossing = assess(prone(left=(-60.0, -60.0), right=(25.0, 24.0)), SETUP)
    (found,) = [f for f in crossing.findings if f.code is FindingCode.HEELS_CROSSING]
    # knees 0.30 m apart, and a foot on a shank of 0.40 m that leans inwards by 60°
    assert found.observed == pytest.approx((0.30 - 0.40 * 0.87) / 0.40, abs=0.06)
    assert FindingCode.HEELS_CROSSING not in doubts(assess(prone(left=(-40.0,), right=(25.0,)), SETUP))
    assert FindingCode.HEELS_CROSSING not in doubts(assess(prone(left=(60.0,), right=(60.0,)), SETUP))


@pytest.mark.parametrize("drift", [10.0, 16.0, 22.0])
def test_the_angle_is_read_in_the_plane_of_a_thigh_that_has_drifted(drift):
    """Read in a still plane it would be off by up to 7°."""
    drifted, still = assess(prone(drift=drift, pitch=24.0), SETUP), assess(prone(pitch=24.0), SETUP)
    for side in SIDES:
        assert drifted.of(side).end_range_deg == pytest.approx(still.of(side).end_range_deg, abs=3.0)


def test_a_bed_seen_along_its_length_does_not_put_the_plumb_line_in_doubt():
    """Its level edges stand steep in the picture."""
    assessment = assess(prone(pitch=28.0, yaw=18.0, roll=3.0), SETUP)
    assert assessment.camera.roll.value_deg == pytest.approx(3.0, abs=0.7)
    assert assessment.camera.roll_known


def test_a_body_that_turns_has_an_angle_before_it_turned():
    """Both thighs swing alike, less than a drift of one would count: the angle before is given all the same."""
    assessment = assess(prone(twist=6.5), SETUP)
    assert {c.code for r in assessment.sides for c in r.compensations} == {FindingCode.BODY_TWISTED}
    for result in assessment.sides:
        assert 2.0 < result.onset_deg < 0.6 * result.end_range_deg
