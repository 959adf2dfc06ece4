"""How far a number may be off: the error terms of an end range, and the smallest difference that is more than error.

Every term is a standard error in degrees. Terms are taken as independent and add up as squares; the 95 % interval is
the end range ± `CENTRAL_95_SD` times the root of their sum (an expanded uncertainty, k = 1.96; METHOD R2).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hipcv.core.camera.pose import CameraPose, camera_shifts_deg
from hipcv.core.motion.angles import AngleSeries, believed_drift_deg
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.out_of_plane import KNEE_SD_DEG, knee_effect_deg
from hipcv.core.motion.trials import Trial
from hipcv.core.procedure import Procedure
from hipcv.core.series import ANKLES, KNEES, FloatArray, PoseSeries
from hipcv.words import Side

#: Half-width of the central 95 % of a normal distribution, in standard deviations.
CENTRAL_95_SD = 1.96

#: How far a real leg's joints and outline lie off its axis, as long as it is seen from one side: the constant error of
#: a series of one leg before one camera, root mean square over the series of three men filmed by calibrated cameras
#: (up to 3.1°). Rendered legs show less of it (`Procedure.anatomy_se_deg`).
JOINTS_SE_DEG = 1.55
#: Standard error of a shank's direction where its reader states none, the joints' included: half of 1,695 shanks of
#: the same men lay within 1.85° of the truth by MediaPipe's landmarks alone, which makes 1.85° / 0.6745 = 2.7°.
#: Landmarks of another model are not better known than that.
UNSTATED_SE_DEG = 2.7
#: Standard error of a shank's direction in one look, the joints' included, below which none is taken to be known: of
#: shanks of one man, read in one photograph each, 90 % lay within 2.8° of the truth (`benchmarks/real_photos.py`),
#: which makes 2.8° / 1.645.
LOOK_SE_DEG = 1.7
#: How nearly parallel people hold their thighs when told to, as a standard deviation; assumed like that of the knee
#: (`core.motion.out_of_plane`). The plane that the shank is read in turns with the thigh.
THIGH_SD_DEG = 3.5
#: How far the reading of one and the same end range scatters from trial to trial. What the subject does differently
#: from trial to trial is no error of their mean; it is reported as the trials' standard deviation and enters the
#: smallest detectable difference.
READING_SD_DEG = 0.7
#: Standard deviation between a subject's trials where a clip has too few to tell.
TRIAL_SD_DEG = 2.0
#: Standard error of a thigh's drift, which rests on the thigh being as long as the shank, as a share of it.
DRIFT_SE_SHARE = 0.25

ROLL_TERM, PITCH_TERM, YAW_TERM, LENS_TERM = "camera roll", "camera pitch", "camera yaw", "lens"
CAMERA_TERMS = (ROLL_TERM, PITCH_TERM, YAW_TERM, LENS_TERM)
JOINTS_TERM = "where this leg's joints are"
TRIALS_TERM, READING_TERM = "trials", "reading of the shank"


@dataclass(frozen=True, slots=True)
class ErrorTerm:
    """One source of error of a side's end range and its standard error in degrees."""

    source: str
    se_deg: float


@dataclass(frozen=True, slots=True, eq=False)
class HeldLeg:
    """What the error of one side's end range depends on.

    Attributes
    ----------
    procedure : the test.
    end_range_deg : mean of the trials that count, as an angle of the shank: negative with the foot inwards.
    n_trials : how many they are.
    reader_se_deg : standard error of the shank's direction as its reader states it; NaN where it states none.
    lateral : picture direction of the leg's lateral side, +1 right or -1 left.
    view : the camera as it stands around this thigh.
    camera_se_deg : (4,) what roll, pitch, yaw and lens add, degrees; 0 where the leg was not seen.
    """

    procedure: Procedure
    end_range_deg: float
    n_trials: int
    reader_se_deg: float
    lateral: float
    view: CameraPose
    camera_se_deg: FloatArray


