"""Cases that do what no recording may: the net is tried with them."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any


def traps() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield one that is well, and one of each that is not."""
    yield "is well", lambda: {"typed": True}
    yield "dies", lambda: os.kill(os.getpid(), signal.SIGSEGV)
    yield "hangs", lambda: time.sleep(60)
    yield "raises", lambda: {}["typed"]
    yield "says nothing", lambda: os._exit(0)
