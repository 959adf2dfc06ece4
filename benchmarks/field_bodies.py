"""What hides a body, or is not there of it: painted over a clip whose joints are known frame by frame."""

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from field_pictures import Change, Picture
from numpy.typing import NDArray

Frames = Sequence[dict[str, Any]]

#: A blanket's colours.
CLOTH = ((152, 118, 96), (128, 96, 78))
#: Half the breadth of what is painted over a shank, and how far beyond its ends, in lengths of it.
HALF_SHANK, BEYOND_ANKLE, BELOW_KNEE = 0.26, 0.42, 0.12


def point(frame: dict[str, Any], name: str) -> NDArray[np.float64]:
    """Return one joint, pixels."""
    return np.array(frame["keypoints"][name], dtype=np.float64)


def along(frames: Frames, paint: Callable[[Picture, dict[str, Any]], Picture]) -> Change:
    """Return what paints every frame by where its joints are."""
    return lambda pictures: (paint(picture, frames[min(k, len(frames) - 1)]) for k, picture in enumerate(pictures))


def without_shank(frames: Frames, side: str) -> Change:
    """Return what paints one lower leg out from below the knee on, with what is around it."""

    def paint(picture: Picture, frame: dict[str, Any]) -> Picture:
        knee, ankle = point(frame, f"knee.{side}"), point(frame, f"ankle.{side}")
        shank = ankle - knee
        length = float(np.linalg.norm(shank))
        start, end = knee + BELOW_KNEE * shank, ankle + BEYOND_ANKLE * shank
        mask = np.zeros(picture.shape[:2], np.uint8)
        thick = max(2, round(2 * HALF_SHANK * length))
        cv2.line(mask, tuple(start.round().astype(int).tolist()), tuple(end.round().astype(int).tolist()), 255, thick)
        small = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        hole = cv2.resize(mask, small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        filled = cv2.inpaint(small, cv2.dilate(hole, np.ones((3, 3), np.uint8)), 3, cv2.INPAINT_TELEA)
        smooth = cv2.resize(filled, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return np.where(mask[..., None] > 0, smooth, picture).astype(np.uint8)

    return along(frames, paint)


def blanket(frames: Frames, down_to: float) -> Change:
    """Return what lays a blanket over the thighs, down to a share of the resting shanks; it does not move."""
    first = frames[0]
    knees, ankles = (np.array([point(first, f"{joint}.{side}") for side in "LR"]) for joint in ("knee", "ankle"))
    hips = np.array([point(first, f"hip.{side}") for side in "LR"])
    shank = float(np.linalg.norm(ankles - knees, axis=1).mean())
    left, right = (round(x) for x in (knees[:, 0].min() - 0.55 * shank, knees[:, 0].max() + 0.55 * shank))
    edge = round(float((knees + down_to * (ankles - knees))[:, 1].mean()))
    top, bottom = sorted((round(float(hips[:, 1].mean())), edge))

    def lay(picture: Picture) -> Picture:
        drawn, height = picture.copy(), bottom - top
        rows, columns = np.mgrid[0:height, 0 : right - left]
        checks = ((rows // 14 + columns // 14) % 2)[..., None]
        cloth = np.where(checks == 1, CLOTH[0], CLOTH[1]).astype(np.float64)
        cloth *= (0.9 + 0.1 * np.sin(columns / 9.0))[..., None]
        x0, x1 = max(left, 0), min(right, picture.shape[1])
        drawn[top:bottom, x0:x1] = cloth[:, x0 - left : x1 - left].astype(np.uint8)
        return drawn

    return lambda pictures: map(lay, pictures)


def face_hidden(frames: Frames) -> Change:
    """Return what hides the head behind a grey disc, as privacy tools do."""

    def paint(picture: Picture, frame: dict[str, Any]) -> Picture:
        shoulders = np.array([point(frame, f"shoulder.{side}") for side in "LR"])
        hips = np.array([point(frame, f"hip.{side}") for side in "LR"])
        trunk = shoulders.mean(axis=0) - hips.mean(axis=0)
        drawn = picture.copy()
        centre = (shoulders.mean(axis=0) + 0.35 * trunk).round().astype(int).tolist()
        cv2.circle(drawn, tuple(centre), max(4, round(0.33 * float(np.linalg.norm(trunk)))), (128, 128, 128), -1)
        return drawn

    return along(frames, paint)


def half_hidden(frames: Frames) -> Change:
    """Return what covers the half of the picture in which the right leg is."""
    knees = [float(np.median([point(frame, f"knee.{side}")[0] for frame in frames])) for side in "LR"]
    middle = round(sum(knees) / 2)

    def cover(picture: Picture) -> Picture:
        drawn = picture.copy()
        drawn[:, slice(0, middle) if knees[1] < knees[0] else slice(middle, None)] = (236, 232, 220)
        return drawn

    return lambda pictures: map(cover, pictures)


def cropped_aside(frames: Frames, keep: float = 0.62) -> Change:
    """Return what cuts the picture to a share of its width with both legs at its one border."""
    names = ("knee.L", "knee.R", "ankle.L", "ankle.R")
    xs = np.array([point(frame, name)[0] for frame in frames for name in names])

    def cut(picture: Picture) -> Picture:
        width = picture.shape[1]
        right = min(width, round(float(xs.max()) + 0.08 * width))
        left = max(0, min(right - round(keep * width), round(float(xs.min()) - 0.08 * width)))
        return np.ascontiguousarray(picture[:, left:right])

    return lambda pictures: map(cut, pictures)


def other_shirt(frames: Frames, from_frame: int) -> Change:
    """Return what dyes the trunk from some frame on, as if somebody else had sat down."""

    def dye(k: int, picture: Picture) -> Picture:
        if k < from_frame:
            return picture
        frame = frames[min(k, len(frames) - 1)]
        corners = np.array([point(frame, name) for name in ("shoulder.L", "shoulder.R", "hip.R", "hip.L")])
        mask = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, (corners.mean(axis=0) + 1.2 * (corners - corners.mean(axis=0))).astype(np.int32), 1)
        hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + 70) % 180
        hsv[..., 1] = np.maximum(hsv[..., 1], 120)
        return np.where(mask[..., None] > 0, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), picture).astype(np.uint8)

    return lambda pictures: (dye(k, picture) for k, picture in enumerate(pictures))


def other_trousers(frames: Frames, from_frame: int) -> Change:
    """Return what dyes the lower legs from some frame on, as if somebody else had lain down in the same place."""

    def dye(k: int, picture: Picture) -> Picture:
        if k < from_frame:
            return picture
        frame = frames[min(k, len(frames) - 1)]
        mask = np.zeros(picture.shape[:2], np.uint8)
        for side in "LR":
            knee, ankle = point(frame, f"knee.{side}"), point(frame, f"ankle.{side}")
            thick = max(2, round(2 * 0.17 * float(np.linalg.norm(ankle - knee))))
            start, end = (tuple(at.round().astype(int).tolist()) for at in (knee, ankle))
            cv2.line(mask, start, end, 1, thick)
        hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + 70) % 180
        hsv[..., 1] = np.maximum(hsv[..., 1], 120)
        return np.where(mask[..., None] > 0, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), picture).astype(np.uint8)

    return lambda pictures: (dye(k, picture) for k, picture in enumerate(pictures))


