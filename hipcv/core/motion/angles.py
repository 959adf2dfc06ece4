"""The angle of each shank and its companions, frame by frame (METHOD A2, A3)."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from hipcv.core.camera.pinhole import image_angle_deg
from hipcv.core.camera.pose import CameraPose
from hipcv.core.motion.filtering import clean, median_of, smooth
from hipcv.core.procedure import PelvisCue
from hipcv.core.series import (
    ANKLES,
    HIPS,
    KNEES,
    MIRROR_ROWS,
    SHOULDERS,
    BoolArray,
    FloatArray,
    IntArray,
    PoseSeries,
    seal,
)
from hipcv.core.setup import Setup
from hipcv.words import SIDES, Side

#: A landmark the pose model itself calls this unlikely to be seen is missing (the model reports hidden joints too).
MIN_VISIBILITY = 0.5


#: How far the knee of a thigh that lies still may seem to wander, in degrees of drift: a drift well below it is not
#: believed, one well above it is.
DRIFT_NOISE_DEG = 7.0
#: A shank shows where its line passes its knee while it rises by this share of its length, which it does to 70°.
MIN_STEEP = 0.34

PER_LEG = (
    "raw_deg",
    "internal_rotation_deg",
    "image_deg",
    "thigh_drift_deg",
    "hip_flexion_deg",
    "knee_flexion_deg",
    "thigh_px",
    "shank_px",
)


@dataclass(frozen=True, slots=True, eq=False)
class AngleSeries:
    """Angles in degrees over T frames; missing is NaN; columns of (T, 2) are left, right.

    Attributes
    ----------
    time_s : (T,) seconds.
    raw_deg : (T, 2) internal rotation frame by frame, corrected for the camera, unfiltered; within (-180, 180],
        positive with the foot lateral of the knee.
    internal_rotation_deg : (T, 2) the same without spikes and short gaps, low-passed.
    image_deg : (T, 2) the shank against the picture's own vertical, unfiltered: what a bare reading would give.
    pelvic_obliquity_deg : (T,) line through the hip landmarks (prone: through the knees) against the horizontal,
        + = left hip higher, low-passed.
    trunk_lean_deg : (T,) mid-hips to mid-shoulders against the plumb line, + = towards the subject's left, low-passed.
    thigh_drift_deg : (T, 2) how far the thigh has swung outwards from where it was at rest, low-passed.
    hip_flexion_deg, knee_flexion_deg : (T, 2) from the pose model's world landmarks, 0 = straight; good for telling
        sitting from standing, not for a number.
    body_yaw_deg : (T,) how far the camera has moved to its own right around the subject, from the world landmarks.
    shank_px, thigh_px : (T, 2) knee to ankle and hip to knee in pixels, unfiltered.
    lateral : (2,) +1 where the leg's lateral side lies to the right of the picture, else -1.
    """

    time_s: FloatArray
    raw_deg: FloatArray
    internal_rotation_deg: FloatArray
    image_deg: FloatArray
    pelvic_obliquity_deg: FloatArray
    trunk_lean_deg: FloatArray
    thigh_drift_deg: FloatArray
    hip_flexion_deg: FloatArray
    knee_flexion_deg: FloatArray
    body_yaw_deg: FloatArray
    thigh_px: FloatArray
    shank_px: FloatArray
    lateral: IntArray

    def __post_init__(self) -> None:
        n = len(self.time_s)
        for name in PER_LEG:
            object.__setattr__(self, name, seal(getattr(self, name), np.float64, (n, 2), name))
        for name in ("time_s", "pelvic_obliquity_deg", "trunk_lean_deg", "body_yaw_deg"):
            object.__setattr__(self, name, seal(getattr(self, name), np.float64, (n,), name))
        object.__setattr__(self, "lateral", seal(self.lateral, np.int64, (2,), "lateral"))

    def of(self, side: Side) -> FloatArray:
        """Return the filtered internal rotation (T,) of one side, degrees.

        Examples
        --------
        >>> one, two, left_only = np.zeros(1), np.zeros((1, 2)), np.array([[30.0, np.nan]])
        >>> angles = AngleSeries(one, two, left_only, two, one, one, two, two, two, one, two, two, np.array([1, -1]))
        >>> angles.of(Side.LEFT).tolist(), angles.of(Side.RIGHT).tolist()
        ([30.0], [nan])
        """
        column: FloatArray = self.internal_rotation_deg[:, side.column]
        return column


def lateral_signs(setup: Setup) -> IntArray:
    """Return (2,) the horizontal picture direction of each leg's lateral side: left leg, right leg.

    The test and the camera's place decide (`Procedure.lateral`); the labels of the pose model play no part.

    Examples
    --------
    >>> lateral_signs(Setup()).tolist()
    [1, -1]
    """
    return np.array(setup.procedure.lateral(setup.camera_side), dtype=np.int64)


def sides_exchanged(image_px: FloatArray, setup: Setup) -> BoolArray:
    """Return (...) whether the rows of `image_px` (..., 33, 2) name the sides the wrong way round; False where unseen.

    The pose model exchanges left and right of a person now and then. The side of a knee is decided by where it lies.

    Examples
    --------
    >>> px = np.full((2, 33, 2), np.nan)
    >>> px[0, KNEES, 0] = 280.0, 360.0  # the left knee on the left, though the camera is opposite
    >>> sides_exchanged(px, Setup()).tolist()
    [True, False]
    """
    knees_x = image_px[..., KNEES, 0]
    exchanged: BoolArray = np.asarray((knees_x[..., 0] - knees_x[..., 1]) * lateral_signs(setup)[0] < 0)
    return exchanged


def sort_sides(series: PoseSeries, setup: Setup) -> PoseSeries:
    """Return the series with every row the subject's own, as the camera's place demands (METHOD S7).

    One that is sorted stays as it is.

    Frames in which the knees stand in the wrong order get all their labels exchanged; `swapped` says which these were.

    Examples
    --------
    >>> px = np.full((2, 33, 2), np.nan)
    >>> px[:, KNEES, 0] = [[360.0, 280.0], [280.0, 360.0]]
    >>> series = PoseSeries(np.array([0.0, 0.1]), px, np.full((2, 33, 3), np.nan), np.ones((2, 33)), (640, 480))
    >>> own = sort_sides(series, Setup())
    >>> own.image_px[:, KNEES, 0].tolist(), own.swapped.tolist()
    ([[360.0, 280.0], [360.0, 280.0]], [False, True])
    """
    wrong = sides_exchanged(series.image_px, setup)
    if not wrong.any():
        return series

    def own(values: FloatArray, rows: IntArray) -> FloatArray:
        return np.where(wrong.reshape(-1, *[1] * (values.ndim - 1)), values[:, rows], values)

    legs = np.array([1, 0])
    return replace(
        series,
        image_px=own(series.image_px, MIRROR_ROWS),
        world_m=own(series.world_m, MIRROR_ROWS),
        visibility=own(series.visibility, MIRROR_ROWS),
        shank_se_deg=own(series.shank_se_deg, legs),
        knee_outline_px=own(series.knee_outline_px, legs),
        swapped=series.swapped ^ wrong,
    )


def measure_angles(series: PoseSeries, setup: Setup, camera: CameraPose) -> AngleSeries:
    """Measure both shanks and their companions in every frame.

    Steps: 1 unseen landmarks dropped; 2 the ankle's ray cut with the plane across the thigh
    (`Pinhole.shank_angle_deg`), which turns with a thigh that drifts; 3 spikes removed, gaps up to 0.25 s bridged,
    zero-phase low-pass.

    Parameters
    ----------
    series : with its sides sorted (`sort_sides`).

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> px = np.full((3, 33, 2), np.nan)
    >>> px[:, [*KNEES, *ANKLES]] = [[360, 240], [280, 240], [410, 326.6], [np.nan, np.nan]]
    >>> series = PoseSeries(np.arange(3) / 30, px, np.full((3, 33, 3), np.nan), np.ones((3, 33)), (640, 480))
    >>> measure_angles(series, Setup(), LEVEL).internal_rotation_deg.round(1).tolist()
    [[30.0, nan], [30.0, nan], [30.0, nan]]
    """
    time_s = series.time_s
    px = seen_px(series)
    knees, ankles = px[:, KNEES], px[:, ANKLES]
    lateral = lateral_signs(setup)
    shank_up = setup.procedure.shank_up

    def settle(values: FloatArray) -> FloatArray:
        return smooth(time_s, clean(time_s, values))

    shank_px = np.linalg.norm(ankles - knees, axis=-1)
    drift = np.stack([settle(d) for d in _thigh_drift(px, lateral, shank_px).T], axis=-1)
    # the angle's plane turns with the thigh
    yaw_deg = camera.yaw.value_deg - lateral * believed_drift_deg(drift)
    pinhole = camera.pinhole(series.frame_size_px, yaw_deg=yaw_deg)
    raw = pinhole.shank_angle_deg(knees, ankles, lateral, shank_up=shank_up)

    left = float(lateral[0])
    hips, shoulders = px[:, HIPS], px[:, SHOULDERS]
    line = _pelvis_line_px(series, setup, hips, raw)
    across = line[:, 0] - line[:, 1]
    spine = shoulders.mean(axis=1) - hips.mean(axis=1)
    roll = camera.roll.value_deg
    # A picture turned clockwise by r lowers the right end of a level line by r and leans a plumb line right by r.
    obliquity = np.degrees(np.arctan2(-across[:, 1], left * across[:, 0])) + left * roll
    lean = left * (np.degrees(np.arctan2(spine[:, 0], -spine[:, 1])) - roll)
    world_m = series.world_m
    return AngleSeries(
        time_s=time_s,
        raw_deg=raw,
        internal_rotation_deg=np.stack([settle(raw[:, side.column]) for side in SIDES], axis=-1),
        image_deg=image_angle_deg(knees, ankles, lateral, shank_up=shank_up),
        pelvic_obliquity_deg=settle(obliquity),
        trunk_lean_deg=settle(lean),
        thigh_drift_deg=drift,
        hip_flexion_deg=hip_flexion_deg(world_m),
        knee_flexion_deg=180.0
        - _angle_between_deg(world_m[:, HIPS] - world_m[:, KNEES], world_m[:, ANKLES] - world_m[:, KNEES]),
        body_yaw_deg=settle(body_yaw_deg(world_m, left)),
        thigh_px=np.linalg.norm(knees - hips, axis=-1),
        shank_px=shank_px,
        lateral=lateral,
    )


def _pelvis_line_px(series: PoseSeries, setup: Setup, hips_px: FloatArray, raw_deg: FloatArray) -> FloatArray:
    """Return (T, 2, 2) the ends of the line that shows the pelvis: both hips, or both knees."""
    if setup.procedure.pelvis_from is not PelvisCue.KNEES:
        return hips_px
    if not setup.inwards:
        return series.knee_outline_px
    # a leg that lies to make way has its knee elsewhere: its outline says nothing of the pelvis
    both = np.isfinite(raw_deg.sum(axis=1))
    return np.where(both[:, None, None], series.knee_outline_px, np.nan)


def hip_flexion_deg(world_m: FloatArray) -> FloatArray:
    """Return (..., 2) how far each hip is bent, 0 = straight, from world landmarks (..., 33, 3); NaN gives NaN.

    Examples
    --------
    >>> world_m = np.full((33, 3), np.nan)
    >>> world_m[list(HIPS)], world_m[list(SHOULDERS)] = 0.0, (0.0, -0.5, 0.0)
    >>> world_m[KNEES[0]] = 0.0, 0.0, -0.4
    >>> hip_flexion_deg(world_m).round(6).tolist()
    [90.0, nan]
    """
    spine_m = world_m[..., SHOULDERS, :].mean(axis=-2) - world_m[..., HIPS, :].mean(axis=-2)
    return 180.0 - _angle_between_deg(spine_m[..., None, :], world_m[..., KNEES, :] - world_m[..., HIPS, :])


def body_yaw_deg(world_m: FloatArray, left: float) -> FloatArray:
    """Return (...) the camera's way around a seated body: mean of what the shoulders' line and the thighs say.

    The line of the hips is left out: the heavy model turns it by some 15° on people who sit square.

    Parameters
    ----------
    world_m : (..., 33, 3) metres as the pose model gives them, sides sorted; NaN gives NaN.
    left : `lateral_signs` of the left leg.

    Examples
    --------
    >>> world_m = np.zeros((33, 3))
    >>> world_m[list(SHOULDERS)] = [[0.2, -0.5, 0.0], [-0.2, -0.5, 0.0]]
    >>> world_m[list(KNEES)] = [[0.1, 0.0, -0.4], [-0.1, 0.0, -0.4]]
    >>> float(body_yaw_deg(world_m, 1.0).round(6) + 0.0), float(body_yaw_deg(world_m * np.nan, 1.0))
    (0.0, nan)
    """
    across = left * (world_m[..., SHOULDERS[0], :] - world_m[..., SHOULDERS[1], :])
    thighs = world_m[..., KNEES, :].mean(axis=-2) - world_m[..., HIPS, :].mean(axis=-2)
    by_shoulders = np.arctan2(-across[..., 2], across[..., 0])
    by_thighs = np.arctan2(-thighs[..., 0], -thighs[..., 2])
    turn = np.exp(1j * by_shoulders) + np.exp(1j * by_thighs)
    yaw_deg: FloatArray = np.degrees(np.angle(turn))
    return yaw_deg


def seen_px(series: PoseSeries) -> FloatArray:
    """Return (T, 33, 2) the landmarks' pixels, NaN where the model calls them unseen (METHOD S14).

    Examples
    --------
    >>> seen = np.ones((1, 33))
    >>> seen[0, 1:] = 0.2
    >>> series = PoseSeries(np.zeros(1), np.full((1, 33, 2), 5.0), np.zeros((1, 33, 3)), seen, (640, 480))
    >>> seen_px(series)[0, :2].tolist()
    [[5.0, 5.0], [nan, nan]]
    """
    return np.where((series.visibility >= MIN_VISIBILITY)[..., None], series.image_px, np.nan)


def body_lines_px(series: PoseSeries, setup: Setup) -> FloatArray:
    """Return the usual places of shoulders and hips (2, 2, 2), the end on the picture's left first; NaN unseen.

    Examples
    --------
    >>> px = np.full((1, 33, 2), np.nan)
    >>> px[0, SHOULDERS] = [[360.0, 100.0], [280.0, 100.0]]
    >>> series = PoseSeries(np.zeros(1), px, np.zeros((1, 33, 3)), np.ones((1, 33)), (640, 480))
    >>> body_lines_px(series, Setup()).tolist()
    [[[280.0, 100.0], [360.0, 100.0]], [[nan, nan], [nan, nan]]]
    """
    px = seen_px(series)
    lines = np.array([[[median_of(px[:, row, axis]) for axis in (0, 1)] for row in line] for line in (SHOULDERS, HIPS)])
    return lines[:, :: -int(lateral_signs(setup)[0])]


def _angle_between_deg(a: FloatArray, b: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
    angle: FloatArray = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return angle


def believed_drift_deg(drift_deg: ArrayLike) -> FloatArray:
    """Return the thigh's drift shrunk towards none where it is no more than a knee's wandering; NaN counts as none.

    Examples
    --------
    >>> believed_drift_deg([2.0, 20.0, np.nan]).round(2).tolist()
    [0.15, 17.82, 0.0]
    """
    known = np.nan_to_num(np.asarray(drift_deg, dtype=np.float64))
    believed: FloatArray = known**3 / (known**2 + DRIFT_NOISE_DEG**2)
    return believed


def _thigh_drift(px: FloatArray, lateral: IntArray, shank_px: FloatArray) -> FloatArray:
    """Return (T, 2) degrees: sideways travel of the knee from its median place over the length of a thigh.

    Seen along the thigh its own length cannot be read; thigh and shank are about as long (Winter,
    Biomechanics and Motor Control of Human Movement: 0.245 and 0.246 of stature), so the shank stands in.

    What is seen as the knee slides outwards with a shank that swings, and edges of something else carry the shank's
    line aside: a thigh that drifts takes both along, and counts by the one that moved less.
    """
    knees, shanks = px[:, KNEES], px[:, ANKLES] - px[:, KNEES]
    hips_x = px[:, HIPS, 0].mean(axis=1)
    usual_x = np.nan_to_num(median_of(hips_x))  # prone, the hips are not seen: the bed stays where it is
    knees_x = knees[..., 0] - np.where(np.isfinite(hips_x), hips_x, usual_x)[:, None]
    rest_x, rest_y = np.array([[median_of(x) for x in values.T] for values in (knees_x, knees[..., 1])])
    thigh_px = max((median_of(length) for length in shank_px.T), key=np.nan_to_num)
    with np.errstate(invalid="ignore", divide="ignore"):
        # where the shank's line is as high as the knee usually is; one that lies nearly flat crosses that anywhere
        line_x = knees_x + (rest_y - knees[..., 1]) * shanks[..., 0] / shanks[..., 1]
        steep = np.abs(shanks[..., 1]) > MIN_STEEP * shank_px
        by_knee, by_line = knees_x - rest_x, np.where(steep, line_x, knees_x) - rest_x
        both = np.copysign(np.minimum(np.abs(by_knee), np.abs(by_line)), by_knee)
        moved = np.where(by_knee * by_line < 0, 0.0, both)
        drift: FloatArray = np.degrees(np.arcsin(np.clip(lateral * moved / thigh_px, -1, 1)))
    return drift
