"""Agreement statistics reproduce published worked examples and behave as statistics must."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hipcv.evidence.agreement import bland_altman, icc_1_1, icc_2_1, icc_3_1, mae, mdc95, sem, sem_from_icc

# Shrout & Fleiss 1979, table 2: six targets, four judges.
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]

# Bland & Altman 1986, table 1: peak flow in l/min, first reading by Wright's meter and by the mini meter.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]

angles_deg = st.floats(-20, 70).map(lambda value: round(value, 2))
pairs = arrays(np.float64, st.tuples(st.integers(2, 20), st.just(2)), elements=angles_deg)
tables = arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(2, 5)), elements=angles_deg)


def test_the_icc_forms_reproduce_shrout_and_fleiss() -> None:
    assert round(icc_1_1(SHROUT_FLEISS).value, 2) == 0.17
    assert round(icc_2_1(SHROUT_FLEISS).value, 2) == 0.29
    assert round(icc_3_1(SHROUT_FLEISS).value, 2) == 0.71


def test_the_icc_intervals_are_those_that_statistics_packages_print_for_the_same_data() -> None:
    assert icc_1_1(SHROUT_FLEISS).ci95 == pytest.approx((-0.133, 0.723), abs=5e-4)
    assert icc_2_1(SHROUT_FLEISS).ci95 == pytest.approx((0.019, 0.761), abs=5e-4)
    assert icc_3_1(SHROUT_FLEISS).ci95 == pytest.approx((0.342, 0.946), abs=5e-4)


def test_an_icc_names_its_form_and_its_sample() -> None:
    icc = icc_2_1(SHROUT_FLEISS)
    assert (icc.form, icc.n_subjects, icc.n_raters, icc.n_dropped) == ("ICC(2,1)", 6, 4, 0)


def test_bias_and_spread_reproduce_bland_and_altman() -> None:
    """The paper prints a bias of −2.1 l/min, an SD of 38.8, and an interval of the bias of −22.0 to 17.8."""
    agreement = bland_altman(WRIGHT, MINI)
    assert (agreement.n, agreement.n_dropped) == (17, 0)
    assert round(agreement.bias, 1) == -2.1
    assert round(agreement.sd, 1) == 38.8
    assert agreement.bias_ci95 == pytest.approx((-22.0, 17.8), abs=0.1)


def test_the_limits_lie_1_96_sd_around_the_bias_inside_their_intervals() -> None:
    agreement = bland_altman(WRIGHT, MINI)
    assert agreement.upper_limit - agreement.bias == pytest.approx(1.96 * agreement.sd)
    assert agreement.bias - agreement.lower_limit == pytest.approx(1.96 * agreement.sd)
    # The paper's interval of a limit, ± 2.12 × 16.3 = 34.6, rests on the rounder standard error √(3/n) SD.
    low, high = agreement.upper_limit_ci95
    assert (high - low) / 2 == pytest.approx(34.6, rel=0.03)
    assert low < agreement.upper_limit < high
    assert agreement.lower_limit_ci95[0] < agreement.lower_limit < agreement.lower_limit_ci95[1]


@given(pairs, st.floats(-30, 30))
def test_a_shift_adds_to_the_bias_and_leaves_the_spread(table: np.ndarray, shift: float) -> None:
    before = bland_altman(table[:, 0], table[:, 1])
    after = bland_altman(table[:, 0] + shift, table[:, 1])
    assert after.bias == pytest.approx(before.bias + shift, abs=1e-9)
    assert after.sd == pytest.approx(before.sd, abs=1e-9)


@given(pairs)
def test_swapping_the_methods_turns_the_agreement_around(table: np.ndarray) -> None:
    forward, backward = bland_altman(table[:, 0], table[:, 1]), bland_altman(table[:, 1], table[:, 0])
    assert backward.bias == pytest.approx(-forward.bias)
    assert backward.upper_limit == pytest.approx(-forward.lower_limit)
    assert mae(table[:, 0], table[:, 1]) == mae(table[:, 1], table[:, 0])


@given(pairs)
def test_the_mean_absolute_error_is_never_below_the_bias(table: np.ndarray) -> None:
    error, agreement = mae(table[:, 0], table[:, 1]), bland_altman(table[:, 0], table[:, 1])
    assert error.value >= abs(agreement.bias) - 1e-9


def test_a_missing_value_drops_its_pair_and_is_counted() -> None:
    whole = bland_altman([30, 40, 20], [28, 41, 25])
    holed = bland_altman([30, math.nan, 40, 20, 10], [28, 5, 41, 25, math.nan])
    assert (holed.n, holed.n_dropped) == (3, 2)
    assert (holed.bias, holed.sd) == (whole.bias, whole.sd)
    error = mae([30, math.nan], [28, 5])
    assert (error.value, error.n, error.n_dropped) == (2.0, 1, 1)


def test_too_few_pairs_give_no_limits_instead_of_an_error() -> None:
    one = bland_altman([30], [28])
    assert one.bias == 2.0
    assert math.isnan(one.sd)
    assert math.isnan(one.upper_limit)
    none = bland_altman([], [])
    assert math.isnan(none.bias)
    assert math.isnan(mae([math.nan], [1]).value)


@pytest.mark.parametrize("measure", [bland_altman, mae])
def test_lists_of_different_length_are_refused_in_one_sentence(measure) -> None:
    with pytest.raises(ValueError, match=r"two equally long lists are needed, found shapes \(2,\) and \(3,\)"):
        measure([1, 2], [1, 2, 3])


@pytest.mark.parametrize("measure", [icc_1_1, icc_2_1, icc_3_1, sem])
def test_a_list_is_no_table_of_ratings(measure) -> None:
    with pytest.raises(ValueError, match="subjects × raters"):
        measure([1, 2, 3])


@given(tables, st.floats(5, 30))
def test_a_rater_who_reads_high_lowers_absolute_agreement_and_leaves_consistency(
    table: np.ndarray, shift: float
) -> None:
    centred = table - table.mean(axis=0)
    assume(np.ptp(centred.mean(axis=1)) > 1 and icc_3_1(centred).value > 0.01)
    shifted = centred + shift * (np.arange(table.shape[1]) == 0)
    assert icc_3_1(shifted).value == pytest.approx(icc_3_1(centred).value, abs=1e-6)
    assert icc_2_1(shifted).value < icc_2_1(centred).value


@given(tables, st.floats(-50, 50), st.floats(0.1, 10))
def test_an_icc_knows_no_unit_and_no_zero(table: np.ndarray, shift: float, scale: float) -> None:
    assume(np.ptp(table) > 1)
    for icc in (icc_1_1, icc_2_1, icc_3_1):
        before, after = icc(table), icc(shift + scale * table)
        assert after.value == pytest.approx(before.value, rel=1e-6, abs=1e-6, nan_ok=True)


@given(tables)
def test_an_icc_lies_inside_its_interval_and_at_most_at_one(table: np.ndarray) -> None:
    for icc in (icc_1_1(table), icc_2_1(table), icc_3_1(table)):
        assert not icc.value > 1 + 1e-9
        if not any(map(math.isnan, icc.ci95)):
            assert icc.ci95[0] - 1e-9 <= icc.value <= icc.ci95[1] + 1e-9


def test_raters_who_agree_perfectly_have_an_icc_of_one() -> None:
    table = np.array([[20.1, 20.1], [33.3, 33.3], [41.7, 41.7]])
    for icc in (icc_1_1(table), icc_2_1(table), icc_3_1(table)):
        assert icc.value == pytest.approx(1.0)
        assert icc.ci95 == pytest.approx((1.0, 1.0))


def test_raters_who_contradict_each_other_have_an_icc_below_zero_inside_its_interval() -> None:
    icc = icc_2_1([[1, 32], [34, 0], [18, 16]])
    assert icc.ci95[0] < icc.value < icc.ci95[1] < 0
    assert math.isnan(icc_2_1([[1, 0], [0, 1]]).value)


def test_an_icc_without_variation_or_company_is_unknown() -> None:
    for table in ([[5, 5], [5, 5]], [[1, 2]], [[1], [2]], np.empty((0, 2))):
        for icc in (icc_1_1, icc_2_1, icc_3_1):
            assert math.isnan(icc(table).value)
            assert all(map(math.isnan, icc(table).ci95))


def test_a_subject_with_a_missing_rating_is_dropped_and_counted() -> None:
    icc = icc_2_1([*SHROUT_FLEISS, [7, math.nan, 4, 4]])
    assert (icc.n_subjects, icc.n_dropped) == (6, 1)
    assert icc.value == icc_2_1(SHROUT_FLEISS).value


def test_the_interval_of_icc_2_1_holds_the_truth_95_times_in_100() -> None:
    """Two-way random data with variances 64 (subjects), 4 (raters) and 9 (error): ICC(2,1) = 64/77."""
    rng = np.random.default_rng(7)
    held = []
    for _ in range(400):
        table = rng.normal(0, 8, (20, 1)) + rng.normal(0, 2, (1, 4)) + rng.normal(0, 3, (20, 4))
        low, high = icc_2_1(table).ci95
        held.append(low <= 64 / 77 <= high)
    assert 0.92 <= np.mean(held) <= 0.985


def test_the_sem_of_two_occasions_is_the_rms_difference_over_root_two() -> None:
    first, second = np.array([30.0, 41.0, 22.0]), np.array([32.0, 40.0, 25.0])
    error = sem(np.column_stack([first, second]))
    assert error.value == pytest.approx(math.sqrt(np.mean((first - second) ** 2) / 2))
    assert (error.n_subjects, error.degrees_of_freedom) == (3, 3)
    assert error.mdc95 == pytest.approx(1.96 * math.sqrt(2) * error.value)


def test_the_sem_and_its_interval_find_a_known_error() -> None:
    rng = np.random.default_rng(3)
    held = []
    for _ in range(300):
        error = sem(rng.uniform(15, 50, (15, 1)) + rng.normal(0, 2.0, (15, 3)))
        held.append(error.ci95[0] <= 2.0 <= error.ci95[1])
    assert 0.92 <= np.mean(held) <= 0.98
    assert error.mdc95_ci95 == pytest.approx([mdc95(end) for end in error.ci95])


def test_the_sem_uses_what_a_subject_has_and_counts_whom_it_drops() -> None:
    error = sem([[30, 32, math.nan], [40, math.nan, math.nan], [20, 21, 25]])
    assert (error.n_subjects, error.n_dropped, error.degrees_of_freedom) == (2, 1, 3)
    assert error.value == pytest.approx(math.sqrt((2.0 + 14.0) / 3))
    assert math.isnan(sem([[1.0], [2.0]]).value)


def test_an_sem_of_three_degrees_makes_differences_of_8_3_degrees_detectable() -> None:
    assert mdc95(3.0) == pytest.approx(8.3, abs=0.05)


def test_the_sem_follows_from_the_sd_and_the_icc() -> None:
    assert sem_from_icc(10.0, 0.91) == pytest.approx(3.0)
    assert sem_from_icc(10.0, 1.0) == 0.0
    assert math.isnan(sem_from_icc(math.nan, 0.9))
    with pytest.raises(ValueError, match="an ICC at most 1"):
        sem_from_icc(10.0, 1.2)
