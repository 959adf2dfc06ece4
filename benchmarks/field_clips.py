"""Clips as people really have them, made of a clean one frame by frame: screens around it, lines over it, other shapes.

Every kind is a function from a clip's frames to others, and says what shall become of it: measured rightly, or doubted
or refused for its one cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from field_bodies import (
    blanket,
    cropped_aside,
    face_hidden,
    half_hidden,
    other_place,
    other_shirt,
    other_trousers,
    without_shank,
)
from field_pictures import (
    DARK,
    Change,
    Picture,
    Pictures,
    each,
    fitted,
    moments,
    plain,
    read,
    resized,
    text,
    truth_of,
    write,
)
from field_screens import (
    bars,
    bars_in_bars,
    beside,
    blurred_bars,
    call,
    cross,
    date_stamp,
    desktop,
    face_in_corner,
    grid,
    jumping_mark,
    phone_screen,
    rounded,
    title_bar,
    web_page,
)

from hipcv.core.finding import FindingCode
from hipcv.core.viewing import AS_STORED, Viewing


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of clip.

    make : from the frames to the kind's own. codes : findings of which one has to doubt or refuse it where it is not
    measured rightly; empty where it has to be measured as the clean one is. viewing, mirrored : what is told of it.
    every_nth : of its frames only so many are written, as slow cameras do. crf : how hard it is packed.
    """

    make: Change
    codes: tuple[FindingCode, ...] = ()
    viewing: Viewing = AS_STORED
    mirrored: bool | None = None
    every_nth: int = 1
    crf: int = 23


