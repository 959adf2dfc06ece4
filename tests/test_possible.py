"""What no hip does and no person does is rejected with its reason; what people do is left alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import prone, seated

from hipcv.assessment import Status, assess
from hipcv.core.checks.limits import BEYOND_JOINT, BEYOND_PRINTED
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.procedures.prone import PRONE
from hipcv.core.setup import Setup
from hipcv.evidence.reference import all_references
from hipcv.words import CameraSide, Side

IMPOSSIBLE = {FindingCode.BEYOND_JOINT, FindingCode.TOO_FAST, FindingCode.HIPS_JUMP}


def told(assessment, side=Side.LEFT):
    return {f.code: f.severity for f in assessment.findings if f.side is side and f.code in IMPOSSIBLE}


def another_person(series, frames, *, shift_shoulders=0.0, size=1.0):
    """Return the series with another body in these frames: so many shoulder widths aside, so many times the size."""
    middle = np.nanmean(series.image_px[:, [23, 24]], axis=(0, 1))
    width = np.nanmean(np.abs(series.image_px[:, 11, 0] - series.image_px[:, 12, 0]))
    other = (series.image_px - middle) * size + middle + [shift_shoulders * width, 0.0]
    image = np.where(frames[:, None, None], other, series.image_px)
    return replace(series, image_px=image)


def in_second_trial(series):
    """The left leg's second trial begins at 4.2 s and ends at 6.6 s."""
    return (series.time_s > 4.0) & (series.time_s < 6.9)


def test_what_people_do_is_left_alone():
    for series in (seated(), seated(left=(60.0, 58.0), hike=10.0, lean=18.0, drift=18.0), seated(fps=12.0)):
        assert told(assess(series, Setup())) == {}


@pytest.mark.parametrize(
    ("peak", "severity"), [(60.0, None), (77.0, Severity.DOUBT), (105.0, Severity.REJECT), (146.7, Severity.REJECT)]
)
@pytest.mark.parametrize(
    ("scene", "setup"),
    [(seated, Setup()), (prone, Setup(PRONE, camera_side=CameraSide.FOOT_END))],
)
def test_an_angle_beyond_a_joint_is_no_hip_s(scene, setup, peak, severity):
    assessment = assess(scene(left=(peak,), right=(25.0,)), replace(setup, roll_deg=0.0, pitch_deg=6.0, yaw_deg=0.0))
    assert told(assessment).get(FindingCode.BEYOND_JOINT) == severity
    assert assessment.left.measured == (severity is not Severity.REJECT)
    assert assessment.right.measured


def test_every_printed_range_lies_within_what_is_believed():
    """The limits are beyond what the product itself compares with, or they would doubt people of its own tables."""
    highest = max(r.high_deg for r in all_references() if r.high_deg is not None)
    assert highest < BEYOND_PRINTED.value < BEYOND_JOINT.value


def test_one_trial_that_cannot_be_is_rejected_and_the_others_count_with_a_doubt():
    assessment = assess(seated(left=(38.0, 120.0, 40.0)), Setup())
    assert [t.accepted for t in assessment.left.trials] == [True, False, True]
    assert assessment.left.end_range_deg == pytest.approx(39.0, abs=1.0)
    assert told(assessment)[FindingCode.BEYOND_JOINT] is Severity.DOUBT
    assert told(assessment, Side.RIGHT) == {}


def test_swings_that_cannot_be_do_not_make_a_true_one_too_small_to_count():
    assessment = assess(seated(left=(38.0, 120.0, 121.0)), Setup())
    assert assessment.left.end_range_deg == pytest.approx(38.0, abs=1.0)


def test_a_side_with_nothing_but_what_cannot_be_has_no_number_and_says_why():
    assessment = assess(seated(left=(120.0, 118.0)), Setup())
    assert assessment.left.status is Status.NOT_MEASURED
    assert assessment.left.end_range_deg is None
    assert told(assessment)[FindingCode.BEYOND_JOINT] is Severity.REJECT


@pytest.mark.parametrize("other", [{"shift_shoulders": 1.5}, {"shift_shoulders": -2.0}, {"size": 1.8}, {"size": 0.5}])
def test_hips_that_are_another_person_s_do_not_count(other):
    series = seated()
    assessment = assess(another_person(series, in_second_trial(series), **other), Setup())
    assert [t.accepted for t in assessment.left.trials] == [True, False, True]
    assert told(assessment)[FindingCode.HIPS_JUMP] is Severity.DOUBT
    assert assessment.left.end_range_deg == pytest.approx(39.5, abs=1.0)


@given(st.floats(-0.6, 0.6), st.floats(0.75, 1.3))
@settings(max_examples=8, deadline=None)
def test_a_person_who_shifts_on_the_seat_is_no_other_person(shift, size):
    series = seated(fps=12.0)
    moved = another_person(series, in_second_trial(series), shift_shoulders=shift, size=size)
    assert FindingCode.HIPS_JUMP not in told(assess(moved, Setup()))


def test_a_hip_landmark_that_flickers_rejects_nothing():
    series = seated()
    flicker = in_second_trial(series) & (np.arange(len(series)) % 20 == 0)
    image = series.image_px.copy()
    image[flicker, 23] += 200.0
    assert FindingCode.HIPS_JUMP not in told(assess(replace(series, image_px=image), Setup()))


def test_a_leg_that_jumps_between_two_frames_was_not_followed():
    series = seated(left=(75.0,), right=())
    still = seated(left=(), right=())
    top = series.image_px[int(2.0 * 30)]
    jump = (series.time_s > 1.5) & (series.time_s < 3.2)
    image = np.where(jump[:, None, None], top, still.image_px)
    assessment = assess(replace(series, image_px=image), Setup())
    assert told(assessment)[FindingCode.TOO_FAST] is Severity.REJECT
    assert not assessment.left.measured
    swung = assess(series, Setup())
    assert FindingCode.TOO_FAST not in told(swung)
