"""From a file to an assessment: accuracy floors of what the model saw, invariances, refusals."""

import json

import av
import numpy as np
import pytest

from hipcv.assessment import Status
from hipcv.core.errors import SourceError
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.setup import Setup
from hipcv.measurement import measure_file
from hipcv.outputs.document import read_setup, render_document
from hipcv.pose.person import NOBODY, Pose
from hipcv.pose.record import PoseRecord, pack_pose
from hipcv.sources.video import open_video
from hipcv.words import SIDES, CameraSide, ModelName, Side

SEATED = ["seated-easy-101-01", "seated-hard-103-00"]


def true_end_range(truth, side):
    letter = "L" if side is Side.LEFT else "R"
    return np.mean([t["end_range_shin_to_vertical_deg"] for t in truth["trials"] if t["side"] == letter])


@pytest.mark.parametrize("name", SEATED)
def test_the_end_range_of_both_hips_is_within_two_and_a_half_degrees_of_the_truth(name, kept, truth_of):
    """The floor is three times the mean error of the benchmark; the interval holds the truth."""
    assessment = kept(name).assessment
    truth = truth_of(name)
    assert assessment.status is Status.MEASURED
    for side in SIDES:
        result = assessment.of(side)
        expected = true_end_range(truth, side)
        assert result.end_range_deg == pytest.approx(expected, abs=2.5)
        assert result.interval95_deg[0] <= expected <= result.interval95_deg[1]
        assert len(result.trials) == sum(t["side"] == ("L" if side is Side.LEFT else "R") for t in truth["trials"])


def test_the_camera_of_the_hard_sample_is_found(kept, truth_of):
    camera = kept("seated-hard-103-00").assessment.camera
    true = truth_of("seated-hard-103-00")["spec"]["camera"]
    assert camera.roll.value_deg == pytest.approx(true["roll"], abs=1.0)
    assert camera.pitch.value_deg == pytest.approx(true["pitch"], abs=4.0)
    assert camera.yaw.value_deg == pytest.approx(true["yaw"], abs=8.0)


def test_a_file_that_is_not_there_is_told_before_a_model_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr("hipcv.measurement.get_model", lambda *_: pytest.fail("a model was asked for"))
    with pytest.raises(SourceError):
        measure_file(tmp_path / "none.mp4", Setup())


def test_a_clip_gives_the_same_assessment_again_from_its_document(measured_sample, samples):
    once = measured_sample("seated-easy-101-01", ModelName.LITE).assessment
    told = json.loads(json.dumps(render_document(once)))
    again = measure_file(
        samples / "seated-easy-101-01.mp4",
        read_setup(told),
        model_name=ModelName(told["provenance"]["pose_model"]),
        slow_motion=told["setup"]["slow_motion"],
    ).assessment
    for side in SIDES:
        assert once.of(side).end_range_deg == again.of(side).end_range_deg
        assert once.of(side).interval95_deg == again.of(side).interval95_deg
    assert once.provenance == again.provenance


def rewrite(source, target, change):
    """Write the clip again, near to lossless, with every picture changed."""
    with open_video(source) as video, av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=24, options={"crf": "8", "preset": "ultrafast"})
        stream.pix_fmt = "yuv420p"
        for frame in video:
            picture = np.ascontiguousarray(change(frame.rgb))
            if frame.index == 0:
                stream.height, stream.width = picture.shape[:2]
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(stream.encode())


@pytest.fixture(scope="module")
def selfie(samples, tmp_path_factory):
    """The sample as a camera that mirrors would have filmed it."""
    clip = tmp_path_factory.mktemp("selfie") / "selfie.mp4"
    rewrite(samples / "seated-easy-101-01.mp4", clip, lambda rgb: rgb[:, ::-1])
    return clip


def test_a_mirrored_clip_with_the_flag_gives_the_same_answer(measured_sample, selfie):
    upright = measured_sample("seated-easy-101-01", ModelName.LITE).assessment
    mended = measure_file(selfie, Setup(mirrored=True), model_name=ModelName.LITE).assessment
    for side in SIDES:
        assert mended.of(side).end_range_deg == pytest.approx(upright.of(side).end_range_deg, abs=1.2)  # other views


