"""From series to verdict, on scenes that can be computed by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import FRAME, prone, seated

from hipcv.assessment import Status, assess
from hipcv.core.camera.cues import CameraCues
from hipcv.core.camera.fusion import find_camera_pose
from hipcv.core.camera.pose import LEVEL
from hipcv.core.checks.camera import check_camera_share
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.motion.angles import sides_exchanged, sort_sides
from hipcv.core.procedures import PROCEDURES
from hipcv.core.procedures.prone import PRONE
from hipcv.core.series import ANKLES, HIPS, KNEES, MIRROR_ROWS, SHOULDERS, PoseSeries
from hipcv.core.setup import Setup
from hipcv.core.uncertainty import (
    JOINTS_SE_DEG,
    JOINTS_TERM,
    THIGH_SD_DEG,
    UNSTATED_SE_DEG,
    HeldLeg,
    change_mdc95_deg,
    difference_mdc95_deg,
    joints_term,
    reader_term,
)
from hipcv.words import SIDES, CameraSide, Side


def ends(assessment):
    return [assessment.of(side).end_range_deg for side in SIDES]


def codes(assessment, *severities):
    return {f.code for f in assessment.findings if f.severity in severities}


def test_a_level_camera_reads_the_angles_that_were_set():
    assessment = assess(seated(), Setup())
    assert assessment.status is Status.MEASURED
    assert ends(assessment) == pytest.approx([39.0, 25.0], abs=0.5)
    assert [len(r.trials) for r in assessment.sides] == [3, 3]
    assert all(t.accepted for t in assessment.trials)
    assert codes(assessment, Severity.DOUBT, Severity.REJECT) == set()
    assert assessment.asymmetry.difference_deg == pytest.approx(14.0, abs=0.7)


@settings(max_examples=12, deadline=None)
@given(st.floats(-8, 8), st.floats(-4, 18), st.floats(-18, 18))
def test_the_room_and_the_body_give_back_what_the_camera_took(roll, pitch, yaw):
    assessment = assess(seated(roll=roll, pitch=pitch, yaw=yaw), Setup())
    assert assessment.camera.roll.value_deg == pytest.approx(roll, abs=1.0)
    assert assessment.camera.yaw.value_deg == pytest.approx(yaw, abs=4.0)
    assert ends(assessment) == pytest.approx([39.0, 25.0], abs=2.0)
    for side, truth in zip(assessment.sides, (39.0, 25.0), strict=True):
        assert side.interval95_deg[0] < truth < side.interval95_deg[1]


@pytest.mark.parametrize("given_deg", [-5.0, 0.0, 5.0])
def test_a_stated_camera_is_believed(given_deg):
    series = seated(roll=given_deg, pitch=10.0, room=False)
    assessment = assess(series, Setup(roll_deg=given_deg, pitch_deg=10.0, yaw_deg=0.0))
    assert ends(assessment) == pytest.approx([39.0, 25.0], abs=0.7)
    assert assessment.camera.roll.source == "given"


def test_two_edges_marked_as_plumb_settle_the_roll():
    series = seated(roll=6.0)
    plumb = tuple(tuple(map(float, edge)) for edge in series.edges_px[[0, 4]])
    bare = PoseSeries(series.time_s, series.image_px, series.world_m, series.visibility, series.frame_size_px)
    assessment = assess(bare, Setup(vertical_edges_px=plumb))
    assert assessment.camera.roll.value_deg == pytest.approx(6.0, abs=1.0)
    assert ends(assessment) == pytest.approx([39.0, 25.0], abs=1.5)


def test_without_any_edge_the_roll_is_not_known_and_the_sides_are_not_compared():
    assessment = assess(seated(roll=4.0, room=False), Setup())
    assert FindingCode.GRAVITY_UNKNOWN in codes(assessment, Severity.DOUBT)
    assert assessment.asymmetry is None
    known = assess(seated(roll=4.0), Setup())
    width = [r.interval95_deg[1] - r.interval95_deg[0] for r in (assessment.left, known.left)]
    assert width[0] > 1.4 * width[1]


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_scaling_the_picture_changes_nothing(scale):
    size = (round(640 * scale), round(480 * scale))
    small, large = (assess(s, Setup()) for s in (seated(noise_px=0.3), seated(size=size, noise_px=0.3 * scale)))
    assert ends(small) == pytest.approx(ends(large), abs=0.3)


def test_resampling_from_24_to_60_frames_a_second_changes_nothing():
    assert ends(assess(seated(fps=24), Setup())) == pytest.approx(ends(assess(seated(fps=60), Setup())), abs=0.3)


def test_swapping_the_person_s_sides_swaps_the_results():
    a = assess(seated(left=(40, 38), right=(25,)), Setup())
    b = assess(seated(left=(25,), right=(40, 38)), Setup())
    assert ends(a) == pytest.approx(ends(b)[::-1], abs=0.5)


def with_labels_exchanged(series, frames):
    """Return the series as a model gives it that takes left for right in these frames (T,)."""

    def confused(values, rows):
        return np.where(frames.reshape(-1, *[1] * (values.ndim - 1)), values[:, rows], values)

    return replace(
        series,
        image_px=confused(series.image_px, MIRROR_ROWS),
        world_m=confused(series.world_m, MIRROR_ROWS),
        visibility=confused(series.visibility, MIRROR_ROWS),
        shank_se_deg=confused(series.shank_se_deg, [1, 0]),
        knee_outline_px=confused(series.knee_outline_px, [1, 0]),
    )


@pytest.mark.parametrize(
    ("scene", "setup"),
    [(seated, Setup()), (prone, Setup(PRONE, camera_side=CameraSide.FOOT_END))],
)
def test_exchanged_labels_of_the_pose_model_change_neither_number_nor_finding(scene, setup):
    straight = scene(hike=10.0) if scene is seated else scene(rolling=20.0)
    ours = np.tile([0.7, 2.0], (len(straight), 1))  # the legs are known differently well
    straight = replace(straight, shank_se_deg=ours)
    frames = np.random.default_rng(0).random(len(straight)) < 0.45
    told, confused = (assess(s, setup) for s in (straight, with_labels_exchanged(straight, frames)))
    assert len(told.findings) > 0
    assert confused.findings == told.findings
    assert [(r.end_range_deg, r.interval95_deg) for r in confused.sides] == [
        (r.end_range_deg, r.interval95_deg) for r in told.sides
    ]


def test_a_foot_outside_the_picture_is_the_subject_s_own_whatever_the_labels_say():
    series = seated()
    beyond = series.frame_size_px[0] - np.quantile(series.image_px[:, ANKLES[0], 0], 0.7)
    shifted = replace(series, image_px=series.image_px + [beyond, 0.0])
    frames = np.random.default_rng(0).random(len(series)) < 0.45
    for seen in (shifted, with_labels_exchanged(shifted, frames)):
        out = [f for f in assess(seen, Setup()).findings if f.code is FindingCode.OUT_OF_FRAME]
        assert [f.side for f in out] == [Side.LEFT]


def test_a_person_seen_from_behind_is_refused_for_the_view_and_not_for_the_labels():
    series = seated()
    behind = with_labels_exchanged(series, np.ones(len(series), bool))
    assert FindingCode.WRONG_VIEW in codes(assess(behind, Setup()), Severity.REJECT)


CAMERAS = [Setup(procedure, camera_side=side) for procedure in PROCEDURES for side in procedure.camera_sides]


@given(st.lists(st.booleans(), min_size=20, max_size=20), st.sampled_from(CAMERAS))
@settings(max_examples=20, deadline=None)
def test_sorted_sides_stay_sorted_and_remember_what_was_exchanged(labels, setup):
    series = seated(duration_s=20 / 30)
    frames = np.array(labels)
    own, confused = sort_sides(series, setup), sort_sides(with_labels_exchanged(series, frames), setup)
    assert not sides_exchanged(own.image_px, setup).any()
    assert np.array_equal(confused.image_px, own.image_px)
    assert np.array_equal(confused.swapped, own.swapped ^ frames)
    assert sort_sides(confused, setup) is confused


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"hike": 10.0}, FindingCode.PELVIS_HIKE),
        ({"lean": 18.0}, FindingCode.TRUNK_LEAN),
        ({"drift": 18.0}, FindingCode.THIGH_DRIFT),
    ],
)
def test_compensation_at_end_range_is_found_and_the_angle_at_its_onset_given(fault, code):
    assessment = assess(seated(**fault), Setup())
    assert code in codes(assessment, Severity.DOUBT)
    assert 2.0 < assessment.left.onset_deg < assessment.left.end_range_deg


def test_a_pelvis_counts_by_its_share_of_the_swing():
    """One and the same hike is little of a large swing and much of a small one: the doubt stands with the small one."""
    assessment = assess(seated(left=(40.0, 39.0, 40.0), right=(16.0, 15.0, 16.0), hike=4.0), Setup())
    doubted = {f.side for f in assessment.findings if f.code is FindingCode.PELVIS_HIKE}
    assert doubted == {Side.RIGHT}
    assert assessment.left.onset_deg is None
    assert assessment.right.onset_deg < 8.0


def test_compensation_began_where_the_body_left_its_rest():
    """A pelvis that tilts in step with the leg has moved by 5° at half of the swing; it began long before."""
    for side in assess(seated(hike=10.0), Setup()).sides:
        began = (side.onset_deg - 2.0) / (side.end_range_deg - 2.0)
        assert 0.05 < began < 0.25


@pytest.mark.parametrize("fault", [{}, {"hike": 10.0}, {"lean": 18.0}, {"drift": 18.0}, {"hike": 5.0}])
def test_a_side_has_an_onset_exactly_where_its_end_range_is_doubted(fault):
    assessment = assess(seated(**fault), Setup())
    compensations = {FindingCode.PELVIS_HIKE, FindingCode.TRUNK_LEAN, FindingCode.THIGH_DRIFT, FindingCode.BODY_TWISTED}
    for result in assessment.sides:
        doubts = {f.code for f in assessment.findings if f.side is result.side} & compensations
        assert {c.code for c in result.compensations} == doubts
        assert (result.onset_deg is not None) == bool(doubts)


@pytest.mark.parametrize("drift", [-12.0, 12.0, 18.0, 24.0])
@pytest.mark.parametrize("yaw", [0.0, 15.0])
def test_the_angle_is_read_in_the_plane_of_a_thigh_that_has_drifted(drift, yaw):
    """Read in a still plane it would be off by 3 to 5°; the drift itself stays a doubt."""
    assessment = assess(seated(drift=drift, pitch=12.0, yaw=yaw), Setup())
    still = assess(seated(pitch=12.0, yaw=yaw), Setup())
    assert FindingCode.THIGH_DRIFT in codes(assessment, Severity.DOUBT)
    assert ends(assessment) == pytest.approx(ends(still), abs=2.5)


def test_the_pelvis_is_taken_off_the_shank_one_for_one():
    assessment = assess(seated(hike=10.0), Setup())
    assert assessment.left.end_range_deg - assessment.left.pelvis_corrected_deg == pytest.approx(10.0, abs=1.0)
    assert assessment.right.end_range_deg - assessment.right.pelvis_corrected_deg == pytest.approx(10.0, abs=1.0)


def test_a_camera_turned_too_far_is_refused_with_the_direction():
    assessment = assess(seated(yaw=40.0), Setup())
    assert assessment.status is Status.NOT_MEASURED
    (finding,) = [f for f in assessment.findings if f.code is FindingCode.CAMERA_YAW]
    assert finding.severity is Severity.REJECT
    assert finding.observed == pytest.approx(40, abs=5)


def test_a_camera_that_alone_leaves_more_than_five_degrees_open_is_doubted():
    camera = find_camera_pose(PRONE, CameraCues(given_roll_deg=0.0, given_yaw_deg=0.0))
    assert check_camera_share(Side.LEFT, camera, [2.0, 1.5]) == []
    (finding,) = check_camera_share(Side.LEFT, camera, [2.4, 1.0])
    assert (finding.code, finding.severity, finding.side) == (FindingCode.GRAVITY_UNKNOWN, Severity.DOUBT, Side.LEFT)
    assert [check_camera_share(Side.LEFT, camera, shares)[0].code for shares in ([1.0, 2.4, 0.0], [0.0, 1.0, 2.6])] == [
        FindingCode.PITCH_UNKNOWN,
        FindingCode.YAW_UNKNOWN,
    ]
    assert finding.observed == pytest.approx(1.96 * 2.6, abs=0.001)
    # a roll or turn that is not known says so itself
    assert check_camera_share(Side.LEFT, find_camera_pose(PRONE, CameraCues()), [2.4, 1.0]) == []


def test_an_assessment_keeps_the_analysis_that_its_numbers_come_from():
    series = seated(roll=4.0)
    assessment = assess(series, Setup())
    analysis = assessment.analysis
    assert assessment.camera is analysis.camera
    assert assessment.angles is analysis.angles
    assert [t for side in SIDES for t in analysis.trials_of(side) if t.held] == [
        t for side in SIDES for t in assessment.of(side).trials
    ]
    assert analysis.plumb_edges_px == pytest.approx(series.edges_px[list(analysis.camera.room.plumb_edges)])
    with pytest.raises(ValueError, match="read-only"):
        analysis.plumb_edges_px[0, 0] = 0.0


@pytest.mark.parametrize(("yaw", "open_"), [(-20.0, True), (20.0, False)])
def test_a_pitch_that_nothing_shows_is_doubted_where_it_matters(yaw, open_):
    """Roll and turn given and no room: turned to one side the unknown pitch costs 3.6°, to the other 0.6°."""
    series = prone(left=(45.0,), right=(), yaw=yaw, room=False)
    assessment = assess(series, Setup(PRONE, camera_side=CameraSide.FOOT_END, roll_deg=0.0, yaw_deg=yaw))
    assert (FindingCode.PITCH_UNKNOWN in codes(assessment, Severity.DOUBT)) == open_
    assert FindingCode.GRAVITY_UNKNOWN not in codes(assessment, Severity.DOUBT)


def test_a_fidget_among_trials_is_left_out_and_told():
    with_fidget = assess(seated(left=(40.0, 9.0, 38.0)), Setup())
    assert [t.end_range_deg for t in with_fidget.left.trials] == pytest.approx([40, 38], abs=1.0)
    assert with_fidget.left.end_range_deg == pytest.approx(39, abs=1.0)
    (note,) = [f for f in with_fidget.findings if f.code is FindingCode.UNEVEN_TRIALS]
    assert (note.severity, note.side) == (Severity.NOTE, Side.LEFT)
    assert note.observed < 0.5


def test_one_swing_too_large_does_not_leave_out_the_others():
    assessment = assess(seated(left=(24.0, 25.0, 60.0)), Setup())
    assert len(assessment.left.trials) == 3


def test_a_leg_that_is_never_seen_is_not_measured_and_says_why():
    series = seated()
    hidden = series.image_px.copy()
    hidden[:, ANKLES[1]] = np.nan
    assessment = assess(replace(series, image_px=hidden), Setup())
    assert assessment.left.status is Status.MEASURED
    assert assessment.right.status is Status.NOT_MEASURED
    (finding,) = [f for f in assessment.findings if f.side is Side.RIGHT]
    assert (finding.code, finding.severity) == (FindingCode.LEGS_NOT_SEEN, Severity.REJECT)


def test_external_rotation_is_refused_and_not_read_as_internal():
    assessment = assess(seated(left=(-25.0, -24.0), right=()), Setup())
    assert assessment.left.status is Status.NOT_MEASURED
    assert FindingCode.WRONG_DIRECTION in codes(assessment, Severity.REJECT)


def test_a_swing_without_a_hold_is_a_reading_with_a_doubt_and_not_a_trial_that_counts():
    series = seated(left=(), right=())
    time_s = series.time_s
    moving = seated(left=(40.0,), right=())
    # out and back without standing still
    quick = np.interp(time_s, [0, 2, 2.7, 3.4, 30], [0, 0, 1, 0, 0])
    top = moving.image_px[int(2.0 * 30)]
    image = series.image_px + quick[:, None, None] * (top - series.image_px[0])
    swung = PoseSeries(time_s, image, series.world_m, series.visibility, FRAME, edges_px=series.edges_px)
    assessment = assess(swung, Setup())
    assert FindingCode.NO_HOLD in codes(assessment, Severity.DOUBT)
    assert assessment.left.trials == ()
    assert assessment.left.end_range_deg is not None


def test_nobody_in_view_is_a_value_and_not_an_exception():
    n = 60
    missing = PoseSeries(
        np.arange(n) / 30, np.full((n, 33, 2), np.nan), np.full((n, 33, 3), np.nan), np.zeros((n, 33)), FRAME
    )
    assessment = assess(missing, Setup())
    assert assessment.status is Status.NOT_MEASURED
    assert FindingCode.NO_PERSON in codes(assessment, Severity.REJECT)
    empty = PoseSeries(np.empty(0), np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), FRAME)
    assert assess(empty, Setup()).status is Status.NOT_MEASURED


def test_a_person_who_stands_is_refused():
    series = seated()
    world = series.world_m.copy()
    for hip, knee in zip(HIPS, KNEES, strict=True):
        world[:, knee] = world[:, hip] + [0, 0.42, 0]
    px = series.image_px.copy()
    shank_px = np.linalg.norm(px[0, ANKLES] - px[0, KNEES], axis=-1).max()
    px[:, [*HIPS, *SHOULDERS], 1] -= 0.8 * shank_px
    standing = PoseSeries(series.time_s, px, world, series.visibility, FRAME)
    assessment = assess(standing, Setup())
    assert FindingCode.WRONG_TEST in codes(assessment, Severity.REJECT)
    assert assessment.trials == ()


def test_who_sits_in_the_picture_is_measured_however_straight_the_hips_are_taken_to_be():
    """A gown hides the thighs; an upright trunk over knees that point at the camera is somebody who sits."""
    series = seated()
    world = series.world_m.copy()
    for hip, knee in zip(HIPS, KNEES, strict=True):
        world[:, knee] = world[:, hip] + [0, 0.42, -0.2]
    gown = PoseSeries(series.time_s, series.image_px, world, series.visibility, FRAME)
    assert FindingCode.WRONG_TEST not in codes(assess(gown, Setup()), Severity.REJECT)
    lies = series.image_px.copy()  # the trunk behind the thighs
    lies[:, SHOULDERS, 1] = lies[:, HIPS, 1] - 20
    lying = PoseSeries(series.time_s, lies, world, series.visibility, FRAME)
    assert FindingCode.WRONG_TEST in codes(assess(lying, Setup()), Severity.REJECT)


def turned(series, quarters):
    """Return the series as a picture shows it that is turned clockwise by so many quarters."""
    width, height = series.frame_size_px
    image = series.image_px
    for _ in range(quarters):
        image = np.stack([height - image[..., 1], image[..., 0]], axis=-1)
        width, height = height, width
    return replace(series, image_px=image, frame_size_px=(width, height), edges_px=np.empty((0, 4)))


@pytest.mark.parametrize(("quarters", "way"), [(1, "counter-clockwise"), (2, "180°"), (3, "clockwise")])
@pytest.mark.parametrize("roll", [-25.0, 0.0, 25.0])
def test_somebody_who_sits_in_a_turned_picture_is_refused_with_the_turn(quarters, way, roll):
    assessment = assess(turned(seated(roll=roll, duration_s=6.0), quarters), Setup())
    (finding,) = [f for f in assessment.findings if f.severity is Severity.REJECT]
    assert (finding.code, finding.observed) == (FindingCode.PICTURE_TURNED, 90.0 * quarters)
    assert f" {way}" in finding.advice
    assert assessment.trials == ()


@pytest.mark.parametrize(("brightness", "code"), [(0.04, FindingCode.LOW_LIGHT), (0.97, FindingCode.TOO_BRIGHT)])
def test_light_that_hides_somebody_is_the_cause_and_light_that_does_not_a_doubt(brightness, code):
    seen = replace(seated(duration_s=6.0), brightness=np.full(len(seated(duration_s=6.0)), brightness))
    assert code in codes(assess(seen, Setup()), Severity.DOUBT)
    hidden = replace(seen, image_px=np.full_like(seen.image_px, np.nan))
    assert [(f.code, f.severity) for f in assess(hidden, Setup()).findings] == [(code, Severity.REJECT)]


def test_somebody_upright_in_the_picture_is_never_said_to_be_turned():
    for series in (seated(roll=25.0, duration_s=6.0), seated(lean=30.0), seated(yaw=40.0, duration_s=6.0)):
        assert FindingCode.PICTURE_TURNED not in codes(assess(series, Setup()), Severity.REJECT)


@pytest.mark.parametrize("quarters", [1, 2])
def test_somebody_who_lies_is_another_test_and_no_turned_picture(quarters):
    series = turned(seated(duration_s=6.0), quarters)
    world = series.world_m.copy()
    for hip, knee in zip(HIPS, KNEES, strict=True):
        world[:, knee] = world[:, hip] + [0, 0.42, 0]  # hips straight
    (finding,) = [f for f in assess(replace(series, world_m=world), Setup()).findings if f.severity is Severity.REJECT]
    assert finding.code is FindingCode.WRONG_TEST


@pytest.mark.parametrize(("n_missing", "lost"), [(6, False), (15, True)])
def test_short_gaps_are_bridged_and_long_ones_raise_a_doubt(n_missing, lost):
    series = seated()
    image = series.image_px.copy()
    image[52 : 52 + n_missing] = np.nan
    assessment = assess(
        PoseSeries(series.time_s, image, series.world_m, series.visibility, FRAME, edges_px=series.edges_px), Setup()
    )
    assert (FindingCode.PERSON_LOST in codes(assessment, Severity.DOUBT)) == lost
    assert assessment.left.end_range_deg == pytest.approx(39, abs=0.6)


def test_every_finding_carries_advice_in_one_sentence_and_a_limit_with_its_origin():
    for series in (
        seated(hike=10, lean=18, drift=18),
        seated(yaw=40),
        seated(left=(20,), right=()),
        seated(room=False),
    ):
        for finding in assess(series, Setup()).findings:
            assert finding.advice.endswith(".")
            assert finding.limit is not None
            assert finding.limit_origin


def test_the_error_terms_make_up_the_interval():
    for result in assess(seated(), Setup()).sides:
        low, high = result.interval95_deg
        assert (high - low) / 2 == pytest.approx(1.96 * math.sqrt(sum(t.se_deg**2 for t in result.error_terms)))
        assert (high + low) / 2 == pytest.approx(result.end_range_deg)


@pytest.mark.parametrize(
    ("scene", "setup"),
    [(seated, Setup()), (prone, Setup(PRONE, camera_side=CameraSide.FOOT_END))],
)
def test_a_reader_that_does_not_state_its_error_is_not_taken_as_exact(scene, setup):
    """Its interval is wider than that of a reader good to 2°, and the term says what was assumed."""
    series = scene()
    widths, names = {}, {}
    for se_deg in (0.0, 0.7, 2.0, math.nan):
        result = assess(replace(series, shank_se_deg=np.full((len(series), 2), se_deg)), setup).left
        widths[se_deg] = result.interval95_deg[1] - result.interval95_deg[0]
        names[se_deg] = result.error_terms[-1].source
    assert widths[0.0] < widths[0.7] < widths[2.0] < widths[math.nan]
    assert "not stated" in names[math.nan]
    assert all("not stated" not in names[se_deg] for se_deg in (0.0, 0.7, 2.0))


def test_where_a_real_legs_joints_are_counts_on_each_side_and_twice_between_the_sides():
    """1.55° as three men showed it, whatever the reader says of its own; the sides do not share it."""
    assessment = assess(seated(), Setup())
    joints = [t.se_deg for r in assessment.sides for t in r.error_terms if t.source == JOINTS_TERM]
    assert joints == [JOINTS_SE_DEG, JOINTS_SE_DEG] == [1.55, 1.55]
    terms = assessment.left.error_terms, assessment.right.error_terms
    trials = [30.0, 30.0, 30.0], [20.0, 20.0, 20.0]
    without = tuple([t for t in side if t.source != JOINTS_TERM] for side in terms)
    whole, rest = difference_mdc95_deg(terms, trials), difference_mdc95_deg(without, trials)
    assert whole**2 - rest**2 == pytest.approx(1.96**2 * 2 * 1.55**2)
    assert change_mdc95_deg(terms, trials, same_view=True) == pytest.approx(
        change_mdc95_deg(without, trials, same_view=False)
    )


@pytest.mark.parametrize(("anatomy_se_deg", "counts_deg"), [(0.3, 1.55), (0.9, 1.55), (2.0, 2.0)])
def test_of_rendered_and_real_joints_the_larger_error_counts_alone(anatomy_se_deg, counts_deg):
    procedure = replace(Setup().procedure, anatomy_se_deg=anatomy_se_deg)
    leg = HeldLeg(procedure, 35.0, 3, np.nan, 1.0, LEVEL, np.zeros(4))
    (joints,), (reading,) = joints_term(leg), reader_term(leg)
    assert joints.se_deg == counts_deg
    assert math.hypot(joints.se_deg, reading.se_deg) == pytest.approx(UNSTATED_SE_DEG)


@pytest.mark.parametrize("pitch", [0.0, 25.0])
def test_thighs_that_are_not_parallel_cost_what_a_camera_turned_as_far_would(pitch):
    series = prone(pitch=pitch, noise_px=0.0)
    stated = [
        assess(
            series,
            Setup(procedure=PRONE, camera_side=CameraSide.FOOT_END, roll_deg=0.0, pitch_deg=pitch, yaw_deg=yaw),
        )
        for yaw in (THIGH_SD_DEG, 0.0, -THIGH_SD_DEG)
    ]
    for side in SIDES:
        more, level, less = (a.of(side) for a in stated)
        term = next(t.se_deg for t in level.error_terms if t.source == "thighs not parallel")
        assert term == pytest.approx(abs(more.end_range_deg - less.end_range_deg) / 2, rel=0.1, abs=0.02)
