"""What spoils a test: findings with what was observed, the limit, and where the limit comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hipcv.words import Motion, Side


class Severity(StrEnum):
    """How much a finding weighs: worth knowing, a reason to doubt the number, or no number at all."""

    NOTE = "note"
    DOUBT = "doubt"
    REJECT = "reject"


class FindingCode(StrEnum):
    """Every finding the product can report, by its code in the JSON, the tables and the guidance."""

    PELVIS_HIKE = "pelvis_hike"
    TRUNK_LEAN = "trunk_lean"
    THIGH_DRIFT = "thigh_drift"
    BODY_TWISTED = "body_twisted"
    HEELS_CROSSING = "heels_crossing"
    OTHER_LEG_MOVES = "other_leg_moves"
    START_NOT_NEUTRAL = "start_not_neutral"
    WRONG_DIRECTION = "wrong_direction"
    OUT_OF_FRAME = "out_of_frame"
    PERSON_LOST = "person_lost"
    SEVERAL_PEOPLE = "several_people"
    SUBJECT_UNCLEAR = "subject_unclear"
    LOW_LIGHT = "low_light"
    TOO_BRIGHT = "too_bright"
    MOTION_BLUR = "motion_blur"
    LOW_FRAME_RATE = "low_frame_rate"
    SHORT_SHANK = "short_shank"
    BEYOND_JOINT = "beyond_joint"
    TOO_FAST = "too_fast"
    HIPS_JUMP = "hips_jump"
    NO_HOLD = "no_hold"
    TOO_FEW_TRIALS = "too_few_trials"
    UNEVEN_TRIALS = "uneven_trials"
    CAMERA_ROLL = "camera_roll"
    CAMERA_YAW = "camera_yaw"
    CAMERA_PITCH = "camera_pitch"
    ROLL_SOURCES_DISAGREE = "roll_sources_disagree"
    PITCH_SOURCES_DISAGREE = "pitch_sources_disagree"
    YAW_SOURCES_DISAGREE = "yaw_sources_disagree"
    PITCH_UNKNOWN = "pitch_unknown"
    YAW_UNKNOWN = "yaw_unknown"
    KNEE_ANGLE = "knee_angle"
    GRAVITY_UNKNOWN = "gravity_unknown"
    DRAWN_LINES = "drawn_lines"
    NO_PERSON = "no_person"
    LEGS_NOT_SEEN = "legs_not_seen"
    WRONG_TEST = "wrong_test"
    WRONG_VIEW = "wrong_view"
    PICTURE_TURNED = "picture_turned"
    PIXEL_SHAPE = "pixel_shape"
    PICTURE_WITHIN = "picture_within"
    PART_MEASURED = "part_measured"
    FROM_STILLS = "from_stills"
    NO_END_SHOWN = "no_end_shown"
    SEVERAL_TESTS = "several_tests"
    MOVING_CAMERA = "moving_camera"
    DAMAGED_RECORDING = "damaged_recording"
    SHORT_RECORDING = "short_recording"
    DROPPED_FRAMES = "dropped_frames"


@dataclass(frozen=True, slots=True)
class Limit:
    """From where on something counts, its unit, and why there."""

    value: float
    unit: str
    origin: str


class Cause(StrEnum):
    """What lies behind a finding where the same code calls for different advice; its sentence hangs on both."""

    WAY_OPEN = "way_open"
    GIVEN_KEPT = "given_kept"
    MARKED_KEPT = "marked_kept"
    SEEN_KEPT = "seen_kept"
    BENT_KNEE = "bent_knee"
    UPSIDE_DOWN = "upside_down"
    TURNED_CLOCKWISE = "turned_clockwise"
    TURNED_COUNTER_CLOCKWISE = "turned_counter_clockwise"
    OTHER_END = "other_end"
    MARKED_DRAWN = "marked_drawn"
    OTHER_MODEL = "other_model"
    COVERED = "covered"
    SEVERAL_SIT = "several_sit"
    STRETCH = "stretch"
    JOINED = "joined"
    STORED_SIZE = "stored_size"
    ODD_SHAPE = "odd_shape"
    OTHER_PERSON = "other_person"
    OTHER_PLACE = "other_place"
    KNOCKED = "knocked"
    LONE_LEG = "lone_leg"
    HALF_BODY = "half_body"
    ONE_FOR_TWO = "one_for_two"
    ALL_USED = "all_used"
    SOME_LEFT_OUT = "some_left_out"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that spoils a trial, a leg or the recording: a note, doubt or reject.

    `observed` and `limit` are in `unit`; `side` is None where the whole recording is meant; `limit_origin` says where
    the limit comes from; `advice` is one sentence on what to do. `motion` is the one that it spoils, None where it is
    no matter of one. `cause` and `values` say which sentence, and what stands in it: words for people live with the
    evidence, and `assess` fills them in.

    Examples
    --------
    >>> Finding(FindingCode.LOW_LIGHT, Severity.DOUBT, observed=0.05, limit=0.1).side is None
    True
    """

    code: FindingCode
    severity: Severity
    side: Side | None = None
    observed: float | None = None
    limit: float | None = None
    unit: str = ""
    limit_origin: str = ""
    advice: str = ""
    cause: Cause | None = None
    values: Mapping[str, float | str] = field(default_factory=dict, hash=False)
    motion: Motion | None = None
