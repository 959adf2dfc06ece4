"""A live test gives what the recording of it would give; its parts tell the truth about gravity and pictures."""

import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from hipcv.assessment import Assessment, assess
from hipcv.cli import app
from hipcv.core.camera.pinhole import camera_axes, image_angle_deg
from hipcv.core.camera.pose import Cue
from hipcv.core.errors import SourceError
from hipcv.core.procedure import Procedure
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.core.skeleton import find_skeleton
from hipcv.live.coach import Phase, Plan
from hipcv.live.device_gravity import DeviceGravity, Facing, TiltLog, camera_tilt_deg, settled_tilt_deg
from hipcv.live.elsewhere import AFTER_S, Elsewhere
from hipcv.live.livetest import LiveTest, roll_shift_deg
from hipcv.live.placement import Posture
from hipcv.measurement import Measurement
from hipcv.models.store import get_model
from hipcv.pose.legs.ahead import ReadAhead
from hipcv.pose.legs.network import LandmarkNetwork, Look
from hipcv.pose.legs.reader import LegReader
from hipcv.session import Session
from hipcv.sources.stills import decode_still, encode_still
from hipcv.sources.video import open_video
from hipcv.sources.webcam import Stand, open_camera
from hipcv.words import CameraSide, ModelName, Side

CLIP = Path(__file__).parent.parent / "samples" / "seated-easy-101-01.mp4"
PLAN = Plan(n_trials=1, hold_s=1.0, countdown_s=0.0)

# ------------------------------------------------------------------------------------------------------ the whole test


@dataclass(frozen=True)
class Done:
    """What came out of a live test: series, assessment, and what was captured on the way."""

    series: PoseSeries
    assessment: Assessment
    captured: dict[Side, float]


@pytest.fixture(scope="module")
def live() -> Done:
    """The sample clip, frame by frame, through a live test whose clock began long ago."""
    captured: dict[Side, float] = {}
    with LiveTest(Setup(), PLAN) as test:
        for frame in open_video(CLIP):
            coaching = test.look(frame.rgb, frame.time_s + 100.0).coaching
            if coaching.hold is not None:
                captured[coaching.hold.side] = coaching.hold.angle_deg
        assert coaching.phase is Phase.COMPLETE
        series, assessment = test.finish()
    return Done(series, assessment, captured)


def test_a_live_test_agrees_with_the_recording_of_it(live: Done, kept: Callable[[str], Measurement]) -> None:
    """Guided by the fast model, read by the precise one: within 1° of the recorded file, side by side."""
    recorded = kept(CLIP.stem).assessment
    for side in Side:
        ours, theirs = live.assessment.of(side).end_range_deg, recorded.of(side).end_range_deg
        assert ours is not None
        assert theirs is not None
        assert abs(ours - theirs) < 1.0


def test_both_holds_are_captured_near_what_is_measured(live: Done) -> None:
    """What the person hears at once and what the precise model says afterwards are the same hold."""
    assert set(live.captured) == set(Side)
    for side in Side:
        assert live.captured[side] == pytest.approx(live.assessment.of(side).end_range_deg, abs=4.0)


def test_the_provenance_says_how_it_was_measured(live: Done) -> None:
    """A live result says that it is one, and which model read how many frames a second: not the one that guides."""
    provenance = live.assessment.provenance
    assert provenance.parameters["door"] == "live"
    assert provenance.pose_model == "heavy"
    assert provenance.readings_hz == pytest.approx(8.0, abs=0.5)
    assert live.series.time_s[0] >= 0.0


class Counting:
    """A network that counts how often it looks."""

    def __init__(self, network: LandmarkNetwork) -> None:
        self.network, self.n_looks = network, 0

    def __call__(self, crop: np.ndarray) -> Look:
        self.n_looks += 1
        return self.network(crop)


