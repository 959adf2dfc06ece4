"""The real model on real and rendered frames."""

from itertools import islice
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from hipcv.core.errors import ModelError
from hipcv.core.series import ANKLES, KNEES
from hipcv.models.store import get_model
from hipcv.pose.landmarker import PoseEstimator
from hipcv.pose.person import NOBODY
from hipcv.sources.video import open_video
from hipcv.words import ModelName

pytestmark = pytest.mark.model


def frames_of(path, n, step=1):
    with open_video(path) as video:
        return [frame.rgb for frame in islice(video, 0, n * step, step)]


def follow(pictures, model=ModelName.LITE, fps=30.0):
    with PoseEstimator(get_model(model).path) as estimator:
        return [estimator(rgb, k / fps) for k, rgb in enumerate(pictures)], estimator.choice


def shank_directions_deg(pose):
    d = pose.image_px[list(ANKLES)] - pose.image_px[list(KNEES)]
    return np.degrees(np.arctan2(-d[:, 0], d[:, 1]))


def test_the_same_frames_give_the_same_numbers_twice(samples):
    pictures = frames_of(samples / "seated-easy-101-01.mp4", 20, 3)
    first, _ = follow(pictures)
    second, _ = follow(pictures)
    for (a, _), (b, _) in zip(first, second, strict=True):
        assert np.array_equal(a.image_px, b.image_px, equal_nan=True)
        assert np.array_equal(a.world_m, b.world_m, equal_nan=True)


@pytest.mark.parametrize("turn_deg", [-10.0, 10.0])
def test_a_real_frame_turned_by_ten_degrees_turns_each_shank_by_ten_degrees(real, turn_deg):
    """The known truth on real pixels; the frame is shown until the follower has settled on it."""
    rgb = frames_of(real / "balancing_front.mp4", 1)[0]
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -turn_deg, 1.0)
    turned = cv2.warpAffine(rgb, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    (upright, _), (tilted, _) = (follow([p] * 10, ModelName.HEAVY)[0][-1] for p in (rgb, turned))
    change = shank_directions_deg(tilted) - shank_directions_deg(upright)
    assert change == pytest.approx([turn_deg, turn_deg], abs=1.0)


class DrawnPerson:
    """A landmarker that sees two legs of known outline, the left one's joints turned against it by `wrong_deg`."""

    def __init__(self, wrong_deg):
        mask = np.zeros((480, 640), np.float32)
        image = [SimpleNamespace(x=0.5, y=0.1, visibility=0.9) for _ in range(33)]
        for knee, ankle, x, turn_deg in ((25, 27, 400, wrong_deg), (26, 28, 240, 0.0)):
            cv2.fillPoly(mask, [np.array([[x - 28, 150], [x + 28, 150], [x + 16, 420], [x - 16, 420]])], 1.0)
            turn = np.radians(turn_deg)
            for row, along in ((knee, 0), (ankle, 200)):
                px = np.array([x, 200]) + along * np.array([np.sin(turn), np.cos(turn)])
                image[row] = SimpleNamespace(x=px[0] / 640, y=px[1] / 480, visibility=0.9)
        world = [SimpleNamespace(x=0.0, y=0.0, z=0.0)] * 33
        self.result = SimpleNamespace(
            pose_landmarks=[image],
            pose_world_landmarks=[world],
            segmentation_masks=[SimpleNamespace(numpy_view=lambda: mask[..., None])],
        )

    def detect(self, image):
        return self.result

    def detect_for_video(self, image, at_ms):
        return self.result

    def close(self):
        pass


@pytest.mark.parametrize(("wrong_deg", "seen"), [(0.0, True), (4.0, True), (15.0, False)])
def test_an_ankle_whose_joints_contradict_the_leg_s_outline_is_not_seen(monkeypatch, wrong_deg, seen):
    monkeypatch.setattr("hipcv.pose.landmarker._open", lambda *_, **__: DrawnPerson(wrong_deg))
    picture = np.zeros((480, 640, 3), np.uint8)
    with PoseEstimator(get_model(ModelName.LITE).path) as estimator:
        pose, _ = estimator(picture, 0.0)
    left, right = pose.visibility[list(ANKLES)] > 0
    assert left == seen
    assert right


def test_nobody_is_found_in_an_empty_picture():
    poses, choice = follow([np.full((240, 320, 3), 128, np.uint8)] * 3)
    assert all(pose is NOBODY for pose, _ in poses)
    assert choice.n_people == 0


def side_by_side(left, right):
    return np.ascontiguousarray(np.concatenate([left, right], axis=1))


def test_of_two_people_the_one_with_the_larger_legs_is_measured_and_kept_by_place(samples):
    """A second, smaller person beside the subject changes who is in view, not who is measured."""
    big = [rgb[:, 120:520] for rgb in frames_of(samples / "seated-easy-101-01.mp4", 12, 8)]
    small = []
    for rgb in big:
        canvas = np.full_like(rgb, 127)
        height, width = rgb.shape[0] * 8 // 10, rgb.shape[1] * 8 // 10
        canvas[-height:, :width] = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
        small.append(canvas)
    alone, _ = follow(big)
    for pictures, offset in (
        ([side_by_side(b, s) for b, s in zip(big, small, strict=True)], 0),
        ([side_by_side(s, b) for b, s in zip(big, small, strict=True)], big[0].shape[1]),
    ):
        poses, choice = follow(pictures)
        assert choice.n_people == 2
        for (lone, _), (pose, n_people) in zip(alone, poses, strict=True):
            assert n_people in (-1, 1, 2)
            assert np.linalg.norm(pose.hips_px - (offset, 0) - lone.hips_px) < 25


def test_a_file_that_is_no_model_is_refused_in_one_sentence(tmp_path):
    fake = tmp_path / "pose_landmarker_lite.task"
    fake.write_bytes(b"no model")
    with pytest.raises(ModelError, match="does not load"):
        PoseEstimator(fake)
