"""Reading the prone test: a person face down, knees bent, filmed from the foot end.

Frames are kept at a few a second; the legs are searched in some of them, which vote (`region`); in the square they
agree on, all are read (`lower_legs`). Left and right follow from the camera's end, never from the network's labels.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.checks.recording import TRUNK_IN_FRONT
from hipcv.core.motion.angles import hip_flexion_deg
from hipcv.core.series import ANKLES, KNEES, N_LANDMARKS, PoseSeries
from hipcv.pose.fusion import MAX_SE_DEG
from hipcv.pose.legs.network import LandmarkNetwork, Region
from hipcv.pose.legs.reading import read_lower_legs
from hipcv.pose.legs.region import Vote, find_in_clip
from hipcv.words import CameraSide

ByteArray = NDArray[np.uint8]

#: Frames looked at: holds last about a second.
SAMPLE_HZ = 8.0
#: Longer side of a kept frame; lower legs of 45 pixels are enough for the network.
LONG_SIDE_PX = 960
#: Frames in which the legs are searched.
N_SEARCHED = 8
#: A region that fewer frames agree on, or of less quality, is not one: seated people end here.
MIN_SHARE, MIN_QUALITY = 0.3, 0.55
#: The whole body in one square, where a trunk is seen beyond the knees: its side, and how far its centre lies from the
#: knees towards the trunk, in lengths of a shank; and in how many frames it is looked at.
BODY_SHANKS, BODY_CENTRE_SHANKS = 4.5, 0.5
N_BODY_LOOKS = 5


@dataclass(slots=True)
class ProneReader:
    """Frames in, knees and ankles of a prone person out.

    Parameters
    ----------
    network : the landmark network.
    camera_side : the end that the camera stands at; it decides which leg is left.
    """

    network: LandmarkNetwork
    camera_side: CameraSide = CameraSide.FOOT_END
    #: What the searched frames agreed on, and whether feet lay outside the picture; known after `series`.
    vote: Vote | None = field(default=None, init=False)
    cut_off: bool = field(default=False, init=False)
    #: Share of the place before the knees that is person: a trunk there means a camera at the head end.
    share_in_front: float = field(default=float("nan"), init=False)
    #: How far the hips are bent, looked at where such a trunk is seen: it may be that of somebody who sits upside down.
    flexion_deg: float = field(default=float("nan"), init=False)
    _kept: list[tuple[float, bytes]] = field(default_factory=list, init=False)
    _scale: float = field(default=1.0, init=False)
    _frame_size_px: tuple[int, int] = field(default=(0, 0), init=False)
    _next_s: float = field(default=float("-inf"), init=False)

    def add(self, rgb: ByteArray, time_s: float) -> bool:
        """Take the next frame, (height, width, 3) upright and unmirrored; tell whether it is one of those kept."""
        self._frame_size_px = (rgb.shape[1], rgb.shape[0])
        if time_s < self._next_s:
            return False
        # on a fixed raster, so that the kept frames do not drift with the frame rate
        self._next_s = max(time_s, self._next_s if np.isfinite(self._next_s) else time_s) + 0.98 / SAMPLE_HZ
        self._scale = min(1.0, LONG_SIDE_PX / max(rgb.shape[:2]))
        small = rgb
        if self._scale < 1:
            small = np.asarray(
                cv2.resize(rgb, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA), np.uint8
            )
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])
        self._kept.append((time_s, jpeg.tobytes()))
        return True

    def forget(self, rows: slice) -> None:
        """Drop these of the kept frames."""
        del self._kept[rows]

    def _frame(self, k: int) -> ByteArray:
        packed = np.frombuffer(self._kept[k][1], np.uint8)
        picture = cv2.imdecode(packed, cv2.IMREAD_COLOR)
        assert picture is not None
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)

    def series(self) -> PoseSeries:
        """Read all that was kept: image_px holds knees and ankles, NaN where they are not known well enough."""
        n = len(self._kept)
        time_s = np.array([t for t, _ in self._kept], dtype=np.float64)
        image_px = np.full((n, N_LANDMARKS, 2), np.nan)
        visibility = np.zeros((n, N_LANDMARKS))
        shank_se_deg = np.full((n, 2), np.nan)
        knee_outline_px = np.full((n, 2, 2), np.nan)
        self.vote = self._search()
        if self.vote is not None:
            legs = read_lower_legs(self._frame, time_s, self.vote, self.network)
            self.share_in_front = legs.share_in_front
            if self.share_in_front > TRUNK_IN_FRONT.value:
                self.flexion_deg = self._hip_flexion_deg(self.vote)
            # turned by 180°, the crop's left leg is the one on the picture's right
            left_leg = 1 if self.camera_side is CameraSide.FOOT_END else 0
            for column, leg in ((0, left_leg), (1, 1 - left_leg)):
                good = legs.se_deg[:, leg] <= MAX_SE_DEG
                for row, points in ((KNEES[column], legs.knees_px), (ANKLES[column], legs.ankles_px)):
                    image_px[:, row] = np.where(good[:, None], points[:, leg] / self._scale, np.nan)
                    visibility[:, row] = good
                shank_se_deg[:, column] = legs.se_deg[:, leg]
                knee_outline_px[:, column] = legs.knee_outline_px[:, leg] / self._scale
        return PoseSeries(
            time_s=time_s,
            image_px=image_px,
            world_m=np.full((n, N_LANDMARKS, 3), np.nan),
            visibility=visibility,
            frame_size_px=self._frame_size_px,
            shank_se_deg=shank_se_deg,
            knee_outline_px=knee_outline_px,
        )

    def _hip_flexion_deg(self, vote: Vote) -> float:
        """Return how far the hips are bent of the person whose trunk is seen beyond the knees, from a few frames."""
        knee = vote.knees_px.mean(axis=0)
        body = Region(float(knee[0]), float(knee[1]) + BODY_CENTRE_SHANKS * vote.shank_px, BODY_SHANKS * vote.shank_px)
        picks = np.linspace(0, len(self._kept) - 1, N_BODY_LOOKS).astype(int)
        bent = [hip_flexion_deg(self.network(body.cut(self._frame(k))).world_m).mean() for k in picks]
        return float(np.median(bent))

    def _search(self) -> Vote | None:
        n = len(self._kept)
        if n == 0:
            return None
        frames = [self._frame(k) for k in np.unique(np.linspace(0, n - 1, N_SEARCHED + 2).astype(int)[1:-1])]
        vote, self.cut_off = find_in_clip(frames, self.network)
        if vote is None or vote.share < MIN_SHARE or vote.quality < MIN_QUALITY:
            return None
        return vote