def held_leg(
    side: Side,
    series: PoseSeries,
    angles: AngleSeries,
    camera: CameraPose,
    procedure: Procedure,
    good: Sequence[Trial],
) -> HeldLeg:
    """Return one leg at the end of its range, over the frames of the trials that count (`good`, at least one).

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> from hipcv.core.motion.angles import measure_angles
    >>> from hipcv.core.setup import Setup
    >>> px = np.full((3, 33, 2), np.nan)
    >>> px[:, [*KNEES, *ANKLES]] = [[360, 240], [280, 240], [410, 326.6], [280, 340]]
    >>> series = PoseSeries(np.arange(3) / 30, px, np.full((3, 33, 3), np.nan), np.ones((3, 33)), (640, 480))
    >>> angles = measure_angles(series, Setup(), LEVEL)
    >>> trial = Trial(Side.LEFT, 0, 3, 0, 3, 0.0, 30.0, 30.0, 30.0, 0.0)
    >>> leg = held_leg(Side.LEFT, series, angles, LEVEL, Setup().procedure, [trial])
    >>> leg.end_range_deg, leg.n_trials, leg.reader_se_deg, leg.camera_se_deg.shape
    (30.0, 1, nan, (4,))
    """
    held = np.concatenate([np.arange(t.end_part.start, t.end_part.stop) for t in good]).astype(int)
    lateral = float(angles.lateral[side.column])
    view = _view_of_thigh(camera, lateral, median_of(angles.thigh_drift_deg[held, side.column]))
    knee, ankle = (series.image_px[held, joint[side.column]] for joint in (KNEES, ANKLES))
    shifts = camera_shifts_deg(knee, ankle, lateral, view, series.frame_size_px, shank_up=procedure.shank_up)
    known = np.isfinite(shifts).all(axis=1)
    return HeldLeg(
        procedure=procedure,
        end_range_deg=float(np.mean([t.motion.sign * t.best_deg for t in good])),
        n_trials=len(good),
        reader_se_deg=median_of(series.shank_se_deg[held, side.column]),
        lateral=lateral,
        view=view,
        camera_se_deg=np.abs(np.median(shifts[known], axis=0)) if known.any() else np.zeros(len(CAMERA_TERMS)),
    )


def _view_of_thigh(camera: CameraPose, lateral: float, drift_deg: float) -> CameraPose:
    """Return the camera as it stands around one thigh that has drifted outwards."""
    drift = float(believed_drift_deg(drift_deg))
    yaw = camera.yaw
    se_deg = float(np.hypot(yaw.se_deg, DRIFT_SE_SHARE * drift))
    return replace(camera, yaw=replace(yaw, value_deg=yaw.value_deg - lateral * drift, se_deg=se_deg))


# ------------------------------------------------------------------------------------------------------------ the terms


def camera_terms(leg: HeldLeg) -> tuple[ErrorTerm, ...]:
    """Return what the camera's roll, pitch, yaw and lens leave open.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> from hipcv.core.procedures import procedure_named
    >>> leg = HeldLeg(procedure_named("seated"), 35.0, 3, 0.8, 1.0, LEVEL, np.array([0.5, 0.2, 1.0, 0.1]))
    >>> [(term.source, term.se_deg) for term in camera_terms(leg)]
    [('camera roll', 0.5), ('camera pitch', 0.2), ('camera yaw', 1.0), ('lens', 0.1)]
    """
    return tuple(ErrorTerm(name, float(se)) for name, se in zip(CAMERA_TERMS, leg.camera_se_deg, strict=True))


def knee_term(leg: HeldLeg) -> tuple[ErrorTerm, ...]:
    """Return what a knee leaves open that nobody holds at exactly a right angle.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL, CameraAngle
    >>> from hipcv.core.procedures import procedure_named
    >>> down = replace(LEVEL, pitch=CameraAngle(20.0, 1.0))
    >>> for view in (LEVEL, down):  # a level camera does not mind
    ...     leg = HeldLeg(procedure_named("seated"), 35.0, 3, 0.8, 1.0, view, np.zeros(4))
    ...     print(round(knee_term(leg)[0].se_deg, 1))
    0.0
    0.7
    """
    off = np.array([KNEE_SD_DEG, -KNEE_SD_DEG])
    effect = knee_effect_deg(leg.end_range_deg, off, leg.view, leg.lateral, shank_up=leg.procedure.shank_up)
    return (ErrorTerm("knee not at 90°", float(np.abs(effect).mean())),)


