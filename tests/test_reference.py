"""References name their source, fit the subject, and give verdicts that respect the measurement's own interval."""

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipcv.core.landmarks import Effort, Position, Sex
from hipcv.evidence.measurement_error import MeasurementError, fallback_error, published_errors
from hipcv.evidence.norms import norms_table
from hipcv.evidence.reference import (
    AsymmetryVerdict,
    ReferenceKind,
    ReferenceRange,
    Verdict,
    Verification,
    all_references,
    asymmetry_verdict,
    compare,
    find_references,
)

BY_ID = {row.id: row for row in all_references()}
MEN_90 = BY_ID["czuppon-2017-hip90-male"]
SEATED_RULE = BY_ID["rule-seated"]

subjects = st.fixed_dictionaries(
    {},
    optional={
        "age_years": st.none() | st.floats(0, 110),
        "sex": st.none() | st.sampled_from(Sex),
        "effort": st.none() | st.sampled_from(Effort),
    },
)


def ids(position: Position, **subject) -> list[str]:
    return [row.id for row in find_references(position, **subject)]


# --------------------------------------------------------------------------------------------------------- the rows


def test_every_row_has_its_own_id_and_label() -> None:
    assert len(BY_ID) == len(all_references()) == len({row.label for row in all_references()})


def test_published_rows_name_their_source_and_rules_of_thumb_claim_none() -> None:
    for row in all_references():
        if row.kind is ReferenceKind.PUBLISHED:
            assert row.citation
            assert row.verification is not Verification.PRODUCT
        else:
            assert row.verification is Verification.PRODUCT
            assert row.citation is None
            assert row.doi is None
        assert row.doi is None or re.fullmatch(r"10\.\d{4,9}/\S+", row.doi)


def test_the_rules_of_thumb_are_those_of_the_product() -> None:
    limits = {row.id: (row.low_deg, row.high_deg) for row in all_references() if row.id.startswith("rule-")}
    assert limits == {
        "rule-prone": (None, None),
        "rule-seated": (30, 45),
        "rule-general": (30, 46),
        "rule-teens": (45, 50),
        "rule-adults": (35, 45),
        "rule-over-50": (25, 35),
    }
    assert BY_ID["rule-prone"].mean_deg == 45


@pytest.mark.parametrize(
    ("row", "low", "high"),
    [
        ("czuppon-2017-hip90-male", 7.7, 46.1),
        ("czuppon-2017-hip90-female", 13.7, 55.7),
        ("czuppon-2017-hip0-male", 9.8, 48.2),
        ("czuppon-2017-hip0-female", 19.1, 58.7),
    ],
)
def test_a_mean_with_an_sd_has_its_central_95_percent_as_limits(row: str, low: float, high: float) -> None:
    assert BY_ID[row].limits_deg == pytest.approx((low, high), abs=0.05)


