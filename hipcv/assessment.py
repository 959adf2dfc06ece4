"""From a series of landmarks to a verdict: `assess(series, setup) -> Assessment`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from hipcv.core.analysis import Analysis, analyse
from hipcv.core.camera.pose import CameraPose, camera_shifts_deg
from hipcv.core.checks.camera import check_camera, check_camera_share, check_knees
from hipcv.core.checks.possible import check_possible
from hipcv.core.checks.recording import (
    Compensation,
    check_leg,
    check_recording,
    check_trial,
    end_part,
    find_compensations,
    found,
    repetitions,
)
from hipcv.core.finding import Finding, FindingCode, Limit, Severity
from hipcv.core.motion.angles import AngleSeries, believed_drift_deg, sort_sides
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.out_of_plane import KNEE_SD_DEG, knee_effect_deg
from hipcv.core.motion.trials import Trial, find_trials
from hipcv.core.procedure import PelvisCue
from hipcv.core.series import ANKLES, KNEES, PoseSeries
from hipcv.core.setup import Setup
from hipcv.evidence.guidance import advice_for
from hipcv.evidence.reference import (
    AsymmetryVerdict,
    Comparison,
    asymmetry_verdict,
    compare,
    find_references,
    subject_notes,
)
from hipcv.words import SIDES, Side


class Status(StrEnum):
    """Whether there is a number."""

    MEASURED = "measured"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True)
class ErrorTerm:
    """One source of error of a side's end range and its standard error in degrees."""

    source: str
    se_deg: float


