"""Results out: the document, the table, the report, the annotated video."""

import csv
import json
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from html.parser import HTMLParser

import av
import numpy as np
import pytest
from documents import internal_parts
from simulated import seated

from hipcv.assessment import Provenance, assess
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.outputs.document import render_document
from hipcv.outputs.folder import write_folder
from hipcv.outputs.html import render_report
from hipcv.outputs.overlay import draw_frame, write_overlay
from hipcv.outputs.tables import COLUMNS, write_series
from hipcv.words import SIDES, Sex

SETUP = Setup(age_years=30.0, sex=Sex.FEMALE)
ROWS = ("time_s", "image_px", "world_m", "visibility")


@dataclass
class Picture:
    time_s: float
    rgb: np.ndarray


def pictures(series, size=None, times=None):
    width, height = size or series.frame_size_px
    for t in times if times is not None else series.time_s:
        yield Picture(float(t), np.full((height, width, 3), 90, np.uint8))


@pytest.fixture(scope="module")
def series():
    return seated(left=(40.0, 38.0), right=(25.0,), duration_s=16.0, fps=15.0)


@pytest.fixture(scope="module")
def assessment(series):
    return assess(series, SETUP, provenance=Provenance("0.1", "heavy", "a" * 64, "b" * 64, 15.0, len(series), {"x": 1}))


@pytest.fixture(scope="module")
def refused():
    return assess(seated(yaw=40.0, duration_s=8.0, fps=15.0), SETUP)