def test_secondary_rows_say_so_in_their_label() -> None:
    for row in all_references():
        assert ("quoted" in row.label) == (row.verification is Verification.SECONDARY)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"high_deg": None}, "both limits or none"),
        ({"low_deg": None, "high_deg": None}, "a mean or limits"),
        ({"sd_deg": 3.0}, "comes with a mean"),
        ({"mean_deg": 40.0, "sd_deg": 0.0}, "above 0"),
        ({"citation": "somebody"}, "carry a citation"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        replace(SEATED_RULE, **change)


# ----------------------------------------------------------------------------------------------------- which rows fit


@given(st.sampled_from(Position), subjects)
def test_no_row_of_the_other_position_or_sex_is_ever_returned(position: Position, subject: dict[str, object]) -> None:
    for row in find_references(position, **subject):
        assert row.position in (None, position)
        assert subject.get("sex") is None or row.sex in (None, subject["sex"])


@given(st.sampled_from(Position), st.floats(0, 110))
def test_a_row_outside_its_ages_is_marked_extrapolated_and_no_other_is(position: Position, age_years: float) -> None:
    for row in find_references(position, age_years=age_years):
        assert row.extrapolated == (not row.covers(age_years))
        assert row.covers(age_years) or row.reaches(age_years)


@given(st.sampled_from(Position), st.floats(0, 12.99))
def test_a_child_is_never_compared_with_a_published_adult_sample(position: Position, age_years: float) -> None:
    for row in find_references(position, age_years=age_years):
        assert row.kind is ReferenceKind.RULE_OF_THUMB or row.population == "children"


@pytest.mark.parametrize(
    ("age_years", "rule"),
    [(13, "rule-teens"), (19.9, "rule-teens"), (20, "rule-adults"), (50.9, "rule-adults"), (51, "rule-over-50")],
)
def test_each_age_from_13_has_exactly_one_rule_by_age(age_years: float, rule: str) -> None:
    by_age = {"rule-teens", "rule-adults", "rule-over-50"}
    assert by_age & set(ids(Position.SEATED, age_years=age_years)) == {rule}


def test_unknown_age_leaves_out_rules_by_age_and_keeps_published_samples() -> None:
    unknown = ids(Position.SEATED)
    assert not {"rule-teens", "rule-adults", "rule-over-50"} & set(unknown)
    assert "czuppon-2017-hip90-male" in unknown
    assert unknown == ids(Position.SEATED, age_years=math.nan)


def test_the_best_row_for_a_student_is_the_published_one_of_the_same_sex_and_position() -> None:
    assert ids(Position.SEATED, age_years=18, sex=Sex.MALE)[0] == "czuppon-2017-hip90-male"
    assert ids(Position.PRONE, age_years=18, sex=Sex.FEMALE)[0] == "czuppon-2017-hip0-female"


def test_rows_with_a_verdict_come_before_bare_means_and_published_before_rules() -> None:
    found = find_references(Position.SEATED, age_years=30, sex=Sex.FEMALE, effort=Effort.ACTIVE)
    kinds = [(row.limits_deg is None, row.kind is ReferenceKind.RULE_OF_THUMB) for row in found]
    with_limits = [rule for bare, rule in kinds if not bare]
    assert [bare for bare, _ in kinds] == sorted(bare for bare, _ in kinds)
    assert with_limits == sorted(with_limits)


def test_among_rules_the_one_for_the_position_comes_first() -> None:
    rules = [i for i in ids(Position.SEATED, age_years=30) if i.startswith("rule-")]
    assert rules == ["rule-seated", "rule-adults", "rule-general"]


def test_effort_orders_rows_and_leaves_none_out() -> None:
    active = ids(Position.SEATED, age_years=23, effort=Effort.ACTIVE)
    passive = ids(Position.SEATED, age_years=23, effort=Effort.PASSIVE)
    assert set(active) == set(passive)
    assert active.index("ndmvp-seated") < active.index("gradoz-2018-seated")
    assert passive.index("gradoz-2018-seated") < passive.index("ndmvp-seated")


def test_college_samples_reach_adults_of_60_and_no_further() -> None:
    at_60 = {row.id: row for row in find_references(Position.SEATED, age_years=60, sex=Sex.MALE)}
    assert at_60["czuppon-2017-hip90-male"].extrapolated
    assert "czuppon-2017-hip90-male" not in ids(Position.SEATED, age_years=61, sex=Sex.MALE)
    assert "czuppon-2017-hip90-male" not in ids(Position.SEATED, age_years=14, sex=Sex.MALE)


# ------------------------------------------------------------------------------------------------------- the verdict


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((20, 29), Verdict.BELOW),
        ((28, 32), Verdict.BORDERLINE),
        ((30, 45), Verdict.WITHIN),
        ((33, 39), Verdict.WITHIN),
        ((44, 47), Verdict.BORDERLINE),
        ((25, 50), Verdict.BORDERLINE),
        ((45.1, 50), Verdict.ABOVE),
    ],
)
def test_an_interval_that_straddles_a_limit_is_borderline(interval: tuple[float, float], verdict: Verdict) -> None:
    assert compare(sum(interval) / 2, interval, SEATED_RULE).verdict is verdict


