"""A shank's direction out of its joints and its edges: joints are the zero, edges the protractor (METHOD S11).

A calf bulges to one side as soon as the leg is seen a little from the side, and trousers hang: the middle between two
edges repeats well and lies aside. In the test the shank shows the camera the same face throughout, so that what it lies
aside by cancels in the change from rest. Joints err the other way round: little at rest, more the further the thigh is
turned. So the resting leg tells by how much its edges are displaced against its joints, and from there on they say how
far it swings. Its joints are known twice, from the heat maps and from the landmarks that the network makes of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hipcv.core.motion.filtering import median_of
from hipcv.core.series import ANKLES, KNEES, FloatArray
from hipcv.pose.fusion import average_axes
from hipcv.pose.legs.body import MAX_APART_DEG, OWN_KNEES_SHANKS
from hipcv.pose.legs.covered import at_rest
from hipcv.pose.legs.edges import Ribbon
from hipcv.pose.legs.tracking import CLEAR_DOUBT, LegPath
from hipcv.pose.person import Pose

#: Standard error of a ribbon's direction with a perfectly straight middle, degrees; it grows with the square of the
#: residual over `STRAIGHT`, and is never taken to be better than the clip-wise bias seen on rendered people.
RIBBON_SE_DEG, STRAIGHT = 1.2, 0.005
#: Edges fainter than this are in part those of something else: the standard error grows with the square of the lack.
CLEAR_STRENGTH = 0.9
#: Standard error of the heat maps' shank where both peaks are clear, degrees.
JOINTS_SE_DEG = 2.0
#: A shank that only one of the two sources shows is known this many times less well.
ALONE = 1.6


@dataclass(frozen=True, slots=True)
class Aside:
    """How far joints by the heat maps, by the network's own landmarks, and edges lie from the truth for good.

    Standard deviations over legs and views, degrees. most_deg : edges that lie this far from the joints at rest are
    those of something else, or the joints are.

    Examples
    --------
    >>> round(Aside(2.0, 2.0, 2.0, 8.0).edges_share, 3), round(Aside(2.0, 2.0, 2.0, 8.0).zero_se_deg, 2)
    (0.333, 1.15)
    """

    joints_deg: float
    landmarks_deg: float
    edges_deg: float
    most_deg: float

    @property
    def zero_se_deg(self) -> float:
        """Standard error of the zero that is made of them, each by its own."""
        return float((self.joints_deg**-2 + self.landmarks_deg**-2 + self.edges_deg**-2) ** -0.5)

    @property
    def landmarks_share(self) -> float:
        """What the landmarks count in that zero."""
        return float((self.zero_se_deg / self.landmarks_deg) ** 2)

    @property
    def edges_share(self) -> float:
        """What the edges count in it."""
        return float((self.zero_se_deg / self.edges_deg) ** 2)


#: Of legs that hang in the picture that the network is shown: the median on bare legs before several calibrated cameras
#: over 0.6745 (`benchmarks/real_photos.py`).
HANGING = Aside(1.6, 2.9, 4.7, 8.0)
#: Of standing legs that it is shown with the body head up, for want of better: it takes the knees to be elsewhere. Root
#: mean square over eight rendered legs in clothes; the edges, which were 2.9° off there, as on real legs.
HEAD_UP = Aside(4.1, 11.5, HANGING.edges_deg, 10.0)
#: A displacement rests on so many frames of the leg at rest, one second at eight a second but for what is doubted.
MIN_RESTING = 5


def landmarks_turn_deg(bodies: Sequence[Sequence[Pose]], knees_px: FloatArray, ankles_px: FloatArray) -> FloatArray:
    """Return (T,) by how much the landmarks' shank is turned clockwise against a leg as it was read, degrees.

    NaN where no look has a knee near this one.

    Parameters
    ----------
    bodies : of each of T frames what each look shows, left and right as the network calls them.
    knees_px, ankles_px : (T, 2) the leg, pixels of the same frames.

    Examples
    --------
    >>> px = np.zeros((33, 2))
    >>> px[[KNEES[0], ANKLES[0]]] = [[100.0, 100.0], [90.0, 190.0]]
    >>> look = Pose(px, np.zeros((33, 3)), np.ones(33), np.full(2, np.nan))
    >>> landmarks_turn_deg([[look], []], np.full((2, 2), 100.0), np.full((2, 2), [100.0, 190.0])).round(1).tolist()
    [6.3, nan]
    """
    turn_deg = np.full(len(bodies), np.nan)
    for t, (looks, knee, ankle) in enumerate(zip(bodies, knees_px, ankles_px, strict=True)):
        if looks:
            legs = np.array([pose.image_px[[*pair]] for pose in looks for pair in zip(KNEES, ANKLES, strict=True)])
            near = np.linalg.norm(legs[:, 0] - knee, axis=1) < OWN_KNEES_SHANKS * np.linalg.norm(ankle - knee)
            turns = np.angle(((legs[:, 1] - legs[:, 0]) @ [1, 1j]) * np.conj((ankle - knee) @ [1, 1j]))
            turn_deg[t] = median_of(np.degrees(turns[near]))
    return turn_deg


def displacement_deg(turn_deg: FloatArray, path: LegPath, doubts: FloatArray) -> float:
    """Return by how much something is turned clockwise against the joints of the resting leg; NaN where unknown.

    Parameters
    ----------
    turn_deg : (T,) by how much it is in each frame, NaN where it is not seen.
    path : the leg by the heat maps.
    doubts : (T,) 1 where the heat maps are clear, more where they are not (`tracking.doubt`).

    Examples
    --------
    >>> still = LegPath(np.zeros((6, 2)), np.full((6, 2), [0.0, 80.0]), np.zeros(6), np.ones(6), np.ones(6))
    >>> displacement_deg(np.arange(6.0), still, np.ones(6)), displacement_deg(np.arange(6.0), still, np.full(6, 9.0))
    (2.5, nan)
    """
    clear = at_rest(path) & (doubts < CLEAR_DOUBT) & np.isfinite(turn_deg)
    return float(np.median(turn_deg[clear])) if clear.sum() >= MIN_RESTING else float("nan")


def measure_shank(
    path: LegPath,
    ribbons: Sequence[Ribbon | None],
    landmarks_deg: FloatArray,
    shank_px: float,
    doubts: FloatArray,
    aside: Aside = HANGING,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return knees (T, 2), ankles (T, 2) and standard errors in degrees (T,) of one leg over T frames.

    Parameters
    ----------
    path : the leg by the heat maps.
    ribbons : T, what `edges.find_ribbons` saw along the path.
    landmarks_deg : (T,) as `landmarks_turn_deg`.
    shank_px : the length that the ribbons' units refer to.
    doubts : (T,) as `tracking.doubt`.
    aside : how far each of them lies aside.

    Examples
    --------
    >>> still = LegPath(np.zeros((6, 2)), np.full((6, 2), [0.0, 80.0]), np.zeros(6), np.ones(6), np.ones(6))
    >>> aside = Ribbon(turn_deg=4.0, offset=0.0, residual=0.0, strength=1.0, half_width=0.14)
    >>> _, ankles, se_deg = measure_shank(still, [aside] * 6, np.zeros(6), 80.0, np.ones(6))
    >>> float(np.degrees(np.arctan2(-ankles[0, 0], ankles[0, 1])).round(1)), float(se_deg[0].round(1))
    (0.3, 1.0)
    """
    turn_deg = np.array([np.nan if ribbon is None else ribbon.turn_deg for ribbon in ribbons])
    edges_deg, own_deg = (displacement_deg(turn, path, doubts) for turn in (turn_deg, landmarks_deg))
    zero_deg = aside.landmarks_share * _near(own_deg, MAX_APART_DEG)
    zero_deg += aside.edges_share * _near(edges_deg, aside.most_deg)
    foreign = abs(edges_deg) > aside.most_deg
    each = [
        fuse_ribbon(knee, ankle, None if foreign else ribbon, shank_px, float(unsure), edges_deg, aside)
        for knee, ankle, ribbon, unsure in zip(path.knee_px, path.ankle_px, ribbons, doubts, strict=True)
    ]
    knees, ankles, se_deg = (np.array(column) for column in zip(*each, strict=True))
    return knees, knees + turned(ankles - knees, zero_deg), se_deg


