"""Who has one leg to show, or shows half of the body: one leg is measured and the other named, or the half is."""

from dataclasses import replace

import numpy as np
import pytest
from simulated import prone, seated

from hipcv.assessment import assess
from hipcv.core.checks.recording import check_half_body, lone_leg
from hipcv.core.finding import Cause, FindingCode, Severity
from hipcv.core.procedures import procedure_named
from hipcv.core.series import ANKLES, HIPS, KNEES, PoseSeries
from hipcv.core.setup import Setup
from hipcv.words import SIDES, Side

TESTS = {"seated": seated, "prone": prone}


def without(series: PoseSeries, side: Side, share: float = 1.0) -> PoseSeries:
    """Return a scene in which a share of the frames shows no lower leg on one side."""
    px = series.image_px.copy()
    px[: round(share * len(px)), [KNEES[side.column], ANKLES[side.column]]] = np.nan
    return replace(series, image_px=px)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("side", SIDES)
def test_one_leg_is_measured_where_the_other_is_not_there(test, side):
    setup = Setup(procedure_named(test))
    whole = TESTS[test]()
    both, seen = assess(whole, setup), assess(without(whole, side), setup)
    assert seen.of(side.other).end_range_deg == pytest.approx(both.of(side.other).end_range_deg, abs=0.5)
    assert not seen.of(side).measured
    assert seen.asymmetry is None
    (told,) = [f for f in seen.findings if f.code is FindingCode.LEGS_NOT_SEEN]
    assert (told.side, told.severity, told.cause) == (side, Severity.REJECT, Cause.LONE_LEG)
    assert told.advice.startswith(f"Only the {side.other} leg was seen and measured: if the {side} one")
    assert {f.code for f in seen.findings if f.severity is not Severity.NOTE} == {FindingCode.LEGS_NOT_SEEN}


def test_a_leg_that_is_lost_for_a_while_is_no_leg_that_is_not_there():
    series = seated()
    assert lone_leg(without(series, Side.LEFT, 0.6)) is None
    assert lone_leg(without(series, Side.LEFT, 0.95)) is Side.RIGHT
    assert lone_leg(without(without(series, Side.LEFT), Side.RIGHT)) is None


def cut(series: PoseSeries, at_px: float) -> PoseSeries:
    """Return the part of a scene to the right of a column of its picture."""
    width, height = series.frame_size_px
    px = series.image_px - [at_px, 0.0]
    return replace(series, image_px=px, frame_size_px=(round(width - at_px), height), edges_px=np.empty((0, 4)))


def test_half_a_body_is_refused_as_that():
    series = seated()
    middle = float(np.median(series.image_px[:, HIPS, 0]))
    seen = assess(cut(series, middle), Setup())
    assert [(f.code, f.cause) for f in seen.findings] == [(FindingCode.OUT_OF_FRAME, Cause.HALF_BODY)]
    assert check_half_body(cut(series, middle - 60), Setup().procedure) is None


def test_one_leg_that_is_taken_for_both_is_refused():
    series = seated()
    px = series.image_px.copy()
    px[:, [KNEES[1], ANKLES[1]]] = px[:, [KNEES[0], ANKLES[0]]] - [1.0, 0.0]
    seen = assess(replace(series, image_px=px), Setup())
    assert (FindingCode.LEGS_NOT_SEEN, Cause.ONE_FOR_TWO) in [(f.code, f.cause) for f in seen.findings]
    assert [seen.of(side).measured for side in SIDES] == [False, False]


def test_knees_that_touch_are_two():
    series = seated()
    shank_px = float(np.linalg.norm(series.image_px[0, ANKLES[0]] - series.image_px[0, KNEES[0]]))
    px = series.image_px.copy()
    for column, x in enumerate(px[:, KNEES, 0].mean(axis=(0, 1)) + np.array([0.13, -0.13]) * shank_px):
        px[:, [KNEES[column], ANKLES[column]], 0] += x - px[:, KNEES[column], 0].mean()
    assert check_half_body(replace(series, image_px=px), Setup().procedure) is None