@given(st.floats(-20, 90), st.floats(0, 20), st.floats(0, 20))
def test_a_wider_interval_never_makes_a_verdict_firmer(value: float, half: float, more: float) -> None:
    narrow = compare(value, (value - half, value + half), SEATED_RULE).verdict
    wide = compare(value, (value - half - more, value + half + more), SEATED_RULE).verdict
    assert wide in (narrow, Verdict.BORDERLINE)


def test_the_percentile_is_that_of_the_normal_distribution() -> None:
    assert compare(26.9, (25, 29), MEN_90).percentile == pytest.approx(50)
    assert compare(26.9 + 9.8, (35, 39), MEN_90).percentile == pytest.approx(84.13, abs=0.01)
    assert compare(26.9 - 1.96 * 9.8, (5, 10), MEN_90).percentile == pytest.approx(2.5, abs=0.01)


@given(st.floats(-200, 200), st.floats(-200, 200))
def test_more_rotation_never_has_a_lower_percentile(one: float, two: float) -> None:
    low, high = sorted([one, two])
    below = compare(low, None, MEN_90).percentile
    above = compare(high, None, MEN_90).percentile
    assert below is not None
    assert above is not None
    assert 0 <= below <= above <= 100


def test_a_bare_centre_gives_a_distance_and_no_verdict() -> None:
    comparison = compare(38.0, (36, 40), BY_ID["rule-prone"])
    assert comparison.difference_deg == -7.0
    assert (comparison.verdict, comparison.percentile, comparison.low_deg) == (None, None, None)


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_missing_value_has_no_verdict_percentile_or_distance(value: float | None) -> None:
    comparison = compare(value, (20, 30), MEN_90)
    assert (comparison.verdict, comparison.percentile, comparison.difference_deg) == (None, None, None)
    assert comparison.id == MEN_90.id


@pytest.mark.parametrize("interval", [None, (math.nan, 40), (30, None), (-math.inf, math.inf)])
def test_a_value_without_an_interval_has_a_percentile_but_no_verdict(interval) -> None:
    comparison = compare(35.0, interval, MEN_90)
    assert comparison.verdict is None
    assert comparison.percentile == pytest.approx(79.6, abs=0.1)


def test_an_interval_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(ValueError, match="from low to high"):
        compare(35, (40, 30), SEATED_RULE)


def test_a_comparison_carries_its_source_and_whether_it_is_extrapolated() -> None:
    row = find_references(Position.SEATED, age_years=40, sex=Sex.MALE)[0]
    comparison = compare(35, (33, 37), row)
    assert (comparison.citation, comparison.doi) == (MEN_90.citation, "10.1016/j.pmrj.2016.10.022")
    assert comparison.extrapolated
    assert not compare(35, (33, 37), MEN_90).extrapolated


# --------------------------------------------------------------------------------------------------------- asymmetry


@pytest.mark.parametrize(
    ("difference", "mdc", "verdict"),
    [
        (4.9, 5.0, AsymmetryVerdict.NO_DIFFERENCE_DETECTED),
        (5.0, 5.0, AsymmetryVerdict.SMALL),
        (-9.9, 5.0, AsymmetryVerdict.SMALL),
        (10.0, 5.0, AsymmetryVerdict.NOTABLE),
        (-15.0, 5.0, AsymmetryVerdict.LARGE),
        (12.0, 13.0, AsymmetryVerdict.NO_DIFFERENCE_DETECTED),
        (17.0, 18.0, AsymmetryVerdict.NO_DIFFERENCE_DETECTED),
    ],
)
def test_a_difference_counts_only_beyond_what_can_be_detected(
    difference: float, mdc: float, verdict: AsymmetryVerdict
) -> None:
    assert asymmetry_verdict(difference, mdc) is verdict
    assert asymmetry_verdict(-difference, mdc) is verdict


