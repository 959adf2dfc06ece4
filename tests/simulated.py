"""Persons of sticks, filmed by a camera of known place: scenes that can be computed by hand."""

import numpy as np

from hipcv.core.camera.pinhole import Pinhole
from hipcv.core.series import ANKLES, FEET, HIPS, KNEES, SHOULDERS, PoseSeries
from hipcv.words import Side

FRAME = (640, 480)
FOV = 62.0


def swings(time_s, peaks, *, start, rest=2.0, hold_s=1.2):
    """Rest, then for each peak: half a second out, a hold, half a second back, a second of rest."""
    t, v, now = [0.0], [rest], start
    for peak in peaks:
        for dt, value in ((0.0, rest), (0.6, peak), (hold_s, peak), (0.6, rest)):
            now += dt
            t.append(now)
            v.append(value)
        now += 0.8
    return np.interp(time_s, t, v)


def seated(
    left=(40.0, 38.0, 39.0),
    right=(25.0, 24.0, 26.0),
    *,
    fps=30.0,
    roll=0.0,
    pitch=6.0,
    yaw=0.0,
    hike=0.0,
    lean=0.0,
    drift=0.0,
    noise_px=0.4,
    size=FRAME,
    room=True,
    duration_s=22.0,
    right_start=11.0,
    seed=0,
):
    """Simulate a seated person of sticks: shanks of 40 cm swing in the plane across level thighs, 2.6 m away.

    `drift`: each thigh swings outwards by so many degrees as its leg turns, and the plane with it.
    """
    rng = np.random.default_rng(seed)
    time_s = np.arange(0, duration_s, 1 / fps)
    angle = {Side.LEFT: swings(time_s, left, start=1.0), Side.RIGHT: swings(time_s, right, start=right_start)}
    act = {}
    for side, peaks in ((Side.LEFT, left), (Side.RIGHT, right)):
        # inwards as well as outwards
        most = max((abs(peak - 2) for peak in peaks), default=0.0)
        act[side] = np.clip(np.abs(angle[side] - 2) / max(most, 1), 0, 1) if peaks else 0 * time_s
    world = np.zeros((len(time_s), 33, 3))  # test frame: x to the picture's right, y up, z towards the camera
    for side, x in ((Side.LEFT, 1.0), (Side.RIGHT, -1.0)):
        other = side.other
        tilt = np.radians(hike) * (act[side] - act[other])
        hip = np.stack([0.10 * x * np.cos(tilt), 0.10 * np.sin(tilt), 0 * time_s], -1)
        out = np.radians(drift) * act[side]
        knee = np.stack([x * (0.12 + 0.42 * np.sin(out)), 0 * time_s, 0.42 * np.cos(out)], -1)
        turn = np.radians(angle[side])
        aside = np.sin(turn)[:, None] * np.stack([x * np.cos(out), 0 * time_s, -np.sin(out)], -1)
        ankle = knee + 0.40 * (aside - np.cos(turn)[:, None] * [0, 1, 0])
        away = np.radians(lean) * (act[Side.LEFT] - act[Side.RIGHT])
        shoulder = np.stack([0.17 * x - 0.5 * np.sin(away), 0.5 * np.cos(away), 0 * time_s], -1)
        foot = ankle + [0, -0.06, 0.12]
        for rows, points in ((HIPS, hip), (KNEES, knee), (ANKLES, ankle), (SHOULDERS, shoulder), (FEET, foot)):
            world[:, rows[side.column]] = points
    camera = Pinhole.turned(roll, pitch, yaw, long_side_fov_deg=FOV, frame_size_px=size)
    position = np.array([0, -0.15, 0.2]) + 2.6 * camera.axes[2]
    image = camera.project(world, position) + rng.normal(0, noise_px, (len(time_s), 33, 2))
    # what the pose model gives: seen from the camera, x right, y down, z away from it
    to_camera = camera.axes * np.array([[1], [-1], [-1]])
    upright = [[[x, -0.6, -1.5], [x, 1.4, -1.5]] for x in (-1.5, -1.1, 1.0, 1.4, 1.6)]
    level = [[[-1.5, y, -1.5], [1.6, y, -1.5]] for y in (-0.6, 0.9, 1.3)]
    lines = np.array([*upright, *level] if room else []).reshape(-1, 2, 3)
    return PoseSeries(
        time_s=time_s,
        image_px=image,
        world_m=world @ to_camera.T,
        visibility=np.ones((len(time_s), 33)),
        frame_size_px=size,
        shank_se_deg=np.full((len(time_s), 2), 0.7),
        edges_px=camera.project(lines, position).reshape(-1, 4),
    )


