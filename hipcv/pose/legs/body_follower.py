"""The person whose test it is, frame by frame while the test runs: for guidance, not for the result (METHOD L2).

The network looks once a frame, at the square that its last look asked for. Who is followed is locked by where the knees
are: a look that shows knees elsewhere is one at somebody else. While nobody is locked the person detector searches the
whole picture. Where the legs are clear, knees and ankles come from the heat maps (`online`); the network's own
landmarks are pulled off the limb by the swing of a shank.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import ANKLES, FEET, HEELS, KNEES, N_LANDMARKS, FloatArray
from hipcv.pose.landmarker import CENSUS_INTERVAL_S, sits, suitability
from hipcv.pose.legs.network import LandmarkNetwork, Look, Region
from hipcv.pose.legs.online import LegsOnline
from hipcv.pose.legs.people import SAME_REACH, PersonDetector, Somebody
from hipcv.pose.legs.region import HANGING_DEG
from hipcv.pose.legs.tracking import ANGLES_DEG
from hipcv.pose.person import NOBODY, Pose

ByteArray = NDArray[np.uint8]

#: While nobody is locked, or who is locked is not seen, the whole picture is searched so often.
SEARCH_EVERY_S = 0.3
#: People that are looked at in a search, the surest first.
MAX_LOOKS = 3
#: Landmarks of the network beyond the body's: the middle of the hips, and a point as far from it as the body reaches.
CENTRE, REACH = N_LANDMARKS, N_LANDMARKS + 1
#: The square's side in such reaches, as MediaPipe's own graph takes it, and the time over which it follows.
SIDE_REACHES, SQUARE_S = 2.5, 0.3
#: After a time unseen, what is seen again counts no more than after this.
MAX_STEP_S = 0.1
#: A look with less presence shows nobody.
MIN_PRESENCE = 0.5
#: Knees further from the locked ones, in lengths of a shank, or shanks of another length, are somebody else's.
OWN_SHANKS, OWN_RATIO = 0.5, 1.5
#: ... and of a subject, whoever asks for a square of another size: a helper who stands in the way is larger or smaller.
SUBJECT_RATIO = 1.25
#: Somebody who has moved reaches as far as before but for this, as the detector sees it; who stands up, further, but
#: their shanks are as long as before.
SAME_RATIO = 1.15
#: Knees further from the locked ones than this are gone after: at once, but of a subject by so much a second only.
NEAR_SHANKS, SUBJECT_SHANKS_S = 0.2, 0.5
#: Who has sat in place for so long, the legs clear, is the subject.
SUBJECT_AFTER_S = 1.5
#: A subject unseen for so long is given up; one in whose place somebody else is seen, or who may be covered, later.
GONE_S, COVERED_S = 2.0, 8.0
#: Legs doubted more than this (`tracking.doubt`) are where the network's landmarks put them.
CLEAR_DOUBT = 2.5


@dataclass(slots=True, eq=False)
class _Lock:
    """Who is followed: the legs, the square, where the hips are, and when they were seen.

    there_s : when somebody was last seen in the place; sits_s : since when they sit there with clear legs.
    """

    legs: LegsOnline
    square: Region
    hips_px: FloatArray
    seen_s: float
    there_s: float
    sits_s: float = float("inf")

    @property
    def is_subject(self) -> bool:
        """Whether they have sat in place long enough not to be taken for somebody who passes."""
        return self.seen_s - self.sits_s >= SUBJECT_AFTER_S


@dataclass(slots=True, eq=False)
class BodyFollower:
    """Frames in, the landmarks of one person out, at once.

    Parameters
    ----------
    network, detector : one look at a square; everybody in a picture.
    angles_deg : the angles at which a shank is looked for.
    subject_at : where in the picture the knees of who is meant are, as `Setup.subject_at`.
    """

    network: LandmarkNetwork
    detector: PersonDetector
    angles_deg: FloatArray = field(default_factory=lambda: ANGLES_DEG)
    subject_at: tuple[float, float] | None = None
    _lock: _Lock | None = field(default=None, init=False)
    _next_search_s: float = field(default=float("-inf"), init=False)
    _next_census_s: float = field(default=float("-inf"), init=False)

    def __call__(self, rgb: ByteArray, time_s: float) -> tuple[Pose, int]:
        """Return the followed person, `NOBODY` where they are not seen, and how many people are in view.

        Parameters
        ----------
        rgb : (height, width, 3) upright, unmirrored picture.
        time_s : seconds, rising from call to call.

        Returns
        -------
        Every landmark, left and right as the network labels them; and the people, -1 where nobody counted.
        """
        if self._lock is None:
            return self._search(rgb, time_s)
        look = self.network(self._lock.square.cut(rgb))
        pose = self._follow(self._lock, look, time_s)
        if pose is NOBODY:
            self._miss(self._lock, rgb, time_s)
        elif time_s >= self._next_census_s:
            return pose, self._count(self._lock, rgb, time_s)
        return pose, -1

    def _search(self, rgb: ByteArray, time_s: float) -> tuple[Pose, int]:
        """Lock on who was pointed at, else on whoever looks most like the subject."""
        if time_s < self._next_search_s:
            return NOBODY, -1
        self._next_search_s = time_s + SEARCH_EVERY_S
        people = self.detector(rgb)
        return self._choose(people, rgb, time_s), len(people)

    def _choose(self, people: Sequence[Somebody], rgb: ByteArray, time_s: float) -> Pose:
        seen = look_at_people(rgb, people, self.network)
        if not seen:
            return NOBODY
        if self.subject_at is None:
            square, look, body = max(seen, key=lambda one: suitability(one[2]))
        else:
            at_px = np.array(self.subject_at) * rgb.shape[1::-1]
            square, look, body = min(seen, key=lambda one: float(np.hypot(*(_knees_middle_px(one[2]) - at_px))))
        self._next_census_s = time_s + CENSUS_INTERVAL_S
        legs = LegsOnline(body.image_px[_knees_in_order(body)], max(body.shank_px, 1.0), self.angles_deg)
        self._lock = _Lock(legs, square, body.hips_px, time_s, time_s)
        return self._follow(self._lock, look, time_s)

    def _follow(self, lock: _Lock, look: Look, time_s: float) -> Pose:
        """Return what a look at the locked square shows of the person, and move along with it."""
        body, asked = body_in(look, lock.square), square_asked_for(look, lock.square)
        if look.presence < MIN_PRESENCE or not _is_own(body, asked, lock):
            return NOBODY
        since_s = min(time_s - lock.seen_s, MAX_STEP_S)
        lock.seen_s = lock.there_s = time_s
        _go_after(body, lock, since_s)
        paths, doubts = lock.legs.see(look, lock.square, time_s)
        image_px, visibility = body.image_px.copy(), body.visibility.copy()
        for row, path, doubt in zip(_knees_in_order(body), paths, doubts, strict=True):
            if doubt > CLEAR_DOUBT:
                continue
            column = KNEES.index(row)
            knee_px, ankle_px = (lock.square.to_picture(points[0]) for points in (path.knee_px, path.ankle_px))
            image_px[[HEELS[column], FEET[column]]] += ankle_px - image_px[ANKLES[column]]  # the foot goes along
            image_px[row], image_px[ANKLES[column]] = knee_px, ankle_px
            visibility[[row, ANKLES[column]]] = 1.0
        pose = Pose(image_px, body.world_m, visibility, np.full(2, np.nan))
        share = 1.0 - np.exp(-since_s / SQUARE_S)
        lock.legs.shank_px += share * (pose.shank_px - lock.legs.shank_px)
        lock.hips_px = body.hips_px
        if not (sits(body) and (doubts <= CLEAR_DOUBT).all()):
            lock.sits_s = lock.sits_s if lock.is_subject else float("inf")
        else:
            lock.sits_s = min(lock.sits_s, time_s)
        lock.square = replace(
            lock.square,
            x_px=lock.square.x_px + share * (asked.x_px - lock.square.x_px),
            y_px=lock.square.y_px + share * (asked.y_px - lock.square.y_px),
            side_px=lock.square.side_px + share * (asked.side_px - lock.square.side_px),
        )
        return pose

    def _miss(self, lock: _Lock, rgb: ByteArray, time_s: float) -> None:
        """Decide whether who is not seen is still there."""
        if time_s - lock.seen_s < SEARCH_EVERY_S or time_s < self._next_search_s:
            return
        if not lock.is_subject:
            self._lock = None
            return
        self._next_search_s = time_s + SEARCH_EVERY_S
        people = self.detector(rgb)
        if any(_is_there(somebody, lock) for somebody in people):
            lock.there_s = time_s
        unseen_s = time_s - lock.seen_s
        given_up = time_s - lock.there_s > GONE_S or unseen_s > COVERED_S
        if unseen_s > GONE_S and len(people) == 1:  # whoever is there alone, of the same size, has moved
            same_reach = _ratio(people[0].reach_px, lock.square.side_px / SIDE_REACHES) < SAME_RATIO
            given_up = given_up or any(
                same_reach if sits(body) else _ratio(body.shank_px, lock.legs.shank_px) < SAME_RATIO
                for _, _, body in look_at_people(rgb, people, self.network)
            )
        if given_up:
            self._lock = None

    def _count(self, lock: _Lock, rgb: ByteArray, time_s: float) -> int:
        """Return how many people there are; who is no subject yet may turn out to be another one of them."""
        self._next_census_s = time_s + CENSUS_INTERVAL_S
        people = self.detector(rgb)
        others = [somebody for somebody in people if not _is_there(somebody, lock)]
        if others and not lock.is_subject:
            self._choose(people, rgb, time_s)
        return 1 + len(others)


def look_at_people(
    rgb: ByteArray, people: Sequence[Somebody], network: LandmarkNetwork, *, turned: bool = False
) -> list[tuple[Region, Look, Pose]]:
    """Look at each person whom the detector has found, the surest few; leave out whom the network does not see.

    Parameters
    ----------
    turned : whether the squares are turned so that everybody is upright in them, as MediaPipe's own graph does.

    Returns
    -------
    Of each the square, the look and the person.
    """
    squares = [
        replace(square_around(one), turn_deg=one.turn_deg if turned else HANGING_DEG) for one in people[:MAX_LOOKS]
    ]
    looks = [(square, network(square.cut(rgb))) for square in squares]
    return [(square, look, body_in(look, square)) for square, look in looks if look.presence >= MIN_PRESENCE]


def square_around(somebody: Somebody) -> Region:
    """Return the square in which the network knows a person that the detector has found.

    Examples
    --------
    >>> square_around(Somebody(np.array([320.0, 240.0]), 100.0, 0.9))
    Region(x_px=320.0, y_px=240.0, side_px=250.0, turn_deg=0.0, over=False, lying=False)
    """
    x_px, y_px = map(float, somebody.hips_px)
    return Region(x_px, y_px, SIDE_REACHES * somebody.reach_px, HANGING_DEG)


def square_asked_for(look: Look, region: Region) -> Region:
    """Return the square in which the network wants to see the person of this look, (39, 2) landmarks, next.

    Examples
    --------
    >>> px = np.full((39, 2), 128.0)
    >>> px[REACH] = 128.0, 28.0
    >>> look = Look(px, np.zeros((33, 3)), 1.0, np.zeros((256, 256)), np.zeros((64, 64, 39)))
    >>> square_asked_for(look, Region(320.0, 240.0, 512.0, 0.0))
    Region(x_px=320.0, y_px=240.0, side_px=500.0, turn_deg=0.0, over=False, lying=False)
    """
    centre, reach = region.to_picture(look.landmarks_px[[CENTRE, REACH]])
    return Region(float(centre[0]), float(centre[1]), SIDE_REACHES * float(np.hypot(*(reach - centre))), HANGING_DEG)


def body_in(look: Look, region: Region) -> Pose:
    """Return the person of one look, frame pixels.

    Examples
    --------
    >>> look = Look(np.full((39, 2), 128.0), np.zeros((33, 3)), 1.0, np.zeros((256, 256)), np.zeros((64, 64, 39)))
    >>> body_in(look, Region(320.0, 240.0, 512.0, 0.0)).hips_px.tolist()
    [320.0, 240.0]
    """
    return Pose(region.to_picture(look.landmarks_px[:N_LANDMARKS]), look.world_m, look.visibility, np.full(2, np.nan))


def _knees_in_order(body: Pose) -> list[int]:
    """Return the rows of both knees, from left to right of the picture."""
    return sorted(KNEES, key=lambda row: body.image_px[row, 0])


def _knees_middle_px(body: Pose) -> FloatArray:
    middle: FloatArray = body.image_px[list(KNEES)].mean(axis=0)
    return middle


def _is_own(body: Pose, asked: Region, lock: _Lock) -> bool:
    away = np.linalg.norm(body.image_px[_knees_in_order(body)] - lock.legs.knees_px, axis=1).mean()
    if away > OWN_SHANKS * lock.legs.shank_px or _ratio(body.shank_px, lock.legs.shank_px) > OWN_RATIO:
        return False
    return not lock.is_subject or _ratio(asked.side_px, lock.square.side_px) < SUBJECT_RATIO


def _ratio(a: float, b: float) -> float:
    return max(a, b) / max(min(a, b), 1.0)


def _go_after(body: Pose, lock: _Lock, since_s: float) -> None:
    """Take the locked knees along with somebody who moves further than their peaks are looked for."""
    legs = lock.legs
    shift = (body.image_px[_knees_in_order(body)] - legs.knees_px).mean(axis=0)
    away = float(np.hypot(*shift))
    if away > NEAR_SHANKS * legs.shank_px:
        step = min(away, SUBJECT_SHANKS_S * since_s * legs.shank_px) if lock.is_subject else away
        legs.knees_px = legs.knees_px + shift * (step / away)


def _is_there(somebody: Somebody, lock: _Lock) -> bool:
    reach_px = lock.square.side_px / SIDE_REACHES
    return bool(np.hypot(*(somebody.hips_px - lock.hips_px)) < SAME_REACH * reach_px)
