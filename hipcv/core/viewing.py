"""Which part of a recording is looked at, and how its pictures are shaped: as told, or as found."""

import math
from dataclasses import dataclass

#: Quarter turns, degrees clockwise.
TURNS_DEG = (0, 90, 180, 270)
#: Pictures wider or narrower than this are no camera's: the widest film is 2.76:1, twice as far on either side.
ASPECTS = (1 / 6, 6.0)
#: Fewer pictures a second show no movement, more are no camera's.
PICTURES_HZ = (0.1, 1000.0)
RATE_WANTED = f"a rate of {PICTURES_HZ[0]:g} to {PICTURES_HZ[1]:g} pictures a second"
ASPECT_WANTED = "a shape such as 4:3, 16:9 or W:H"


@dataclass(frozen=True, slots=True)
class Viewing:
    """Which part of a recording is looked at, and how.

    Attributes
    ----------
    rotate_deg : by how many quarters its pictures are turned clockwise, beyond what the rotation tag asks: 0 to 270.
    aspect : width through height of the whole upright picture as it should be seen, where its pixels are not square and
        nothing in the file says so; None trusts the file.
    from_s, to_s : the stretch, in seconds as a player shows them; None for the recording's own start and end.
    crop_px : left, top, width, height of the picture within the picture, pixels of the whole upright picture; None for
        all of it.
    pictures_hz : how many pictures a second they show, where the recording is a series of single pictures.
    still : each picture is a still of its own, of a leg at rest or at the end of its range, not a moment of a movement.

    Examples
    --------
    >>> Viewing(rotate_deg=180, from_s=2.0).rotate_deg
    180
    >>> Viewing(from_s=5.0, to_s=2.0)
    Traceback (most recent call last):
        ...
    ValueError: a stretch that ends after it begins is wanted, found 5 to 2 s
    """

    rotate_deg: int = 0
    aspect: float | None = None
    from_s: float | None = None
    to_s: float | None = None
    crop_px: tuple[int, int, int, int] | None = None
    pictures_hz: float | None = None
    still: bool = False

    def __post_init__(self) -> None:
        if self.rotate_deg not in TURNS_DEG:
            raise ValueError(f"a turn by {', '.join(map(str, TURNS_DEG))}° is wanted, found {self.rotate_deg}")
        if self.aspect is not None and not ASPECTS[0] <= self.aspect <= ASPECTS[1]:
            raise ValueError(f"{ASPECT_WANTED} is wanted, found {self.aspect:g}")
        for name, value in (("from", self.from_s), ("to", self.to_s)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"a time of 0 s or more is wanted for {name}, found {value}")
        if self.to_s is not None and not (self.from_s or 0.0) < self.to_s:
            raise ValueError(
                f"a stretch that ends after it begins is wanted, found {self.from_s or 0:g} to {self.to_s:g} s"
            )

        if self.pictures_hz is not None and not PICTURES_HZ[0] <= self.pictures_hz <= PICTURES_HZ[1]:
            raise ValueError(f"{RATE_WANTED} is wanted, found {self.pictures_hz:g}")
        if self.still and (self.pictures_hz is not None or self.from_s is not None or self.to_s is not None):
            raise ValueError("stills without a rate or a stretch is wanted, found one: they show no movement")

    @property
    def origin_px(self) -> tuple[int, int]:
        """Where the upper left corner of what is looked at lies in the whole upright picture."""
        return (0, 0) if self.crop_px is None else self.crop_px[:2]

    def within(self, time_s: float) -> bool:
        """Whether a moment, in seconds as a player shows them, belongs to the stretch.

        Examples
        --------
        >>> [Viewing(from_s=2.0, to_s=5.0).within(time_s) for time_s in (1.9, 2.0, 4.9, 5.0)]
        [False, True, True, False]
        """
        return (self.from_s is None or time_s >= self.from_s) and not self.ended(time_s)

    def ended(self, time_s: float) -> bool:
        """Whether the stretch is over at a moment, in seconds as a player shows them.

        Examples
        --------
        >>> Viewing(to_s=5.0).ended(5.0), Viewing().ended(1e6)
        (True, False)
        """
        return self.to_s is not None and time_s >= self.to_s


#: All of it, as the file says.
AS_STORED = Viewing()


def read_aspect(text: str) -> float:
    """Return a picture's width through its height from words such as 4:3: `Viewing.aspect`.

    Raises
    ------
    ValueError
        Where it is no such shape.

    Examples
    --------
    >>> read_aspect("16:9"), read_aspect("3/4"), read_aspect("1.5")
    (1.7777777777777777, 0.75, 1.5)
    >>> read_aspect("wide")
    Traceback (most recent call last):
        ...
    ValueError: a shape such as 4:3, 16:9 or W:H is wanted, found 'wide'
    """
    width, _, height = text.replace("/", ":").partition(":")
    try:
        aspect = float(width) / float(height or 1)
    except (ValueError, ZeroDivisionError):
        aspect = math.nan
    if not ASPECTS[0] <= aspect <= ASPECTS[1]:
        raise ValueError(f"{ASPECT_WANTED} is wanted, found {text!r}")
    return aspect
