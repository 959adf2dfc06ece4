"""How a test was done and filmed, as told by the user."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hipcv.core.answers import PAIN_SCALE, SidePain, read_day
from hipcv.core.procedure import Procedure
from hipcv.core.procedures.seated import SEATED
from hipcv.words import USUAL_MOTIONS, Answer, CameraSide, Effort, EndPoint, HandPlace, Legs, Motion, Motions, Sex

#: The longest name or role of somebody who helps, or who answers for somebody.
MAX_HELPER_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Setup:
    """How the test was done and filmed, as told by the user.

    `mirrored`: whether the recording is a mirror image, which exchanges left and right; None where nobody said, and it
    is taken for none.
    The camera stands in the test's usual place where nobody says otherwise. Camera angles are in degrees and `None`
    where nobody gave them. `roll_deg` > 0: the picture is turned clockwise;
    `pitch_deg` > 0: the camera looks down; `yaw_deg` > 0: the camera stands towards the subject's left (seated) or
    towards the subject's right (prone, from the foot end). `vertical_edges_px` are edges (x1, y1, x2, y2) in
    upright picture pixels that the user says are plumb. `subject_at` is where in the picture the measured person's
    knees are, in shares of its width and height from the upper left corner, where several could be meant.
    `sensor_roll_deg` and `sensor_pitch_deg` are what the recording device's own gravity sensor says: one cue among
    others, where a number of the user is final.

    `effort` says who moves the leg, `legs` which legs move at once (`Legs.AUTO`: the recording shows it). For the
    record, and None where nobody said: `helper` is who moved the leg, a name or a role; `hand_place` where that hand
    lay; `end_point` what ended the movement; `pain` the worst at the end of the range, 0 to 10, `pain_left` and
    `pain_right` each side's with its place. Helper and hand belong to a passive test.

    `motion` says which motions are measured: with external rotation among them the foot swings inwards as well, and the
    other leg gets out of its way.

    `screening` is what the subject answered to the questions before the test, empty where nothing of it holds;
    `screened_on` the day of the answers as YYYY-MM-DD; `screened_by` who judged instead of the questions, or beside
    them. Measuring does not look at them; what is advised afterwards does.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> Setup(procedure_named("prone")).camera_side
    <CameraSide.FOOT_END: 'foot end'>
    >>> Setup(effort=Effort.PASSIVE, legs=Legs.BOTH).other_leg_may_move
    True
    """

    procedure: Procedure = SEATED
    effort: Effort = Effort.ACTIVE
    camera_side: CameraSide = None  # type: ignore[assignment]  # the usual one of the test
    mirrored: bool | None = None
    roll_deg: float | None = None
    pitch_deg: float | None = None
    yaw_deg: float | None = None
    vertical_edges_px: tuple[tuple[float, float, float, float], ...] = ()
    age_years: float | None = None
    sex: Sex | None = None
    subject_at: tuple[float, float] | None = None
    sensor_roll_deg: float | None = None
    sensor_pitch_deg: float | None = None
    legs: Legs | None = None
    helper: str | None = None
    hand_place: HandPlace | None = None
    end_point: EndPoint | None = None
    pain: int | None = None
    motion: Motions = USUAL_MOTIONS
    pain_left: SidePain | None = None
    pain_right: SidePain | None = None
    screening: tuple[Answer, ...] | None = None
    screened_on: str | None = None
    screened_by: str | None = None

    def __post_init__(self) -> None:
        if self.camera_side is None:
            object.__setattr__(self, "camera_side", self.procedure.usual_camera_side)
        if self.camera_side not in self.procedure.camera_sides:
            places = " or ".join(self.procedure.camera_sides)
            raise ValueError(f"the {self.procedure.name} test is filmed from the {places}, found {self.camera_side}")
        limits = {"roll_deg": 45.0, "pitch_deg": 60.0, "yaw_deg": 90.0}
        for name, limit in (limits | {"sensor_roll_deg": 45.0, "sensor_pitch_deg": 60.0}).items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and abs(value) <= limit):
                raise ValueError(f"{name} must lie within ±{limit:g}°, found {value}")
        if not all(len(edge) == 4 and all(map(math.isfinite, edge)) for edge in self.vertical_edges_px):
            raise ValueError(f"each vertical edge must be four numbers x1, y1, x2, y2, found {self.vertical_edges_px}")
        if self.subject_at is not None and not all(0 <= share <= 1 for share in self.subject_at):
            raise ValueError(f"subject_at must be two shares of the picture from 0 to 1, found {self.subject_at}")
        if self.age_years is not None and not 0 <= self.age_years <= 120:
            raise ValueError(f"age must lie between 0 and 120 years, found {self.age_years}")
        fault = done_fault(self.effort, self.helper, self.hand_place, self.end_point, self.pain)
        fault = fault or screened_fault(self.screened_on, self.screened_by)
        if fault is not None:
            raise ValueError(fault.sentence)

    @property
    def passive(self) -> bool:
        """Whether somebody else moves the leg."""
        return self.effort is Effort.PASSIVE

    @property
    def other_leg_may_move(self) -> bool:
        """Whether a movement of the other leg is no fault.

        Both are meant to move, or the subject moves neither, or the other one makes way for a foot that swings inwards.
        """
        return self.passive or self.legs is Legs.BOTH or self.inwards

    @property
    def inwards(self) -> bool:
        """Whether a foot may swing inwards, as external rotation asks."""
        return Motion.EXTERNAL in self.motion.each


#: What fields are called in a sentence, where their names do not say it.
_CALLED = {"screened_on": "day of the answers", "screened_by": "one who judged"}


@dataclass(frozen=True, slots=True)
class DoneFault:
    """What is wrong in how a test is said to have been done: the field of `Setup`, what was wanted, what was found."""

    field: str
    wanted: str
    found: str

    @property
    def sentence(self) -> str:
        """What was wanted, what was found, what to do."""
        told = _CALLED.get(self.field, self.field.replace("_", " "))
        return f"Wanted {self.wanted} for the {told}, found {self.found}: say it otherwise or leave it out"


def done_fault(
    effort: Effort,
    helper: str | None = None,
    hand_place: HandPlace | None = None,
    end_point: EndPoint | None = None,
    pain: int | None = None,
) -> DoneFault | None:
    """Return the first thing that is wrong in how a test is said to have been done; None where all of it can be.

    Examples
    --------
    >>> done_fault(Effort.PASSIVE, helper="physiotherapist", pain=2) is None
    True
    >>> done_fault(Effort.ACTIVE, hand_place=HandPlace.SHIN).sentence
    'Wanted a passive test for the hand place, found an active one: say it otherwise or leave it out'
    """
    if effort is not Effort.PASSIVE:
        helped = {"helper": helper, "hand_place": hand_place}
        helped["end_point"] = end_point if end_point is EndPoint.HELPER_STOPPED else None
        for name, value in helped.items():
            if value is not None:
                return DoneFault(name, "a passive test", "an active one")
    if helper is not None and not _is_name(helper):
        return DoneFault("helper", _NAME_WANTED, repr(helper))
    if pain is not None and not PAIN_SCALE[0] <= pain <= PAIN_SCALE[1]:
        return DoneFault("pain", "a whole number from 0 to 10", f"{pain}")
    return None


def screened_fault(on: str | None, by: str | None) -> DoneFault | None:
    """Return the first thing that is wrong in what is said of the questions before a test; None where nothing is.

    Examples
    --------
    >>> screened_fault("2026-11-27", "physiotherapist") is None
    True
    >>> screened_fault("27.11.2026", None).sentence
    "Wanted a date as YYYY-MM-DD for the day of the answers, found '27.11.2026': say it otherwise or leave it out"
    """
    if by is not None and not _is_name(by):
        return DoneFault("screened_by", _NAME_WANTED, repr(by))
    try:
        if on is not None:
            read_day(on)
    except ValueError:
        return DoneFault("screened_on", "a date as YYYY-MM-DD", repr(on))
    return None


_NAME_WANTED = f"a name or a role of 1 to {MAX_HELPER_CHARACTERS} letters on one line"


def _is_name(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= MAX_HELPER_CHARACTERS


def places_text(places: Sequence[tuple[float, float]]) -> str:
    """Return places in a picture, shares of its width and height, as `read_place` reads each of them.

    Examples
    --------
    >>> places_text([(0.314, 0.55), (0.7, 0.6)])
    '0.31,0.55 or 0.70,0.60'
    """
    return _OR.join(f"{x:.2f},{y:.2f}" for x, y in places)


def read_places(text: str) -> list[tuple[float, float]]:
    """Return the places that `places_text` told.

    Examples
    --------
    >>> read_places("0.31,0.55 or 0.70,0.60")
    [(0.31, 0.55), (0.7, 0.6)]
    """
    return [read_place(place) for place in text.split(_OR)]


_OR = " or "
#: What may be said of where the measured person is.
PLACE_WANTED = "left, right or two shares of the picture from 0 to 1, such as 0.3,0.6"
_PLACES = {"left": (0.0, 0.5), "right": (1.0, 0.5)}


def read_place(text: str) -> tuple[float, float]:
    """Return where in the picture somebody is, shares of its width and height: `Setup.subject_at` from words.

    Raises
    ------
    ValueError
        Where the text says neither left nor right nor a place.

    Examples
    --------
    >>> read_place("left"), read_place("0.3, 0.6")
    ((0.0, 0.5), (0.3, 0.6))
    """
    word = text.strip().lower()
    if word in _PLACES:
        return _PLACES[word]
    try:
        x, y = (float(part) for part in word.split(","))
    except ValueError:
        x = y = -1.0
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f"{PLACE_WANTED} is wanted, found {text!r}")
    return x, y
