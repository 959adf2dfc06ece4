"""A disk that takes nothing more: how that is known, how it is told, and what is set aside for what must be written."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: No room, a quota used up, a file larger than may be, a disk that went read-only: none is a recording's fault.
_ERRNOS = {errno.ENOSPC, errno.EFBIG, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)}
#: SQLite's codes are the lowest byte; it says "I/O error" where a system call failed for another reason than no room.
_SQLITE_CODES = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}


def disk_trouble(error: BaseException) -> str | None:
    """Return in words why the disk took nothing more; None where an error has another reason.

    What an error was raised from counts, too: a sentence about a recording may stand in front of a full disk.

    Examples
    --------
    >>> disk_trouble(OSError(errno.ENOSPC, "No space left on device")), disk_trouble(ValueError("no number"))
    ('No space left on device', None)
    """
    for one in _causes(error):
        if isinstance(one, OSError) and one.errno is not None and one.errno in _ERRNOS:
            return one.strerror or errno.errorcode[one.errno]
        if isinstance(one, sqlite3.Error) and getattr(one, "sqlite_errorcode", 0) & 0xFF in _SQLITE_CODES:
            return str(one)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__


def free_bytes(folder: Path) -> int:
    """Return how much room is left where a folder lies.

    Examples
    --------
    >>> free_bytes(Path()) >= 0
    True
    """
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class Reserve:
    """Room that is taken while there is plenty and given back when there is none, for what must be written even then.

    It is given slice by slice: whoever fills the disk takes what is given and not used, and the next change needs room
    as well.

    Parameters
    ----------
    path : the file that takes the room.
    n_bytes : its size.
    n_slices : in so many slices it is given back.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     reserve = Reserve(Path(folder, "reserve.bin"), n_bytes=100, n_slices=2)
    ...     reserve.keep()
    ...     reserve.give(), reserve.path.stat().st_size, reserve.give(), reserve.give()
    (True, 50, True, False)
    """

    path: Path
    n_bytes: int = 6 << 20  # of two databases, of which each must fold in its log
    n_slices: int = 64

    def keep(self) -> None:
        """Take the room, unless it is taken or the disk has less than four times as much."""
        with suppress(OSError):
            if self._is_kept() or free_bytes(self.path.parent) < 4 * self.n_bytes:
                return
            try:
                self.path.write_bytes(os.urandom(self.n_bytes))  # a disk that compresses shall not make it nothing
            except OSError:
                self.path.unlink(missing_ok=True)

    def _is_kept(self) -> bool:
        return self.path.is_file() and self.path.stat().st_size == self.n_bytes

    def give(self) -> bool:
        """Give a slice of the room back; False where none is left."""
        try:
            left = self.path.stat().st_size
            if left == 0:
                return False
            os.truncate(self.path, max(0, left - -(-self.n_bytes // self.n_slices)))
        except OSError:
            return False
        return True
