"""The camera's yaw against the bed that somebody lies on, from the bed's edges (METHOD C4)."""

from dataclasses import replace

import numpy as np

from hipcv.core.camera.edges import MAX_USABLE_ROLL_SE_DEG, room_prior
from hipcv.core.camera.manhattan import (
    INLIER_SIGMA,
    PLUMB_AXIS,
    YAW,
    CameraPrior,
    edge_tilts_deg,
    fit_attitude,
)
from hipcv.core.camera.pose import CameraAngle, CameraPose, Cue
from hipcv.core.procedure import Procedure
from hipcv.core.series import FloatArray

#: Standard errors are never stated smaller, and with two edges only, which may be of two things, not than the second.
BED_YAW_FLOOR_DEG = 2.5
FEW_EDGES_YAW_FLOOR_DEG = 4.0
MIN_BED_EDGES = 2
MAX_BED_YAW_SE_DEG = 6.0
MAX_BED_RIVAL_DEG = 5.0
#: Which side of a bed is seen may stay open; a camera turned by more than this whichever it is is turned too far.
TURNED_EITHER_WAY_DEG = 32.0

_PLUMB_TILT_DEG = 25.0
_REACH_SHANKS = (1.6, 1.5)


def fit_bed_yaw(
    edges_px: FloatArray,
    frame_size_px: tuple[int, int],
    knees_px: FloatArray,
    shank_px: float,
    *,
    procedure: Procedure,
    camera: CameraPose | None = None,
) -> CameraAngle | None:
    """Return the yaw against the bed that the subject lies on, from its edges around the knees.

    Only edges within 1.6 by 1.5 shank lengths of the knees take part, so that a room that the bed stands askew in has
    no say. Where the roll is not known beforehand, near-vertical edges anywhere take part too.

    Parameters
    ----------
    edges_px : (N, 4) as in `fit_room`.
    knees_px : (..., 2) pixels of the knees; NaN rows do not count.
    shank_px : length of the shank in the picture.
    camera : what is known of it but for its yaw.

    Returns
    -------
    CameraAngle of cue "bed edges"; None with fewer than two bed edges that agree, a standard error above 6°, or
    a rival solution more than 5° away. Where only a quarter turn of the bed is left open and the camera stands askew
    either way, one of both turns with the cue `BED_WAY_OPEN`.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> no_edges, knee_px, prone = np.empty((0, 4)), np.array([[320.0, 240.0]]), procedure_named("prone")
    >>> fit_bed_yaw(no_edges, (640, 480), knee_px, 80.0, procedure=prone) is None
    True
    """
    knees = np.asarray(knees_px, dtype=np.float64).reshape(-1, 2)
    knees = knees[np.isfinite(knees).all(1)]
    edges = np.asarray(edges_px, dtype=np.float64).reshape(-1, 4)
    if len(knees) == 0 or len(edges) == 0 or not shank_px > 0:
        return None
    offset = np.abs((edges[:, :2] + edges[:, 2:]) / 2 - knees.mean(0)) / shank_px
    near = (offset < _REACH_SHANKS).all(1)
    steep = edge_tilts_deg(edges) < _PLUMB_TILT_DEG
    known = camera is not None and camera.roll.se_deg < MAX_USABLE_ROLL_SE_DEG
    used = near if known else near | steep
    prior = _prior_of(camera, procedure) if camera is not None and known else room_prior(procedure)
    fit = fit_attitude(edges[used], frame_size_px, prior)
    off = np.abs(fit.residual_deg) / fit.noise_deg[:, None]
    # how an edge of the bed stands in the picture says little once roll and pitch are known
    standing = off.argmin(1) == PLUMB_AXIS if known else steep[used]
    level = off[:, [0, 2]].min(1, initial=np.inf) < INLIER_SIGMA
    n_bed = int((level & ~standing).sum())
    if n_bed < MIN_BED_EDGES:
        return None
    yaw_deg = float(fit.best_deg[YAW])
    if fit.se_deg[YAW] > MAX_BED_YAW_SE_DEG or fit.spread_deg[YAW] > MAX_BED_RIVAL_DEG:
        askew = min(abs(yaw_deg), 90.0 - abs(yaw_deg)) > TURNED_EITHER_WAY_DEG
        if n_bed == MIN_BED_EDGES or not askew or fit.quarter_se_deg > MAX_BED_YAW_SE_DEG:
            return None
        return CameraAngle(yaw_deg, max(fit.quarter_se_deg, BED_YAW_FLOOR_DEG), (Cue.BED_WAY_OPEN,))
    # two edges may be of two things; a third makes it a bed
    floor_deg = BED_YAW_FLOOR_DEG if n_bed > MIN_BED_EDGES else FEW_EDGES_YAW_FLOOR_DEG
    return CameraAngle(yaw_deg, max(float(fit.se_deg[YAW]), floor_deg), (Cue.BED_EDGES,))


def _prior_of(camera: CameraPose, procedure: Procedure) -> CameraPrior:
    """Return a known camera as what is believed before the bed is seen; its yaw stays open."""
    return replace(
        room_prior(procedure),
        roll_deg=(camera.roll.value_deg, camera.roll.se_deg),
        pitch_deg=(camera.pitch.value_deg, camera.pitch.se_deg),
        long_side_fov_deg=(camera.long_side_fov_deg, camera.long_side_fov_se_deg),
    )
