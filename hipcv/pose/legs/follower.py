"""Both lower legs, frame by frame while the test runs: good for guidance, not for the result.

The result comes from the whole clip (`reader.LegReader`). Here the legs are searched until they are found; from then
on the network looks at the same square in every frame, and the ankles are followed over the last few of them.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hipcv.core.procedure import Procedure
from hipcv.core.series import ANKLES, KNEES, N_LANDMARKS
from hipcv.pose.legs.heatmaps import CROP_PX, MapArray, joint_maps
from hipcv.pose.legs.network import LandmarkNetwork
from hipcv.pose.legs.region import SIDE_SHANKS, Legs, find_in_frame, region_around, upright
from hipcv.pose.legs.tracking import find_paths, track_knees
from hipcv.pose.person import NOBODY, Pose
from hipcv.words import CameraSide

ByteArray = NDArray[np.uint8]

#: A search takes up to a second: it is not tried more often than this.
SEARCH_EVERY_S = 0.8
#: Legs of less quality are not believed.
MIN_QUALITY = 0.4
#: Frames over which an ankle is followed, and the least presence that counts as seeing somebody.
N_FRAMES = 5
MIN_PRESENCE = 0.1
#: The presence falls for a moment when a leg leans far out. After so long nobody is seen, then the legs are searched.
DOUBT_AFTER_S, LOST_AFTER_S = 1.5, 2.5


@dataclass(slots=True, eq=False)
class LegFollower:
    """Frames in, knees and ankles of both legs out, at once.

    Parameters
    ----------
    network : the landmark network.
    procedure, camera_side : the test and where the camera stands: they decide which leg is left.
    by_maps : which way of searching has the first turn, as `region.find_in_frame`; where one fails the other has its.
    """

    network: LandmarkNetwork
    procedure: Procedure
    camera_side: CameraSide
    by_maps: bool = False
    _legs: Legs | None = field(default=None, init=False)
    _maps: deque[tuple[float, MapArray, MapArray, MapArray]] = field(
        default_factory=lambda: deque(maxlen=N_FRAMES), init=False
    )
    _seen_s: float = field(default=float("-inf"), init=False)
    _next_search_s: float = field(default=float("-inf"), init=False)

    def __call__(self, rgb: ByteArray, time_s: float) -> Pose:
        """Return knees and ankles in picture pixels, everything else NaN; `NOBODY` where no legs are known.

        Parameters
        ----------
        rgb : (height, width, 3) upright, unmirrored picture.
        time_s : seconds, rising from call to call.
        """
        if self._legs is None or time_s - self._seen_s > LOST_AFTER_S:
            self._search(rgb, time_s)
        return NOBODY if self._legs is None else self._follow(rgb, time_s, self._legs)

    def _search(self, rgb: ByteArray, time_s: float) -> None:
        if time_s < self._next_search_s:
            return
        self._next_search_s = time_s + SEARCH_EVERY_S
        hints = [] if self._legs is None else [self._legs.region]
        found = find_in_frame(rgb, self.network, hints, by_maps=self.by_maps)
        if found is not None and self.by_maps and upright([rgb], self.network, found):
            found = None
        self._legs = found if found is not None and found.quality >= MIN_QUALITY else None
        if self._legs is None:
            self.by_maps = not self.by_maps
        if self._legs is not None:
            self._maps.clear()
            self._seen_s = time_s

    def _follow(self, rgb: ByteArray, time_s: float, legs: Legs) -> Pose:
        region = region_around(legs.knees_px, legs.ankles_px, legs.region.turn_deg, SIDE_SHANKS)
        look = self.network(region.cut(rgb))
        if look.presence >= MIN_PRESENCE:
            self._seen_s = time_s
        elif time_s - self._seen_s > DOUBT_AFTER_S:
            return NOBODY
        knees, ankles = (heat.astype(np.float32) for heat in joint_maps(look.heat))
        self._maps.append((time_s, knees, ankles, look.mask.reshape(64, 4, 64, 4).mean(axis=(1, 3)).astype(np.float32)))
        times_s = np.array([entry[0] for entry in self._maps])
        knee_maps, ankle_maps, masks = (np.stack([entry[k] for entry in self._maps]) for k in (1, 2, 3))
        shank_px = legs.shank_px * CROP_PX / region.side_px
        tracked = track_knees(knee_maps, times_s, region.to_crop(legs.knees_px), shank_px)
        image_px = np.full((N_LANDMARKS, 2), np.nan)
        visibility = np.zeros(N_LANDMARKS)
        # turned by 180°, the crop's left leg is the one on the picture's right
        left_leg = 1 if self.camera_side is CameraSide.FOOT_END else 0
        for leg, path in enumerate(find_paths(ankle_maps, masks, times_s, tracked, shank_px)):
            column = 0 if leg == left_leg else 1
            image_px[KNEES[column]] = region.to_picture(path.knee_px[-1])
            image_px[ANKLES[column]] = region.to_picture(path.ankle_px[-1])
            visibility[[KNEES[column], ANKLES[column]]] = 1.0
        return Pose(image_px, np.full((N_LANDMARKS, 3), np.nan), visibility, np.full(2, np.nan))
