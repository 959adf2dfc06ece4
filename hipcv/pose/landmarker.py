"""MediaPipe's pose landmarker: frames in, landmarks of the measured person out (METHOD G1)."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib.util import LazyLoader, find_spec, module_from_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hipcv.core.checks.limits import LIMITS
from hipcv.core.checks.posture import quarter_turn_deg
from hipcv.core.errors import ModelError
from hipcv.core.finding import FindingCode
from hipcv.core.motion.angles import MIN_VISIBILITY, hip_flexion_deg
from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS, FloatArray
from hipcv.native.chatter import quiet
from hipcv.native.offline import offline_thread
from hipcv.pose.fusion import MAX_SE_DEG
from hipcv.pose.person import NOBODY, Pose
from hipcv.pose.silhouette import LANDMARK_SE_DEG, LimbAxis, find_axis, fuse_axis

ByteArray = NDArray[np.uint8]
FuseOutline = Callable[[FloatArray, FloatArray, LimbAxis | None], tuple[FloatArray, FloatArray, float]]

#: How often the whole picture is searched for further people. Following one person never looks elsewhere.
CENSUS_INTERVAL_S = 2.0
#: More people than this are not told apart.
MAX_PEOPLE = 4
#: A person found within this many own shank lengths of where the measured one was is the same person.
SAME_PERSON_SHANKS = 1.5


@dataclass(slots=True)
class PersonChoice:
    """Who was measured when several people were in view, and how often the picture was searched.

    Examples
    --------
    >>> choice = PersonChoice()
    >>> choice.saw(1, 0.0)
    >>> choice.saw(2, 4.0)
    >>> choice.n_people, choice.first_s
    (2, 4.0)
    """

    n_people: int = 0
    first_s: float = float("nan")
    rule: str = "the person whose two lower legs are seen best and largest, preferring one who sits; then the same one"

    def saw(self, n_people: int, time_s: float) -> None:
        """Take note of how many people were in view at `time_s`."""
        if n_people > max(self.n_people, 1):
            self.first_s = time_s
        self.n_people = max(self.n_people, n_people)


def sits(pose: Pose) -> bool:
    """Whether a person sits: thighs across the trunk by the world landmarks, and seen shortened from the front.

    Examples
    --------
    >>> sits(NOBODY)
    False
    """
    trunk = pose.world_m[list(SHOULDERS)].mean(axis=0) - pose.world_m[list(HIPS)].mean(axis=0)
    thighs = pose.world_m[list(KNEES)] - pose.world_m[list(HIPS)]
    cosine = (thighs @ trunk) / (np.linalg.norm(thighs, axis=1) * np.linalg.norm(trunk) + 1e-9)
    shoulders, hips, knees, ankles = (pose.image_px[list(rows), 1] for rows in (SHOULDERS, HIPS, KNEES, ANKLES))
    upright = shoulders.mean() < hips.mean() < ankles.mean() and (ankles > knees).all()
    return bool(upright and _turn_deg(pose) == 0 and np.degrees(np.arccos(np.clip(-cosine, -1, 1))).max() > 45)


def turned_deg(pose: Pose) -> float:
    """Return by how many quarters, degrees clockwise, the picture of somebody who sits is turned; 0 for any other pose.

    The landmarker finds people whichever way up they are; knees and ankles must be seen, or it guesses a posture.

    Examples
    --------
    >>> turned_deg(NOBODY)
    0.0
    """
    seen = (pose.visibility[[*KNEES, *ANKLES]] >= MIN_VISIBILITY).all()
    if not seen or hip_flexion_deg(pose.world_m).mean() < LIMITS[FindingCode.WRONG_TEST].value:
        return 0.0
    return _turn_deg(pose)


def _turn_deg(pose: Pose) -> float:
    px = pose.image_px
    shank_px = (px[list(KNEES)] - px[list(ANKLES)]).mean(axis=0)
    return quarter_turn_deg(px[list(SHOULDERS)].mean(axis=0) - pose.hips_px, shank_px)


def suitability(pose: Pose) -> float:
    """Return how much a person looks like the subject of the test: leg length in pixels, weighted by what is seen.

    Sitting counts twice.

    Examples
    --------
    >>> suitability(NOBODY)
    nan
    """
    seen = float(pose.visibility[[*KNEES, *ANKLES]].mean())
    return pose.shank_px * seen * (2.0 if sits(pose) else 1.0)


@dataclass(slots=True, eq=False)
class PoseEstimator:
    """One estimator for one recording: it remembers where the person was.

    A single person is followed from frame to frame; every two seconds the whole picture is searched. From the moment
    several people are seen all of them are followed, and the measured one is kept by place. MediaPipe is loaded, run
    and closed on two threads without a network, one for each kind of look.

    Parameters
    ----------
    model : path of a pose landmarker bundle (.task).
    fuse_outline : how a shank's landmarks and its outline make its direction.

    Raises
    ------
    ModelError
        Where the bundle does not load.
    """

    model: Path
    fuse_outline: FuseOutline = fuse_axis
    choice: PersonChoice = field(default_factory=PersonChoice)
    _follower: Any = field(default=None, init=False)
    _searcher: Any = field(default=None, init=False)
    _following: ThreadPoolExecutor = field(default_factory=lambda: offline_thread("following"), init=False)
    _searching: ThreadPoolExecutor = field(default_factory=lambda: offline_thread("census"), init=False)
    _several: bool = field(default=False, init=False)
    _greeted: bool = field(default=False, init=False)
    _last: Pose | None = field(default=None, init=False)
    _last_ms: int = field(default=-1, init=False)
    _next_census_s: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        following = self._following.submit(_open, self.model, following=True, n_people=1)
        searching = self._searching.submit(_open, self.model, following=False, n_people=MAX_PEOPLE)
        try:
            self._follower = following.result()
            self._searcher = searching.result()
        except ModelError:
            self.close()
            raise

    def __call__(self, rgb: ByteArray, time_s: float) -> tuple[Pose, int]:
        """Return the measured person's pose and the number of people in view (-1 where nobody was counted).

        Parameters
        ----------
        rgb : (height, width, 3) upright picture.
        time_s : seconds, rising from call to call.
        """
        n_people = -1
        census = None
        if time_s >= self._next_census_s and not self._several:
            self._next_census_s = time_s + CENSUS_INTERVAL_S
            census = self._searching.submit(self._search, rgb)
        people = self._following.submit(self._follow, rgb, time_s).result()
        if census is not None:
            everybody = census.result()
            n_people = len(everybody)
            self.choice.saw(n_people, time_s)
            if n_people > 1:
                self._follow_several(everybody)
                people = self._following.submit(self._follow, rgb, time_s).result()
        if self._several:
            n_people = len(people)
            self.choice.saw(n_people, time_s)
        pose = self._choose(people)
        if pose is not NOBODY:
            self._last = pose
        return pose, n_people

    def _follow(self, rgb: ByteArray, time_s: float) -> list[Pose]:
        # The graph wants whole milliseconds that rise.
        self._last_ms = max(self._last_ms + 1, round(time_s * 1000))
        with nullcontext() if self._greeted else quiet():
            people = _poses(self._follower.detect_for_video(_image(rgb), self._last_ms), rgb, self.fuse_outline)
        self._greeted = self._greeted or bool(people)
        return people

    def find_people(self, rgb: ByteArray) -> list[Pose]:
        """Return everybody in one still picture (height, width, 3), with no regard to earlier frames."""
        return self._searching.submit(self._search, rgb).result()

    def _search(self, rgb: ByteArray) -> list[Pose]:
        with quiet():
            return _poses(self._searcher.detect(_image(rgb)), rgb, self.fuse_outline)

    def _follow_several(self, people: list[Pose]) -> None:
        self._last = self._choose(people)
        self._several = True
        self._following.submit(_close, self._follower).result()
        self._follower = self._following.submit(_open, self.model, following=True, n_people=MAX_PEOPLE).result()
        self._last_ms = -1

    def _choose(self, people: list[Pose]) -> Pose:
        if not people:
            return NOBODY
        if self.choice.n_people <= 1:
            return people[0]
        if self._last is not None:
            nearest = min(people, key=self._distance_shanks)
            return nearest if self._distance_shanks(nearest) <= SAME_PERSON_SHANKS else NOBODY
        return max(people, key=suitability)

    def _distance_shanks(self, pose: Pose) -> float:
        assert self._last is not None
        return float(np.linalg.norm(pose.hips_px - self._last.hips_px) / max(self._last.shank_px, 1.0))

    def close(self) -> None:
        """Free the model."""
        for thread, landmarker in ((self._following, self._follower), (self._searching, self._searcher)):
            if landmarker is not None:
                thread.submit(_close, landmarker).result()
            thread.shutdown()
        self._follower = self._searcher = None

    def __enter__(self) -> "PoseEstimator":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _import_when_used(name: str) -> None:
    """Put off the import of a module until something in it is used.

    MediaPipe imports its drawing helpers, and with them half a second of plotting library, that nothing here needs.
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def _open(model: Path, *, following: bool, n_people: int) -> Any:
    # glog's own switch; it must be set before the library starts up.
    os.environ.setdefault("GLOG_minloglevel", "3")
    with quiet():
        try:
            _import_when_used("matplotlib.pyplot")
            from mediapipe import Image, ImageFormat
        except ImportError as error:
            raise ModelError(
                f"`--engine graph` needs mediapipe, found none that loads ({error}); leave the option away."
            ) from error
        from mediapipe.tasks.python import BaseOptions
        from mediapipe.tasks.python.vision import PoseLandmarker, PoseLandmarkerOptions, RunningMode

        options = PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(model)),
            running_mode=RunningMode.VIDEO if following else RunningMode.IMAGE,
            num_poses=n_people,
            output_segmentation_masks=following,
        )
        try:
            landmarker = PoseLandmarker.create_from_options(options)
            if not following:  # the library greets once more at its first picture; a follower must not see a fake one
                blank = Image(image_format=ImageFormat.SRGB, data=np.zeros((64, 64, 3), np.uint8))
                landmarker.detect(blank)
            return landmarker
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                f"A MediaPipe pose landmarker bundle was wanted, but {model} does not load ({error}); "
                "run `hipcv models check`."
            ) from error


