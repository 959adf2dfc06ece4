"""Who is in the picture, by the person detector in MediaPipe's pose bundle (METHOD S3).

MediaPipe's graph follows nobody who lies face down, but the detector it begins with sees people of any posture. It
looks at the picture shrunk into a square of 224 pixels; from each cell of grids of 8, 16 and 32 pixels it makes some
guesses of where the middle of somebody's hips lies, and how far from there the body reaches (Bazarevsky and others
2020, arXiv 2006.10204).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.errors import ModelError
from hipcv.core.series import FloatArray
from hipcv.pose.legs.interpreter import load_network
from hipcv.pose.legs.region import Vote

ByteArray = NDArray[np.uint8]

#: Side of the square that the detector looks at.
SQUARE_PX = 224
#: Cells of so many pixels, and how many guesses are made from each.
GRIDS = ((8, 2), (16, 2), (32, 6))
#: A guess is a box (4 numbers) and four points (x, y each), of which the first two are hips and reach.
HIPS_AT, REACH_AT, N_VALUES = slice(4, 6), slice(6, 8), 12
#: Surer guesses than this are people: what MediaPipe's own graphs take.
SURE = 0.5
#: Hips nearer than this to those of a surer guess, in shares of that body's reach, are the same person's.
SAME_REACH = 0.5
#: Between where a head is, from the hips towards the top of the circle around a body (nearer of who bends or lies,
#: further of who stands), and how far around that it is covered, in shares of the body's reach: generous.
HEAD_AT, HEAD_RADIUS = (0.55, 0.95), 0.33
#: Heads are covered of people who are less sure, too; nearer to a surer one than this share of the reach they are one.
SURE_HEAD, SAME_HEAD = 0.3, 0.25
#: A thigh is about as long as a shank (Winter), and lies along the line of sight: hips further than this from the
#: knees, in lengths of a shank, are somebody else's.
THIGH_SHANKS = 1.0


def _cells_px() -> FloatArray:
    """Return (N, 2) the middle of the cell that each guess is made from, pixels of the square."""
    middles = []
    for cell_px, n_guesses in GRIDS:
        y, x = np.mgrid[0:SQUARE_PX:cell_px, 0:SQUARE_PX:cell_px] + cell_px / 2
        middles.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), n_guesses, axis=0))
    return np.concatenate(middles)


CELLS_PX = _cells_px()
#: Shapes of the detector's outputs.
_GUESSES, _LOGITS = (1, len(CELLS_PX), N_VALUES), (1, len(CELLS_PX), 1)


@dataclass(frozen=True, slots=True, eq=False)
class Somebody:
    """A person: middle of the hips (2,) and how far the body reaches around it, pixels; how sure, 0 to 1.

    turn_deg : how far the trunk leans clockwise from upright in the picture, 180 for somebody head down.
    """

    hips_px: FloatArray
    reach_px: float
    score: float
    turn_deg: float = 0.0

    def up_px(self, share: float) -> FloatArray:
        """Return the place (2,) from the hips towards the head, at a share of the reach.

        Examples
        --------
        >>> Somebody(np.array([100.0, 200.0]), 80.0, 0.9).up_px(0.5).tolist()
        [100.0, 160.0]
        """
        turn = math.radians(self.turn_deg)
        return self.hips_px + share * self.reach_px * np.array([math.sin(turn), -math.cos(turn)])


class PersonDetector:
    """The detector, loaded once.

    Raises
    ------
    ModelError
        Where the bytes are no network or one with other outputs.
    """

    def __init__(self, network: bytes) -> None:
        self._run = load_network(network, "person detector", 1)
        if not {_GUESSES, _LOGITS} <= self._run.shapes:
            raise ModelError(
                f"A person detector with outputs {[_GUESSES, _LOGITS]} was wanted, found {sorted(self._run.shapes)}; "
                "run `hipcv models get`."
            )

    def __call__(self, rgb: ByteArray) -> list[Somebody]:
        """Return everybody in a picture (height, width, 3), the surest first."""
        return self._look(rgb)

    def heads(self, rgb: ByteArray) -> FloatArray:
        """Return (K, 3) where heads may be in a picture (height, width, 3): x, y and radius to cover, pixels."""
        people = self._look(rgb, by_head=True)
        circles = [(*p.up_px(share), HEAD_RADIUS * p.reach_px) for p in people for share in HEAD_AT]
        return np.array(circles).reshape(-1, 3)

    def _look(self, rgb: ByteArray, *, by_head: bool = False) -> list[Somebody]:
        height, width = rgb.shape[:2]
        scale = SQUARE_PX / max(height, width)
        columns, rows = round(scale * width), round(scale * height)
        left, top = (SQUARE_PX - columns) // 2, (SQUARE_PX - rows) // 2
        square = np.zeros((SQUARE_PX, SQUARE_PX, 3), np.float32)
        square[top : top + rows, left : left + columns] = cv2.resize(rgb, (columns, rows), interpolation=cv2.INTER_AREA)
        outputs = self._run(square / 127.5 - 1.0)
        guesses, logits = (outputs[shape][0].astype(np.float64) for shape in (_GUESSES, _LOGITS))
        return [
            replace(found, hips_px=(found.hips_px - [left, top]) / scale, reach_px=found.reach_px / scale)
            for found in read_guesses(guesses, logits[:, 0], by_head=by_head)
        ]


def read_guesses(guesses: FloatArray, logits: FloatArray, *, by_head: bool = False) -> list[Somebody]:
    """Return the people in the detector's outputs, the surest first, in pixels of its square.

    Parameters
    ----------
    guesses : (N, 12) a box and four points, from the middle of each guess's cell (`CELLS_PX`), in pixels.
    logits : (N,) how sure each one is.
    by_head : whether people are told apart by their heads, and those who are less sure are people, too.

    Examples
    --------
    >>> guesses, logits = np.zeros((len(CELLS_PX), N_VALUES)), np.full(len(CELLS_PX), -9.0)
    >>> guesses[500, REACH_AT], logits[500] = (0.0, -60.0), 3.0
    >>> [(round(found.reach_px, 3), round(found.score, 3), found.turn_deg) for found in read_guesses(guesses, logits)]
    [(60.0, 0.953, 0.0)]
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -100, 100)))
    people: list[Somebody] = []
    for k in np.argsort(-scores):
        if scores[k] < (SURE_HEAD if by_head else SURE):
            break
        hips = CELLS_PX[k] + guesses[k, HIPS_AT]
        right_px, down_px = map(float, guesses[k, REACH_AT] - guesses[k, HIPS_AT])
        turn_deg = math.degrees(math.atan2(right_px, -down_px))
        one = Somebody(hips, math.hypot(right_px, down_px), float(scores[k]), turn_deg)
        if not any(_is_same(one, p, by_head=by_head) for p in people):
            people.append(one)
    return people


def _is_same(one: Somebody, surer: Somebody, *, by_head: bool) -> bool:
    apart_px = one.up_px(1.0) - surer.up_px(1.0) if by_head else one.hips_px - surer.hips_px
    return float(np.hypot(*apart_px)) <= (SAME_HEAD if by_head else SAME_REACH) * surer.reach_px


def others(people: Sequence[Somebody], vote: Vote) -> list[Somebody]:
    """Return the people whose hips lie too far from known knees to belong to them.

    Examples
    --------
    >>> from hipcv.pose.legs.network import Region
    >>> region = Region(320.0, 240.0, 400.0)
    >>> legs = Vote(region, np.array([[300.0, 250.0], [340.0, 250.0]]), 100.0, share=1.0, presence=0.9, quality=0.8)
    >>> own, other = (Somebody(np.array(hips), 150.0, 0.9) for hips in ([310.0, 220.0], [500.0, 180.0]))
    >>> others([], legs), others([own, other], legs) == [other]
    ([], True)
    """
    knees = vote.knees_px.mean(axis=0)
    return [p for p in people if np.hypot(*(p.hips_px - knees)) > THIGH_SHANKS * vote.shank_px]
