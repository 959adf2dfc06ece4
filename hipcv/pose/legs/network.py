"""The bare landmark network of MediaPipe's pose model, run on a region of our own.

MediaPipe's graph offers no region of interest: it follows whom it likes, whoever else comes into the picture, and does
not find a person who lies face down with the feet towards the camera. The network in it sees whom it is shown: in the
right square, turned by 180° where shanks stand.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.errors import ModelError
from hipcv.core.series import N_LANDMARKS, FloatArray
from hipcv.pose.legs.heatmaps import CROP_PX
from hipcv.pose.legs.interpreter import load_network

ByteArray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Region:
    """A square of the picture: centre and side in pixels, turned by `turn_deg` clockwise when it is cut out.

    over : whether the network is shown it upside down (`show`). lying : whether shanks that hang in it are those of
    somebody who lies.

    Examples
    --------
    >>> upright = Region(320.0, 240.0, 256.0, turn_deg=0.0)
    >>> upright.to_picture([128.0, 128.0]).tolist(), upright.to_crop([320.0, 340.0]).tolist()
    ([320.0, 240.0], [128.0, 228.0])
    >>> (upright.matrix() + 0.0).tolist()
    [[1.0, 0.0, 192.0], [0.0, 1.0, 112.0]]
    >>> upright.cut(np.zeros((480, 640, 3), np.uint8)).shape
    (256, 256, 3)
    """

    x_px: float
    y_px: float
    side_px: float
    turn_deg: float = 180.0
    over: bool = False
    lying: bool = False

    @property
    def ends(self) -> bool:
        """Whether legs are seen from the end of a bed, so that their outline ends near the knees."""
        return bool(self.turn_deg) or self.lying

    def matrix(self) -> FloatArray:
        """Return the (2, 3) affine map from crop pixels to picture pixels."""
        scale, turn = self.side_px / CROP_PX, np.radians(self.turn_deg)
        c, s = scale * np.cos(turn), scale * np.sin(turn)
        linear = np.array([[c, -s], [s, c]])
        shift = np.array([self.x_px, self.y_px]) - linear @ np.full(2, CROP_PX / 2)
        return np.column_stack([linear, shift])

    def to_picture(self, points: FloatArray) -> FloatArray:
        """Return crop points (…, 2) in picture pixels."""
        m = self.matrix()
        moved: FloatArray = np.asarray(points) @ m[:, :2].T + m[:, 2]
        return moved

    def to_crop(self, points: FloatArray) -> FloatArray:
        """Return picture points (…, 2) in crop pixels."""
        m = self.matrix()
        moved: FloatArray = (np.asarray(points) - m[:, 2]) @ np.linalg.inv(m[:, :2]).T
        return moved

    def cut(self, rgb: ByteArray) -> ByteArray:
        """Return the region as a (256, 256, 3) picture; black outside the frame."""
        m = self.matrix()
        m = np.column_stack([m[:, :2], m[:, 2] + m[:, :2] @ [0.5, 0.5] - 0.5])  # pixel centres, not corners
        # A crop much smaller than its region is averaged first, else fine texture turns into noise.
        shrink = int(self.side_px / CROP_PX / 1.5)
        if shrink > 1:
            rgb = np.asarray(cv2.blur(rgb, (shrink, shrink)), np.uint8)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(rgb, m, (CROP_PX, CROP_PX), flags=flags), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What the network says of one crop, in crop pixels.

    landmarks_px : (39, 2) regressed; world_m : (33, 3) metres around the hips; presence : 0 to 1; mask : (256, 256)
    silhouette, 0 to 1; heat : (64, 64, 39) logits of the heat maps; visibility : (33,) 0 to 1.
    """

    landmarks_px: FloatArray
    world_m: FloatArray
    presence: float
    mask: FloatArray
    heat: FloatArray
    visibility: FloatArray = field(default_factory=lambda: np.zeros(N_LANDMARKS))


