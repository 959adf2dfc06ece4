"""Finds the recordings that a folder, a glob or a list of paths means."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hipcv.batch.input.remote import is_url, list_urls
from hipcv.core.errors import BatchError
from hipcv.core.procedure import Procedure
from hipcv.core.procedures import PROCEDURES

VIDEO_SUFFIXES = frozenset(
    (".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".3gp", ".wmv", ".flv", ".ogv")
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One recording as found: its name below the folder that was asked for, and where it lies."""

    name: str
    source: str


def find_recordings(asked: Sequence[str], *, leave_out: Path | None = None) -> list[Listed]:
    """Return the recordings that are meant, each once and in order of their names.

    Parameters
    ----------
    asked : folders (searched with all below), globs, single files, or URLs of any of these.
    leave_out : a folder whose recordings are not meant: that of the results.

    Raises
    ------
    BatchError, SourceError
        Where there is nothing of the sort.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("b_prone.mp4", "a_seated.MOV", "notes.txt", "._a_seated.MOV"):
    ...         Path(folder, name).touch()
    ...     [listed.name for listed in find_recordings([folder])]
    ['a_seated.MOV', 'b_prone.mp4']
    """
    found: dict[str, Listed] = {}
    for one in asked:
        here = list(_find_one(one, leave_out))
        if not here:
            kinds = ", ".join(sorted(VIDEO_SUFFIXES))
            raise BatchError(f"Wanted recordings ({kinds}) in {one}, found none: check the path.")
        for listed in here:
            found.setdefault(listed.source, listed)
    return sorted(found.values(), key=lambda listed: (listed.name.casefold(), listed.name, listed.source))


def _find_one(asked: str, leave_out: Path | None) -> Iterator[Listed]:
    if is_url(asked):
        base = _url_folder(asked)
        for url in list_urls(asked):
            own = url.partition("::")[0]
            if PurePosixPath(own).suffix.lower() in VIDEO_SUFFIXES:
                yield Listed(own.removeprefix(base).lstrip("/") or own, url)
        return
    path = Path(asked)
    if path.is_dir():
        yield from _walk(path, leave_out)
    elif path.exists():
        yield Listed(path.name, str(path.absolute()))
    elif any(sign in asked for sign in "*?["):
        for match in sorted(_glob(asked)):
            if match.is_dir():
                yield from _walk(match, leave_out)
            elif match.suffix.lower() in VIDEO_SUFFIXES:
                yield Listed(match.name, str(match.absolute()))
    else:
        raise BatchError(f"Wanted a folder, a list (.csv, .xlsx), a recording or a glob, found nothing at {asked}.")


def _glob(pattern: str) -> Iterator[Path]:
    """Yield what a pattern matches, relative or absolute."""
    path = Path(pattern)
    fixed = next(at for at, part in enumerate(path.parts) if any(sign in part for sign in "*?["))
    return Path(*path.parts[:fixed]).glob(str(Path(*path.parts[fixed:])))


def _walk(folder: Path, leave_out: Path | None) -> Iterator[Listed]:
    skipped = None if leave_out is None else leave_out.resolve()

    def complain(error: OSError) -> None:
        raise BatchError(f"Wanted to look through {error.filename}, but could not: {error.strerror}.") from error

    for place, folders, files in os.walk(folder, onerror=complain):
        # what starts with a dot is hidden: the "._" twins that macOS leaves on shares are no recordings
        folders[:] = sorted(f for f in folders if not f.startswith(".") and (Path(place) / f).resolve() != skipped)
        for name in files:
            path = Path(place) / name
            if path.suffix.lower() in VIDEO_SUFFIXES and not name.startswith("."):
                yield Listed(path.relative_to(folder).as_posix(), str(path.absolute()))


def _url_folder(url: str) -> str:
    """Return the part of a URL before its first glob sign, up to a slash."""
    own = re.split(r"[*?\[]", url.partition("::")[0], maxsplit=1)[0]
    return own if own == url.partition("::")[0] and not Path(own).suffix else own.rpartition("/")[0] + "/"


def procedure_in_name(name: str) -> Procedure | None:
    """Return the test that a recording's name tells by a word, such as "S01_seated.mp4"; None for none or several.

    Examples
    --------
    >>> procedure_in_name("S01_seated.mp4").name, procedure_in_name("S01.mp4"), procedure_in_name("seated or prone.mp4")
    ('seated', None, None)
    """
    text = name.casefold()

    def tells(procedure: Procedure) -> bool:
        words = "|".join(map(re.escape, (procedure.name, *procedure.spoken)))
        return re.search(rf"(?<![a-z])({words})(?![a-z])", text) is not None

    told = [procedure for procedure in PROCEDURES if tells(procedure)]
    return told[0] if len(told) == 1 else None
