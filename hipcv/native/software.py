"""What of others' work a measurement rests on: which of it is installed, and what is known to be wrong with it."""

import platform
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from importlib.util import find_spec

from hipcv.words import Engine

LITERT, OPENCV = "ai-edge-litert", "opencv-contrib-python"
#: What is no part of a recorded measurement unless MediaPipe's graph is asked for.
_OF_THE_GRAPH = ("mediapipe",)


@dataclass(frozen=True, slots=True)
class KnownFault:
    """What goes wrong in a part, how it is met here, and who says so."""

    what: str
    met: str
    source: str


@dataclass(frozen=True, slots=True)
class Part:
    """One library or program of others.

    Attributes
    ----------
    name : its name in the package index.
    does : what it does here.
    at_least, below : versions that will do; "" where there is no such bound.
    without : how it goes where it is not installed; "" where it must be.
    faults : what is known to be wrong with it.
    """

    name: str
    does: str
    at_least: str
    below: str
    without: str
    faults: tuple[KnownFault, ...]

    def version(self) -> str | None:
        """Return what is installed; None where nothing is.

        Examples
        --------
        >>> Part("no-such-library", "", "", "", "", ()).version() is None
        True
        """
        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return None

    def trouble(self, version: str | None) -> str | None:
        """Return in words what is wrong with a version; None where it will do.

        Examples
        --------
        >>> part = Part("av", "reads recordings", "18.1", "", "", ())
        >>> part.trouble("18.1.0"), part.trouble("17.0.0"), part.trouble(None)
        (None, 'wanted 18.1 or newer, found 17.0.0', 'not installed')
        """
        if version is None:
            return None if self.without else "not installed"
        if self.at_least and _numbers(version) < _numbers(self.at_least):
            return f"wanted {self.at_least} or newer, found {version}"
        if self.below and _numbers(version) >= _numbers(self.below):
            return f"wanted one before {self.below}, found {version}"
        return None


@cache
def parts() -> tuple[Part, ...]:
    """Return all of them, as `software.toml` lists them.

    Examples
    --------
    >>> [part.name for part in parts()][:2]
    ['av', 'opencv-contrib-python']
    """
    listed = tomllib.loads(resources.files("hipcv.native").joinpath("data/software.toml").read_text("utf-8"))
    return tuple(
        Part(
            name,
            told["does"],
            told.get("at_least", ""),
            told.get("below", ""),
            told.get("without", ""),
            tuple(KnownFault(fault["what"], fault["met"], fault["source"]) for fault in told.get("faults", ())),
        )
        for name, told in listed.items()
    )


def runs_networks() -> str:
    """Return which library runs the pose models' networks: LiteRT where it is installed, else OpenCV.

    Examples
    --------
    >>> runs_networks() in (LITERT, OPENCV)
    True
    """
    return LITERT if find_spec("ai_edge_litert") else OPENCV


def ffmpeg_version() -> str:
    """Return the FFmpeg that PyAV brings, by its library of containers.

    Examples
    --------
    >>> ffmpeg_version().partition(" ")[0]
    'libavformat'
    """
    from av import library_versions

    return "libavformat " + ".".join(map(str, library_versions["libavformat"]))


@cache
def installed(engine: Engine = Engine.LEGS) -> dict[str, str]:
    """Return what a measurement runs on, name and version: it stands in every result.

    Examples
    --------
    >>> sorted(installed())[:3], "mediapipe" in installed(Engine.GRAPH)
    (['ai-edge-litert', 'av', 'ffmpeg'], True)
    """
    named = {
        part.name: part.version() or "none"
        for part in parts()
        if engine is Engine.GRAPH or part.name not in _OF_THE_GRAPH
    }
    return named | {
        "networks": "mediapipe" if engine is Engine.GRAPH else runs_networks(),
        "ffmpeg": ffmpeg_version(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, without zeros at their end: 18.1 is no older than 18.1.0."""
    numbers = []
    for piece in version.split("."):
        if not piece.isdecimal():
            break
        numbers.append(int(piece))
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
