"""Every limit of the product in one table: from where on something counts, and why there.

An origin is a paper, geometry or statistics that anybody can work out again, a rule of the product that says so, or a
row that a command prints: `benchmarks/limits.py` shows what every measured quantity comes to on clips in which nothing
is wrong (benchmarks/README.md, "Limits"). Where a test's limit differs it stands in its `Procedure`.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite

from hipcv.core.camera.drawn_lines import MAX_ACROSS, MAX_APART_DEG, MAX_EXACT_SHARE
from hipcv.core.camera.pose import KNOWN_ROLL_SE_DEG, KNOWN_YAW_SE_DEG, DrawnSign
from hipcv.core.finding import Cause, Finding, FindingCode, Limit, Severity
from hipcv.core.motion.filtering import MAX_GAP_S
from hipcv.core.motion.trials import MIN_HOLD_S, MIN_SWING_DEG
from hipcv.core.procedure import Procedure
from hipcv.words import Effort, Side

#: Where the figure comes from that stands beside a limit.
CLEAN = "in clips without a fault (benchmarks/limits.py)"

#: The limits that a finding has where nothing else is said.
LIMITS: dict[FindingCode, Limit] = {
    # the movement
    FindingCode.PELVIS_HIKE: Limit(
        5.0, "°", f"a sixth of the usual 31° (Krause 2015), one for one in the angle; at most 5.4° {CLEAN}"
    ),
    FindingCode.TRUNK_LEAN: Limit(8.0, "°", f"at most 1.2° {CLEAN}"),
    FindingCode.THIGH_DRIFT: Limit(8.0, "°", f"at most 7.4° {CLEAN}"),
    FindingCode.BODY_TWISTED: Limit(5.0, "°", f"at most 1.2° {CLEAN}"),
    FindingCode.HEELS_CROSSING: Limit(0.0, "shank lengths between the ankles", "below it the feet have changed sides"),
    FindingCode.OTHER_LEG_MOVES: Limit(10.0, "°", f"half of a small trial; at most 2.0° {CLEAN}"),
    FindingCode.START_NOT_NEUTRAL: Limit(
        12.0, "°", f"three standard deviations of relaxed shanks; at most 5.9° {CLEAN}"
    ),
    FindingCode.WRONG_DIRECTION: Limit(8.0, "°", f"a trial is at least 6°; no swing the other way {CLEAN}"),
    FindingCode.TOO_FAST: Limit(300.0, "° a second", f"a jump between two frames; at most 94° a second {CLEAN}"),
    FindingCode.NO_HOLD: Limit(MIN_HOLD_S, "s", "a shorter stand-still is the turning point of a swing"),
    FindingCode.TOO_FEW_TRIALS: Limit(3, "trials", "Hogg 2018, Charlton 2015: three trials a side"),
    FindingCode.UNEVEN_TRIALS: Limit(
        0.5, "of the leg's larger swings", f"repetitions reach 0.9 or more of the larger swings {CLEAN}"
    ),
    FindingCode.KNEE_ANGLE: Limit(18.0, "° away from 90°", f"twice the most {CLEAN}, 8.2°"),
    # who is in the picture, and how
    FindingCode.NO_PERSON: Limit(0.1, "of the frames", "so little cannot hold a rest, a swing and a hold"),
    FindingCode.LEGS_NOT_SEEN: Limit(
        0.1, "of the frames", f"what is hardly ever seen cannot be measured; at least 0.35 {CLEAN}"
    ),
    FindingCode.PERSON_LOST: Limit(0.2, "of the frames", f"a fifth may hide a trial; never lost {CLEAN}"),
    FindingCode.OUT_OF_FRAME: Limit(
        0.1, "of the frames", f"a tenth may hold the end of a swing; never outside {CLEAN}"
    ),
    FindingCode.SEVERAL_PEOPLE: Limit(1, "person", "the test has one subject"),
    FindingCode.SUBJECT_UNCLEAR: Limit(1, "person who may be meant", "the test has one subject"),
    FindingCode.WRONG_TEST: Limit(45.0, "°", "half way: a seated hip is bent by 90°, a standing one by 0°"),
    FindingCode.WRONG_VIEW: Limit(0.5, "of the frames", "labels and picture disagree more often than not"),
    FindingCode.PICTURE_TURNED: Limit(45.0, "° from upright", "half way to the next quarter turn"),
    # the recording
    FindingCode.PIXEL_SHAPE: Limit(
        0.65,
        "shoulders to trunk and shank",
        "seated 0.69 to 0.78 on rendered people as they are, 0.60 to 0.64 in a picture squeezed from 4:3 into a square",
    ),
    FindingCode.PICTURE_WITHIN: Limit(1.0, "of the picture", "all of it is the recording of the test otherwise"),
    FindingCode.PART_MEASURED: Limit(1.0, "of the recording", "all of it is the test otherwise"),
    FindingCode.NO_END_SHOWN: Limit(MIN_SWING_DEG, "°", "as small a swing in a clip is no trial either"),
    FindingCode.SEVERAL_TESTS: Limit(1, "test", "a result belongs to one test of one person"),
    FindingCode.LOW_LIGHT: Limit(0.10, "of full brightness", f"a quarter of the darkest {CLEAN}, 0.41"),
    FindingCode.TOO_BRIGHT: Limit(
        0.90, "of full brightness", "half way from the brightest rendered clip, 0.77, to a picture burnt white"
    ),
    FindingCode.MOTION_BLUR: Limit(0.065, "of full sharpness", f"half of the least sharp {CLEAN}, 0.130"),
    FindingCode.LOW_FRAME_RATE: Limit(12.0, "frames a second", "a hold of 0.4 s then has five frames"),
    FindingCode.DROPPED_FRAMES: Limit(MAX_GAP_S, "s between two frames", "longer gaps are not filled"),
    FindingCode.SHORT_SHANK: Limit(45.0, "pixels", "geometry: 2 px of noise at knee and ankle are 3.6° there"),
    FindingCode.DAMAGED_RECORDING: Limit(0.01, "of the frames", "a lone bad frame is bridged, many are not"),
    FindingCode.SHORT_RECORDING: Limit(1.0, "s", "rest, swing, a hold of 0.4 s and return take longer"),
    # the camera
    FindingCode.MOVING_CAMERA: Limit(
        0.05, "of a shank's length", "geometry: so much at one end of a shank is 2.9° of a moving plumb line"
    ),
    FindingCode.CAMERA_YAW: Limit(25.0, "°", "geometry: a yaw error of 4° costs 2° there at an end range of 40°"),
    FindingCode.CAMERA_PITCH: Limit(35.0, "°", "no clip with known truth looks down more steeply than 30°"),
    FindingCode.CAMERA_ROLL: Limit(
        3.0, "°", "corrected; a bare reading would be off by as much, with opposite sign on the two legs"
    ),
    FindingCode.GRAVITY_UNKNOWN: Limit(
        KNOWN_ROLL_SE_DEG, "° standard error of the roll", "geometry: a difference between the legs carries it twice"
    ),
    FindingCode.DRAWN_LINES: Limit(
        MAX_EXACT_SHARE, "of the edges' length exactly along the picture", "a third: rooms show that much by chance"
    ),
    FindingCode.YAW_UNKNOWN: Limit(
        KNOWN_YAW_SE_DEG, "° standard error of the yaw", "a camera turned by 20° costs up to 10° in prone if not known"
    ),
}

# Where one finding has a second limit, or a limit that belongs to no code alone.

#: A turn that is refused.
YAW_REJECT = Limit(30.0, "°", f"beyond it the correction rests on a yaw known to 5.3° at worst {CLEAN}")
#: Lines drawn over or around the picture, by what speaks for them.
DRAWN = {
    DrawnSign.SHARE: LIMITS[FindingCode.DRAWN_LINES],
    DrawnSign.ACROSS: Limit(
        MAX_ACROSS, "line from border to border", "a level camera may see one, where wall and floor meet"
    ),
    DrawnSign.APART: Limit(
        MAX_APART_DEG, "° between all edges and those not along the picture", "twice a room's own error, 0.5°"
    ),
    DrawnSign.MARKS: Limit(0, "marked edges on drawn lines", "a drawn line says nothing of the plumb line"),
}
#: What an unknown camera alone may leave open: gravity, pitch or yaw, whichever leaves most of it.
CAMERA_SHARE = Limit(5.0, "° either way, from the camera alone", "as wide as a normal range, such as 35° to 45°")
BEYOND_JOINT = Limit(
    90.0, "°", "22° above the highest printed limit (68°, ages 7 and 9, Schmale 2003), 4.8 SD above the highest mean"
)
BEYOND_PRINTED = Limit(70.0, "°", "above every printed limit (68°, ages 7 and 9, Schmale 2003)")
HIPS_AWAY = Limit(1.0, "shoulder widths from where they rest", f"hips that stay on a seat move by at most 0.12 {CLEAN}")
HIPS_RESIZED = Limit(
    1.5, "times their size at rest, or as many times smaller", f"hips keep their size within 1.06 times {CLEAN}"
)
#: A shank of another test, or a thigh that is seen from its side: nobody sits facing the camera.
HANGING = Limit(60.0, "°", "a seated shank hangs at rest; one that points up or sideways belongs to another test")
LEVEL_THIGH = Limit(
    0.9, "thigh to shank in the picture", f"seen from the front a level thigh looks short: at most 0.48 {CLEAN}"
)
#: Who shows an upright trunk over thighs that look so short sits, however bent a network takes the hips to be: a gown
#: hides them (0.62 with one, rendered, whose hips were taken to be bent by 38°).
SHORT_THIGH = Limit(0.7, "thigh to shank in the picture", "half way: a level thigh looks half as long at most")
UPRIGHT_TRUNK = Limit(
    0.75, "trunk to shank in the picture", "1.0 for people who sit; on a bed that is seen askew it was 0.3 to 0.55"
)
#: The broadest.
BROAD = Limit(
    0.82,
    "shoulders to trunk and shank",
    "seated 0.69 to 0.78 on rendered people as they are, 0.81 to 0.89 in a picture stretched from 4:3 to 16:9",
)
HIPS_UNSEEN = Limit(0.5, "of the frames", "the pelvis cannot be watched otherwise")
#: Searched frames of which more show an ankle at or beyond the picture's edge say that feet are outside.
FEET_OUTSIDE = Limit(0.5, "of the searched frames", "what lies outside the picture cannot be measured")
KNEES_APART = Limit(
    0.12, "shank lengths between the knees", "half of what two knees that touch are apart, a tenth of a metre to 0.4"
)
LEGS_FAINT = Limit(
    0.55, "of full clearness", "below it many frames had to agree on where the legs are, for none shows them well"
)
TRUNK_IN_FRONT = Limit(
    0.5,
    "of the place before the knees is person",
    "half: the trunk lies there seen from the head end, and nothing seen from the foot end",
)
LOST_IN_TRIAL = Limit(MAX_GAP_S, "s", "longer gaps are not filled")
ONE_TRIAL = Limit(1, "trial", "a result needs one")
HELPED = Limit(2, "people", "a passive test has one subject and one helper")

#: A pelvis adds to the angle one for one: 5° are a sixth of the usual seated range, and of another swing the same share
#: counts. The line of the hip landmarks itself tilts with a swinging leg, and wanders by 1°: hence a least one.
LEAST_HIKE_DEG, HIKE_SHARE = 3.0, 1 / 6
HIKE_ORIGIN = (
    "a sixth of the swing, as 5° are of the usual 31° (Krause 2015), and at least 3°: "
    f"the line of the hips tilts by up to 0.13 of it {CLEAN}"
)

#: The knee that the network sees slides outwards with the shank, the further it swings.
DRIFT_SHARE = 0.28
DRIFT_ORIGIN = f"the knee slides along with the swing by up to 0.16 of it {CLEAN}, further under a gown"


def limit_of(code: FindingCode, procedure: Procedure, swing_deg: float = float("inf")) -> Limit:
    """Return from where on something counts in this test, in a swing of this size.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> hike, seated, prone = FindingCode.PELVIS_HIKE, procedure_named("seated"), procedure_named("prone")
    >>> limit_of(hike, seated).value, limit_of(hike, seated, swing_deg=24.0).value, limit_of(hike, prone).value
    (5.0, 4.0, 6.0)
    """
    if code in procedure.limits:
        return procedure.limits[code]
    usual = LIMITS[code]
    if code is FindingCode.PELVIS_HIKE and isfinite(swing_deg):
        return Limit(round(max(LEAST_HIKE_DEG, HIKE_SHARE * swing_deg), 1), usual.unit, HIKE_ORIGIN)
    if code is FindingCode.THIGH_DRIFT and isfinite(swing_deg) and swing_deg * DRIFT_SHARE > usual.value:
        return Limit(round(swing_deg * DRIFT_SHARE, 1), usual.unit, DRIFT_ORIGIN)
    return usual


def people_limit(effort: Effort) -> Limit:
    """Return how many people a test has: the subject, and in a passive test who moves the leg.

    Examples
    --------
    >>> people_limit(Effort.ACTIVE).value, people_limit(Effort.PASSIVE).value
    (1, 2)
    """
    return HELPED if effort is Effort.PASSIVE else LIMITS[FindingCode.SEVERAL_PEOPLE]


def sources_limit(limit_deg: float) -> Limit:
    """Return how far apart two sources of one camera angle may lie, degrees, as a limit.

    Examples
    --------
    >>> sources_limit(2.04).value
    2.0
    """
    return Limit(round(limit_deg, 1), "° between two sources", "more than their own errors explain")


def declared_limit(n_frames: float) -> Limit:
    """Return how many frames a file says it has, as a limit.

    Examples
    --------
    >>> declared_limit(899.7).value
    900
    """
    return Limit(round(n_frames), "frames", "what the file's own header says")


def found(
    code: FindingCode,
    severity: Severity,
    observed: float,
    side: Side | None = None,
    limit: Limit | None = None,
    cause: Cause | None = None,
    values: Mapping[str, float | str] | None = None,
) -> Finding:
    """Return a finding with its limit filled in from `LIMITS` (or `limit`).

    `cause` and `values` choose and fill the advice (`evidence.guidance`).

    Examples
    --------
    >>> dark = found(FindingCode.LOW_LIGHT, Severity.DOUBT, 0.05)
    >>> dark.observed, dark.limit == LIMITS[FindingCode.LOW_LIGHT].value
    (0.05, True)
    """
    at = limit or LIMITS[code]
    bare = Finding(code, severity, side, round(float(observed), 3), at.value, at.unit, at.origin)
    return replace(bare, cause=cause, values=values or {}) if cause else bare
