"""Whether straight edges are the room's, or lines drawn over or around the picture: grids, bars, windows, subtitles.

A drawn line lies along the picture itself, whatever the camera's roll, and would be taken for an edge seen by a level
camera. A room's edges do so by chance only. What separates them: their share of all edges, lines that run from border
to border, and whether the other edges, or else the body, say the same of the camera (METHOD C3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from hipcv.core.camera.edges import RoomFit, fit_room
from hipcv.core.camera.manhattan import edge_lengths_px, edge_tilts_deg
from hipcv.core.camera.pose import CameraAngle, Cue, DrawnLines, DrawnSign
from hipcv.core.procedure import Procedure
from hipcv.core.series import BoolArray, FloatArray

#: An edge lies exactly along the picture when within this of one of its axes.
EXACT_DEG = 0.2
#: Longer side of the picture that edges are found in (`sources.edges`): its pixels are the measure of what follows.
_LONG_SIDE_PX = 640
#: Edges whose ends lie on one row or column to so many pixels are kept out of what the room says by itself.
ALONG_PX = 1.0
#: Share of the edges' length that lies exactly along the picture: at most 0.28 in rendered and real rooms, 0.3 to 0.9
#: with lines drawn over or around them; and below which they have no weight.
MAX_EXACT_SHARE = 1 / 3
MIN_EXACT_SHARE = 0.1
#: A line from border to border is made of pieces this straight, covers more than this of the picture's side (people are
#: in front), and is not nearer to the border than this, where coders leave a seam; two of them are further apart than
#: one drawn line is thick.
PIECE_DEG = 0.5
ACROSS_SHARE = 2 / 3
BORDER_PX = 3.0
LINE_PX = 12.0
#: Bars lie on both sides alike: the mirror image of a line across is one too where it covers this much.
MIRRORED_SHARE = 1 / 3
MIRRORED_PX = 2.0
#: A level camera sees one such line, where wall and floor meet; two are drawn.
MAX_ACROSS = 1
#: All edges together and those that do not lie along the picture may give rolls that differ by so much.
MAX_APART_DEG = 1.0
#: The body agrees where each of its cues is within this share of its standard error.
AGREEMENT_SIGMA = 0.5
#: A marked edge is a drawn line when its ends are within so many pixels of it.
MARK_PX = 6.0


class Whose(StrEnum):
    """Whose the edges along the picture are."""

    ROOM = "room"
    SCREEN = "screen"
    OPEN = "open"


@dataclass(frozen=True, slots=True, eq=False)
class RoomReading:
    """The room's edges without those that are drawn.

    Attributes
    ----------
    fit : of all edges, or of the others where lines along the picture are set aside; its rows are those of all edges.
    whose : whose the edges along the picture are; the fit counts where they are the room's.
    set_aside : (N,) edges along the picture that do not count.
    sign : what speaks for drawn lines; None where they are the room's.
    """

    fit: RoomFit
    whose: Whose
    set_aside: BoolArray
    sign: DrawnLines | None = None

    @property
    def room(self) -> RoomFit | None:
        """The fit, where it can be counted on to be the room's."""
        return self.fit if self.whose is Whose.ROOM else None

    def asking(self, cues: Sequence[CameraAngle]) -> "RoomReading":
        """Return the reading after the body's cues were heard: what is open is the room's where all of them agree.

        Examples
        --------
        >>> from hipcv.core.procedures import procedure_named
        >>> nothing = read_room(np.empty((0, 4)), (640, 480), procedure_named("seated"))
        >>> nothing.asking([CameraAngle(0.0, 2.5, (Cue.REST_LEAN,))]) is nothing
        True
        """
        body = [c for c in cues if c.rests_on(Cue.REST_LEAN, Cue.BODY_LINES)]
        agreed = [abs(c.value_deg - self.fit.roll_deg) <= AGREEMENT_SIGMA * c.se_deg for c in body]
        if self.whose is not Whose.OPEN or not agreed or not all(agreed):
            return self
        return RoomReading(self.fit, Whose.ROOM, np.zeros_like(self.set_aside))


