"""Both lower legs over a whole clip, and what is seen of the body they belong to: the reader of every test.

Frames are kept at a few a second (METHOD S2). Who is measured, and where the legs are, is searched in some of them
(`subject`, `region`); in the square they agree on, all are read (`reading`). Left and right follow from where the
camera stands, never from the network's labels (METHOD S7); a shank that is not known well enough is missing (METHOD
S16).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.checks.limits import FEET_OUTSIDE, LEGS_FAINT, LIMITS, TRUNK_IN_FRONT, UPRIGHT_TRUNK, found
from hipcv.core.checks.posture import check_end
from hipcv.core.checks.recording import subject_seen
from hipcv.core.finding import Cause, Finding, FindingCode, Severity
from hipcv.core.motion.angles import MIN_VISIBILITY, hip_flexion_deg
from hipcv.core.procedure import Procedure
from hipcv.core.series import (
    ANKLES,
    KNEES,
    N_LANDMARKS,
    BoolArray,
    FloatArray,
    IntArray,
    PoseSeries,
)
from hipcv.core.setup import Setup, places_text
from hipcv.models.bundle import read_landmark_network, read_person_detector
from hipcv.models.store import ModelFile
from hipcv.pose.fusion import MAX_SE_DEG
from hipcv.pose.legs.ahead import Ahead, ReadAhead, join
from hipcv.pose.legs.body import contradicted, own_body, put_knees
from hipcv.pose.legs.follower import Follower, open_follower
from hipcv.pose.legs.looking import Views
from hipcv.pose.legs.network import MAX_THREADS, LandmarkNetwork, Region
from hipcv.pose.legs.people import PersonDetector, Somebody, others
from hipcv.pose.legs.protractor import HANGING
from hipcv.pose.legs.reading import read_lower_legs
from hipcv.pose.legs.region import HANGING_DEG, STANDING_DEG, Vote, find_in_clip, trunk_shanks
from hipcv.pose.legs.seen_before import SeenBefore
from hipcv.pose.legs.steps import LEG_STEPS, LegSteps
from hipcv.pose.legs.subject import Subject, find_posture, find_subject
from hipcv.pose.legs.tracking import ANGLES_DEG, BOTH_WAYS_DEG
from hipcv.pose.person import NOBODY
from hipcv.pose.seam import Seen
from hipcv.sources.picture_quality import SHARPNESS_EVERY_S, measure_sharpness
from hipcv.sources.stills import encode_still
from hipcv.sources.timing import Raster
from hipcv.words import CameraSide, ModelName

ByteArray = NDArray[np.uint8]

#: Frames looked at. Denser ones find few more of the short holds: of simulated holds of 0.4 s, read with 0.7° of noise,
#: 62 % at 8 and 63 % at 12.5 a second; of 0.5 s 95 % and all.
SAMPLE_HZ = 8.0
#: Longer side of a kept frame; lower legs of 45 pixels are enough for the network.
LONG_SIDE_PX = 960
#: Frames in which the legs are searched and people counted.
N_SEARCHED = 8
#: The whole body in one square, where a trunk is seen beyond the knees: its side, and how far its centre lies from the
#: knees towards the trunk, in lengths of a shank; and in how many frames it is looked at.
BODY_SHANKS, BODY_CENTRE_SHANKS = 4.5, 0.5
N_BODY_LOOKS = 5
#: Where there are so many frames, so many of them are read before the others.
GLANCE_FROM, N_GLANCE = 72, 24
#: How often it is looked where everybody's head is, so that faces can be covered in pictures.
HEADS_EVERY_S = 0.5
#: A picture of which no cell, so many a side, changed by more than so many levels of 255 shows them where they were.
SAME_CELLS, SAME_LEVELS = 48, 8
#: Where both knees are read in fewer of the frames, it is asked what else somebody does who is in view.
MIN_READ = 0.5


@dataclass(slots=True)
class LegReader:
    """Frames in, knees and ankles of both legs out; see `seam.PoseReader`.

    Parameters
    ----------
    network : the landmark network.
    procedure, camera_side : the test, which says where relaxed shanks point, and where the camera stands: they decide
        which leg is left.
    steps : the steps that can be exchanged.
    follower : says at once where the subject is; without one `add` knows nobody.
    detector : finds everybody in a picture; without one people are not counted.
    sees_less : as `region.find_in_clip`.
    subject_at : where in the picture the knees of who is meant are, as `Setup.subject_at`.
    ahead : looks at frames before the last one has come.
    angles_deg : the angles at which a shank is looked for.
    """

    network: LandmarkNetwork
    procedure: Procedure
    camera_side: CameraSide
    steps: LegSteps = LEG_STEPS
    follower: Follower | None = None
    detector: PersonDetector | None = None
    sees_less: bool = False
    subject_at: tuple[float, float] | None = None
    ahead: ReadAhead | None = None
    angles_deg: FloatArray = field(default_factory=lambda: ANGLES_DEG)
    sample_hz: float | None = field(default=SAMPLE_HZ, init=False)
    #: Whose legs they are; known after `series`.
    subject: Subject = field(default_factory=lambda: Subject(None), init=False)
    #: Share of the place before the knees that is person: a trunk there means a camera at the head end.
    share_in_front: float = field(default=float("nan"), init=False)
    #: How far the hips are bent, looked at where such a trunk is seen: it may be that of somebody who sits upside down.
    flexion_deg: float = field(default=float("nan"), init=False)
    _detected: dict[int, list[Somebody]] = field(default_factory=dict, init=False)
    #: In which share of the frames that were read the knees are known that a test needs; known after `series`.
    _share_read: float = field(default=0.0, init=False)
    _kept: list[tuple[float, bytes]] = field(default_factory=list, init=False)
    _scale: float = field(default=1.0, init=False)
    _frame_size_px: tuple[int, int] = field(default=(0, 0), init=False)
    _raster: Raster = field(default_factory=lambda: Raster(SAMPLE_HZ), init=False)

    @property
    def n_kept(self) -> int:
        """How many frames are kept."""
        return len(self._kept)

    @property
    def person(self) -> str:
        """Who is measured, in words; known after `series`."""
        return self.subject.rule

    def times_s(self) -> FloatArray:
        """Return the time of every frame that is kept (T,), seconds."""
        return np.array([time_s for time_s, _ in self._kept], dtype=np.float64)

    def add(self, rgb: ByteArray, time_s: float) -> Seen:
        """Take the next frame, (height, width, 3) upright and unmirrored."""
        self._frame_size_px = (rgb.shape[1], rgb.shape[0])
        kept = self._raster.takes(time_s)
        if kept:
            self._keep(rgb, time_s)
        pose, n_people = (NOBODY, -1) if self.follower is None else self.follower(rgb, time_s)
        return Seen(pose, n_people, kept)

    def _keep(self, rgb: ByteArray, time_s: float) -> None:
        self._scale = min(1.0, LONG_SIDE_PX / max(rgb.shape[:2]))
        small = rgb
        if self._scale < 1:
            small = np.asarray(
                cv2.resize(rgb, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA), np.uint8
            )
        packed = encode_still(small)
        self._kept.append((time_s, packed))
        if self.ahead is not None:
            self.ahead.add(time_s, packed)

    def forget(self, rows: slice) -> None:
        """Drop these of the kept frames."""
        del self._kept[rows]
        if self.ahead is not None:
            self.ahead.keep_only({time_s for time_s, _ in self._kept})

    def _frame(self, k: int) -> ByteArray:
        return _unpack(self._kept[k][1])

    def series(self) -> PoseSeries:
        """Read all that was kept: image_px holds knees and ankles, NaN where they are not known well enough.

        Where a glance at some frames says that there is nothing to be read, it is all that is read.
        """
        n, time_s = len(self._kept), self.times_s()
        read = _Read.blank(n)
        seen_ahead = Ahead() if self.ahead is None else self.ahead.stop()
        self.subject = self._search()
        if self.vote is not None:
            vote, known = join(self.vote, seen_ahead)
            at_most = self.steps.looks_of_a_view
            seen = SeenBefore(vote.region, self.network, known, at_most)
            for k, rows in enumerate([np.arange(n)] if at_most is None else _glance_and_all(n)):
                if k and self._gives_up():
                    break
                seen.begin_again()
                part = self._read(rows, vote, seen)
                self._share_read = self._share_of(time_s[rows], part)
                read.put(rows, part)
            if self.procedure.shank_up and self.share_in_front > TRUNK_IN_FRONT.value:
                self.flexion_deg = self._hip_flexion_deg(vote)
        return PoseSeries(
            time_s=time_s,
            image_px=read.image_px,
            world_m=read.world_m,
            visibility=read.visibility,
            frame_size_px=self._frame_size_px,
            shank_se_deg=read.shank_se_deg,
            knee_outline_px=read.knee_outline_px,
            n_people=self._count_people(),
            heads=self._heads(time_s),
            sharpness=self._sharpness(time_s, read.image_px),
            swapped=read.swapped,
        )

    def _read(self, rows: IntArray, vote: Vote, seen: SeenBefore) -> "_Read":
        """Read these of the kept frames."""
        read = _Read.blank(len(rows))
        times_s = self.times_s()[rows]
        legs = read_lower_legs(lambda k: self._frame(rows[k]), times_s, vote, seen, self.steps, self.angles_deg)
        self.share_in_front = legs.share_in_front
        columns = list(enumerate(self._legs_of_columns()))
        # what is usual of it is a term of its own (`core.uncertainty.JOINTS_SE_DEG`)
        more_se_deg = float(np.sqrt(legs.zero_se_deg**2 - HANGING.zero_se_deg**2))
        if self.procedure.body_seen:
            knees_px = np.stack([legs.knees_px[:, leg] for _, leg in columns], axis=1)
            own = own_body(legs.bodies, knees_px, vote.shank_px)
            read.image_px, read.world_m = own.image_px / self._scale, own.world_m
            read.visibility, read.swapped = own.visibility, own.swapped
            for column, leg in columns:
                own_knees_px = own.image_px[:, KNEES[column]]
                legs.se_deg[contradicted(legs.landmarks_deg[:, leg]), leg] = np.inf
                legs.knees_px[:, leg] = put_knees(legs.knees_px[:, leg], legs.ankles_px[:, leg], own_knees_px)
        for column, leg in columns:
            good = legs.se_deg[:, leg] <= MAX_SE_DEG
            for row, points in ((KNEES[column], legs.knees_px), (ANKLES[column], legs.ankles_px)):
                read.image_px[:, row] = np.where(good[:, None], points[:, leg] / self._scale, np.nan)
                read.visibility[:, row] = good
            read.shank_se_deg[:, column] = np.hypot(legs.se_deg[:, leg], more_se_deg)
            read.knee_outline_px[:, column] = legs.knee_outline_px[:, leg] / self._scale
        return read

    def _share_of(self, times_s: FloatArray, part: "_Read") -> float:
        """Return in which share of some frames the subject's legs are read."""
        series = PoseSeries(times_s, part.image_px, part.world_m, part.visibility, self._frame_size_px)
        return float(subject_seen(series, self.procedure).mean()) if len(series) else 0.0

    def _gives_up(self) -> bool:
        """Whether what was read so far says that the rest is not worth a look: hardly any leg, or another posture."""
        hardly = LIMITS[FindingCode.LEGS_NOT_SEEN].value / 2
        return self._share_read < hardly or self._other_posture() is not None

    @property
    def vote(self) -> Vote | None:
        """Where the legs are; known after `series`, None where it is not known."""
        return self.subject.vote

    def _legs_of_columns(self) -> tuple[int, int]:
        """Return which of the crop's legs, from its left to its right, is the subject's left one, and the other."""
        lateral = self.procedure.lateral(self.camera_side)[0]
        # turned by 180°, the crop's left leg is the one on the picture's right
        left_leg = int((lateral > 0) != self.procedure.shank_up)
        return left_leg, 1 - left_leg

    def _sharpness(self, time_s: FloatArray, image_px: FloatArray) -> FloatArray:
        """Return (T,) the sharpness around the legs, NaN in frames that are not looked at."""
        sharpness, next_s = np.full(len(time_s), np.nan), -np.inf
        for k in range(len(time_s)):
            if time_s[k] >= next_s:
                next_s = time_s[k] + SHARPNESS_EVERY_S
                sharpness[k] = measure_sharpness(self._frame(k), image_px[k] * self._scale)
        return sharpness

    def _count_people(self) -> IntArray:
        """Return (T,) the people in view, the measured one with them; -1 in frames in which nobody is counted."""
        n_people = np.full(len(self._kept), -1)
        if self.vote is not None:
            for k, people in self._people().items():
                n_people[k] = 1 + len(others(people, self.vote))
        return n_people

    def _heads(self, time_s: FloatArray) -> FloatArray:
        """Return (K, 4) where heads may be: time, x, y and radius to cover; nothing without a detector."""
        rows, next_s = [np.empty((0, 4))], -np.inf
        seen, heads = None, np.empty((0, 3))
        for k in range(len(time_s)):
            if self.detector is not None and time_s[k] >= next_s:
                next_s = time_s[k] + HEADS_EVERY_S
                rgb = self._frame(k)
                small = cv2.resize(rgb, (SAME_CELLS, SAME_CELLS), interpolation=cv2.INTER_AREA)
                if seen is None or cv2.absdiff(small, seen).max() > SAME_LEVELS:
                    seen, heads = small, self.detector.heads(rgb) / self._scale
                rows.append(np.column_stack([np.full(len(heads), time_s[k]), heads]))
        return np.concatenate(rows)

    def _people(self) -> dict[int, list[Somebody]]:
        """Return who is seen in every frame that is searched, by its number; nothing without a detector."""
        if self.detector is not None and not self._detected:
            self._detected = {k: self.detector(self._frame(k)) for k in self._searched().tolist()}
        return self._detected

    def others_px(self) -> FloatArray:
        """Return (K, 2, 2) a line along the body of everybody else in the searched frames; after `series`."""
        if self.vote is None:
            return np.empty((0, 2, 2))
        elsewhere = [somebody for people in self._people().values() for somebody in others(people, self.vote)]
        lines = [one.hips_px + one.reach_px * np.array([[0.0, -1.0], [0.0, 1.0]]) for one in elsewhere]
        return np.array(lines).reshape(-1, 2, 2) / self._scale

    def findings(self) -> tuple[Finding, ...]:
        """Return what reading found wrong: feet outside the picture, the other end of the body; after `series`."""
        if self.subject.rivals:
            size_px = np.array(self._frame_size_px) * self._scale
            places = [vote.knees_px.mean(axis=0) / size_px for vote in self.subject.rivals]
            where = places_text([(float(x), float(y)) for x, y in places])
            code, n = FindingCode.SUBJECT_UNCLEAR, len(places)
            return (found(code, Severity.REJECT, n, cause=Cause.SEVERAL_SIT, values={"where": where}),)
        if self.vote is None and self.subject.cut_off:
            return (found(FindingCode.OUT_OF_FRAME, Severity.REJECT, 1.0, limit=FEET_OUTSIDE),)
        if (other := self._other_posture()) is not None:
            return (other,)
        if self.vote is not None and self._share_read < LIMITS[FindingCode.NO_PERSON].value:
            # somebody is there, whose legs are hidden or taken for another's
            return (found(FindingCode.LEGS_NOT_SEEN, Severity.REJECT, self._share_read),)
        told: tuple[Finding, ...] = ()
        if self.vote is not None and self.vote.quality < LEGS_FAINT.value:
            told = (found(FindingCode.LEGS_NOT_SEEN, Severity.DOUBT, self.vote.quality, limit=LEGS_FAINT),)
        if not self.procedure.shank_up:
            return told
        return told + check_end(self.share_in_front, self.flexion_deg, self.camera_side)

    def _other_posture(self) -> Finding | None:
        """Return what somebody does who is in view while hardly any leg is read: stands, or shows no legs."""
        if not self.procedure.body_seen or self._share_read > MIN_READ:
            return None
        frames = [self._frame(k) for k in self._people()]
        posture = find_posture(frames, list(self._people().values()), self.network)
        if posture is None:
            return None
        flexion_deg, visible = posture
        if visible < MIN_VISIBILITY:
            return found(FindingCode.LEGS_NOT_SEEN, Severity.REJECT, self._share_read)
        if flexion_deg < LIMITS[FindingCode.WRONG_TEST].value:
            return found(FindingCode.WRONG_TEST, Severity.REJECT, flexion_deg)
        return None

    def close(self) -> None:
        """Look no further ahead; the network goes with the reader."""
        if self.ahead is not None:
            self.ahead.stop()

    def _hip_flexion_deg(self, vote: Vote) -> float:
        """Return how far the hips are bent of the person whose trunk is seen beyond the knees, from a few frames."""
        knee = vote.knees_px.mean(axis=0)
        body = Region(float(knee[0]), float(knee[1]) + BODY_CENTRE_SHANKS * vote.shank_px, BODY_SHANKS * vote.shank_px)
        picks = np.linspace(0, len(self._kept) - 1, N_BODY_LOOKS).astype(int)
        looks = [self.network(body.cut(self._frame(k))) for k in picks]
        # a bed seen askew shows the trunk foreshortened behind the thighs, which passes for bent hips
        upright = [look for look in looks if trunk_shanks(look) >= UPRIGHT_TRUNK.value]
        if len(upright) <= N_BODY_LOOKS // 2:
            return float("nan")
        bent = [hip_flexion_deg(look.world_m).mean() for look in upright]
        return float(np.median(bent))

    def _searched(self) -> IntArray:
        """Return the kept frames that are searched, spread over the clip."""
        return spread_over(len(self._kept))

    def _search(self) -> Subject:
        if not self._kept:
            return Subject(None)
        self._detected = {}
        people = list(self._people().values()) if self.procedure.body_seen else []
        return self.search_in([self._frame(k) for k in self._searched()], people)

    def search_in(self, frames: Sequence[ByteArray], people: Sequence[Sequence[Somebody]]) -> Subject:
        """Return who is measured, by some frames spread over the clip and, where bodies are seen, who is in them."""
        if self.procedure.body_seen:
            at_px = None if self.subject_at is None else np.array(self.subject_at) * frames[0].shape[1::-1]
            return find_subject(frames, people, self.network, at_px=at_px, sees_less=self.sees_less)
        hang = not self.procedure.shank_up
        turn_deg, less = HANGING_DEG if hang else STANDING_DEG, self.sees_less
        vote, outside = find_in_clip(frames, self.network, turn_deg=turn_deg, sees_less=less, lying=hang)
        return Subject(vote, cut_off=outside, rule="whose lower legs most frames agree on")