def thighs_term(leg: HeldLeg) -> tuple[ErrorTerm, ...]:
    """Return what thighs leave open that are not parallel: a turn of the plane, like a turn of the camera.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL, CameraAngle
    >>> from hipcv.core.procedures import procedure_named
    >>> view = replace(LEVEL, yaw=CameraAngle(0.0, 7.0))
    >>> leg = HeldLeg(procedure_named("seated"), 35.0, 3, 0.8, 1.0, view, np.array([0.5, 0.2, 1.0, 0.1]))
    >>> thighs_term(leg)[0].se_deg  # half as far as the yaw, half as much
    0.5
    """
    yaw = float(leg.camera_se_deg[CAMERA_TERMS.index(YAW_TERM)])
    return (ErrorTerm("thighs not parallel", yaw / leg.view.yaw.se_deg * THIGH_SD_DEG),)


def trials_term(leg: HeldLeg) -> tuple[ErrorTerm, ...]:
    """Return what reading leaves open that differs from trial to trial.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> from hipcv.core.procedures import procedure_named
    >>> leg = HeldLeg(procedure_named("seated"), 35.0, 4, 0.8, 1.0, LEVEL, np.zeros(4))
    >>> round(trials_term(leg)[0].se_deg, 2)
    0.35
    """
    return (ErrorTerm(TRIALS_TERM, READING_SD_DEG / float(np.sqrt(leg.n_trials))),)


def joints_term(leg: HeldLeg) -> tuple[ErrorTerm, ...]:
    """Return what a leg's own shape leaves open: constant as long as it is seen from the same side.

    No look at the clip makes it smaller, for calf, clothes and what the networks take for a joint are the same in all.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> from hipcv.core.procedures import procedure_named
    >>> joints_term(HeldLeg(procedure_named("seated"), 35.0, 3, 0.8, 1.0, LEVEL, np.zeros(4)))
    (ErrorTerm(source="where this leg's joints are", se_deg=1.55),)
    """
    return (ErrorTerm(JOINTS_TERM, max(JOINTS_SE_DEG, leg.procedure.anatomy_se_deg)),)


def reader_term(leg: HeldLeg) -> tuple[ErrorTerm, ...]:
    """Return what the pictures leave open; a reader that does not state its error is not taken as exact.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> from hipcv.core.procedures import procedure_named
    >>> stated = HeldLeg(procedure_named("seated"), 35.0, 3, 0.4, 1.0, LEVEL, np.zeros(4))
    >>> reader_term(stated)[0].se_deg, round(reader_term(replace(stated, reader_se_deg=np.nan))[0].se_deg, 1)
    (0.4, 2.2)
    """
    if np.isfinite(leg.reader_se_deg):
        return (ErrorTerm(READING_TERM, leg.reader_se_deg),)
    # what is known of such readers includes the joints, which are counted by themselves
    joints = joints_term(leg)[0].se_deg
    name = f"{READING_TERM}, its error not stated and with the joints taken as {UNSTATED_SE_DEG:g}°"
    return (ErrorTerm(name, float(np.sqrt(max(0.0, UNSTATED_SE_DEG**2 - joints**2)))),)


#: Every source of error there is, in the order in which it is told. A further one is one function more.
TERMS: tuple[Callable[[HeldLeg], tuple[ErrorTerm, ...]], ...] = (
    camera_terms,
    knee_term,
    thighs_term,
    trials_term,
    joints_term,
    reader_term,
)


