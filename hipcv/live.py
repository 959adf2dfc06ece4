"""A test in front of a camera: guided while it runs, measured precisely once a trial has ended.

Every frame goes through the same `Session` as a recorded file, with a fast pose model. The frames of a swing are kept
in memory, packed, until the leg is back; then those near the end of range are measured again with the precise model, on
a thread of its own, and take the place of the fast ones in the series that is assessed.
"""

import math
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hipcv.assessment import Assessment
from hipcv.core.coaching import Coach, Coaching, Hold, Phase, Plan
from hipcv.core.device import DeviceGravity, camera_tilt_deg
from hipcv.core.errors import HipcvError
from hipcv.core.filtering import OneEuro, runs
from hipcv.core.landmarks import ANKLES, KNEES, SIDES, PoseSeries, Position, Setup, Side
from hipcv.core.placement import Sight
from hipcv.core.trials import HOLD_BAND_DEG, MIN_SWING_DEG
from hipcv.session import Reading, Session
from hipcv.sources.model_files import ModelFile, ModelName, Progress, get_model
from hipcv.sources.picture_quality import measure_brightness
from hipcv.sources.pose import NOBODY, Pose, PoseEstimator
from hipcv.sources.stills import decode_still, encode_still

if TYPE_CHECKING:
    from hipcv.sources.prone_live import ProneFollower

ByteArray = NDArray[np.uint8]

#: Before the first trial no more than this is kept: it shows the legs at rest and the room.
LEAD_S = 3.0
#: After the last trial so much is recorded on: a recording ends at rest.
TAIL_S = 1.0
#: A swing is over when the leg has been back for so long.
BACK_S = 0.3
#: Frames of one swing that are kept, and of one hold that are measured again.
MAX_KEPT, MAX_REMEASURED = 900, 90
#: Frames before a hold that are shown to the precise model to let it find the leg.
LEAD_FRAMES = 3
#: At rest so many frames are measured again first, then one a second: they tell how the two models differ.
N_QUICK_RESTS, QUICK_REST_S, SLOW_REST_S, MAX_RESTS = 12, 0.25, 1.0, 150
#: With fewer frames at rest seen by both models no difference between them is taken out.
MIN_RESTS = 5
#: A test takes two minutes. Of one that drags on, what is older than this is forgotten, except around captured holds.
MAX_KEPT_S = 180.0
AROUND_HOLD_S = 4.0
#: Longest recording that is assessed.
MAX_RECORDED_S = 900.0
#: With so many frames waiting for the precise model, only captured holds are added.
MAX_BACKLOG = 200
BRIGHTNESS_INTERVAL_S = 0.5
_BACKGROUND_NICENESS = 10


@dataclass(frozen=True, slots=True, eq=False)
class LiveReading:
    """One frame of a live test.

    `angles_deg` are left and right, filtered, to the plumb line where the device tells it (`roll_deg`), else to the
    picture's vertical; NaN where not seen.
    """

    reading: Reading
    angles_deg: tuple[float, float]
    roll_deg: float | None
    coaching: Coaching
    recorded: bool


@dataclass(frozen=True, slots=True)
class Remeasured:
    """The angle of a captured hold as the precise model sees it, degrees."""

    hold: Hold
    angle_deg: float


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """A frame of a swing: its time, both angles, and the packed picture."""

    time_s: float
    angles_deg: tuple[float, float]
    packed: bytes


@dataclass(slots=True)
class _Swing:
    """The frames since a leg left its rest."""

    frames: list[_Kept] = field(default_factory=list)
    out_s: float = -math.inf

    def add(self, frame: _Kept, heights_deg: tuple[float, float]) -> list[_Kept]:
        """Take in a frame; return all frames of the swing once it is over, else nothing."""
        if max((h for h in heights_deg if math.isfinite(h)), default=-math.inf) > MIN_SWING_DEG:
            self.out_s = frame.time_s
        if frame.time_s - self.out_s > BACK_S:
            return self.end()
        if len(self.frames) < MAX_KEPT:
            self.frames.append(frame)
        return []

    def end(self) -> list[_Kept]:
        """Return what was kept, and begin anew."""
        done, self.frames, self.out_s = self.frames, [], -math.inf
        return done


