"""Which part of a file is looked at, and how, by every door."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated import seated
from test_video import WIDTH, corners, number_in, numbered, write

from hipcv.assessment import Provenance, assess
from hipcv.core.checks.shape import breadth, check_shape
from hipcv.core.errors import SourceError
from hipcv.core.finding import FindingCode
from hipcv.core.setup import Setup
from hipcv.core.viewing import Viewing
from hipcv.outputs.document import read_viewing, render_document
from hipcv.sources.video import open_video
from hipcv_server.schemas import MeasureOptions


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("viewing") / "clip.mp4", [numbered(k) for k in range(60)])


def looked_at(clip: Path, **told):
    with open_video(clip, viewing=Viewing(**told)) as video:
        return video, list(video)


def test_a_stretch_holds_its_frames_at_their_own_seconds_and_is_not_called_cut_short(clip):
    video, frames = looked_at(clip, from_s=0.5, to_s=1.5)
    assert [number_in(frame.rgb) for frame in frames] == list(range(15, 45))
    assert frames[0].time_s == pytest.approx(0.5)
    assert not video.report.truncated
    assert (video.report.n_lost, video.report.n_frames, video.report.n_gaps) == (0, 30, 0)
    assert video.report.duration_s == pytest.approx(1.0, abs=0.01)


def test_seconds_are_the_players_in_slow_motion_too(clip):
    with open_video(clip, slow_motion=2.0, viewing=Viewing(from_s=1.0)) as video:
        frames = list(video)
    assert (number_in(frames[0].rgb), frames[0].time_s) == (30, pytest.approx(0.5))


def test_a_stretch_after_the_end_is_refused_with_how_long_the_recording_is(clip):
    with pytest.raises(SourceError, match=r"no frame from 9 s on in 2\.0 s: give seconds that the recording has"):
        looked_at(clip, from_s=9.0)


@pytest.mark.parametrize(("turn", "order"), [(90, (2, 0, 3, 1)), (180, (3, 2, 1, 0)), (270, (1, 3, 0, 2))])
def test_pictures_are_turned_clockwise_as_told(clip, turn, order):
    (_, upright), (video, frames) = looked_at(clip), looked_at(clip, rotate_deg=turn)
    plain = corners(upright[0].rgb)
    assert corners(frames[0].rgb) == [plain[k] for k in order]
    assert video.info.rotation_deg == 0
    assert frames[0].rgb.shape[:2] == (video.info.height_px, video.info.width_px)
    assert any("turned" in note for note in video.notes)


@pytest.mark.parametrize(("turn", "size"), [(0, (192, 96)), (90, (96, 192))])
def test_a_shape_that_is_told_is_that_of_the_upright_picture(clip, turn, size):
    video, _ = looked_at(clip, rotate_deg=turn, aspect=size[0] / size[1])
    assert (video.info.width_px, video.info.height_px) == size


def test_a_part_of_the_picture_is_handed_on_alone(clip):
    (_, whole), (video, part) = looked_at(clip), looked_at(clip, crop_px=(40, 20, 100, 60))
    assert np.array_equal(part[7].rgb, whole[7].rgb[20:80, 40:140])
    assert (video.info.width_px, video.info.whole_width_px) == (100, WIDTH)
    with pytest.raises(SourceError, match="for a part of 200×60 px at 40,20"):
        looked_at(clip, crop_px=(40, 20, 200, 60))


def test_marked_edges_are_those_of_the_whole_picture_wherever_it_was_cropped():
    series = seated(roll=5.0, room=False)
    edges = ((100.0, 50.0, 120.0, 400.0), (500.0, 60.0, 515.0, 380.0))
    shifted = tuple((x1 + 300, y1 + 40, x2 + 300, y2 + 40) for x1, y1, x2, y2 in edges)
    whole = assess(series, Setup(vertical_edges_px=edges))
    within = assess(replace(series, origin_px=(300, 40)), Setup(vertical_edges_px=shifted))
    assert within.camera.roll.value_deg == whole.camera.roll.value_deg


@pytest.mark.parametrize("squeeze", [0.75, 4 / 3])
def test_a_body_that_is_squeezed_is_doubted_unless_its_shape_was_told(squeeze):
    series = seated()
    series = replace(series, image_px=series.image_px * np.array([0.74 / breadth(series), 1.0]))  # as broad as people
    squeezed = replace(series, image_px=series.image_px * np.array([squeeze, 1.0]))
    assert check_shape(series, Setup()) == []
    assert [f.code for f in check_shape(squeezed, Setup())] == [FindingCode.PIXEL_SHAPE]
    told = assess(squeezed, Setup(), provenance=Provenance(viewing=Viewing(aspect=1.0)))
    assert FindingCode.PIXEL_SHAPE not in {f.code for f in told.findings}


VIEWINGS = [
    Viewing(),
    Viewing(rotate_deg=270, aspect=4 / 3),
    Viewing(from_s=0.0, to_s=5.1234),
    Viewing(crop_px=(1, 2, 300, 400)),
    Viewing(pictures_hz=12.5),
    Viewing(rotate_deg=90, still=True),
]


@pytest.mark.parametrize("viewing", VIEWINGS)
def test_the_document_keeps_what_was_looked_at(viewing):
    document = render_document(assess(seated(duration_s=3.0), Setup(), provenance=Provenance(viewing=viewing)))
    assert read_viewing(document) == viewing


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"rotate": "45"}, "rotate"),
        ({"aspect": "wide"}, "aspect"),
        ({"aspect": "40:1"}, "aspect"),
        ({"from_s": "5", "to_s": "2"}, "to_s"),
        ({"from_s": "-1"}, "from_s"),
    ],
)
def test_the_interface_refuses_what_no_picture_is(given, field):
    with pytest.raises(ValueError, match=field):
        MeasureOptions(test="seated", **given)


def test_the_interface_takes_what_the_command_line_takes():
    options = MeasureOptions(test="seated", rotate="180", aspect="16:9", from_s="1", to_s="9")
    assert options.viewing() == Viewing(180, 16 / 9, 1.0, 9.0)
