"""Who was measured, when and from which recording: what a paper or a record needs, and no assessment knows."""

from dataclasses import dataclass
from datetime import date

from hipcv.words import Motion, Side


@dataclass(frozen=True, slots=True)
class SideSince:
    """Change of one hip since an earlier test, later less earlier, degrees.

    `mdc95_deg` is the smallest change that is more than error, and `detected` whether this one is.
    """

    side: Side
    earlier_deg: float
    change_deg: float
    mdc95_deg: float
    detected: bool
    motion: Motion = Motion.INTERNAL


@dataclass(frozen=True, slots=True)
class Since:
    """What changed since the last test of the same person, and when that was; a side that is not known is left out."""

    day: date
    sides: tuple[SideSince, ...]

    def of(self, side: Side, motion: Motion = Motion.INTERNAL) -> SideSince | None:
        """Return the change of one hip; None where it was not measured twice.

        Examples
        --------
        >>> Since(date(2025, 1, 31), ()).of(Side.LEFT) is None
        True
        """
        return next((one for one in self.sides if one.side is side and one.motion is motion), None)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of one person; None is what nobody said.

    Attributes
    ----------
    person : a name or a code of the user's own choosing.
    day : of the recording.
    recording : the file's name.
    since : what changed since the last visit.

    Examples
    --------
    >>> visit = Visit("S01", date(2025, 1, 31), "IMG_1.mp4")
    >>> visit.day_text, visit.words
    ('2025-01-31', 'S01 · 2025-01-31 · recording IMG_1.mp4')
    """

    person: str | None = None
    day: date | None = None
    recording: str | None = None
    since: Since | None = None

    @property
    def day_text(self) -> str | None:
        """The day as YYYY-MM-DD."""
        return None if self.day is None else self.day.isoformat()

    @property
    def words(self) -> str:
        """Who, when and which recording, as far as it is known."""
        recording = None if self.recording is None else f"recording {self.recording}"
        return " · ".join(part for part in (self.person, self.day_text, recording) if part)


#: Nobody said anything.
UNTOLD = Visit()