def other_place(frames: Frames, from_frame: int, aside: float = 0.4) -> Change:
    """Return what moves the legs aside from some frame on, by a share of a shank, as of somebody who came next."""
    joints = np.array([[point(f, f"{j}.{side}") for j in ("knee", "ankle") for side in "LR"] for f in frames])
    shank = float(np.linalg.norm(joints[:, :2] - joints[:, 2:], axis=-1).mean())
    low, high = (edge(joints.reshape(-1, 2), axis=0) for edge in (np.min, np.max))
    left, top = (low - 0.7 * shank).astype(int)
    right, bottom = (high + 0.7 * shank).astype(int)

    def move(k: int, picture: Picture) -> Picture:
        if k < from_frame:
            return picture
        height, width = picture.shape[:2]
        shift = np.array([[1.0, 0.0, aside * shank], [0.0, 1.0, 0.0]])
        shifted = cv2.warpAffine(picture, shift, (width, height), borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros((height, width), np.float32)
        mask[max(top, 0) : bottom, max(left, 0) : right] = 1.0
        mask = cv2.GaussianBlur(mask, (0, 0), 0.12 * shank)[..., None]
        return np.asarray(mask * shifted + (1 - mask) * picture, np.uint8)

    return lambda pictures: (move(k, picture) for k, picture in enumerate(pictures))
