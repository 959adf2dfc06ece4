"""Both lower legs in every frame of a clip, once it is known where they are (METHOD S6 to S12).

Steps: 1 the network looks at the agreed square (`looking`), once a frame that shows something new (`seen_before`); 2
knees and ankles are read from the heat maps over the whole clip (`tracking`); 3 frames in which a leg is doubted are
looked at once more; 4 where legs are clear they teach their colour (`colour`), with which the ankles are followed
again; 5 the edges of each lower leg sharpen its direction (`edges`, `protractor`); 6 a shank of which too little is
free is missing (`covered`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.checks.limits import TRUNK_IN_FRONT
from hipcv.core.motion.filtering import median_of
from hipcv.core.series import FloatArray
from hipcv.pose.legs.colour import LegColour
from hipcv.pose.legs.covered import at_rest
from hipcv.pose.legs.edges import COLUMNS, ROWS, Ribbon, edge_strength, edges_under, find_ribbons
from hipcv.pose.legs.heatmaps import CROP_PX, cell_of
from hipcv.pose.legs.knee_outline import knee_outline, lift_knees, stay_at_the_end, stay_on_the_bed
from hipcv.pose.legs.looking import Views
from hipcv.pose.legs.network import Region
from hipcv.pose.legs.protractor import HANGING, HEAD_UP, landmarks_turn_deg
from hipcv.pose.legs.region import Vote
from hipcv.pose.legs.seen_before import CELLS, SeenBefore
from hipcv.pose.legs.steps import LEG_STEPS, LegSteps
from hipcv.pose.legs.tracking import ANGLES_DEG, CLEAR_DOUBT, LegPath, doubt, find_paths, share_in_front, track_knees
from hipcv.pose.person import Pose

ByteArray = NDArray[np.uint8]
MapArray = NDArray[np.float32]

#: Where a leg is seen clearly (`tracking.CLEAR_DOUBT`) it teaches its colour, between these shares. Of what may be
#: covered it teaches by its upper part: who holds it has the lower one.
UPPER_TO = 0.6
#: With more of the thighs than this seen beyond hanging knees the outline goes on along them (a camera that looks down
#: by 10° on somebody on the back showed 0.3, by 16° 0.5).
THIGHS_IN_FRONT = 0.35
COLOUR_FROM, COLOUR_TO = 0.2, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class LowerLegs:
    """Both lower legs over T frames, ordered from left to right of the *crop*.

    knees_px, ankles_px : (T, 2, 2) frame pixels, each frame's own, not smoothed over time; se_deg : (T, 2) standard
    error of each shank's direction, infinite where too little of it is free; knee_outline_px : (T, 2, 2) where each
    leg's outline ends at the knee, NaN where unclear; landmarks_deg : (T, 2) by how much the network's own landmarks
    have it turned (`protractor.landmarks_turn_deg`); share_in_front : of the place before the knees that is person: of
    standing shanks, a trunk there means a camera at the head end; zero_se_deg : standard error that all frames share;
    bodies : the whole body as each look at each frame shows it, frame pixels, with the network's own
    labels of left and right.
    """

    knees_px: FloatArray
    ankles_px: FloatArray
    se_deg: FloatArray
    knee_outline_px: FloatArray
    landmarks_deg: FloatArray
    share_in_front: float
    zero_se_deg: float
    bodies: tuple[tuple[Pose, ...], ...]


def read_lower_legs(
    frame: Callable[[int], ByteArray],
    time_s: FloatArray,
    vote: Vote,
    seen: SeenBefore,
    steps: LegSteps = LEG_STEPS,
    angles_deg: FloatArray = ANGLES_DEG,
) -> LowerLegs:
    """Read both shanks in every frame.

    Parameters
    ----------
    frame : gives the k-th frame, (height, width, 3).
    time_s : (T,) seconds, rising.
    vote : where the legs are, in pixels of these frames.
    seen : looks at the square around them.
    steps : the steps that can be exchanged.
    angles_deg : the angles at which a shank is looked for (`tracking.ANGLES_DEG`).
    """
    region, n = seen.region, len(time_s)
    aside = HEAD_UP if region.over else HANGING
    shank_px = vote.shank_px * CROP_PX / region.side_px
    first_px = region.to_crop(vote.knees_px)
    views, lab = [], np.empty((n, CELLS, CELLS, 3), np.uint8)
    for k in range(n):
        rgb = frame(k)
        lab[k] = seen.cells(rgb)
        views.append(seen.first_look(rgb, lab[k], float(time_s[k])))
    paths, doubts = _first_paths(views, time_s, first_px, shank_px, steps, angles_deg)
    doubted = steps.look_again(doubts).tolist()
    for k in doubted:
        views[k] = seen.look_again(views[k], frame(k), float(time_s[k]))
    if doubted:
        paths, doubts = _first_paths(views, time_s, first_px, shank_px, steps, angles_deg)
    knee_maps, ankle_maps, masks = np.stack([seen.maps for seen in views], axis=1)
    knees = np.stack([path.knee_px for path in paths], axis=1)
    in_front = share_in_front(masks.mean(axis=0), np.median(knees, axis=0), shank_px)
    # with a trunk before the knees, and where thighs come down to hanging shanks, the outline does not end there
    ends = region.ends and in_front < (THIGHS_IN_FRONT if region.lying else TRUNK_IN_FRONT.value)
    legs = masks
    like = _likeness(lab, _learn(lab, paths, doubts, steps))
    if like is not None:
        knees = track_knees(knee_maps, time_s, first_px, shank_px, like)
        legs = np.float32(0.5) * (masks + like)
        if ends:
            knees = stay_at_the_end(knees, knee_outline(legs, knees, shank_px), shank_px)
            if not region.lying:  # else it ends with the thighs, which lie behind the knees
                knees = lift_knees(knees, knee_outline(legs, knees, shank_px), shank_px)
        if region.lying:
            knees = stay_on_the_bed(knees, shank_px, spread=ends)
        paths, doubts = _follow(knee_maps, ankle_maps, legs, time_s, knees, shank_px, steps, angles_deg)

    edges: list[list[MapArray]] = [[], []]
    for k in range(n):
        rgb = frame(k)
        for leg, path in enumerate(paths):
            edges[leg].append(_edges_along(rgb, region, path.knee_px[k], path.ankle_px[k], shank_px, masks[k]))
    hidden = steps.covered(paths, _likeness(lab, _learn(lab, paths, _resting(paths, doubts), steps, UPPER_TO)))
    # of somebody on the back it is that of the thighs, which tells nothing of the pelvis
    shown = ends and not region.lying
    outline = region.to_picture(knee_outline(legs, knees, shank_px)) if shown else np.full((n, 2, 2), np.nan)
    read = LowerLegs(
        knees_px=np.empty((n, 2, 2)),
        ankles_px=np.empty((n, 2, 2)),
        se_deg=np.empty((n, 2)),
        knee_outline_px=outline,
        landmarks_deg=np.empty((n, 2)),
        share_in_front=in_front,
        zero_se_deg=aside.zero_se_deg,
        bodies=tuple(seen.bodies for seen in views),
    )
    for leg, path in enumerate(paths):
        ribbons = _find_ribbons(edges[leg])
        joints_px = region.to_picture(path.knee_px), region.to_picture(path.ankle_px)
        read.landmarks_deg[:, leg] = landmarks_turn_deg(read.bodies, *joints_px)
        knees_px, ankles_px, read.se_deg[:, leg] = steps.measure_shank(
            path, ribbons, read.landmarks_deg[:, leg], shank_px, doubts[leg], aside
        )
        read.se_deg[hidden[leg], leg] = np.inf
        read.knees_px[:, leg], read.ankles_px[:, leg] = region.to_picture(knees_px), region.to_picture(ankles_px)
    return read


def _first_paths(
    views: Sequence[Views],
    time_s: FloatArray,
    first_px: FloatArray,
    shank_px: float,
    steps: LegSteps,
    angles_deg: FloatArray,
) -> tuple[Sequence[LegPath], Sequence[FloatArray]]:
    """Return both legs' paths and doubts by what the looks show, before the legs' colour is known."""
    knee_maps, ankle_maps, masks = np.stack([seen.maps for seen in views], axis=1)
    knees = track_knees(knee_maps, time_s, first_px, shank_px)
    return _follow(knee_maps, ankle_maps, masks, time_s, knees, shank_px, steps, angles_deg)


def _follow(
    knee_maps: MapArray,
    ankle_maps: MapArray,
    likely: MapArray,
    time_s: FloatArray,
    knees: FloatArray,
    shank_px: float,
    steps: LegSteps,
    angles_deg: FloatArray,
) -> tuple[Sequence[LegPath], Sequence[FloatArray]]:
    """Return both legs' paths and how much each is doubted (T,); `likely` says where legs may be, (T, 64, 64)."""
    paths = find_paths(ankle_maps, likely, time_s, knees, shank_px, steps.best_path, angles_deg)
    rows, columns = cell_of(np.median(knees, axis=0)).T
    peaks = knee_maps.mean(axis=0)[rows, columns]
    return paths, [doubt(path, float(peak), shank_px, angles_deg) for path, peak in zip(paths, peaks, strict=True)]


