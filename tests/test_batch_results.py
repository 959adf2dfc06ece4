"""Tables and pages tell what the documents hold: no more, no less, and nothing that a spreadsheet would run."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from documents import internal_parts
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from hipcv.agreement.study import studies_of
from hipcv.batch.input.clip import Clip, Key, Reference
from hipcv.batch.output.contents import Contents
from hipcv.batch.output.outcome_files import FOLDER, file_stem
from hipcv.batch.output.redcap import make_dictionary, make_records
from hipcv.batch.output.results import (
    FILM_AGAIN_COLUMNS,
    SIDE_COLUMNS,
    TRIAL_COLUMNS,
    Result,
    film_again_rows,
    side_rows,
    trial_rows,
)
from hipcv.batch.output.summary import find_remarks, render_summary
from hipcv.batch.run.job import Refusal, Refused
from hipcv.core.procedures.seated import SEATED
from hipcv.evidence.reference import compare, find_references
from hipcv.outputs.document import render_document
from hipcv.tables.table import (
    as_written,
    harmless,
    make_table,
    read_table,
    write_csv,
    write_excel,
    write_parquet,
)
from hipcv.words import Sex, Side

Document = dict[str, Any]
KEY = Key("c" * 64, "p" * 64, "m" * 64)


@pytest.fixture(scope="module")
def document(kept: Callable[[str], Any]) -> Document:
    """The document of a sample clip."""
    return render_document(kept("seated-easy-101-01").assessment)


def clip(row: int = 2, name: str = "a.mp4", **told: Any) -> Clip:
    return Clip(row, name, f"/clips/{name}", SEATED, **told)


def shifted(document: Document, by_deg: float) -> Document:
    """Return the document of somebody whose hips turn further."""
    other = deepcopy(document)
    for side in internal_parts(other):
        side["end_range_deg"] += by_deg
        side["interval95_deg"] = [bound + by_deg for bound in side["interval95_deg"]]
    return other


def refused_side(document: Document, side: str) -> Document:
    """Return the document of a recording in which one side could not be measured."""
    other = deepcopy(document)
    gone = ("end_range_deg", "interval95_deg", "pelvis_corrected_deg", "onset_deg", "raw_peak_deg", "trial_sd_deg")
    other["sides"][side]["motions"]["internal"] |= {
        "status": "not_measured",
        "trials": [],
        "reference": [],
        **dict.fromkeys(gone),
    }
    other["asymmetry"] = {"internal": None, "external": None}
    return other


# ------------------------------------------------------------------------------------------------------------- sides


def test_a_row_holds_the_numbers_of_its_side(document: Document) -> None:
    rows = {row["side"]: row for row in side_rows(Result(clip(subject="S1"), KEY, document))}
    assert set(rows) == {"left", "right"}
    for side, row in rows.items():
        found = document["sides"][side]["motions"]["internal"]
        assert row["end_range_deg"] == found["end_range_deg"]
        assert [row["interval95_low_deg"], row["interval95_high_deg"]] == found["interval95_deg"]
        assert row["n_trials_accepted"] == sum(trial["accepted"] for trial in found["trials"])
        assert row["fps_hz"] == document["provenance"]["fps"]
        assert row["asymmetry_difference_deg"] == document["asymmetry"]["internal"]["difference_deg"]
        assert (row["subject"], row["status"], row["film_again"]) == ("S1", "measured", False)


def judged(document: Document) -> Document:
    """Return the document as it is for a man of 30 at 35°."""
    known, other = find_references(SEATED, age_years=30, sex=Sex.MALE), deepcopy(document)
    for side in internal_parts(other):
        told = [compare(35.0, (33.0, 37.0), row) for row in known]
        side["reference"] = [{**asdict(one), "verdict": one.verdict and str(one.verdict)} for one in told]
    return other


def test_a_row_names_the_range_that_judges_its_side_and_none_where_nobody_says_who_it_is(document: Document) -> None:
    known = next(side_rows(Result(clip(), KEY, judged(document))))
    assert (known["reference_id"], known["reference_verdict"]) == ("hilfiker-2022-seated-male", "within")
    assert known["reference_percentile"] == pytest.approx(59, abs=1)
    assert known["reference_posture_caveat"] is None
    unknown = next(side_rows(Result(clip(), KEY, document)))
    assert document["sides"]["left"]["motions"]["internal"]["reference"]
    names = ("id", "low_deg", "high_deg", "percentile", "verdict", "posture_caveat")
    assert [unknown[f"reference_{name}"] for name in names] == [None] * 6
    (record, *_) = make_records([unknown]).to_dicts()
    assert (record["hip_ir_reference"], record["hip_ir_verdict"]) == (None, None)


def test_a_row_says_where_the_range_that_judges_prints_no_posture(document: Document) -> None:
    (judge, *_) = find_references(SEATED, age_years=30, sex=Sex.FEMALE)
    other = deepcopy(document)
    for side in internal_parts(other):
        told = compare(35.0, (33.0, 37.0), judge)
        side["reference"] = [{**asdict(told), "verdict": str(told.verdict)}]
    row = next(side_rows(Result(clip(), KEY, other)))
    assert (row["reference_verdict"], row["reference_posture_caveat"]) == ("within", judge.posture_caveat)


def test_a_side_that_the_list_does_not_ask_for_gets_no_row(document: Document) -> None:
    rows = list(side_rows(Result(clip(side_order=(Side.RIGHT,)), KEY, document)))
    assert [row["side"] for row in rows] == ["right"]


def test_readings_and_further_columns_of_the_list_are_carried(document: Document) -> None:
    told = clip(references=(Reference("goniometer", 31.0, 28.0),), carried={"site": "north", "status": "inpatient"})
    left, right = side_rows(Result(told, KEY, document))
    assert (left["goniometer_deg"], right["goniometer_deg"]) == (31.0, 28.0)
    assert (left["site"], left["list_status"], left["status"]) == ("north", "inpatient", "measured")


def test_the_order_of_the_sides_is_checked_against_the_list(document: Document) -> None:
    firsts = {
        side: min(t["start_s"] for t in part["trials"] if t["accepted"])
        for side, part in zip(document["sides"], internal_parts(document), strict=True)
    }
    seen = tuple(Side(side) for side in sorted(firsts, key=firsts.__getitem__))
    for order, agrees in ((seen, True), (seen[::-1], False), ((), None)):
        row = next(side_rows(Result(clip(side_order=order), KEY, document)))
        assert row["side_order_agrees"] is agrees
    rows = list(side_rows(Result(clip(side_order=seen[::-1]), KEY, document)))
    (remark,) = find_remarks(rows, {})
    assert "is it mirrored, or the list wrong?" in remark.why


def test_what_is_not_done_yet_has_its_rows_too() -> None:
    rows = list(side_rows(Result(clip())))
    assert [(row["side"], row["status"], row["end_range_deg"]) for row in rows] == [
        ("left", "not_done", None),
        ("right", "not_done", None),
    ]


def test_every_trial_has_its_row(document: Document) -> None:
    rows = list(trial_rows(Result(clip(), KEY, document)))
    assert len(rows) == sum(len(found["trials"]) for found in internal_parts(document))
    assert {row["side"] for row in rows} == {"left", "right"}
    assert make_table(rows, TRIAL_COLUMNS).columns == list(TRIAL_COLUMNS)


# -------------------------------------------------------------------------------------------------------- film again


def test_a_side_without_a_number_is_to_be_filmed_again_with_reason_and_advice(document: Document) -> None:
    result = Result(clip(), KEY, refused_side(document, "left"))
    (row,) = film_again_rows(result)
    assert (row["side"], row["code"]) == ("left", "no_hold")
    assert row["reason"]
    assert "left" in row["advice"]
    left, right = side_rows(result)
    assert (left["film_again"], right["film_again"]) == (True, False)


def test_a_reason_that_concerns_the_whole_recording_is_told_once(document: Document) -> None:
    both = refused_side(refused_side(document, "left"), "right")
    finding = {**document["findings"][0], "code": "no_person", "severity": "reject", "side": None}
    both["findings"] = [{**finding, "advice": "Film the whole body."}]
    (row,) = film_again_rows(Result(clip(), KEY, both))
    assert (row["code"], row["side"], row["advice"]) == ("no_person", None, "Film the whole body.")


def test_a_side_that_was_not_asked_for_need_not_be_filmed_again(document: Document) -> None:
    result = Result(clip(side_order=(Side.RIGHT,)), KEY, refused_side(document, "left"))
    assert list(film_again_rows(result)) == []


@pytest.mark.parametrize("refusal", [r for r in Refusal if r is not Refusal.WORKER_UNFIT])
def test_a_recording_that_was_set_aside_tells_why_without_the_machines_folders(refusal: Refusal) -> None:
    told = clip(name="x/a.mp4")
    result = Result(told, KEY, refused=Refused(refusal, f"Wanted a video in {told.source}, found text."))
    (row,) = film_again_rows(result)
    assert row["reason"] == "Wanted a video in x/a.mp4, found text."
    assert row["advice"]
    assert {side["status"] for side in side_rows(result)} == {"set_aside"}


# ------------------------------------------------------------------------------------------------------------ files


FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0"]
FORMULAS += ["\uff1d1", "\uff0b1", '"=1+1"', " =1", "'=1"]
INNER = [f"a{sign}{formula}" for sign in ";|\t\n\r" for formula in ("=1+1", '"=1+1"', "@SUM(A1)", "-2+3")]


@pytest.mark.parametrize("formula", FORMULAS + INNER)
def test_no_cell_and_no_column_name_is_a_formula(formula: str, tmp_path: Path) -> None:
    told = clip(name=formula, subject=formula, carried={formula: formula})
    table = make_table(side_rows(Result(told)), SIDE_COLUMNS)
    write_csv(table, tmp_path / "t.csv")
    for delimiter in ",;|\t":  # whatever parts the cells where it is opened
        with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
            cells = [cell for record in csv.reader(file, delimiter=delimiter) for cell in record]
        assert not [cell for cell in cells if re.match(r'[" ]*[=+\-@\t\r\n\uff1d\uff0b]', cell)]
    assert formula in read_table(tmp_path / "t.csv", ("clip",)).columns
    write_excel(table, tmp_path / "t.xlsx", "results")
    book = load_workbook(tmp_path / "t.xlsx")
    assert {cell.data_type for row in book["results"].iter_rows() for cell in row} <= {"s", "n", "b"}
    book.close()


@given(text=st.text() | st.text("=-'\" ;|\t\r\na1"))
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert as_written(harmless(text)) == text


@given(number=st.floats(-1e6, 1e6).map(lambda v: round(v, 3)))
def test_a_negative_number_stays_a_number(number: float) -> None:
    if "e" not in str(number):
        assert harmless(str(number)) == str(number)


def test_three_kinds_of_file_hold_the_same_table(document: Document, tmp_path: Path) -> None:
    results = [Result(clip(2, "a.mp4", subject="007"), KEY, document), Result(clip(3, "b.mp4"))]
    table = make_table((row for result in results for row in side_rows(result)), SIDE_COLUMNS)
    write_parquet(table, tmp_path / "t.parquet")
    write_csv(table, tmp_path / "t.csv")
    write_excel(table, tmp_path / "t.xlsx", "results")
    assert pl.read_parquet(tmp_path / "t.parquet").equals(table)
    for name in ("t.csv", "t.xlsx"):
        read = read_table(tmp_path / name, ("clip", "end_range_deg"))
        assert read.columns == table.columns
        assert read["subject"].to_list() == ["007", "007", None, None]
        values = read["end_range_deg"].cast(pl.Float64).to_list()
        assert values == table["end_range_deg"].to_list()


def test_further_columns_are_numbers_only_where_all_of_them_are() -> None:
    rows = [{"n": "1.5", "id": "007", "mixed": "2"}, {"n": None, "id": "008", "mixed": "x"}]
    table = make_table(rows, {})
    assert {name: str(kind) for name, kind in table.schema.items()} == {
        "id": "String",
        "mixed": "String",
        "n": "Float64",
    }


@given(name=st.text(min_size=1, max_size=60))
def test_a_name_from_somebody_else_never_leads_out_of_the_folder(name: str) -> None:
    stem = file_stem(clip(name=name), KEY)
    assert re.fullmatch(r"[\w.-]+-[0-9a-f]{10}", stem, re.ASCII)
    assert not stem.startswith(".")
    assert (Path(FOLDER) / stem).name == stem


# ------------------------------------------------------------------------------------------------------------ REDCap


def test_redcap_gets_one_record_a_subject_and_one_repeat_a_side_and_visit(document: Document) -> None:
    visits = [
        clip(2, "b.mp4", subject="S1", visit_date="2026-05-01"),
        clip(3, "a.mp4", subject="S1", visit_date="2026-01-01"),
        clip(4, "c.mp4", subject="S2"),
        clip(5, "d.mp4"),
    ]
    rows = [row for told in visits for row in side_rows(Result(told, KEY, document))]
    rows += side_rows(Result(clip(6, "e.mp4", subject="S3")))
    table = make_records(rows)
    at = list(zip(table["record_id"], table["redcap_repeat_instance"], table["hip_visit_date"], strict=True))
    first, second = "2026-01-01", "2026-05-01"
    assert [x for x in at if x[0] == "S1"] == [("S1", 1, first), ("S1", 2, first), ("S1", 3, second), ("S1", 4, second)]
    assert {record for record, _, _ in at} == {"S1", "S2", KEY.clip_sha256[:12]}
    assert len(set(zip(table["record_id"], table["redcap_repeat_instance"], strict=True))) == len(table)


def test_redcap_gets_no_file_name_since_these_name_people(document: Document) -> None:
    told = clip(2, "Anna Muster seated.mp4")
    broken = Refused(Refusal.UNREADABLE, f"Wanted a video in {told.source}, found text.")
    results = [
        Result(told, KEY, document),
        Result(told, KEY, refused=broken),
        Result(replace(told, subject="S7"), refused=broken),  # its bytes could not be read
        Result(told, refused=broken),  # neither bytes nor subject: nothing to be a record by
    ]
    table = make_records(row for result in results for row in side_rows(result))
    assert set(table["record_id"]) == {KEY.clip_sha256[:12], "S7"}
    assert len(table) == 6
    assert "Anna" not in table.write_csv()
    assert "Wanted a video in the recording, found text." in table["hip_reason"].to_list()


def test_redcap_knows_every_field_by_its_dictionary() -> None:
    fields = make_dictionary()
    names = fields["Variable / Field Name"].to_list()
    given_by_redcap = {"redcap_repeat_instrument", "redcap_repeat_instance", "hip_rotation_complete"}
    assert set(make_records([]).columns) == {*names, *given_by_redcap}
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,25}", name) for name in names)
    assert len(fields.columns) == 18
    choices = dict(zip(names, fields["Choices, Calculations, OR Slider Labels"], strict=True))
    assert choices["hip_side"] == "left, left | right, right"


# ----------------------------------------------------------------------------------------------------------- summary


class Page(HTMLParser):
    """Collects tags, links and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def contents_of(results: list[Result], **more: Any) -> Contents:
    contents = Contents(**more)
    for result in results:
        contents.sides += side_rows(result)
        contents.film_again += film_again_rows(result)
        contents.counts[result.status] += 1
    return contents


