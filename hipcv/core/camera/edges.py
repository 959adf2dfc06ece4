"""What straight edges tell of the camera (METHOD C2): the room's, and those that a user has pointed out as plumb."""

from dataclasses import dataclass, replace

import numpy as np

from hipcv.core.camera.manhattan import (
    FOV,
    INLIER_SIGMA,
    PITCH,
    PLUMB_AXIS,
    PLUMB_ONLY,
    ROLL,
    YAW,
    Attitude,
    CameraPrior,
    edge_lengths_px,
    edge_tilts_deg,
    fit_attitude,
    residuals_deg,
)
from hipcv.core.camera.pinhole import DEFAULT_LONG_SIDE_FOV_DEG, LONG_SIDE_FOV_SE_DEG
from hipcv.core.procedure import Procedure
from hipcv.core.series import FloatArray

#: Standard errors are never stated smaller: on footage with published calibration the fit's own ones were too small.
ROLL_FLOOR_DEG = 0.5
PITCH_FLOOR_DEG = 1.0
#: ... and with only two plumb edges, which one leaning post can be half of, not smaller than this.
FEW_PLUMB_EDGES = 2
FEW_PLUMB_ROLL_FLOOR_DEG = 1.2
ONE_EDGE_ROLL_FLOOR_DEG = 1.2

#: The gate of an accepted room.
MAX_ROLL_SE_DEG = 1.0
MAX_USABLE_ROLL_SE_DEG = 2.5
MIN_PLUMB_EDGES = 2
#: One plumb edge, with this many level ones beside it, still fixes the roll, if less surely.
MANY_LEVEL_EDGES = 4
MIN_EXPLAINED_SHARE = 0.6
MAX_PLUMB_DIFFERENCE_DEG = 2.0
MAX_RIVAL_DEG = 1.0

_PLUMB_TILT_DEG = 28.0
_PLUMB_ONLY_ROLL_SD_DEG = 10.0
#: How well a person marks the ends of an edge, pixels of a picture with a diagonal of 800.
_MARKED_EDGE_NOISE_PX = 2.5
_MARKED_EDGE_NOISE_DEG = 0.3
#: Marked edges may show a camera far off what is usual.
_MARKED_PRIOR_WIDENING = np.array([4.0, 1.5, 1.0])
_NO_YAW = [ROLL, PITCH, FOV]


def room_prior(procedure: Procedure) -> CameraPrior:
    """Return what is believed of a camera filming `procedure` before anything is seen.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> room_prior(procedure_named("prone")).pitch_deg
    (18.0, 9.0)
    """
    return CameraPrior(pitch_deg=procedure.pitch_prior_deg)


@dataclass(frozen=True, slots=True)
class RoomFit:
    """The camera's attitude from the room's edges, and whether it can be relied on.

    Attributes
    ----------
    accepted : whether every condition of the gate held.
    refusals : (what, observed, limit) of every condition that failed; empty when accepted. `what` is one of
        roll_se_deg, plumb_edges, explained_share, plumb_difference_deg, rival_deg.
    roll_deg, pitch_deg, yaw_deg, long_side_fov_deg : best fit. The yaw is that of the room, not of the subject, and
        known only up to quarter turns.
    roll_se_deg, pitch_se_deg, yaw_se_deg, long_side_fov_se_deg : standard errors, floors applied.
    plumb_edges : rows of the given edges that run along the plumb line.
    level_edges : rows that run along one of the two level directions.
    residual_deg : root mean square angle of those edges to their vanishing points; NaN without any.
    explained_share : share of the edges' length that runs along one of the three directions.
    plumb_only_roll_deg : roll from near-vertical edges alone, the cross-check.
    """

    accepted: bool
    refusals: tuple[tuple[str, float, float], ...]
    roll_deg: float
    roll_se_deg: float
    pitch_deg: float
    pitch_se_deg: float
    yaw_deg: float
    yaw_se_deg: float
    long_side_fov_deg: float = DEFAULT_LONG_SIDE_FOV_DEG
    long_side_fov_se_deg: float = LONG_SIDE_FOV_SE_DEG
    plumb_edges: tuple[int, ...] = ()
    level_edges: tuple[int, ...] = ()
    residual_deg: float = float("nan")
    explained_share: float = 0.0
    plumb_only_roll_deg: float = float("nan")

    @property
    def usable(self) -> bool:
        """Whether accepted, or refused for nothing but a roll that is not certain enough by itself."""
        few_plumb = len(self.plumb_edges) == 1 and len(self.level_edges) >= MANY_LEVEL_EDGES
        forgiven = {"roll_se_deg", "rival_deg"} | ({"plumb_edges"} if few_plumb else set())
        only_uncertain = {what for what, _, _ in self.refusals} <= forgiven
        return self.accepted or (only_uncertain and self.roll_se_deg < MAX_USABLE_ROLL_SE_DEG)