def read_room(edges_px: FloatArray, frame_size_px: tuple[int, int], procedure: Procedure) -> RoomReading:
    """Fit the camera to the room's edges, with or without those along the picture, as `fit_room`.

    Parameters
    ----------
    edges_px : (N, 4) x1, y1, x2, y2 in pixels of the upright picture, the person left out; N may be 0.
    frame_size_px : (width, height).
    procedure : the test, for the prior of the pitch.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> grid = np.array([[x, 0.0, x, 480.0] for x in (160.0, 320.0, 480.0)])
    >>> read_room(grid, (640, 480), procedure_named("seated")).whose
    <Whose.SCREEN: 'screen'>
    """
    edges = np.asarray(edges_px, dtype=np.float64).reshape(-1, 4)
    whole = fit_room(edges, frame_size_px, procedure)
    along = lies_along_picture(edges, frame_size_px)
    none = np.zeros(len(edges), dtype=bool)
    share, n_across = exact_share(edges), count_lines_across(edges, frame_size_px)
    if n_across > MAX_ACROSS:
        return RoomReading(whole, Whose.SCREEN, along, DrawnLines(DrawnSign.ACROSS, n_across))
    if share < MIN_EXACT_SHARE and not n_across:
        return RoomReading(whole, Whose.ROOM, none)
    own = _fit_rows(edges, ~along, frame_size_px, procedure)
    apart_deg = abs(whole.roll_deg - own.roll_deg)
    if own.usable and not _agree(whole, own):
        if own.accepted and apart_deg <= MAX_APART_DEG:  # whatever lies along the picture, the others know the roll
            return RoomReading(own, Whose.ROOM, along)
        return RoomReading(whole, Whose.SCREEN, along, DrawnLines(DrawnSign.APART, apart_deg))
    if share <= MAX_EXACT_SHARE and not n_across:
        return RoomReading(whole, Whose.ROOM, none)
    if own.accepted:
        return RoomReading(own, Whose.ROOM, along)
    whose = Whose.OPEN if apart_deg <= own.roll_se_deg else Whose.SCREEN
    return RoomReading(whole, whose, along, DrawnLines(DrawnSign.SHARE, share))


def _fit_rows(edges: FloatArray, keep: BoolArray, frame_size_px: tuple[int, int], procedure: Procedure) -> RoomFit:
    """Fit some of the edges; the fit's rows are those of all."""
    fit = fit_room(edges[keep], frame_size_px, procedure)
    rows = np.flatnonzero(keep)
    plumb, level = (tuple(int(rows[i]) for i in part) for part in (fit.plumb_edges, fit.level_edges))
    return replace(fit, plumb_edges=plumb, level_edges=level)


def _agree(whole: RoomFit, own: RoomFit) -> bool:
    """Whether all edges together say of the camera what those do that do not lie along the picture."""
    apart_deg = np.abs([whole.roll_deg - own.roll_deg, whole.pitch_deg - own.pitch_deg])
    joint_se_deg = np.hypot([whole.roll_se_deg, whole.pitch_se_deg], [own.roll_se_deg, own.pitch_se_deg])
    if not own.accepted:  # less sure of itself, it contradicts only beyond its errors
        return bool(apart_deg[0] <= max(MAX_APART_DEG, 2 * joint_se_deg[0]))
    return bool(whole.accepted and apart_deg[1] <= 2 * joint_se_deg[1] and apart_deg[0] <= MAX_APART_DEG)


def exact_share(edges_px: FloatArray) -> float:
    """Return the share of the edges' length that lies exactly along the picture's axes, 0 to 1; 0 without an edge.

    Examples
    --------
    >>> exact_share(np.array([[0.0, 0.0, 0.0, 30.0], [0.0, 0.0, 6.0, 8.0]]))
    0.75
    >>> exact_share(np.empty((0, 4)))
    0.0
    """
    length = edge_lengths_px(edges_px)
    total = float(np.nansum(length))
    return float(np.nansum(length[_off_axis_deg(edges_px) < EXACT_DEG])) / total if total > 0 else 0.0


