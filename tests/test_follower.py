"""Who is followed while a test runs, and how well: on drawn maps, on a scripted network, on frames of known truth."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from hipcv.core.camera.pinhole import image_angle_deg
from hipcv.core.motion.angles import lateral_signs
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.series import ANKLES, HIPS, KNEES, N_LANDMARKS, SHOULDERS
from hipcv.core.setup import Setup
from hipcv.live.placement import CheckCode, Placement, Sight
from hipcv.models.store import get_model
from hipcv.pose.legs.body_follower import (
    CENTRE,
    COVERED_S,
    GONE_S,
    REACH,
    SUBJECT_AFTER_S,
    BodyFollower,
)
from hipcv.pose.legs.follower import Follower, open_follower
from hipcv.pose.legs.heatmaps import CELL_CENTRE_PX, CELL_PX
from hipcv.pose.legs.network import Look, Region
from hipcv.pose.legs.online import LegsOnline
from hipcv.pose.legs.people import Somebody
from hipcv.pose.person import NOBODY, Pose
from hipcv.session import Session
from hipcv.sources.video import open_video
from hipcv.words import ModelName

FPS, STAGE_FPS = 30.0, 15.0
PICTURE = np.zeros((480, 640, 3), np.uint8)

# ------------------------------------------------------------------------------------------------- legs, look by look

SQUARE = Region(128.0, 128.0, 256.0, 0.0)
KNEES_PX = np.array([[100.0, 95.0], [156.0, 95.0]])
SHANK_PX = 65.0


def blob(at: np.ndarray, height: float = 0.7) -> np.ndarray:
    row, column = np.mgrid[0:64, 0:64]
    x, y = (at - CELL_CENTRE_PX) / CELL_PX
    return height * np.exp(-0.5 * ((column - x) ** 2 + (row - y) ** 2) / 1.7)


def ankle_at(leg: int, angle_deg: float) -> np.ndarray:
    turn = np.radians(angle_deg)
    return KNEES_PX[leg] + SHANK_PX * np.array([(-1 if leg == 0 else 1) * np.sin(turn), np.cos(turn)])


def drawn(left_deg: float, right_deg: float, *, decoys: Sequence[np.ndarray] = (), faint: float = 0.7) -> Look:
    """Return a look at two legs at these angles outwards, with further peaks for ankles."""
    knees = np.clip(sum(blob(knee) for knee in KNEES_PX), 1e-3, 0.999)
    ankles = sum(blob(ankle_at(leg, deg), faint) for leg, deg in enumerate((left_deg, right_deg)))
    ankles = np.clip(ankles + sum(blob(at, 0.95) for at in decoys), 1e-3, 0.999)
    heat = np.full((64, 64, 39), -9.0)
    heat[..., KNEES[0]], heat[..., ANKLES[0]] = (np.log(maps / (1 - maps)) for maps in (knees, ankles))
    return Look(np.zeros((39, 2)), np.zeros((33, 3)), 1.0, np.ones((256, 256)), heat)


def angles_after(looks: Sequence[Look]) -> np.ndarray:
    """Return (T, 2) the angles outwards of both legs, look by look."""
    legs = LegsOnline(KNEES_PX, SHANK_PX)
    return np.array(
        [[path.angle_deg[0] for path in legs.see(look, SQUARE, k / FPS)[0]] for k, look in enumerate(looks)]
    )


def test_a_swing_is_followed_from_look_to_look() -> None:
    """One leg swings out by 45° in 0.7 s and rests there, the other hangs: both within a degree in every look."""
    true_deg = np.concatenate([np.full(10, 2.0), np.linspace(2, 45, 21), np.full(30, 45.0)])
    seen = angles_after([drawn(3.0, deg) for deg in true_deg])
    assert np.abs(seen[:, 0] - 3.0).max() < 1.0
    assert np.abs(seen[:, 1] - true_deg).max() < 1.5


def test_a_hand_that_looks_more_like_an_ankle_for_a_moment_is_not_one() -> None:
    """A brighter peak 50° away for three looks: a leg is not there so fast. One that stays is followed in the end."""
    hand = ankle_at(1, 60.0)
    looks = [drawn(0.0, 10.0, decoys=[hand] if 10 <= k < 13 else []) for k in range(30)]
    assert np.abs(angles_after(looks)[:, 1] - 10.0).max() < 2.0
    stays = [drawn(0.0, 10.0)] * 10 + [drawn(0.0, 60.0)] * 30
    assert angles_after(stays)[-1, 1] == pytest.approx(60.0, abs=2.0)


def test_a_faint_ankle_is_doubted() -> None:
    """The doubt is what tells whether the legs are clear."""
    legs = LegsOnline(KNEES_PX, SHANK_PX)
    _, clear = legs.see(drawn(5.0, 5.0), SQUARE, 0.0)
    _, faint = legs.see(drawn(5.0, 5.0, faint=0.03), SQUARE, 1 / FPS)
    assert (clear < 1.5).all()
    assert (faint > 2.5).all()


def test_knees_go_along_with_a_chair_that_is_moved_slowly() -> None:
    """A square that stays, legs that are shifted by 20 pixels in two seconds: the knees are known to a few pixels."""
    legs = LegsOnline(KNEES_PX, SHANK_PX)
    for k in range(60):
        shift = 20 * k / 60
        legs.see(drawn(0.0, 0.0), Region(128.0 + shift, 128.0, 256.0, 0.0), k / FPS)
    assert legs.knees_px - KNEES_PX == pytest.approx(np.array([[20.0, 0.0]] * 2), abs=4.0)


# --------------------------------------------------------------------------------------------------- who is followed


class Stage:
    """People on a stage: what the detector finds, and what the network sees of the one nearest to the square's middle.

    Who comes first in `people` stands before the others.
    """

    def __init__(self) -> None:
        self.people: list[tuple[float, float, bool]] = []  # place of the hips, size, whether they sit
        self.n_looks = self.n_searches = 0

    def detect(self, rgb: np.ndarray) -> list[Somebody]:
        self.n_searches += 1
        return [Somebody(np.array([x, 240.0]), 100.0 * size, 0.9) for x, size, _ in self.people]

    def look(self, square: Region) -> Look:
        self.n_looks += 1
        near = [one for one in self.people if abs(one[0] - square.x_px) < 0.4 * square.side_px]
        heat = np.full((64, 64, 39), -9.0)
        if not near:
            return Look(np.zeros((39, 2)), np.zeros((33, 3)), 0.0, np.zeros((256, 256)), heat)
        x, size, sits = near[0]
        px, world = np.zeros((39, 2)), np.zeros((33, 3))
        # who sits has thighs that point at the camera
        knees_y, thigh = (240.0, (0.0, -0.4)) if sits else (240.0 + 60.0 * size, (0.4, 0.0))
        for column, side in ((0, 1.0), (1, -1.0)):
            px[SHOULDERS[column]] = (x + side * 20 * size, 240 - 60 * size)
            px[HIPS[column]] = (x + side * 12 * size, 240)
            px[KNEES[column]] = (x + side * 25 * size, knees_y)
            px[ANKLES[column]] = (x + side * 25 * size, knees_y + 57 * size)
            world[HIPS[column]], world[SHOULDERS[column]] = (side * 0.1, 0, 0), (side * 0.2, -0.5, 0)
            world[KNEES[column]] = (side * 0.1, *thigh)
        px[CENTRE], px[REACH] = (x, 240), (x, 240 - 100 * size)
        in_crop = square.to_crop(px)
        for rows in (KNEES, ANKLES):
            maps = np.clip(sum(blob(in_crop[row]) for row in rows), 1e-3, 0.999)
            heat[..., rows[0]] = np.log(maps / (1 - maps))
        return Look(in_crop, world, 1.0, np.ones((256, 256)), heat, np.ones(N_LANDMARKS))


class Drawing:
    """A network whose crops are the squares themselves."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def __call__(self, square: Any) -> Look:
        return self.stage.look(square)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """An empty stage, filmed."""
    monkeypatch.setattr(Region, "cut", lambda region, _: region)
    return Stage()


