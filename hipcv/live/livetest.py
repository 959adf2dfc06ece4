"""One test in front of one camera, frame by frame (METHOD L1)."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hipcv.assessment import Assessment
from hipcv.core.errors import SourceError
from hipcv.core.motion.angles import lateral_signs
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.core.skeleton import Skeleton, find_skeleton
from hipcv.live.coach import Coach, Coaching, Plan
from hipcv.live.device_gravity import DeviceGravity, TiltLog
from hipcv.live.elsewhere import Elsewhere
from hipcv.live.kept_span import KeptSpan
from hipcv.live.placement import Sight
from hipcv.models.store import Progress, get_model
from hipcv.session import Reading, Session
from hipcv.sources.picture_quality import measure_brightness
from hipcv.words import ModelName

ByteArray = NDArray[np.uint8]

#: Longest recording that is assessed.
MAX_RECORDED_S = 900.0
BRIGHTNESS_INTERVAL_S = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class LiveReading:
    """One frame of a live test.

    `angles_deg` are left and right, filtered, to the plumb line where the device tells it (`roll_deg`), else to the
    picture's vertical; NaN where not seen. `skeleton` is what is drawn of the person.
    """

    reading: Reading
    skeleton: Skeleton
    angles_deg: tuple[float, float]
    roll_deg: float | None
    coaching: Coaching
    recorded: bool


class LiveTest:
    """One test in front of one camera.

    Parameters
    ----------
    setup : how the test is done; frames come unmirrored.
    plan : what is to be done.
    guide, precise : the pose model that guides, and the one that the result comes from (None: the one that guides).
    model_path : where to look for the models first.

    Raises
    ------
    ModelError
        Where a model cannot be used.
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
    ) -> None:
        self.coach = Coach(plan, setup)
        #: Frames that were never looked at, because a newer one was there.
        self.n_skipped = 0
        self._tilts = TiltLog()
        self._span = KeptSpan()
        self._next_light_s = -math.inf
        self._origin_s: float | None = None
        self._now_s = 0.0
        self._size_px = (0, 0)
        fast = get_model(guide, model_path, on_fetch)
        self._elsewhere = Elsewhere(setup.procedure, fast)
        name = precise or guide
        model = get_model(name, model_path, on_fetch)
        self._setup = setup
        # read as a whole at the end, by the precise model; until then the other one follows
        self._open = partial(Session, model=model, model_name=name, guide=(fast, guide))
        self._session = self._open(setup)

    # ------------------------------------------------------------------------------------------------------ each frame

    def look(self, rgb: ByteArray, time_s: float, *, gravity: DeviceGravity | None = None) -> LiveReading:
        """Look at the next frame.

        Parameters
        ----------
        rgb : (height, width, 3) upright, unmirrored picture.
        time_s : when it was taken, by a clock that rises.
        gravity : what the device's sensor says; what makes no sense is ignored.

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
        self._tilts.note(gravity, time_s)
        reading = self._session.add(rgb, time_s)
        angles_deg = self._to_plumb(reading.left_deg, reading.right_deg)
        was_started = self.coach.started
        sight = Sight(
            time_s,
            reading.pose.image_px,
            reading.pose.world_m,
            reading.pose.visibility,
            size_px,
            angles_deg,
            reading.n_people,
            self._brightness(rgb, time_s),
        )
        elsewhere = self._elsewhere.see(rgb, time_s, somebody=sight.somebody)
        coaching = self.coach.see(replace(sight, elsewhere=elsewhere))
        recorded = reading.kept and self._record(coaching, began=self.coach.started and not was_started)
        roll_deg = self._roll_deg()
        drawn = find_skeleton(reading.pose.image_px, reading.pose.visibility, self._session.setup, roll_deg or 0.0)
        return LiveReading(reading, drawn, angles_deg, roll_deg, coaching, recorded)

    def point_at(self, place: tuple[float, float]) -> None:
        """Say whose test it is, by where their knees are: `Setup.subject_at`. What was seen so far is forgotten.

        Raises
        ------
        SourceError
            Where a leg has been asked to move already.
        """
        if self.coach.started:
            raise SourceError(
                "Wanted to be told who is tested before a leg moves, found the test under way: stop, and start again."
            )
        self._setup = replace(self._setup, subject_at=place)
        self._begin_anew()

    def skip(self) -> None:
        """Go on to the next side, or to the end."""
        self.coach.skip(self._now_s)

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to record: all trials are there, or the recording is as long as can be."""
        # false where nothing is kept
        too_long = self._now_s - self._session.start_s > MAX_RECORDED_S
        return too_long or self._span.over(self._now_s)

    @property
    def n_kept(self) -> int:
        """How many frames are in memory."""
        return self._session.n_kept

    def _resize(self, size_px: tuple[int, int]) -> None:
        if self.coach.started and self._size_px != (0, 0):
            raise SourceError(
                f"Wanted pictures of {self._size_px[0]}×{self._size_px[1]} px to the end of the test, "
                f"found {size_px[0]}×{size_px[1]} px: hold the device as before."
            )
        if self._size_px != (0, 0):
            self._begin_anew()
        self._size_px = size_px

    def _begin_anew(self) -> None:
        self._session.close()
        self._session, self._tilts = self._open(self._setup), TiltLog()

    def _roll_deg(self) -> float | None:
        given_deg = self._session.setup.roll_deg
        return self._tilts.roll_now_deg if given_deg is None else given_deg

    def _to_plumb(self, left_deg: float, right_deg: float) -> tuple[float, float]:
        shift = roll_shift_deg(self._session.setup, self._roll_deg() or 0.0)
        return left_deg + shift, right_deg - shift

    def _brightness(self, rgb: ByteArray, time_s: float) -> float:
        if time_s < self._next_light_s:
            return math.nan
        self._next_light_s = time_s + BRIGHTNESS_INTERVAL_S
        return measure_brightness(rgb)

    def _record(self, coaching: Coaching, *, began: bool) -> bool:
        """Forget what does not belong to the test; return whether the newest frame does."""
        session = self._session
        before_s = self._span.trim(session, coaching, self._now_s, started=self.coach.started, began=began)
        if before_s is not None:
            self._tilts.forget_before(before_s)
        return session.n_kept > 0 and float(session.times_s()[-1]) == self._now_s

    # ------------------------------------------------------------------------------------------------------- the end

    def finish(self, on_progress: Callable[[str, int, int], None] | None = None) -> tuple[PoseSeries, Assessment]:
        """Assess the whole test; `on_progress` is told the stage and how far it is."""
        tell = on_progress or (lambda *_: None)
        session = self._session
        tell("measuring", 0, session.n_kept)
        session.parameters = {"door": "live", "frames_skipped": self.n_skipped, **self._sensor()}
        return session.finish()

    def _sensor(self) -> dict[str, object]:
        """Hand what the device's sensor said to the session, and return it for the record."""
        if not len(self._tilts):
            return {}
        settled = self._tilts.settled_deg()
        if settled is None:
            return {"sensor": "ignored: the device moved"}
        roll_deg, pitch_deg = settled
        self._session.setup = replace(self._session.setup, sensor_roll_deg=roll_deg, sensor_pitch_deg=pitch_deg)
        return {"sensor": "used"}

    def close(self) -> None:
        """Free the models and drop every kept frame."""
        self._elsewhere.close()
        self._session.close()

    def __enter__(self) -> "LiveTest":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def roll_shift_deg(setup: Setup, roll_deg: float) -> float:
    """Return what is added to the left and taken from the right leg's picture angle when the picture is turned.

    A picture turned clockwise turns a hanging shank towards its left and a standing one towards its right.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> roll_shift_deg(Setup(), 2.0), roll_shift_deg(Setup(procedure_named("prone")), 2.0)
    (2.0, 2.0)
    """
    left = float(lateral_signs(setup)[0])
    return left * roll_deg * (-1.0 if setup.procedure.shank_up else 1.0)
