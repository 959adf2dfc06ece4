"""What phones, players, calls and editors put around a picture or over it."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from field_pictures import (
    BLUE,
    DARK,
    GREY,
    Change,
    Picture,
    Pictures,
    each,
    fitted,
    plain,
    put,
    read,
    resized,
    text,
)

# ------------------------------------------------------------------------------------------- lines over the picture


def grid(step_px: int, opacity: float = 0.6) -> Change:
    """Return what draws a white grid over every frame."""

    def draw(picture: Picture) -> Picture:
        drawn = picture.copy()
        drawn[step_px::step_px], drawn[:, step_px::step_px] = 255, 255
        return np.asarray(cv2.addWeighted(drawn, opacity, picture, 1 - opacity, 0), np.uint8)

    return each(draw)


def cross(picture: Picture) -> Picture:
    """Draw a viewfinder's cross and thirds."""
    drawn, (height, width) = picture.copy(), picture.shape[:2]
    for share in (1 / 3, 1 / 2, 2 / 3):
        drawn[round(height * share), :] = drawn[:, round(width * share)] = (255, 255, 0)
    return drawn


# ---------------------------------------------------------------------------------------- screens around the picture


def desktop(picture: Picture, size: tuple[int, int] = (1280, 800), inner: tuple[int, int] = (760, 560)) -> Picture:
    """Put the picture into a player's window on a desktop with a bar, icons and another window."""
    width, height = size
    canvas = plain(width, height, BLUE)
    canvas[:] = (np.linspace(0.6, 1.0, height)[:, None, None] * canvas).astype(np.uint8)
    canvas[height - 40 :] = DARK
    for k in range(6):
        canvas[40 + 90 * k : 88 + 90 * k, 20:68] = (220, 180 - 20 * k, 60 + 25 * k)
        text(canvas, f"File {k}", 18, 104 + 90 * k, (255, 255, 255))
    inside = fitted(picture, *inner)
    left, top = width - inside.shape[1] - 90, 96
    canvas[top - 30 : top, left - 4 : left + inside.shape[1] + 4] = GREY
    text(canvas, "recording.mp4 - Player", left + 8, top - 10)
    canvas[top : top + inside.shape[0] + 46, left - 4 : left + inside.shape[1] + 4] = (240, 240, 242)
    canvas[top + inside.shape[0] + 20 : top + inside.shape[0] + 24, left + 10 : left + inside.shape[1] - 10] = BLUE
    return put(canvas, inside, left, top)


def title_bar(picture: Picture) -> Picture:
    """Put a maximised window's title bar above the picture, and a task bar below."""
    canvas = plain(picture.shape[1], picture.shape[0] + 72, DARK)
    canvas[:32] = GREY
    text(canvas, "VID_20261127.mp4", 12, 21)
    return put(canvas, picture, 0, 32)


