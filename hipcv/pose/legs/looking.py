"""Looks of the network at one square, put together (METHOD S6).

Every frame has one; where a leg is doubted a second one, with the contrast evened out. One of the two is mirrored, in
every other frame the first; each is a little turned or scaled, so that no frame hangs on one view.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import MIRROR_ROWS, N_LANDMARKS, FloatArray
from hipcv.pose.legs.heatmaps import CELL_CENTRE_PX, CELL_PX, CROP_PX, MapArray, joint_maps
from hipcv.pose.legs.network import Look, Looker, Region, even_contrast, show
from hipcv.pose.person import Pose

ByteArray = NDArray[np.uint8]

#: Views of the square that take turns from frame to frame, two each: side in shares of it, turn in degrees.
VIEWS = ((1.0, 0.0), (1.15, 8.0), (0.9, -8.0), (1.15, -8.0), (0.9, 8.0), (1.08, 0.0))
#: ... of somebody who hangs the legs: where the head is cut off, the network cannot tell front from back.
BODY_VIEWS = ((1.05, 0.0), (1.15, 8.0), (1.05, -8.0), (1.15, -8.0), (1.05, 8.0), (1.15, 0.0))
#: Views take turns so often; after so many they begin again.
VIEW_EVERY_S = 0.125
N_VIEWS = len(VIEWS)


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """What the looks at one region show together.

    total : (3, 64, 64) the knees' map, the ankles' map and the silhouette, 0 to 1 times `weight`; bodies : the whole
    body in each look, frame pixels.
    """

    total: MapArray
    weight: float
    bodies: tuple[Pose, ...]

    @property
    def maps(self) -> MapArray:
        """The knees' map, the ankles' map and the silhouette (3, 64, 64), 0 to 1."""
        return np.asarray(self.total / self.weight, np.float32)

    def __add__(self, other: "Views") -> "Views":
        return Views(self.total + other.total, self.weight + other.weight, (*self.bodies, *other.bodies))


def raster(time_s: float) -> int:
    """Return a frame's number by its time: it picks the views, whatever frames before it were left out.

    Examples
    --------
    >>> raster(0.126), raster(1.0)
    (1, 8)
    """
    return round(time_s / VIEW_EVERY_S)


def look_at(rgb: ByteArray, region: Region, network: Looker, k: int, *, again: bool = False) -> Views:
    """Take the first look at a region, or look `again`; `k` is the frame's number: it picks the view.

    Examples
    --------
    >>> heat = np.full((64, 64, 39), -9.0)
    >>> blank = Look(np.zeros((39, 2)), np.zeros((33, 3)), 0.95, np.ones((256, 256)), heat)
    >>> region = Region(128.0, 128.0, 256.0, 0.0)
    >>> seen = look_at(np.zeros((256, 256, 3), np.uint8), region, lambda crop: blank, 0)
    >>> seen.maps.shape, seen.weight, len(seen.bodies)
    ((3, 64, 64), 1.0, 1)
    """
    views = VIEWS if region.turn_deg else BODY_VIEWS
    share, turn_deg = views[(2 * k + again) % len(views)]
    seen = replace(region, side_px=region.side_px * share, turn_deg=region.turn_deg + turn_deg)
    crop = even_contrast(seen.cut(rgb)) if again else seen.cut(rgb)
    # the network takes a person's left for another thing than the right; which look is mirrored changes by frame
    mirrored = again == bool(k % 2)
    look = show(network, np.ascontiguousarray(crop[:, ::-1]) if mirrored else crop, region)
    look = unmirrored(look) if mirrored else look
    maps = np.stack([*joint_maps(look.heat), look.mask.reshape(64, 4, 64, 4).mean(axis=(1, 3))])
    affine, flags = _to_view(region, seen), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    turned = np.stack([cv2.warpAffine(each, affine, (64, 64), flags=flags) for each in maps])
    weight = look.presence + 0.05
    image_px = seen.to_picture(look.landmarks_px[:N_LANDMARKS])
    body = Pose(image_px, look.world_m, look.visibility, np.full(2, np.nan))
    return Views((weight * turned).astype(np.float32), weight, (body,))


def _to_view(region: Region, seen: Region) -> FloatArray:
    """Return (2, 3) the map from a cell of the region to the cell of the view that shows the same place."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]) * CROP_PX
    origin, right, below = (seen.to_crop(region.to_picture(corners)) - CELL_CENTRE_PX) / CELL_PX
    linear = np.stack([right - origin, below - origin], axis=1) * CELL_PX / CROP_PX
    return np.column_stack([linear, origin + linear @ np.full(2, CELL_CENTRE_PX / CELL_PX)])


def unmirrored(look: Look) -> Look:
    """Return what a look at a mirrored crop says of the crop as it was; heat maps keep the labels of the mirror.

    Examples
    --------
    >>> px = np.zeros((39, 2))
    >>> px[25] = 55.0, 100.0  # a left knee
    >>> look = Look(px, np.zeros((33, 3)), 1.0, np.zeros((256, 256)), np.zeros((64, 64, 39)))
    >>> unmirrored(look).landmarks_px[26].tolist()
    [200.0, 100.0]
    """
    landmarks_px = np.column_stack([CROP_PX - 1 - look.landmarks_px[:, 0], look.landmarks_px[:, 1]])
    landmarks_px[:N_LANDMARKS] = landmarks_px[MIRROR_ROWS]
    return Look(
        landmarks_px=landmarks_px,
        world_m=look.world_m[MIRROR_ROWS] * [-1.0, 1.0, 1.0],
        presence=look.presence,
        mask=np.ascontiguousarray(look.mask[:, ::-1]),
        heat=np.ascontiguousarray(look.heat[:, ::-1]),
        visibility=look.visibility[MIRROR_ROWS],
    )
