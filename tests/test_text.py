"""The terminal says what the assessment says, in words a patient can follow."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from simulated import seated

from hipcv.assessment import assess
from hipcv.core.finding import Finding, FindingCode, Severity
from hipcv.core.procedures.seated import SEATED
from hipcv.core.setup import Setup
from hipcv.evidence.guidance import filming_guide
from hipcv.evidence.norms import norms_table
from hipcv.outputs.text import DISCLAIMER, render_norms, render_text
from hipcv.words import SIDES, Sex

SETUP = Setup(age_years=30.0, sex=Sex.FEMALE)


def shown(assessment, width=100):
    console = Console(file=io.StringIO(), width=width)
    render_text(assessment, console)
    return console.file.getvalue()


def in_one_line(text):
    return re.sub(r"[\s│]+", " ", text)


@pytest.fixture(scope="module")
def assessment():
    return assess(seated(left=(40.0, 38.0), right=(25.0,), duration_s=16.0, fps=15.0), SETUP)


@pytest.fixture(scope="module")
def refused():
    return assess(seated(yaw=40.0, duration_s=8.0, fps=15.0), SETUP)


def test_each_side_s_end_range_and_interval_stand_in_its_own_column(assessment):
    lines = {line.strip("│ ").split("  ")[0]: line for line in shown(assessment).splitlines()}
    left, right = assessment.sides
    for name, told in (
        ("end range", [f"{r.end_range_deg:.1f}°" for r in (left, right)]),
        ("95 % interval", ["{:.1f} to {:.1f}°".format(*r.interval95_deg) for r in (left, right)]),
    ):
        line = lines[name]
        assert 0 < line.index(told[0]) < line.index(told[1])


def test_the_difference_is_told_with_what_can_be_detected(assessment):
    told = in_one_line(shown(assessment))
    assert f"Left − right {assessment.asymmetry.difference_deg:+.1f}°" in told
    assert f"detectable from {assessment.asymmetry.mdc95_deg:.1f}°" in told


def test_without_a_sex_the_terminal_shows_both_ranges_and_no_verdict():
    unknown = assess(seated(left=(40.0,), duration_s=12.0, fps=15.0), replace(SETUP, sex=None))
    told = in_one_line(shown(unknown))
    assert told.index("Young men") < told.index("College women") < told.index("Footballers")
    assert "The sex was not stated" in told
    assert not re.search(r"percentile|within|below|above|borderline", told)


def test_what_no_study_backs_is_shown_as_often_quoted():
    old = assess(seated(left=(20.0,), duration_s=12.0, fps=15.0), replace(SETUP, age_years=70.0, sex=Sex.MALE))
    told = in_one_line(shown(old))
    assert "often quoted, no study" in told
    assert "No published range with a known spread fits" in told
    assert "below" not in told


@pytest.mark.parametrize("width", [60, 100, 200])
def test_beside_a_percentile_stands_how_far_protocols_differ(width):
    man = assess(seated(left=(40.0,), right=(25.0,), duration_s=16.0, fps=15.0), replace(SETUP, sex=Sex.MALE))
    told = in_one_line(shown(man, width))
    judges = [c for c in man.left.reference if c.percentile is not None]
    assert [c.posture_caveat is None for c in judges] == [True, False, False]
    assert told.count("percentile") == 2 * len(judges)
    if width == 200:
        assert told.count("(protocols differ by about 6°)") == 2 * len(judges)
        unprinted = [c for c in judges if c.posture_caveat]
        assert told.count("posture not printed") == len(unprinted)
        for one in unprinted:
            assert f"({one.posture_caveat})" in told[told.index(one.label) :]


def test_a_woman_who_sits_is_judged_and_told_that_the_posture_is_not_printed(assessment):
    told = in_one_line(shown(assessment, width=200))
    first = assessment.left.reference[0]
    assert first.verdict is not None
    assert f"{first.verdict}, percentile {first.percentile:.0f}" in told
    assert "(posture not printed: by Gradoz 2018 seated and supine differ by up to about 3°)" in told
    assert "No published range" not in told


def test_a_woman_of_70_is_told_that_no_range_is_known_to_be_of_this_position():
    old = assess(seated(left=(20.0,), duration_s=12.0, fps=15.0), replace(SETUP, age_years=70.0))
    told = in_one_line(shown(old, width=200))
    assert "No published range of this age and sex is known to be of this position" in told
    assert "(posture not known)" in told
    assert "percentile" not in told


def test_without_a_known_roll_the_sides_are_not_compared():
    unknown = assess(seated(left=(40.0,), right=(25.0,), roll=9.0, room=False, duration_s=16.0, fps=15.0), SETUP)
    assert unknown.asymmetry is None
    told = in_one_line(shown(unknown))
    assert "Left and right are not compared" in told
    assert "Left − right" not in told


@pytest.mark.parametrize("width", [50, 80, 200])
def test_a_refused_recording_shows_why_and_how_to_film_again_and_no_number(refused, width):
    told = in_one_line(shown(refused, width))
    assert "Not measured" in told
    assert "end range" not in told
    for finding in refused.findings:
        assert finding.advice in told
    for step in filming_guide(SEATED):
        assert step in told


@pytest.mark.parametrize("width", [50, 80, 200])
def test_no_line_is_wider_than_the_terminal(assessment, refused, width):
    for text in (shown(assessment, width), shown(refused, width)):
        assert max(map(len, text.splitlines())) <= width
        assert DISCLAIMER in in_one_line(text)


def test_every_finding_is_told_with_its_advice_and_degrees_carry_their_sign():
    doubtful = assess(seated(left=(40.0,), right=(25.0,), drift=20.0, duration_s=16.0, fps=15.0), SETUP)
    drift = [f for f in doubtful.findings if f.code is FindingCode.THIGH_DRIFT]
    assert drift
    told = in_one_line(shown(doubtful, 240))
    for finding in doubtful.findings:
        assert finding.advice in told
    for finding in drift:
        assert f"({finding.side}): {finding.observed:.3g}°, limit {finding.limit:g}°." in told
    assert ": 1 trial, limit 3." in told


def test_a_trial_that_does_not_count_is_starred_and_the_star_explained(assessment):
    lost = Finding(FindingCode.PERSON_LOST, Severity.REJECT, observed=0.5, limit=0.25, unit="s")
    first, second = assessment.left.trials
    spoiled = replace(assessment, left=replace(assessment.left, trials=(first, replace(second, findings=(lost,)))))
    told = shown(spoiled)
    assert f"{first.best_deg:.1f}  {second.best_deg:.1f}*" in told
    assert "* does not count towards the end range" in told
    assert "*" not in shown(assessment)


def test_a_missing_number_is_a_dash_and_a_zero_carries_no_minus(assessment):
    bare = replace(assessment.left, rest_deg=-0.04, raw_peak_deg=None)
    told = shown(replace(assessment, left=bare))
    assert "-0.0" not in told
    assert re.search(r"highest frame +– +\d", told)
    assert not re.search(r"\b(None|nan)\b", told)


def test_the_norms_print_every_row_with_its_source():
    rows = norms_table(SEATED, age_years=30.0)
    console = Console(file=io.StringIO(), width=160)
    render_norms(rows, console)
    told = re.sub(r"\s+", " ", console.file.getvalue())
    assert len(rows) > 3
    for row in rows:
        assert re.sub(r"\s+", " ", row.source) in told
        assert not row.doi.startswith("10.") or f"doi:{row.doi}" in told
        assert row.posture_caveat in told
    assert any(row.posture_caveat for row in rows)


def test_both_sides_are_named_as_the_subject_s_own(assessment):
    """The larger end range was simulated on the left, and the left column comes first."""
    header = next(line for line in shown(assessment).splitlines() if "left" in line)
    assert header.index(str(SIDES[0])) < header.index(str(SIDES[1]))
    assert np.argmax([r.end_range_deg for r in assessment.sides]) == 0
