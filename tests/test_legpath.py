"""The path of an ankle over a clip, on drawn maps whose angle is known."""

import numpy as np
import pytest

from hipcv.pose.legs.heatmaps import CELL_CENTRE_PX, CELL_PX
from hipcv.pose.legs.tracking import (
    ANGLES_DEG,
    MAX_SPEED_DEG_S,
    best_path,
    doubt,
    find_paths,
    settle_knees,
    track_knees,
)

KNEES = np.array([[100.0, 95.0], [156.0, 95.0]])
SHANK = 65.0
TIME = np.arange(0, 5, 0.125)
STILL = np.repeat(KNEES[None], len(TIME), axis=0)


def angle_over_time(peak, start=1.0):
    return np.interp(TIME, [0, start, start + 0.7, start + 1.7, start + 2.4, 9], [2, 2, peak, peak, 2, 2])


def blob(x, y, height=0.7):
    row, column = np.mgrid[0:64, 0:64]
    cx, cy = (x - CELL_CENTRE_PX) / CELL_PX, (y - CELL_CENTRE_PX) / CELL_PX
    return height * np.exp(-0.5 * ((column - cx) ** 2 + (row - cy) ** 2) / 1.7)


def ankle(leg, angle_deg):
    turn = np.radians(angle_deg)
    return KNEES[leg] + SHANK * np.array([(-1 if leg == 0 else 1) * np.sin(turn), np.cos(turn)])


def clip(left, right, *, drop=(), decoy=None):
    maps = np.zeros((len(TIME), 64, 64), np.float32)
    for t in range(len(TIME)):
        for leg, angle in ((0, left[t]), (1, right[t])):
            if (leg, t) not in drop:
                maps[t] = np.maximum(maps[t], blob(*ankle(leg, angle)))
        if decoy is not None and t in decoy:
            maps[t] = np.maximum(maps[t], blob(*ankle(1, 70.0), height=0.9))
    return maps, np.full((len(TIME), 64, 64), 0.9, np.float32)


def test_both_ankles_are_followed_through_a_swing_and_a_hold():
    left, right = angle_over_time(30), angle_over_time(45, 1.5)
    paths = find_paths(*clip(left, right), TIME, STILL, SHANK)
    for path, truth in zip(paths, (left, right), strict=True):
        assert np.abs(path.angle_deg - truth).max() < 2.0


def test_a_brighter_decoy_for_two_frames_does_not_carry_the_path_away():
    left, right = angle_over_time(20), angle_over_time(25)
    paths = find_paths(*clip(left, right, decoy={6, 30}), TIME, STILL, SHANK)
    assert np.abs(paths[1].angle_deg - right).max() < 3.0


def test_an_ankle_that_vanishes_is_not_taken_for_the_other_one():
    left, right = angle_over_time(2), angle_over_time(30)
    gone = {(1, t) for t in range(12, 20)}
    maps, masks = clip(left, right, drop=gone)
    path = find_paths(maps, masks, TIME, STILL, SHANK)[1]
    unsure = doubt(path, 0.7, SHANK)
    assert unsure[12:20].min() > 2.0
    assert unsure[:8].max() < 1.5
    assert np.abs(path.angle_deg - right)[[*range(8), *range(24, len(TIME))]].max() < 3.0


def test_the_path_never_swings_faster_than_a_leg():
    rng = np.random.default_rng(0)
    path = best_path(rng.normal(size=(len(TIME), len(ANGLES_DEG))) * 3, TIME)
    speed = np.abs(np.diff(ANGLES_DEG[path])) / np.diff(TIME)
    assert speed.max() <= MAX_SPEED_DEG_S + 1.5 / 0.125


def test_knees_settle_on_the_near_peak_and_stay_without_one():
    near = blob(*(KNEES[0] + [4, -3])) + blob(*(KNEES[1] + [60, 60]))
    settled = settle_knees(near, KNEES, SHANK)
    assert settled[0] == pytest.approx(KNEES[0] + [4, -3], abs=0.6)
    assert settled[1] == pytest.approx(KNEES[1])


def test_a_knee_that_drifts_is_followed_and_one_that_trembles_is_not():
    rng = np.random.default_rng(2)
    away = np.interp(TIME, [0, 2, 3, 4, 9], [0, 0, 18, 18, 0])
    maps = np.zeros((len(TIME), 64, 64), np.float32)
    for t in range(len(TIME)):
        tremble = rng.normal(0, 1.0, 2)
        maps[t] = np.maximum(blob(*(KNEES[0] + tremble)), blob(*(KNEES[1] + [away[t], 0])))
    knees = track_knees(maps, TIME, KNEES, SHANK)
    assert np.ptp(knees[:, 0], axis=0) == pytest.approx([0, 0])
    moved = knees[:, 1, 0] - knees[0, 1, 0]
    assert moved == pytest.approx(away, abs=4.0)


def test_a_knee_s_sight_that_slides_along_the_shank_is_followed_only_a_little():
    """A thigh swings sideways; what moves towards the ankle is the network's idea of the knee."""
    down = np.interp(TIME, [0, 3.2, 3.8, 5], [0, 0, 24, 24])
    maps = np.stack([np.maximum(blob(*KNEES[0]), blob(*(KNEES[1] + [0, y]))) for y in down]).astype(np.float32)
    knees = track_knees(maps, TIME, KNEES, SHANK)
    assert np.ptp(knees[:, 1, 1]) < 0.2 * SHANK


