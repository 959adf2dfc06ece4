"""Gravity: known rooms are filmed by known cameras, and the camera must come back."""

import math
import re
from typing import Any

import numpy as np
import pytest
from filmed_room import FOV_DEG, SIZE, film, film_edges, room_segments
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.core.camera.bed import fit_bed_yaw
from hipcv.core.camera.body_cues import roll_from_body_lines, roll_from_rest
from hipcv.core.camera.cues import UNCERTAIN_ROOM_WIDENING, CameraCues
from hipcv.core.camera.edges import MarkedFit, RoomFit, fit_room, fit_vertical_edges
from hipcv.core.camera.fusion import find_camera_pose
from hipcv.core.camera.manhattan import CameraPrior
from hipcv.core.camera.pinhole import Pinhole, image_angle_deg
from hipcv.core.camera.pose import CameraAngle, CameraPose, Cue, camera_shifts_deg
from hipcv.core.checks.camera import check_camera
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.series import FloatArray
from hipcv.evidence.guidance import advice_for, advised


def angles_of(fit: RoomFit) -> FloatArray:
    return np.array([fit.roll_deg, fit.pitch_deg, fit.yaw_deg])


CAMERA = (4.0, 12.0, 9.0)


@pytest.mark.parametrize(
    "camera", [(0.0, 0.0, 0.0), (5.0, 10.0, -12.0), (-6.0, 20.0, 15.0), (13.0, 22.0, 5.0), (-26.0, 22.0, 8.0)]
)
def test_a_filmed_room_gives_back_its_camera(camera: tuple[float, float, float]) -> None:
    fit = fit_room(film_edges(room_segments(), *camera), SIZE, SEATED)
    assert fit.accepted, fit.refusals
    assert angles_of(fit) == pytest.approx(camera, abs=0.6)
    assert fit.residual_deg < 0.3
    assert fit.plumb_only_roll_deg == pytest.approx(camera[0], abs=2.0)


def test_the_edges_called_plumb_are_the_plumb_ones() -> None:
    segments = room_segments()
    ends = film(segments.reshape(-1, 3), *CAMERA).reshape(-1, 4)
    fit = fit_room(ends, SIZE, SEATED)
    assert fit.plumb_edges == tuple(range(6))
    assert fit.level_edges == tuple(range(6, len(segments)))


def test_roll_and_pitch_do_not_depend_on_how_the_room_is_turned_about_the_plumb_line() -> None:
    for turn_deg in (0.0, 10.0, 25.0):
        fit = fit_room(film_edges(room_segments(turn_deg), *CAMERA), SIZE, SEATED)
        assert (fit.roll_deg, fit.pitch_deg) == pytest.approx(CAMERA[:2], abs=0.7)


@settings(max_examples=8, deadline=None)
@given(turn_deg=st.floats(-8, 8))
def test_a_picture_turned_by_an_angle_has_its_roll_turned_by_exactly_that(turn_deg: float) -> None:
    edges = film_edges(room_segments(), *CAMERA)
    centre = np.array(SIZE) / 2
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    clockwise_on_screen = np.array([[c, -s], [s, c]])
    turned = ((edges.reshape(-1, 2) - centre) @ clockwise_on_screen.T + centre).reshape(-1, 4)
    before = fit_room(edges, SIZE, SEATED)
    after = fit_room(turned, SIZE, SEATED, prior=CameraPrior(roll_deg=(turn_deg, 5.0)))
    assert after.roll_deg - before.roll_deg == pytest.approx(turn_deg, abs=1e-3)
    assert after.pitch_deg == pytest.approx(before.pitch_deg, abs=1e-3)
    # the usual prior leans a little towards a level camera
    usual = fit_room(turned, SIZE, SEATED)
    assert usual.roll_deg - before.roll_deg == pytest.approx(turn_deg, abs=0.3)


def test_a_larger_picture_of_the_same_room_gives_the_same_camera() -> None:
    edges = film_edges(room_segments(), *CAMERA)
    small = fit_room(edges, SIZE, SEATED)
    large = fit_room(edges * 3, (SIZE[0] * 3, SIZE[1] * 3), SEATED)
    assert angles_of(large) == pytest.approx(angles_of(small), abs=1e-6)
    assert large.roll_se_deg == pytest.approx(small.roll_se_deg)


