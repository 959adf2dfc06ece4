"""What is drawn into a recording: the plumb line that is the zero, the edges it rests on, words that fit."""

from dataclasses import dataclass, replace

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import FOV, FRAME, seated

from hipcv.assessment import assess
from hipcv.core.camera.pinhole import Pinhole
from hipcv.core.errors import SourceError
from hipcv.core.procedures.prone import PRONE
from hipcv.core.series import ANKLES, KNEES, PoseSeries
from hipcv.core.setup import Setup
from hipcv.outputs.overlay import AMBER, draw_frame, draw_still, write_overlay
from hipcv.outputs.scene import banner_text, find_plumb_directions, find_view, state_texts
from hipcv.words import CameraSide, Side


@dataclass
class Picture:
    time_s: float
    rgb: np.ndarray


def grey(size=FRAME):
    return np.full((size[1], size[0], 3), 90, np.uint8)


@pytest.fixture(scope="module")
def series():
    return seated(left=(40.0, 38.0), right=(25.0,), duration_s=16.0, fps=15.0)


@pytest.fixture(scope="module")
def assessment(series):
    return assess(series, Setup())


@settings(max_examples=25, deadline=None)
@given(st.floats(-12, 12), st.floats(-10, 30), st.floats(-20, 20), st.booleans())
def test_the_drawn_plumb_line_is_where_a_plumb_string_would_be_seen(assessment, roll, pitch, yaw, prone):
    pinhole = Pinhole.turned(roll, pitch, yaw, long_side_fov_deg=FOV, frame_size_px=FRAME)
    knee = np.array([0.4, -0.1, 0.3])
    towards_foot = np.array([0, 0.05 if prone else -0.05, 0])
    seen = pinhole.project(np.stack([knee, knee + towards_foot]), 2.6 * pinhole.axes[2])
    camera = replace(
        assessment.camera,
        roll=replace(assessment.camera.roll, value_deg=roll),
        pitch=replace(assessment.camera.pitch, value_deg=pitch),
        yaw=replace(assessment.camera.yaw, value_deg=yaw),
        long_side_fov_deg=FOV,
    )
    setup = Setup(procedure=PRONE, camera_side=CameraSide.FOOT_END) if prone else Setup()
    analysis = replace(assessment.analysis, camera=camera)
    drawn = find_plumb_directions(seen[:1], replace(assessment, analysis=analysis, setup=setup), FRAME)[0]
    string = (seen[1] - seen[0]) / np.linalg.norm(seen[1] - seen[0])
    assert drawn == pytest.approx(string, abs=2e-3)


def test_the_words_follow_the_leg_through_its_trials(assessment):
    trial = assessment.left.trials[0]
    told = [state_texts(assessment, k, Side.LEFT) for k in range(len(assessment.angles.time_s))]
    assert told[0] == ("rest", "")
    assert told[trial.start] == ("swing", "")
    assert told[trial.hold_start][0] == f"hold {trial.end_range_deg:.1f}°"
    assert told[trial.hold_stop] == ("swing", "held 40°")
    low, high = assessment.left.interval95_deg
    assert told[-1] == ("rest", f"end range {assessment.left.end_range_deg:.0f}° ({low:.0f} to {high:.0f}°)")


def test_a_refused_leg_is_never_called_at_rest():
    refused = assess(seated(yaw=40.0, duration_s=8.0, fps=15.0), Setup())
    assert {state_texts(refused, k, Side.LEFT) for k in range(100)} == {("not measured", "")}
    assert banner_text(refused).startswith("Not measured: ")


def test_the_banner_says_each_doubt_once_and_whom_it_concerns():
    drifting = assess(seated(drift=18.0), Setup())
    assert banner_text(drifting) == "Doubt: The knee moved sideways (left, right)"
    assert banner_text(assess(seated(), Setup())) == ""


def test_only_edges_that_the_roll_rests_on_are_shown():
    series = seated(roll=4.0)
    assert assess(series, Setup()).analysis.plumb_edges_px == pytest.approx(series.edges_px[:5])
    stated = assess(series, Setup(roll_deg=4.0))
    assert stated.analysis.plumb_edges_px.shape == (0, 4)
    marked = tuple(tuple(map(float, edge)) for edge in series.edges_px[[0, 4]])
    bare = replace(series, edges_px=np.empty((0, 4)))
    only_marked = assess(bare, Setup(vertical_edges_px=marked))
    assert only_marked.analysis.plumb_edges_px == pytest.approx(np.array(marked))


