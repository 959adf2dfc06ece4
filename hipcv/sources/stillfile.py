"""One picture file, whatever a camera or a phone writes, as a person would see it: upright, RGB."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from hipcv.core.errors import SourceError
from hipcv.printable import printable
from hipcv.sources.container import MIN_SIDE_PX
from hipcv.sources.picture import RgbArray

#: Names of picture files end in one of these.
SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".hif"})
#: As Pillow calls them; a JPEG of several pictures is among the first.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
#: Largest picture that is decoded: phones take 50 million pixels.
MAX_PIXELS: Final = 64_000_000
#: What is larger is refused below before it is decoded, and not warned of.
Image.MAX_IMAGE_PIXELS = None
#: Ways in which pixels are stored that are no plain picture of 8 bits.
_DEEP_MODES: Final = ("I", "F", "I;16")
_EXIF, _ORIENTATION, _FOCAL_LENGTH_35MM = 0x8769, 0x0112, 0xA405
#: Degrees clockwise by which the orientation tag wants a stored picture turned, and whether it is flipped before.
_TURNS: Final = {1: (0, False), 2: (0, True), 3: (180, False), 4: (180, True), 5: (270, True), 6: (90, False)} | {
    7: (90, True),
    8: (270, False),
}


@dataclass(frozen=True, slots=True, eq=False)
class StillFile:
    """A picture file.

    Attributes
    ----------
    rgb : (H, W, 3) uint8, upright.
    stored_px : width and height as stored.
    kind : as Pillow calls it, such as JPEG or HEIF.
    rotation_deg, flipped : what its orientation tag asks for, done already; HEIC says it otherwise, which is done
        without being told here.
    focal_length_35mm_mm : lens as 35 mm equivalent where the camera wrote it, else None.
    """

    rgb: RgbArray
    stored_px: tuple[int, int]
    kind: str
    rotation_deg: int
    flipped: bool
    focal_length_35mm_mm: float | None


def picture_refusal(path: Path, found: str, advice: str) -> SourceError:
    """Return the error for a picture that cannot be used.

    Examples
    --------
    >>> print(picture_refusal(Path("rest.jpg"), "half a file", "copy it again"))
    Wanted a picture of the test in rest.jpg, found half a file: copy it again.
    """
    return SourceError(f"Wanted a picture of the test in {printable(str(path))}, found {found}: {advice}.")


def is_picture_name(path: Path) -> bool:
    """Whether a file's name says that it is a picture.

    Examples
    --------
    >>> is_picture_name(Path("IMG_0412.HEIC")), is_picture_name(Path("test.mp4"))
    (True, False)
    """
    return path.suffix.lower() in SUFFIXES


def read_still_file(path: Path, max_side_px: int) -> StillFile:
    """Return a picture file, turned and flipped as its tag asks, its longer side at most `max_side_px`.

    Raises
    ------
    SourceError
        Where it is missing, damaged, no picture, too large or too small.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> lying = Image.new("RGB", (64, 48))
    >>> tag = lying.getexif()
    >>> tag[_ORIENTATION] = 6
    >>> with TemporaryDirectory() as folder:
    ...     lying.save(Path(folder, "rest.jpg"), exif=tag)
    ...     upright = read_still_file(Path(folder, "rest.jpg"), 1920)
    >>> upright.rgb.shape, upright.rotation_deg
    ((64, 48, 3), 90)
    """
    try:
        with Image.open(path, formats=_formats(path)) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                advice = f"export it with {MAX_PIXELS // 1_000_000} million pixels or fewer, 1080p is plenty"
                raise picture_refusal(path, f"{width}×{height} px", advice)
            if min(width, height) < MIN_SIDE_PX:
                raise picture_refusal(path, f"{width}×{height} px", "give the original picture")
            if picture.mode.startswith(_DEEP_MODES):
                raise picture_refusal(path, f"pixels of the kind {picture.mode}", "save it as a JPEG")
            exif = picture.getexif()
            turn_deg, flipped = _TURNS.get(exif.get(_ORIENTATION, 1), (0, False))
            focal_length = _number(exif.get_ifd(_EXIF).get(_FOCAL_LENGTH_35MM))
            kind = picture.format or "picture"
            picture.draft("RGB", (2 * max_side_px, 2 * max_side_px))  # a JPEG is decoded no finer than it is needed
            upright = ImageOps.exif_transpose(picture).convert("RGB")
            upright.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    except FileNotFoundError as error:
        raise picture_refusal(path, "no such file", "check the path and the spelling") from error
    except UnidentifiedImageError as error:
        raise picture_refusal(path, "no picture that can be read", "save it as a JPEG") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise picture_refusal(path, "a picture that is damaged or cut short", "copy it again") from error
    rgb = np.ascontiguousarray(np.asarray(upright, dtype=np.uint8))
    return StillFile(rgb, (width, height), kind, turn_deg, flipped, focal_length)


def _formats(path: Path) -> tuple[str, ...]:
    """Return what a file may be; HEIC is known by its bytes, for phones rename it at times."""
    with path.open("rb") as file:
        if file.read(12)[4:8] != b"ftyp":
            return _FORMATS
    import pi_heif

    pi_heif.register_heif_opener()
    return (*_FORMATS, "HEIF")


def _number(value: object) -> float | None:
    number = float(value) if isinstance(value, (int, float)) else math.nan
    return number if math.isfinite(number) and number > 0 else None