def pick_held(times_s: list[float], heights_deg: list[float]) -> tuple[int, int]:
    """Return the half-open range of frames near the top of one leg's swing, with a few before; empty without a swing.

    Parameters
    ----------
    times_s, heights_deg : of each frame, seconds and degrees above rest; NaN where not seen.
    """
    heights = np.array(heights_deg, dtype=np.float64)
    if not np.isfinite(heights).any() or np.nanmax(heights) <= MIN_SWING_DEG:
        return 0, 0
    # a single frame is no top
    top = float(np.nanquantile(heights, 0.95))
    near = np.asarray(heights >= top - max(HOLD_BAND_DEG, 0.25 * top), dtype=np.bool_)
    for before, after in pairwise(runs(near)):  # tremor and lost landmarks do not end a hold
        if times_s[after[0]] - times_s[before[1] - 1] <= 0.25:
            near[before[1] : after[0]] = True
    start, stop = max(runs(near), key=lambda run: run[1] - run[0])
    spare = max(0, stop - start - MAX_REMEASURED)
    return max(0, start + spare // 2 - LEAD_FRAMES), stop - (spare - spare // 2)


class PreciseReader:
    """The precise model on a thread of its own, which gives way to everything else.

    Parameters
    ----------
    load : returns the model's file; called on the thread. Where it fails, nothing is measured again.
    """

    def __init__(self, load: Callable[[], ModelFile]) -> None:
        self._load = load
        self._waiting: queue.SimpleQueue[list[_Kept] | None] = queue.SimpleQueue()
        self._poses: dict[float, Pose] = {}
        self.n_asked = self.n_done = 0
        self.failure: str | None = None
        self._finished: Callable[[Mapping[float, Pose]], None] = lambda _: None
        self._stop = False
        self._thread = threading.Thread(target=self._work, name="precise reader", daemon=True)
        self._thread.start()

    def on_finished(self, listener: Callable[[Mapping[float, Pose]], None]) -> None:
        """Tell `listener`, on the thread, the poses by time of every batch that is done."""
        self._finished = listener

    def ask(self, frames: list[_Kept]) -> None:
        """Put frames in the queue."""
        self.n_asked += len(frames)
        self._waiting.put(frames)

    def forget(self, times_s: set[float]) -> None:
        """Drop the poses of frames that are no longer kept."""
        for time_s in times_s & self._poses.keys():
            del self._poses[time_s]

    def wait(self, on_progress: Callable[[int, int], None] | None = None) -> dict[float, Pose]:
        """Wait until all is measured, and end the thread; return the poses by time."""
        self._waiting.put(None)
        while self._thread.is_alive():
            self._thread.join(timeout=0.2)
            if on_progress is not None:
                on_progress(self.n_done, self.n_asked)
        return dict(self._poses)

    def close(self) -> None:
        """Drop what waits and end the thread."""
        self._stop = True
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        with suppress(OSError, AttributeError):  # a thread's own priority exists on Linux only
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BACKGROUND_NICENESS)
        frames = self._waiting.get()
        if frames is None:
            return
        try:
            with PoseEstimator(self._load().path) as estimator:
                while frames is not None and not self._stop:
                    self._measure(estimator, frames)
                    frames = self._waiting.get()
        except HipcvError as error:
            self.failure = str(error)

    def _measure(self, estimator: PoseEstimator, frames: list[_Kept]) -> None:
        found: dict[float, Pose] = {}
        for frame in frames:
            if self._stop:
                return
            pose, _ = estimator(decode_still(frame.packed), frame.time_s)
            if pose is not NOBODY:
                found[frame.time_s] = pose
            self.n_done += 1
        self._poses.update(found)
        self._finished(found)


