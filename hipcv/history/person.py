"""Whose assessment it is: one named person, however the name was typed."""

from collections.abc import Iterable
from unicodedata import normalize


def person_key(name: str | None) -> str:
    """Return a name as it is compared, "" for nobody: another case or number of spaces makes no other person.

    Examples
    --------
    >>> person_key("  Anna   MÜLLER"), person_key(None)
    ('anna müller', '')
    """
    return " ".join(normalize("NFKC", name or "").casefold().split())


def same_person(one: str | None, other: str | None) -> bool:
    """Return whether two names mean one person; nobody is the same person as nobody.

    Examples
    --------
    >>> same_person("S01", "s01 "), same_person("", "")
    (True, False)
    """
    return bool(key := person_key(one)) and key == person_key(other)


def spellings_of(name: str, known: Iterable[str]) -> list[str]:
    """Return those of the known names that mean the same person.

    Examples
    --------
    >>> spellings_of("s01", ["S01", "S02", "s01 "])
    ['S01', 's01 ']
    """
    return [one for one in known if same_person(name, one)]
