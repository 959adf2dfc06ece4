"""Whether the test was done that was asked for: somebody sits facing the camera, heels stay apart, which end it is."""

import numpy as np

from hipcv.core.checks.limits import HANGING, HIPS_UNSEEN, LEVEL_THIGH, LIMITS, TRUNK_IN_FRONT, found
from hipcv.core.finding import Cause, Finding, FindingCode, Severity
from hipcv.core.motion.angles import MIN_VISIBILITY, AngleSeries, seen_px
from hipcv.core.motion.filtering import median_of
from hipcv.core.procedure import PostureCheck
from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS, FloatArray, PoseSeries
from hipcv.core.setup import Setup
from hipcv.words import CameraSide


def _check_seated(series: PoseSeries, angles: AngleSeries, setup: Setup) -> list[Finding]:
    """Look whether the subject sits and faces the camera."""
    findings = []
    flexion = median_of(angles.hip_flexion_deg)
    thigh_share = thigh_to_shank(angles)
    if flexion < LIMITS[FindingCode.WRONG_TEST].value:
        findings.append(found(FindingCode.WRONG_TEST, Severity.REJECT, flexion))
    elif (turned_deg := _turn_deg(series)) and thigh_share <= LEVEL_THIGH.value:
        findings.append(picture_turned(turned_deg))
    elif any(abs(median_of(a)) > HANGING.value for a in angles.image_deg.T):
        steepest = max((abs(median_of(a)) for a in angles.image_deg.T), key=np.nan_to_num)
        findings.append(found(FindingCode.WRONG_TEST, Severity.REJECT, steepest, limit=HANGING))
    elif thigh_share > LEVEL_THIGH.value:
        findings.append(found(FindingCode.WRONG_TEST, Severity.REJECT, thigh_share, limit=LEVEL_THIGH))
    else:
        turned = float(series.swapped[np.isfinite(angles.raw_deg).any(axis=1)].mean())
        if turned > LIMITS[FindingCode.WRONG_VIEW].value:
            findings.append(found(FindingCode.WRONG_VIEW, Severity.REJECT, turned))
    hips = series.visibility[:, HIPS].min(axis=1) >= MIN_VISIBILITY
    if 1 - hips.mean() > HIPS_UNSEEN.value:
        findings.append(found(FindingCode.OUT_OF_FRAME, Severity.DOUBT, 1 - hips.mean(), limit=HIPS_UNSEEN))
    return findings


def thigh_to_shank(angles: AngleSeries) -> float:
    """Return how long a thigh looks in the picture against its shank; NaN where not seen.

    Examples
    --------
    >>> one, two = np.zeros(1), np.zeros((1, 2))
    >>> thigh_px, shank_px = np.array([[30.0, np.nan]]), np.array([[100.0, 100.0]])
    >>> angles = AngleSeries(one, two, two, two, one, one, two, two, two, one, thigh_px, shank_px, np.array([1, -1]))
    >>> thigh_to_shank(angles)
    0.3
    """
    return median_of(angles.thigh_px / angles.shank_px)


def picture_turned(turned_deg: float) -> Finding:
    """Return the refusal of somebody who sits in a picture that is turned clockwise by so many quarters, degrees.

    Examples
    --------
    >>> picture_turned(90.0).cause
    <Cause.TURNED_CLOCKWISE: 'turned_clockwise'>
    """
    values = {"rotate": (360 - turned_deg) % 360}
    return found(FindingCode.PICTURE_TURNED, Severity.REJECT, turned_deg, cause=turn_cause(turned_deg), values=values)


def turn_cause(turned_deg: float) -> Cause:
    """Return how a picture lies that is turned clockwise by 90, 180 or 270°.

    Examples
    --------
    >>> turn_cause(180.0), turn_cause(270.0)
    (<Cause.UPSIDE_DOWN: 'upside_down'>, <Cause.TURNED_COUNTER_CLOCKWISE: 'turned_counter_clockwise'>)
    """
    if turned_deg == 180:
        return Cause.UPSIDE_DOWN
    return Cause.TURNED_CLOCKWISE if turned_deg == 90 else Cause.TURNED_COUNTER_CLOCKWISE


def quarter_turn_deg(trunk_px: FloatArray, shank_px: FloatArray) -> float:
    """Return by how many quarters, degrees clockwise, a picture of somebody who sits is turned; 0 where not seen.

    Parameters
    ----------
    trunk_px, shank_px : (2,) from the hips to the shoulders, and from the ankles to the knees. Where they do not point
        the same way, the posture is another one.

    Examples
    --------
    >>> to_the_right = np.array([100.0, 5.0])
    >>> quarter_turn_deg(to_the_right, to_the_right), quarter_turn_deg(to_the_right * np.nan, to_the_right)
    (90.0, 0.0)
    """
    trunk_deg, shank_deg = (np.degrees(np.arctan2(way[0], -way[1])) for way in (trunk_px, shank_px))
    if not abs((trunk_deg - shank_deg + 180) % 360 - 180) <= HANGING.value:
        return 0.0
    return float(90 * round(trunk_deg / 90) % 360)


