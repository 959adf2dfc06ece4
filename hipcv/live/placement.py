"""Whether subject and camera are placed so that the test can be measured, frame by frame, and what to say if not."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from hipcv.core.checks.limits import LEVEL_THIGH, LIMITS, people_limit
from hipcv.core.finding import FindingCode
from hipcv.core.motion.angles import MIN_VISIBILITY, body_yaw_deg, lateral_signs, sides_exchanged
from hipcv.core.procedure import PostureCheck, Procedure, YawCue
from hipcv.core.series import ANKLES, FEET, HIPS, KNEES, MIRROR_ROWS, SHOULDERS, FloatArray
from hipcv.core.setup import Setup
from hipcv.live.spoken import Spoken, spoken_for

#: A check turns green after holding for so long, and red after failing for so long: landmarks flicker.
GREEN_AFTER_S, RED_AFTER_S = 0.4, 0.7
#: The pose model's yaw scatters by 4°, and a result is doubted from 25° on: two standard errors before that.
MAX_YAW_DEG = 17.0
#: The yaw is the median over this time.
YAW_WINDOW_S = 1.0
#: Beyond a margin of a third, a leg is long enough in the picture all through a swing.
MIN_SHANK_PX = 1.33 * LIMITS[FindingCode.SHORT_SHANK].value
#: A shank longer than this share of the picture's height swings out of it.
MAX_SHANK_SHARE = 0.45
#: Legs are at rest while neither shank turns by more than this within `STILL_WINDOW_S`.
STILL_RANGE_DEG, STILL_WINDOW_S = 4.0, 0.5
#: Relaxed shanks hang within 12°, and a camera whose roll is not known yet may lean by as much again.
MAX_REST_DEG = 22.0
#: Darkness is a reason for doubt at half of this.
MIN_BRIGHTNESS = 2 * LIMITS[FindingCode.LOW_LIGHT].value


class CheckCode(StrEnum):
    """What is looked at, in the order in which it is put right."""

    LIGHT = "light"
    PERSON = "person"
    IN_FRAME = "in_frame"
    DISTANCE = "distance"
    POSTURE = "posture"
    FACING = "facing"
    STILL = "still"


class Posture(StrEnum):
    """How somebody in the picture is placed."""

    SITTING = "sitting"
    STANDING = "standing"
    PRONE = "prone"
    LYING = "lying"


@dataclass(frozen=True, slots=True)
class Check:
    """One condition: whether it holds, and one sentence on what to do where it is known not to."""

    code: CheckCode
    ok: bool
    advice: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What one frame shows.

    Attributes
    ----------
    time_s : seconds, rising.
    image_px : (33, 2) pixels of the upright, unmirrored picture; NaN where nobody is seen.
    world_m : (33, 3) metres around the hips.
    visibility : (33,) 0 to 1.
    frame_size_px : (width, height).
    angles_deg : internal rotation of the left and the right leg, NaN where not seen.
    n_people : people in view, -1 where nobody counted.
    brightness : mean luma, 0 to 1; NaN where not taken.
    elsewhere : how somebody is placed who is not placed for this test; None where nobody is seen, or nobody looked.
    """

    time_s: float
    image_px: FloatArray
    world_m: FloatArray
    visibility: FloatArray
    frame_size_px: tuple[int, int]
    angles_deg: tuple[float, float]
    n_people: int = -1
    brightness: float = math.nan
    elsewhere: Posture | None = None

    @property
    def somebody(self) -> bool:
        """Whether a person is seen."""
        return bool(np.isfinite(self.image_px[list(KNEES)]).all())


@dataclass(slots=True)
class _Lamp:
    """One check over time: switched by what lasts, not by a single frame."""

    ok: bool = False
    advice: str = ""
    since_s: float = math.nan

    def see(self, time_s: float, advice: str | None) -> None:
        """Take in one frame; `advice` is None where all is well."""
        if (advice is None) is self.ok:
            self.since_s = math.nan
        else:
            self.since_s = time_s if math.isnan(self.since_s) else self.since_s
            if time_s - self.since_s >= (RED_AFTER_S if self.ok else GREEN_AFTER_S):
                self.ok, self.since_s = not self.ok, math.nan
        if advice is not None:
            self.advice = advice


