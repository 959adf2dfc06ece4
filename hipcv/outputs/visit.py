"""Who was measured, when and from which recording: what a paper or a record needs, and no assessment knows."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of one person; None is what nobody said.

    Attributes
    ----------
    person : a name or a code of the user's own choosing.
    day : of the recording.
    recording : the file's name.

    Examples
    --------
    >>> Visit("S01", date(2025, 1, 31)).day_text
    '2025-01-31'
    """

    person: str | None = None
    day: date | None = None
    recording: str | None = None

    @property
    def day_text(self) -> str | None:
        """The day as YYYY-MM-DD."""
        return None if self.day is None else self.day.isoformat()


#: Nobody said anything.
UNTOLD = Visit()
