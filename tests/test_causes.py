"""What can be wrong with a recording has one code and one sentence: every cause is called that, and nothing else is.

Each row is a scene in which one thing is wrong. Read one way, the scene is told by its code alone; read the other way,
its code is told of no other scene.
"""

from dataclasses import replace

import numpy as np
import pytest
from simulated import prone, seated

from hipcv.assessment import Assessment, Provenance, assess
from hipcv.core.checks.posture import picture_turned
from hipcv.core.checks.shape import check_stored_size
from hipcv.core.finding import Cause, FindingCode, Severity
from hipcv.core.procedures import procedure_named
from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS, PoseSeries
from hipcv.core.setup import Setup
from hipcv.core.viewing import Viewing
from hipcv.pose.part import several_tests

C = FindingCode
SEATED, PRONE = Setup(), Setup(procedure_named("prone"))


def with_px(series: PoseSeries, change) -> PoseSeries:
    return replace(series, image_px=change(series.image_px.copy()))


def lit(brightness: float) -> PoseSeries:
    series = seated()
    return replace(series, brightness=np.full(len(series), brightness))


def unseen(series: PoseSeries) -> PoseSeries:
    return replace(series, image_px=np.full_like(series.image_px, np.nan), world_m=np.full_like(series.world_m, np.nan))


def without_left(px):
    px[:, [KNEES[0], ANKLES[0]]] = np.nan
    return px


def half(series: PoseSeries) -> PoseSeries:
    middle = float(np.median(series.image_px[:, HIPS, 0]))
    part = replace(series, image_px=series.image_px - [middle, 0.0], edges_px=np.empty((0, 4)))
    return replace(part, frame_size_px=(round(series.frame_size_px[0] - middle), series.frame_size_px[1]))


def squeezed(share: float) -> PoseSeries:
    series = seated()
    px = series.image_px * [share, 1.0]
    return replace(
        series,
        image_px=px,
        edges_px=series.edges_px * np.tile([share, 1.0], 2),
        frame_size_px=(round(share * series.frame_size_px[0]), series.frame_size_px[1]),
    )


def slow(fps: float) -> PoseSeries:
    return seated(fps=fps)


def feet_outside(series: PoseSeries) -> PoseSeries:
    lowest = int(np.median(series.image_px[:, ANKLES, 1])) - 8
    return replace(series, frame_size_px=(series.frame_size_px[0], lowest))


def standing(series: PoseSeries) -> PoseSeries:
    """Return somebody whose thighs hang as well."""
    world = series.world_m.copy()
    world[:, KNEES] = world[:, HIPS] + [0.0, 0.42, 0.0]
    px = series.image_px.copy()
    px[:, [*HIPS, *SHOULDERS], 1] -= 0.8 * np.linalg.norm(px[0, ANKLES] - px[0, KNEES], axis=-1).max()
    return replace(series, world_m=world, image_px=px)


def blurred(series: PoseSeries) -> PoseSeries:
    return replace(series, sharpness=np.full(len(series), 0.02))


def several(cause: Cause):
    return several_tests([(0.0, 11.0), (11.0, np.inf)], 1.0, 22.0, cause)


