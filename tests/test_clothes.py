"""Somebody else in the same place wears something else; light, arms and the same person do not."""

import cv2
import numpy as np
import pytest
from simulated import prone, seated

from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS
from hipcv.pose.clothes import MIN_PICTURES, person_changes_s

RED, BLUE, DARK_RED = (170, 50, 40), (40, 60, 170), (85, 25, 20)
SERIES = seated(duration_s=20.0)
TIMES_S = np.arange(0.0, 20.0, 0.5)


def picture(series, time_s, shirt, *, light=1.0, arm=False):
    """Return a grey room in which the trunk has a colour, in half the series' size."""
    rgb = np.full((240, 320, 3), 130.0)
    corners = series.image_px[int(np.searchsorted(series.time_s, time_s)), [*SHOULDERS, *HIPS]] / 2
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    rgb[round(top) : round(bottom), round(left) : round(right)] = shirt
    if arm:
        rgb[round(top) : round(top + 0.4 * (bottom - top)), :] = (224, 172, 150)
    return np.clip(light * rgb, 0, 255).astype(np.uint8)


def changes_s(shown):
    return person_changes_s([(t, picture(SERIES, t, **shown(t))) for t in TIMES_S], SERIES)


@pytest.mark.parametrize("at_s", [4.0, 10.0, 16.0])
def test_another_shirt_is_another_person_from_that_second_on(at_s):
    assert changes_s(lambda t: {"shirt": RED if t < at_s else BLUE}) == at_s


def test_one_person_stays_one():
    assert changes_s(lambda t: {"shirt": RED}) is None


def test_light_that_fades_for_all_is_nobody_else():
    assert changes_s(lambda t: {"shirt": RED, "light": 1.0 if t < 10 else 0.8}) is None


def test_an_arm_before_the_trunk_for_a_while_is_nobody_else():
    assert changes_s(lambda t: {"shirt": RED, "arm": 8 < t < 12}) is None


def test_a_moment_of_something_else_is_too_short_to_be_somebody():
    assert changes_s(lambda t: {"shirt": BLUE if t < 0.5 * (MIN_PICTURES - 2) else RED}) is None


def test_a_trunk_that_is_not_seen_says_nothing():
    series = seated(duration_s=4.0)
    hidden = series.image_px.copy()
    hidden[:, SHOULDERS] = np.nan
    from dataclasses import replace

    unseen = replace(series, image_px=hidden)
    assert person_changes_s([(t, np.zeros((240, 320, 3), np.uint8)) for t in (0.0, 1.0)], unseen) is None
    assert person_changes_s([], series) is None


@pytest.mark.parametrize(("dyed", "at_s"), [(KNEES, 10.0), (KNEES[:1], None)])
def test_who_lies_is_another_person_where_both_lower_legs_have_another_colour(dyed, at_s):
    series = prone(duration_s=20.0)

    def lying(time_s):
        rgb = np.full((480, 640, 3), 130, np.uint8)
        px = series.image_px[int(np.searchsorted(series.time_s, time_s))]
        for knee, ankle in zip(KNEES, ANKLES, strict=True):
            ends = (tuple(at.round().astype(int).tolist()) for at in (px[knee], px[ankle]))
            cv2.line(rgb, *ends, BLUE if knee in dyed and time_s >= 10.0 else RED, 20)
        return rgb

    assert person_changes_s([(t, lying(t)) for t in TIMES_S], series) == at_s