def turned_over(look: Look) -> Look:
    """Return what a look at a crop that was turned by 180° says of the crop as it was.

    Examples
    --------
    >>> px = np.zeros((39, 2))
    >>> px[25] = 55.0, 100.0
    >>> look = Look(px, np.ones((33, 3)), 1.0, np.zeros((256, 256)), np.zeros((64, 64, 39)))
    >>> turned_over(look).landmarks_px[25].tolist(), turned_over(look).world_m[0].tolist()
    ([200.0, 155.0], [-1.0, -1.0, 1.0])
    """
    return Look(
        landmarks_px=CROP_PX - 1 - look.landmarks_px,
        world_m=look.world_m * [-1.0, -1.0, 1.0],
        presence=look.presence,
        mask=np.ascontiguousarray(look.mask[::-1, ::-1]),
        heat=np.ascontiguousarray(look.heat[::-1, ::-1]),
        visibility=look.visibility,
    )


#: More threads than this gain little on so small a network.
MAX_THREADS = 2
#: What is taken of its outputs, by their shapes.
_OUTPUTS = {
    "landmarks": (1, 195),
    "world": (1, 117),
    "presence": (1, 1),
    "mask": (1, 256, 256, 1),
    "heat": (1, 64, 64, 39),
}


class LandmarkNetwork:
    """The network, loaded once.

    Parameters
    ----------
    network : its bytes.
    n_threads : how many threads it is given at most.

    Raises
    ------
    ModelError
        Where the bytes are no network or one with other outputs.
    """

    def __init__(self, network: bytes, n_threads: int = MAX_THREADS) -> None:
        self._run = load_network(network, "landmark network", n_threads)
        if not set(_OUTPUTS.values()) <= self._run.shapes:
            raise ModelError(
                f"A landmark network with outputs {sorted(_OUTPUTS.values())} was wanted, found "
                f"{sorted(self._run.shapes)}; run `hipcv models get`."
            )

    def __call__(self, crop: ByteArray) -> Look:
        """Look at one crop (256, 256, 3), RGB."""
        outputs = self._run(crop.astype(np.float32) / 255.0)
        raw = {name: outputs[shape][0] for name, shape in _OUTPUTS.items()}
        landmarks = raw["landmarks"].reshape(39, 5).astype(np.float64)
        with np.errstate(over="ignore"):
            mask = 1.0 / (1.0 + np.exp(-raw["mask"][..., 0].astype(np.float64)))
            visibility = 1.0 / (1.0 + np.exp(-landmarks[:N_LANDMARKS, 3]))
        return Look(
            landmarks_px=landmarks[:, :2],
            world_m=raw["world"].reshape(39, 3)[:N_LANDMARKS].astype(np.float64),
            presence=float(raw["presence"][0]),
            mask=mask,
            heat=raw["heat"].astype(np.float64),
            visibility=visibility,
        )


#: A network, or what stands in for one: a crop (256, 256, 3) in, a look out.
Looker = Callable[[ByteArray], Look]


def show(network: Looker, crop: ByteArray, region: Region) -> Look:
    """Return what a network says of a region's crop (256, 256, 3), whichever way up it is shown it; crop pixels.

    Examples
    --------
    >>> blank = Look(np.zeros((39, 2)), np.zeros((33, 3)), 0.9, np.zeros((256, 256)), np.full((64, 64, 39), -9.0))
    >>> show(lambda crop: blank, np.zeros((256, 256, 3), np.uint8), Region(0.0, 0.0, 9.0, over=True)).landmarks_px[0]
    array([255., 255.])
    """
    return turned_over(network(np.ascontiguousarray(crop[::-1, ::-1]))) if region.over else network(crop)


def even_contrast(rgb: ByteArray) -> ByteArray:
    """Return a picture with its lightness evened out locally and brought to a middle mean: dark skin on a dark mat.

    Examples
    --------
    >>> dark = np.full((64, 64, 3), 30, np.uint8)
    >>> bool(even_contrast(dark).mean() > dark.mean())
    True
    """
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    light = cv2.createCLAHE(2.5, (6, 6)).apply(lab[..., 0])
    mean = float(np.clip(light.mean() / 255.0, 0.05, 0.95))
    gamma = float(np.clip(np.log(0.5) / np.log(mean), 0.5, 2.0))
    lab[..., 0] = np.round(255.0 * (light / 255.0) ** gamma)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)
