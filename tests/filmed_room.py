"""A room of known edges, filmed by a known camera."""

import numpy as np

from hipcv.core.camera.pinhole import Pinhole
from hipcv.core.series import FloatArray

SIZE = (1280, 720)
FOV_DEG = 62.0
DISTANCE_M = 2.6


def film(points: FloatArray, roll: float, pitch: float, yaw: float, size: tuple[int, int] = SIZE) -> FloatArray:
    """Pixels of points of the test frame, the camera aimed at its origin from `DISTANCE_M`."""
    camera = Pinhole.turned(roll, pitch, yaw, long_side_fov_deg=FOV_DEG, frame_size_px=size)
    return camera.project(points, camera.axes[2] * DISTANCE_M)


def film_edges(segments: FloatArray, *camera: float, size: tuple[int, int] = SIZE) -> FloatArray:
    """(N, 2, 3) segments as (N, 4) edges, those that lie wholly in the picture."""
    ends = film(segments.reshape(-1, 3), *camera, size=size).reshape(-1, 4)
    inside = (ends > 0).all(1) & (ends[:, [0, 2]] < size[0]).all(1) & (ends[:, [1, 3]] < size[1]).all(1)
    return np.asarray(ends[inside], dtype=np.float64)


def room_segments(turn_deg: float = 0.0) -> FloatArray:
    """Return a door, windows and a cupboard on the back wall, and skirting boards: plumb and level segments."""
    rng = np.random.default_rng(5)
    rows = []
    for x in (-1.3, -1.1, -0.5, 0.7, 1.0, 1.25):
        bottom = rng.uniform(-0.8, -0.2)
        rows.append([[x, bottom, -1.0], [x, bottom + rng.uniform(0.6, 1.0), -1.0]])
    for y in (-0.7, -0.3, 0.5, 0.75):
        left = rng.uniform(-1.2, -0.4)
        rows.append([[left, y, -1.0], [left + rng.uniform(0.6, 1.4), y, -1.0]])
    rows += [[[x, -0.8, -1.0], [x, -0.8, 0.2]] for x in (-1.0, -0.7, 0.6, 0.9)]
    segments = np.array(rows)
    turn = np.radians(turn_deg)
    about_plumb = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    return np.asarray(segments @ about_plumb.T, dtype=np.float64)