def _turn_deg(series: PoseSeries) -> float:
    """Return by how much the picture is turned all through a recording, degrees clockwise."""
    px = seen_px(series)
    trunk = px[:, SHOULDERS].mean(axis=1) - px[:, HIPS].mean(axis=1)
    shank = (px[:, KNEES] - px[:, ANKLES]).mean(axis=1)
    trunk_px, shank_px = (np.array([median_of(way[:, axis]) for axis in (0, 1)]) for way in (trunk, shank))
    return quarter_turn_deg(trunk_px, shank_px)


#: Of the frames in which both feet are seen: how near the ankles come in the nearest twentieth.
NEAREST_SHARE = 0.05


def check_heels(series: PoseSeries, angles: AngleSeries, setup: Setup) -> list[Finding]:
    """Look whether the heels cross where a test asks that they do not: one leg then hides the other, or pushes it.

    A foot that swings inwards is meant to pass the other leg, which makes way for it.

    Examples
    --------
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> none, two = np.empty(0), np.empty((0, 2))
    >>> angles = AngleSeries(none, two, two, two, none, none, two, two, two, none, two, two, np.array([-1, 1]))
    >>> check_heels(empty, angles, Setup())
    []
    """
    if setup.inwards or PostureCheck.HEELS_APART not in setup.procedure.posture:
        return []
    nearest = nearest_heels(series, angles)
    crossed = nearest < LIMITS[FindingCode.HEELS_CROSSING].value
    return [found(FindingCode.HEELS_CROSSING, Severity.DOUBT, nearest)] if crossed else []


def nearest_heels(series: PoseSeries, angles: AngleSeries) -> float:
    """Return how far apart the ankles stay, in lengths of a shank, below 0 where they cross; NaN where not seen.

    Examples
    --------
    >>> px = np.full((2, 33, 2), np.nan)
    >>> px[0, [*KNEES, *ANKLES]] = [[280, 300], [360, 300], [300, 200], [340, 200]]
    >>> series = PoseSeries([0.0, 0.1], px, np.full((2, 33, 3), np.nan), np.ones((2, 33)), (640, 480))
    >>> one, two = np.zeros(2), np.zeros((2, 2))
    >>> angles = AngleSeries(one, two, two, two, one, one, two, two, two, one, two, two + 100.0, np.array([-1, 1]))
    >>> nearest_heels(series, angles)
    0.4
    """
    knees_x, ankles_x = (series.image_px[:, rows, 0] for rows in (KNEES, ANKLES))
    order = np.sign(median_of(knees_x[:, 0] - knees_x[:, 1]))
    apart = order * (ankles_x[:, 0] - ankles_x[:, 1]) / median_of(angles.shank_px)
    apart = apart[np.isfinite(apart)]
    return float(np.quantile(apart, NEAREST_SHARE)) if len(apart) else float("nan")


POSTURE_CHECKS = {PostureCheck.SITS: _check_seated, PostureCheck.HEELS_APART: check_heels}


def check_end(share_in_front: float, flexion_deg: float, camera_side: CameraSide) -> tuple[Finding, ...]:
    """Question the end that a prone test was said to be filmed from: the wrong one exchanges left and right.

    Who sits in a picture that stands on its head shows the trunk there too, with the hips bent (`flexion_deg`, NaN
    where nobody looked), and is refused: what would be the other end's left and right is not theirs.

    Examples
    --------
    >>> check_end(0.05, np.nan, CameraSide.FOOT_END), check_end(np.nan, np.nan, CameraSide.FOOT_END)
    ((), ())
    >>> [(f.code.value, dict(f.values)) for f in check_end(0.95, np.nan, CameraSide.FOOT_END)]
    [('wrong_view', {'seen': 'head', 'said': 'foot'})]
    """
    if not np.isfinite(share_in_front):
        return ()
    seen = CameraSide.HEAD_END if share_in_front > TRUNK_IN_FRONT.value else CameraSide.FOOT_END
    if seen is CameraSide.HEAD_END and flexion_deg >= LIMITS[FindingCode.WRONG_TEST].value:
        return (picture_turned(180.0),)
    if seen is camera_side:
        return ()
    end, said = ("head", "foot") if seen is CameraSide.HEAD_END else ("foot", "head")
    doubt = found(
        FindingCode.WRONG_VIEW,
        Severity.DOUBT,
        share_in_front,
        limit=TRUNK_IN_FRONT,
        cause=Cause.OTHER_END,
        values={"seen": end, "said": said},
    )
    return (doubt,)