@dataclass(slots=True)
class Placement:
    """Watches the checks over time.

    Parameters
    ----------
    setup : which test, and where the camera stands.

    Examples
    --------
    >>> nowhere_px, nowhere_m, unseen = np.full((33, 2), np.nan), np.full((33, 3), np.nan), np.zeros(33)
    >>> placement = Placement(Setup())
    >>> checks = placement.see(Sight(0.0, nowhere_px, nowhere_m, unseen, (640, 480), (math.nan, math.nan)))
    >>> [check.code.value for check in checks if not check.ok][:2], len(checks[1].advice) > 0
    (['light', 'person'], True)
    """

    setup: Setup
    _lamps: dict[CheckCode, _Lamp] = field(default_factory=lambda: {code: _Lamp() for code in CheckCode}, init=False)
    _n_people: int = field(default=-1, init=False)
    _brightness: float = field(default=math.nan, init=False)
    _yaws: deque[tuple[float, float, bool]] = field(default_factory=deque, init=False)
    _angles: deque[tuple[float, float, float]] = field(default_factory=deque, init=False)

    def see(self, sight: Sight) -> tuple[Check, ...]:
        """Return every check after one more frame, in the order of `CheckCode`."""
        if sight.n_people >= 0:
            self._n_people = sight.n_people
        if math.isfinite(sight.brightness):
            self._brightness = sight.brightness
        self._remember(sight)
        for code, advice in self._advice(sight).items():
            self._lamps[code].see(sight.time_s, advice)
        return tuple(Check(code, lamp.ok, "" if lamp.ok else lamp.advice) for code, lamp in self._lamps.items())

    def _remember(self, sight: Sight) -> None:
        if self.setup.procedure.yaw_from is YawCue.BODY:
            exchanged = bool(sides_exchanged(sight.image_px, self.setup))
            world_m = sight.world_m[MIRROR_ROWS] if exchanged else sight.world_m
            yaw = float(body_yaw_deg(world_m, float(lateral_signs(self.setup)[0])))
            if math.isfinite(yaw):
                self._yaws.append((sight.time_s, yaw, exchanged))
        self._angles.append((sight.time_s, *sight.angles_deg))
        while self._yaws and self._yaws[0][0] < sight.time_s - YAW_WINDOW_S:
            self._yaws.popleft()
        while self._angles and self._angles[0][0] < sight.time_s - STILL_WINDOW_S:
            self._angles.popleft()

    def _advice(self, sight: Sight) -> dict[CheckCode, str | None]:
        """Return what to do about every check, None where it holds and "" where nothing can be said."""
        dark = math.isfinite(self._brightness) and self._brightness < MIN_BRIGHTNESS
        advice: dict[CheckCode, str | None] = dict.fromkeys(CheckCode, "")
        spoken = spoken_for(self.setup.procedure, self.setup.effort, self.setup.legs)
        advice[CheckCode.LIGHT] = spoken.dark if dark else None
        if not sight.somebody:
            if sight.elsewhere is None:
                advice[CheckCode.PERSON] = spoken.nobody
            else:  # somebody is there, placed for another test
                advice[CheckCode.PERSON] = None
                advice[CheckCode.POSTURE] = _seen_so(sight.elsewhere, self.setup.procedure)
            return advice
        several = self._n_people > people_limit(self.setup.effort).value
        advice[CheckCode.PERSON] = spoken.several if several else None
        advice[CheckCode.IN_FRAME] = _frame_advice(sight, spoken)
        advice[CheckCode.DISTANCE] = _distance_advice(sight, spoken)
        advice[CheckCode.POSTURE] = _posture_advice(sight, self.setup.procedure)
        advice[CheckCode.FACING] = self._facing_advice()
        advice[CheckCode.STILL] = self._still_advice()
        return advice

    def _facing_advice(self) -> str | None:
        if self.setup.procedure.yaw_from is YawCue.BED:  # the bed's edges tell it at the end
            return None
        if not self._yaws:
            return ""
        spoken = spoken_for(self.setup.procedure)
        if np.mean([exchanged for *_, exchanged in self._yaws]) > LIMITS[FindingCode.WRONG_VIEW].value:
            return spoken.turn_round
        yaw = float(np.median([yaw for _, yaw, _ in self._yaws]))
        if abs(yaw) <= MAX_YAW_DEG:
            return None
        return spoken.turn_left if yaw > 0 else spoken.turn_right

    def _still_advice(self) -> str | None:
        values = np.array([angles for _, *angles in self._angles])
        known = np.isfinite(values).all(axis=0)
        if not known.all() or self._angles[-1][0] - self._angles[0][0] < 0.5 * STILL_WINDOW_S:
            return ""
        if (np.ptp(values, axis=0) > STILL_RANGE_DEG).any():
            return spoken_for(self.setup.procedure).still
        hangs = (np.abs(np.median(values, axis=0)) <= MAX_REST_DEG).all()
        return None if hangs else spoken_for(self.setup.procedure).at_rest