def test_a_mirrored_clip_without_the_flag_swaps_the_sides_and_nothing_else(measured_sample, selfie):
    upright = measured_sample("seated-easy-101-01", ModelName.LITE).assessment
    swapped = measure_file(selfie, Setup(), model_name=ModelName.LITE).assessment
    for side in SIDES:
        assert swapped.of(side).end_range_deg == pytest.approx(upright.of(side.other).end_range_deg, abs=2.0)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("balancing_front", FindingCode.WRONG_TEST),
        ("two_people", FindingCode.LEGS_NOT_SEEN),  # they walk: no knees stay
        ("no_legs", FindingCode.LEGS_NOT_SEEN),  # to the detector, who shows no hips is nobody
    ],
)
def test_real_footage_without_the_test_is_refused_with_the_reason_and_no_trial(real, measured_clip, name, code):
    assessment = measured_clip(real / f"{name}.mp4", ModelName.LITE).assessment
    assert assessment.status is Status.NOT_MEASURED
    assert assessment.trials == ()
    assert assessment.asymmetry is None
    (reason,) = [f for f in assessment.findings if f.severity is Severity.REJECT]
    assert reason.code is code
    assert reason.advice.endswith(".")


def test_a_room_with_long_stretches_of_nobody_makes_no_trial(real, measured_clip):
    assessment = measured_clip(real / "people_come_and_go.mp4", ModelName.LITE).assessment
    assert assessment.status is Status.NOT_MEASURED
    assert assessment.trials == ()


def test_every_number_of_a_refused_recording_is_missing(real, measured_clip):
    assessment = measured_clip(real / "no_legs.mp4", ModelName.LITE).assessment
    for result in assessment.sides:
        assert (result.end_range_deg, result.interval95_deg, result.reference) == (None, None, ())


def test_the_setup_refuses_impossible_numbers():
    with pytest.raises(ValueError, match="roll_deg"):
        Setup(camera_side=CameraSide.FRONT, roll_deg=80.0)
    with pytest.raises(ValueError, match="age"):
        Setup(age_years=150)


# ---------------------------------------------------------------------------------------------------- what is kept


def pose_at(x_px, world=0.25):
    """A pose whose landmarks all lie on one spot."""
    return Pose(np.full((33, 2), x_px), np.full((33, 3), world), np.full(33, 0.75), np.full(2, 1.5))


def record_of(*poses):
    """One pose a second from 0 s on."""
    record = PoseRecord()
    for second, pose in enumerate(poses):
        record.add(pack_pose(float(second), pose))
    return record


def test_a_packed_pose_comes_back_as_the_model_gave_it():
    """The pose model's numbers are single precision; nothing of them is lost, and what nobody saw is NaN."""
    single = np.random.default_rng(1).normal(size=(33, 3)).astype(np.float32).astype(float)
    pose = Pose(np.random.default_rng(2).normal(size=(33, 2)), single, np.abs(single[:, 0]), np.array([0.5, np.nan]))
    row = record_of(pose).table()[0]
    for name in ("image_px", "world_m", "visibility", "shank_se_deg"):
        np.testing.assert_array_equal(row[name], getattr(pose, name))
    assert row["n_people"] == -1
    assert np.isnan(row["sharpness"])
    assert np.isnan(record_of(NOBODY).table()["image_px"]).all()


def test_forgotten_frames_are_gone():
    """The others stay in their order; of an empty record there is no time and no row."""
    record = record_of(*(pose_at(1.0) for _ in range(5)))
    record.forget(slice(1, 3))
    assert record.times_s().tolist() == [0.0, 3.0, 4.0]
    record.forget(slice(-1, None))
    assert record.times_s().tolist() == [0.0, 3.0]
    record.forget(slice(0, None))
    assert (len(record), record.times_s().tolist()) == (0, [])
    assert record.table().shape == (0,)
