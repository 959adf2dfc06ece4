"""One test as photographs show it: the end of the range in single pictures, read against the plumb line (METHOD S19).

A picture has no before and after: what a clip shows of the movement, that a position was held, that it was the end,
nothing moved beside the leg, no photograph does. Each picture has a camera of its own, for nobody says that it stood
still between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from hipcv.assessment import Assessment, Provenance, conclude, find_causes, is_rejected
from hipcv.core.analysis import Analysis, analyse
from hipcv.core.checks.camera import check_camera, check_knees
from hipcv.core.checks.leg import as_done, check_leg, repetitions, told_of_trials
from hipcv.core.checks.limits import HANGING, LIMITS, found
from hipcv.core.checks.possible import check_reach
from hipcv.core.checks.recording import check_recording
from hipcv.core.checks.shape import check_shape
from hipcv.core.checks.trial import check_trial
from hipcv.core.finding import Cause, Finding, FindingCode, Severity
from hipcv.core.motion.angles import AngleSeries, sort_sides
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.trials import MIN_SWING_DEG, Trial
from hipcv.core.series import FloatArray, PoseSeries
from hipcv.core.setup import Setup
from hipcv.core.uncertainty import LOOK_SE_DEG
from hipcv.evidence.guidance import title_for
from hipcv.words import SIDES, Motion, Side

#: What is no fault of a single picture.
_OF_TIME = (
    *(FindingCode.SHORT_RECORDING, FindingCode.LOW_FRAME_RATE, FindingCode.TOO_FEW_TRIALS, FindingCode.PERSON_LOST),
)


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """One picture: a few equal looks at it, and what reading found wrong with it."""

    series: PoseSeries
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """A picture with its camera and angles, and all that is to be told of it."""

    series: PoseSeries
    analysis: Analysis
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        return is_rejected(self.findings)


def assess_photographs(
    pictures: Sequence[Photograph],
    setup: Setup,
    *,
    provenance: Provenance | None = None,
    recording_findings: Sequence[Finding] = (),
) -> Assessment:
    """Measure both hips in photographs of one person in one test.

    A picture shows the end of the range of every leg that is turned further than a trial has to be, from where that leg
    is in the picture in which it hangs or stands straightest; from the plumb line where no picture shows it so. A
    picture that is refused is left out and told; where all are, that is the result.

    Parameters
    ----------
    pictures : at least one, in the order of their times.
    setup : what the user said about test, camera and subject.
    provenance : carried into the result.
    recording_findings : what the source of the pictures already found wrong.

    Examples
    --------
    >>> nowhere = (np.full((2, 33, n), np.nan) for n in (2, 3))
    >>> unseen = PoseSeries([0.0, 0.1], *nowhere, np.zeros((2, 33)), (640, 480))
    >>> assessment = assess_photographs([Photograph(unseen)], Setup())
    >>> assessment.status.value, [finding.code.value for finding in assessment.findings]
    ('not_measured', ['no_person'])
    """
    origin = provenance or Provenance()
    judged = [_judge(picture, setup, shaped=origin.viewing.aspect is not None) for picture in pictures]
    kept = [one for one in judged if not one.refused]
    if not kept:
        whole = _joined(judged)
        findings = [*recording_findings, *(f for one in judged for f in one.findings)]
        return conclude(whole.series, setup, whole.analysis, findings, origin)
    whole = _joined(kept)
    spans = [slice(a, b) for a, b in pairwise(accumulate((len(one.series) for one in kept), initial=0))]
    trials, told = _judged_ends(whole.analysis.angles, spans, setup)
    findings = [*recording_findings, *(f for one in kept for f in one.findings), *told, _from_stills(judged)]
    return conclude(whole.series, setup, replace(whole.analysis, trials=trials), findings, origin)


def _judge(picture: Photograph, setup: Setup, *, shaped: bool) -> _Judged:
    series = sort_sides(picture.series, setup)
    series = replace(series, shank_se_deg=np.fmax(series.shank_se_deg, LOOK_SE_DEG))
    analysis = analyse(series, setup, shows_rest=False)
    findings = [*picture.findings, *check_recording(series, analysis.angles, setup)]
    if not shaped:
        camera = analysis.camera
        findings += check_shape(series, setup, camera.yaw.value_deg, camera.pitch.value_deg)
    findings = find_causes([f for f in findings if not _is_no_fault(f, analysis.angles)])
    if not is_rejected(findings):
        findings += [*check_camera(analysis.camera), *check_knees(analysis.angles, analysis.camera)]
    return _Judged(series, analysis, tuple(findings))


def _is_no_fault(finding: Finding, angles: AngleSeries) -> bool:
    """Whether something would be found wrong in a recording that may well be so in a picture of an end of range."""
    steep = finding.code is FindingCode.WRONG_TEST and finding.limit_origin == HANGING.origin
    away_deg = np.array([abs(median_of(leg)) for leg in angles.image_deg.T])
    one_hangs = bool((away_deg[np.isfinite(away_deg)] <= HANGING.value).any())
    return finding.code in _OF_TIME or (steep and one_hangs)


def _joined(pictures: Sequence[_Judged]) -> _Judged:
    """Return all pictures as one, with the camera of the one whose roll is known worst."""
    if len(pictures) == 1:
        return pictures[0]
    worst = max(pictures, key=lambda one: one.analysis.camera.roll.se_deg)
    per_frame = [f.name for f in fields(AngleSeries) if f.name != "lateral"]
    angles = [one.analysis.angles for one in pictures]
    joined = replace(angles[0], **{name: np.concatenate([getattr(a, name) for a in angles]) for name in per_frame})
    series = joined_series([one.series for one in pictures])
    series = replace(series, edges_px=worst.series.edges_px)
    return _Judged(series, replace(worst.analysis, angles=joined), ())


def joined_series(pictures: Sequence[PoseSeries]) -> PoseSeries:
    """Return the looks at all pictures as one series; the room's edges are those of the first.

    Examples
    --------
    >>> nowhere = (np.full((2, 33, n), np.nan) for n in (2, 3))
    >>> one = PoseSeries([0.0, 0.1], *nowhere, np.zeros((2, 33)), (640, 480))
    >>> joined_series([one, replace(one, time_s=one.time_s + 2.0)]).time_s.tolist()
    [0.0, 0.1, 2.0, 2.1]
    """
    columns: dict[str, Any] = {
        f.name: np.concatenate([getattr(series, f.name) for series in pictures])
        for f in fields(PoseSeries)
        if isinstance(getattr(pictures[0], f.name), np.ndarray) and f.name != "edges_px"
    }
    return replace(pictures[0], **columns)


def _from_stills(judged: Sequence[_Judged]) -> Finding:
    """Return the note that this is no clip, with the pictures that were left out and why."""
    left_out = [
        f"picture {k} ({title_for(next(f.code for f in one.findings if f.severity is Severity.REJECT)).lower()})"
        for k, one in enumerate(judged, start=1)
        if one.refused
    ]
    values: dict[str, float | str] = {"n": len(judged) - len(left_out), "of": len(judged), "which": ", ".join(left_out)}
    cause = Cause.SOME_LEFT_OUT if left_out else Cause.ALL_USED
    return Finding(FindingCode.FROM_STILLS, Severity.NOTE, cause=cause, values=values)


# ---------------------------------------------------------------------------------------------------------------- ends


def find_ends(angles: AngleSeries, spans: Sequence[slice], side: Side, motion: Motion) -> list[Trial]:
    """Return the pictures (`spans` of rows) that show one leg at the end of its range, as trials of one look each.

    Examples
    --------
    >>> one, two, signs = np.zeros(3), np.zeros((3, 2)), np.array([1, -1])
    >>> curves = np.array([[1.0, 0.0], [34.0, 2.0], [3.0, 31.0]])
    >>> angles = AngleSeries(np.arange(3.0), curves, curves, two, one, one, two, two, two, one, two, two, signs)
    >>> pictures = [slice(0, 1), slice(1, 2), slice(2, 3)]
    >>> ends = find_ends(angles, pictures, Side.LEFT, Motion.INTERNAL)
    >>> [(end.start, end.end_range_deg, end.rest_deg) for end in ends]
    [(1, 34.0, 1.0)]
    """
    shown_deg = motion.sign * np.array([median_of(angles.raw_deg[span, side.column]) for span in spans])
    rest_deg = _resting_deg(shown_deg)
    swings_deg = shown_deg - np.nan_to_num(rest_deg)
    ends = []
    for span, swing_deg, angle_deg in zip(spans, swings_deg, shown_deg.tolist(), strict=True):
        if swing_deg >= MIN_SWING_DEG:
            rows = span.start, span.stop
            ends.append(Trial(side, *rows, *rows, rest_deg, angle_deg, angle_deg, angle_deg, 0.0, motion=motion))
    return ends


def _resting_deg(shown_deg: FloatArray) -> float:
    """Return the angle of one leg where it is straightest; NaN where none of the pictures shows it at rest."""
    known = shown_deg[np.isfinite(shown_deg)]
    if len(known) == 0:
        return float("nan")
    straightest = float(known[np.argmin(np.abs(known))])
    return straightest if abs(straightest) <= LIMITS[FindingCode.START_NOT_NEUTRAL].value else float("nan")


def _judged_ends(angles: AngleSeries, spans: Sequence[slice], setup: Setup) -> tuple[tuple[Trial, ...], list[Finding]]:
    """Return the ends of both legs with their findings, and all that is to be told of them and of each leg."""
    trials: list[Trial] = []
    told: list[Finding] = []
    for side in SIDES:
        for motion in setup.motion.each:
            ends, uneven = repetitions(side, find_ends(angles, spans, side, motion))
            trials += ends
            told += [replace(finding, motion=motion) for finding in uneven]
    # beside pictures of the ends alone nothing shows where the rest of the body was before
    rested = {span.start for span in spans} - {trial.start for trial in trials}
    done = as_done(setup, trials)
    trials = [check_reach(check_trial(t, angles, trials, done) if rested else t) for t in trials]
    trials = [replace(t, findings=tuple(f for f in t.findings if f.code not in _OF_TIME)) for t in trials]
    for side in SIDES:
        told += [f for f in check_leg(side, angles, trials, setup.motion) if f.code not in _OF_TIME]
        mine = [t for t in trials if t.side is side]
        told += told_of_trials(mine)
        if not mine and np.isfinite(angles.of(side)).any():
            told.append(found(FindingCode.NO_END_SHOWN, Severity.REJECT, _furthest_deg(angles, side), side))
    return tuple(sorted(trials, key=lambda t: t.start)), told


def _furthest_deg(angles: AngleSeries, side: Side) -> float:
    known = angles.of(side)[np.isfinite(angles.of(side))]
    return float(known[np.argmax(np.abs(known))])
