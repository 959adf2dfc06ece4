"""The ends of drawn legs, whose place is known."""

import numpy as np
import pytest

from hipcv.pose.legs.heatmaps import CELL_CENTRE_PX, CELL_PX
from hipcv.pose.legs.knee_outline import KNEE_BELOW_SHANKS, knee_outline, lift_knees, stay_at_the_end

SHANK = 64.0
KNEES = np.array([[100.0, 90.0], [156.0, 92.0]])
Y, X = (CELL_PX * grid + CELL_CENTRE_PX for grid in np.mgrid[0:64, 0:64].astype(float))


def leg(end_x, end_y, lean_deg=0.0):
    """Return a limb 18 pixels wide that ends round at (end_x, end_y) and goes on downwards, leaning."""
    turn = np.radians(lean_deg)
    x, y = X - end_x, Y - (end_y + 9)
    along, across = x * np.sin(turn) + y * np.cos(turn), x * np.cos(turn) - y * np.sin(turn)
    distance = np.where(along > 0, np.abs(across), np.hypot(across, along))
    return 1 / (1 + np.exp((distance - 9) / 1.5))


def pictures(rise=0.0, lean_deg=0.0):
    return np.maximum(leg(100, 80 - rise, -lean_deg), leg(156, 82))[None].astype(np.float32)


def test_the_ends_of_both_legs_are_found_to_a_pixel_or_two():
    outline = knee_outline(pictures(), KNEES[None], SHANK)
    assert outline[0, :, 1] == pytest.approx([80, 82], abs=2.0)
    assert outline[0, :, 0] == pytest.approx(KNEES[:, 0])


@pytest.mark.parametrize("rise", [-6.0, -2.5, 1.5, 5.0])
def test_a_leg_that_rises_is_followed_by_as_much(rise):
    before, after = (knee_outline(pictures(r), KNEES[None], SHANK)[0, :, 1] for r in (0.0, rise))
    assert before[0] - after[0] == pytest.approx(rise, abs=0.7)
    assert before[1] == pytest.approx(after[1])


@pytest.mark.parametrize("lean_deg", [20.0, 40.0])
def test_turning_the_leg_moves_its_end_little(lean_deg):
    upright, leaning = (knee_outline(pictures(lean_deg=turn), KNEES[None], SHANK)[0, 0, 1] for turn in (0.0, lean_deg))
    assert leaning == pytest.approx(upright, abs=2.0)


def test_without_an_end_in_sight_there_is_none():
    assert np.isnan(knee_outline(np.ones((1, 64, 64), np.float32), KNEES[None], SHANK)).all()
    assert np.isnan(knee_outline(np.zeros((1, 64, 64), np.float32), KNEES[None], SHANK)).all()


def test_knees_sought_too_far_down_are_lifted_to_below_the_end_of_the_leg():
    low = np.repeat(KNEES[None] + [[0.0, 3.0], [0.0, 20.0]], 5, axis=0)
    outline = knee_outline(np.repeat(pictures(), 5, axis=0), low, SHANK)
    lifted = lift_knees(low, outline, SHANK)
    assert lifted[:, :, 1] == pytest.approx(outline[:, :, 1] + KNEE_BELOW_SHANKS * SHANK)
    assert np.array_equal(lifted[:, :, 0], low[:, :, 0])


def test_a_knee_whose_outline_is_not_seen_stays():
    unseen = np.full((1, 2, 2), np.nan)
    assert np.array_equal(lift_knees(KNEES[None], unseen, SHANK), KNEES[None])


def test_lifting_takes_one_shift_for_the_whole_clip():
    """So that a knee that moves goes on moving."""
    moving = np.repeat(KNEES[None], 9, axis=0) + np.linspace(-4, 4, 9)[:, None, None]
    lifted = lift_knees(moving, np.repeat(KNEES[None], 9, axis=0), SHANK)
    assert np.diff(lifted, axis=0) == pytest.approx(np.diff(moving, axis=0))


def test_a_knee_that_went_down_a_leaning_shank_is_put_back_and_one_that_drifted_is_not():
    """Seven frames; in the last three both knees have moved 14 pixels sideways, one of them down its shank's edge."""
    knees = np.repeat(KNEES[None], 7, axis=0)
    knees[4:, :, 0] += 14
    outline = knees - [0.0, 8.0]
    outline[4:, 0, 1] += 12
    stayed = stay_at_the_end(knees, outline, SHANK)
    assert np.array_equal(stayed[:, 0], np.repeat(KNEES[None, 0], 7, axis=0))
    assert np.array_equal(stayed[:, 1], knees[:, 1])