def fit_room(
    edges_px: FloatArray, frame_size_px: tuple[int, int], procedure: Procedure, *, prior: CameraPrior | None = None
) -> RoomFit:
    """Fit the camera's attitude to the straight edges of a still room.

    Parameters
    ----------
    edges_px : (N, 4) x1, y1, x2, y2 in pixels of the upright picture, the person left out; N may be 0.
    frame_size_px : (width, height).
    procedure : the test, for the prior of the pitch.
    prior : replaces the usual one.

    Returns
    -------
    RoomFit. Deterministic; the order of the edges does not matter. With too few edges, edges in disorder, or rivals
    that explain them as well, `accepted` is false and the numbers are those of the prior and of what there is. Edges
    that are all tilted alike cannot be told from a rolled camera.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> empty = fit_room(np.empty((0, 4)), (640, 480), procedure_named("seated"))
    >>> empty.accepted, [what for what, observed, limit in empty.refusals], empty.residual_deg
    (False, ['roll_se_deg', 'plumb_edges', 'explained_share'], nan)
    """
    believed = prior or room_prior(procedure)
    edges = np.asarray(edges_px, dtype=np.float64).reshape(-1, 4)
    rows = np.flatnonzero(np.isfinite(edges).all(1) & (edge_lengths_px(edges) > 0))
    edges = edges[rows]
    full = fit_attitude(edges, frame_size_px, believed)
    roll = float(full.best_deg[ROLL])
    off = np.abs(full.residual_deg) / full.noise_deg[:, None]
    nearest = np.argmin(off, axis=1) if len(off) else np.empty(0, np.int64)
    inlier = off.min(1, initial=np.inf) < INLIER_SIGMA
    # a bed seen along its length has level edges that stand as steep in the picture as a door's
    steep = (edge_tilts_deg(edges, roll) < _PLUMB_TILT_DEG) & ~(inlier & (nearest != PLUMB_AXIS))
    around = replace(believed, roll_deg=(roll, _PLUMB_ONLY_ROLL_SD_DEG))
    plumb_only = fit_attitude(edges[steep], frame_size_px, around, PLUMB_ONLY)

    length = edge_lengths_px(edges)
    plumb = np.flatnonzero(inlier & (nearest == PLUMB_AXIS))
    level = np.flatnonzero(inlier & (nearest != PLUMB_AXIS))
    used = np.abs(full.residual_deg).min(1, initial=np.inf)[inlier]
    # a rival that is nearly as good may be the true one
    rival = float(full.spread_deg[ROLL])
    roll_se = float(np.hypot(full.se_deg[ROLL], rival / 2))
    share = float(length[inlier].sum() / length.sum()) if len(edges) else 0.0
    refusals = _refusals(roll, roll_se, rival, len(plumb), share, plumb_only)
    return RoomFit(
        accepted=not refusals,
        refusals=refusals,
        roll_deg=roll,
        roll_se_deg=max(roll_se, FEW_PLUMB_ROLL_FLOOR_DEG if len(plumb) <= FEW_PLUMB_EDGES else ROLL_FLOOR_DEG),
        pitch_deg=float(full.best_deg[PITCH]),
        pitch_se_deg=max(float(full.se_deg[PITCH]), PITCH_FLOOR_DEG),
        yaw_deg=float(full.best_deg[YAW]),
        yaw_se_deg=float(full.se_deg[YAW]),
        long_side_fov_deg=float(full.best_deg[FOV]),
        long_side_fov_se_deg=float(full.se_deg[FOV]),
        plumb_edges=tuple(int(i) for i in rows[plumb]),
        level_edges=tuple(int(i) for i in rows[level]),
        residual_deg=float(np.sqrt(np.mean(used**2))) if len(used) else float("nan"),
        explained_share=share,
        plumb_only_roll_deg=float(plumb_only.best_deg[ROLL]),
    )


