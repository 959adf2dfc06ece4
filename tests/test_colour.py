"""The legs' colour learned from a few places of known colour."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.pose.legs.colour import MIN_COLOURS, learn_colour

SKIN, SHIRT, WALL = (150, 145, 150), (90, 120, 170), (190, 128, 128)


def painted(colour, n=600, *, seed=0, light=6.0, tint=1.5):
    """Return n CIELAB colours about one, their lightness scattered by the light and their tint by noise."""
    rng = np.random.default_rng(seed)
    return np.clip(np.array(colour) + rng.normal(0, (light, tint, tint), (n, 3)), 0, 255).astype(np.uint8)


def picture():
    """Return a quarter shirt, a tenth leg and the rest wall."""
    return np.concatenate([painted(SHIRT, 1500), painted(SKIN, 600), painted(WALL, 3900)])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_leg_s_colour_is_told_from_shirt_and_wall(seed):
    colour = learn_colour(painted(SKIN, seed=seed + 1), picture())
    leg, shirt, wall = (colour.likeness(painted(c, seed=seed + 2)) for c in (SKIN, SHIRT, WALL))
    assert np.median(leg) > 0.8
    assert np.percentile(leg, 5) > 0.5
    assert np.percentile(shirt, 95) < 0.1
    assert np.percentile(wall, 95) < 0.1


def test_a_leg_in_the_shade_is_still_a_leg():
    colour = learn_colour(painted(SKIN), picture())
    assert np.median(colour.likeness(painted((130, 145, 150)))) > 0.5


def test_a_colour_never_seen_tells_nothing():
    colour = learn_colour(painted(SKIN), picture())
    assert colour.likeness(np.array([20, 200, 40], np.uint8)) == pytest.approx(0.5, abs=0.02)


def test_legs_of_the_mat_s_colour_teach_nothing():
    assert learn_colour(painted(WALL, 2000, seed=1), picture()) is None


def test_too_little_teaches_nothing():
    assert learn_colour(painted(SKIN, MIN_COLOURS - 1), picture()) is None
    assert learn_colour(painted(SKIN, MIN_COLOURS), picture()) is not None


def test_likeness_keeps_the_shape_of_the_picture():
    colour = learn_colour(painted(SKIN), picture())
    assert colour.likeness(picture()[:60].reshape(6, 10, 3)).shape == (6, 10)