@pytest.mark.model
def test_frames_looked_at_ahead_give_what_the_recording_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same reader, with the first looks taken while the frames come and without: the same legs to half a degree."""
    monkeypatch.setattr("hipcv.pose.legs.ahead.FIRST_AFTER_S", 2.0)
    lite = get_model(ModelName.LITE)
    n_looks, results = [], []
    for guide in ((lite, ModelName.LITE), None):
        with Session(Setup(), lite, ModelName.LITE, guide=guide) as session:
            for frame in open_video(CLIP):
                session.add(frame.rgb, frame.time_s)
            reader = session.reader
            assert isinstance(reader, LegReader)
            if reader.ahead is not None:
                _wait_for(reader.ahead, session.n_kept)
            counting = Counting(reader.network)
            monkeypatch.setattr(reader, "network", counting)
            results.append(session.finish()[1])
            n_looks.append(counting.n_looks)
    assert n_looks[0] < n_looks[1] - 0.8 * session.n_kept  # at the end only the search is left, and what is doubted
    for side in Side:
        ahead, afterwards = (result.of(side).end_range_deg for result in results)
        assert ahead == pytest.approx(afterwards, abs=0.5)


def _wait_for(ahead: ReadAhead, n: int) -> None:
    """Wait until n frames have been looked at."""
    for _ in range(600):
        if len(ahead._looks) == n:
            return
        time.sleep(0.1)
    raise AssertionError(f"{len(ahead._looks)} of {n}")


@pytest.mark.model
def test_nothing_grows_while_nobody_is_tested() -> None:
    """Before the test only the last seconds are kept, however long somebody fidgets with the camera."""
    blank = np.full((120, 160, 3), 90, np.uint8)
    with LiveTest(Setup(), PLAN, guide=ModelName.LITE, precise=None) as test:
        for k in range(60):
            test.look(blank, k / 2)
        assert test.n_kept <= 13


@pytest.mark.model
def test_a_picture_of_another_size_in_the_middle_is_refused() -> None:
    """A phone that is turned over during the test gets one sentence, and the test goes on."""
    with LiveTest(Setup(), PLAN, guide=ModelName.LITE, precise=None) as test:
        for frame in open_video(CLIP):
            test.look(frame.rgb, frame.time_s)
            if test.coach.started:
                break
        with pytest.raises(SourceError, match="hold the device as before"):
            test.look(np.zeros((640, 480, 3), np.uint8), frame.time_s + 0.1)


@pytest.mark.model
def test_who_is_tested_is_told_before_a_leg_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Afterwards the frames of two people would be one test."""
    with LiveTest(Setup(), PLAN, guide=ModelName.LITE, precise=None) as test:
        test.point_at((0.2, 0.6))
        assert test._session.setup.subject_at == (0.2, 0.6)
        monkeypatch.setattr(test.coach, "_started", True)
        with pytest.raises(SourceError, match="before a leg moves"):
            test.point_at((0.8, 0.6))
        assert test._session.setup.subject_at == (0.2, 0.6)


@pytest.mark.model
def test_a_prone_test_is_guided_while_it_runs_and_read_as_a_whole_at_the_end() -> None:
    """Legs that the seated model does not see are followed all the same, and the hold is captured near its truth."""
    clip = CLIP.with_name("prone-easy-102-02.mp4")
    truth = json.loads(clip.with_suffix(".truth.json").read_text("utf-8"))["frames"]
    setup = Setup(procedure=PRONE, camera_side=CameraSide.FOOT_END)
    plan = Plan((Side.RIGHT,), n_trials=1, hold_s=1.0, countdown_s=0.0)
    errors, holds = [], []
    with LiveTest(setup, plan, precise=None) as test:
        for frame in open_video(clip):
            seen = test.look(frame.rgb, frame.time_s)
            errors.append(seen.angles_deg[1] - truth[frame.index]["shin_to_vertical_deg"]["R"])
            if seen.coaching.hold is not None:
                holds.append(seen.coaching.hold)
            if frame.time_s > 3.0:
                break
        _, assessment = test.finish()
    assert np.median(np.abs(errors)) < 4.0
    assert [hold.side for hold in holds] == [Side.RIGHT]
    assert assessment.provenance.parameters["door"] == "live"
    assert assessment.right.end_range_deg == pytest.approx(holds[0].angle_deg, abs=4.0)


def first_frame(clip: str) -> np.ndarray:
    """Return the first picture of a sample."""
    return next(iter(open_video(CLIP.with_name(clip)))).rgb


@pytest.mark.parametrize(
    ("asked", "clip", "seen"),
    [
        (SEATED, "prone-easy-102-02.mp4", Posture.PRONE),
        (PRONE, CLIP.name, Posture.SITTING),
        (PRONE, None, None),
    ],
)
@pytest.mark.model
def test_somebody_placed_for_the_other_test_is_seen(asked: Procedure, clip: str | None, seen: Posture | None) -> None:
    """While the test's own reader sees nobody, another look tells how somebody is placed, or that nobody is there."""
    picture = np.full((480, 640, 3), 90, np.uint8) if clip is None else first_frame(clip)
    elsewhere = Elsewhere(asked, get_model(ModelName.LITE))
    try:
        assert elsewhere.see(picture, 0.0, somebody=False) is None
        assert elsewhere.see(picture, AFTER_S, somebody=False) is None  # the look has begun, on its own thread
        elsewhere.wait()
        assert elsewhere.see(picture, AFTER_S + 0.1, somebody=False) is seen
        assert elsewhere.see(picture, AFTER_S + 0.2, somebody=True) is None
    finally:
        elsewhere.close()