def _refusals(
    roll_deg: float, roll_se_deg: float, rival_deg: float, n_plumb: int, share: float, plumb_only: Attitude
) -> tuple[tuple[str, float, float], ...]:
    """Return (what, observed, limit) of every condition of the gate that does not hold."""
    difference_deg = abs(float(plumb_only.best_deg[ROLL]) - roll_deg)
    max_difference_deg = MAX_PLUMB_DIFFERENCE_DEG + float(plumb_only.se_deg[ROLL])
    gate = (
        ("roll_se_deg", roll_se_deg, MAX_ROLL_SE_DEG, roll_se_deg < MAX_ROLL_SE_DEG),
        ("plumb_edges", float(n_plumb), float(MIN_PLUMB_EDGES), n_plumb >= MIN_PLUMB_EDGES),
        ("explained_share", share, MIN_EXPLAINED_SHARE, share > MIN_EXPLAINED_SHARE),
        ("plumb_difference_deg", difference_deg, max_difference_deg, difference_deg < max_difference_deg),
        ("rival_deg", rival_deg, MAX_RIVAL_DEG, rival_deg <= MAX_RIVAL_DEG),
    )
    return tuple((what, observed, limit) for what, observed, limit, holds in gate if not holds)


@dataclass(frozen=True, slots=True)
class MarkedFit:
    """Roll and pitch from edges that a user marked as plumb, with their standard errors and the residual, degrees."""

    roll_deg: float
    roll_se_deg: float
    pitch_deg: float
    pitch_se_deg: float
    residual_deg: float


def fit_vertical_edges(
    edges_px: FloatArray, frame_size_px: tuple[int, int], procedure: Procedure, *, prior: CameraPrior | None = None
) -> MarkedFit:
    """Fit roll and pitch to one or more edges that are known to be plumb.

    Two edges, one on each side of the picture, settle both: they meet in the plumb line's vanishing point. One edge
    leaves the pitch to the prior, and the roll the less certain the further the edge is from the picture's centre.

    Parameters
    ----------
    edges_px : (N, 4) x1, y1, x2, y2 in pixels of the upright picture, N at least 1, each longer than 2 pixels.
    frame_size_px : (width, height).
    procedure : the test, for the prior of the pitch.

    Returns
    -------
    MarkedFit; edges that contradict each other widen the standard errors.

    Raises
    ------
    ValueError
        Without an edge, or with one that is too short or not finite.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> middle = np.array([[329.0, 20.0, 311.0, 460.0]])  # leans to the right by 2.3° in the middle of the picture
    >>> fit = fit_vertical_edges(middle, (640, 480), procedure_named("seated"))
    >>> round(fit.roll_deg, 1), fit.roll_se_deg
    (2.3, 1.2)
    """
    edges = np.asarray(edges_px, dtype=np.float64).reshape(-1, 4)
    length = edge_lengths_px(edges)
    if len(edges) == 0 or not np.all(length > 2):
        raise ValueError(
            f"plumb edges need two ends more than 2 pixels apart, found lengths {length.round(1).tolist()}"
        )
    from scipy.optimize import least_squares  # slow to import and seldom needed

    believed = prior or room_prior(procedure)
    diagonal = float(np.hypot(*frame_size_px))
    noise = np.hypot(_MARKED_EDGE_NOISE_DEG, np.degrees(_MARKED_EDGE_NOISE_PX * diagonal / 800 / length))
    mean, sd = believed.mean[_NO_YAW], believed.sd[_NO_YAW] * _MARKED_PRIOR_WIDENING

    def off(camera: FloatArray) -> FloatArray:
        whole = np.array([camera[0], camera[1], 0.0, np.clip(camera[2], 20, 120)])
        plumb = residuals_deg(whole, edges, frame_size_px)[:, PLUMB_AXIS]
        return np.concatenate([plumb / noise, (camera - mean) / sd])

    fit = least_squares(off, mean, x_scale=sd)
    slope = np.asarray(fit.jac, dtype=np.float64)
    covariance = np.linalg.inv(slope.T @ slope)
    n = len(edges)
    widen = max(1.0, float(np.sqrt((fit.fun**2).sum() / n)))
    se = widen * np.sqrt(np.diag(covariance))
    residual = float(np.sqrt(np.mean((fit.fun[:n] * noise) ** 2)))
    return MarkedFit(
        roll_deg=float(fit.x[0]),
        roll_se_deg=max(float(se[0]), ROLL_FLOOR_DEG if n > 1 else ONE_EDGE_ROLL_FLOOR_DEG),
        pitch_deg=float(fit.x[1]),
        pitch_se_deg=max(float(se[1]), PITCH_FLOOR_DEG),
        residual_deg=residual,
    )