def test_the_summary_shows_every_side_once_and_needs_no_network(document: Document) -> None:
    results = [
        Result(
            clip(at, f"{at}.mp4", sex=Sex.FEMALE, references=(Reference("goniometer", 30.0 + at, None),)),
            KEY,
            shifted(document, at),
        )
        for at in range(2, 12)
    ]
    contents = contents_of(results, pages={2: "clips/2.html"})
    contents.studies = studies_of(contents.sides, ["goniometer_deg"], lambda column: "goniometer")
    page = Page(render_summary(contents, "lite"))
    assert page.tags["title"] == 1 + 20 + 10  # of the page, then of every point
    assert page.tags["svg"] == 2
    assert page.tags["script"] == 0
    assert not [link for link in page.links if "//" in link]
    assert "clips/2.html" in page.links
    assert "ICC(2,1)" in " ".join(page.words)


def test_a_value_far_from_all_others_is_pointed_out(document: Document) -> None:
    results = [Result(clip(at), KEY, shifted(document, 0.2 * at)) for at in range(10)]
    results.append(Result(clip(20, "far.mp4"), KEY, shifted(document, 60)))
    remarks = find_remarks(contents_of(results).sides, {})
    assert {(remark.row["clip"], remark.row["side"]) for remark in remarks} == {
        ("far.mp4", "left"),
        ("far.mp4", "right"),
    }