def numbers_in(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers_in(item)
    elif isinstance(value, float):
        yield value


@pytest.mark.parametrize("n_frames", [0, 1])
def test_a_recording_of_hardly_a_frame_is_still_strict_json(series, n_frames):
    few = PoseSeries(*(getattr(series, name)[:n_frames] for name in ROWS), series.frame_size_px)
    document = render_document(assess(few, SETUP, provenance=Provenance(fps=few.fps_hz, n_frames=n_frames)))
    assert json.loads(json.dumps(document, allow_nan=False))["provenance"]["fps"] is None


@pytest.mark.parametrize("which", ["assessment", "refused"])
def test_the_document_is_strict_json_with_nulls_for_what_is_missing(which, request):
    document = render_document(request.getfixturevalue(which))
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert all(np.isfinite(list(numbers_in(document))))
    if which == "refused":
        for side in internal_parts(document):
            assert side["status"] == "not_measured"
            assert side["end_range_deg"] is None
            assert side["interval95_deg"] is None
        assert set(document["asymmetry"].values()) == {None}


def test_the_document_says_what_the_assessment_says(assessment):
    document = render_document(assessment)
    for side in SIDES:
        result, told = assessment.of(side), document["sides"][side]["motions"]["internal"]
        assert told["end_range_deg"] == pytest.approx(result.end_range_deg, abs=0.01)
        assert len(told["trials"]) == len(result.trials)
        assert {c["verdict"] for c in told["reference"]} <= {"below", "within", "above", "borderline", None}
    assert document["camera"]["roll_deg"] == pytest.approx(assessment.camera.roll.value_deg, abs=0.01)


def test_the_table_has_a_row_a_frame_and_blanks_for_what_is_missing(tmp_path, series):
    image = series.image_px.copy()
    image[:12] = np.nan
    holed = PoseSeries(series.time_s, image, series.world_m, series.visibility, series.frame_size_px)
    path = write_series(assess(holed, SETUP), tmp_path / "a" / "series.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(series)
    assert rows[5]["left_deg"] == ""
    assert float(rows[33]["left_deg"]) == pytest.approx(40, abs=2)


class Page(HTMLParser):
    """Collect what a page loads from elsewhere, its text, and whether its elements are closed."""

    VOID = ("meta", "img", "br", "link", "hr", "input")

    def __init__(self, html):
        super().__init__()
        self.outside, self.words, self.open, self.images_without_words = [], [], [], 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        for name in ("src", "href"):
            link = given.get(name, "")
            if link and not link.startswith(("data:", "#", "https://doi.org/", "annotated.mp4")):
                self.outside.append(link)
        if tag == "img" and not given.get("alt"):
            self.images_without_words += 1
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_report_is_one_closed_page_that_loads_nothing(assessment):
    html = render_report(assessment, [], "annotated.mp4")
    page = Page(html)
    assert page.outside == []
    assert page.open == []
    assert "<script" not in html
    assert len(html) < 200_000
    text = " ".join(page.words)
    assert "It informs; it does not diagnose." in text
    assert f"{assessment.left.end_range_deg:.0f}°" in text
    assert "College women" in text


def test_the_report_of_a_refused_recording_says_why_and_how_to_film_again(refused):
    text = " ".join(Page(render_report(refused, [], None)).words)
    assert "could not be measured" in text
    assert "How to film it" in text
    assert not re.search(r"\bNone\b|\bnan\b", text)


def test_whatever_stands_in_the_parameters_is_escaped(assessment):
    provenance = replace(assessment.provenance, parameters={"clip": "<script>alert(1)</script>"})
    hostile = replace(assessment, provenance=provenance)
    assert "<script>" not in render_report(hostile, [], None)


def decoded(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [(float(f.pts * f.time_base), f.to_ndarray(format="rgb24")) for f in container.decode(stream)]
        return stream.codec_context.name, stream.codec_context.pix_fmt, frames


def test_the_annotated_video_keeps_the_recording_s_own_times(tmp_path, series, assessment):
    """Uneven times come back as they were, to a millisecond."""
    times = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.12, 40))
    path = write_overlay(pictures(series, times=times), series, assessment, tmp_path / "annotated.mp4")
    codec, pixels, frames = decoded(path)
    assert (codec, pixels) == ("h264", "yuv420p")
    shown = np.array([t for t, _ in frames])
    assert np.diff(shown) == pytest.approx(np.diff(times), abs=1e-3)


def test_the_annotated_video_of_an_uneven_recording_lasts_to_its_last_frame(tmp_path, series, assessment):
    """Players stop at the length that the file states; a pause before the last frame must lie within it."""
    path = write_overlay(pictures(series, times=[0.0, 0.5, 1.5, 1.6, 4.0]), series, assessment, tmp_path / "v.mp4")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert float(stream.duration * stream.time_base) > 4.0


@pytest.mark.parametrize("size", [(641, 479), (320, 240), (1920, 1080)])
def test_the_annotated_video_takes_any_frame_size(tmp_path, size):
    scaled = seated(left=(40.0,), right=(), size=size, duration_s=6.0, fps=10.0)
    first = pictures(scaled, times=scaled.time_s[:8])
    path = write_overlay(first, scaled, assess(scaled, SETUP), tmp_path / "v.mp4")
    _, _, frames = decoded(path)
    assert frames[0][1].shape[:2] == (size[1] // 2 * 2, size[0] // 2 * 2)
    assert len(frames) == 8


def test_a_drawn_frame_shows_both_shanks_in_their_colours(series, assessment):
    drawn = draw_frame(np.full((480, 640, 3), 90, np.uint8), 45, series, assessment)
    blue = (drawn[..., 2].astype(int) - drawn[..., 0] > 100).sum()
    orange = (drawn[..., 0].astype(int) - drawn[..., 2] > 100).sum()
    assert blue > 200
    assert orange > 200


def test_nothing_half_written_is_left_when_the_frames_end_in_an_error(tmp_path, series, assessment):
    def broken():
        yield from list(pictures(series))[:5]
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        write_overlay(broken(), series, assessment, tmp_path / "annotated.mp4")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_holds_all_files(tmp_path):
    small = seated(left=(40.0, 38.0), right=(25.0,), duration_s=16.0, fps=10.0, size=(160, 120))
    written = write_folder(tmp_path / "out", pictures(small), small, assess(small, SETUP))
    assert {p.name for p in written} == {"assessment.json", "series.csv", "fhir.json", "report.html", "annotated.mp4"}
    assert all(p.stat().st_size > 500 for p in written)
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    assert html.count("data:image/jpeg") == 2
    assert page.images_without_words == 0


def test_times_are_exact_fractions_of_the_written_clock(tmp_path, series, assessment):
    times = [Fraction(k, 30) for k in range(30)]
    path = write_overlay(pictures(series, times=times), series, assessment, tmp_path / "v.mp4")
    assert [t for t, _ in decoded(path)[2]] == pytest.approx([float(t) for t in times], abs=2e-5)