def test_asymmetry_is_not_judged_without_its_numbers() -> None:
    assert asymmetry_verdict(math.nan, 5.0) is None
    assert asymmetry_verdict(5.0, None) is None
    with pytest.raises(ValueError, match="0° or more"):
        asymmetry_verdict(5.0, -1.0)


def test_every_asymmetry_verdict_has_words() -> None:
    assert len({verdict.wording for verdict in AsymmetryVerdict}) == len(AsymmetryVerdict)


# -------------------------------------------------------------------------------------------------- measurement error


def test_the_mdc_of_published_instruments_is_the_printed_one() -> None:
    printed = {row.id: (row.mdc95_best_deg, row.mdc95_deg) for row in published_errors()}
    assert printed["krause-2015-inclinometer"] == (None, pytest.approx(5.4))
    assert printed["gradoz-2018-manual"] == (pytest.approx(6.1), pytest.approx(8.6))
    assert printed["spork-2021-phone-same-rater"] == (pytest.approx(10.9), pytest.approx(16.4))


def test_the_best_published_instrument_comes_first_and_all_name_their_source() -> None:
    errors = published_errors()
    assert errors[0].id == "krause-2015-inclinometer"
    assert [row.sem_deg for row in errors] == sorted(row.sem_deg for row in errors)
    assert all(row.citation and row.icc_form and not row.fallback for row in errors)


def test_the_mdc_is_1_96_root_2_sem() -> None:
    error = MeasurementError(id="x", label="x", sem_deg=2.0, citation="x")
    assert error.mdc95_deg == pytest.approx(5.5437, abs=1e-4)
    with pytest.raises(ValueError, match="0° or more"):
        replace(error, sem_deg=-1.0)


def test_a_doubt_or_a_missing_trial_widens_the_assumed_error() -> None:
    assert fallback_error(3, doubtful=False).mdc95_deg == pytest.approx(9.0)
    assert fallback_error(2, doubtful=False).mdc95_deg == pytest.approx(11.0)
    assert fallback_error(5, doubtful=True).mdc95_deg == pytest.approx(11.0)
    assert "Gradoz" in fallback_error(3, doubtful=False).citation


# --------------------------------------------------------------------------------------------------------- the table


def test_the_whole_table_holds_every_reference_once() -> None:
    rows = norms_table()
    assert sorted(row.id for row in rows) == sorted(BY_ID)


def test_the_table_narrows_with_what_is_known_and_keeps_to_the_test() -> None:
    rows = norms_table(Position.PRONE, age_years=30, sex=Sex.FEMALE)
    assert {row.test for row in rows} == {"prone", "either"}
    assert {row.who for row in rows} == {"women", "both sexes"}
    assert [row.id for row in rows if row.id in ("rule-teens", "rule-adults")] == ["rule-adults"]
    assert [row.test for row in rows] == sorted((row.test for row in rows), reverse=True)


def test_the_table_shows_mean_spread_limits_ages_and_source_as_words() -> None:
    row = next(row for row in norms_table(Position.SEATED, age_years=35, sex=Sex.FEMALE) if "hip90" in row.id)
    assert (row.mean, row.limits, row.n) == ("34.7 ± 10.7", "13.7–55.7", "131")
    assert row.ages == "17–20, extrapolated"
    assert row.doi == "10.1016/j.pmrj.2016.10.022"
    rule = next(row for row in norms_table(Position.PRONE) if row.id == "rule-over-50")
    assert (rule.ages, rule.mean, rule.limits, rule.source) == (
        "51 and over",
        "",
        "25–35",
        "rule of thumb of this product",
    )


def test_references_are_sealed() -> None:
    with pytest.raises(AttributeError):
        MEN_90.mean_deg = 40.0  # type: ignore[misc]
    assert isinstance(MEN_90, ReferenceRange)
