"""Legs that are elsewhere from some second on, or come back after a while, are told; a trial moves none."""

from dataclasses import replace

import numpy as np
import pytest
from simulated import prone, seated

from hipcv.core.checks.place import other_place_s
from hipcv.core.series import ANKLES, KNEES

LEGS = [*KNEES, *ANKLES]
SCENES = {"prone": prone, "seated": seated}


def changed(series, change):
    px = series.image_px.copy()
    change(px)
    return replace(series, image_px=px)


@pytest.mark.parametrize("test", SCENES)
@pytest.mark.parametrize("at_share", [0.3, 0.7])
def test_legs_that_are_put_elsewhere_are_told_from_that_second_on(test, at_share):
    series = SCENES[test]()
    at = round(at_share * len(series))
    shank_px = float(np.linalg.norm(series.image_px[0, ANKLES[0]] - series.image_px[0, KNEES[0]]))

    def move(px):
        px[at:, :, 0] += 0.35 * shank_px

    until_s, from_s = other_place_s(changed(series, move))
    assert (until_s, from_s) == pytest.approx((series.time_s[at - 1], series.time_s[at]), abs=0.3)


@pytest.mark.parametrize("scene", [prone(), seated(), prone(drift=20.0), seated(drift=20.0), prone(twist=12.0)])
def test_a_test_in_one_place_is_one_whatever_the_thighs_do(scene):
    assert other_place_s(scene) is None


@pytest.mark.parametrize(("gone_s", "told"), [(5.0, True), (3.0, False)])
def test_legs_that_are_gone_for_a_while_are_told(gone_s, told):
    series = prone()
    away = (series.time_s > 8.0) & (series.time_s < 8.0 + gone_s)

    def hide(px):
        px[np.ix_(away, LEGS)] = np.nan

    seen = other_place_s(changed(series, hide))
    assert (seen is not None) == told
    if told:
        assert seen == pytest.approx((8.0, 8.0 + gone_s), abs=0.2)


def test_one_leg_behind_a_helper_is_not_gone():
    series = prone()

    def hide(px):
        px[series.time_s > 8.0, KNEES[0]] = np.nan

    assert other_place_s(changed(series, hide)) is None