#: What is wrong, a scene of it, how the test was done, what the source of the frames told, and its code and cause.
CAUSES: dict[str, tuple] = {
    "too dark": (lambda: lit(0.04), SEATED, (), C.LOW_LIGHT, None),
    "burnt white": (lambda: lit(0.97), SEATED, (), C.TOO_BRIGHT, None),
    "blurred": (lambda: blurred(seated()), SEATED, (), C.MOTION_BLUR, None),
    "too few pictures a second": (lambda: slow(2.0), SEATED, (), C.LOW_FRAME_RATE, None),
    "nobody in view": (lambda: unseen(seated()), SEATED, (), C.NO_PERSON, None),
    "legs covered, face down": (lambda: unseen(prone()), PRONE, (), C.LEGS_NOT_SEEN, None),
    "one leg covered or not there": (
        lambda: with_px(seated(), without_left),
        SEATED,
        (),
        C.LEGS_NOT_SEEN,
        Cause.LONE_LEG,
    ),
    "half of the body outside": (lambda: half(seated()), SEATED, (), C.OUT_OF_FRAME, Cause.HALF_BODY),
    "feet outside": (lambda: feet_outside(seated()), SEATED, (), C.OUT_OF_FRAME, None),
    "standing": (lambda: standing(seated()), SEATED, (), C.WRONG_TEST, None),
    "upside down": (seated, SEATED, (picture_turned(180.0),), C.PICTURE_TURNED, Cause.UPSIDE_DOWN),
    "on its side": (seated, SEATED, (picture_turned(90.0),), C.PICTURE_TURNED, Cause.TURNED_CLOCKWISE),
    "squeezed": (lambda: squeezed(0.75), SEATED, (), C.PIXEL_SHAPE, None),
    "stretched": (lambda: squeezed(4 / 3), SEATED, (), C.PIXEL_SHAPE, None),
    "a capture card's pixels, face down": (
        *(prone, PRONE, check_stored_size((480, 480), PRONE)),
        *(C.PIXEL_SHAPE, Cause.STORED_SIZE),
    ),
    "a shape that nothing records, face down": (
        *(prone, PRONE, check_stored_size((512, 480), PRONE)),
        *(C.PIXEL_SHAPE, Cause.ODD_SHAPE),
    ),
    "clips joined": (seated, SEATED, (several(Cause.JOINED),), C.SEVERAL_TESTS, Cause.JOINED),
    "camera knocked": (seated, SEATED, (several(Cause.KNOCKED),), C.MOVING_CAMERA, Cause.KNOCKED),
    "another person": (seated, SEATED, (several(Cause.OTHER_PERSON),), C.SEVERAL_TESTS, Cause.OTHER_PERSON),
    "legs elsewhere": (seated, SEATED, (several(Cause.OTHER_PLACE),), C.SEVERAL_TESTS, Cause.OTHER_PLACE),
    "no edge to tell where down is": (lambda: seated(room=False), SEATED, (), C.GRAVITY_UNKNOWN, None),
    "camera beside the person": (lambda: seated(yaw=40.0), SEATED, (), C.CAMERA_YAW, None),
    "camera looking down steeply": (lambda: seated(pitch=39.0), Setup(pitch_deg=39.0), (), C.CAMERA_PITCH, None),
}


def seen(name: str) -> Assessment:
    scene, setup, told, _, _ = CAUSES[name]
    return assess(scene(), setup, provenance=Provenance(viewing=Viewing()), recording_findings=told)


def weighty(assessment: Assessment) -> list:
    return [f for f in assessment.findings if f.severity is not Severity.NOTE]


@pytest.fixture(scope="module")
def told():
    return {name: weighty(seen(name)) for name in CAUSES}


def test_a_scene_in_which_nothing_is_wrong_is_told_nothing():
    for scene, setup in ((seated, SEATED), (prone, PRONE)):
        assert weighty(assess(scene(), setup)) == []


@pytest.mark.parametrize("name", CAUSES)
def test_every_cause_is_told_by_its_code_and_by_no_other(told, name):
    _, _, _, code, cause = CAUSES[name]
    assert {f.code for f in told[name]} == {code}
    assert {f.cause for f in told[name]} == {cause}


@pytest.mark.parametrize("code", sorted({row[3] for row in CAUSES.values()}))
def test_every_code_is_told_of_its_causes_alone(told, code):
    telling = {name for name, findings in told.items() if code in {f.code for f in findings}}
    assert telling == {name for name, row in CAUSES.items() if row[3] is code}


def test_no_two_causes_share_a_sentence_but_those_of_one_shape(told):
    sentences = {name: findings[0].advice for name, findings in told.items()}
    assert len(set(sentences.values())) == len(sentences) - 1  # squeezed and stretched are asked alike


def test_what_no_picture_tells_is_said_on_the_result():
    """A mirror image looks like any other, a squeezed one too where somebody lies: the result says what it rests on."""
    from hipcv.outputs.basis import shape_text, sides_text

    told = {mirrored: sides_text(replace(SEATED, mirrored=mirrored)) for mirrored in (None, False, True)}
    assert "not mirrored (assumed, nobody said so)" in told[None]
    assert "not mirrored (as told)" in told[False]
    assert "a mirrored picture, turned back (as told)" in told[True]
    assert "nobody said so" in shape_text(PRONE, Viewing())
    assert "nobody said so" not in shape_text(SEATED, Viewing())
    assert shape_text(PRONE, Viewing(aspect=4 / 3)) == "what was told"
