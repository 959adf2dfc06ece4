"""What spoils a recording as a whole: nobody in view, feet outside, too dark, blurred, too few pictures."""

import numpy as np

from hipcv.core.checks.limits import FEET_OUTSIDE, KNEES_APART, LIMITS, found, limit_of, people_limit
from hipcv.core.checks.posture import POSTURE_CHECKS
from hipcv.core.finding import Cause, Finding, FindingCode, Severity
from hipcv.core.motion.angles import AngleSeries, seen_px
from hipcv.core.motion.filtering import median_of
from hipcv.core.procedure import Procedure
from hipcv.core.series import ANKLES, FEET, HIPS, KNEES, BoolArray, PoseSeries
from hipcv.core.setup import Setup
from hipcv.words import SIDES, Side

#: A hip this near the picture's side, in lengths of a shank, is cut off by it.
HALF_BODY_SHANKS = 0.1
#: A leg that is seen in this share of the frames may be measured although the other never is: of two people who walk
#: by, one leg was seen in half of them.
MOSTLY_SEEN = 0.7


def check_recording(series: PoseSeries, angles: AngleSeries, setup: Setup) -> tuple[Finding, ...]:
    """Look at the recording as a whole: the test, the subject in view, what the pictures can carry.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> from hipcv.core.motion.angles import measure_angles
    >>> nowhere = (np.full((90, 33, n), np.nan) for n in (2, 3))
    >>> unseen = PoseSeries(np.arange(90) / 30, *nowhere, np.zeros((90, 33)), (640, 480))
    >>> findings = check_recording(unseen, measure_angles(unseen, Setup(), LEVEL), Setup())
    >>> [(finding.code.value, finding.severity.value) for finding in findings]
    [('no_person', 'reject')]
    """
    findings: list[Finding] = []

    def look(code: FindingCode, observed: float, severity: Severity, *, above: bool = True) -> None:
        limit = LIMITS[code].value
        if observed > limit if above else observed < limit:
            findings.append(found(code, severity, observed))

    duration_s = float(series.time_s[-1] - series.time_s[0]) if len(series) else 0.0
    look(FindingCode.SHORT_RECORDING, duration_s, Severity.REJECT, above=False)
    look(FindingCode.LOW_LIGHT, median_of(series.brightness), Severity.DOUBT, above=False)
    look(FindingCode.TOO_BRIGHT, median_of(series.brightness), Severity.DOUBT)
    procedure = setup.procedure
    seen = subject_seen(series, procedure)
    share_seen = float(seen.mean()) if len(seen) else 0.0
    if share_seen < LIMITS[procedure.unseen].value:
        return (*findings, found(procedure.unseen, Severity.REJECT, share_seen))
    legs = float(np.isfinite(angles.raw_deg).any(axis=1).mean())
    if legs < LIMITS[FindingCode.LEGS_NOT_SEEN].value:
        return (*findings, found(FindingCode.LEGS_NOT_SEEN, Severity.REJECT, legs))
    lost = 1.0 - share_seen
    look(FindingCode.PERSON_LOST, lost, Severity.REJECT if lost > 0.5 else Severity.DOUBT)
    if (half := check_half_body(series, procedure)) is not None:
        return (*findings, half)
    findings += _check_frame(series, seen)
    for check in procedure.posture:
        findings += POSTURE_CHECKS[check](series, angles, setup)
    people = series.n_people[series.n_people >= 0]
    most = people_limit(setup.effort)
    if len(people) and people.max() > most.value:
        findings.append(found(FindingCode.SEVERAL_PEOPLE, Severity.NOTE, int(people.max()), limit=most))
    look(FindingCode.MOTION_BLUR, median_of(series.sharpness), Severity.DOUBT, above=False)
    slowest = limit_of(FindingCode.LOW_FRAME_RATE, procedure)
    if series.readings_hz < slowest.value:
        findings.append(found(FindingCode.LOW_FRAME_RATE, Severity.DOUBT, series.readings_hz, limit=slowest))
    return tuple(findings)


def subject_seen(series: PoseSeries, procedure: Procedure) -> BoolArray:
    """Return (T,) the frames in which the subject's knees are seen, as many of them as the test needs.

    Examples
    --------
    >>> px = np.full((2, 33, 2), np.nan)
    >>> px[0, KNEES] = px[1, KNEES[:1]] = 240.0
    >>> series = PoseSeries([0.0, 0.1], px, np.full((2, 33, 3), np.nan), np.ones((2, 33)), (640, 480))
    >>> subject_seen(series, Setup().procedure).tolist()
    [True, False]
    """
    knees = np.isfinite(series.image_px[:, KNEES, 0])
    both = procedure.both_knees and lone_leg(series) is None
    return np.asarray(knees.all(axis=1) if both else knees.any(axis=1))