def test_a_mirrored_picture_flips_roll_and_yaw_and_keeps_pitch() -> None:
    edges = film_edges(room_segments(), *CAMERA)
    mirrored = edges * [-1, 1, -1, 1] + [SIZE[0], 0, SIZE[0], 0]
    fit, flipped = (fit_room(e, SIZE, SEATED) for e in (edges, mirrored))
    assert angles_of(flipped) == pytest.approx(angles_of(fit) * [-1, 1, -1], abs=0.02)


def test_neither_the_order_of_the_edges_nor_that_of_their_ends_matters() -> None:
    edges = film_edges(room_segments(), *CAMERA)
    edges += np.random.default_rng(2).normal(0, 1, edges.shape)
    shuffled = np.random.default_rng(3).permutation(edges)[:, [2, 3, 0, 1]]
    assert np.array_equal(angles_of(fit_room(edges, SIZE, PRONE)), angles_of(fit_room(shuffled, SIZE, PRONE)))


def test_the_same_edges_give_the_same_fit_every_time() -> None:
    edges = film_edges(room_segments(), *CAMERA)
    assert fit_room(edges, SIZE, SEATED) == fit_room(edges.copy(), SIZE, SEATED)


def test_stray_edges_as_many_as_the_rooms_own_do_not_move_the_roll() -> None:
    edges = film_edges(room_segments(), *CAMERA)
    rng = np.random.default_rng(8)
    start = rng.uniform([100, 100], [1100, 600], (len(edges), 2))
    direction = rng.uniform(0, np.pi, len(edges))
    stray = np.hstack([start, start + 80 * np.column_stack([np.cos(direction), np.sin(direction)])])
    fit = fit_room(np.vstack([edges, stray]), SIZE, SEATED)
    assert fit.roll_deg == pytest.approx(CAMERA[0], abs=0.5)
    assert fit.explained_share < fit_room(edges, SIZE, SEATED).explained_share