# ------------------------------------------------------------------------------------------------------------- gravity


@given(
    roll=st.floats(-40, 40),
    pitch=st.floats(-50, 50),
    facing=st.sampled_from(Facing),
    turned=st.sampled_from([0, 90, 270]),
)
def test_a_device_tells_roll_and_pitch_of_its_camera(roll: float, pitch: float, facing: Facing, turned: float) -> None:
    """Whatever camera and however the screen is turned, and whether the browser gives gravity or its counterforce."""
    up = camera_axes(roll, pitch, 0.0)[:, 1]  # the world's up along the camera's right, up and backward axes
    right, upward, back = up * 9.81
    if facing is Facing.USER:
        right, back = -right, -back
    c, s = math.cos(math.radians(turned)), math.sin(math.radians(turned))
    x, y = c * right + s * upward, -s * right + c * upward
    for sign in (1, -1):
        tilt = camera_tilt_deg(DeviceGravity(sign * x, sign * y, sign * back, turned, facing))
        assert tilt == pytest.approx((roll, pitch), abs=1e-6)


TEN, FIFTEEN = math.radians(10.0), math.radians(15.0)


@pytest.mark.parametrize(
    ("xyz", "screen_angle_deg", "expected"),
    [
        pytest.param((0, 9.81, 0), 0, (0, 0), id="upright"),
        pytest.param((-9.81 * math.sin(TEN), 9.81 * math.cos(TEN), 0), 0, (-10, 0), id="10 clockwise"),
        pytest.param((9.81 * math.sin(TEN), 9.81 * math.cos(TEN), 0), 0, (10, 0), id="10 anticlockwise"),
        pytest.param((0, 9.81 * math.cos(FIFTEEN), 9.81 * math.sin(FIFTEEN)), 0, (0, 15), id="looks 15 down"),
        pytest.param((9.81, 0, 0), 90, (0, 0), id="landscape on its left side"),
        pytest.param((-9.81, 0, 0), 270, (0, 0), id="landscape on its right side"),
        pytest.param((0, -9.81, 0), 180, (0, 0), id="upside down"),
        pytest.param((9.81 * math.cos(TEN), 9.81 * math.sin(TEN), 0), 90, (-10, 0), id="landscape, 10 clockwise"),
    ],
)
def test_a_phone_in_the_hand_tells_its_cameras_tilt(
    xyz: tuple[float, float, float], screen_angle_deg: float, expected: tuple[float, float]
) -> None:
    """A phone turned clockwise films a picture turned anticlockwise; the front camera looks the other way."""
    rear = camera_tilt_deg(DeviceGravity(*xyz, screen_angle_deg, Facing.ENVIRONMENT))
    assert rear == pytest.approx(expected, abs=1e-9)
    front = camera_tilt_deg(DeviceGravity(*xyz, screen_angle_deg, Facing.USER))
    assert front == pytest.approx((-expected[0], -expected[1]), abs=1e-9)


@pytest.mark.parametrize(
    "reading",
    [
        (0, 0, 0),
        (0, 0, 9.81),
        (math.nan, 9.8, 0),
        (math.inf, 0, 0),
        (0, 3 * 9.81, 0),
        (0, 1e200, 1e200),
        (0, 9.81, 0, math.nan),
        (0, 9.81, 0, math.inf),
        (9.81, 0, 0),
        (9.81 * math.sin(1), 9.81 * math.cos(1), 0),
        (0, 9.81 * math.cos(1.2), 9.81 * math.sin(1.2)),
    ],
)
def test_a_reading_that_makes_no_sense_tells_nothing(reading: tuple[float, ...]) -> None:
    """No sensor, lying flat, shaken, no number, a picture on its side: no roll rather than a wrong one."""
    assert camera_tilt_deg(DeviceGravity(*reading)) is None


@settings(max_examples=40)
@given(roll=st.floats(-40, 40), pitch=st.floats(-55, 55), seed=st.integers(0, 99))
def test_a_device_that_stands_settles_on_the_median_though_it_is_knocked(roll: float, pitch: float, seed: int) -> None:
    """Noise of a fifth of a degree and a knock of two seconds out of thirty leave no trace."""
    time_s = np.arange(0, 30, 0.1)
    tilt = np.random.default_rng(seed).normal((roll, pitch), 0.2, (300, 2))
    tilt[100:120] += np.linspace(0, 12, 20)[:, None]
    assert settled_tilt_deg(time_s, tilt) == pytest.approx((roll, pitch), abs=0.1)


