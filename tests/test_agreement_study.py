"""Agreement studies reproduce a published worked example from table to table, and say what they left out."""

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from hipcv.agreement.page import draw_study
from hipcv.agreement.pairing import pair_tables
from hipcv.agreement.study import Pair, render_study, studies_of, study_agreement
from hipcv.cli import app
from hipcv.core.errors import BatchError
from hipcv.evidence.agreement import icc_2_1

# Bland & Altman 1986, table 1: peak flow in l/min of 17 people, first reading by Wright's meter and by the mini meter.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def write_csv(path: Path, header: Sequence[str], *rows: Sequence[object]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def meters(tmp_path: Path) -> tuple[Path, Path]:
    """The published example as two tables, the second in another order."""
    wright = write_csv(tmp_path / "wright.csv", ("subject", "end_range_deg"), *enumerate(WRIGHT))
    mini = write_csv(tmp_path / "mini.csv", ("subject", "end_range_deg"), *reversed(list(enumerate(MINI))))
    return wright, mini


def run_command(*arguments: str | Path) -> tuple[int, str, str]:
    ended = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return ended.exit_code, ended.stdout, ended.stderr


def test_two_tables_reproduce_bland_and_altman(meters: tuple[Path, Path], tmp_path: Path) -> None:
    """The paper prints a bias of −2.1 l/min, an SD of 38.8, and an interval of the bias of −22.0 to 17.8."""
    status, out, err = run_command("agree", *meters, "--json", "-o", tmp_path / "out")
    assert (status, err) == (0, "")
    (group,) = json.loads(out)["groups"]
    assert (group["n_pairs"], group["n_subjects"], group["n_dropped"]) == (17, 17, 0)
    assert round(group["bias_deg"], 1) == -2.1
    assert round(group["sd_deg"], 1) == 38.8
    assert group["bias_ci95_deg"] == pytest.approx([-22.0, 17.8], abs=0.1)
    assert group["lower_limit_deg"] == pytest.approx(group["bias_deg"] - 1.96 * group["sd_deg"])
    assert group["icc"]["form"] == "ICC(2,1)"
    assert group["icc"]["value"] == pytest.approx(icc_2_1(np.transpose([WRIGHT, MINI])).value)
    assert group["mae_deg"] == pytest.approx(np.mean(np.abs(np.subtract(WRIGHT, MINI))))
    assert json.loads((tmp_path / "out" / "agreement.json").read_text()) == json.loads(out)
    assert (tmp_path / "out" / "agreement.html").read_text().count("<title>") == 1 + 17


def test_the_command_prints_a_table_and_by_what_rows_were_matched(meters: tuple[Path, Path]) -> None:
    status, out, _ = run_command("agree", *meters, "--names", "Wright,mini")
    assert status == 0
    assert "Wright less mini" in out
    assert "-2.1°" in out
    assert "Rows matched by subject." in out


@given(bias=st.floats(-20, 20), n=st.integers(3, 20), seed=st.integers(0, 2**32 - 1))
def test_a_known_bias_is_found(bias: float, n: int, seed: int) -> None:
    first = np.random.default_rng(seed).uniform(10, 60, n)
    study = study_agreement("a", "b", [Pair(str(k), x, x - bias, str(k)) for k, x in enumerate(first)])
    assert study.groups[0].bland_altman.bias == pytest.approx(bias)
    assert study.groups[0].bland_altman.sd == pytest.approx(0, abs=1e-9)
    assert study.groups[0].mae.value == pytest.approx(abs(bias))


def test_groups_are_all_each_position_each_sex_and_each_of_both() -> None:
    cases = [(test, sex) for test in ("seated", "prone") for sex in ("female", "male") for _ in range(3)]
    pairs = [Pair(str(k), 30.0 + k, 31.0 + k % 2, f"S{k}", test, sex) for k, (test, sex) in enumerate(cases)]
    study = study_agreement("a", "b", pairs)
    assert [group.label for group in study.groups] == [
        *("all", "prone", "seated", "female", "male"),
        *("prone, female", "prone, male", "seated, female", "seated, male"),
    ]
    assert [group.bland_altman.n for group in study.groups] == [12, 6, 6, 6, 6, 3, 3, 3, 3]


