"""What stands still is looked at no more than is of use; what moves is looked at in every frame."""

import cv2
import numpy as np
import pytest

from hipcv.pose.legs.network import Look, Region
from hipcv.pose.legs.seen_before import LOOKS_OF_A_VIEW, SeenBefore

SQUARE = Region(128.0, 128.0, 256.0, 0.0)
SHANK_PX = 80.0
#: Frames of twelve seconds at eight a second.
N = 96


class CountedLooks:
    """A network that sees nothing, and counts how often it looks."""

    def __init__(self) -> None:
        self.n = 0

    def __call__(self, crop):
        self.n += 1
        return Look(np.zeros((39, 2)), np.zeros((33, 3)), 0.9, np.ones((256, 256)), np.full((64, 64, 39), -9.0))


def leg(angle_deg: float, noise: float = 0.0, seed: int = 0):
    """Draw a light shank before a dark room that hangs from the middle of the picture, turned by so many degrees."""
    rgb = np.full((256, 256, 3), 60, np.uint8)
    turn = np.radians(angle_deg)
    ankle = (128 + SHANK_PX * np.sin(turn), 100 + SHANK_PX * np.cos(turn))
    cv2.line(rgb, (128 * 8, 100 * 8), tuple(round(8 * v) for v in ankle), (210, 180, 160), 22, cv2.LINE_AA, 3)
    dotted = rgb + np.random.default_rng(seed).normal(0, noise, rgb.shape) if noise else rgb
    return np.clip(dotted, 0, 255).astype(np.uint8)


def n_looks(pictures, **given) -> int:
    network = CountedLooks()
    seen = SeenBefore(SQUARE, network, **given)
    for k, rgb in enumerate(pictures):
        seen.first_look(rgb, seen.cells(rgb), k / 8)
    return network.n


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_a_leg_that_stands_still_is_looked_at_twice_in_each_view(noise):
    assert n_looks(leg(20.0, noise, seed=k) for k in range(N)) == 6 * LOOKS_OF_A_VIEW


def test_a_leg_that_moves_is_looked_at_in_every_frame():
    assert n_looks(leg(0.5 * k) for k in range(N)) == N


def test_a_leg_that_comes_back_again_and_again_shows_nothing_new():
    there_and_back = [*range(0, 20, 2), *range(20, 0, -2)]
    n_pictures = len(set(there_and_back))
    assert n_looks(leg(angle) for angle in there_and_back * 20) <= n_pictures * 6 * LOOKS_OF_A_VIEW


def test_whoever_wants_every_look_gets_it():
    assert n_looks((leg(20.0) for _ in range(N)), looks_of_a_view=None) == N


def test_looks_that_were_taken_are_not_taken_again_when_the_clip_comes_once_more():
    network = CountedLooks()
    seen = SeenBefore(SQUARE, network)
    for _ in range(2):
        seen.begin_again()
        for k in range(12):
            rgb = leg(3.0 * k)
            seen.first_look(rgb, seen.cells(rgb), k / 8)
    assert network.n == 12
