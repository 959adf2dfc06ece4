"""The report on paper: one page that says it all, then the details; drawn as on the page, and fetched from nowhere."""

import sys
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from simulated import seated

from hipcv.assessment import Assessment, assess
from hipcv.core.errors import OutputError
from hipcv.core.setup import Setup
from hipcv.evidence.guidance import note_for
from hipcv.history.since import since_last
from hipcv.history.store import open_history
from hipcv.outputs import extras
from hipcv.outputs.artefacts import PDF, Material
from hipcv.outputs.document import render_document
from hipcv.outputs.figures import draw_curves
from hipcv.outputs.html import Still, render_report, with_visit
from hipcv.outputs.pdf import lay_out, render_pdf, style_drawings
from hipcv.outputs.visit import SideSince, Since, Visit
from hipcv.words import SIDES, Effort, Motion, Motions, Paper, Sex, Side

# to load Pango a library may ask the system where it is, by a process
pytestmark = pytest.mark.process

VISIT = Visit(
    "Anna M.",
    date(2026, 11, 27),
    "IMG_0412.mp4",
    Since(date(2026, 10, 20), (SideSince(Side.LEFT, 41.0, -2.0, 9.0, detected=False),)),
)
MM_PER_PX = 25.4 / 96


@pytest.fixture(scope="module", params=["seated-easy-101-00", "seated-both-133-00", "prone-passive-122-01"])
def page(request: pytest.FixtureRequest, kept: Any) -> tuple[str, Assessment]:
    """The report of a clip with a picture of each side and motion."""
    measured = kept(request.param)
    setup = replace(measured.assessment.setup, age_years=30.0, sex=Sex.MALE)
    assessment = assess(measured.series, setup, provenance=measured.assessment.provenance)
    done, jpeg = cv2.imencode(".jpg", np.full((480, 640, 3), 120, np.uint8))
    assert done
    stills = [
        Still(r.side, 2.0, jpeg.tobytes(), f"{r.side} hip at its largest end range", r.motion)
        for r in assessment.results
        if r.measured
    ]
    return render_report(assessment, stills, None, VISIT), assessment


def words_of(page: Any) -> str:
    """Return the words of a laid-out page, in their order."""
    boxes, told = [page._page_box], []
    while boxes:
        box = boxes.pop()
        if hasattr(box, "text"):
            told.append(box.text)
        boxes += list(getattr(box, "children", ()))[::-1]
    return " ".join(" ".join(told).split())


@pytest.mark.parametrize("paper", Paper)
def test_the_first_page_holds_who_when_which_clip_and_both_sides(page: tuple[str, Assessment], paper: Paper) -> None:
    report, assessment = page
    laid_out = lay_out(report, paper)
    first, second = (words_of(one) for one in laid_out.pages[:2])
    assert "Anna M. · 2026-11-27 · recording IMG_0412.mp4" in first
    for side in SIDES:
        result = assessment.of(side)
        if result.measured:
            assert f"{result.end_range_deg:.0f}°" in first
            assert "(95 % interval)" in first
    assert "Left and right rest on" in first, "its last line"
    if assessment.left.measured:
        assert "Since 2026-10-20:" in first
    assert "The movement" not in first
    assert "Left and right rest on" not in second
    assert first.endswith(f"1 / {len(laid_out.pages)}")
    height_mm = laid_out.pages[0].height * MM_PER_PX
    assert height_mm == pytest.approx({Paper.A4: 297.0, Paper.LETTER: 279.4}[paper], abs=0.5)


