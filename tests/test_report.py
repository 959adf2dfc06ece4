"""The report: plain words that fit the numbers, in daylight, in the dark and on paper."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from simulated import seated

from hipcv.assessment import Provenance, assess
from hipcv.core.finding import Finding, FindingCode, Severity
from hipcv.core.setup import Setup
from hipcv.evidence.guidance import note_for, origin_for
from hipcv.outputs.figures import draw_budget, draw_curves, draw_norms
from hipcv.outputs.html import Still, render_report, with_visit
from hipcv.outputs.visit import SideSince, Since, Visit
from hipcv.words import Sex, Side

SETUP = Setup(age_years=30.0, sex=Sex.MALE)


class Words(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.words, self._quiet = [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self._quiet = tag == "style"

    def handle_endtag(self, tag):
        self._quiet = False

    def handle_data(self, data):
        if not self._quiet:
            self.words.append(data)


def words(html):
    return " ".join(" ".join(Words(html).words).split())


@pytest.fixture(scope="module")
def assessment():
    return assess(seated(left=(40.0, 38.0, 39.0), right=(25.0, 24.0), duration_s=20.0, fps=15.0), SETUP)


def test_every_drawing_is_well_formed_and_has_words_for_who_cannot_see_it(assessment):
    left = assessment.left
    for drawing in (draw_curves(assessment), draw_norms(left, left.reference), draw_budget(left)):
        root = ElementTree.fromstring(drawing)
        assert root.get("role") == "img"
        assert len(root.get("aria-label")) > 10


def test_the_norms_name_a_verdict_for_every_band_and_draw_none_that_no_study_backs(assessment):
    for result in assessment.sides:
        drawing = ElementTree.fromstring(draw_norms(result, result.reference))
        told = [e.text for e in drawing.iter("text") if e.get("class") == "verdict"]
        drawn = [c for c in result.reference if c.low_deg is not None and c.citation]
        assert told == [c.verdict and str(c.verdict) for c in drawn]
        assert all(c.verdict for c in drawn)
        assert any(c.posture_caveat for c in drawn)
        told = " ".join(e.text for e in drawing.iter("text") if e.get("class") == "inside")
        assert told == " ".join(f"{c.label}; {c.posture_caveat}" if c.posture_caveat else c.label for c in drawn)
        assert all(c.posture_caveat in drawing.get("aria-label") for c in drawn if c.posture_caveat)
        assert any(c.low_deg is not None and not c.citation for c in result.reference)


def test_without_a_sex_the_norms_stand_side_by_side_without_a_verdict(assessment):
    unknown = assess(seated(left=(40.0,), duration_s=12.0, fps=15.0), replace(SETUP, sex=None))
    drawing = ElementTree.fromstring(draw_norms(unknown.left, unknown.left.reference))
    names = [e.text for e in drawing.iter("text") if e.get("class") == "inside"]
    assert {"College women", "College men", "Young men"} <= {name.split(",")[0].split(" (")[0] for name in names}
    assert not [e.text for e in drawing.iter("text") if e.get("class") == "verdict" and e.text]
    page = render_report(unknown, [], None)
    assert "The sex was not stated" in page
    assert "percentile" not in page


def test_a_band_lies_where_the_scale_says(assessment):
    result = assessment.left
    drawing = ElementTree.fromstring(draw_norms(result, result.reference))
    ticks = {e.text: float(e.get("x")) for e in drawing.iter("text") if e.get("class") == "tick"}
    per_degree = (ticks["60°"] - ticks["20°"]) / 40
    band = next(e for e in drawing.iter("rect") if e.get("class") == "band")
    first = next(c for c in result.reference if c.low_deg is not None)
    assert float(band.get("width")) == pytest.approx((first.high_deg - first.low_deg) * per_degree, abs=0.2)
    mark = next(e for e in drawing.iter("line") if e.get("class") == "mark")
    assert float(mark.get("x1")) == pytest.approx(ticks["20°"] + (result.end_range_deg - 20) * per_degree, abs=0.2)


def test_the_error_budget_is_printed_as_half_widths_that_make_up_the_interval(assessment):
    html = render_report(assessment, [], None)
    part = html[html.index("How sure is it") : html.index("Right: ±")]
    total = float(re.search(r"Left: ±(\d+\.\d)°", part).group(1))
    terms = [float(v) for v in re.findall(r"±(\d+\.\d)°</span>", part)]
    assert len(terms) >= 3
    assert sum(t**2 for t in terms) ** 0.5 == pytest.approx(total, abs=0.15)


def test_bar_and_legend_of_the_error_budget_share_their_colours(assessment):
    """Every term has a colour of its own, and the legend's swatch has the bar's."""
    html = render_report(assessment, [], None)
    colours = dict(re.findall(r"\.(t\d+) \{ --mine: (#\w+)", html))
    for result in assessment.sides:
        bar = dict(re.findall(r'class="term (t\d+)"[^>]*><title>([^±<]+) ±', draw_budget(result)))
        assert len({colours[name] for name in bar}) == len(bar) == len(result.error_terms)
        part = html[html.index(f"{result.side.capitalize()}: ±") :]
        legend = re.findall(r'swatch (t\d+)"></span>([^±<]+) ±', part[: part.index("</p>")])
        assert len(legend) >= 3
        for name, term in legend:
            assert bar[name] == term


def test_beside_a_percentile_stands_how_far_protocols_differ(assessment):
    text = words(render_report(assessment, [], None))
    told = re.findall(r"percentile \d+ \(protocols differ by about 6°\)", text)
    judges = [c for c in assessment.left.reference if c.percentile is not None]
    assert len(told) == text.count(", percentile ") == 2 * len(judges)
    assert [c.posture_caveat is None for c in judges] == [True, False, False]
    assert note_for("protocols") in text


def test_a_woman_who_sits_reads_a_verdict_and_that_the_posture_is_not_printed(assessment):
    woman = assess(seated(left=(40.0,), duration_s=12.0, fps=15.0), replace(SETUP, sex=Sex.FEMALE))
    first = woman.left.reference[0]
    text = words(render_report(woman, [], None))
    assert f"{first.label} (other ages) ({first.posture_caveat})" in text
    assert f"{first.verdict}, percentile {first.percentile:.0f} (protocols differ by about 6°)" in text
    assert "(posture not known)" not in text


def test_a_woman_of_70_reads_why_the_range_of_her_age_does_not_judge():
    old = assess(seated(left=(40.0,), duration_s=12.0, fps=15.0), replace(SETUP, sex=Sex.FEMALE, age_years=70.0))
    text = words(render_report(old, [], None))
    assert "(posture not known)" in text
    assert ", percentile " not in text


def test_frames_that_were_read_are_told_apart_from_the_recordings_own_rate(assessment):
    """Of a prone recording some eight frames a second are read."""
    told = replace(assessment, provenance=Provenance(fps=30.0, n_frames=173, readings_hz=8.0))
    assert "173 frames read at 8 Hz from a recording at 30 Hz" in words(render_report(told, [], None))
    told = replace(assessment, provenance=Provenance(fps=30.0, n_frames=173, readings_hz=30.0))
    assert "173 frames at 30 Hz" in words(render_report(told, [], None))


@pytest.mark.parametrize(
    ("mirrored", "said"),
    [
        (None, "not mirrored (assumed, nobody said so)"),
        (False, "not mirrored (as told)"),
        (True, "turned back (as told)"),
    ],
)
def test_the_report_says_what_left_and_right_rest_on(assessment, mirrored, said):
    told = replace(assessment, setup=replace(SETUP, mirrored=mirrored))
    text = words(render_report(told, [], None))
    assert re.search(rf"Left and right rest on: the camera in front, [\w ,]+{re.escape(said)}", text)


def test_the_camera_is_told_with_its_error_and_every_cue():
    rolled = assess(seated(roll=-5.0), SETUP)
    text = words(render_report(rolled, [], None))
    camera = text[text.index("Camera, corrected for") :]
    assert rolled.camera.roll.source in camera
    assert [c.source for c in rolled.camera.roll_cues] == ["room edges", "rest lean", "body lines"]
    for cue in rolled.camera.roll_cues:
        assert f"{cue.source} −{-cue.value_deg:.1f} ± {1.96 * cue.se_deg:.1f}°" in camera


def test_a_curve_of_a_refused_recording_is_not_to_be_taken_for_a_result():
    refused = assess(seated(yaw=40.0, duration_s=8.0, fps=15.0), SETUP)
    text = words(render_report(refused, [], None))
    assert "Not to be read as a result" in text
    assert "Compared with other people" not in text


def test_a_finding_is_told_with_what_is_known_about_its_limit():
    """Two trials are too few: the report says what three are good for, and where that was found."""
    series = seated(left=(40.0, 38.0), right=(25.0, 24.0), duration_s=20.0, fps=15.0)
    shown = words(render_report(assess(series, SETUP), []))
    assert origin_for("too_few_trials") in shown
    assert origin_for("no_hold") not in shown


def test_a_side_that_was_not_measured_says_why(assessment):
    outward = assess(seated(left=(-25.0, -24.0), right=(30.0, 31.0)), SETUP)
    text = words(render_report(outward, [], None))
    card = text[text.index("Left hip") : text.index("Right hip")]
    assert "Not measured" in card
    assert "The foot went the wrong way" in card


def test_a_trial_that_does_not_count_is_starred_and_explained(assessment):
    assert "does not count" not in words(render_report(assessment, [], None))
    spoilt = Finding(FindingCode.PERSON_LOST, Severity.REJECT, Side.LEFT, 1.0, 0.25, "s", "gap", "Film again.")
    first, *rest = assessment.left.trials
    starred = replace(assessment, left=replace(assessment.left, trials=(replace(first, findings=(spoilt,)), *rest)))
    assert f"{first.best_deg:.1f}°*," in words(render_report(starred, [], None))
    assert "* does not count" in words(render_report(starred, [], None))


def test_parameters_read_like_words(assessment):
    parameters = {"mirrored": False, "notes": ["shrunk to 1920", "a gap"], "roll_deg": None}
    told = replace(assessment, provenance=Provenance("1", "full", "a", "b", 30.0, 9, parameters))
    text = words(render_report(told, [], None))
    assert "mirrored: no" in text
    assert "notes: shrunk to 1920; a gap" in text
    assert "roll deg" not in text


def test_no_zero_carries_a_minus(assessment):
    left = replace(assessment.left, rest_deg=-0.01)
    text = words(render_report(replace(assessment, left=left), [], None))
    assert "At rest 0.0°" in text
    assert not re.search(r"[-−+]0(\.0)?(?![.\d])", text)


def test_paper_is_white_whatever_the_screen_prefers(assessment):
    html = render_report(assessment, [], None)
    assert "prefers-color-scheme: dark" in html
    assert not re.search(r"@media \(prefers-color-scheme", html)


def test_a_report_with_two_pictures_stays_below_five_megabytes(assessment):
    stills = [Still(side, 2.0, bytes(300_000), f"{side} hip") for side in Side]
    html = render_report(assessment, stills, "annotated.mp4")
    assert len(html) < 5_000_000
    assert html.count("<img") == 2


def test_what_changed_is_told_of_the_hip_it_is_of_and_may_be_told_later(assessment):
    """A report that was made before anybody knew whose it is says it as well as one that is made anew."""
    left = SideSince(Side.LEFT, 31.0, 12.0, 9.0, detected=True)
    visit = Visit("S01", date(2026, 11, 20), None, Since(date(2026, 10, 20), (left,)))
    anew, later = render_report(assessment, [], None, visit), with_visit(render_report(assessment, []), visit)
    for page in (anew, later):
        assert page.count("Since 2026-10-20") == 1
        told = page.index("Since 2026-10-20: +12°, from 31°; more than error")
        assert page.index("Left hip") < told < page.index("Right hip")
    assert "Since" not in with_visit(later, Visit("S01", date(2026, 11, 20)))