def film(stage: Stage, subject_at: tuple[float, float] | None = None) -> Callable[[float], list[Pose]]:
    """Return what films the stage for so many seconds on, with one follower."""
    follow = BodyFollower(Drawing(stage), stage.detect, subject_at=subject_at)  # type: ignore[arg-type]
    clock = iter(np.arange(0, 1000, 1 / STAGE_FPS))
    return lambda for_s: [follow(PICTURE, next(clock))[0] for _ in range(round(for_s * STAGE_FPS))]


def places(poses: Sequence[Pose]) -> list[float | None]:
    """Return where the hips of everybody seen are."""
    return [None if pose is NOBODY else round(float(pose.hips_px[0])) for pose in poses]


SUBJECT = (300.0, 1.0, True)


def test_one_look_a_frame_and_few_searches(stage: Stage) -> None:
    """Who is locked costs one look a frame, and the picture is searched every two seconds, to count."""
    stage.people = [SUBJECT]
    shoot = film(stage)
    assert places(shoot(10.0)) == [300] * 150
    assert stage.n_looks <= 151
    assert stage.n_searches <= 6


def test_an_empty_room_is_searched_now_and_then(stage: Stage) -> None:
    """About three times a second, and without the network."""
    assert places(film(stage)(3.0)) == [None] * 45
    assert 8 <= stage.n_searches <= 11
    assert stage.n_looks == 0


