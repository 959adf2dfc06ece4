"""Every cue that a recording gives of its camera, gathered and fused."""

from dataclasses import replace

import numpy as np

from hipcv.core.camera.bed import fit_bed_yaw
from hipcv.core.camera.body_cues import roll_from_body_lines, roll_from_rest, yaw_from_body
from hipcv.core.camera.cues import CameraCues
from hipcv.core.camera.drawn_lines import RoomReading, Whose, on_drawn_lines, read_room
from hipcv.core.camera.edges import fit_vertical_edges
from hipcv.core.camera.fusion import find_camera_pose
from hipcv.core.camera.pose import CameraAngle, CameraPose, DrawnLines, DrawnSign
from hipcv.core.motion.angles import AngleSeries, body_lines_px, measure_angles
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.trials import find_rest_deg
from hipcv.core.procedure import PelvisCue, YawCue
from hipcv.core.series import KNEES, FloatArray, PoseSeries
from hipcv.core.setup import Setup
from hipcv.words import SIDES


def find_camera(series: PoseSeries, setup: Setup, bare: AngleSeries, *, shows_rest: bool = True) -> CameraPose:
    """Gather every cue there is about the camera and fuse them.

    Steps: 1 what is told, and the straight edges of the room; 2 the turn around the thighs; 3 the roll that the body
    suggests, read with all that is known by then. Where lines may be drawn over or around the picture and neither the
    other edges nor the body say that those along it are the room's, these give no cue.

    Parameters
    ----------
    bare : the angles against the picture's own vertical.
    shows_rest : whether the series begins or ends with relaxed legs; a single picture need not.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> nowhere = (np.full((30, 33, n), np.nan) for n in (2, 3))
    >>> unseen = PoseSeries(np.arange(30) / 30, *nowhere, np.zeros((30, 33)), (640, 480))
    >>> camera = find_camera(unseen, Setup(), measure_angles(unseen, Setup(), LEVEL))
    >>> camera.roll.source, camera.roll_known
    ('assumed', False)
    """
    reading = read_room(series.edges_px, series.frame_size_px, setup.procedure)
    camera = _hear(series, setup, bare, reading, shows_rest=shows_rest)
    asked = reading.asking(camera.roll_cues)
    return camera if asked is reading else _hear(series, setup, bare, asked, shows_rest=shows_rest)


def _hear(series: PoseSeries, setup: Setup, bare: AngleSeries, reading: RoomReading, *, shows_rest: bool) -> CameraPose:
    """Return the camera from all cues, with the room's edges read in one way."""
    procedure = setup.procedure
    cues = _first_cues(series, setup, reading)
    if procedure.yaw_from is YawCue.BED:
        edges_px = series.edges_px[~reading.set_aside]
        cues = replace(cues, bed_yaw=_bed_yaw(series, edges_px, setup, bare, find_camera_pose(procedure, cues)))
    else:
        cues = replace(cues, body_yaw=yaw_from_body(bare.body_yaw_deg))
    cues = _with_posture(cues, series, setup, find_camera_pose(procedure, cues), shows_rest=shows_rest)
    return find_camera_pose(procedure, cues)


def _first_cues(series: PoseSeries, setup: Setup, reading: RoomReading) -> CameraCues:
    """Return what user, device and lens tell, and what the straight edges show: those of the room and those marked.

    Marked edges on lines that are drawn for sure are left out and told.
    """
    marked = series.from_whole_px(setup.vertical_edges_px)
    drawn: tuple[DrawnLines, ...] = (reading.sign,) if reading.sign else ()
    if reading.whose is Whose.SCREEN:
        on_drawn = on_drawn_lines(marked, series.edges_px[reading.set_aside], series.frame_size_px)
        drawn += (DrawnLines(DrawnSign.MARKS, float(on_drawn.sum())),) if on_drawn.any() else ()
        marked = marked[~on_drawn]
    return CameraCues(
        room=reading.room,
        marked=fit_vertical_edges(marked, series.frame_size_px, setup.procedure) if len(marked) else None,
        drawn=drawn,
        given_roll_deg=setup.roll_deg,
        given_pitch_deg=setup.pitch_deg,
        given_yaw_deg=setup.yaw_deg,
        sensor_roll_deg=setup.sensor_roll_deg,
        sensor_pitch_deg=setup.sensor_pitch_deg,
        long_side_fov_deg=series.long_side_fov_deg,
    )


def _bed_yaw(
    series: PoseSeries, edges_px: FloatArray, setup: Setup, bare: AngleSeries, camera: CameraPose
) -> CameraAngle | None:
    shank_px = median_of(bare.shank_px)
    if not shank_px > 0:
        return None
    knees_px = np.array([[median_of(series.image_px[:, row, axis]) for axis in (0, 1)] for row in KNEES])
    return fit_bed_yaw(edges_px, series.frame_size_px, knees_px, shank_px, procedure=setup.procedure, camera=camera)


def _with_posture(
    cues: CameraCues, series: PoseSeries, setup: Setup, camera: CameraPose, *, shows_rest: bool
) -> CameraCues:
    """Add the roll that relaxed shanks and, where the hips are seen, the body's lines suggest.

    `camera` is all that is known of it by the other cues; its roll plays no part.
    """
    procedure = setup.procedure
    rest_roll = None
    if shows_rest:
        unrolled = measure_angles(series, setup, replace(camera, roll=CameraAngle(0.0, 0.0)))
        rest = [find_rest_deg(unrolled.time_s, unrolled.of(side)) for side in SIDES]
        lateral, yaw_deg = int(unrolled.lateral[0]), camera.yaw.value_deg
        rest_roll = roll_from_rest(*rest, left_lateral=lateral, shank_up=procedure.shank_up, yaw_deg=yaw_deg)
    if procedure.pelvis_from is not PelvisCue.HIPS:
        return replace(cues, rest_roll=rest_roll)
    body_roll = roll_from_body_lines(body_lines_px(series, setup), camera, series.frame_size_px)
    return replace(cues, rest_roll=rest_roll, body_roll=body_roll)
