"""When a recording was made, as far as its file tells."""

from datetime import UTC, datetime
from pathlib import Path

from hipcv.core.errors import SourceError
from hipcv.sources.container import open_container

#: Where cameras and phones write it: the first has the place's own time, the second is in UTC.
_TAGS = ("com.apple.quicktime.creationdate", "creation_time")
#: A clock that was never set says 1904 or 1970; no phone filmed before this.
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


def read_taken(path: Path) -> datetime | None:
    """Return when a recording says that it was made, with its time zone; None where it does not, or cannot be opened.

    A file that was cut or sent by a messenger may tell when that was done: it is offered, and nothing is built on it.

    Examples
    --------
    >>> read_taken(Path("no such file.mp4")) is None
    True
    """
    try:
        container, stream = open_container(path, "slices")
    except SourceError:
        return None
    with container:
        told = [tags[name] for tags in (container.metadata, stream.metadata) for name in _TAGS if name in tags]
    return next(filter(None, map(_read, told)), None)


def _read(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return at if _FIRST <= at <= datetime.now(UTC) else None
