"""Hip internal rotation range of motion from an ordinary camera.

`measure(path, Setup(...))` measures a recording, `score(paths, test="seated")` many of them and yields results as they
finish, `assess(series, setup)` a `PoseSeries` from wherever it comes; `replay(document, folder)` measures once more
what a document is of. `import hipcv` itself loads none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from hipcv.version import __version__ as __version__

if TYPE_CHECKING:
    from hipcv.assessment import assess as assess
    from hipcv.batch.score import score as score
    from hipcv.core.series import PoseSeries as PoseSeries
    from hipcv.core.setup import Setup as Setup
    from hipcv.measurement import measure_file as measure
    from hipcv.upkeep.replay import replay as replay

#: Where what a scientist needs lives: module and name.
_HOMES = {
    "PoseSeries": ("hipcv.core.series", "PoseSeries"),
    "Setup": ("hipcv.core.setup", "Setup"),
    "assess": ("hipcv.assessment", "assess"),
    "measure": ("hipcv.measurement", "measure_file"),
    "replay": ("hipcv.upkeep.replay", "replay"),
    "score": ("hipcv.batch.score", "score"),
}
__all__ = ["PoseSeries", "Setup", "__version__", "assess", "measure", "replay", "score"]


def __getattr__(name: str) -> object:
    """Import what is heavy only when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, called = _HOMES[name]
    found = globals()[name] = getattr(import_module(module), called)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
