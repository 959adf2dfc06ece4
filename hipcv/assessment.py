"""From a series of landmarks to a verdict: `assess(series, setup) -> Assessment` (METHOD R1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from hipcv.core.analysis import Analysis, analyse
from hipcv.core.arc import Arc, find_arc
from hipcv.core.camera.pose import CameraPose
from hipcv.core.checks.camera import check_camera, check_camera_share, check_knees
from hipcv.core.checks.compensation import Compensation, find_compensations, onset_deg, usual_compensations
from hipcv.core.checks.leg import as_done, judged_trials
from hipcv.core.checks.limits import ONE_TRIAL, found
from hipcv.core.checks.recording import check_recording
from hipcv.core.checks.shape import check_shape
from hipcv.core.finding import Finding, FindingCode, Severity
from hipcv.core.motion.angles import AngleSeries, sort_sides
from hipcv.core.motion.trials import Trial
from hipcv.core.procedure import PelvisCue
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.core.uncertainty import (
    CAMERA_TERMS,
    ErrorTerm,
    difference_mdc95_deg,
    error_terms,
    half_width_deg,
    held_leg,
)
from hipcv.core.viewing import AS_STORED, Viewing
from hipcv.evidence.guidance import advised, note_for
from hipcv.evidence.reference import (
    AsymmetryVerdict,
    Comparison,
    asymmetry_verdict,
    compare,
    find_references,
    subject_notes,
)
from hipcv.words import SIDES, Effort, HandPlace, Legs, Motion, Side

#: With the hip straight, internal less external rotation of so much was linked with the thigh bone's twist (Uding 2019,
#: doi:10.1016/j.msksp.2018.12.003).
TWIST_DEG = 20.0


class Status(StrEnum):
    """Whether there is a number."""

    MEASURED = "measured"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True)
class SideResult:
    """One motion of one hip; angles in degrees, positive in its direction, None where there is none.

    `trials` are the swings that were held at the end, in the order of time. Where none was, `end_range_deg` is the
    highest filtered value of the swings, and a DOUBT says so. `compensations` are what else of the body moved so far
    that it puts the end range in doubt, each as the mean of the trials in which it did; `onset_deg` is the angle at
    which the first of them began.
    """

    side: Side
    status: Status
    end_range_deg: float | None = None
    interval95_deg: tuple[float, float] | None = None
    pelvis_corrected_deg: float | None = None
    onset_deg: float | None = None
    raw_peak_deg: float | None = None
    filtered_peak_deg: float | None = None
    rest_deg: float | None = None
    trial_sd_deg: float | None = None
    trials: tuple[Trial, ...] = ()
    compensations: tuple[Compensation, ...] = ()
    error_terms: tuple[ErrorTerm, ...] = ()
    reference: tuple[Comparison, ...] = ()
    motion: Motion = Motion.INTERNAL

    @property
    def measured(self) -> bool:
        """Whether this side has a number."""
        return self.status is Status.MEASURED


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """Left less right in degrees, the smallest difference that is more than error, and what to make of it."""

    difference_deg: float
    mdc95_deg: float
    verdict: AsymmetryVerdict


@dataclass(frozen=True, slots=True)
class Provenance:
    """What it takes, beside the setup, to get the same numbers again.

    `fps` is the recording's own frame rate; of some recordings only every so many frames are read: `n_frames` of them,
    `readings_hz` a second. `slow_motion` is by how many times the recording plays slower than life,
    `long_side_fov_deg` the field of view of the lens where the recording tells it, `viewing` which part of the
    recording was looked at, and how.
    """

    hipcv_version: str = ""
    pose_model: str = ""
    model_sha256: str = ""
    clip_sha256: str = ""
    fps: float | None = None
    n_frames: int = 0
    parameters: Mapping[str, object] = field(default_factory=dict)
    readings_hz: float | None = None
    slow_motion: float = 1.0
    long_side_fov_deg: float | None = None
    viewing: Viewing = AS_STORED


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """Everything there is to say about one recording, and the analysis that it comes from.

    `left`, `right` and `asymmetry` are internal rotation's. `external` holds external rotation of the left and the
    right hip where it was asked for, and `external_asymmetry` its difference; None where nobody asked.

    Examples
    --------
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> nobody = assess(empty, Setup())
    >>> nobody.of(Side.LEFT).measured, [finding.code.value for finding in nobody.findings_of(Side.LEFT)]
    (False, ['short_recording', 'no_person'])
    >>> nobody.trials_of(Side.LEFT), nobody.asymmetry_of(Motion.EXTERNAL), nobody.arc_of(Side.LEFT)
    ((), None, None)
    """

    setup: Setup
    status: Status
    left: SideResult
    right: SideResult
    analysis: Analysis
    asymmetry: Asymmetry | None = None
    findings: tuple[Finding, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    external: tuple[SideResult, SideResult] | None = None
    external_asymmetry: Asymmetry | None = None

    @property
    def camera(self) -> CameraPose:
        """The camera against plumb line and thighs."""
        return self.analysis.camera

    @property
    def angles(self) -> AngleSeries:
        """The angles of both legs, frame by frame."""
        return self.analysis.angles

    def of(self, side: Side, motion: Motion = Motion.INTERNAL) -> SideResult:
        """Return one motion of one side; a motion that nobody asked for is not measured."""
        if motion is Motion.EXTERNAL and self.external is None:
            return SideResult(side, Status.NOT_MEASURED, motion=motion)
        pair = (self.left, self.right) if motion is Motion.INTERNAL else self.external
        return pair[side.column]  # type: ignore[index]

    def asymmetry_of(self, motion: Motion) -> Asymmetry | None:
        """Return the difference between the sides in one motion; None where there is none."""
        return self.asymmetry if motion is Motion.INTERNAL else self.external_asymmetry

    def arc_of(self, side: Side) -> Arc | None:
        """Return both directions of one hip together; None where one of them has no number."""
        inner, outer = (self.of(side, motion) for motion in Motion)
        if inner.end_range_deg is None or outer.end_range_deg is None:
            return None
        ends_deg, terms = (inner.end_range_deg, outer.end_range_deg), (inner.error_terms, outer.error_terms)
        return find_arc(ends_deg, terms, roll_known=self.camera.roll_known)

    @property
    def legs(self) -> Legs | None:
        """Which legs moved at once, as told or as the recording shows; None where nobody said."""
        return self.done.legs

    @property
    def done(self) -> Setup:
        """How the test was done: as told, and what the recording shows of it."""
        return as_done(self.setup, self.analysis.trials)

    @property
    def sides(self) -> tuple[SideResult, SideResult]:
        """Internal rotation of both sides, left first."""
        return self.left, self.right

    @property
    def results(self) -> tuple[SideResult, ...]:
        """Every motion that was asked for and done, of both sides, left first, internal rotation before external."""
        return tuple(self.of(side, motion) for motion in self.done.motion.each for side in SIDES)

    def trials_of(self, side: Side) -> tuple[Trial, ...]:
        """All trials of one leg in the order of time."""
        return tuple(t for t in self.trials if t.side is side)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials of both legs in the order of time."""
        return tuple(sorted((t for result in self.results for t in result.trials), key=lambda t: t.start))

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know beside the comparisons.

        Why no verdict, when somebody young sees a doctor, what much more one way may be, what both legs at once hide,
        what a hand adds.
        """
        compared = next((result.reference for result in self.results if result.reference), ())
        notes = subject_notes(compared, self.setup.age_years)
        arcs = [arc for side in SIDES if (arc := self.arc_of(side)) is not None and arc.balance_deg is not None]
        if self.setup.procedure.hip_flexion_deg == 0 and any(abs(a.balance_deg or 0.0) >= TWIST_DEG for a in arcs):
            notes = (*notes, note_for("twist"))
        if self.legs is Legs.BOTH and self.status is Status.MEASURED:
            notes = (*notes, note_for("both_at_once"))
        by_hand = self.setup.passive and self.setup.hand_place is not HandPlace.GRAVITY
        return (*notes, note_for("by_hand")) if by_hand and self.status is Status.MEASURED else notes

    def findings_of(self, side: Side) -> tuple[Finding, ...]:
        """Return the findings that concern one side: its own and those of the whole recording."""
        return tuple(f for f in self.findings if f.side in (None, side))


def assess(
    series: PoseSeries,
    setup: Setup,
    *,
    provenance: Provenance | None = None,
    recording_findings: Sequence[Finding] = (),
) -> Assessment:
    """Measure both hips in a recording.

    Steps: 1 to 3 camera and angles (`core.analysis.analyse`); 4 trials; 5 what spoils them; 6 end range, interval and
    comparison.

    Parameters
    ----------
    series : landmarks of the measured person; never empty of meaning: T may be 0. Sides that are not sorted yet are
        sorted first (`sort_sides`).
    setup : what the user said about test, camera and subject.
    provenance : carried into the result.
    recording_findings : what the source of the frames already found wrong.

    Returns
    -------
    Assessment; a recording that cannot be measured is a value with status NOT_MEASURED and its findings.

    Examples
    --------
    >>> nowhere = (np.full((90, 33, n), np.nan) for n in (2, 3))
    >>> unseen = PoseSeries(np.arange(90) / 30, *nowhere, np.zeros((90, 33)), (640, 480))
    >>> assessment = assess(unseen, Setup())
    >>> assessment.status, assessment.left.end_range_deg, [finding.code.value for finding in assessment.findings]
    (<Status.NOT_MEASURED: 'not_measured'>, None, ['no_person'])
    """
    series = sort_sides(series, setup)
    analysis = analyse(series, setup)
    camera = analysis.camera
    origin = provenance or Provenance()
    shape = [] if origin.viewing.aspect else check_shape(series, setup, camera.yaw.value_deg, camera.pitch.value_deg)
    findings = find_causes([*recording_findings, *check_recording(series, analysis.angles, setup), *shape])
    if not is_rejected(findings):  # the camera around somebody who does not do the test is nobody's concern
        findings += check_camera(camera)
    if not is_rejected(findings):
        findings += check_knees(analysis.angles, camera)
        trials, told = judged_trials(series, analysis.angles, setup)
        analysis = replace(analysis, trials=trials)
        findings += told
    return conclude(series, setup, analysis, findings, origin)


def conclude(
    series: PoseSeries, setup: Setup, analysis: Analysis, findings: Sequence[Finding], provenance: Provenance
) -> Assessment:
    """Make of trials and findings the result of each side: end range, interval, comparison.

    Parameters
    ----------
    series : with its sides sorted.
    analysis : with the trials; those of a recording that `findings` refuse do not count.

    Examples
    --------
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> conclude(empty, Setup(), analyse(empty, Setup()), [], Provenance()).findings[0].code.value
    'no_hold'
    """
    analysis = replace(analysis, trials=tuple(_trial_advised(t, setup.effort) for t in analysis.trials))
    findings = [_whole_turn(f, provenance.viewing) for f in findings]
    camera, rejected, findings = analysis.camera, is_rejected(findings), _strongest(findings)
    rejects = [f for f in findings if f.severity is Severity.REJECT]
    results = {}
    for motion in Motion:
        for side in SIDES:
            refused = rejected or any(f.side is side and f.motion in (None, motion) for f in rejects)
            results[side, motion] = _measure_side(side, motion, series, setup, analysis, refused=refused)
    for (side, motion), result in results.items():
        shares = [t.se_deg for t in result.error_terms if t.source in CAMERA_TERMS]
        findings += [replace(f, motion=motion) for f in check_camera_share(side, camera, shares)]
    measured = any(r.measured for r in results.values())
    if not measured and not any(f.severity is Severity.REJECT for f in findings):
        findings.append(found(FindingCode.NO_HOLD, Severity.REJECT, 0, limit=ONE_TRIAL))
    return Assessment(
        setup=setup,
        status=Status.MEASURED if measured else Status.NOT_MEASURED,
        left=results[Side.LEFT, Motion.INTERNAL],
        right=results[Side.RIGHT, Motion.INTERNAL],
        analysis=analysis,
        asymmetry=_asymmetry(camera, *(results[side, Motion.INTERNAL] for side in SIDES)),
        findings=tuple(advised(f, setup.effort) for f in findings),
        provenance=provenance,
        external=(results[Side.LEFT, Motion.EXTERNAL], results[Side.RIGHT, Motion.EXTERNAL]) if setup.inwards else None,
        external_asymmetry=_asymmetry(camera, *(results[side, Motion.EXTERNAL] for side in SIDES)),
    )


# ------------------------------------------------------------------------------------------------------------ sides


def _measure_side(
    side: Side, motion: Motion, series: PoseSeries, setup: Setup, analysis: Analysis, *, refused: bool
) -> SideResult:
    mine = analysis.trials_of(side, motion)
    good = [t for t in mine if t.accepted] or [t for t in mine if not (t.held or t.refused)]
    held = tuple(t for t in mine if t.held)
    if refused or not good:
        return SideResult(side, Status.NOT_MEASURED, trials=held, motion=motion)
    values = np.array([t.best_deg for t in good])
    end_range_deg = float(values.mean())
    terms = error_terms(held_leg(side, series, analysis.angles, analysis.camera, setup.procedure, good))
    half_deg = half_width_deg(terms)
    interval = (end_range_deg - half_deg, end_range_deg + half_deg)
    moved = [find_compensations(t, analysis.angles, analysis.trials, setup.procedure) for t in good]
    # the knees' line tells that the pelvis rolls, not by how much the angle is to be put right
    adds = setup.procedure.pelvis_from is PelvisCue.HIPS
    pelvis = [c.moved_deg if adds else np.nan for each in moved for c in each if c.code is FindingCode.PELVIS_HIKE]
    return SideResult(
        side=side,
        status=Status.MEASURED,
        end_range_deg=end_range_deg,
        interval95_deg=interval,
        pelvis_corrected_deg=_number(float(np.mean(values - motion.sign * np.array(pelvis)))),
        onset_deg=onset_deg(moved),
        raw_peak_deg=float(max(t.raw_peak_deg for t in good)),
        filtered_peak_deg=float(max(t.filtered_peak_deg for t in good)),
        rest_deg=_number(good[0].rest_deg),
        trial_sd_deg=float(values.std(ddof=1)) if len(values) > 1 else None,
        trials=held,
        compensations=usual_compensations(moved),
        error_terms=terms,
        reference=tuple(
            compare(end_range_deg, interval, reference)
            for reference in find_references(
                setup.procedure, age_years=setup.age_years, sex=setup.sex, effort=setup.effort, motion=motion
            )
        ),
        motion=motion,
    )


def _asymmetry(camera: CameraPose, left: SideResult, right: SideResult) -> Asymmetry | None:
    """Compare the sides; None where one is missing or the roll, which counts twice, is not known."""
    if left.end_range_deg is None or right.end_range_deg is None or not camera.roll_known:
        return None
    difference = left.end_range_deg - right.end_range_deg
    counting = [[t.best_deg for t in side.trials if t.accepted] for side in (left, right)]
    mdc95 = difference_mdc95_deg((left.error_terms, right.error_terms), (counting[0], counting[1]))
    verdict = asymmetry_verdict(difference, mdc95)
    return None if verdict is None else Asymmetry(difference, mdc95, verdict)


# --------------------------------------------------------------------------------------------------------- findings


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _trial_advised(trial: Trial, effort: Effort) -> Trial:
    return replace(trial, findings=tuple(advised(f, effort) for f in trial.findings))


def _whole_turn(finding: Finding, viewing: Viewing) -> Finding:
    """Return the turn that sets a picture upright with the one that was made already, as it has to be told."""
    turn_deg = finding.values.get("rotate")
    if not isinstance(turn_deg, float | int) or not viewing.rotate_deg:
        return finding
    return replace(finding, values={**finding.values, "rotate": (turn_deg + viewing.rotate_deg) % 360})


def is_rejected(findings: Sequence[Finding]) -> bool:
    """Whether the recording as a whole carries no number.

    Examples
    --------
    >>> is_rejected([found(FindingCode.NO_PERSON, Severity.REJECT, 0.0)]), is_rejected([])
    (True, False)
    """
    return any(f.severity is Severity.REJECT and f.side is None for f in findings)


#: What explains whatever else is found in a recording, and what may stand beside it.
_EXPLAINING = (FindingCode.SEVERAL_TESTS, FindingCode.MOVING_CAMERA, FindingCode.PICTURE_TURNED)
#: What light that is wrong makes of somebody who is there.
_LIGHT = (FindingCode.LOW_LIGHT, FindingCode.TOO_BRIGHT)
_NOT_MADE_OUT = {FindingCode.NO_PERSON, FindingCode.LEGS_NOT_SEEN, FindingCode.WRONG_TEST, FindingCode.WRONG_VIEW}
#: Who does something else, or is not to be seen whole, is not read well either.
_NOT_IN_VIEW = {FindingCode(code) for code in ("wrong_test", "legs_not_seen", "subject_unclear", "out_of_frame")}
_FOLLOWING = (FindingCode.NO_PERSON, FindingCode.PERSON_LOST, FindingCode.PIXEL_SHAPE)
_BESIDE = (FindingCode.PICTURE_WITHIN, FindingCode.PART_MEASURED)


def find_causes(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings without what follows from others.

    Who stands, or shows no legs, is not read all the time; where clips are joined, camera and room change with them;
    in a picture that is turned nothing is where it should be; in the dark nobody is made out.

    Examples
    --------
    >>> dark = found(FindingCode.LOW_LIGHT, Severity.DOUBT, 0.02)
    >>> nobody = found(FindingCode.NO_PERSON, Severity.REJECT, 0.0)
    >>> [(f.code.value, f.severity.value) for f in find_causes([dark, nobody])]
    [('low_light', 'reject')]
    """
    rejected = {f.code for f in findings if f.severity is Severity.REJECT and f.side is None}
    for code in _EXPLAINING:
        if code in rejected:
            return [f for f in findings if f.code in (code, *_BESIDE)]
    light = [f for f in findings if f.code in _LIGHT]
    if light and rejected & _NOT_MADE_OUT:
        return [replace(light[0], severity=Severity.REJECT), *(f for f in findings if f.code in _BESIDE)]
    if not rejected & _NOT_IN_VIEW:
        return list(findings)
    return [
        f
        for f in findings
        if f.code not in _FOLLOWING and (f.severity is Severity.REJECT or f.code is not FindingCode.LEGS_NOT_SEEN)
    ]


def _strongest(findings: Sequence[Finding]) -> list[Finding]:
    """Return one finding for each code, side and motion, the heaviest and then the largest one."""
    weight = {Severity.NOTE: 0, Severity.DOUBT: 1, Severity.REJECT: 2}
    best: dict[tuple[FindingCode, Side | None, Motion | None], Finding] = {}
    for finding in findings:
        key = finding.code, finding.side, finding.motion
        rank = weight[finding.severity], abs(finding.observed or 0.0)
        if key not in best or rank > (weight[best[key].severity], abs(best[key].observed or 0.0)):
            best[key] = finding
    return sorted(best.values(), key=lambda f: -weight[f.severity])