class LiveTest:
    """One test in front of one camera.

    Parameters
    ----------
    setup : how the test is done; frames come unmirrored.
    plan : what is to be done.
    guide, precise : the pose model that guides, and the one that measures the holds again (None: none does).
    model_path : where to look for the models first.
    on_remeasured : told, on another thread, when a captured hold has been measured again.

    Raises
    ------
    ModelError
        Where the guiding model cannot be used.
    """

    def __init__(
        self,
        setup: Setup,
        plan: Plan,
        *,
        guide: ModelName = ModelName.FULL,
        precise: ModelName | None = ModelName.HEAVY,
        model_path: Path | None = None,
        on_fetch: Progress | None = None,
        on_remeasured: Callable[[Remeasured], None] | None = None,
    ) -> None:
        self.coach = Coach(plan, setup)
        self._precise = precise
        fast = get_model(guide, model_path, on_fetch)
        self._follower: ProneFollower | None = None
        self._live = (OneEuro(), OneEuro())
        self._reader: PreciseReader | None = None
        if setup.position is Position.PRONE:
            # the whole clip is read at the end, with the precise model; until then legs are followed for guidance only
            self._follower = _follow_prone(fast, setup)
            self._name = guide if precise is None else precise
            self._session = Session(setup, get_model(self._name, model_path, on_fetch), self._name)
        else:
            self._name = guide
            self._session = Session(setup, fast, guide)
            if precise is not None:
                self._reader = PreciseReader(lambda: get_model(precise, model_path))
                self._reader.on_finished(self._tell_remeasured)
        self._tilts: list[tuple[float, float, float]] = []
        self._swing = _Swing()
        self._holds: list[Hold] = []
        self._rest_times_s: list[float] = []
        self._next_light_s = -math.inf
        self._origin_s: float | None = None
        self._now_s, self._complete_s, self._next_forget_s = 0.0, math.inf, -math.inf
        self._size_px = (0, 0)
        #: Frames that were never looked at, because a newer one was there.
        self.n_skipped = 0
        self._on_remeasured = on_remeasured or (lambda _: None)

    # ------------------------------------------------------------------------------------------------------ each frame

    def look(
        self, rgb: ByteArray, time_s: float, *, packed: bytes | None = None, gravity: DeviceGravity | None = None
    ) -> LiveReading:
        """Look at the next frame.

        Parameters
        ----------
        rgb : (height, width, 3) upright, unmirrored picture.
        time_s : when it was taken, by a clock that rises.
        packed : the same picture as JPEG or WebP, where it came as such.
        gravity : what the device's sensor says.

        Raises
        ------
        SourceError
            Where the picture's size changed in the middle of the test.
        """
        size_px = (rgb.shape[1], rgb.shape[0])
        if size_px != self._size_px:
            self._resize(size_px)
        self._origin_s = time_s if self._origin_s is None else self._origin_s
        time_s -= self._origin_s
        self._now_s = time_s
        self._note_tilt(gravity, time_s)
        n_kept = len(self._session._times_s)
        reading = self._session.add(rgb, time_s)
        grew = len(self._session._times_s) > n_kept
        if self._follower is not None:
            reading = self._follow(self._follower, rgb, reading)
        roll_deg = self._roll_deg()
        left, right = reading.left_deg, reading.right_deg
        if roll_deg is not None:
            shift = roll_shift_deg(self._session.setup, roll_deg)
            left, right = left + shift, right - shift
        pose = reading.pose
        was_started = self.coach.started
        sight = Sight(
            time_s,
            pose.image_px,
            pose.world_m,
            pose.visibility,
            size_px,
            (left, right),
            reading.n_people,
            self._brightness(rgb, time_s),
        )
        coaching = self.coach.see(sight)
        recorded = grew and self._record(coaching, time_s, just_started=self.coach.started and not was_started)
        if recorded:
            self._keep(rgb, packed, time_s, (left, right), coaching)
        return LiveReading(reading, (left, right), roll_deg, coaching, recorded)

    def skip(self) -> None:
        """Go on to the next side, or to the end."""
        self.coach.skip(self._now_s)

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to record: all trials are there, or the recording is as long as can be."""
        times_s = self._session._times_s
        return self._now_s - self._complete_s >= TAIL_S or (bool(times_s) and self._now_s - times_s[0] > MAX_RECORDED_S)

    def _resize(self, size_px: tuple[int, int]) -> None:
        if self.coach.started and self._size_px != (0, 0):
            from hipcv.core.errors import SourceError

            raise SourceError(
                f"Wanted pictures of {self._size_px[0]}×{self._size_px[1]} px to the end of the test, "
                f"found {size_px[0]}×{size_px[1]} px: hold the device as before."
            )
        if self._size_px != (0, 0):
            fresh = Session(self._session.setup, self._session.model, self._name)
            self._session.close()
            self._session, self._tilts = fresh, []
        self._size_px = size_px

    def _follow(self, follower: "ProneFollower", rgb: ByteArray, reading: Reading) -> Reading:
        pose = follower(rgb, reading.time_s)
        bare = self._session._bare_angles_deg(pose)
        left, right = (live(reading.time_s, float(value)) for live, value in zip(self._live, bare, strict=True))
        return replace(reading, pose=pose, left_deg=left, right_deg=right)

    def _note_tilt(self, gravity: DeviceGravity | None, time_s: float) -> None:
        tilt = None if gravity is None else camera_tilt_deg(gravity)
        if tilt is not None:
            self._tilts.append((time_s, *tilt))

    def _roll_deg(self) -> float | None:
        if self._session.setup.roll_deg is not None:
            return self._session.setup.roll_deg
        return float(np.median([roll for _, roll, _ in self._tilts[-30:]])) if self._tilts else None

    def _brightness(self, rgb: ByteArray, time_s: float) -> float:
        if time_s < self._next_light_s:
            return math.nan
        self._next_light_s = time_s + BRIGHTNESS_INTERVAL_S
        return measure_brightness(rgb)

    def _record(self, coaching: Coaching, time_s: float, *, just_started: bool) -> bool:
        """Keep in the session what belongs to the test, so that memory does not grow while nobody is tested."""
        session = self._session
        times_s = session._times_s
        if coaching.phase is Phase.COMPLETE:
            self._complete_s = min(self._complete_s, time_s)
            if time_s - self._complete_s > TAIL_S:
                _forget(session, slice(-1, None))
                return False
        elif (not self.coach.started and time_s - times_s[0] > 2 * LEAD_S) or just_started:
            n_old = int(np.searchsorted(times_s, time_s - LEAD_S))
            _forget(session, slice(0, n_old))
            self._tilts = [tilt for tilt in self._tilts if tilt[0] >= time_s - LEAD_S]
        elif time_s - times_s[0] > MAX_KEPT_S and time_s >= self._next_forget_s:
            self._next_forget_s = time_s + MAX_KEPT_S / 10
            self._forget_old(time_s - MAX_KEPT_S)
        return True

    def _forget_old(self, before_s: float) -> None:
        """Drop what is older and not near a captured hold."""
        times = np.array(self._session._times_s)
        kept = times >= before_s
        for hold in self._holds:
            kept |= (times >= hold.start_s - AROUND_HOLD_S) & (times <= hold.stop_s + AROUND_HOLD_S)
        for start, stop in reversed(runs(~kept)):
            _forget(self._session, slice(start, stop))
        if self._reader is not None:
            self._reader.forget(set(times[~kept].tolist()))
        self._tilts = [tilt for tilt in self._tilts if tilt[0] >= before_s]

    # ----------------------------------------------------------------------------------------------------- held frames

    def _keep(
        self, rgb: ByteArray, packed: bytes | None, time_s: float, angles_deg: tuple[float, float], coaching: Coaching
    ) -> None:
        if coaching.hold is not None:
            self._holds.append(coaching.hold)
        if self._reader is None:
            return
        heights = self._heights_deg(angles_deg)
        if not all(math.isfinite(h) for h in heights):
            return
        out = max(heights) > MIN_SWING_DEG
        # the precise model follows the leg through time: nothing may overtake a swing that is still kept
        near = not out and not self._swing.frames and max(map(abs, heights)) < MIN_SWING_DEG / 2
        resting = near and self._rest_is_due(time_s)
        if not out and not self._swing.frames and not resting:
            return
        frame = _Kept(time_s, angles_deg, packed if packed is not None else encode_still(rgb))
        if resting:
            self._rest_times_s.append(time_s)
            self._reader.ask([frame])
        self._remeasure(self._swing.add(frame, heights))

    def _rest_is_due(self, time_s: float) -> bool:
        n = len(self._rest_times_s)
        interval_s = QUICK_REST_S if n < N_QUICK_RESTS else SLOW_REST_S
        return n < MAX_RESTS and (n == 0 or time_s - self._rest_times_s[-1] >= interval_s)

    def _heights_deg(self, angles_deg: tuple[float, float]) -> tuple[float, float]:
        left, right = (angles_deg[side.column] - self.coach.rest_deg(side) for side in SIDES)
        return left, right

    def _remeasure(self, frames: list[_Kept]) -> None:
        if not frames or self._reader is None:
            return
        times_s = [frame.time_s for frame in frames]
        captured = any(hold.stop_s >= times_s[0] and hold.start_s <= times_s[-1] for hold in self._holds[-2:])
        if not captured and self._reader.n_asked - self._reader.n_done > MAX_BACKLOG:
            return
        heights = [self._heights_deg(frame.angles_deg) for frame in frames]
        wanted: set[int] = set()
        for side in SIDES:
            wanted |= set(range(*pick_held(times_s, [h[side.column] for h in heights])))
        if wanted:
            self._reader.ask([frames[i] for i in sorted(wanted)])

    def _tell_remeasured(self, poses: Mapping[float, Pose]) -> None:
        for hold in self._holds:
            inside = [pose for time_s, pose in poses.items() if hold.start_s <= time_s <= hold.stop_s]
            if inside:
                values = [self._angle_deg(pose, hold.side) for pose in inside]
                if np.isfinite(values).any():
                    self._on_remeasured(Remeasured(hold, float(np.nanmedian(values))))

    def _angle_deg(self, pose: Pose, side: Side) -> float:
        bare = self._session._bare_angles_deg(pose)
        roll_deg = self._roll_deg() or 0.0
        shift = roll_shift_deg(self._session.setup, roll_deg)
        return float(bare[side.column] + (shift if side is Side.LEFT else -shift))

    # ------------------------------------------------------------------------------------------------------- the end

    def finish(self, on_progress: Callable[[str, int, int], None] | None = None) -> tuple[PoseSeries, Assessment]:
        """Assess the whole test; `on_progress` is told the stage and how far it is."""
        tell = on_progress or (lambda *_: None)
        session, n_remeasured = self._session, 0
        self._remeasure(self._swing.end())
        if self._reader is not None:
            poses = self._reader.wait(lambda n_done, n_asked: tell("measuring", n_done, n_asked))
            n_remeasured = _amend(session, poses, self._rest_times_s)
        else:
            tell("measuring", 0, len(session._times_s))
        tell("assessing", 0, 1)
        parameters: dict[str, object] = {
            "test": str(session.setup.position),
            "door": "live",
            "frames_skipped": self.n_skipped,
            "held_frames_measured_again": n_remeasured,
            "measured_again_with": str(self._precise) if n_remeasured else None,
        }
        session.parameters = parameters
        if self._tilts:
            roll, pitch = np.median([tilt[1:] for tilt in self._tilts], axis=0)
            given = session.setup
            if given.roll_deg is None and abs(roll) <= 45 and abs(pitch) <= 60:
                session.setup = replace(given, roll_deg=float(roll), pitch_deg=float(pitch))
            parameters |= {"sensor_roll_deg": float(roll), "sensor_pitch_deg": float(pitch)}
        return session.finish()

    def close(self) -> None:
        """Free the models and drop every kept frame."""
        if self._reader is not None:
            self._reader.close()
        self._session.close()

    def __enter__(self) -> "LiveTest":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def roll_shift_deg(setup: Setup, roll_deg: float) -> float:
    """Return what is added to the left and taken from the right leg's picture angle when the picture is turned.

    A picture turned clockwise turns a hanging shank towards its left and a standing one towards its right.
    """
    from hipcv.core.angles import lateral_signs

    left = float(lateral_signs(setup)[0])
    return left * roll_deg * (-1.0 if setup.position is Position.PRONE else 1.0)


def _follow_prone(model: ModelFile, setup: Setup) -> "ProneFollower":
    # the seated test does not wait for what only this one needs
    from hipcv.sources.landmark_network import LandmarkNetwork
    from hipcv.sources.model_bundle import read_landmark_network
    from hipcv.sources.prone_live import ProneFollower

    return ProneFollower(LandmarkNetwork(read_landmark_network(model.path)), setup.camera_side)


def _forget(session: Session, rows: slice) -> None:
    if session._prone is not None:
        del session._prone._kept[rows]
    for kept in (
        session._times_s,
        session._poses,
        session._n_people,
        session._brightness,
        session._sharpness,
    ):
        del kept[rows]


def _amend(session: Session, poses: Mapping[float, Pose], rest_times_s: Sequence[float]) -> int:
    """Put the precise poses in the place of the fast ones; return how many.

    Two models place the same joint a little differently. The frames that only the fast one has seen are shifted by the
    median difference at rest, so that rest and hold are measured with one ruler.
    """
    rows = {time_s: row for row, time_s in enumerate(session._times_s)}
    sound = {
        rows[time_s]: pose
        for time_s, pose in poses.items()
        if time_s in rows and np.isfinite(pose.image_px[[*KNEES, *ANKLES]]).all()
    }
    pairs = [
        (session._poses[rows[time_s]], sound[rows[time_s]])
        for time_s in rest_times_s
        if rows.get(time_s) in sound and session._poses[rows[time_s]] is not NOBODY
    ]
    if len(pairs) >= MIN_RESTS:
        shift_px, shift_m = (
            np.median([getattr(precise, name) - getattr(fast, name) for fast, precise in pairs], axis=0)
            for name in ("image_px", "world_m")
        )
        for row, pose in enumerate(session._poses):
            if row not in sound and pose is not NOBODY:
                session._poses[row] = replace(pose, image_px=pose.image_px + shift_px, world_m=pose.world_m + shift_m)
    for row, pose in sound.items():
        session._poses[row] = pose
    return len(sound)