@pytest.mark.parametrize("seed", range(4))
def test_edges_in_disorder_are_refused(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = rng.uniform([100, 100], [1100, 600], (30, 2))
    direction = rng.uniform(0, np.pi, 30)
    edges = np.hstack([start, start + 90 * np.column_stack([np.cos(direction), np.sin(direction)])])
    fit = fit_room(edges, SIZE, SEATED)
    assert not fit.accepted
    assert fit.refusals


def test_no_edge_gives_the_prior_and_a_refusal() -> None:
    fit = fit_room(np.empty((0, 4)), SIZE, PRONE)
    assert not fit.accepted
    assert {what for what, _, _ in fit.refusals} >= {"roll_se_deg", "plumb_edges", "explained_share"}
    assert (fit.roll_deg, fit.pitch_deg) == pytest.approx((0, 18), abs=0.5)
    assert fit.roll_se_deg == pytest.approx(5, abs=0.5)


def test_fewer_edges_leave_a_larger_error() -> None:
    edges = film_edges(room_segments(), *CAMERA)
    errors = [fit_room(edges[:n], SIZE, SEATED).roll_se_deg for n in (0, 1, len(edges))]
    assert errors[0] > errors[1] > errors[2]


@pytest.mark.parametrize(("roll", "pitch"), [(0.0, 0.0), (4.0, 15.0), (-20.0, 10.0), (3.0, -6.0)])
def test_two_marked_edges_left_and_right_give_roll_and_pitch(roll: float, pitch: float) -> None:
    doors = np.array([[[-0.8, -0.4, 0], [-0.8, 0.4, 0]], [[0.9, -0.4, 0], [0.9, 0.4, 0]]])
    fit = fit_vertical_edges(film_edges(doors, roll, pitch, 0.0), SIZE, SEATED)
    assert fit.roll_deg == pytest.approx(roll, abs=0.3)
    assert fit.pitch_deg == pytest.approx(pitch, abs=1.5)
    assert fit.roll_se_deg < 1
    assert fit.pitch_se_deg < 4


def test_one_marked_edge_says_less_the_further_it_is_from_the_centre() -> None:
    at = [np.array([[[x, -0.4, 0], [x, 0.4, 0]]]) for x in (0.0, 0.5, 1.0)]
    errors = [fit_vertical_edges(film_edges(s, 3.0, 7.0, 0.0), SIZE, SEATED).roll_se_deg for s in at]
    assert 1.0 <= errors[0] < errors[1] < errors[2] < 6


def test_marked_edges_that_contradict_each_other_are_trusted_less() -> None:
    straight = np.array([[300, 100, 300, 600], [640, 100, 640, 600], [900, 100, 900, 600.0]])
    bent = straight + np.array([[0, 0, 0, 0], [0, 0, 80, 0], [0, 0, 0, 0]])
    agree, contradict = (fit_vertical_edges(e, SIZE, SEATED) for e in (straight, bent))
    assert contradict.roll_se_deg > 2 * agree.roll_se_deg
    assert contradict.residual_deg > 1 > agree.residual_deg


def test_a_marked_edge_without_length_is_turned_away_in_words() -> None:
    with pytest.raises(ValueError, match="2 pixels apart"):
        fit_vertical_edges(np.array([[5.0, 5, 5, 5]]), SIZE, SEATED)


def film_legs(along_m: float, *camera: float) -> tuple[FloatArray, float]:
    """Film the knees of somebody prone so far along the bed; return them (2, 2) and a shank's length, pixels."""
    knees = film(np.array([[-0.15, -0.45, along_m], [0.15, -0.45, along_m]]), *camera)
    return knees, float(np.hypot(*(knees[0] - film(np.array([-0.15, -0.05, along_m]), *camera))))


@pytest.mark.parametrize("yaw", [-14.0, 0.0, 18.0])
def test_the_bed_gives_the_yaw_even_in_a_room_that_stands_askew(yaw: float) -> None:
    bed = np.array(
        [
            [[-0.45, -0.5, 0.4], [0.45, -0.5, 0.4]],
            [[-0.45, -0.65, 0.4], [0.45, -0.65, 0.4]],
            [[-0.45, -0.5, 0.4], [-0.45, -0.5, -0.8]],
            [[0.45, -0.5, 0.4], [0.45, -0.5, -0.8]],
            [[-0.45, -0.62, 0.4], [0.45, -0.62, 0.4]],
            [[-0.42, -0.75, 0.4], [-0.42, -0.65, 0.4]],
            [[0.42, -0.75, 0.4], [0.42, -0.65, 0.4]],
            [[-0.5, -0.3, -0.8], [-0.5, 0.3, -0.8]],
        ]
    )
    camera = (2.0, 20.0, yaw)
    wall = room_segments(turn_deg=30.0)[:10] + np.array([0, 0.9, 0])
    edges = np.vstack([film_edges(bed, *camera), film_edges(wall, *camera)])
    knees, shank = film_legs(0.3, *camera)
    found = fit_bed_yaw(edges, SIZE, knees, shank, procedure=PRONE)
    assert found is not None
    assert found.value_deg == pytest.approx(yaw, abs=2)
    assert found.se_deg >= 2.5


@pytest.mark.parametrize("yaw", [-37.0, -16.0, 12.0])
def test_a_known_roll_and_pitch_let_three_bed_edges_show_the_yaw(yaw: float) -> None:
    """Seen from the side a long edge of the bed stands steep in the picture, like something upright."""
    bed = np.array(
        [
            [[-0.45, -0.5, 0.4], [0.45, -0.5, 0.4]],
            [[-0.45, -0.5, 0.4], [-0.45, -0.5, -0.8]],
            [[0.45, -0.5, 0.4], [0.45, -0.5, -0.8]],
        ]
    )
    camera = (-6.0, 12.0, yaw)
    noise = np.random.default_rng(0).normal(0, 0.5, (3, 4))
    edges = film_edges(bed, *camera) + noise
    knees, shank = film_legs(0.0, *camera)
    known = find_camera_pose(PRONE, CameraCues(given_roll_deg=camera[0], given_pitch_deg=camera[1]))
    found = fit_bed_yaw(edges, SIZE, knees, shank, procedure=PRONE, camera=known)
    assert found is not None
    assert found.value_deg == pytest.approx(yaw, abs=3)
    alone = fit_bed_yaw(edges, SIZE, knees, shank, procedure=PRONE)
    assert alone is None or alone.se_deg > found.se_deg


@pytest.mark.parametrize("yaw", [-48.0, -44.0, 42.0, 47.0])
def test_a_bed_seen_askew_is_known_to_be_askew_though_not_which_way(yaw: float) -> None:
    """Its corner points at the camera: it may be turned one way, or the other way by the rest of a quarter turn."""
    bed = np.array(
        [
            [[-0.45, -0.5, 0.45], [0.45, -0.5, 0.45]],
            [[-0.45, -0.65, 0.45], [0.45, -0.65, 0.45]],
            [[-0.45, -0.5, 0.45], [-0.45, -0.5, -0.45]],
            [[0.45, -0.5, 0.45], [0.45, -0.5, -0.45]],
            [[-0.45, -0.65, 0.45], [-0.45, -0.65, -0.45]],
        ]
    )
    camera = (2.0, 18.0, yaw)
    edges = film_edges(bed, *camera)
    edges = edges + np.random.default_rng(1).normal(0, 0.5, edges.shape)
    knees, shank = film_legs(0.0, *camera)
    known = find_camera_pose(PRONE, CameraCues(given_roll_deg=camera[0], given_pitch_deg=camera[1]))
    found = fit_bed_yaw(edges, SIZE, knees, shank, procedure=PRONE, camera=known)
    assert found is not None
    assert found.cues == (Cue.BED_WAY_OPEN,)
    assert (found.value_deg - yaw + 45) % 90 - 45 == pytest.approx(0, abs=3)
    turned = find_camera_pose(PRONE, CameraCues(given_roll_deg=2.0, given_pitch_deg=18.0, bed_yaw=found))
    (finding,) = [f for f in check_camera(turned) if f.code is FindingCode.CAMERA_YAW]
    assert finding.severity is Severity.REJECT
    assert "on which side could not be seen" in advised(finding).advice
    assert "to the left" not in advised(finding).advice
    assert "to the right" not in advised(finding).advice


def test_without_bed_edges_there_is_no_bed_yaw() -> None:
    plumb = film_edges(room_segments()[:6], *CAMERA)
    assert fit_bed_yaw(plumb, SIZE, np.array([[600.0, 400], [700, 400]]), 150.0, procedure=PRONE) is None
    assert fit_bed_yaw(np.empty((0, 4)), SIZE, np.array([[600.0, 400], [700, 400]]), 150.0, procedure=PRONE) is None
    assert fit_bed_yaw(plumb, SIZE, np.full((2, 2), np.nan), 150.0, procedure=PRONE) is None


@pytest.mark.parametrize(("shank_up", "left_lateral"), [(False, 1), (True, -1), (True, 1)])
@pytest.mark.parametrize("roll", [-8.0, 5.0])
def test_plumb_shanks_seen_by_a_rolled_camera_give_the_rolls_sign(
    shank_up: bool, left_lateral: int, roll: float
) -> None:
    tip = 0.4 if shank_up else -0.4
    angle = {}
    for name, lateral in (("left", left_lateral), ("right", -left_lateral)):
        knee, ankle = film(np.array([[0.12 * lateral, 0, 0], [0.12 * lateral, tip, 0]]), roll, 0.0, 0.0)
        angle[name] = float(image_angle_deg(knee, ankle, lateral, shank_up=shank_up))
    lean = roll_from_rest(angle["left"], angle["right"], left_lateral=left_lateral, shank_up=shank_up)
    assert lean is not None
    assert lean.value_deg == pytest.approx(0.85 * roll, abs=1e-6)
    assert lean.se_deg == 2.5


def test_what_both_legs_do_laterally_alike_is_not_roll() -> None:
    lean = roll_from_rest(6.0, 6.0)
    assert lean is not None
    assert lean.value_deg == pytest.approx(0)


def test_one_leg_tells_less_of_the_roll_than_two_and_none_tells_nothing() -> None:
    both, one = roll_from_rest(-4.0, 4.0), roll_from_rest(-4.0, float("nan"))
    assert both is not None
    assert one is not None
    assert one.se_deg > both.se_deg
    assert 0 < one.value_deg < both.value_deg
    assert roll_from_rest(float("nan"), float("nan")) is None


@pytest.mark.parametrize("camera", [(0.0, 12.0, 18.0), (5.0, -4.0, -15.0), (-6.0, 20.0, 10.0)])
def test_level_shoulders_and_hips_give_the_roll_of_a_tilted_and_turned_camera(camera: tuple[float, ...]) -> None:
    roll, pitch, yaw = camera
    ends = [[[-half, up, 0.0], [half, up, 0.0]] for half, up in ((0.17, 0.45), (0.10, 0.0))]
    lines = film(np.array(ends), roll, pitch, yaw)
    found = roll_from_body_lines(lines, unrolled(pitch, yaw), SIZE)
    assert found is not None
    assert found.value_deg == pytest.approx(roll, abs=0.4)


def unrolled(pitch: float = 0.0, yaw: float = 0.0) -> CameraPose:
    return find_camera_pose(SEATED, CameraCues(given_roll_deg=0.0, given_pitch_deg=pitch, given_yaw_deg=yaw))


def body_lines(*tilts_deg: float) -> CameraAngle | None:
    """Return the cue of shoulders and hips near the middle of the picture, turned by so much."""
    turn = np.radians(np.array(tilts_deg))
    half = 60 * np.stack([np.cos(turn), np.sin(turn)], -1)
    middle = np.array(SIZE) / 2
    return roll_from_body_lines(np.stack([middle - half, middle + half], axis=1), unrolled(), SIZE)


def test_body_lines_support_a_roll_but_with_the_shanks_alone_settle_none() -> None:
    lines = body_lines(4.0, 4.0)
    alone = find_camera_pose(SEATED, CameraCues(rest_roll=lean_of(4.0), body_roll=lines))
    assert alone.roll.value_deg == pytest.approx(4.0)
    assert not alone.roll_known
    uncertain = RoomFit(False, (("roll_se_deg", 2.0, 1.0),), 3.0, 2.0, 10.0, 3.0, 0.0, 5.0)
    without, with_lines = (find_camera_pose(SEATED, CameraCues(room=uncertain, body_roll=b)) for b in (None, lines))
    assert with_lines.roll.se_deg < without.roll.se_deg
    assert body_lines(math.nan, math.nan) is None
    one = body_lines(4.0, math.nan)
    assert one is not None
    assert one.value_deg == pytest.approx(4.0)
    assert one.se_deg > 3.5


def test_somebody_who_sits_askew_does_not_move_a_roll_that_the_room_shows() -> None:
    pose = find_camera_pose(
        SEATED, CameraCues(room=accepted_room(1.0), rest_roll=lean_of(1.5), body_roll=body_lines(12.0, 9.0))
    )
    assert pose.roll.value_deg == pytest.approx(1.0, abs=0.1)


def accepted_room(roll: float) -> RoomFit:
    return RoomFit(True, (), roll, 0.5, 10.0, 1.0, 40.0, 5.0)


def lean_of(roll: float) -> CameraAngle:
    return CameraAngle(roll, 2.5, (Cue.REST_LEAN,))


def test_nothing_known_is_not_zero_in_silence() -> None:
    pose = find_camera_pose(SEATED, CameraCues())
    assert pose.roll == CameraAngle(0.0, 5.0, (Cue.ASSUMED,))
    assert not pose.roll_known
    assert not pose.yaw_known
    assert {f.code for f in check_camera(pose)} == {FindingCode.GRAVITY_UNKNOWN, FindingCode.YAW_UNKNOWN}
    assert find_camera_pose(PRONE, CameraCues()).pitch.value_deg == 18


def test_an_accepted_room_settles_roll_and_pitch_but_never_yaw() -> None:
    pose = find_camera_pose(SEATED, CameraCues(room=accepted_room(3.0), rest_roll=lean_of(2.0)))
    assert pose.roll.value_deg == pytest.approx(3.0, abs=0.1)
    assert pose.roll_known
    assert pose.pitch.value_deg == 10
    assert pose.yaw.value_deg == 0
    assert pose.yaw.cues == (Cue.ASSUMED,)
    assert pose.alarms == ()


def test_a_fused_angle_names_its_cues_from_the_most_trusted_on() -> None:
    pose = find_camera_pose(
        SEATED,
        CameraCues(
            rest_roll=lean_of(2.0),
            room=accepted_room(2.5),
            sensor_roll_deg=2.2,
            marked=MarkedFit(2.4, 0.5, 10.0, 1.5, 0.1),
        ),
    )
    assert pose.roll.cues == (Cue.MARKED_EDGES, Cue.SENSOR, Cue.ROOM_EDGES, Cue.REST_LEAN)
    assert pose.roll.source == "marked edges + sensor + room edges + rest lean"
    assert pose.roll.rests_on(Cue.BODY_LINES, Cue.SENSOR)
    assert not pose.roll.rests_on(Cue.BODY_LINES)
    # an outvoted cue is heard, and the angle does not rest on it
    outvoted = find_camera_pose(SEATED, CameraCues(given_roll_deg=-7.0, room=accepted_room(2.5)))
    assert outvoted.room == accepted_room(2.5)
    assert not outvoted.roll.rests_on(Cue.ROOM_EDGES)


def test_every_cue_that_can_be_in_dispute_has_a_name_for_people() -> None:
    for cue in set(Cue) - {Cue.ASSUMED}:
        values = {"kept": str(cue), "kept_deg": 3.0, "dissent": "sensor", "dissent_deg": 9.0}
        advice = advice_for("roll_sources_disagree", cause="seen_kept", values=values)
        assert re.search(r"by 3° by (the|shoulders) ?", advice), advice


def test_a_refused_room_leaves_the_roll_to_the_rest_lean() -> None:
    refused = RoomFit(False, (("plumb_edges", 1.0, 3.0),), 9.0, 0.5, 10.0, 1.0, 0.0, 5.0)
    pose = find_camera_pose(SEATED, CameraCues(room=refused, rest_roll=lean_of(2.0)))
    assert pose.roll == lean_of(2.0)
    assert not pose.roll_known


def test_a_room_that_is_merely_uncertain_counts_beside_the_rest_lean_with_a_wider_error() -> None:
    uncertain = RoomFit(False, (("roll_se_deg", 1.3, 1.0),), 3.0, 1.3, 10.0, 3.0, 0.0, 5.0)
    assert uncertain.usable
    alone = find_camera_pose(SEATED, CameraCues(room=uncertain))
    both = find_camera_pose(SEATED, CameraCues(room=uncertain, rest_roll=lean_of(2.0)))
    assert alone.roll.se_deg == pytest.approx(UNCERTAIN_ROOM_WIDENING * uncertain.roll_se_deg)
    assert 2.0 < both.roll.value_deg < 3.0
    assert both.roll.se_deg < alone.roll.se_deg


@pytest.mark.parametrize(
    ("refusals", "n_plumb", "n_level", "usable"),
    [
        ((("rival_deg", 1.8, 1.0),), 4, 6, True),
        ((("plumb_edges", 1.0, 2.0),), 1, 4, True),
        ((("plumb_edges", 1.0, 2.0),), 1, 3, False),
        ((("plumb_edges", 0.0, 2.0),), 0, 8, False),
        ((("explained_share", 0.5, 0.6),), 4, 6, False),
        ((("plumb_difference_deg", 4.0, 2.5),), 4, 6, False),
    ],
)
def test_a_room_that_was_refused_counts_only_where_it_is_merely_uncertain(
    refusals: tuple[tuple[str, float, float], ...], n_plumb: int, n_level: int, usable: bool
) -> None:
    edges = {"plumb_edges": tuple(range(n_plumb)), "level_edges": tuple(range(n_level))}
    assert RoomFit(False, refusals, 3.0, 1.3, 10.0, 3.0, 0.0, 5.0, **edges).usable == usable
    assert not RoomFit(False, refusals, 3.0, 2.6, 10.0, 3.0, 0.0, 5.0, **edges).usable


def test_an_uncertain_room_and_the_rest_lean_may_lie_further_apart() -> None:
    uncertain = RoomFit(False, (("roll_se_deg", 1.9, 1.0),), 5.0, 1.9, 10.0, 3.0, 0.0, 5.0)
    pose = find_camera_pose(PRONE, CameraCues(room=uncertain, rest_roll=lean_of(0.0)))
    assert pose.alarms == ()
    assert 1.0 < pose.roll.value_deg < 4.0
    assert pose.roll_known


def test_edges_without_length_or_with_a_hole_do_not_shift_the_rows_of_the_others() -> None:
    edges = film(room_segments().reshape(-1, 3), *CAMERA).reshape(-1, 4)
    with_holes = np.vstack([np.full((1, 4), np.nan), np.full((1, 4), 7.0), edges])
    fit = fit_room(with_holes, SIZE, SEATED)
    assert fit.plumb_edges == tuple(range(2, 8))


def test_a_rest_lean_far_from_the_room_raises_an_alarm_and_withholds_the_roll() -> None:
    pose = find_camera_pose(SEATED, CameraCues(room=accepted_room(6.0), rest_roll=lean_of(0.0)))
    assert "roll_sources_disagree" in [a.code for a in pose.alarms]
    assert not pose.roll_known
    assert pose.disagreement_deg == pytest.approx(6.0)


def test_one_wrong_cue_among_three_is_outvoted() -> None:
    pose = find_camera_pose(SEATED, CameraCues(sensor_roll_deg=-9.0, room=accepted_room(3.0), rest_roll=lean_of(2.5)))
    assert pose.roll.value_deg == pytest.approx(3.0, abs=0.2)
    assert pose.roll_known
    assert [a.code for a in pose.alarms] == ["roll_sources_disagree"]


def test_the_users_number_always_wins_and_a_dissent_is_told() -> None:
    pose = find_camera_pose(
        SEATED, CameraCues(given_roll_deg=0.0, room=accepted_room(8.0), sensor_roll_deg=8.0, rest_roll=lean_of(7.0))
    )
    assert pose.roll == CameraAngle(0.0, 0.3, (Cue.GIVEN,))
    assert pose.roll_known
    assert [a.code for a in pose.alarms] == ["roll_sources_disagree"]


@pytest.mark.parametrize(
    ("cues", "code", "told"),
    [
        ({"given_roll_deg": 9.0, "room": accepted_room(1.0)}, "roll_sources_disagree", ("9°", "1°", "stated", "room")),
        ({"given_pitch_deg": 30.0, "room": accepted_room(1.0)}, "pitch_sources_disagree", ("30°", "10°", "stated")),
        ({"sensor_pitch_deg": 30.0, "room": accepted_room(1.0)}, "pitch_sources_disagree", ("30°", "10°", "sensor")),
        (
            {"given_yaw_deg": 20.0, "bed_yaw": CameraAngle(-5.0, 2.5, (Cue.BED_EDGES,))},
            "yaw_sources_disagree",
            ("20°", "-5°", "stated", "bed"),
        ),
        (
            {"given_yaw_deg": -20.0, "body_yaw": CameraAngle(20.0, 4.0, (Cue.BODY_LANDMARKS,))},
            "yaw_sources_disagree",
            ("-20°", "18°", "stated", "thighs"),
        ),
    ],
)
def test_every_angle_that_two_cues_dispute_is_told_with_both_and_what_each_says(
    cues: dict[str, Any], code: str, told: tuple[str, ...]
) -> None:
    (finding,) = [f for f in check_camera(find_camera_pose(PRONE, CameraCues(**cues))) if "disagree" in f.code]
    assert (finding.code, finding.severity) == (code, Severity.DOUBT)
    assert all(word in advised(finding).advice for word in told)
    assert finding.observed is not None
    assert finding.limit is not None
    assert finding.observed > finding.limit


@given(
    st.lists(st.none() | st.floats(-25, 25), min_size=7, max_size=7),
    st.none() | st.floats(-20, 20),
)
def test_no_alarm_goes_untold(stated: list[float | None], room_roll: float | None) -> None:
    names = ("given_roll_deg", "given_pitch_deg", "given_yaw_deg", "sensor_roll_deg", "sensor_pitch_deg")
    *numbers, bed, body = stated
    camera = find_camera_pose(
        PRONE,
        CameraCues(
            room=None if room_roll is None else accepted_room(room_roll),
            bed_yaw=None if bed is None else CameraAngle(bed, 2.5, (Cue.BED_EDGES,)),
            body_yaw=None if body is None else CameraAngle(body, 4.0, (Cue.BODY_LANDMARKS,)),
            **dict(zip(names, numbers, strict=True)),
        ),
    )
    codes = [f.code for f in check_camera(camera)]
    assert {a.code for a in camera.alarms} == {code for code in codes if "disagree" in code}
    assert (FindingCode.GRAVITY_UNKNOWN in codes) == (not camera.roll_known)
    assert len(set(codes)) == len(codes)


def test_marked_edges_outrank_the_room() -> None:
    pose = find_camera_pose(
        SEATED, CameraCues(marked=MarkedFit(1.0, 0.5, 5.0, 1.5, 0.1), room=accepted_room(7.0), rest_roll=None)
    )
    assert pose.roll.value_deg == 1.0
    # what the user marked settles it; that the room says otherwise is told
    assert pose.roll_known
    assert [alarm.code for alarm in pose.alarms] == ["roll_sources_disagree"]


@given(shift=st.floats(-20, 20), values=st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_every_cue_shifted_alike_shifts_the_fused_roll_alike(shift: float, values: list[float]) -> None:
    def fused(by: float) -> float:
        sensor, room, lean = values
        return find_camera_pose(
            SEATED, CameraCues(sensor_roll_deg=sensor + by, room=accepted_room(room + by), rest_roll=lean_of(lean + by))
        ).roll.value_deg

    assert fused(round(shift)) == pytest.approx(fused(0.0) + round(shift), abs=1e-6)


def test_the_bed_gives_the_prone_yaw_and_the_body_the_seated_one() -> None:
    bed, body = CameraAngle(10.0, 2.5, (Cue.BED_EDGES,)), CameraAngle(12.0, 5.0, (Cue.BODY_LANDMARKS,))
    prone = find_camera_pose(PRONE, CameraCues(bed_yaw=bed, body_yaw=body))
    seated = find_camera_pose(SEATED, CameraCues(bed_yaw=bed, body_yaw=body))
    assert prone.yaw.rests_on(Cue.BED_EDGES)
    assert prone.yaw.value_deg == pytest.approx(10, abs=1)
    assert seated.yaw.cues == (Cue.BODY_LANDMARKS,)
    assert 8 < seated.yaw.value_deg < 12


def pose_with(roll_se: float = 0.0, pitch_se: float = 0.0, yaw_se: float = 0.0, fov_se: float = 0.0) -> CameraPose:
    return CameraPose(CameraAngle(3.0, roll_se), CameraAngle(12.0, pitch_se), CameraAngle(5.0, yaw_se), FOV_DEG, fov_se)


def leg(lateral: int, internal_rotation_deg: float, pose: CameraPose) -> FloatArray:
    """(2, 2) pixels of knee and ankle of a hanging shank."""
    angle = np.radians(internal_rotation_deg)
    knee = np.array([0.15 * lateral, 0.0, 0.3])
    ankle = knee + 0.4 * np.array([lateral * np.sin(angle), -np.cos(angle), 0])
    return film(np.array([knee, ankle]), pose.roll.value_deg, pose.pitch.value_deg, pose.yaw.value_deg)


def test_an_error_of_roll_moves_the_two_legs_one_for_one_and_apart() -> None:
    pose = pose_with(roll_se=1.0)
    legs = np.stack([leg(+1, 1.0, pose), leg(-1, 1.0, pose)])
    shifts = camera_shifts_deg(legs[:, 0], legs[:, 1], np.array([1, -1]), pose, SIZE, shank_up=False)
    assert shifts[:, 0] == pytest.approx([1.0, -1.0], abs=0.05)
    assert shifts[:, 1:] == pytest.approx(np.zeros((2, 3)))


def test_the_stated_uncertainty_is_that_of_cameras_drawn_from_it() -> None:
    pose = pose_with(0.6, 2.0, 3.0, 7.0)
    knee, ankle = leg(+1, 38.0, pose)
    rng = np.random.default_rng(0)
    camera = np.array([3.0, 12.0, 5.0, FOV_DEG]) + rng.normal(size=(4000, 4)) * [0.6, 2.0, 3.0, 7.0]
    cameras = Pinhole.turned(*camera[:, :3].T, long_side_fov_deg=camera[:, 3], frame_size_px=SIZE)
    drawn = cameras.shank_angle_deg(knee, ankle, 1, shank_up=False)
    stated = np.linalg.norm(camera_shifts_deg(knee, ankle, 1, pose, SIZE, shank_up=False))
    assert stated == pytest.approx(drawn.std(), rel=0.1)


def test_a_camera_known_exactly_adds_no_uncertainty_and_a_missing_landmark_gives_nan() -> None:
    knee, ankle = leg(+1, 30.0, pose_with())
    assert camera_shifts_deg(knee, ankle, 1, pose_with(), SIZE, shank_up=False) == pytest.approx(np.zeros(4))
    missing = camera_shifts_deg(np.full((3, 2), np.nan), np.zeros((3, 2)), 1, pose_with(1.0), SIZE, shank_up=False)
    assert missing.shape == (3, 4)
    assert np.isnan(missing).all()
