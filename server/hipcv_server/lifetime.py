"""How the server before this one ended: it was stopped, it died by itself, or the machine went down under it.

A file stands in the data folder while a server runs. Where a new one finds it, the last one was not stopped; where it
was left under another start of the machine, the machine is what went down.
"""

import json
import logging
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from hipcv.core.errors import OutputError
from hipcv.files import write_whole

log = logging.getLogger("hipcv.server")

FILE_NAME = "running.json"
#: Linux numbers every start of the machine; elsewhere its moment has to do, which a clock that is set moves a little.
_BOOT_ID, _SAME_BOOT_S = Path("/proc/sys/kernel/random/boot_id"), 60.0


class LastStop(StrEnum):
    """How the last server of a data folder ended."""

    IN_ORDER = "in_order"
    SERVER_DIED = "server_died"
    MACHINE_DIED = "machine_died"


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of the machine: its number, "" where the system gives none, and its moment."""

    number: str
    at_s: float

    def same(self, other: "Boot") -> bool:
        """Whether both are one start.

        Examples
        --------
        >>> Boot("a", 0.0).same(Boot("a", 900.0)), Boot("a", 0.0).same(Boot("b", 0.0))
        (True, False)
        >>> Boot("", 5.0).same(Boot("", 6.0))
        True
        """
        if self.number and other.number:
            return self.number == other.number
        return abs(self.at_s - other.at_s) < _SAME_BOOT_S


def this_boot() -> Boot:
    """Return the start of the machine that this process runs under.

    Examples
    --------
    >>> this_boot().same(this_boot())
    True
    """
    try:
        number = _BOOT_ID.read_text("ascii").strip()
    except OSError:
        number = ""
    return Boot(number, psutil.boot_time())


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The mark of a running server in its data folder.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     first, killed, stopped = (Lifetime(Path(folder)) for _ in range(3))
    ...     told = [first.begin(), killed.begin(), killed.end(), stopped.begin()]
    ...     told[0].value, told[1].value, told[3].value
    ('in_order', 'server_died', 'in_order')
    """

    folder: Path

    def begin(self) -> LastStop:
        """Say how the last server ended, and mark this one; a disk that is full leaves it unmarked."""
        now, path = this_boot(), self.folder / FILE_NAME
        try:
            told = json.loads(path.read_text("utf-8"))
            before = Boot(str(told["boot"]), float(told["at_s"]))
        except FileNotFoundError:
            found = LastStop.IN_ORDER
        except (OSError, ValueError, TypeError, KeyError):  # it was cut off while it was written
            found = LastStop.MACHINE_DIED
        else:
            found = LastStop.SERVER_DIED if before.same(now) else LastStop.MACHINE_DIED
        try:
            write_whole(path, json.dumps({"boot": now.number, "at_s": now.at_s}))
        except OutputError as error:
            log.warning("Whether this server is stopped in order will not be known (%s)", error)
        return found

    def end(self) -> None:
        """Say that this server was stopped in order."""
        (self.folder / FILE_NAME).unlink(missing_ok=True)
