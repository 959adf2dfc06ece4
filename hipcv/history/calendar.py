"""The next visit as a calendar file (iCalendar, RFC 5545), which every calendar opens."""

from datetime import UTC, date, datetime, timedelta

from hipcv.evidence.progress import calendar_words

#: Octets of a line; longer ones are folded (RFC 5545, 3.1).
_LINE_BYTES = 75


def render_calendar(day: date, *, made_at: datetime | None = None) -> str:
    """Return a calendar file with one whole day in it, and nobody's name.

    Parameters
    ----------
    made_at : when it was made, now where it is not given.

    Examples
    --------
    >>> print(render_calendar(date(2026, 3, 29)).splitlines()[6])
    DTSTART;VALUE=DATE:20260329
    """
    title, text = calendar_words()
    stamp = (made_at or datetime.now(UTC)).astimezone(UTC)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//hipcv//next visit//EN",
        "BEGIN:VEVENT",
        f"UID:{day:%Y%m%d}-{stamp:%Y%m%dT%H%M%SZ}@hipcv",
        f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_escaped(title)}",
        f"DESCRIPTION:{_escaped(text)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _escaped(text: str) -> str:
    """Return a text as RFC 5545, 3.3.11 wants it."""
    for letter in "\\;,":
        text = text.replace(letter, f"\\{letter}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> str:
    """Return a line in pieces of at most 75 octets, none cut within a letter."""
    pieces: list[str] = []
    piece = ""
    for letter in line:
        if len((piece + letter).encode()) > _LINE_BYTES - bool(pieces):
            pieces.append(piece)
            piece = ""
        piece += letter
    return "\r\n ".join([*pieces, piece])
