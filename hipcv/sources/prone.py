"""Reading the prone test: a person face down, knees bent, filmed from the foot end.

Steps: 1 frames are kept at a few a second; 2 the legs are searched in some of them, which vote (`region`); 3 the
network looks at the agreed square in every kept frame, once plain and once with the contrast evened out, each time a
little turned or scaled, so that no frame hangs on one view; 4 knees and ankles are read from the heat maps over the
whole clip (`core.legpath`); 5 the edges of each lower leg sharpen its direction (`core.ribbon`). Left and right follow
from the camera's end, never from the network's labels.
"""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.filtering import median_of
from hipcv.core.heatmaps import CELL_CENTRE_PX, CELL_PX, CROP_PX, joint_maps
from hipcv.core.landmarks import ANKLES, KNEES, N_LANDMARKS, CameraSide, FloatArray, PoseSeries
from hipcv.core.legpath import doubt, find_paths, share_in_front, smooth_points, track_knees
from hipcv.core.ribbon import COLUMNS, ROWS, find_ribbon, fuse_ribbon
from hipcv.sources.landmark_network import LandmarkNetwork, Region, even_contrast
from hipcv.sources.region import Vote, find_in_clip

ByteArray = NDArray[np.uint8]
MapArray = NDArray[np.float32]

#: Frames looked at: holds last about a second.
SAMPLE_HZ = 8.0
#: Longer side of a kept frame; lower legs of 45 pixels are enough for the network.
LONG_SIDE_PX = 960
#: Frames in which the legs are searched.
N_SEARCHED = 8
#: A region that fewer frames agree on, or of less quality, is not one: seated people end here.
MIN_SHARE, MIN_QUALITY = 0.3, 0.5
#: Views of the square that take turns from frame to frame: side in shares of it, turn in degrees. Two are used a frame.
VIEWS = ((1.0, 0.0), (1.15, 8.0), (0.9, -8.0), (1.15, -8.0), (0.9, 8.0), (1.08, 0.0))
#: A shank known less well than this is missing.
MAX_SE_DEG = 3.5


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
        knee_peaks_px = np.full((n, 2, 2), np.nan)
        self.vote = self._search()
        if self.vote is not None:
            knees_px, ankles_px, se_deg, peaks_px = self._read(self.vote, time_s)
            # turned by 180°, the crop's left leg is the one on the picture's right
            left_leg = 1 if self.camera_side is CameraSide.FOOT_END else 0
            for column, leg in ((0, left_leg), (1, 1 - left_leg)):
                good = se_deg[:, leg] <= MAX_SE_DEG
                for row, points in ((KNEES[column], knees_px), (ANKLES[column], ankles_px)):
                    image_px[:, row] = np.where(good[:, None], points[:, leg] / self._scale, np.nan)
                    visibility[:, row] = good
                shank_se_deg[:, column] = se_deg[:, leg]
                knee_peaks_px[:, column] = peaks_px[:, leg] / self._scale
        return PoseSeries(
            time_s=time_s,
            image_px=image_px,
            world_m=np.full((n, N_LANDMARKS, 3), np.nan),
            visibility=visibility,
            frame_size_px=self._frame_size_px,
            shank_se_deg=shank_se_deg,
            knee_peaks_px=knee_peaks_px,
        )

    def _search(self) -> Vote | None:
        n = len(self._kept)
        if n == 0:
            return None
        frames = [self._frame(k) for k in np.unique(np.linspace(0, n - 1, N_SEARCHED + 2).astype(int)[1:-1])]
        vote, self.cut_off = find_in_clip(frames, self.network)
        if vote is None or vote.share < MIN_SHARE or vote.quality < MIN_QUALITY:
            return None
        return vote

    def _read(self, vote: Vote, time_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return knees and ankles (T, 2, 2) in kept-frame pixels, standard errors (T, 2) and the knees' own peaks.

        Legs as in the crop.
        """
        region = vote.region
        n = len(self._kept)
        knee_maps, ankle_maps, masks = (np.empty((n, 64, 64), np.float32) for _ in range(3))
        for k in range(n):
            knee_maps[k], ankle_maps[k], masks[k] = look_twice(self._frame(k), region, self.network, k)
        shank_px = vote.shank_px * CROP_PX / region.side_px
        mean_knee_map = knee_maps.mean(axis=0)
        knees, peaks = track_knees(knee_maps, time_s, region.to_crop(vote.knees_px), shank_px)
        knees_px, ankles_px, se_deg = np.empty((n, 2, 2)), np.empty((n, 2, 2)), np.empty((n, 2))
        self.share_in_front = share_in_front(masks.mean(axis=0), np.median(knees, axis=0), shank_px)
        for leg, path in enumerate(find_paths(ankle_maps, masks, time_s, knees, shank_px)):
            usual = np.median(knees[:, leg], axis=0)
            column, row = np.clip(np.rint((usual - CELL_CENTRE_PX) / CELL_PX), 0, 63).astype(int)
            doubts = doubt(path, float(mean_knee_map[row, column]), shank_px)
            strips = [self._strip(k, region, path.knee_px[k], path.ankle_px[k], shank_px, masks[k]) for k in range(n)]
            ribbons = [find_ribbon(*strip) for strip in strips]
            # a leg is as wide in one frame as in the next
            half_width = median_of(np.array([r.half_width for r in ribbons if r is not None]))
            if np.isfinite(half_width):
                ribbons = [find_ribbon(*strip, half_width) for strip in strips]
            axes = [
                fuse_ribbon(path.knee_px[k], path.ankle_px[k], ribbons[k], shank_px, float(doubts[k])) for k in range(n)
            ]
            se_deg[:, leg] = [se for _, _, se in axes]
            for points, ends in (
                (knees_px, [knee for knee, _, _ in axes]),
                (ankles_px, [ankle for _, ankle, _ in axes]),
            ):
                points[:, leg] = region.to_picture(smooth_points(time_s, np.array(ends)))
        return knees_px, ankles_px, se_deg, region.to_picture(peaks)

    def _strip(
        self, k: int, region: Region, knee: FloatArray, ankle: FloatArray, shank_px: float, mask: MapArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the strip along one shank: CIELAB colours (rows, columns, 3) and silhouette (rows, columns)."""
        along = (ankle - knee) / max(float(np.hypot(*(ankle - knee))), 1e-9)
        across = np.array([-along[1], along[0]])
        places = knee + shank_px * (ROWS[:, None, None] * along + COLUMNS[None, :, None] * across)
        at = (region.to_picture(places) - 0.5).astype(np.float32)
        border = cv2.BORDER_REPLICATE
        rgb = cv2.remap(self._frame(k), at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=border)
        lab = cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
        lab = cv2.GaussianBlur(lab, (0, 0), sigmaX=1.5, sigmaY=0.8)
        cells = (places * (mask.shape[0] / CROP_PX) - 0.5).astype(np.float32)
        person = cv2.remap(mask, cells[..., 0], cells[..., 1], cv2.INTER_LINEAR, borderMode=border)
        return lab.astype(np.float64), person.astype(np.float64)


def look_twice(rgb: ByteArray, region: Region, network: LandmarkNetwork, k: int) -> tuple[MapArray, MapArray, MapArray]:
    """Return the knees' map, the ankles' map and the silhouette (64, 64) of the region, averaged over two views.

    `k` is the frame's number: it picks the views.
    """
    total = np.zeros((3, 64, 64))
    weights = 0.0
    for view, even in ((2 * k, False), (2 * k + 1, True)):
        share, turn_deg = VIEWS[view % len(VIEWS)]
        seen = replace(region, side_px=region.side_px * share, turn_deg=region.turn_deg + turn_deg)
        crop = seen.cut(rgb)
        look = network(even_contrast(crop) if even else crop)
        maps = np.stack([*joint_maps(look.heat), look.mask.reshape(64, 4, 64, 4).mean(axis=(1, 3))])
        weight = look.presence + 0.05
        weights += weight
        # from a cell of the region to the cell of the view that shows the same place
        corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]) * CROP_PX
        origin, right, below = (seen.to_crop(region.to_picture(corners)) - CELL_CENTRE_PX) / CELL_PX
        linear = np.stack([right - origin, below - origin], axis=1) * CELL_PX / CROP_PX
        shift = origin + linear @ np.full(2, CELL_CENTRE_PX / CELL_PX)
        affine = np.column_stack([linear, shift])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        for kind in range(3):
            total[kind] += weight * cv2.warpAffine(maps[kind], affine, (64, 64), flags=flags)
    total /= weights
    knees, ankles, silhouette = total.astype(np.float32)
    return knees, ankles, silhouette
