"""Joints are the zero, edges the protractor: legs whose joints and edges lie aside by known amounts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.pose.legs.edges import Ribbon
from hipcv.pose.legs.protractor import (
    HANGING,
    HEAD_UP,
    displacement_deg,
    fuse_ribbon,
    measure_shank,
)
from hipcv.pose.legs.tracking import LegPath

SEEN = Ribbon(turn_deg=0.0, offset=0.0, residual=0.0, strength=1.0, half_width=0.14)
LENGTH_PX = 80.0
#: A leg at rest, out, held and back.
SWING_DEG = np.concatenate(
    [np.zeros(12), np.linspace(0, 35, 6), np.full(10, 35.0), np.linspace(35, 0, 6), np.zeros(12)]
)
HELD, RESTING = SWING_DEG == 35.0, SWING_DEG == 0.0


def direction_deg(knees, ankles):
    """Clockwise from straight down towards the left, y down."""
    dx, dy = (ankles - knees).T
    return np.degrees(np.arctan2(-dx, dy))


def leg(joints_deg):
    """The path of a leg whose heat maps point so."""
    turn = np.radians(joints_deg)
    knees = np.full((len(turn), 2), 100.0)
    ankles = knees + LENGTH_PX * np.stack([-np.sin(turn), np.cos(turn)], axis=1)
    return LegPath(knees, ankles, np.asarray(joints_deg), np.ones(len(turn)), np.ones(len(turn)))


def ribbons(edges_deg, path):
    """What the edges show that point so, against the path."""
    turns = edges_deg - direction_deg(path.knee_px, path.ankle_px)
    return [replace(SEEN, turn_deg=float(turn)) for turn in turns]


def measured(joints_deg, edges_deg, doubts=None, landmarks_deg=None):
    """The direction that is made of all; landmarks lie where the heat maps' joints do."""
    path = leg(joints_deg)
    doubts = np.ones(len(joints_deg)) if doubts is None else doubts
    against_deg = np.zeros(len(joints_deg)) if landmarks_deg is None else landmarks_deg - joints_deg
    knees, ankles, se_deg = measure_shank(path, ribbons(edges_deg, path), against_deg, LENGTH_PX, doubts)
    return direction_deg(knees, ankles), se_deg


@settings(max_examples=30, deadline=None)
@given(st.floats(-7, 7))
def test_edges_that_lie_aside_for_good_change_no_swing_and_hardly_the_zero(aside):
    true, _ = measured(SWING_DEG, SWING_DEG)
    with_calf, _ = measured(SWING_DEG, SWING_DEG + aside)
    assert with_calf - with_calf[0] == pytest.approx(true - true[0], abs=0.2)
    assert with_calf[RESTING] == pytest.approx(HANGING.edges_share * aside, abs=0.25)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 6), st.floats(-4, 4))
def test_a_knee_that_slides_with_the_turning_thigh_is_mostly_taken_back_by_the_edges(slides, aside):
    joints = SWING_DEG - slides * SWING_DEG / 35.0
    found, _ = measured(joints, SWING_DEG + aside)
    assert np.abs(found[HELD] - found[0] - 35.0).max() < 0.35 * slides + 0.2


def test_a_share_of_the_joints_error_at_rest_is_taken_as_the_zero():
    found, _ = measured(SWING_DEG + 2.0, SWING_DEG)
    assert found[RESTING] == pytest.approx(2.0, abs=0.3)
    assert found[HELD] - found[0] == pytest.approx(35.0, abs=0.1)


def test_landmarks_have_their_share_in_the_zero_and_none_in_the_swing():
    aside = SWING_DEG + 4.0 + 0.2 * SWING_DEG
    found, _ = measured(SWING_DEG, SWING_DEG, landmarks_deg=aside)
    assert found[RESTING] == pytest.approx(HANGING.landmarks_share * 4.0, abs=0.1)
    assert found[HELD] - found[0] == pytest.approx(35.0, abs=0.1)


def test_without_a_rest_that_is_seen_the_edges_count_little():
    doubts = np.full(len(SWING_DEG), 2.0)
    found, se_deg = measured(SWING_DEG, SWING_DEG + 4.0, doubts)
    _, clear_se_deg = measured(SWING_DEG, SWING_DEG + 4.0)
    assert np.all(found < SWING_DEG + 2.0)
    assert np.all(se_deg > clear_se_deg)
    assert np.isnan(displacement_deg(SWING_DEG, leg(SWING_DEG), doubts))


def test_edges_of_something_else_are_left_out_and_the_joints_count_less():
    far = HANGING.most_deg + 1.0
    found, se_deg = measured(SWING_DEG, SWING_DEG + far)
    _, near_se_deg = measured(SWING_DEG, SWING_DEG + 1.0)
    assert found == pytest.approx(SWING_DEG, abs=1e-6)
    assert np.all(se_deg > near_se_deg)
    passing = SWING_DEG.copy()
    passing[HELD] += far
    found, se_deg = measured(SWING_DEG, passing)
    assert found == pytest.approx(SWING_DEG, abs=1e-6)
    assert se_deg[HELD].min() > se_deg[RESTING].max()


def test_without_edges_the_joints_stand_alone():
    knee, ankle = np.array([100.0, 100.0]), np.array([100.0, 170.0])
    alone = fuse_ribbon(knee, ankle, None, 70.0, 1.0)
    assert np.array_equal(alone[1], ankle)
    assert fuse_ribbon(knee, ankle, SEEN, 70.0, 1.0, 0.0)[2] < alone[2] < fuse_ribbon(knee, ankle, None, 70.0, 3.0)[2]


def test_a_ribbon_of_faint_edges_counts_less():
    knee, ankle = np.array([100.0, 100.0]), np.array([100.0, 170.0])
    turns = []
    for strength in (1.2, 0.9, 0.6, 0.3):
        seen = replace(SEEN, turn_deg=4.0, strength=strength)
        a, b, _ = fuse_ribbon(knee, ankle, seen, 70.0, 1.0, 0.0)
        turns.append(float(direction_deg(a[None], b[None])[0]))
    assert turns[0] == turns[1] > turns[2] > turns[3] > 0


def test_legs_shown_head_up_lean_more_on_their_edges_and_are_known_less_well():
    path = leg(SWING_DEG + 6.0)
    seen = path, ribbons(SWING_DEG, path), np.zeros(len(SWING_DEG)), LENGTH_PX, np.ones(len(SWING_DEG))
    zero_deg = [direction_deg(*measure_shank(*seen, aside)[:2])[RESTING] for aside in (HANGING, HEAD_UP)]
    assert [float(np.median(deg)) for deg in zero_deg] == pytest.approx(
        [6.0 * (1 - aside.edges_share) for aside in (HANGING, HEAD_UP)], abs=0.3
    )
    assert HEAD_UP.edges_share > 4 * HANGING.edges_share
    assert HEAD_UP.zero_se_deg > 2 * HANGING.zero_se_deg
