"""Where LiteRT is not published, OpenCV runs the same networks: the same outputs, the same angles."""

import sys
from itertools import islice

import cv2
import numpy as np
import pytest

from hipcv.core.errors import ModelError
from hipcv.core.setup import Setup
from hipcv.measurement import measure_file
from hipcv.models.bundle import read_person_detector
from hipcv.models.plain import make_plain
from hipcv.models.store import get_model, landmark_network
from hipcv.native.software import installed
from hipcv.pose.legs.interpreter import LiteRTInterpreter, OpenCVInterpreter
from hipcv.pose.legs.network import LandmarkNetwork, Region
from hipcv.pose.legs.people import PersonDetector
from hipcv.sources.video import open_video
from hipcv.upkeep.doctor import examine
from hipcv.words import ModelName

pytestmark = pytest.mark.model

SAMPLE = "seated-easy-101-01"


@pytest.fixture
def without_litert(monkeypatch):
    """Refuse LiteRT as where it is not installed."""
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    installed.cache_clear()
    yield
    installed.cache_clear()


@pytest.fixture(scope="module")
def pictures(samples):
    with open_video(samples / f"{SAMPLE}.mp4") as video:
        return [frame.rgb for frame in islice(video, 0, 160, 80)]


def test_the_landmark_network_sees_the_same(pictures):
    network = landmark_network(ModelName.FULL)
    by_litert, by_opencv = LiteRTInterpreter(network, 1), OpenCVInterpreter(network)
    for rgb in pictures:
        crop = Region(320.0, 260.0, 420.0, turn_deg=0.0).cut(rgb).astype(np.float32) / 255.0
        theirs, ours = by_litert(crop), by_opencv(crop)
        assert theirs.keys() == ours.keys() == by_opencv.shapes
        assert theirs[1, 1] > 0.9, "somebody is seen"
        assert np.abs(ours[1, 195] - theirs[1, 195]).reshape(39, 5)[:, :2].max() < 0.02
        assert np.abs(ours[1, 64, 64, 39] - theirs[1, 64, 64, 39]).max() < 0.01


def test_the_detector_finds_the_same_people(pictures, without_litert, monkeypatch):
    network = read_person_detector(get_model(ModelName.FULL).path)
    by_opencv = PersonDetector(network)
    monkeypatch.undo()
    by_litert = PersonDetector(network)
    assert (type(by_opencv._run), type(by_litert._run)) == (OpenCVInterpreter, LiteRTInterpreter)
    for rgb in pictures:
        (ours,), (theirs,) = by_opencv(rgb), by_litert(rgb)
        assert ours.hips_px == pytest.approx(theirs.hips_px, abs=0.01)
        assert (ours.reach_px, ours.score, ours.turn_deg) == pytest.approx(
            (theirs.reach_px, theirs.score, theirs.turn_deg), abs=0.01
        )


def test_a_detector_in_plain_operations_is_the_same_network():
    """LiteRT itself says so; and there is nothing in the landmark network to make plainer."""
    network = read_person_detector(get_model(ModelName.FULL).path)
    picture = np.random.default_rng(0).uniform(-1, 1, (224, 224, 3)).astype(np.float32)
    as_published, plain = (LiteRTInterpreter(one, 1)(picture) for one in (network, make_plain(network)))
    for shape, output in as_published.items():
        assert np.abs(plain[shape] - output).max() < 0.001
    landmarks = landmark_network(ModelName.FULL)
    assert make_plain(landmarks) is landmarks


def test_a_recording_gets_the_same_angles_and_its_result_says_what_ran(samples, measured_sample, without_litert):
    measured = measure_file(samples / f"{SAMPLE}.mp4", Setup(), model_name=ModelName.LITE)
    for ours, theirs in zip(
        measured.assessment.sides, measured_sample(SAMPLE, ModelName.LITE).assessment.sides, strict=True
    ):
        assert ours.end_range_deg == pytest.approx(theirs.end_range_deg, abs=0.1)
    software = measured.assessment.provenance.parameters["software"]
    assert software["networks"] == "opencv-contrib-python"


def test_what_is_published_for_some_machines_only_is_no_fault_where_it_is_missing(monkeypatch):
    """On an Intel Mac neither LiteRT nor MediaPipe can be installed."""
    missing = {"ai-edge-litert", "mediapipe"}
    monkeypatch.setattr(
        "hipcv.native.software.Part.version", lambda part: None if part.name in missing else part.at_least or "1"
    )
    found = {check.name: check for check in examine() if check.name in missing}
    assert [check.trouble for check in found.values()] == [None, None]
    assert found["ai-edge-litert"].found.startswith("none: OpenCV runs the networks")
    assert found["mediapipe"].found == "none: `--engine graph` cannot be asked for"


def test_without_anything_that_runs_a_network_there_is_one_sentence(without_litert, monkeypatch):
    monkeypatch.delattr(cv2.dnn, "readNetFromTFLite")
    with pytest.raises(
        ModelError, match=r"needs ai-edge-litert or an OpenCV that reads TFLite, found neither; install"
    ):
        LandmarkNetwork(landmark_network(ModelName.LITE))


@pytest.mark.parametrize("damage", [b"", b"no network", b"\x1c\x00\x00\x00TFL3" + bytes(64)])
def test_bytes_that_are_no_network_are_refused_by_either(damage, without_litert, monkeypatch):
    for _ in range(2):
        with pytest.raises(ModelError, match="landmark network was wanted, but these bytes do not load"):
            LandmarkNetwork(damage)
        monkeypatch.undo()


@pytest.mark.parametrize("missing", ["mediapipe", "matplotlib"])
def test_the_graph_without_mediapipe_is_one_sentence(missing, monkeypatch):
    from hipcv.pose.landmarker import PoseEstimator

    for module in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModelError, match="`--engine graph` needs mediapipe, found none that loads"):
        PoseEstimator(get_model(ModelName.LITE).path)