def test_who_comes_is_seen_within_a_third_of_a_second(stage: Stage) -> None:
    """Also somebody who stands, with all landmarks: they are told to sit down."""
    shoot = film(stage)
    shoot(1.0)
    stage.people = [(300.0, 1.0, False)]
    poses = shoot(0.4)
    assert places(poses)[-1] == 300
    assert np.isfinite(poses[-1].world_m).all()


def test_of_several_the_one_who_sits_is_followed(stage: Stage) -> None:
    """A helper who stands nearer to the camera is not taken for the subject."""
    stage.people = [(480.0, 1.5, False), SUBJECT]
    assert places(film(stage)(1.0))[-1] == 300


@pytest.mark.parametrize(("share", "followed"), [(0.1, 150), (0.9, 450)])
def test_of_two_who_sit_the_one_pointed_at_is_followed(stage: Stage, share: float, followed: int) -> None:
    """Also where somebody else comes first, and goes again."""
    stage.people = [(300.0, 1.3, True)]
    shoot = film(stage, (share, 0.5))
    assert places(shoot(3.0))[-1] == 300
    stage.people = [(150.0, 1.0, True), (450.0, 1.0, True)]
    assert places(shoot(GONE_S + 1.0))[-1] == followed
    assert set(places(shoot(3.0))) == {followed}


def test_a_subject_who_stands_up_is_not_nobody_for_long(stage: Stage) -> None:
    """They are seen standing, and can be told to sit down."""
    shoot = film(stage)
    stage.people = [SUBJECT]
    shoot(SUBJECT_AFTER_S + 1.0)
    stage.people = [(300.0, 1.0, False)]
    poses = shoot(GONE_S + 1.0)
    assert places(poses)[0] is None
    assert places(poses)[-1] == 300


def test_a_helper_who_was_there_first_is_left_for_the_subject(stage: Stage) -> None:
    """Nobody is locked for good before they have sat in place."""
    shoot = film(stage)
    stage.people = [(480.0, 1.2, False)]
    assert places(shoot(3.0))[-1] == 480
    stage.people.append(SUBJECT)
    assert places(shoot(2.5))[-1] == 300


