"""What is drawn into a recording: where the person, the plumb lines and the edges lie, and what is said beside them."""

import numpy as np

from hipcv.assessment import Assessment, Status
from hipcv.core.finding import Severity
from hipcv.core.motion.angles import seen_px
from hipcv.core.motion.filtering import median_of
from hipcv.core.series import ANKLES, FEET, HIPS, KNEES, SHOULDERS, FloatArray, PoseSeries
from hipcv.evidence.guidance import title_for
from hipcv.words import Motions, Side

#: End ranges listed beside a leg; earlier ones make way.
MAX_LISTED = 5
#: What belongs to the person beyond the landmarks (toes, where the model gives no feet), in lengths of a shank.
REACH_SHANKS = 0.4


def state_texts(assessment: Assessment, k: int, side: Side) -> tuple[str, str]:
    """Return what one leg does in row `k`, and what came of its trials so far ("" before the first).

    Examples
    --------
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> state_texts(assess(empty, Setup()), 0, Side.LEFT)
    ('not measured', '')
    """
    results = [result for result in assessment.results if result.side is side and result.measured]
    if not results:
        return "not measured", ""
    trials = [t for result in results for t in result.trials]
    now = "rest" if trials else "no hold found"
    for t in trials:
        if t.hold_start <= k < t.hold_stop:
            now = f"hold {t.end_range_deg:.1f}°"
        elif t.start <= k < t.stop:
            now = "swing"
    # the motion that was held last
    result = max(results, key=lambda one: max((t.hold_stop for t in one.trials if t.hold_stop <= k), default=-1))
    motion = f" {result.motion}" if assessment.done.motion is Motions.BOTH else ""
    counting = [t for t in result.trials if t.accepted]
    done = [whole_degrees(t.end_range_deg) for t in counting if t.hold_stop <= k]
    if not done:
        return now, ""
    if len(done) == len(counting) and result.end_range_deg is not None and result.interval95_deg is not None:
        low, high = result.interval95_deg
        told = f"end range{motion} {whole_degrees(result.end_range_deg)} ({low:.0f} to {whole_degrees(high)})"
        return now, told + (", not the hip alone" if result.compensations else "")
    return now, f"held{motion} {'… ' if len(done) > MAX_LISTED else ''}{', '.join(done[-MAX_LISTED:])}"


def find_plumb_directions(knees_px: FloatArray, assessment: Assessment, frame_size_px: tuple[int, int]) -> FloatArray:
    """Return (T, 2, 2) unit directions in the picture of the plumb line through each knee, towards the resting foot.

    A camera that looks down sees plumb lines converge: away from the picture's middle they are not parallel to the
    roll.

    Examples
    --------
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> level = assess(empty, Setup(roll_deg=0.0, pitch_deg=0.0))
    >>> knees_px = np.array([[[320.0, 240.0], [np.nan, 240.0]]])
    >>> (find_plumb_directions(knees_px, level, (640, 480)).round(6) + 0.0).tolist()
    [[[0.0, 1.0], [nan, nan]]]
    """
    upwards = 1.0 if assessment.setup.procedure.shank_up else -1.0
    way = assessment.camera.pinhole(frame_size_px).way_px(knees_px, [0.0, upwards, 0.0])
    return np.asarray(way / np.linalg.norm(way, axis=-1, keepdims=True), dtype=np.float64)


def banner_text(assessment: Assessment) -> str:
    """Return the doubts in plain words, each once with the sides it concerns; "" without any.

    Examples
    --------
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> banner_text(assess(empty, Setup()))
    'Not measured: The recording is too short; Nobody was found'
    """
    doubts = [f for f in assessment.findings if f.severity is not Severity.NOTE]
    if not doubts:
        return ""
    sides: dict[str, list[str]] = {}
    for finding in doubts:
        sides.setdefault(title_for(finding.code), []).extend([str(finding.side)] if finding.side else [])
    told = "; ".join(f"{title} ({', '.join(which)})" if which else title for title, which in sides.items())
    return f"{'Not measured' if assessment.status is Status.NOT_MEASURED else 'Doubt'}: {told}"


def whole_degrees(degrees: float) -> str:
    """Return whole degrees without a minus before a zero.

    Examples
    --------
    >>> whole_degrees(34.6), whole_degrees(-0.2)
    ('35°', '0°')
    """
    return f"{round(float(degrees))}°"


def find_view(series: PoseSeries) -> tuple[int, int, int, int]:
    """Return (left, top, width, height) around the person in all frames, as near to 4:3 as the frame allows.

    Examples
    --------
    >>> unseen = PoseSeries([0.0], np.zeros((1, 33, 2)), np.zeros((1, 33, 3)), np.zeros((1, 33)), (640, 480))
    >>> find_view(unseen)
    (0, 0, 640, 480)
    """
    frame = np.array(series.frame_size_px, dtype=np.float64)
    person = seen_px(series)
    shank_px = median_of(np.linalg.norm(person[:, KNEES] - person[:, ANKLES], axis=-1))
    px = person[:, [*SHOULDERS, *HIPS, *KNEES, *ANKLES, *FEET]]
    points = px[np.isfinite(px).all(axis=-1)]
    if len(points) == 0:
        return 0, 0, *series.frame_size_px
    rim = REACH_SHANKS * (shank_px if np.isfinite(shank_px) else 0.0)
    low, high = np.percentile(points, [1, 99], axis=0)
    height = 2 * rim + max(high[1] - low[1], (high[0] - low[0]) * 3 / 4)
    size = np.minimum([height * 4 / 3, height], frame)
    corner = np.clip((low + high - size) / 2, 0, frame - size)
    left, top, width, tall = (int(v) for v in (*corner, *size))
    return left, top, max(width, 2), max(tall, 2)
