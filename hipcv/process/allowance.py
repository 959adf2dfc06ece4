"""What a child process may use: memory, files, no core dumps, and a lower priority than its parent."""

import os
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a child process may use; 0 for any.

    Attributes
    ----------
    memory_bytes : memory for its data, so that a recording that wants more fails alone and takes no machine along.
    address_bytes : all of its address space.
    file_bytes : the largest file that it writes.
    niceness : how far it stands back behind its parent.
    """

    memory_bytes: int = 0
    address_bytes: int = 0
    file_bytes: int = 0
    niceness: int = 0

    def confine(self) -> None:
        """Confine this process; where the system has no such limits, nothing happens."""
        try:
            import resource
        except ImportError:
            return
        _limit(resource.RLIMIT_CORE, 0)
        for kind, value in (
            (resource.RLIMIT_DATA, self.memory_bytes),
            (resource.RLIMIT_AS, self.address_bytes),
            (resource.RLIMIT_FSIZE, self.file_bytes),
        ):
            if value > 0:
                _limit(kind, value)
        with suppress(OSError):
            os.nice(self.niceness)


def _limit(kind: int, value: int) -> None:
    import resource

    with suppress(ValueError, OSError):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