@dataclass(slots=True)
class _Read:
    """What is read of T frames; each array as in `PoseSeries`."""

    image_px: FloatArray
    world_m: FloatArray
    visibility: FloatArray
    shank_se_deg: FloatArray
    knee_outline_px: FloatArray
    swapped: BoolArray

    @classmethod
    def blank(cls, n: int) -> "_Read":
        """Return what is known before anything is read."""
        return cls(
            image_px=np.full((n, N_LANDMARKS, 2), np.nan),
            world_m=np.full((n, N_LANDMARKS, 3), np.nan),
            visibility=np.zeros((n, N_LANDMARKS)),
            shank_se_deg=np.full((n, 2), np.nan),
            knee_outline_px=np.full((n, 2, 2), np.nan),
            swapped=np.zeros(n, np.bool_),
        )

    def put(self, rows: IntArray, part: "_Read") -> None:
        """Take over what is read of some of the frames."""
        for each in fields(self):
            getattr(self, each.name)[rows] = getattr(part, each.name)


@dataclass(slots=True)
class _Scout:
    """Looks ahead for a reader, by another one with networks of its own."""

    reader: LegReader
    detector: PersonDetector
    _seen: SeenBefore | None = None

    def search(self, pictures: Sequence[ByteArray]) -> Vote | None:
        people = [self.detector(rgb) for rgb in pictures] if self.reader.procedure.body_seen else []
        return self.reader.search_in(pictures, people).vote

    def look(self, rgb: ByteArray, region: Region, time_s: float) -> Views:
        if self._seen is None or self._seen.region != region:
            self._seen = SeenBefore(region, self.reader.network)
        return self._seen.first_look(rgb, self._seen.cells(rgb), time_s)