def make(kind: Kind, source: Path, folder: Path) -> Path:
    """Write a clip of a kind into a folder, or that folder full of pictures; return what is to be measured."""
    pictures, rate = read(source)
    made = islice(kind.make(pictures), 0, None, kind.every_nth)
    if not (kind.viewing.still or kind.viewing.pictures_hz):
        return write(folder / "clip.mp4", made, rate / kind.every_nth, kind.crf)
    folder = folder / "pictures"
    folder.mkdir()
    for k, picture in enumerate(made):
        cv2.imwrite(str(folder / f"IMG_{k:04d}.jpg"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return folder


def at_moments(truth: dict[str, Any]) -> Change:
    """Return what keeps one picture at rest and one of each leg in the middle of its first hold."""
    wanted = set(moments(truth).values())
    return lambda pictures: (picture for k, picture in enumerate(pictures) if k in wanted)


# ------------------------------------------------------------------------------------------ shapes, turns, and time


def squeezed(width: int, height: int) -> Change:
    """Return what squeezes frames into another shape without a word."""
    return each(lambda picture: resized(picture, width, height))


def turned(quarters: int) -> Change:
    """Return what turns frames clockwise by quarters without a tag."""
    return each(lambda picture: np.ascontiguousarray(np.rot90(picture, -quarters)))


def joined(other: Path) -> Change:
    """Return what plays another clip after this one."""

    def play(pictures: Pictures) -> Pictures:
        first = next(pictures)
        height, width = first.shape[:2]
        yield first
        yield from pictures
        for picture in read(other)[0]:
            inside = fitted(picture, width, height)
            yield inside if inside.shape == first.shape else resized(picture, width, height)

    return play


def empty_before(seconds: float, rate_hz: float = 30.0) -> Change:
    """Return what shows a still card before the clip, as edited clips do."""

    def play(pictures: Pictures) -> Pictures:
        first = next(pictures)
        card = text(plain(first.shape[1], first.shape[0], (235, 232, 225)), "Hip rotation, visit 2", 60, 120)
        yield from (card for _ in range(round(seconds * rate_hz)))
        yield first
        yield from pictures

    return play


def subtitled(picture: Picture) -> Picture:
    """Write two lines below, on dark, as captions are."""
    height, width = picture.shape[:2]
    drawn = picture.copy()
    drawn[height - 52 : height - 8, width // 6 : -width // 6] //= 4
    for n, words in enumerate(("now the left foot goes out", "and holds")):
        text(drawn, words, width // 6 + 12, height - 34 + 20 * n, (255, 255, 255))
    return drawn


def every(n: int) -> Change:
    """Return what keeps only every so many frames and repeats them, as slow cameras do."""

    def play(pictures: Pictures) -> Pictures:
        held = None
        for k, picture in enumerate(pictures):
            held = picture if held is None or k % n == 0 else held
            yield held

    return play


def toned(gain: float, offset: float = 0.0) -> Change:
    """Return what makes every frame darker, or burns it white."""
    return each(lambda picture: np.clip(picture * gain + offset, 0, 255).astype(np.uint8))


def covered_below(share: float) -> Change:
    """Return what covers the lower part of every frame with a banner."""

    def draw(picture: Picture) -> Picture:
        drawn = picture.copy()
        drawn[round(picture.shape[0] * (1 - share)) :] = DARK
        return drawn

    return each(draw)


def shaken(seconds: float, rate_hz: float, angle_deg: float = 4.0, shift: float = 0.05) -> Change:
    """Return what knocks the camera after some seconds: it stands turned and aside from then on."""

    def play(pictures: Pictures) -> Pictures:
        for k, picture in enumerate(pictures):
            yield moved(picture, angle_deg, shift, 1.0) if k >= seconds * rate_hz else picture

    return play


def carried(rate_hz: float) -> Change:
    """Return what sways as a hand does that holds the camera."""

    def play(pictures: Pictures) -> Pictures:
        for k, picture in enumerate(pictures):
            phase = 2 * np.pi * k / rate_hz / 3.0
            yield moved(picture, 2.0 * np.sin(phase), 0.03 * np.sin(1.3 * phase), 1.08)

    return play


def zoomed(seconds: float, rate_hz: float, most: float = 1.35) -> Change:
    """Return what zooms in within a second."""

    def play(pictures: Pictures) -> Pictures:
        for k, picture in enumerate(pictures):
            yield moved(picture, 0.0, 0.0, 1 + (most - 1) * float(np.clip(k / rate_hz - seconds, 0, 1)))

    return play


def moved(picture: Picture, angle_deg: float, shift: float, scale: float) -> Picture:
    """Return the picture turned about its centre, moved aside by a share of its width, and enlarged."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, scale)
    matrix[0, 2] += shift * width
    flat = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.uint8)


def fading_in(seconds: float, rate_hz: float) -> Change:
    """Return what begins in the dark."""

    def play(pictures: Pictures) -> Pictures:
        for k, picture in enumerate(pictures):
            yield (picture * min(1.0, k / (seconds * rate_hz))).astype(np.uint8)

    return play


def counted_down(rate_hz: float) -> Change:
    """Return what shows three, two, one before the clip."""

    def play(pictures: Pictures) -> Pictures:
        first = next(pictures)
        for digit in "321":
            card = plain(first.shape[1], first.shape[0], (20, 60, 120))
            cv2.putText(card, digit, (card.shape[1] // 2 - 40, card.shape[0] // 2 + 40), 0, 4, (255, 255, 255), 8)
            yield from (card for _ in range(round(rate_hz)))
        yield first
        yield from pictures

    return play


def frozen_after(seconds: float, rate_hz: float) -> Change:
    """Return what stands still on its last picture, as a player that has come to the end."""

    def play(pictures: Pictures) -> Pictures:
        last = None
        for last in pictures:
            yield last
        if last is not None:
            yield from (last for _ in range(round(seconds * rate_hz)))

    return play


def grey(picture: Picture) -> Picture:
    """Take the colour out."""
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8)


def flipped(picture: Picture) -> Picture:
    """Return the mirror image."""
    return np.ascontiguousarray(picture[:, ::-1])


DRAWN = (FindingCode.DRAWN_LINES, FindingCode.GRAVITY_UNKNOWN)
HIDDEN = (*(FindingCode.LEGS_NOT_SEEN, FindingCode.OUT_OF_FRAME, FindingCode.NO_PERSON, FindingCode.PERSON_LOST),)
ASKED = (FindingCode.SUBJECT_UNCLEAR, FindingCode.SEVERAL_TESTS)
MOVED, SLOW = (FindingCode.MOVING_CAMERA,), (FindingCode.LOW_FRAME_RATE, FindingCode.NO_HOLD)
ASIDE = (FindingCode.GRAVITY_UNKNOWN, FindingCode.YAW_UNKNOWN, FindingCode.PITCH_UNKNOWN, FindingCode.CAMERA_YAW)
SHAPE, TURNED = (FindingCode.PIXEL_SHAPE,), (FindingCode.PICTURE_TURNED,)


def kinds(source: Path, others: Sequence[Path]) -> dict[str, Kind]:
    """Return every kind that is made of a clip, by its name; `others` hold the same test and another scene."""
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        width, height = stream.width, stream.height
        rate_hz = float(stream.average_rate or 30)
        end_s = stream.frames / rate_hz
    before, truth = 2.0, truth_of(source)
    bodies, sits = truth["frames"], truth["spec"]["test"] == "seated"
    half_way = len(bodies) // 2
    return {
        "as it is": Kind(lambda pictures: pictures),
        "grid": Kind(grid(80), DRAWN),
        "coarse grid": Kind(grid(160, 0.9), DRAWN),
        "viewfinder": Kind(each(cross), DRAWN),
        "captions": Kind(each(subtitled), DRAWN),
        "desktop": Kind(each(desktop)),
        "title bar": Kind(each(title_bar)),
        "black bars": Kind(each(bars)),
        "white bars": Kind(each(partial(bars, size=(1280, 720), colour=(250, 250, 250)))),
        "blurred bars": Kind(each(blurred_bars)),
        "call": Kind(call),
        "squeezed": Kind(squeezed(round(0.75 * width), height), SHAPE),
        "stretched": Kind(squeezed(round(4 / 3 * width), height), SHAPE),
        "a little squeezed": Kind(squeezed(round(0.8 * width), height), SHAPE),
        "into a usual shape": Kind(squeezed(*((1280, 720) if width > height else (720, 1280))), SHAPE),
        "squeezed, told": Kind(squeezed(round(0.75 * width), height), viewing=Viewing(aspect=width / height)),
        "upside down": Kind(turned(2), TURNED),
        "on its side": Kind(turned(1), TURNED),
        "on its other side": Kind(turned(3), TURNED),
        "upside down, told": Kind(turned(2), viewing=Viewing(rotate_deg=180)),
        "on its side, told": Kind(turned(1), viewing=Viewing(rotate_deg=270)),
        "two tests joined": Kind(joined(others[0]), (FindingCode.SEVERAL_TESTS,)),
        "two tests, told": Kind(joined(others[0]), viewing=Viewing(to_s=end_s)),
        "a card before": Kind(empty_before(before)),
        "something else after": Kind(joined(others[1]) if len(others) > 1 else empty_before(before)),
        "one picture a second": Kind(every(30), (FindingCode.LOW_FRAME_RATE, FindingCode.NO_HOLD)),
        "dark": Kind(toned(0.08), (FindingCode.LOW_LIGHT,)),
        "burnt white": Kind(toned(3.0, 60.0), (FindingCode.TOO_BRIGHT,)),
        "photographs": Kind(at_moments(truth), viewing=Viewing(still=True)),
        "numbered pictures": Kind(lambda pictures: pictures, viewing=Viewing(pictures_hz=rate_hz / 3), every_nth=3),
        "feet behind a banner": Kind(covered_below(0.35), (FindingCode.OUT_OF_FRAME, FindingCode.LEGS_NOT_SEEN)),
        "phone screen": Kind(each(phone_screen)),
        "web page": Kind(web_page),
        "face in a corner": Kind(face_in_corner, DRAWN),
        "date stamp": Kind(each(date_stamp)),
        "jumping mark": Kind(jumping_mark),
        "round corners": Kind(each(rounded)),
        "bars in bars": Kind(each(bars_in_bars)),
        "another test beside": Kind(beside(others[0]), (*ASKED, *DRAWN)),
        "camera knocked": Kind(shaken(end_s / 2, rate_hz), MOVED),
        "camera in a hand": Kind(carried(rate_hz), MOVED),
        "zoom": Kind(zoomed(end_s / 2, rate_hz), MOVED),
        "dark at first": Kind(fading_in(1.0, rate_hz)),
        "counted down": Kind(counted_down(rate_hz)),
        "frozen at the end": Kind(frozen_after(5.0, rate_hz)),
        "grey": Kind(each(grey)),
        "mirrored, told": Kind(each(flipped), mirrored=True),
        "ten pictures a second": Kind(lambda pictures: pictures, SLOW, every_nth=round(rate_hz / 10)),
        "three pictures a second": Kind(lambda pictures: pictures, SLOW, every_nth=round(rate_hz / 3)),
        "half a size": Kind(squeezed(width // 2, height // 2), (FindingCode.SHORT_SHANK,)),
        "packed hard": Kind(lambda pictures: pictures, crf=38),
        "cropped aside": Kind(cropped_aside(bodies), ASIDE),
        "half hidden": Kind(half_hidden(bodies), HIDDEN),
        "face hidden": Kind(face_hidden(bodies)),
        "blanket to the knee": Kind(blanket(bodies, 0.0), HIDDEN),
        "blanket to mid-shank": Kind(blanket(bodies, 0.5), HIDDEN),
        "another person": Kind(
            (other_shirt if sits else other_trousers)(bodies, half_way), (FindingCode.SEVERAL_TESTS,)
        ),
        "another person, alike": Kind(other_place(bodies, half_way), (FindingCode.SEVERAL_TESTS,)),
        "no left shank": Kind(without_shank(bodies, "L"), HIDDEN),
    }