def _learn(
    lab: ByteArray,
    paths: Sequence[LegPath],
    doubts: Sequence[FloatArray],
    steps: LegSteps,
    down_to: float = COLOUR_TO,
) -> LegColour | None:
    """Learn the legs' colour from (T, 64, 64, 3) where they are read without doubt, against all there is around."""
    share = np.linspace(COLOUR_FROM, down_to, 15)[:, None]
    on_leg = []
    for path, unsure in zip(paths, doubts, strict=True):
        for k in np.flatnonzero(unsure < CLEAR_DOUBT):
            rows, columns = cell_of(path.knee_px[k] + share * (path.ankle_px[k] - path.knee_px[k])).T
            on_leg.append(lab[k, rows, columns])
    return steps.learn_colour(np.concatenate(on_leg), lab) if on_leg else None


def _likeness(lab: ByteArray, colour: LegColour | None) -> MapArray | None:
    """Return (T, 64, 64) how much each cell has the legs' colour; None where they have none of their own."""
    return None if colour is None else np.stack([colour.likeness(cells) for cells in lab]).astype(np.float32)


def _resting(paths: Sequence[LegPath], doubts: Sequence[FloatArray]) -> list[FloatArray]:
    """Return the doubts with frames in which a leg does not rest among those that teach nothing."""
    return [np.where(at_rest(path), unsure, np.inf) for path, unsure in zip(paths, doubts, strict=True)]


