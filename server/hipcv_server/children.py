"""The server's child processes: what they may use, and what their libraries are told."""

import os
from collections.abc import Callable
from typing import Any

from hipcv.process.allowance import Allowance
from hipcv.process.child import Child
from hipcv_server.settings import JobLimits

#: Largest picture OpenCV decodes; it is read when the library is loaded.
MAX_PICTURE_PIXELS = 4096 * 2304


def start_child(
    name: str, run: Callable[..., None], arguments: tuple[Any, ...], limits: JobLimits, *, niceness: int = 0
) -> Child:
    """Start a process within the limits of a recording; what it prints as errors stands in the server's log."""
    return Child(
        name,
        run,
        arguments,
        allowance=Allowance(limits.max_memory_bytes, limits.max_address_bytes, limits.max_file_bytes, niceness),
        environment={**os.environ, "OPENCV_IO_MAX_IMAGE_PIXELS": str(MAX_PICTURE_PIXELS)},
    )