def test_a_pdf_is_made_of_what_was_measured(tmp_path: Path) -> None:
    setup = Setup(age_years=30.0, sex=Sex.MALE)
    assessment = assess(seated(left=(40.0,) * 3, right=(25.0,) * 3, fps=15.0), setup)
    PDF.need()
    PDF.write(Material(assessment, visit=VISIT), tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_drawings_have_the_colours_of_the_page(page: tuple[str, Assessment]) -> None:
    """WeasyPrint gives a drawing nothing of the page's style: everything has to be in the drawing."""
    styled = style_drawings(page[0])
    drawings = styled.split("<svg")[1:]
    assert len(drawings) >= 3
    for drawing in drawings:
        style = drawing[drawing.index("<style>") : drawing.index("</style>")]
        assert "var(" not in style
        assert ".curve {" in style or ".curve, " in style
        assert "#0072b2" in style


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    import urllib.request

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", refuse)
    made = render_pdf('<!doctype html><title>x</title><p>45°</p><img src="http://example.org/a.png">')
    assert made.startswith(b"%PDF-")


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(OutputError, match=r"pip install 'hipcv\[pdf\]'"):
        PDF.need()


def test_without_pango_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing(name: str) -> None:
        sys.stdout.write("WeasyPrint could not import some external libraries.")
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(extras, "import_module", missing)
    with pytest.raises(
        OutputError, match=r"^Wanted Pango to make a PDF, found none .*print the report from a browser\.$"
    ):
        PDF.need()
    assert capsys.readouterr().out == ""


# ------------------------------------------------------------------------------------------------- what the page says


@pytest.fixture(scope="module")
def unequal() -> Assessment:
    return assess(seated(left=(40.0,) * 3, right=(25.0,) * 3, fps=15.0), Setup(age_years=30.0, sex=Sex.MALE))


def test_the_ranges_are_one_sentence_with_the_rows_behind_it(unequal: Assessment) -> None:
    report = render_report(unequal, [])
    front = report[: report.index("The movement")]
    n = sum(c.verdict is not None for c in unequal.left.reference)
    assert f"Of {['none', 'one', 'two', 'three', 'four'][n]} published ranges that judge, the left hip lies " in front
    assert "<table" not in front
    rows = report[report.index("Every range, with its source") :]
    assert all(c.label in rows.replace("&#39;", "'") for c in unequal.left.reference)


def test_borderline_is_explained_where_it_is_said_and_nowhere_else(unequal: Assessment) -> None:
    for value in (14.0, 17.0, 30.0):
        one = assess(seated(left=(value,) * 3, right=(value,) * 3, fps=15.0), unequal.setup)
        verdicts = {str(c.verdict) for side in one.sides for c in side.reference if c.verdict}
        assert (note_for("borderline") in render_report(one, [])) == ("borderline" in verdicts)


def test_a_change_is_told_with_what_it_takes(unequal: Assessment) -> None:
    since = Since(date(2026, 10, 20), (SideSince(Side.RIGHT, 36.0, -11.0, 9.0, detected=True),))
    report = render_report(unequal, [], visit=Visit("A", since=since))
    assert report.count("Since 2026-10-20: −11°, from 36°; more than error, which takes 9.0°.") == 1
    assert "Since" not in render_report(unequal, [], visit=Visit("A"))


def test_a_name_is_words_and_can_be_changed(unequal: Assessment) -> None:
    report = render_report(unequal, [], visit=Visit("<b>A"))
    assert "&lt;b&gt;A" in report
    changed = with_visit(report, Visit("B & C\\1", date(2026, 11, 27)))
    assert '<p class="visit">B &amp; C\\1 · 2026-11-27</p>' in changed
    assert "&lt;b&gt;A" not in changed


def test_each_picture_stands_beside_its_own_number() -> None:
    both = assess(
        seated(left=(40.0, -30.0), right=(25.0, -35.0), duration_s=30.0, fps=15.0), Setup(motion=Motions.BOTH)
    )
    stills = [Still(side, 1.0, bytes(10), f"{side} {motion}", motion) for side in SIDES for motion in Motion]
    report = render_report(both, stills)
    for motion in Motion:
        for side in SIDES:
            card = report[report.index(f'<section class="card {side}"') :]
            if motion is Motion.EXTERNAL:
                card = card[card.index("</section>") :]
                card = card[card.index(f'<section class="card {side}"') :]
            assert f"{side} {motion}, with the shank" in card[: card.index("</section>")]


def test_numbers_beside_holds_that_follow_close_do_not_run_into_each_other() -> None:
    """Twelve short holds in a long recording: their numbers are nearer than they are wide."""
    many = assess(seated(left=(40.0, 38.0) * 6, duration_s=150.0, fps=10.0), Setup())
    drawing = ElementTree.fromstring(draw_curves(many))
    values = [(float(e.get("x", 0)), float(e.get("y", 0))) for e in drawing.iter("text") if e.get("class") == "value"]
    assert len(values) >= 10
    assert all(abs(x2 - x1) >= 36 or abs(y2 - y1) >= 12.9 for (x1, y1), (x2, y2) in pairwise(values))


def test_the_last_test_of_the_same_person_that_can_be_compared_is_what_a_change_is_told_of(
    unequal: Assessment, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'history.sqlite'}"
    first = render_document(assess(seated(left=(30.0,) * 3, right=(25.0,) * 3, fps=15.0), unequal.setup))
    other = render_document(replace(unequal, setup=replace(unequal.setup, effort=Effort.PASSIVE)))
    now, day = render_document(unequal), date(2026, 11, 27)
    with open_history(url) as history:
        history.keep(first, "A", visit_date=date(2026, 9, 1))
        history.keep(other, "A", visit_date=date(2026, 10, 1))
        history.keep(first, "B", visit_date=date(2026, 11, 1))
        history.keep(now, "A", visit_date=day)
        history.keep(first, "C", visit_date=date(2026, 12, 24))
    since = since_last(now, "A", day, url=url)
    assert since is not None
    assert since.day == date(2026, 9, 1)
    left = since.of(Side.LEFT)
    assert left is not None
    assert left.detected
    assert left.earlier_deg + left.change_deg == pytest.approx(unequal.left.end_range_deg, abs=0.02)
    assert since.of(Side.LEFT, Motion.EXTERNAL) is None
    assert since_last(now, "C", day, url=url) is None, "the future is not the last test"
    assert since_last(now, "D", day, url=url) is None


def test_each_direction_changes_by_itself_since_the_last_test(tmp_path: Path) -> None:
    url, setup = f"sqlite:///{tmp_path / 'history.sqlite'}", Setup(motion=Motions.BOTH)
    ends = ((40.0, 41.0, -15.0, -16.0), (40.0, 41.0, -42.0, -43.0))
    first, now = (render_document(assess(seated(left=left, right=(), fps=15.0), setup)) for left in ends)
    with open_history(url) as history:
        history.keep(first, "A", visit_date=date(2026, 9, 1))
    since = since_last(now, "A", date(2026, 11, 27), url=url)
    assert since is not None
    changes = {motion: since.of(Side.LEFT, motion) for motion in Motion}
    assert {motion: change is not None and change.detected for motion, change in changes.items()} == {
        Motion.INTERNAL: False,
        Motion.EXTERNAL: True,
    }


def test_a_number_that_nobody_judges_says_why() -> None:
    unsaid = assess(seated(left=(30.0,) * 3, fps=15.0), Setup())
    assert "No published range judges this number: age and sex not stated." in render_report(unsaid, [])