def _frame_advice(sight: Sight, spoken: Spoken) -> str | None:
    width, height = sight.frame_size_px
    rows = [*HIPS, *KNEES, *ANKLES, *FEET]
    x, y = sight.image_px[rows, 0], sight.image_px[rows, 1]
    if bool((y > height).any()):
        return spoken.too_low
    if bool((y < 0).any()):
        return spoken.too_high
    if bool((x < 0).any()):
        return spoken.too_left
    if bool((x > width).any()):
        return spoken.too_right
    hidden = [row for row in (*KNEES, *ANKLES) if sight.visibility[row] < MIN_VISIBILITY]
    if hidden:
        return spoken.hidden
    return None


def _distance_advice(sight: Sight, spoken: Spoken) -> str | None:
    shank_px = _lengths_px(sight, KNEES, ANKLES).max()
    if shank_px < MIN_SHANK_PX:
        return spoken.far
    return spoken.near if shank_px > MAX_SHANK_SHARE * sight.frame_size_px[1] else None


def _posture_advice(sight: Sight, procedure: Procedure) -> str | None:
    px = sight.image_px
    if PostureCheck.SITS not in procedure.posture:
        way = -1 if procedure.shank_up else 1  # where the feet are from the knees, down the picture
        rests = (way * (px[list(ANKLES), 1] - px[list(KNEES), 1]) > 0).all()
        return None if rests else _capital(spoken_for(procedure).posture)
    trunk_m = sight.world_m[list(SHOULDERS)].mean(axis=0) - sight.world_m[list(HIPS)].mean(axis=0)
    thighs_m = sight.world_m[list(KNEES)] - sight.world_m[list(HIPS)]
    cosine = (thighs_m @ trunk_m) / (np.linalg.norm(thighs_m, axis=1) * np.linalg.norm(trunk_m) + 1e-9)
    flexion_deg = 180.0 - np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    sits = flexion_deg.mean() >= LIMITS[FindingCode.WRONG_TEST].value
    short = _lengths_px(sight, HIPS, KNEES).mean() <= LEVEL_THIGH.value * _lengths_px(sight, KNEES, ANKLES).mean()
    if sits and short:
        return None
    return (
        _capital(spoken_for(procedure).posture) if sits else _seen_so(posture_of(sight.image_px, sits=False), procedure)
    )


def posture_of(image_px: FloatArray, *, sits: bool) -> Posture:
    """Return how a whole person (33, 2) is placed who sits or does not: upright in the picture, or lying.

    Examples
    --------
    >>> image_px = np.zeros((33, 2))
    >>> image_px[list(SHOULDERS), 1], image_px[list(HIPS), 1], image_px[list(ANKLES), 1] = 100.0, 220.0, 420.0
    >>> posture_of(image_px, sits=False), posture_of(image_px[:, ::-1], sits=False)
    (<Posture.STANDING: 'standing'>, <Posture.LYING: 'lying'>)
    """
    if sits:
        return Posture.SITTING
    shoulders, hips, ankles = (image_px[list(rows)].mean(axis=0) for rows in (SHOULDERS, HIPS, ANKLES))
    upright = shoulders[1] < hips[1] < ankles[1] and abs(ankles[0] - shoulders[0]) < ankles[1] - shoulders[1]
    return Posture.STANDING if upright else Posture.LYING


def _seen_so(posture: Posture, procedure: Procedure) -> str:
    spoken = spoken_for(procedure)
    return spoken.elsewhere[posture].format(wanted=spoken.posture)


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _lengths_px(sight: Sight, upper: Sequence[int], lower: Sequence[int]) -> FloatArray:
    lengths: FloatArray = np.linalg.norm(sight.image_px[list(lower)] - sight.image_px[list(upper)], axis=1)
    return lengths