def test_the_edges_are_drawn_in_yellow_where_they_are(series, assessment):
    drawn = draw_frame(grey(), 0, series, assessment)
    for x1, y1, x2, y2 in assessment.analysis.plumb_edges_px:
        along = np.array([(x1, y1), (x2, y2)]).T @ [[0.7, 0.3], [0.3, 0.7]]
        inside = [(round(x), round(y)) for x, y in along.T if 0 <= x < FRAME[0] - 1 and 0 <= y < FRAME[1] - 1]
        for x, y in inside:
            near = drawn[y, max(x - 1, 0) : x + 2].astype(int)
            assert np.abs(near - AMBER).sum(axis=-1).min() < 150


def test_the_edges_drawn_are_those_that_the_analysis_rests_on_and_no_others_are_looked_for(series, assessment):
    without = replace(series, edges_px=np.empty((0, 4)))
    assert (draw_frame(grey(), 0, without, assessment) == draw_frame(grey(), 0, series, assessment)).all()


def test_a_frame_without_a_person_carries_words_but_no_limbs(series, assessment):
    missing = PoseSeries(series.time_s, np.full_like(series.image_px, np.nan), series.world_m, series.visibility, FRAME)
    drawn = draw_frame(grey(), 5, missing, assess(missing, Setup()))
    middle = drawn[60:420]
    assert (middle == 90).all()
    assert (drawn != 90).any()


def test_numbers_stay_off_knees_and_feet(series, assessment):
    """At end range the pixels beyond the ankle are those of the recording, foot line aside."""
    k = assessment.left.trials[0].hold_start
    drawn = draw_frame(grey(), k, series, assessment)
    for side in (0, 1):
        knee, ankle = series.image_px[k, KNEES[side]], series.image_px[k, ANKLES[side]]
        beyond = ankle + 0.35 * (ankle - knee)
        x, y = (round(v) for v in beyond)
        patch = drawn[y - 12 : y + 13, x - 12 : x + 13]
        assert (patch == 90).all(axis=-1).mean() > 0.6


@pytest.mark.parametrize("size", [(640, 480), (3840, 2160), (480, 640)])
def test_what_is_drawn_grows_with_the_picture(size):
    scaled = seated(left=(40.0,), right=(), size=size, duration_s=5.0, fps=8.0)
    drawn = draw_frame(grey(size), 20, scaled, assess(scaled, Setup()))
    share = (drawn != 90).any(axis=-1).mean()
    assert 0.02 < share < 0.12


def test_a_still_shows_the_whole_swing_and_leaves_the_frame_alone(series, assessment):
    frame = grey()
    still = draw_still(frame, 40, series, assessment)
    assert (frame == 90).all()
    assert still.shape[0] == 480
    left, top, width, height = find_view(series)
    ankles = series.image_px[:, list(ANKLES)].reshape(-1, 2)
    assert (ankles > (left, top)).all()
    assert (ankles < (left + width, top + height)).all()


def test_a_still_of_nobody_is_the_whole_frame(series, assessment):
    missing = replace(series, image_px=np.full_like(series.image_px, np.nan))
    assert find_view(missing) == (0, 0, *FRAME)
    assert draw_still(grey(), 0, missing, assessment).shape == (480, 640, 3)


def test_colours_come_back_as_they_went_in(tmp_path, series, assessment):
    wall = np.empty((FRAME[1], FRAME[0], 3), np.uint8)
    wall[:] = (200, 60, 120)
    path = write_overlay([Picture(t, wall) for t in (0.0, 0.1, 0.2)], series, assessment, tmp_path / "v.mp4")
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, container.streams.video[0].codec_context.color_primaries) == (1, 1)
        corner = frame.to_ndarray(format="rgb24")[-100:-60, :40].reshape(-1, 3).mean(axis=0)
    assert corner == pytest.approx([200, 60, 120], abs=4)
    assert (wall == (200, 60, 120)).all()


def test_a_recording_that_has_gone_is_told_in_one_sentence_and_leaves_no_file(tmp_path, series, assessment):
    with pytest.raises(SourceError, match="found none"):
        write_overlay([], series, assessment, tmp_path / "v.mp4")
    assert list(tmp_path.iterdir()) == []