@pytest.mark.parametrize("sits", [False, True])
@pytest.mark.parametrize("covered_s", [0.5, 3.0, 6.0])
def test_a_helper_who_covers_the_subject_is_not_followed(stage: Stage, covered_s: float, sits: bool) -> None:
    """Whether they kneel or stand, for however long: nobody is seen, then the subject, within a second."""
    shoot = film(stage)
    stage.people = [SUBJECT]
    shoot(SUBJECT_AFTER_S + 1.0)
    stage.people = [(330.0, 1.4, sits), SUBJECT]
    assert set(places(shoot(covered_s))) == {None}
    stage.people = [SUBJECT]
    seen = places(shoot(1.0))
    assert set(seen) <= {None, 300}
    assert seen[-1] == 300


def test_a_subject_who_takes_another_chair_is_found_there(stage: Stage) -> None:
    """Nobody in the old place for two seconds: the lock is given up."""
    shoot = film(stage)
    stage.people = [SUBJECT]
    shoot(SUBJECT_AFTER_S + 1.0)
    stage.people = [(500.0, 1.0, True)]
    assert set(places(shoot(GONE_S - 0.1))) == {None}
    assert places(shoot(1.2))[-1] == 500


def test_a_chair_that_is_pushed_is_followed(stage: Stage) -> None:
    """Half a shank a second is no jump."""
    shoot = film(stage)
    stage.people = [SUBJECT]
    shoot(SUBJECT_AFTER_S + 1.0)
    for k in range(60):
        stage.people = [(300.0 + k, 1.0, True)]
        assert places(shoot(1 / STAGE_FPS)) != [None]
    assert places(shoot(0.1))[-1] == 359


def test_a_lock_is_not_kept_for_ever(stage: Stage) -> None:
    """Somebody else has stayed in the place: after a while it is they who are seen."""
    shoot = film(stage)
    stage.people = [SUBJECT]
    shoot(SUBJECT_AFTER_S + 1.0)
    stage.people = [(330.0, 1.4, False)]
    seen = places(shoot(COVERED_S + 1.0))
    assert set(seen[: round(STAGE_FPS * (COVERED_S - 0.1))]) == {None}
    assert seen[-1] == 330


# ---------------------------------------------------------------------------------------------------- real networks

CLIPS = {"seated-easy-101-01": SEATED, "seated-hard-103-00": SEATED, "prone-easy-102-02": PRONE}


@pytest.fixture(scope="module", params=[pytest.param(ModelName.LITE, marks=pytest.mark.at_length), ModelName.FULL])
def guide(request: pytest.FixtureRequest) -> ModelName:
    """A model that guides: the usual one, and at length the smaller one that `test_live` guides by."""
    return ModelName(request.param)


def opened(name: str, guide: ModelName) -> Follower:
    procedure = CLIPS[name]
    return open_follower(procedure, procedure.usual_camera_side, get_model(guide), guide)


@pytest.mark.model
@pytest.mark.parametrize("name", CLIPS)
def test_both_legs_are_followed_near_the_truth(
    name: str, guide: ModelName, samples: Path, truth_of: Callable[[str], dict[str, Any]]
) -> None:
    """Every frame of three seconds, against what was rendered: 2° in the middle, and never far off for long."""
    setup, follow = Setup(CLIPS[name]), opened(name, guide)
    lateral, off = lateral_signs(setup), []
    for frame in open_video(samples / f"{name}.mp4"):
        if frame.time_s > 3.0:
            break
        pose, _ = follow(frame.rgb, frame.time_s)
        points = truth_of(name)["frames"][frame.index]["keypoints"]
        knees, ankles = (np.array([points[f"{joint}.{side}"] for side in "LR"]) for joint in ("knee", "ankle"))
        true_deg = image_angle_deg(knees, ankles, lateral, shank_up=setup.procedure.shank_up)
        own = image_angle_deg(
            pose.image_px[list(KNEES)], pose.image_px[list(ANKLES)], lateral, shank_up=setup.procedure.shank_up
        )
        off.append(np.abs(own - true_deg))
    assert np.isfinite(off).mean() > 0.9
    assert np.nanmedian(off) < 3.0
    assert np.nanpercentile(off, 95) < 7.0


