"""What is hidden of a shank is missing, and what always looks otherwise is not hidden; on drawn legs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipcv.pose.legs.covered import REST_DEG, at_rest, covered, free_share
from hipcv.pose.legs.tracking import LegPath

KNEE, SHANK, T = np.array([128.0, 80.0]), 90.0, 12


def swinging(angles_deg, shank_px=SHANK):
    """Return a leg that hangs from its knee at these angles (T,)."""
    turn = np.radians(np.asarray(angles_deg, dtype=float))
    knee = np.repeat(KNEE[None], len(turn), axis=0)
    length = np.broadcast_to(np.asarray(shank_px, dtype=float), turn.shape)
    ankle = knee + length[:, None] * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    return LegPath(knee, ankle, np.degrees(turn), np.ones(len(turn)), np.ones(len(turn)))


def painted(path, *, hidden_from=None, frames=(), sock_from=None):
    """Return (T, 64, 64) of a leg's colour: all of it, but for a sock, and in some frames for what stands before it."""
    y = np.arange(64)[:, None] * 4 + 1.5
    below = np.broadcast_to((y - KNEE[1]) / SHANK, (64, 64))
    like = np.ones((len(path.angle_deg), 64, 64))
    if sock_from is not None:
        like[:, below > sock_from] = 0.3
    for t in frames:
        like[t, below > hidden_from] = 0.0
    return like


@given(angle_deg=st.floats(-10, 15), hidden_from=st.floats(0.2, 0.9))
def test_the_free_share_is_what_is_left_of_the_shank(angle_deg, hidden_from):
    path = swinging([angle_deg] * T)
    free = free_share(path, painted(path, hidden_from=hidden_from, frames=[T - 1]))
    seen = hidden_from / np.cos(np.radians(angle_deg))
    assert free[:-1] == pytest.approx(1.0)
    assert free[-1] == pytest.approx(np.clip((seen - 0.15) / 0.8, 0, 1), abs=0.13)  # a twelfth is one place


def test_a_leg_behind_somebody_is_missing_in_those_frames_and_in_no_other():
    path = swinging([2.0] * 8 + [30.0] * 4)
    hidden = covered([path], painted(path, hidden_from=0.4, frames=[9, 10]))[0]
    assert hidden.nonzero()[0].tolist() == [9, 10]


def test_a_sock_hides_nothing():
    path = swinging([2.0] * 8 + [30.0] * 4)
    assert not covered([path], painted(path, sock_from=0.6))[0].any()


def test_a_hand_on_the_ankle_leaves_enough():
    path = swinging([2.0] * 8 + [30.0] * 4)
    assert not covered([path], painted(path, hidden_from=0.85, frames=range(8, 12)))[0].any()


@pytest.mark.parametrize(("share", "missing"), [(0.5, True), (0.9, False), (1.1, False), (1.5, True)])
def test_a_shank_of_another_length_is_another_thing(share, missing):
    lengths = np.full(T, SHANK)
    lengths[5] *= share
    hidden = covered([swinging([2.0] * T, lengths)], None)[0]
    assert hidden[5] == missing
    assert not np.delete(hidden, 5).any()


def test_a_swing_is_no_rest():
    rest = at_rest(swinging([1.0] * 8 + [1.0 + 1.5 * REST_DEG] * 4))
    assert rest.tolist() == [True] * 8 + [False] * 4