@pytest.mark.parametrize(
    "sway",
    [
        pytest.param(lambda t: 2.0 * np.sin(0.4 * t), id="sways slowly"),
        pytest.param(lambda t: 3.0 * np.sin(6.0 * t), id="shakes"),
        pytest.param(lambda t: np.where(t > 12, 5.0, 0.0), id="is put down anew"),
        pytest.param(lambda t: 0.3 * t, id="slides"),
    ],
)
def test_a_device_that_moves_settles_on_nothing(sway: Callable[[np.ndarray], np.ndarray]) -> None:
    """A roll that was not the same all through is no roll of the test."""
    time_s = np.arange(0, 30, 0.1)
    assert settled_tilt_deg(time_s, np.stack([sway(time_s), np.zeros(300)], axis=1)) is None


def test_a_few_readings_say_nothing_and_old_ones_are_forgotten() -> None:
    """Ten readings at least; what came before the test began does not count."""
    log = TiltLog()
    log.note(DeviceGravity(3.0, 9.3, 0), 0.0)
    for k in range(9):
        log.note(DeviceGravity(0, 9.81, 0), 1 + k / 10)
    log.note(None, 3.0)
    assert log.settled_deg() is not None
    log.forget_before(0.5)
    assert log.settled_deg() is None
    assert log.roll_now_deg == 0.0
    assert len(log) == 9


def _gravity(roll_deg: float, pitch_deg: float) -> DeviceGravity:
    x, y, z = 9.81 * camera_axes(roll_deg, pitch_deg, 0.0)[:, 1]
    return DeviceGravity(x, y, z, 0.0, Facing.ENVIRONMENT)


def _run_with(gravity_at: Callable[[float], DeviceGravity]) -> tuple[PoseSeries, Assessment, list[float | None]]:
    with LiveTest(Setup(), PLAN, guide=ModelName.LITE, precise=None) as test:
        rolls = [test.look(f.rgb, f.time_s, gravity=gravity_at(f.time_s)).roll_deg for f in open_video(CLIP)]
        return *test.finish(), rolls


@pytest.mark.model
def test_a_devices_sensor_counts_in_the_result_and_narrows_its_interval(
    truth_of: Callable[[str], dict[str, Any]],
) -> None:
    """The sensor is a cue of roll and pitch like others; the same frames without it are known less well."""
    camera = truth_of(CLIP.stem)["spec"]["camera"]
    series, sensed, rolls = _run_with(lambda _: _gravity(camera["roll"], camera["pitch"]))
    assert rolls == pytest.approx([camera["roll"]] * len(rolls), abs=1e-6)
    assert sensed.camera.roll.rests_on(Cue.SENSOR)
    assert sensed.camera.pitch.rests_on(Cue.SENSOR)
    assert sensed.provenance.parameters["sensor"] == "used"
    assert sensed.provenance.parameters["sensor_roll_deg"] == pytest.approx(camera["roll"], abs=0.01)
    bare = assess(series, Setup())
    assert not bare.camera.roll.rests_on(Cue.SENSOR)
    assert sensed.camera.roll.se_deg < bare.camera.roll.se_deg
    for side in Side:
        low, high = sensed.of(side).interval95_deg or (0.0, 0.0)
        bare_low, bare_high = bare.of(side).interval95_deg or (0.0, 0.0)
        assert 0 < high - low < bare_high - bare_low


@pytest.mark.model
def test_a_device_that_was_moved_during_the_test_is_set_aside() -> None:
    """A phone whose lean changes in the middle says nothing of the camera, and the result says so."""
    _, assessment, _ = _run_with(lambda t: _gravity(8.0 if t > 3 else 0.0, 0.0))
    assert not assessment.camera.roll.rests_on(Cue.SENSOR)
    assert assessment.provenance.parameters["sensor"] == "ignored: the device moved"


@pytest.mark.parametrize(
    "setup",
    [
        Setup(),
        Setup(procedure=PRONE, camera_side=CameraSide.FOOT_END),
        Setup(procedure=PRONE, camera_side=CameraSide.HEAD_END),
    ],
)
def test_the_roll_is_taken_out_of_both_legs(setup: Setup) -> None:
    """A plumb shank reads 0° on both sides, whatever the roll of the camera."""
    from hipcv.core.motion.angles import lateral_signs

    roll = math.radians(7.0)
    along = -1.0 if setup.procedure is PRONE else 1.0
    # in a picture turned clockwise, plumb points down and to the left
    ankle = along * np.array([-math.sin(roll), math.cos(roll)])
    lateral = lateral_signs(setup)
    both = image_angle_deg(np.zeros((2, 2)), np.stack([ankle, ankle]), lateral, shank_up=along < 0)
    shift = roll_shift_deg(setup, 7.0)
    assert both + (shift, -shift) == pytest.approx([0.0, 0.0], abs=1e-9)