def _find_ribbons(edges: Sequence[MapArray]) -> list[Ribbon | None]:
    under = [edges_under(e) for e in edges]
    ribbons = find_ribbons(edges, under)
    # a leg is as wide in one frame as in the next
    half_width = median_of(np.array([r.half_width for r in ribbons if r is not None]))
    if not np.isfinite(half_width):
        return ribbons
    return find_ribbons(edges, under, half_width)


def _edges_along(
    rgb: ByteArray, region: Region, knee: FloatArray, ankle: FloatArray, shank_px: float, mask: MapArray
) -> MapArray:
    """Return the edges across the strip along one shank, (rows, columns) of `edges`."""
    along = (ankle - knee) / max(float(np.hypot(*(ankle - knee))), 1e-9)
    across = np.array([-along[1], along[0]])
    places = knee + shank_px * (ROWS[:, None, None] * along + COLUMNS[None, :, None] * across)
    at = (region.to_picture(places) - 0.5).astype(np.float32)
    border = cv2.BORDER_REPLICATE
    colours = cv2.remap(rgb, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=border)
    lab = cv2.cvtColor(colours.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    lab = cv2.GaussianBlur(lab, (0, 0), sigmaX=1.5, sigmaY=0.8)
    cells = (places * (mask.shape[0] / CROP_PX) - 0.5).astype(np.float32)
    person = cv2.remap(mask, cells[..., 0], cells[..., 1], cv2.INTER_LINEAR, borderMode=border)
    return edge_strength(lab.astype(np.float64), person.astype(np.float64))
