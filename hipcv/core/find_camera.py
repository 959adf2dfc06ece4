"""Every cue that a recording gives of its camera, gathered and fused."""

from dataclasses import replace
from functools import partial

import numpy as np

from hipcv.core.camera.edges import fit_bed_yaw, fit_room, fit_vertical_edges
from hipcv.core.camera.fusion import find_camera_pose
from hipcv.core.camera.pose import CameraAngle, CameraPose, roll_from_body_lines, roll_from_rest
from hipcv.core.motion.angles import AngleSeries, body_lines_px, measure_angles
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.trials import find_rest_deg
from hipcv.core.procedure import PelvisCue, YawCue
from hipcv.core.series import KNEES, PoseSeries
from hipcv.core.setup import Setup
from hipcv.words import SIDES

#: How far the yaw of shoulders and thighs scatters around the camera's, on rendered people of known yaw, with the heavy
#: and with the full model alike (benchmarks/README.md).
BODY_YAW_SE_DEG = 4.0


def find_camera(series: PoseSeries, setup: Setup, bare: AngleSeries) -> CameraPose:
    """Gather every cue there is about the camera and fuse them.

    `bare` are the angles against the picture's own vertical.
    """
    procedure, by_bed = setup.procedure, setup.procedure.yaw_from is YawCue.BED
    marked = (
        fit_vertical_edges(np.array(setup.vertical_edges_px), series.frame_size_px, procedure)
        if setup.vertical_edges_px
        else None
    )
    fuse = partial(
        find_camera_pose,
        procedure,
        room=fit_room(series.edges_px, series.frame_size_px, procedure),
        marked=marked,
        body_yaw=None if by_bed else body_yaw(bare),
        given_roll_deg=setup.roll_deg,
        given_pitch_deg=setup.pitch_deg,
        given_yaw_deg=setup.yaw_deg,
        sensor_roll_deg=setup.sensor_roll_deg,
        sensor_pitch_deg=setup.sensor_pitch_deg,
        long_side_fov_deg=series.long_side_fov_deg,
    )
    if by_bed:
        fuse = partial(fuse, bed_yaw=_bed_yaw(series, setup, bare, fuse()))
    # the relaxed shanks are read with all that is known of the camera but its roll
    without = fuse()
    unrolled = measure_angles(series, setup, replace(without, roll=CameraAngle(0.0, 0.0, "none")))
    rest = [find_rest_deg(unrolled.time_s, unrolled.of(side)) for side in SIDES]
    lateral, yaw_deg = int(unrolled.lateral[0]), without.yaw.value_deg
    rest_roll = roll_from_rest(*rest, left_lateral=lateral, shank_up=procedure.shank_up, yaw_deg=yaw_deg)
    if procedure.pelvis_from is not PelvisCue.HIPS:
        return fuse(rest_roll=rest_roll)
    body_roll = roll_from_body_lines(body_lines_px(series, setup), without, series.frame_size_px)
    return fuse(rest_roll=rest_roll, body_roll=body_roll)


def body_yaw(bare: AngleSeries) -> CameraAngle | None:
    """Return the camera's yaw around a seated subject from the pose model's world landmarks; None without any."""
    seen = bare.body_yaw_deg[np.isfinite(bare.body_yaw_deg)]
    if len(seen) == 0:
        return None
    return CameraAngle(float(np.median(seen)), BODY_YAW_SE_DEG, "body landmarks")


def _bed_yaw(series: PoseSeries, setup: Setup, bare: AngleSeries, camera: CameraPose) -> CameraAngle | None:
    shank_px = median_of(bare.shank_px)
    if not shank_px > 0:
        return None
    knees_px = np.array([[median_of(series.image_px[:, row, axis]) for axis in (0, 1)] for row in KNEES])
    return fit_bed_yaw(
        series.edges_px, series.frame_size_px, knees_px, shank_px, procedure=setup.procedure, camera=camera
    )
