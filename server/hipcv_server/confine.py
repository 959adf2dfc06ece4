"""What a child process may use: memory, files, no core dumps, and a lower priority than the server."""

import os
import signal
import sys
from contextlib import suppress

from hipcv_server.settings import JobLimits

#: Largest picture OpenCV decodes; it is read when the library is loaded.
MAX_PICTURE_PIXELS = 4096 * 2304


def confine(limits: JobLimits, *, niceness: int) -> None:
    """Confine this process; where the system has no such limits, nothing happens.

    Ctrl-C is left to the server, which ends its children itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MAX_PICTURE_PIXELS)
    if sys.platform == "win32":
        return
    import resource

    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, limits.max_memory_bytes),
        (resource.RLIMIT_AS, limits.max_address_bytes),
        (resource.RLIMIT_FSIZE, limits.max_file_bytes),
    ):
        with suppress(ValueError, OSError):
            hard = resource.getrlimit(limit)[1]
            resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
    with suppress(OSError):
        os.nice(niceness)


def describe_end(exit_code: int | None) -> str:
    """Return in words how a process ended that should not have."""
    if exit_code is None:
        return "it stopped answering"
    if exit_code < 0:
        try:
            return f"it was ended by the signal {signal.Signals(-exit_code).name}"
        except ValueError:
            return f"it was ended by the signal {-exit_code}"
    return f"it ended with status {exit_code}"