@pytest.fixture(scope="module")
def walkers(real: Path) -> list[np.ndarray]:
    """Real pictures of somebody who walks, cut out as high as a room."""
    with open_video(real / "balancing_front.mp4") as video:
        return [cv2.resize(frame.rgb[180:575, 195:380], (200, 430), interpolation=cv2.INTER_AREA) for frame in video]


def before(rgb: np.ndarray, walker: np.ndarray, x: int) -> np.ndarray:
    """Return a picture with a walker in front, from this column on."""
    out = rgb.copy()
    left, right = max(x, 0), min(x + walker.shape[1], rgb.shape[1])
    if left < right:
        out[-walker.shape[0] :, left:right] = walker[:, left - x : right - x]
    return out


@pytest.mark.model
def test_somebody_real_who_walks_through_does_not_take_the_lock_along(
    guide: ModelName, samples: Path, walkers: list[np.ndarray]
) -> None:
    """They cross the picture in two seconds, then stand before the subject for two: after each the subject is there."""
    name = "seated-easy-101-01"
    with open_video(samples / f"{name}.mp4") as video:
        subject = [frame.rgb for frame in video][:60]
    follow, clock = opened(name, guide), iter(range(10_000))

    def show(places: Iterator[int] | Sequence[int]) -> list[Pose]:
        poses = []
        for x in places:
            k = next(clock)
            poses.append(follow(before(subject[k % 60], walkers[k % len(walkers)], x), k / FPS)[0])
        return poses

    home = np.mean([pose.image_px[list(KNEES)] for pose in show([9999] * 75)[30:]], axis=0)
    middle = int(home[:, 0].mean())
    for way in (range(-200, 640, 14), [middle - 100] * 60):
        covered = show(list(way))
        strayed = [pose is not NOBODY and np.abs(pose.image_px[list(KNEES)] - home).max() > 60 for pose in covered]
        assert np.mean(strayed) < 0.15
        back = show([9999] * 30)
        assert back[-1] is not NOBODY
        assert np.abs(back[-1].image_px[list(KNEES)] - home).max() < 30


def advised(pictures: Sequence[np.ndarray], guide: ModelName) -> dict[CheckCode, str]:
    """Return what the placement advises after these pictures, by what is not in order."""
    setup = Setup()
    follow, placement = opened("seated-easy-101-01", guide), Placement(setup)
    for k, rgb in enumerate(pictures):
        pose, n_people = follow(rgb, k / 10)
        height, width = rgb.shape[:2]
        angles = Session.bare_angles_deg(SimpleNamespace(setup=setup), pose)  # type: ignore[arg-type]
        seen = (pose.image_px, pose.world_m, pose.visibility)
        checks = placement.see(Sight(k / 10, *seen, (width, height), (angles[0], angles[1]), n_people, 0.5))
    return {check.code: check.advice for check in checks if not check.ok}


@pytest.mark.model
def test_somebody_badly_placed_is_told_what_to_do(samples: Path, real: Path, guide: ModelName) -> None:
    """Seated well nothing is wrong; with the feet outside the picture, too near, or upright, that is said."""
    with open_video(samples / "seated-easy-101-01.mp4") as video:
        seated = [frame.rgb for frame in islice(video, 20)]
    assert set(advised(seated, guide)) <= {CheckCode.STILL}
    footless = [np.ascontiguousarray(rgb[:335]) for rgb in seated]
    assert "feet" in advised(footless, guide)[CheckCode.IN_FRAME]
    near = [np.ascontiguousarray(rgb[215:400]) for rgb in seated]  # from the hips down
    assert "back" in advised(near, guide)[CheckCode.DISTANCE]
    with open_video(real / "balancing_front.mp4") as video:
        stands = [frame.rgb for frame in islice(video, 0, 60, 3)]
    assert "it upright" in advised(stands, guide)[CheckCode.POSTURE]