def test_a_hostile_name_is_text_on_the_page_and_nothing_else(document: Document) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    told = clip(2, hostile, subject=hostile, references=(Reference("goniometer", 31.0, 30.0),))
    contents = contents_of([Result(told, KEY, document), Result(clip(3, hostile), KEY, refused_side(document, "left"))])
    contents.studies = studies_of(contents.sides, ["goniometer_deg"], lambda column: hostile)
    contents.same = [[hostile, hostile]]
    page = Page(render_summary(contents, "lite"))
    assert page.tags["script"] == 0
    assert page.tags["img"] == 0
    assert hostile in " ".join(page.words)


def test_an_empty_batch_has_a_page_too() -> None:
    page = Page(render_summary(contents_of([Result(clip())]), "lite"))
    assert "still to do" in " ".join(page.words)
    assert page.tags["svg"] == 0


def test_all_columns_that_a_row_may_have_are_declared(document: Document) -> None:
    (left, _) = side_rows(Result(clip(), KEY, document))
    assert set(left) == set(SIDE_COLUMNS)
    (again,) = film_again_rows(Result(clip(), KEY, refused_side(document, "left")))
    assert set(again) == set(FILM_AGAIN_COLUMNS)
    units = [name for name, kind in SIDE_COLUMNS.items() if kind is float]
    assert all(name.endswith(("_deg", "_hz", "_years", "_percentile")) for name in units)


def test_csv_is_utf_8_with_one_header(document: Document, tmp_path: Path) -> None:
    write_csv(make_table(side_rows(Result(clip(subject="Jürgen"), KEY, document)), SIDE_COLUMNS), tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_text("utf-8")
    assert len(list(csv.reader(io.StringIO(text)))) == 3
    assert "Jürgen" in text