def spread_over(n: int) -> IntArray:
    """Return which of n frames are searched.

    Examples
    --------
    >>> spread_over(100).tolist(), spread_over(3).tolist()
    ([11, 22, 33, 44, 55, 66, 77, 88], [0, 1])
    """
    return np.unique(np.linspace(0, n - 1, N_SEARCHED + 2).astype(int)[1:-1])


def _glance_and_all(n: int) -> list[IntArray]:
    """Return the frames that are read first, of many, and then all n of them."""
    every = np.arange(n)
    return [every] if n < GLANCE_FROM else [np.unique(np.linspace(0, n - 1, N_GLANCE).astype(int)), every]


def _unpack(packed: bytes) -> ByteArray:
    picture = cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def open_leg_reader(
    setup: Setup,
    model: ModelFile,
    name: ModelName,
    *,
    steps: LegSteps = LEG_STEPS,
    guide: tuple[ModelFile, ModelName] | None = None,
) -> LegReader:
    """Return the reader of both lower legs; `guide` is the model that follows them while frames come.

    With a guide, frames are looked at ahead.

    Raises
    ------
    ModelError
        Where a model does not load.
    """
    procedure, camera_side = setup.procedure, setup.camera_side

    def open_reader(n_threads: int = MAX_THREADS) -> tuple[LegReader, PersonDetector]:
        network = LandmarkNetwork(read_landmark_network(model.path), n_threads)
        detector = PersonDetector(read_person_detector(model.path))
        less, at = name.sees_less, setup.subject_at
        return LegReader(network, procedure, camera_side, steps, None, detector, less, at), detector

    reader, _ = open_reader()
    reader.angles_deg = BOTH_WAYS_DEG if setup.inwards else ANGLES_DEG
    if guide is not None:
        at = setup.subject_at
        reader.follower = open_follower(procedure, camera_side, *guide, inwards=setup.inwards, subject_at=at)
        # on one thread, which is the one that gives way
        reader.ahead = ReadAhead(lambda: _Scout(*open_reader(1)), lambda n: spread_over(n).tolist(), _unpack)
    return reader