@dataclass(frozen=True, slots=True)
class SideResult:
    """The result of one hip; angles in degrees, None where there is none.

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
    `long_side_fov_deg` the field of view of the lens where the recording tells it.
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


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """Everything there is to say about one recording, and the analysis that it comes from.

    Examples
    --------
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> nobody = assess(empty, Setup())
    >>> nobody.of(Side.LEFT).measured, [finding.code.value for finding in nobody.findings_of(Side.LEFT)]
    (False, ['short_recording', 'no_person'])
    """

    setup: Setup
    status: Status
    left: SideResult
    right: SideResult
    analysis: Analysis
    asymmetry: Asymmetry | None = None
    findings: tuple[Finding, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def camera(self) -> CameraPose:
        """The camera against plumb line and thighs."""
        return self.analysis.camera

    @property
    def angles(self) -> AngleSeries:
        """The angles of both legs, frame by frame."""
        return self.analysis.angles

    def of(self, side: Side) -> SideResult:
        """Return the result of one side."""
        return self.left if side is Side.LEFT else self.right

    @property
    def sides(self) -> tuple[SideResult, SideResult]:
        """Both sides, left first."""
        return self.left, self.right

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials of both legs in the order of time."""
        return tuple(sorted((*self.left.trials, *self.right.trials), key=lambda t: t.start))

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know beside the comparisons: why there is no verdict, and when somebody young sees a doctor."""
        return subject_notes(self.left.reference or self.right.reference, self.setup.age_years)

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
    findings = [*recording_findings, *check_recording(series, analysis.angles, setup)]
    if not _rejected(findings):  # the camera around somebody who does not do the test is nobody's concern
        findings += check_camera(camera)
    rejected = _rejected(findings)
    if not rejected:
        findings += check_knees(analysis.angles, camera)
        trials, told = _find_trials(series, analysis.angles, setup)
        analysis = replace(analysis, trials=trials)
        findings += told
    findings = _strongest(findings)
    refused = {s: rejected or any(f.severity is Severity.REJECT and f.side is s for f in findings) for s in SIDES}
    results = {s: _measure_side(s, series, setup, analysis, refused=refused[s]) for s in SIDES}
    for side, result in results.items():
        shares = [t.se_deg for t in result.error_terms if t.source in CAMERA_TERMS]
        findings += check_camera_share(side, camera, shares)
    measured = any(r.measured for r in results.values())
    if not measured and not any(f.severity is Severity.REJECT for f in findings):
        limit = Limit(1, "trial", "a result needs one")
        findings.append(found(FindingCode.NO_HOLD, Severity.REJECT, 0, limit=limit))
    return Assessment(
        setup=setup,
        status=Status.MEASURED if measured else Status.NOT_MEASURED,
        left=results[Side.LEFT],
        right=results[Side.RIGHT],
        analysis=analysis,
        asymmetry=_asymmetry(camera, results[Side.LEFT], results[Side.RIGHT]),
        findings=tuple(map(_finding_advised, findings)),
        provenance=provenance or Provenance(),
    )


# ------------------------------------------------------------------------------------------------------------ sides

#: Standard error of a shank's direction where its reader states none: half of 1,695 shanks of men filmed by calibrated
#: cameras lay within 1.85° of the truth by MediaPipe's landmarks alone, which makes 1.85° / 0.6745 = 2.7°. Landmarks of
#: another model are not better known than that.
UNSTATED_SE_DEG = 2.7
#: How nearly parallel people hold their thighs when told to, as a standard deviation; assumed like that of the knee
#: (`core.knee`). The plane that the shank is read in turns with the thigh.
THIGH_SD_DEG = 3.5
#: How far the reading of one and the same end range scatters from trial to trial. What the subject does differently
#: from trial to trial is no error of their mean; it is reported as the trials' standard deviation and enters the
#: smallest detectable difference.
READING_SD_DEG = 0.7
#: Standard deviation between a subject's trials where a clip has too few to tell.
TRIAL_SD_DEG = 2.0
ROLL_TERM, PITCH_TERM, YAW_TERM, LENS_TERM = "camera roll", "camera pitch", "camera yaw", "lens"
CAMERA_TERMS = (ROLL_TERM, PITCH_TERM, YAW_TERM, LENS_TERM)
#: Standard error of a thigh's drift, which rests on the thigh being as long as the shank, as a share of it.
DRIFT_SE_SHARE = 0.25


def accepted(trial: Trial) -> bool:
    """Whether a trial counts towards the end range: held, and not rejected.

    Examples
    --------
    >>> held = Trial(Side.LEFT, 0, 90, 30, 60, 0.0, 35.0, 36.0, 35.5, 0.4)
    >>> accepted(held), accepted(replace(held, hold_stop=30, end_range_deg=np.nan))
    (True, False)
    """
    return trial.held and not _refused(trial)


def _refused(trial: Trial) -> bool:
    return any(f.severity is Severity.REJECT for f in trial.findings)


def _find_trials(
    series: PoseSeries, angles: AngleSeries, setup: Setup
) -> tuple[tuple[Trial, ...], tuple[Finding, ...]]:
    """Return the trials of both legs with their findings, and all that is to be told of them and of each leg.

    What no hip does is no repetition of anything, and a side that has trials without it keeps them, with a doubt.
    """
    swings = [t for side in SIDES for t in find_trials(angles.time_s, angles.raw_deg[:, side.column], side)]
    swings = [check_possible(t, series, angles, swings) for t in swings]
    trials: tuple[Trial, ...] = ()
    findings: list[Finding] = []
    for side in SIDES:
        mine = [t for t in swings if t.side is side]
        repeated, uneven = repetitions(side, [t for t in mine if not _refused(t)])
        trials += tuple(sorted((*repeated, *filter(_refused, mine)), key=lambda t: t.start))
        findings += uneven
    trials = tuple(_advised(check_trial(t, angles, trials, setup.procedure)) for t in trials)
    for side in SIDES:
        mine = [t for t in trials if t.side is side]
        findings += check_leg(side, angles, trials)
        others_count = not all(map(_refused, mine))
        for finding in (f for t in mine for f in t.findings):
            spared = others_count and finding.severity is Severity.REJECT
            findings.append(replace(finding, severity=Severity.DOUBT) if spared else finding)
    return trials, tuple(findings)


def _measure_side(side: Side, series: PoseSeries, setup: Setup, analysis: Analysis, *, refused: bool) -> SideResult:
    mine = analysis.trials_of(side)
    good = [t for t in mine if accepted(t)] or [t for t in mine if not (t.held or _refused(t))]
    held = tuple(t for t in mine if t.held)
    if refused or not good:
        return SideResult(side, Status.NOT_MEASURED, trials=held)
    values = np.array([t.best_deg for t in good])
    end_range_deg = float(values.mean())
    terms = _error_terms(side, series, setup, analysis, good)
    half_deg = 1.96 * float(np.sqrt(sum(t.se_deg**2 for t in terms)))
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
        pelvis_corrected_deg=_number(float(np.mean(values - pelvis))),
        onset_deg=_onset_deg(moved),
        raw_peak_deg=float(max(t.raw_peak_deg for t in good)),
        filtered_peak_deg=float(max(t.filtered_peak_deg for t in good)),
        rest_deg=_number(good[0].rest_deg),
        trial_sd_deg=float(values.std(ddof=1)) if len(values) > 1 else None,
        trials=held,
        compensations=_usual_compensations(moved),
        error_terms=terms,
        reference=tuple(
            compare(end_range_deg, interval, reference)
            for reference in find_references(
                setup.procedure, age_years=setup.age_years, sex=setup.sex, effort=setup.effort
            )
        ),
    )


def _onset_deg(moved: Sequence[tuple[Compensation, ...]]) -> float | None:
    """Return the angle at which compensation began, degrees, the mean of the trials that have one; None for none."""
    onsets = [[c.onset_deg for c in each if np.isfinite(c.onset_deg)] for each in moved]
    first = [min(each) for each in onsets if each]
    return float(np.mean(first)) if first else None


def _usual_compensations(moved: Sequence[tuple[Compensation, ...]]) -> tuple[Compensation, ...]:
    """Return each compensation that counts, as the mean of the trials in which it does."""
    usual = []
    for same in zip(*moved, strict=True):
        counting = [c for c in same if c.counts]
        if counting:
            moved_deg = float(np.mean([c.moved_deg for c in counting]))
            onset_deg = float(np.mean([c.onset_deg for c in counting]))
            usual.append(replace(counting[0], moved_deg=moved_deg, onset_deg=onset_deg))
    return tuple(usual)


def _error_terms(
    side: Side, series: PoseSeries, setup: Setup, analysis: Analysis, good: Sequence[Trial]
) -> tuple[ErrorTerm, ...]:
    """Return the standard errors that make up the interval of one side."""
    camera, angles = analysis.camera, analysis.angles
    held = np.concatenate([np.arange(end_part(t).start, end_part(t).stop) for t in good]).astype(int)
    lateral, shank_up = float(angles.lateral[side.column]), setup.procedure.shank_up
    view = _view_of_thigh(camera, lateral, median_of(angles.thigh_drift_deg[held, side.column]))
    knee, ankle = (series.image_px[held, joint[side.column]] for joint in (KNEES, ANKLES))
    shifts = camera_shifts_deg(knee, ankle, lateral, view, series.frame_size_px, shank_up=shank_up)
    known = np.isfinite(shifts).all(axis=1)
    roll, pitch, yaw, lens = np.abs(np.median(shifts[known], axis=0)) if known.any() else np.zeros(4)
    end_range = float(np.mean([t.best_deg for t in good]))
    off = np.array([KNEE_SD_DEG, -KNEE_SD_DEG])
    knee_effect = np.abs(knee_effect_deg(end_range, off, view, lateral, shank_up=shank_up)).mean()
    reader = _reader_term(median_of(series.shank_se_deg[held, side.column]), setup.procedure.anatomy_se_deg)
    return (
        ErrorTerm(ROLL_TERM, float(roll)),
        ErrorTerm(PITCH_TERM, float(pitch)),
        ErrorTerm(YAW_TERM, float(yaw)),
        ErrorTerm(LENS_TERM, float(lens)),
        ErrorTerm("knee not at 90°", float(knee_effect)),
        ErrorTerm("thighs not parallel", float(yaw) / view.yaw.se_deg * THIGH_SD_DEG),
        ErrorTerm("trials", READING_SD_DEG / float(np.sqrt(len(good)))),
        reader,
    )


def _reader_term(se_deg: float, anatomy_se_deg: float) -> ErrorTerm:
    """Return what landmarks and anatomy leave open; a reader that does not state its error is not taken as exact."""
    if np.isfinite(se_deg):
        return ErrorTerm("landmarks and anatomy", float(np.hypot(anatomy_se_deg, se_deg)))
    term = f"landmarks, their error not stated and taken as {UNSTATED_SE_DEG:g}°, and anatomy"
    return ErrorTerm(term, float(np.hypot(anatomy_se_deg, UNSTATED_SE_DEG)))


def _view_of_thigh(camera: CameraPose, lateral: float, drift_deg: float) -> CameraPose:
    """Return the camera as it stands around one thigh that has drifted outwards."""
    drift = float(believed_drift_deg(drift_deg))
    yaw = camera.yaw
    se_deg = float(np.hypot(yaw.se_deg, DRIFT_SE_SHARE * drift))
    return replace(camera, yaw=replace(yaw, value_deg=yaw.value_deg - lateral * drift, se_deg=se_deg))


def _asymmetry(camera: CameraPose, left: SideResult, right: SideResult) -> Asymmetry | None:
    """Compare the sides; None where one is missing or the roll, which counts twice, is not known."""
    if left.end_range_deg is None or right.end_range_deg is None or not camera.roll_known:
        return None
    difference = left.end_range_deg - right.end_range_deg
    variance = 0.0
    for ours, theirs in zip(left.error_terms, right.error_terms, strict=True):
        # A roll pushes the legs opposite ways and adds up; every other term counts as independent.
        together = ours.source == ROLL_TERM
        variance += (ours.se_deg + theirs.se_deg) ** 2 if together else ours.se_deg**2 + theirs.se_deg**2
    for result in (left, right):
        variance += trial_variance([t.best_deg for t in result.trials if accepted(t)])
    mdc95 = 1.96 * float(np.sqrt(variance))
    verdict = asymmetry_verdict(difference, mdc95)
    return None if verdict is None else Asymmetry(difference, mdc95, verdict)


def trial_variance(end_ranges_deg: Sequence[float]) -> float:
    """Return the variance of a side's mean that its trials' own scatter makes, pooled with one trial's worth of prior.

    A sample of three says little about its own spread; without a trial the prior's variance is left.

    Examples
    --------
    >>> trial_variance([]), round(trial_variance([30.0, 31.0, 32.0]), 3)
    (4.0, 0.667)
    """
    values = np.array(end_ranges_deg, dtype=np.float64)
    if len(values) == 0:
        return TRIAL_SD_DEG**2
    spread = float(((values - values.mean()) ** 2).sum()) + TRIAL_SD_DEG**2
    return spread / len(values) ** 2


# --------------------------------------------------------------------------------------------------------- findings


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _finding_advised(finding: Finding) -> Finding:
    """Return the finding with one sentence on what to do."""
    if finding.advice:
        return finding
    return replace(
        finding,
        advice=advice_for(
            finding.code,
            observed=finding.observed,
            limit=finding.limit,
            unit=finding.unit,
            side=finding.side,
        ),
    )


def _advised(trial: Trial) -> Trial:
    return replace(trial, findings=tuple(map(_finding_advised, trial.findings)))


def _rejected(findings: Sequence[Finding]) -> bool:
    """Whether the recording as a whole carries no number."""
    return any(f.severity is Severity.REJECT and f.side is None for f in findings)


def _strongest(findings: Sequence[Finding]) -> list[Finding]:
    """Return one finding for each code and side, the heaviest and then the largest one."""
    weight = {Severity.NOTE: 0, Severity.DOUBT: 1, Severity.REJECT: 2}
    best: dict[tuple[FindingCode, Side | None], Finding] = {}
    for finding in findings:
        key = finding.code, finding.side
        rank = weight[finding.severity], abs(finding.observed or 0.0)
        if key not in best or rank > (weight[best[key].severity], abs(best[key].observed or 0.0)):
            best[key] = finding
    return sorted(best.values(), key=lambda f: -weight[f.severity])