# ------------------------------------------------------------------------------------------------------------ pictures


def test_a_kept_picture_comes_back_as_it_was() -> None:
    """Packing loses less than a pose model could tell."""
    frame = next(iter(open_video(CLIP))).rgb
    again = decode_still(encode_still(frame))
    assert again.shape == frame.shape
    assert np.abs(again.astype(int) - frame).mean() < 2.0


def _bmp() -> bytes:
    return cv2.imencode(".bmp", np.zeros((64, 64, 3), np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xff\xd8\xff",
        b"RIFF\0\0\0\0WEBP",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
        _bmp(),
        b"<svg/>",
        encode_still(np.zeros((64, 64, 3), np.uint8))[:40],
        encode_still(np.zeros((8, 8, 3), np.uint8)),
    ],
)
def test_what_is_no_sound_jpeg_or_webp_is_refused_in_one_sentence(garbage: bytes) -> None:
    """Only two formats reach the decoder, and a damaged one is an error, never a crash."""
    with pytest.raises(SourceError, match="Wanted"):
        decode_still(garbage)


def test_webp_is_taken_too() -> None:
    """Browsers that have it may send it."""
    done, packed = cv2.imencode(".webp", np.full((48, 64, 3), 120, np.uint8))
    assert done
    assert decode_still(packed.tobytes()).shape == (48, 64, 3)


# -------------------------------------------------------------------------------------------------------------- camera


def test_a_recording_stands_in_for_a_camera() -> None:
    """Every frame comes, at its own time."""
    with open_camera(str(CLIP)) as camera:
        assert isinstance(camera, Stand)
        times = [frame.time_s for frame in camera]
    assert len(times) == 156
    assert times == sorted(times)
    assert threading.active_count() < 10


def test_a_camera_that_is_not_there_is_named_in_one_sentence() -> None:
    """Wanted, found, and what to do."""
    with pytest.raises(SourceError, match=r"Wanted camera 97, found none"):
        open_camera("97")


def test_the_command_says_of_a_camera_that_is_not_there_in_one_sentence(tmp_path: Path) -> None:
    """`hipcv live --camera 97`: status 3, nothing written."""
    told = CliRunner().invoke(app, ["live", "--camera", "97", "--no-window", "--out", str(tmp_path / "out")])
    assert told.exit_code == 3
    assert "Wanted camera 97, found none" in told.output
    assert not (tmp_path / "out").exists()


@pytest.mark.model
def test_a_test_without_a_browser_is_told_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`hipcv live --camera FILE --no-window`: cues on the way, JSON at the end, four files and no picture."""
    from hipcv.live.screen import run_live

    left_only = Plan((Side.LEFT,), n_trials=1, hold_s=1.0, countdown_s=0.0)
    kept = tmp_path / "kept"
    measured = run_live(str(CLIP), Setup(), left_only, folder=kept, window=False, as_json=True, guide=ModelName.LITE)
    out, err = capsys.readouterr()
    assert measured
    assert json.loads(out)["status"] == "measured"
    assert "Hold it there." in err
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [
        "assessment.json",
        "fhir.json",
        "report.html",
        "series.csv",
    ]
    assert "data:image" not in (tmp_path / "kept" / "report.html").read_text("utf-8")


def test_a_folder_that_cannot_hold_the_result_is_told_before_the_camera_is_opened(tmp_path: Path) -> None:
    """Nobody does a test whose result is lost at the end."""
    from hipcv.core.errors import OutputError
    from hipcv.live.screen import run_live

    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="found a file where a folder of it should be"):
        run_live("97", Setup(), Plan((Side.LEFT,)), folder=tmp_path / "file" / "kept", window=False)


def test_the_live_picture_is_mirrored_and_its_numbers_are_not() -> None:
    """A looking-glass for the eye: what is left in the frame is drawn right, and the angle's text stays readable."""
    from hipcv.outputs.window import LivePicture, draw_live

    rgb = np.zeros((120, 160, 3), np.uint8)
    rgb[:, :40] = 200
    nobody = find_skeleton(np.full((33, 2), np.nan), np.zeros(33), Setup(), 0.0)
    drawn = draw_live(LivePicture(rgb, nobody, (math.nan, math.nan), "", 0.0))
    assert drawn[60, 150].min() == 200
    assert drawn[60, 10].max() == 0
