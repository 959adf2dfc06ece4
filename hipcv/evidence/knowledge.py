"""What is known about turning the hip inwards: short cards, each with how sure it is and who says so; and looks.

The words live in `data/knowledge.toml`. Nothing is called normal or abnormal, and nothing is promised.
"""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from hipcv.words import Motion


class Sure(StrEnum):
    """How sure a card is."""

    FOUND = "found"
    SOME = "some"
    OPINION = "opinion"

    @property
    def wording(self) -> str:
        """The same in plain words."""
        return str(_words()["sure"][self])


@dataclass(frozen=True, slots=True)
class Card:
    """One thing that is known, or only said, in a few plain sentences."""

    id: str
    title: str
    text: str
    sure: Sure
    source: str


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that can be looked at without a number: what to do, what to look for, and what an answer says.

    `motion` is the way of turning that it looks at. An answer never goes into an angle.
    """

    id: str
    title: str
    how: str
    ask: str
    answers: tuple[str, ...]
    tells: str
    motion: Motion
    source: str

    @property
    def text(self) -> str:
        """All of it but the source, in the order in which it is read."""
        return f"{self.how} {self.ask} ({', '.join(self.answers)}) {self.tells}"


@cache
def all_looks() -> tuple[Look, ...]:
    """Return every look in the order in which they are read.

    Examples
    --------
    >>> [look.title for look in all_looks() if look.motion is Motion.EXTERNAL]
    ['Figure four', 'Butterfly']
    """
    return tuple(
        Look(**{**row, "answers": tuple(row["answers"]), "motion": Motion(row["motion"])}) for row in _words()["look"]
    )


@cache
def all_cards() -> tuple[Card, ...]:
    """Return every card in the order in which they are read.

    Examples
    --------
    >>> [card.title for card in all_cards() if card.id == "bone"]
    ['Bone, or soft tissue?']
    >>> Sure.OPINION.wording
    'often said, not measured'
    """
    return tuple(Card(**{**row, "sure": Sure(row["sure"])}) for row in _words()["card"])


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files("hipcv.evidence").joinpath("data/knowledge.toml").read_text("utf-8"))
