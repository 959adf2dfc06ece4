"""The camera's attitude from straight edges: three orthogonal vanishing directions and a share of edges that obey none.

Each edge belongs to one of the world's three axes or to none (a mixture), and an edge's residual is the angle at its
midpoint between its own direction and the direction to the axis' vanishing point. Camera angles and signs are those of
`hipcv.core.camera.pinhole`. After Coughlan and Yuille (2003), "Manhattan world", doi:10.1162/089976603765202686;
instead of their search on a grid, all starts are refined together by expectation-maximisation on a residual that
tightens.
"""

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from hipcv.core.camera.pinhole import DEFAULT_LONG_SIDE_FOV_DEG, LONG_SIDE_FOV_SE_DEG, Pinhole
from hipcv.core.series import FloatArray

#: Pixels by which a line detector misplaces an edge's ends across it, for a picture whose diagonal is 800 pixels.
EDGE_NOISE_PX = 1.7
#: Edges of real rooms are not exactly parallel, however long they are.
EDGE_NOISE_DEG = 0.6
#: Edges come in pairs (two sides of one frame), so each counts for less than an independent one.
TEMPER = 0.6
#: More edges than this say nothing new; the longest are kept.
MAX_EDGES = 160
#: Rows of the parameter vector.
ROLL, PITCH, YAW, FOV = range(4)
#: The test frame's y among its axes x, y, z.
PLUMB_AXIS = 1
#: An edge belongs to an axis when within this many standard deviations of its direction.
INLIER_SIGMA = 2.0

_FOV_RANGE_DEG = (35.0, 95.0)
_SHRINKING_NOISE_DEG = (4.0, 3.0, 2.0, 1.4, 1.0, 0.6, 0.3) + (0.0,) * 5
_ALL_DIRECTIONS_DEG = 180.0
_MAX_MODES = 8
_POINTS_PER_MODE = 128
_PROPOSAL_WIDENING = 2.0
_RIVAL_ODDS = 5.0


@dataclass(frozen=True, slots=True)
class CameraPrior:
    """What is believed of a camera before any edge is seen: (mean, standard deviation) in degrees."""

    roll_deg: tuple[float, float] = (0.0, 5.0)
    pitch_deg: tuple[float, float] = (7.0, 9.0)
    yaw_deg: tuple[float, float] = (0.0, 15.0)
    long_side_fov_deg: tuple[float, float] = (DEFAULT_LONG_SIDE_FOV_DEG, LONG_SIDE_FOV_SE_DEG)

    @property
    def mean(self) -> FloatArray:
        """(4,) roll, pitch, yaw, field of view."""
        return np.array([self.roll_deg[0], self.pitch_deg[0], self.yaw_deg[0], self.long_side_fov_deg[0]])

    @property
    def sd(self) -> FloatArray:
        """(4,) roll, pitch, yaw, field of view."""
        return np.array([self.roll_deg[1], self.pitch_deg[1], self.yaw_deg[1], self.long_side_fov_deg[1]])


@dataclass(frozen=True, slots=True)
class EdgeMix:
    """Shares of edges along the test frame's x, y (plumb) and z axes; the rest points anywhere."""

    across: float = 0.22
    plumb: float = 0.27
    along: float = 0.16

    @property
    def shares(self) -> FloatArray:
        """(3,) in the order of the test frame's axes."""
        return np.array([self.across, self.plumb, self.along])