def lone_leg(series: PoseSeries) -> Side | None:
    """Return the leg that is seen where the other one is not there: under a blanket, in a brace, a prosthesis, or lost.

    Examples
    --------
    >>> px = np.full((4, 33, 2), np.nan)
    >>> px[:3, KNEES[1]] = 240.0
    >>> lone_leg(PoseSeries(np.arange(4.0), px, np.full((4, 33, 3), np.nan), np.ones((4, 33)), (640, 480)))
    <Side.RIGHT: 'right'>
    """
    if not len(series):
        return None
    left, right = np.isfinite(series.image_px[:, KNEES, 0]).mean(axis=0)
    hardly = LIMITS[FindingCode.LEGS_NOT_SEEN].value
    for side, seen, other in ((Side.LEFT, left, right), (Side.RIGHT, right, left)):
        if seen >= MOSTLY_SEEN and other < hardly:
            return side
    return None


def _check_frame(series: PoseSeries, seen: BoolArray) -> list[Finding]:
    """Feet or knees at the picture's edge: the model guesses what it cannot see."""
    findings = []
    for side in SIDES:
        share = share_outside(series, side, seen)
        if share > LIMITS[FindingCode.OUT_OF_FRAME].value:
            severity = Severity.REJECT if share > 0.5 else Severity.DOUBT
            findings.append(found(FindingCode.OUT_OF_FRAME, severity, share, side))
    return findings


def check_half_body(series: PoseSeries, procedure: Procedure) -> Finding | None:
    """Refuse half a body: a hip beyond the picture's side, or one leg that was taken for both.

    Examples
    --------
    >>> px = np.full((2, 33, 2), np.nan)
    >>> px[:, [*HIPS, *KNEES, *ANKLES]] = [[-20, 90], [40, 90], [-10, 100], [45, 100], [-10, 200], [45, 200]]
    >>> series = PoseSeries([0.0, 0.1], px, np.full((2, 33, 3), np.nan), np.ones((2, 33)), (640, 480))
    >>> (half := check_half_body(series, Setup().procedure)).code.value, half.cause.value
    ('out_of_frame', 'half_body')
    """
    if not procedure.body_seen:
        return None
    px = seen_px(series)
    shank_px = median_of(np.linalg.norm(px[:, KNEES] - px[:, ANKLES], axis=-1))
    hips_x = np.array([median_of(px[:, hip, 0]) for hip in HIPS])
    edge_px = HALF_BODY_SHANKS * shank_px
    if (hips_x < edge_px).any() or (hips_x > series.frame_size_px[0] - edge_px).any():
        return found(FindingCode.OUT_OF_FRAME, Severity.REJECT, 1.0, limit=FEET_OUTSIDE, cause=Cause.HALF_BODY)
    apart = median_of(np.linalg.norm(px[:, KNEES[0]] - px[:, KNEES[1]], axis=-1)) / shank_px
    if apart < KNEES_APART.value:
        return found(FindingCode.LEGS_NOT_SEEN, Severity.REJECT, apart, limit=KNEES_APART, cause=Cause.ONE_FOR_TWO)
    return None


def share_outside(series: PoseSeries, side: Side, seen: BoolArray) -> float:
    """Return in which share of the frames `seen` (T,) a leg is not all in the picture; NaN where it is never known.

    Examples
    --------
    >>> px = np.full((2, 33, 2), np.nan)
    >>> px[:, [KNEES[0], ANKLES[0]], :] = [[[360, 300], [360, 400]], [[360, 420], [360, 520]]]
    >>> series = PoseSeries([0.0, 0.1], px, np.full((2, 33, 3), np.nan), np.ones((2, 33)), (640, 480))
    >>> both = np.array([True, True])
    >>> share_outside(series, Side.LEFT, both), share_outside(series, Side.RIGHT, both)
    (0.5, nan)
    """
    width, height = series.frame_size_px
    rows = [ANKLES[side.column], KNEES[side.column], FEET[side.column]]
    px = series.image_px[seen][:, rows]
    px = px[:, np.isfinite(px).any(axis=(0, 2))]  # feet are not read in prone
    px = px[np.isfinite(px).all(axis=(1, 2))]
    if px.size == 0:
        return float("nan")
    outside = (px < 0).any(axis=(1, 2)) | (px[..., 0] > width).any(axis=1) | (px[..., 1] > height).any(axis=1)
    return float(outside.mean())