def test_a_group_that_says_the_same_as_a_wider_one_is_left_out() -> None:
    pairs = [Pair(str(k), 30.0 + k, 31.0, f"S{k}", "seated", "female") for k in range(4)]
    assert [group.label for group in study_agreement("a", "b", pairs).groups] == ["all"]


def test_incomplete_pairs_are_counted_and_not_used() -> None:
    pairs = [Pair("1", 30.0, 31.0, "S1"), Pair("2", 40.0, 42.0, "S2"), Pair("3", math.nan, 33.0, "S3")]
    (group,) = study_agreement("a", "b", pairs).groups
    assert (group.bland_altman.n, group.bland_altman.n_dropped, group.n_subjects) == (2, 1, 2)


def test_what_cannot_be_told_is_null() -> None:
    rendered = render_study(study_agreement("a", "b", [Pair("1", 30.0, 31.0)]))
    (group,) = rendered["groups"]
    assert (group["n_pairs"], group["bias_deg"], group["sd_deg"], group["bias_ci95_deg"]) == (1, -1.0, None, None)
    assert group["icc"]["value"] is None
    assert group["n_subjects"] is None
    json.dumps(rendered, allow_nan=False)


# ----------------------------------------------------------------------------------------------------------- matching


def test_rows_are_matched_by_the_surest_columns_that_both_have(tmp_path: Path) -> None:
    header = ("clip_sha256", "clip", "side", "subject", "end_range_deg")
    one = write_csv(tmp_path / "1.csv", header, ("aa", "a.mp4", "left", "S1", 30), ("aa", "a.mp4", "right", "S1", 31))
    two = write_csv(tmp_path / "2.csv", header, ("aa", "b.mp4", "right", "S1", 33), ("aa", "b.mp4", "left", "S1", 32))
    pairs, key = pair_tables(one, two)
    assert key == ("clip_sha256", "side")
    assert [(pair.side, pair.first_deg, pair.second_deg) for pair in pairs] == [("left", 30, 32), ("right", 31, 33)]


def test_other_recordings_of_the_same_visit_are_matched_by_subject(tmp_path: Path) -> None:
    header = ("clip_sha256", "clip", "side", "subject", "visit_date", "test", "end_range_deg")
    one = write_csv(tmp_path / "1.csv", header, ("aa", "a.mp4", "left", "S1", "2026-01-01", "seated", 30))
    two = write_csv(tmp_path / "2.csv", header, ("bb", "b.mp4", "left", "S1", "2026-01-01", "seated", 32))
    (pair,), key = pair_tables(one, two)
    assert key == ("subject", "visit_date", "test", "side")
    assert (pair.subject, pair.test) == ("S1", "seated")


def test_a_row_without_a_partner_is_kept_as_incomplete(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "1.csv", ("subject", "end_range_deg"), ("S1", 30), ("S2", 31))
    two = write_csv(tmp_path / "2.csv", ("subject", "end_range_deg"), ("S2", 33), ("S3", ""))
    pairs, _ = pair_tables(one, two)
    assert [pair.complete for pair in pairs] == [False, True, False]


def test_the_second_column_may_have_another_name_and_another_format(tmp_path: Path) -> None:
    one = tmp_path / "1.parquet"
    pl.DataFrame({"subject": ["S1", "S2"], "end_range_deg": [30.0, None]}).write_parquet(one)
    two = write_csv(tmp_path / "2.csv", ("subject", "goniometer"), ("S1", "31,5"), ("S2", 30))
    pairs, _ = pair_tables(one, two, second_column="goniometer")
    assert (pairs[0].first_deg, pairs[0].second_deg) == (30.0, 31.5)
    assert not pairs[1].complete