def error_terms(leg: HeldLeg) -> tuple[ErrorTerm, ...]:
    """Return the standard errors that make up the interval of one side.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL, CameraAngle
    >>> from hipcv.core.procedures import procedure_named
    >>> view = replace(LEVEL, yaw=CameraAngle(0.0, 7.0))
    >>> leg = HeldLeg(procedure_named("seated"), 35.0, 3, 0.8, 1.0, view, np.array([0.5, 0.2, 1.0, 0.1]))
    >>> [term.source for term in error_terms(leg)][4:]
    ['knee not at 90°', 'thighs not parallel', 'trials', "where this leg's joints are", 'reading of the shank']
    """
    return tuple(term for terms in TERMS for term in terms(leg))


# ------------------------------------------------------------------------------------------------------------- together


def half_width_deg(terms: Sequence[ErrorTerm]) -> float:
    """Return half the 95 % interval that the terms leave, degrees.

    Examples
    --------
    >>> round(half_width_deg([ErrorTerm("lens", 0.3), ErrorTerm("trials", 0.4)]), 2)
    0.98
    """
    return CENTRAL_95_SD * float(np.sqrt(sum(t.se_deg**2 for t in terms)))


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


def difference_mdc95_deg(
    terms: tuple[Sequence[ErrorTerm], Sequence[ErrorTerm]], end_ranges_deg: tuple[Sequence[float], Sequence[float]]
) -> float:
    """Return the smallest difference between the legs of one recording that is more than error, degrees.

    Parameters
    ----------
    terms : each side's error terms. A roll pushes the legs opposite ways and adds up; every other term counts as
        independent, the joints' too: nothing shows that a person's legs share it.
    end_ranges_deg : each side's trials that count.

    Examples
    --------
    >>> ours, theirs = [ErrorTerm(ROLL_TERM, 0.5)], [ErrorTerm(ROLL_TERM, 0.5)]
    >>> round(difference_mdc95_deg((ours, theirs), ([30.0, 31.0, 32.0], [33.0, 34.0, 35.0])), 2)
    2.99
    """
    return _mdc95_deg(terms, end_ranges_deg, {ROLL_TERM: -1.0})


def change_mdc95_deg(
    terms: tuple[Sequence[ErrorTerm], Sequence[ErrorTerm]],
    end_ranges_deg: tuple[Sequence[float], Sequence[float]],
    *,
    same_view: bool,
) -> float:
    """Return the smallest change of one hip between two recordings of one sitting that is more than error, degrees.

    Parameters
    ----------
    terms : the error terms of both times, taken as independent but for the joints'.
    end_ranges_deg : the trials that count, both times; what the subject does differently is taken as independent.
    same_view : whether the leg was seen from the same side both times: then its joints are off alike, and that cancels.

    Examples
    --------
    >>> once = [ErrorTerm(JOINTS_TERM, 1.55), ErrorTerm("reading of the shank", 1.1)]
    >>> trials = [30.0, 31.0, 32.0], [33.0, 34.0, 35.0]
    >>> [round(change_mdc95_deg((once, once), trials, same_view=same), 1) for same in (True, False)]
    [3.8, 5.7]
    """
    return _mdc95_deg(terms, end_ranges_deg, {JOINTS_TERM: 1.0} if same_view else {})


def _mdc95_deg(
    terms: tuple[Sequence[ErrorTerm], Sequence[ErrorTerm]],
    end_ranges_deg: tuple[Sequence[float], Sequence[float]],
    correlations: Mapping[str, float],
) -> float:
    """Return 1.96 standard deviations of the error of a difference, some of whose terms are correlated."""
    ours, theirs = ({term.source: term.se_deg for term in side} for side in terms)
    variance = sum(se_deg**2 for side in (ours, theirs) for se_deg in side.values())
    variance -= sum(2 * share * ours.get(name, 0.0) * theirs.get(name, 0.0) for name, share in correlations.items())
    variance += sum(trial_variance(values) for values in end_ranges_deg)
    return CENTRAL_95_SD * float(np.sqrt(variance))
