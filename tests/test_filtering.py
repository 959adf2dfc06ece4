"""What the filters may and may not do to a measured curve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.core.motion.filtering import (
    CUTOFF_HZ,
    REACH_SIGMAS,
    ROWS_AT_ONCE,
    OneEuro,
    clean,
    drop_outliers,
    fill_gaps,
    local_lines,
    low_pass_hz,
    runs,
    sigma_s,
    smooth,
)


def trapezoid(time_s, *, low=2.0, high=40.0, up=(1.0, 2.0), down=(3.2, 4.2)):
    return np.interp(time_s, [0, *up, *down, 6], [low, low, high, high, low, low])


@settings(deadline=None)
@given(st.floats(-90, 90), st.floats(-80, 80), st.integers(0, 99))
def test_straight_lines_pass_through_the_low_pass_unchanged_whatever_the_sampling(level, slope, seed):
    time_s = np.cumsum(np.random.default_rng(seed).uniform(0.005, 0.08, 120))
    line = level + slope * time_s
    fitted, derivative = local_lines(time_s, line, sigma_s(CUTOFF_HZ))
    assert np.allclose(fitted, line, atol=1e-6)
    assert np.allclose(derivative, slope, atol=1e-5)


@pytest.mark.parametrize("fps", [12, 24, 30, 59.94])
def test_the_low_pass_leaves_the_plateau_alone(fps):
    time_s = np.arange(0, 6, 1 / fps)
    curve = trapezoid(time_s)
    reach = REACH_SIGMAS * sigma_s(low_pass_hz(time_s))
    inside = (time_s >= 2.0 + reach) & (time_s <= 3.2 - reach)
    assert inside.sum() > 5
    assert np.allclose(smooth(time_s, curve)[inside], 40.0, atol=1e-9)


def test_the_low_pass_never_overshoots_a_trapezoid_by_more_than_a_tenth_of_a_degree():
    time_s = np.arange(0, 6, 1 / 30)
    assert smooth(time_s, trapezoid(time_s)).max() <= 40.1


def test_the_gain_at_the_cut_off_is_minus_three_decibels():
    time_s = np.arange(0, 20, 1 / 120)
    for hz, expected in ((CUTOFF_HZ, 1 / np.sqrt(2)), (0.5, 1.0)):
        wave = np.sin(2 * np.pi * hz * time_s)
        middle = slice(600, -600)
        gain = np.std(smooth(time_s, wave)[middle]) / np.std(wave[middle])
        assert gain == pytest.approx(expected, abs=0.02)


def test_a_spike_is_found_wherever_in_a_long_recording_it_lies():
    """The recording is looked at in pieces: their ends are no places to hide, and gaps are none either."""
    time_s = np.cumsum(np.random.default_rng(3).uniform(0.004, 0.03, 2 * ROWS_AT_ONCE + 900))
    values = 20 * np.sin(time_s)
    values[100:300] = np.nan
    spikes = [0, 50, ROWS_AT_ONCE + 199, ROWS_AT_ONCE + 201, 2 * ROWS_AT_ONCE + 200, len(values) - 1]
    values[spikes] += 25.0
    missing = np.isnan(values)
    assert np.flatnonzero(np.isnan(drop_outliers(time_s, values)) & ~missing).tolist() == spikes


def test_the_low_pass_is_the_same_from_twenty_samples_a_second_on():
    assert [low_pass_hz(np.arange(40) / fps) for fps in (20, 24, 60)] == [CUTOFF_HZ] * 3
    assert low_pass_hz(np.arange(40) / 8) == pytest.approx(1.6)


def test_the_low_pass_has_no_lag():
    time_s = np.arange(0, 6, 1 / 30)
    curve = np.exp(-((time_s - 3) ** 2) / 0.1)
    assert abs(time_s[smooth(time_s, curve).argmax()] - 3.0) < 1e-9


@pytest.mark.parametrize("fps", [8, 12.5, 30])
def test_white_noise_is_quieter_after_the_low_pass(fps):
    time_s = np.arange(0, 300 / fps, 1 / fps)
    noise = np.random.default_rng(1).normal(0, 2, len(time_s))
    assert smooth(time_s, noise).std() < 0.75 * noise.std()


def test_a_lone_spike_goes_and_a_swing_stays():
    time_s = np.arange(0, 6, 1 / 30)
    curve = trapezoid(time_s)
    spiked = curve.copy()
    spiked[80] += 25
    assert np.isnan(drop_outliers(time_s, spiked)[80])
    assert np.isfinite(drop_outliers(time_s, curve)).all()


@pytest.mark.parametrize(("n_missing", "filled"), [(1, True), (6, True), (8, False)])
def test_gaps_up_to_a_quarter_of_a_second_are_bridged_and_longer_ones_stay(n_missing, filled):
    time_s = np.arange(0, 3, 1 / 30)
    curve = 3.0 * time_s
    holed = curve.copy()
    holed[40 : 40 + n_missing] = np.nan
    mended = fill_gaps(time_s, holed)
    assert np.isfinite(mended).all() == filled
    if filled:
        assert np.allclose(mended, curve)


def test_missing_ends_are_never_invented():
    time_s = np.arange(0, 1, 1 / 30)
    curve = np.full(30, 5.0)
    curve[:3] = curve[-3:] = np.nan
    assert np.isnan(clean(time_s, curve)[[0, 1, 2, -3, -2, -1]]).all()


def test_nothing_measured_stays_nothing():
    time_s = np.arange(0, 1, 1 / 30)
    missing = np.full(30, np.nan)
    assert np.isnan(smooth(time_s, clean(time_s, missing))).all()
    assert len(smooth(np.empty(0), np.empty(0))) == 0


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=40))
def test_runs_cover_exactly_what_is_true(mask):
    covered = np.zeros(len(mask), bool)
    for start, stop in runs(np.array(mask, bool)):
        assert start < stop
        covered[start:stop] = True
    assert covered.tolist() == mask


def test_the_live_filter_calms_a_hold_and_follows_a_swing():
    one_euro = OneEuro()
    rng = np.random.default_rng(3)
    time_s = np.arange(0, 6, 1 / 30)
    curve = trapezoid(time_s)
    live = np.array([one_euro(t, v) for t, v in zip(time_s, curve + rng.normal(0, 1, len(curve)), strict=True)])
    hold = (time_s > 2.6) & (time_s < 3.2)
    assert live[hold].std() < 0.6
    assert np.abs(live - curve).max() < 9


def test_the_live_filter_forgets_a_lost_leg():
    one_euro = OneEuro()
    one_euro(0.0, 40.0)
    assert np.isnan(one_euro(0.1, float("nan")))
    assert one_euro(0.2, 5.0) == 5.0