def _close(landmarker: Any) -> None:
    with quiet():
        landmarker.close()


def _image(rgb: ByteArray) -> Any:
    import mediapipe as mp

    return mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))


def _poses(result: Any, rgb: ByteArray, fuse_outline: FuseOutline) -> list[Pose]:
    size_px = (rgb.shape[1], rgb.shape[0])
    poses = []
    for k, (image, world) in enumerate(zip(result.pose_landmarks, result.pose_world_landmarks, strict=True)):
        xyv = np.array([(p.x, p.y, p.visibility) for p in image], dtype=np.float64)
        image_px = xyv[:, :2] * size_px
        shank_se_deg = np.full(2, LANDMARK_SE_DEG)
        if result.segmentation_masks:
            mask = result.segmentation_masks[k].numpy_view().squeeze()
            for leg, (knee, ankle) in enumerate(zip(KNEES, ANKLES, strict=True)):
                axis = find_axis(mask, image_px[knee], image_px[ankle])
                image_px[knee], image_px[ankle], shank_se_deg[leg] = fuse_outline(image_px[knee], image_px[ankle], axis)
                if shank_se_deg[leg] > MAX_SE_DEG:  # joints and outline contradict each other
                    xyv[ankle, 2] = 0.0
        world_m = np.array([(p.x, p.y, p.z) for p in world], dtype=np.float64)
        poses.append(Pose(image_px, world_m, xyv[:, 2], shank_se_deg))
    return poses
