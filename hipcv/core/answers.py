"""What somebody said of themselves before a test, and of pain in it: read from words, and whether it still holds."""

from dataclasses import dataclass
from datetime import date, timedelta

from hipcv.words import Answer, PainPlace

#: No pain, and the worst that can be imagined.
PAIN_SCALE = (0, 10)
#: What may be said of pain on one side, in words.
PAIN_WANTED = f"a whole number from 0 to 10, and where it hurts if you like ({', '.join(PainPlace)}), such as 3,groin"

#: Three months, the longest of them: older answers are asked again.
VALID_FOR = timedelta(days=92)
#: How it is said that none of the answers holds.
NONE = "none"
#: What may be said, in words.
ANSWERS_WANTED = "none, or answers of `hipcv questions` with commas between them, such as pinch,knee_pain"


@dataclass(frozen=True, slots=True)
class SidePain:
    """The worst pain at the end of the range on one side, 0 to 10, and where it was; None where nobody said."""

    level: int
    place: PainPlace | None = None

    def __post_init__(self) -> None:
        if not PAIN_SCALE[0] <= self.level <= PAIN_SCALE[1]:
            raise ValueError(f"pain must lie between 0 and 10, found {self.level}")

    def __str__(self) -> str:
        where = f" ({str(self.place).replace('_', ' ')})" if self.place else ""
        return f"{self.level} of 10{where}"


def read_pain(text: str) -> SidePain:
    """Return the pain of one side from words.

    Raises
    ------
    ValueError
        Where the text says something else.

    Examples
    --------
    >>> str(read_pain("3, groin")), read_pain("0").place
    ('3 of 10 (groin)', None)
    """
    level, _, place = (part.strip().lower() for part in text.partition(","))
    try:
        return SidePain(int(level), PainPlace(place.replace(" ", "_")) if place else None)
    except ValueError:
        raise ValueError(f"{PAIN_WANTED} is wanted, found {text!r}") from None


def read_answers(text: str) -> tuple[Answer, ...]:
    """Return the answers that a text names, each once and in the order of the questions; nothing for "none".

    Raises
    ------
    ValueError
        Where the text names something else.

    Examples
    --------
    >>> read_answers("none"), read_answers("pinch, knee_pain")
    ((), (<Answer.KNEE_PAIN: 'knee_pain'>, <Answer.PINCH: 'pinch'>))
    """
    words = {word.strip().lower().replace(" ", "_") for word in text.split(",")}
    if words == {NONE}:
        return ()
    unknown = sorted(words - set(Answer))
    if unknown:
        raise ValueError(f"{ANSWERS_WANTED} is wanted, found {unknown[0]!r}")
    return tuple(answer for answer in Answer if answer in words)


def read_day(text: str) -> date:
    """Return a day that is written as YYYY-MM-DD.

    Raises
    ------
    ValueError
        Where it is written otherwise.

    Examples
    --------
    >>> read_day("2026-11-27").month
    11
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ValueError(f"a day as YYYY-MM-DD is wanted, found {text!r}")
    return day


def too_old(answered_on: str, today: date) -> str | None:
    """Return why answers of a day no longer hold, or not yet, in one sentence; None where they do.

    Examples
    --------
    >>> too_old("2026-11-01", date(2026, 11, 27)) is None
    True
    >>> too_old("2026-01-01", date(2026, 11, 27))
    'Answers of at most three months ago are wanted, found some of 2026-01-01: answer the questions again'
    """
    day = read_day(answered_on)
    if day > today + timedelta(days=1):  # somewhere it is tomorrow already
        return f"A day that has been is wanted for the answers, found {answered_on}: say when they were given"
    if today - day > VALID_FOR:
        return (
            f"Answers of at most three months ago are wanted, found some of {answered_on}: answer the questions again"
        )
    return None