def lies_along_picture(edges_px: FloatArray, frame_size_px: tuple[int, int]) -> BoolArray:
    """Return (N,) whether each edge lies along the picture's rows or columns, to a pixel or `EXACT_DEG`.

    Examples
    --------
    >>> lies_along_picture(np.array([[50.0, 0.0, 50.0, 300.0], [50.0, 0.0, 60.0, 300.0]]), (640, 480)).tolist()
    [True, False]
    """
    across_px = np.abs(edges_px[:, :2] - edges_px[:, 2:]).min(axis=1)
    return np.asarray(
        (_off_axis_deg(edges_px) < EXACT_DEG) | (across_px < ALONG_PX * _pixel(frame_size_px)), dtype=np.bool_
    )


def count_lines_across(edges_px: FloatArray, frame_size_px: tuple[int, int]) -> int:
    """Return how many lines run from one border of the picture to the other along its rows or columns.

    Examples
    --------
    >>> count_lines_across(np.array([[200.0, 0.0, 200.0, 480.0], [400.0, 0.0, 400.0, 100.0]]), (640, 480))
    1
    """
    pixel = _pixel(frame_size_px)
    along = edges_px[_off_axis_deg(edges_px) < PIECE_DEG] / pixel
    n = 0
    for axis, side_px in enumerate(np.asarray(frame_size_px) / pixel):
        ends, places = along[:, [axis, axis + 2]], along[:, [1 - axis, 3 - axis]]
        line = np.abs(np.diff(places)[:, 0]) < ALONG_PX
        ends, place = ends[line], places[line].mean(axis=1)
        width = frame_size_px[1 - axis] / pixel
        inside = place[(place > BORDER_PX) & (place < width - BORDER_PX)]
        found = [p for p in inside if _covered_px(ends[np.abs(place - p) < ALONG_PX]) > ACROSS_SHARE * side_px]
        mirrored = [
            width - p
            for p in found
            if _covered_px(ends[np.abs(place - (width - p)) < MIRRORED_PX]) > MIRRORED_SHARE * side_px
        ]
        lines = sorted(found + mirrored)
        n += sum(p - before > LINE_PX for before, p in zip([-np.inf, *lines], lines, strict=False))
    return int(n)


def on_drawn_lines(marked_px: FloatArray, drawn_px: FloatArray, frame_size_px: tuple[int, int]) -> BoolArray:
    """Return (M,) whether each marked edge lies on one of the drawn ones, (N, 4).

    Examples
    --------
    >>> drawn = np.array([[200.0, 0.0, 200.0, 480.0]])
    >>> marked = np.array([[202.0, 50.0, 201.0, 400.0], [300.0, 50.0, 300.0, 400.0]])
    >>> on_drawn_lines(marked, drawn, (640, 480)).tolist()
    [True, False]
    """
    reach = MARK_PX * _pixel(frame_size_px)
    upright = drawn_px[edge_tilts_deg(drawn_px) < 45.0]
    low, high = np.sort(upright[:, [1, 3]]).T
    place = upright[:, [0, 2]].mean(axis=1)
    found = []
    for x1, y1, x2, y2 in marked_px:
        near = (np.maximum(np.abs(x1 - place), np.abs(x2 - place)) < reach) & (abs(x1 - x2) < reach)
        beside = (low < max(y1, y2)) & (high > min(y1, y2))
        found.append(bool((near & beside).any()))
    return np.array(found, dtype=np.bool_)


def _pixel(frame_size_px: tuple[int, int]) -> float:
    """Return the size of a pixel of the picture that edges are found in, in pixels of the whole picture."""
    return max(1.0, max(frame_size_px) / _LONG_SIDE_PX)


def _off_axis_deg(edges_px: FloatArray) -> FloatArray:
    tilt = edge_tilts_deg(edges_px)
    return np.minimum(tilt, 90.0 - tilt)


def _covered_px(ends: FloatArray) -> float:
    """Return the length that intervals (K, 2) cover together."""
    covered, reached = 0.0, -np.inf
    # which start belongs to which end does not matter for what they cover together
    for start, stop in np.sort(np.sort(ends, axis=1), axis=0):
        covered += max(0.0, stop - max(start, reached))
        reached = max(reached, stop)
    return covered
