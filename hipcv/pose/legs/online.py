"""Both lower legs of one person from look to look, while the frames come (METHOD S8, its forward half).

The path over a whole clip (`tracking`) knows what follows; here every frame has what came before it, no more.
"""

from dataclasses import dataclass, field

import numpy as np

from hipcv.core.series import FloatArray, IntArray
from hipcv.pose.legs.heatmaps import CROP_PX, MapArray, cell_of, joint_maps
from hipcv.pose.legs.network import Look, Region
from hipcv.pose.legs.tracking import (
    ANGLES_DEG,
    MAX_SPEED_DEG_S,
    LegPath,
    doubt,
    find_path,
    settle_knees,
    without_ankle,
)

#: A knee is where its peak was over about this time: the peak wanders with the swing of the shank.
KNEE_S = 0.3
#: After so long without a look nothing is known of where an ankle was.
FORGET_S = 0.5
#: A look counts this much less with every one that follows: a path that was wrong is left.
MEMORY = 0.8


@dataclass(slots=True, eq=False)
class LegsOnline:
    """Where the lower legs of one person are, and have been.

    knees_px : (2, 2) picture pixels, from left to right of the crop; shank_px : the longer shank's length; angles_deg :
    the angles at which a shank is looked for.

    Examples
    --------
    >>> heat = np.full((64, 64, 39), -9.0)
    >>> heat[20, [20, 42], [26, 25]] = heat[40, [20, 42], [28, 27]] = 2.0  # two knees, and the ankles below them
    >>> look = Look(np.zeros((39, 2)), np.zeros((33, 3)), 1.0, np.ones((256, 256)), heat)
    >>> legs = LegsOnline(np.array([[80.0, 80.0], [170.0, 80.0]]), 80.0)
    >>> paths, doubts = legs.see(look, Region(128.0, 128.0, 256.0, 0.0), 0.0)
    >>> [path.ankle_px[0].round(1).tolist() for path in paths], legs.knees_px.tolist()
    ([[81.5, 161.5], [169.5, 161.5]], [[81.5, 81.5], [169.5, 81.5]])
    """

    knees_px: FloatArray
    shank_px: float
    angles_deg: FloatArray = field(default_factory=lambda: ANGLES_DEG)
    _scores: dict[int, FloatArray] = field(default_factory=dict, init=False)
    _time_s: float = field(default=float("-inf"), init=False)

    def see(self, look: Look, region: Region, time_s: float) -> tuple[list[LegPath], FloatArray]:
        """Take in the next look; return both legs in it, crop pixels, and how much each one is doubted (2,)."""
        since_s, self._time_s = time_s - self._time_s, time_s
        if since_s > FORGET_S:
            self._scores.clear()
        knee_map, ankle_map = joint_maps(look.heat)
        mask = look.mask.reshape(64, 4, 64, 4).mean(axis=(1, 3))
        shank_px = self.shank_px * CROP_PX / region.side_px
        before = region.to_crop(self.knees_px)
        share = 1.0 - np.exp(-since_s / KNEE_S)
        knees = before + share * (settle_knees(knee_map, before, shank_px) - before)
        self.knees_px = region.to_picture(knees)
        paths = self._find_paths(ankle_map, mask, knees, shank_px, since_s)
        rows, columns = cell_of(knees).T
        peaks = knee_map[rows, columns]
        doubts = [
            float(doubt(path, float(peak), shank_px, self.angles_deg)[0])
            for path, peak in zip(paths, peaks, strict=True)
        ]
        return paths, np.array(doubts)

    def _find_paths(
        self, ankle_map: MapArray, mask: MapArray, knees: FloatArray, shank_px: float, since_s: float
    ) -> list[LegPath]:
        """Return where each ankle is, the less sure one sought again without the other's peak."""
        known = {leg: spread(scores, since_s) for leg, scores in self._scores.items()}

        def find(leg: int, maps: MapArray) -> LegPath:
            def best(scores: FloatArray, _: FloatArray) -> IntArray:
                self._scores[leg] = scores[0] + MEMORY * known.get(leg, 0.0)
                return np.array([self._scores[leg].argmax()])

            knee = knees[None, leg]
            return find_path(maps, mask[None], np.zeros(1), knee, shank_px, leg, best, self.angles_deg)

        paths = [find(leg, ankle_map[None]) for leg in range(2)]
        surer = int(paths[1].peak[0] > paths[0].peak[0])
        rest = without_ankle(ankle_map[None], paths[surer].ankle_px, shank_px)
        paths[1 - surer] = find(1 - surer, rest)
        return paths


def spread(scores: FloatArray, since_s: float) -> FloatArray:
    """Return (A,) how well each angle follows on those that had these scores (A,) so long ago; 0 for the best.

    Examples
    --------
    >>> scores = np.full(len(ANGLES_DEG), -9.0)
    >>> scores[20] = 1.0
    >>> spread(scores, 1 / 30)[[15, 20, 22, 40]].round(2).tolist()
    [-0.5, 0.0, -0.08, -10.0]
    """
    step = float(ANGLES_DEG[1] - ANGLES_DEG[0])
    reach = max(1, int(np.ceil(MAX_SPEED_DEG_S * since_s / step)))
    # a little stillness is preferred, as by the path over a whole clip
    cost = 0.5 * (np.arange(-reach, reach + 1) / reach) ** 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(scores - scores.max(), reach, mode="edge"), 2 * reach + 1)
    best: FloatArray = (windows - cost).max(axis=1)
    return best