@pytest.mark.parametrize(
    ("first", "second", "options", "told"),
    [
        (("subject", "x"), ("subject", "x"), {}, "Wanted the column end_range_deg"),
        (("who", "end_range_deg"), ("subject", "end_range_deg"), {}, "name them with --by"),
        (("subject", "end_range_deg"), ("subject", "end_range_deg"), {"by": ["visit"]}, "Wanted the column visit"),
    ],
)
def test_tables_that_cannot_be_matched_say_what_is_missing(
    first: tuple[str, str], second: tuple[str, str], options: dict[str, list[str]], told: str, tmp_path: Path
) -> None:
    one, two = write_csv(tmp_path / "1.csv", first, ("S1", 30)), write_csv(tmp_path / "2.csv", second, ("S1", 31))
    with pytest.raises(BatchError, match=told) as caught:
        pair_tables(one, two, **options)
    assert "\n" not in str(caught.value)


def test_a_row_that_comes_twice_is_told(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "1.csv", ("subject", "end_range_deg"), ("S1", 30), ("S1", 31))
    two = write_csv(tmp_path / "2.csv", ("subject", "end_range_deg"), ("S1", 30))
    with pytest.raises(BatchError, match="found S1 twice"):
        pair_tables(one, two, by=["subject"])


def test_a_cell_that_is_no_number_is_told(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "1.csv", ("subject", "end_range_deg"), ("S1", "about 30"))
    with pytest.raises(BatchError, match="found 'about 30'"):
        pair_tables(one, one)


def test_external_rotation_and_the_arc_are_compared_by_themselves(tmp_path: Path) -> None:
    """Two tables of results of one batch: nothing of one motion enters a figure of another."""
    header = ("clip", "side", "end_range_deg", "external_end_range_deg", "arc_total_deg")
    ours = [(f"{n}.mp4", "left", 30.0 + n, 40.0 + n, 70.0 + 2 * n) for n in range(3)]
    theirs = [(clip, side, ir - 1.0, er + 3.0, arc + 2.0) for clip, side, ir, er, arc in ours]
    theirs[2] = ("2.mp4", "left", 31.0, "", "")
    tables = write_csv(tmp_path / "a.csv", header, *ours), write_csv(tmp_path / "b.csv", header, *theirs)
    pairs, key = pair_tables(*tables)
    study = study_agreement("a", "b", pairs)
    assert key == ("clip", "side")
    assert [(g.label, g.measure, round(g.bland_altman.bias, 6), g.bland_altman.n) for g in study.groups] == [
        ("all", "internal", 1.0, 3),
        ("external rotation", "external", -3.0, 2),
        ("total arc", "arc", -2.0, 2),
    ]
    assert [title for title, _ in draw_study(study)] == [
        f"All pairs, {what}" for what in ("internal rotation", "external rotation", "total arc")
    ]
    _, out, _ = run_command("agree", *tables, "--column", "external_end_range_deg", "--json")
    (group,) = json.loads(out)["groups"]
    assert (group["group"], group["measure"], group["n_pairs"]) == ("external rotation", "external", 2)


def test_in_a_table_with_a_row_for_each_motion_the_cell_says_what_a_reading_is_of(tmp_path: Path) -> None:
    header = ("clip", "side", "motion", "end_range_deg")
    rows = [("a.mp4", "left", motion, value) for motion, value in (("internal", 30), ("external", 40))]
    ours = write_csv(tmp_path / "a.csv", header, *rows)
    pairs, _ = pair_tables(ours, ours, by=("clip", "side", "motion"))
    assert [(pair.measure, pair.first_deg) for pair in pairs] == [("internal", 30.0), ("external", 40.0)]
    with pytest.raises(BatchError, match="every row once"):  # two of one side: nobody said which
        pair_tables(ours, ours)


@pytest.mark.parametrize(
    ("column", "first_deg", "measure"),
    [
        ("goniometer_deg", 31.0, "internal"),
        ("goniometer_external_deg", 41.0, "external"),
        ("goniometer_arc_deg", 72.0, "arc"),
    ],
)
def test_a_reading_of_the_list_is_held_against_what_its_column_says(
    column: str, first_deg: float, measure: str
) -> None:
    row = {"clip": "a.mp4", "side": "left", "subject": "S01", "test": "seated", "sex": None}
    row |= {"end_range_deg": 31.0, "external_end_range_deg": 41.0, "arc_total_deg": 72.0, column: 30.0}
    (study,) = studies_of([row], [column], str)
    assert [(pair.first_deg, pair.second_deg, pair.measure) for pair in study.pairs] == [(first_deg, 30.0, measure)]
