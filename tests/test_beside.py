"""What stands beside a number that the hip did not make alone: the same rows in terminal, report and document."""

import io
import re

import pytest
from rich.console import Console
from simulated import prone, seated

from hipcv.assessment import assess
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.setup import Setup
from hipcv.outputs.beside import beside_number
from hipcv.outputs.document import render_document
from hipcv.outputs.html import render_report
from hipcv.outputs.text import render_text
from hipcv.words import SIDES

LYING = Setup(PRONE)


def labels(result):
    return [row.label for row in beside_number(result)]


@pytest.fixture(scope="module")
def hiked():
    return assess(seated(left=(40.0, 39.0), right=(20.0, 19.0), hike=10.0, fps=15.0), Setup())


def test_a_pelvis_that_lifts_says_what_it_made_what_is_left_and_the_angle_before(hiked):
    for result in hiked.sides:
        made, without, before = beside_number(result)
        assert made.label == "of which the pelvis made about"
        assert made.value_deg == pytest.approx(10.0, abs=1.0)
        assert made.value_deg + without.value_deg == pytest.approx(result.end_range_deg)
        assert before.label == "before the pelvis moved"
        assert before.value_deg < 0.3 * result.end_range_deg


def test_a_pelvis_that_tips_the_other_way_took_something_away():
    assessment = assess(seated(hike=-10.0, fps=15.0), Setup())
    for result in assessment.sides:
        made, without, _ = beside_number(result)
        assert "took away" in made.label
        assert without.value_deg == pytest.approx(result.end_range_deg + made.value_deg)


def test_a_hip_that_moved_alone_has_nothing_beside_its_number():
    assessment = assess(seated(fps=15.0), Setup())
    assert [beside_number(result) for result in assessment.sides] == [(), ()]
    assert "the left hip turned inwards by 39" in render_report(assessment, []).lower()


@pytest.mark.parametrize(
    ("series", "setup", "label", "before"),
    [
        pytest.param({"lean": 18.0}, Setup(), "the body leaned by", "before", id="trunk"),
        pytest.param({"drift": 18.0}, Setup(), "the knee moved sideways by", "before the knee moved", id="thigh"),
        pytest.param({"twist": 6.5}, LYING, "the body turned by", "before the body turned", id="body"),
        pytest.param({"rolling": 9.0}, LYING, "the pelvis rolled by", "before the pelvis moved", id="prone pelvis"),
    ],
)
def test_every_compensation_is_told_with_the_angle_before_it(series, setup, label, before):
    assessment = assess((seated if setup.procedure is SEATED else prone)(**series), setup)
    for result in assessment.sides:
        told = labels(result)
        assert label in told
        assert told[-1].startswith(before)


def test_hips_that_tilt_with_a_leaning_trunk_are_an_upper_limit():
    """The model's hips follow a trunk that leans: what the pelvis made of it is at most that."""
    assessment = assess(seated(hike=10.0, lean=18.0, fps=15.0), Setup())
    assert "of which the pelvis made up to" in labels(assessment.left)


def test_terminal_report_and_document_show_the_same_rows(hiked):
    console = Console(file=io.StringIO(), width=100)
    render_text(hiked, console)
    lines = console.file.getvalue().splitlines()
    report, document = render_report(hiked, []), render_document(hiked)
    end_range = next(k for k, line in enumerate(lines) if "end range" in line)
    for k, (left, right) in enumerate(zip(*map(beside_number, hiked.sides), strict=True), start=1):
        assert re.search(rf"{left.label} +{left.value_deg:.1f}° +{right.value_deg:.1f}°", lines[end_range + k])
    for side in SIDES:
        rows = beside_number(hiked.of(side))
        card = report[report.index(f'class="card {side}"') :]
        card = card[: card.index("Likely between")]  # right at the number
        for row in rows:
            assert f"<dt>{row.label}</dt><dd>{row.value_deg:.0f}°</dd>" in card
        told = document["sides"][side]["motions"]["internal"]["beside"]
        assert [(one["label"], one["value_deg"]) for one in told] == [(r.label, round(r.value_deg, 2)) for r in rows]


def test_the_report_does_not_say_that_the_hip_did_what_the_pelvis_did(hiked):
    report = render_report(hiked, [])
    assert "hip turned inwards" not in report
    assert "not by the hip alone (before the pelvis moved:" in report