def bars(picture: Picture, size: tuple[int, int] = (720, 1280), colour: Sequence[int] = (0, 0, 0)) -> Picture:
    """Put bars of one colour around the picture."""
    inside = fitted(picture, *size)
    canvas = plain(*size, colour)
    return put(canvas, inside, (size[0] - inside.shape[1]) // 2, (size[1] - inside.shape[0]) // 2)


def blurred_bars(picture: Picture, size: tuple[int, int] = (720, 1280)) -> Picture:
    """Put the picture before an enlarged, blurred copy of itself, as story formats do."""
    width, height = size
    scale = max(width / picture.shape[1], height / picture.shape[0])
    large = resized(picture, round(picture.shape[1] * scale) + 1, round(picture.shape[0] * scale) + 1)
    left, top = (large.shape[1] - width) // 2, (large.shape[0] - height) // 2
    behind = cv2.GaussianBlur(large[top : top + height, left : left + width], (0, 0), 24)
    inside = fitted(picture, width, height)
    place = (width - inside.shape[1]) // 2, (height - inside.shape[0]) // 2
    return put(np.asarray(behind, np.uint8), inside, *place)


def call(pictures: Pictures, size: tuple[int, int] = (1280, 720)) -> Pictures:
    """Put the picture into a call's tile, another one's face beside it, buttons below."""
    width, height = size
    tile = (width - 36) // 2, height - 110
    for k, picture in enumerate(pictures):
        canvas = plain(width, height, (32, 33, 36))
        for n, inside in enumerate((fitted(picture, *tile), face(k, *tile))):
            left = 12 + n * (tile[0] + 12) + (tile[0] - inside.shape[1]) // 2
            canvas = put(canvas, inside, left, 20 + (tile[1] - inside.shape[0]) // 2)
        for n in range(5):
            cv2.circle(canvas, (width // 2 - 120 + 60 * n, height - 44), 20, (60, 64, 67), -1)
        yield canvas


def face(k: int, width: int, height: int) -> Picture:
    """Draw somebody who nods before a lamp: shoulders and head, nothing that could be measured."""
    canvas = plain(width, height, (164, 150, 132))
    canvas[:, : width // 4] = (120, 110, 100)
    x, y = width // 2 + round(6 * np.sin(k / 9)), height // 3 + round(8 * np.sin(k / 14))
    cv2.ellipse(canvas, (x, height), (width // 3, height // 3), 0, 180, 360, (60, 70, 110), -1)
    cv2.ellipse(canvas, (x, y), (width // 8, height // 6), 0, 0, 360, (214, 174, 148), -1)
    return canvas


def phone_screen(picture: Picture, size: tuple[int, int] = (540, 1168)) -> Picture:
    """Put the picture into a phone's player: a clock and battery above, buttons and a thumb strip below."""
    width, height = size
    canvas = plain(width, height, (0, 0, 0))
    text(canvas, "9:41", 36, 34, (255, 255, 255))
    cv2.rectangle(canvas, (width - 70, 22), (width - 36, 38), (255, 255, 255), 1)
    inside = fitted(picture, width, height - 340)
    canvas = put(canvas, inside, (width - inside.shape[1]) // 2, (height - inside.shape[0]) // 2 - 40)
    for n in range(12):
        canvas[height - 176 : height - 120, 20 + 42 * n : 58 + 42 * n] = (60 + 14 * n, 110, 150 - 8 * n)
    cv2.line(canvas, (width // 3, height - 14), (2 * width // 3, height - 14), (255, 255, 255), 4)
    return canvas


def web_page(pictures: Pictures, size: tuple[int, int] = (1280, 720)) -> Pictures:
    """Put the picture into a page's player: a bar that grows below it, writing and small pictures beside it."""
    width, height = size
    for k, picture in enumerate(pictures):
        canvas = plain(width, height, (255, 255, 255))
        inside = fitted(picture, 820, 460)
        left, top = 40, 84
        canvas = put(canvas, inside, left, top)
        bottom = top + inside.shape[0]
        canvas[bottom : bottom + 4, left : left + inside.shape[1]] = (200, 200, 200)
        canvas[bottom : bottom + 4, left : left + min(2 * k, inside.shape[1])] = (255, 0, 0)
        text(canvas, "Hip rotation seated, week 6", left, bottom + 40)
        for n in range(5):
            canvas[84 + 110 * n : 174 + 110 * n, 900:1060] = (90 + 30 * n, 140, 200 - 25 * n)
            text(canvas, f"Exercise {n + 1}", 1072, 110 + 110 * n)
        yield canvas


def face_in_corner(pictures: Pictures, share: float = 0.24) -> Pictures:
    """Put somebody who talks into the upper left corner, as lectures and stories do."""
    for k, picture in enumerate(pictures):
        height, width = picture.shape[:2]
        yield put(picture, face(k, round(share * width), round(share * height)), 8, 8)


def date_stamp(picture: Picture) -> Picture:
    """Write date and time as dash and bed cameras do."""
    drawn = picture.copy()
    return text(drawn, "2026-11-27 13:52:07  CAM 1", 10, picture.shape[0] - 12, (255, 255, 255))


def jumping_mark(pictures: Pictures) -> Pictures:
    """Write an application's mark that jumps from corner to corner."""
    for k, picture in enumerate(pictures):
        height, width = picture.shape[:2]
        at = ((12, 60), (width - 120, height - 30))[k // 60 % 2]
        drawn = picture.copy()
        cv2.circle(drawn, (at[0] + 12, at[1] - 5), 12, (254, 44, 85), -1)
        yield text(drawn, "@clinic", at[0] + 30, at[1], (255, 255, 255))


def rounded(picture: Picture) -> Picture:
    """Put the picture with round corners and a shadow onto a light page."""
    height, width = picture.shape[:2]
    canvas = plain(width + 160, height + 160, (238, 240, 245))
    shade = np.zeros(canvas.shape[:2], np.float32)
    shade[88 : 88 + height, 84 : 84 + width] = 0.5
    soft = np.asarray(cv2.GaussianBlur(shade, (0, 0), 12), np.float64)[..., None]
    canvas = (canvas * (1 - soft)).astype(np.uint8)
    mask, r = np.zeros((height, width), np.uint8), 18
    cv2.rectangle(mask, (r, 0), (width - r, height), 255, -1)
    cv2.rectangle(mask, (0, r), (width, height - r), 255, -1)
    for x, y in ((r, r), (width - r - 1, r), (r, height - r - 1), (width - r - 1, height - r - 1)):
        cv2.circle(mask, (x, y), r, 255, -1)
    inner = canvas[80 : 80 + height, 80 : 80 + width]
    inner[mask > 0] = picture[mask > 0]
    return canvas


def bars_in_bars(picture: Picture) -> Picture:
    """Put black bars beside the picture, and those again above and below."""
    return bars(bars(picture, size=(960, 540)), size=(720, 720))


def beside(other: Path) -> Change:
    """Return what plays another clip beside this one, without a seam."""

    def play(pictures: Pictures) -> Pictures:
        for picture, second in zip(pictures, repeated(read(other)[0]), strict=False):
            height = picture.shape[0]
            fit = resized(second, round(second.shape[1] * height / second.shape[0]), height)
            yield np.concatenate([picture, fit], axis=1)

    return play


def repeated(pictures: Pictures) -> Pictures:
    """Return frames, and the last one for ever."""
    last = None
    for last in pictures:
        yield last
    while last is not None:
        yield last