MANHATTAN = EdgeMix()
PLUMB_ONLY = EdgeMix(across=0.0, plumb=0.55, along=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Attitude:
    """A camera's attitude fitted to edges.

    Attributes
    ----------
    best_deg : (4,) roll, pitch, yaw and long-side field of view, posterior mean.
    se_deg : (4,) standard error of each, rivals included.
    spread_deg : (4,) largest distance of a separate solution that explains the edges nearly as well; 0 where
        none does.
    quarter_se_deg : standard error of the yaw where solutions a quarter turn apart count as one.
    residual_deg : (N, 3) of every given edge to the three vanishing points at `best_deg`.
    noise_deg : (N,) standard deviation expected of an edge's direction.
    """

    best_deg: FloatArray
    se_deg: FloatArray
    spread_deg: FloatArray
    quarter_se_deg: float
    residual_deg: FloatArray
    noise_deg: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    middle_px: FloatArray  # (N, 2)
    direction: FloatArray  # (N, 2) unit
    noise_deg: FloatArray  # (N,)
    weight: FloatArray  # (N,)
    frame_size_px: tuple[int, int]


def edge_lengths_px(edges_px: FloatArray) -> FloatArray:
    """Return the (N,) lengths of edges (N, 4) x1, y1, x2, y2.

    Examples
    --------
    >>> edge_lengths_px(np.array([[0.0, 0.0, 3.0, 4.0]])).tolist()
    [5.0]
    """
    return np.hypot(edges_px[:, 2] - edges_px[:, 0], edges_px[:, 3] - edges_px[:, 1])


def edge_tilts_deg(edges_px: FloatArray, roll_deg: float = 0.0) -> FloatArray:
    """Return each edge's angle (N,) to the picture's vertical turned clockwise by `roll_deg`, 0 to 90.

    Examples
    --------
    >>> edges_px = np.array([[0.0, 100.0, 0.0, 0.0], [0.0, 100.0, 100.0, 0.0], [0.0, 0.0, 100.0, 0.0]])
    >>> edge_tilts_deg(edges_px).round(6).tolist(), edge_tilts_deg(edges_px, 45.0).round(6).tolist()
    ([0.0, 45.0, 90.0], [45.0, 0.0, 45.0])
    """
    dx, dy = edges_px[:, 2] - edges_px[:, 0], edges_px[:, 3] - edges_px[:, 1]
    clockwise = np.degrees(np.arctan2(dx, -dy)) - roll_deg
    return np.abs((clockwise + 90) % 180 - 90)


def longest_in_order(edges_px: FloatArray) -> FloatArray:
    """Return the longest `MAX_EDGES` of (N, 4) edges, in an order that does not depend on the given one.

    Examples
    --------
    >>> edges_px = np.array([[0.0, 0.0, 0.0, 10.0], [5.0, 50.0, 5.0, 0.0]])
    >>> longest_in_order(edges_px).tolist()
    [[5.0, 0.0, 5.0, 50.0], [0.0, 0.0, 0.0, 10.0]]
    >>> np.array_equal(longest_in_order(edges_px), longest_in_order(edges_px[::-1]))
    True
    """
    upward = (edges_px[:, 3] > edges_px[:, 1]) | (
        (edges_px[:, 3] == edges_px[:, 1]) & (edges_px[:, 2] > edges_px[:, 0])
    )
    same_way = np.where(upward[:, None], edges_px, edges_px[:, [2, 3, 0, 1]])
    order = np.lexsort((*same_way.T, -np.round(edge_lengths_px(same_way), 6)))
    return np.asarray(same_way[order[:MAX_EDGES]], dtype=np.float64)


def fit_attitude(
    edges_px: FloatArray, frame_size_px: tuple[int, int], prior: CameraPrior, mix: EdgeMix = MANHATTAN
) -> Attitude:
    """Fit roll, pitch, yaw and field of view to straight edges.

    Deterministic: equal edges in any order give equal numbers.

    Parameters
    ----------
    edges_px : (N, 4) x1, y1, x2, y2 in pixels of the upright picture; N may be 0, then the prior comes back.
    frame_size_px : (width, height).
    prior : what is believed beforehand; it also bounds where the search starts.
    mix : shares of edges along each axis.

    Returns
    -------
    Attitude, its arrays in the order of the given edges. Posterior mean and standard deviation.

    Examples
    --------
    >>> nothing = fit_attitude(np.empty((0, 4)), (640, 480), CameraPrior())
    >>> abs(nothing.best_deg - CameraPrior().mean).round(0).tolist(), nothing.residual_deg.shape
    ([0.0, 0.0, 0.0, 1.0], (0, 3))
    """
    edges = _describe(longest_in_order(edges_px), frame_size_px)
    starts = _starts(prior)
    shares = mix.shares
    rough = _log_posterior(starts, edges, prior, shares, blur_deg=3.0)
    best = starts[np.argsort(-rough, kind="stable")[:24]]
    for blur_deg in _SHRINKING_NOISE_DEG:
        best = _improve(best, edges, prior, shares, blur_deg)
    point, se, spread, quarter_se = _summarise(best, edges, prior, shares)
    given = _describe(edges_px, frame_size_px)
    return Attitude(point, se, spread, quarter_se, _residuals_deg(point[None], given)[0], given.noise_deg)


def residuals_deg(camera_deg: FloatArray, edges_px: FloatArray, frame_size_px: tuple[int, int]) -> FloatArray:
    """Return each edge's signed angle (N, 3) to the vanishing points of the test frame's axes x, y, z.

    `camera_deg` is (4,) roll, pitch, yaw and long-side field of view; `edges_px` (N, 4) x1, y1, x2, y2. Within ±90.

    Examples
    --------
    >>> plumb = np.array([[320.0, 0.0, 320.0, 480.0]])
    >>> residuals_deg(np.array([2.0, 0.0, 0.0, 62.0]), plumb, (640, 480))[:, :2].round(3).tolist()
    [[88.0, -2.0]]
    """
    camera = np.asarray(camera_deg, dtype=np.float64)[None]
    return np.asarray(_residuals_deg(camera, _describe(edges_px, frame_size_px))[0], dtype=np.float64)


def halton(n: int, dimensions: int) -> FloatArray:
    """Return (n, dimensions) points spread evenly over the unit cube: Halton's sequence without its first point 0.

    The same numbers as `scipy.stats.qmc.Halton(scramble=False)`, which takes half a second to import.

    Examples
    --------
    >>> halton(3, 2).round(3).tolist()
    [[0.5, 0.333], [0.25, 0.667], [0.75, 0.111]]
    """
    index = np.arange(1, n + 1)
    points = np.zeros((n, dimensions))
    for k, base in enumerate((2, 3, 5, 7)[:dimensions]):
        rest, share = index.copy(), 1.0
        while rest.any():
            share /= base
            points[:, k] += share * (rest % base)
            rest //= base
    return points


@cache
def _normal_points(n: int, dimensions: int) -> FloatArray:
    # the standard library's inverse, because scipy.special takes 0.3 s to import
    inverse = np.vectorize(NormalDist().inv_cdf, otypes=[np.float64])
    return np.asarray(inverse(halton(n, dimensions)), dtype=np.float64)


def _describe(edges_px: FloatArray, frame_size_px: tuple[int, int]) -> _Edges:
    length = np.maximum(edge_lengths_px(edges_px), 1e-9)
    diagonal = float(np.hypot(*frame_size_px))
    return _Edges(
        middle_px=(edges_px[:, :2] + edges_px[:, 2:]) / 2,
        direction=(edges_px[:, 2:] - edges_px[:, :2]) / length[:, None],
        noise_deg=np.hypot(EDGE_NOISE_DEG, np.degrees(EDGE_NOISE_PX * diagonal / 800 / length)),
        weight=np.clip(length / (0.10 * diagonal), 0.4, 2.0),
        frame_size_px=frame_size_px,
    )


def _starts(prior: CameraPrior) -> FloatArray:
    """Return starts that fill the prior evenly, each with its mirror image so that a mirrored room fits alike."""
    angles = prior.mean[:3] + 1.3 * prior.sd[:3] * _normal_points(700, 3)
    mirrored = angles.copy()
    for row in (ROLL, YAW):
        mirrored[:, row] = 2 * prior.mean[row] - angles[:, row]
    both = np.concatenate([angles, mirrored])
    return np.column_stack([both, np.full(len(both), prior.mean[FOV])])


def _residuals_deg(camera: FloatArray, edges: _Edges) -> FloatArray:
    """Return (S, N, 3) signed angles between each edge and the direction to each axis' vanishing point."""
    roll, pitch, yaw, fov = (camera[:, row, None, None] for row in (ROLL, PITCH, YAW, FOV))
    pinhole = Pinhole.turned(roll, pitch, yaw, long_side_fov_deg=fov, frame_size_px=edges.frame_size_px)
    way = pinhole.way_px(edges.middle_px[:, None], np.eye(3))
    to_x, to_y = way[..., 0], way[..., 1]
    dx, dy = edges.direction[:, :1], edges.direction[:, 1:]
    across, ahead = to_x * dy - to_y * dx, to_x * dx + to_y * dy
    residual_deg: FloatArray = np.degrees(np.arctan2(np.where(ahead < 0, -across, across), np.abs(ahead)))
    return residual_deg


def _memberships(residual_deg: FloatArray, noise_deg: FloatArray, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each edge's share (S, N, 3) on each axis and its likelihood (S, N)."""
    spread = noise_deg[:, None]
    density = shares * np.exp(-0.5 * (residual_deg / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    total = density.sum(-1) + (1 - shares.sum()) / _ALL_DIRECTIONS_DEG
    return density / total[..., None], total


def _log_posterior(
    camera: FloatArray, edges: _Edges, prior: CameraPrior, shares: FloatArray, blur_deg: float = 0.0
) -> FloatArray:
    residual = _residuals_deg(camera, edges)
    _, likelihood = _memberships(residual, np.hypot(edges.noise_deg, blur_deg), shares)
    fit = TEMPER * (np.log(likelihood) * edges.weight).sum(-1)
    return np.asarray(fit - 0.5 * (((camera - prior.mean) / prior.sd) ** 2).sum(-1), dtype=np.float64)


def _improve(camera: FloatArray, edges: _Edges, prior: CameraPrior, shares: FloatArray, blur_deg: float) -> FloatArray:
    """Take one step of expectation-maximisation from every start, its second half by Gauss and Newton."""
    noise = np.hypot(edges.noise_deg, blur_deg)
    step = 0.02
    # every start and its four neighbours in one call: there are few edges, and a call costs more than its numbers
    around = np.concatenate([camera, *(camera + step * e for e in np.eye(4))])
    residual, *nudged = np.split(_residuals_deg(around, edges).reshape(len(around), -1), 5)
    member, _ = _memberships(residual.reshape(len(camera), -1, 3), noise, shares)
    weight = TEMPER * member * (edges.weight / noise**2)[:, None]
    slope = (np.stack(nudged, -1) - residual[..., None]) / step  # (S, 3 N, 4)
    slope[np.abs(slope) > 90] = 0.0  # an angle that jumped from +90 to -90
    weighed = (slope * weight.reshape(*residual.shape, 1)).transpose(0, 2, 1)
    normal = weighed @ slope + np.diag(prior.sd**-2.0)
    downhill = (weighed @ residual[..., None])[..., 0] + (camera - prior.mean) / prior.sd**2
    move = np.clip(-np.linalg.solve(normal, downhill[..., None])[..., 0], -6, 6)
    moved = camera + move
    moved[:, FOV] = np.clip(moved[:, FOV], *_FOV_RANGE_DEG)
    return np.asarray(moved, dtype=np.float64)


def _summarise(
    camera: FloatArray, edges: _Edges, prior: CameraPrior, shares: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Return posterior mean, standard deviation and the distance of rivals, over all modes that the starts ended in.

    Fourth, the yaw's standard deviation with all of them brought into one quarter turn.

    The modes are rough (an edge more or less on an axis), so their curvature alone would promise too much: the
    posterior is weighed on a fixed set of points spread about every mode (importance sampling).
    """
    height = _log_posterior(camera, edges, prior, shares)
    modes: list[int] = []
    for i in np.argsort(-height, kind="stable"):
        if all(np.abs(camera[i, :3] - camera[j, :3]).max() > 0.7 for j in modes):
            modes.append(int(i))
    modes = modes[:_MAX_MODES]
    centre = camera[modes]
    covariance = np.stack([_covariance(c, edges, prior, shares) for c in centre])
    evidence = height[modes] + 0.5 * np.linalg.slogdet(covariance)[1]
    best = int(np.argmax(evidence))

    points, log_density = _spread_about(centre, covariance * _PROPOSAL_WIDENING)
    points[:, FOV] = np.clip(points[:, FOV], *_FOV_RANGE_DEG)
    log_weight = _log_posterior(points, edges, prior, shares) - log_density
    weight = np.exp(log_weight - log_weight.max())
    # a room turned by a quarter fits alike: the mean is that of the best mode's own quarter
    own = weight * (np.abs(points[:, YAW] - centre[best, YAW]) < 45.0)
    mean = own @ points / own.sum()
    sd = np.sqrt(weight @ (points - mean) ** 2 / weight.sum())
    folded = (points[:, YAW] - mean[YAW] + 45.0) % 90.0 - 45.0
    quarter_sd = float(np.sqrt(weight @ folded**2 / weight.sum()))

    own_sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    apart = np.abs(centre - centre[best])
    separate = apart > 2 * np.hypot(own_sd, own_sd[best])
    strong = evidence > evidence[best] - np.log(_RIVAL_ODDS)
    return mean, sd, np.where(separate & strong[:, None], apart, 0.0).max(0), quarter_sd


def _spread_about(centre: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return points (P, 4) spread evenly about K modes, and the log density (P,) of the mixture they come from."""
    normal = _normal_points(_POINTS_PER_MODE, 4)
    # with the mirror image of every point, so that a mirrored room weighs alike
    normal = np.concatenate([normal, normal * [-1, 1, -1, 1]])
    root = np.linalg.cholesky(covariance)
    points = (centre[:, None] + normal @ root.transpose(0, 2, 1)).reshape(-1, 4)
    whitened = (points - centre[:, None]) @ np.linalg.inv(root).transpose(0, 2, 1)  # (K, P, 4)
    log_parts = -0.5 * (whitened**2).sum(-1) - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(-1)[:, None]
    return points, np.asarray(np.logaddexp.reduce(log_parts, axis=0), dtype=np.float64)


def _covariance(camera: FloatArray, edges: _Edges, prior: CameraPrior, shares: FloatArray) -> FloatArray:
    """Return the inverse of the negative log posterior's curvature, never flatter than the prior nor indefinite."""
    h = np.array([0.15, 0.3, 0.3, 0.6])
    offsets = [np.zeros(4)]
    pairs = [(i, j) for i in range(4) for j in range(i, 4)]
    for i, j in pairs:
        a, b = np.eye(4)[i] * h, np.eye(4)[j] * h
        offsets += [a + b, a - b, b - a, -a - b]
    value = _log_posterior(camera + np.array(offsets), edges, prior, shares)
    curvature = np.zeros((4, 4))
    for k, (i, j) in enumerate(pairs):
        pp, pm, mp, mm = value[1 + 4 * k : 5 + 4 * k]
        curvature[i, j] = curvature[j, i] = -(pp - pm - mp + mm) / (4 * h[i] * h[j])
    values, vectors = np.linalg.eigh(curvature * np.outer(prior.sd, prior.sd))
    inverse = (vectors / np.maximum(values, 0.5)) @ vectors.T
    return np.asarray(inverse * np.outer(prior.sd, prior.sd), dtype=np.float64)