def prone(
    left=(40.0, 38.0, 39.0),
    right=(25.0, 24.0, 26.0),
    *,
    fps=8.0,
    roll=0.0,
    pitch=18.0,
    yaw=0.0,
    rolling=0.0,
    drift=0.0,
    twist=0.0,
    noise_px=0.4,
    size=FRAME,
    room=True,
    duration_s=22.0,
    right_start=11.0,
    seed=0,
):
    """Simulate a prone person of sticks seen from the foot end: shanks of 40 cm stand on knees a foot apart.

    `twist`: both thighs swing towards the tested leg's outer side by so many degrees.
    `rolling`: the pelvis and the knees roll by so many degrees towards the tested leg, the other side lifting. The
    steadied knees of `image_px` do not show it, as with a real reading; the outline of the legs does.
    """
    rng = np.random.default_rng(seed)
    time_s = np.arange(0, duration_s, 1 / fps)
    angle = {Side.LEFT: swings(time_s, left, start=1.0), Side.RIGHT: swings(time_s, right, start=right_start)}
    act = {}
    for side, peaks in ((Side.LEFT, left), (Side.RIGHT, right)):
        # inwards as well as outwards
        most = max((abs(peak - 2) for peak in peaks), default=0.0)
        act[side] = np.clip(np.abs(angle[side] - 2) / max(most, 1), 0, 1) if peaks else 0 * time_s
    camera = Pinhole.turned(roll, pitch, yaw, long_side_fov_deg=FOV, frame_size_px=size)
    position = np.array([0, 0.15, 0.0]) + 2.6 * camera.axes[2]
    n = len(time_s)
    image, peaks_px = np.full((n, 33, 2), np.nan), np.empty((n, 2, 2))
    for side, x in ((Side.LEFT, -1.0), (Side.RIGHT, 1.0)):  # seen from the feet the left leg is on the left
        out = np.radians(drift * act[side] + twist * (act[side] - act[side.other]))
        knee = np.stack([x * (0.15 + 0.42 * np.sin(out)), 0 * time_s, 0.42 * (np.cos(out) - 1)], -1)
        lift = 0.15 * np.sin(np.radians(rolling)) * (act[side.other] - act[side])
        turn = np.radians(angle[side])
        aside = np.sin(turn)[:, None] * np.stack([x * np.cos(out), 0 * time_s, -np.sin(out)], -1)
        ankle = knee + 0.40 * (aside + np.cos(turn)[:, None] * [0, 1, 0])
        for rows, points in ((KNEES, knee), (ANKLES, ankle)):
            image[:, rows[side.column]] = camera.project(points, position)
        peaks_px[:, side.column] = camera.project(knee + lift[:, None] * [0, 1, 0], position)
    image += rng.normal(0, noise_px, image.shape)
    visibility = np.zeros((n, 33))
    visibility[:, [*KNEES, *ANKLES]] = 1.0
    upright = [[[x, -0.6, -2.5], [x, 1.0, -2.5]] for x in (-1.2, -0.8, 0.9, 1.3)]
    level = [[[-1.5, y, -2.5], [1.6, y, -2.5]] for y in (-0.6, 0.9)]
    bed = [[[x, -0.1, 0.5], [x, -0.1, -1.4]] for x in (-0.5, 0.5, 0.45)] + [[[-0.5, -0.1, 0.5], [0.5, -0.1, 0.5]]]
    lines = np.array([*upright, *level, *bed] if room else []).reshape(-1, 2, 3)
    return PoseSeries(
        time_s=time_s,
        image_px=image,
        world_m=np.full((n, 33, 3), np.nan),
        visibility=visibility,
        frame_size_px=size,
        shank_se_deg=np.full((n, 2), 1.2),
        knee_outline_px=peaks_px + rng.normal(0, 1.0, peaks_px.shape),
        edges_px=camera.project(lines, position).reshape(-1, 4),
        recorded_fps_hz=30.0,
    )