def test_what_has_not_the_legs_colour_is_no_knee():
    """For half a clip something on the shorts looks more like the knee than the knee does."""
    maps = np.stack([np.maximum(blob(*KNEES[0]), blob(*KNEES[1], height=0.4))] * len(TIME)).astype(np.float32)
    maps[20:] = np.maximum(maps[20:], blob(*(KNEES[1] + [-20, 12]), height=0.9))
    shorts = np.zeros((64, 64), bool)
    shorts[20:40, 30:38] = True
    legs = np.repeat(np.where(shorts, 0.1, 0.9)[None], len(TIME), axis=0)
    taken, refused = (track_knees(maps, TIME, KNEES, SHANK, like) for like in (None, legs))
    assert np.ptp(taken[:, 1, 0]) > 10
    assert np.ptp(refused[:, 1, 0]) == pytest.approx(0)


def test_of_two_ankles_alike_the_one_with_a_leg_to_it_is_taken():
    """The other stands at the end of a broad trunk."""
    row, column = np.mgrid[0:64, 0:64]
    x, y = CELL_PX * column + CELL_CENTRE_PX, CELL_PX * row + CELL_CENTRE_PX
    foot, decoy = ankle(1, 40.0), ankle(1, 5.0)
    aside, down = (foot - KNEES[1]) / SHANK
    along = ((x - KNEES[1, 0]) * aside + (y - KNEES[1, 1]) * down) / SHANK
    beside = np.abs((x - KNEES[1, 0]) * down - (y - KNEES[1, 1]) * aside)
    leg = (along > 0) & (along < 1.1) & (beside < 9)
    trunk = (np.abs(x - 128) < 45) & (y > 95) & (y < 180)
    maps = np.repeat(
        np.maximum(np.maximum(blob(*foot, 0.5), blob(*decoy, 0.6)), blob(*ankle(0, 2.0)))[None], 40, axis=0
    )
    masks = np.repeat((leg | trunk).astype(np.float32)[None], 40, axis=0)
    path = find_paths(maps.astype(np.float32), masks, TIME, STILL, SHANK)[1]
    assert np.median(path.angle_deg) == pytest.approx(40.0, abs=3.0)


def test_the_skirt_of_a_hand_s_peak_does_not_pull_the_ankle_off_its_path():
    """The ankle is faint; a hand beside the shank, where there is no leg to it, is not."""
    foot = ankle(1, 35.0)
    hand = KNEES[1] + 0.75 * (ankle(1, 51.0) - KNEES[1])
    ankles = np.maximum.reduce([blob(*foot, 0.12), blob(*hand, 0.9), blob(*ankle(0, 2.0))])
    row, column = np.mgrid[0:64, 0:64]
    x, y = CELL_PX * column + CELL_CENTRE_PX, CELL_PX * row + CELL_CENTRE_PX
    aside, down = (foot - KNEES[1]) / SHANK
    beside = np.abs((x - KNEES[1, 0]) * down - (y - KNEES[1, 1]) * aside)
    leg = ((beside < 9) & (y > KNEES[1, 1])) | ((np.abs(x - KNEES[0, 0]) < 9) & (y > 90))
    masks = np.repeat(leg.astype(np.float32)[None], 40, axis=0)
    path = find_paths(np.repeat(ankles[None], 40, axis=0).astype(np.float32), masks, TIME, STILL, SHANK)[1]
    assert np.median(path.angle_deg) == pytest.approx(35.0, abs=8.0)


def test_a_hand_beyond_a_shirt_is_no_foot_however_clear_it_is(monkeypatch):
    """Shirt and skin are both of the person; only the skin has the legs' colour, and a shank has it all the way."""
    row, column = np.mgrid[0:64, 0:64]
    x, y = CELL_PX * column + CELL_CENTRE_PX - KNEES[1, 0], CELL_PX * row + CELL_CENTRE_PX - KNEES[1, 1]

    def limb(angle_deg, start, stop):
        aside, down = np.sin(np.radians(angle_deg)), np.cos(np.radians(angle_deg))
        along = (x * aside + y * down) / SHANK
        return (along > start) & (along < stop) & (np.abs(x * down - y * aside) < 9)

    masks = np.select([limb(5.0, -0.1, 1.1) | limb(60.0, 0.7, 1.2), limb(60.0, 0.0, 0.7)], [0.95, 0.5], 0.05)
    ankles = np.maximum.reduce([blob(*ankle(1, 5.0), 0.1), blob(*ankle(1, 60.0), 0.8), blob(*ankle(0, 2.0))])
    seen = [np.repeat(picture[None], len(TIME), axis=0).astype(np.float32) for picture in (ankles, masks)]
    assert np.median(find_paths(*seen, TIME, STILL, SHANK)[1].angle_deg) == pytest.approx(5.0, abs=3.0)
    monkeypatch.setattr("hipcv.pose.legs.tracking.GAP_WEIGHT", 0.0)
    assert np.median(find_paths(*seen, TIME, STILL, SHANK)[1].angle_deg) > 50
