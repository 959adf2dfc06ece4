"""Which hipcv this is."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("hipcv")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"
