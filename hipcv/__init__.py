"""Hip internal rotation range of motion from an ordinary camera.

`hipcv.score(paths, test="seated")` measures recordings and yields results as they finish.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("hipcv")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__", "score"]


def __getattr__(name: str) -> object:
    """Import what is heavy only when it is asked for."""
    if name == "score":
        return import_module("hipcv.batch.api").score
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