def _near(displaced_deg: float, most_deg: float) -> float:
    """Return a displacement, and 0 for one that is unknown or that of something else."""
    return displaced_deg if abs(displaced_deg) <= most_deg else 0.0


def turned(vectors: FloatArray, angle_deg: float) -> FloatArray:
    """Return vectors (..., 2) turned clockwise (x right, y down).

    Examples
    --------
    >>> turned(np.array([0.0, 1.0]), 90.0).round(3).tolist()
    [-1.0, 0.0]
    """
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    moved: FloatArray = vectors @ np.array([[c, s], [-s, c]])
    return moved


def fuse_ribbon(
    knee_px: FloatArray,
    ankle_px: FloatArray,
    ribbon: Ribbon | None,
    shank_px: float,
    doubt: float,
    displaced_deg: float = float("nan"),
    aside: Aside = HANGING,
) -> tuple[FloatArray, FloatArray, float]:
    """Return knee (2,), ankle (2,) and the standard error in degrees after averaging heat maps and ribbon.

    Parameters
    ----------
    knee_px, ankle_px : (2,) from the heat maps.
    ribbon : what `find_ribbons` saw; None where it saw nothing.
    shank_px : the length that the ribbon's units refer to.
    doubt : 1 where the heat maps are clear, more where they are not (`tracking.doubt`).
    displaced_deg : the ribbon's `displacement_deg`, which is taken off; NaN where it is unknown: what is usual is then
        part of the errors.
    aside : how far each of the two lies aside.

    Where the two lie further apart than `aside.most_deg`, or there is no ribbon, the heat maps stand alone.

    Examples
    --------
    >>> knee, ankle = np.array([100.0, 100.0]), np.array([100.0, 200.0])
    >>> seen = Ribbon(turn_deg=1.0, offset=0.0, residual=0.0, strength=1.0, half_width=0.14)
    >>> alone, together = fuse_ribbon(knee, ankle, None, 100.0, 1.0), fuse_ribbon(knee, ankle, seen, 100.0, 1.0, 1.0)
    >>> alone[2], round(together[2], 2)
    (3.2, 1.03)
    """
    joints_se = JOINTS_SE_DEG * doubt
    known = np.isfinite(displaced_deg)
    taken_off_deg = displaced_deg if known else 0.0
    if ribbon is None or abs(ribbon.turn_deg - taken_off_deg) > aside.most_deg:
        return knee_px, ankle_px, ALONE * joints_se
    faint = max(1.0, CLEAR_STRENGTH / max(ribbon.strength, 0.1))
    outline_se = RIBBON_SE_DEG * (1.0 + (ribbon.residual / STRAIGHT) ** 2) * faint**2 * min(doubt, 1.5)
    if not known:
        joints_se, outline_se = (
            float(np.hypot(own, more)) for own, more in ((joints_se, aside.joints_deg), (outline_se, aside.edges_deg))
        )
    return average_axes(
        knee_px,
        ankle_px,
        ribbon.turn_deg - taken_off_deg,
        ribbon.offset * shank_px,
        joints_se_deg=joints_se,
        outline_se_deg=outline_se,
    )
