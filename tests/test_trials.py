"""Trials are found where a person would mark them, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.core.motion.trials import MIN_SWING_DEG, find_rest_deg, find_trials
from hipcv.words import Side


def curve(peaks, *, fps=30.0, rest=2.0, hold_s=1.2, speed=40.0, pause_s=0.8, noise=0.0, seed=0, start_pause=True):
    """Raised-cosine swings to each peak, each held; returns time, angle and the true holds in seconds."""
    times, values, holds = [0.0], [rest], []
    if start_pause:
        times.append(pause_s)
        values.append(rest)
    for peak in peaks:
        swing_s = max(0.2, abs(peak - rest) / speed)
        for x in np.linspace(0, 1, 12)[1:]:
            times.append(times[-1] + swing_s / 11)
            values.append(rest + (peak - rest) * (1 - np.cos(np.pi * x)) / 2)
        holds.append((times[-1], times[-1] + hold_s))
        if hold_s:
            times.append(times[-1] + hold_s)
            values.append(peak)
        for x in np.linspace(0, 1, 12)[1:]:
            times.append(times[-1] + swing_s / 11)
            values.append(peak + (rest - peak) * (1 - np.cos(np.pi * x)) / 2)
        times.append(times[-1] + pause_s)
        values.append(rest)
    time_s = np.arange(0, times[-1], 1 / fps)
    angle = np.interp(time_s, times, values)
    return time_s, angle + np.random.default_rng(seed).normal(0, noise, len(time_s)), holds


@pytest.mark.parametrize("n", range(1, 11))
def test_one_to_ten_trials_are_all_found(n):
    peaks = [40 - k for k in range(n)]
    time_s, angle, _ = curve(peaks, noise=0.5)
    trials = find_trials(time_s, angle, Side.LEFT)
    assert [round(t.end_range_deg) for t in trials] == pytest.approx(peaks, abs=1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(14, 60), min_size=1, max_size=4),
    st.floats(-6, 6),
    st.sampled_from([15, 24, 30, 60]),
    st.integers(0, 9),
)
def test_end_range_is_the_level_of_the_hold(peaks, rest, fps, seed):
    time_s, angle, holds = curve(peaks, rest=rest, fps=fps, noise=0.4, seed=seed)
    trials = find_trials(time_s, angle, Side.RIGHT)
    assert len(trials) == len(peaks)
    for trial, peak, (begin, end) in zip(trials, peaks, holds, strict=True):
        assert trial.end_range_deg == pytest.approx(peak, abs=0.5)
        assert trial.rest_deg == pytest.approx(rest, abs=1.0)
        assert abs(time_s[trial.hold_start] - begin) < 0.25
        assert abs(time_s[trial.hold_stop - 1] - end) < 0.25
        assert trial.start < trial.hold_start < trial.hold_stop <= trial.stop


def test_the_maximum_of_a_noisy_hold_lies_above_its_median_and_is_reported_apart():
    time_s, angle, _ = curve([40], noise=1.6, hold_s=2.0)
    (trial,) = find_trials(time_s, angle, Side.LEFT)
    assert trial.end_range_deg == pytest.approx(40, abs=0.6)
    assert trial.raw_peak_deg > trial.end_range_deg + 2
    assert trial.end_range_deg - 0.5 < trial.filtered_peak_deg < trial.raw_peak_deg


def test_a_leg_at_rest_has_no_trial():
    time_s = np.arange(0, 10, 1 / 30)
    sway = 3 + 1.5 * np.sin(time_s) + np.random.default_rng(0).normal(0, 1, len(time_s))
    assert find_trials(time_s, sway, Side.LEFT) == ()


def test_swings_below_the_smallest_trial_do_not_count():
    time_s, angle, _ = curve([2.0 + MIN_SWING_DEG - 1.5])
    assert find_trials(time_s, angle, Side.LEFT) == ()


def test_external_rotation_is_no_trial():
    time_s, angle, _ = curve([-25, -30], noise=0.3)
    assert find_trials(time_s, angle, Side.LEFT) == ()


def test_a_swing_without_a_hold_is_found_and_has_no_end_range():
    time_s, angle, _ = curve([38], hold_s=0.0, speed=60)
    (trial,) = find_trials(time_s, angle, Side.LEFT)
    assert not trial.held
    assert np.isnan(trial.end_range_deg)
    assert trial.best_deg == pytest.approx(38, abs=1.5)


def test_tremor_does_not_split_a_hold():
    time_s, angle, _ = curve([40], hold_s=2.0)
    trembling = angle + 0.7 * np.sin(2 * np.pi * 5 * time_s)
    (trial,) = find_trials(time_s, trembling, Side.LEFT)
    assert time_s[trial.hold_stop - 1] - time_s[trial.hold_start] > 1.5


def test_two_holds_with_only_a_small_dip_between_them_are_one_trial():
    time_s = np.arange(0, 8, 1 / 30)
    angle = np.interp(time_s, [0, 1, 2, 3, 3.3, 3.6, 5, 6, 8], [2, 2, 40, 40, 34, 41, 41, 2, 2])
    assert len(find_trials(time_s, angle, Side.LEFT)) == 1


def test_a_clip_cut_inside_a_trial_still_knows_where_rest_was():
    time_s, angle, _ = curve([40, 42], start_pause=False)
    late = time_s > 0.9
    assert find_rest_deg(time_s[late], angle[late]) == pytest.approx(2.0, abs=0.5)
    trials = find_trials(time_s[late], angle[late], Side.LEFT)
    assert [round(t.end_range_deg) for t in trials] == [40, 42]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 50))
def test_resampling_from_24_to_60_frames_a_second_changes_no_end_range(seed):
    results = []
    for fps in (24, 60):
        time_s, angle, _ = curve([33, 41, 38], fps=fps, noise=0.3, seed=seed)
        results.append([t.end_range_deg for t in find_trials(time_s, angle, Side.LEFT)])
    assert results[0] == pytest.approx(results[1], abs=0.4)


def test_a_stopped_clock_of_missing_frames_makes_no_trial():
    time_s = np.arange(0, 3, 1 / 30)
    assert find_trials(time_s, np.full(len(time_s), np.nan), Side.LEFT) == ()
    assert np.isnan(find_rest_deg(time_s, np.full(len(time_s), np.nan)))
