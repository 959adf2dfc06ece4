"""The lower leg's edges in drawn strips, whose middle lines are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.pose.legs.edges import COLUMNS, ROWS, TAPER, WIDTH_AT, edge_strength, find_ribbon


def strip(turn_deg=0.0, offset=0.0, half=0.145, *, skin=(55, 18, 20), wall=(70, 0, -5), noise=0.8, seed=0):
    """A tapered leg of one colour before a wall of another, its middle turned and shifted."""
    rng = np.random.default_rng(seed)
    middle = offset + np.tan(np.radians(turn_deg)) * ROWS[:, None]
    width = half * (1 - TAPER * (ROWS[:, None] - WIDTH_AT))
    inside = 1 / (1 + np.exp((np.abs(COLUMNS[None] - middle) - width) / 0.006))
    lab = inside[..., None] * np.array(skin, float) + (1 - inside[..., None]) * np.array(wall, float)
    return lab + rng.normal(0, noise, lab.shape), inside


@settings(max_examples=40, deadline=None)
@given(st.floats(-9, 9), st.floats(-0.06, 0.06), st.floats(0.11, 0.19), st.integers(0, 20))
def test_the_ribbon_is_found_to_less_than_a_degree(turn, offset, half, seed):
    lab, mask = strip(turn, offset, half, seed=seed)
    ribbon = find_ribbon(edge_strength(lab, mask))
    assert ribbon.turn_deg == pytest.approx(turn, abs=0.9)
    assert ribbon.offset == pytest.approx(offset, abs=0.01)
    assert ribbon.half_width == pytest.approx(half, abs=0.02)


def test_a_leg_of_the_wall_s_lightness_is_found_by_its_colour():
    lab, _ = strip(5.0, skin=(60, 18, 20), wall=(60, 0, -5))
    assert find_ribbon(edge_strength(lab, np.ones(lab.shape[:2]))).turn_deg == pytest.approx(5.0, abs=0.7)


def test_an_edge_of_the_furniture_beside_the_leg_does_not_pull_it_away():
    lab, mask = strip(3.0)
    lab[:, COLUMNS > 0.30] += [25, 5, 30]
    assert find_ribbon(edge_strength(lab, mask)).turn_deg == pytest.approx(3.0, abs=0.8)


def test_without_any_edge_there_is_no_ribbon_or_a_weak_one():
    blank = np.random.default_rng(1).normal(60, 0.5, (len(ROWS), len(COLUMNS), 3))
    ribbon = find_ribbon(edge_strength(blank, np.ones(blank.shape[:2])))
    assert ribbon is None or ribbon.residual > 0.006


def test_mirroring_the_strip_mirrors_the_ribbon():
    lab, mask = strip(6.0, 0.03)
    one, other = find_ribbon(edge_strength(lab, mask)), find_ribbon(edge_strength(lab[:, ::-1], mask[:, ::-1]))
    assert other.turn_deg == pytest.approx(-one.turn_deg, abs=0.6)
    assert other.offset == pytest.approx(-one.offset, abs=0.012)
