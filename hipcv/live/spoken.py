"""What the guide says that differs between the tests: hanging legs when seated, soles to the ceiling when prone."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hipcv.core.procedure import Procedure


@dataclass(frozen=True, slots=True)
class Spoken:
    """One test's sentences; `{side}` and `{other}` stand for the leg whose turn it is and the other one."""

    swing: str
    again: str
    back: str
    short: str
    other_leg: str
    other_way: str
    lost: str
    change: str
    nobody: str
    dark: str
    posture: str
    near: str
    far: str
    too_low: str
    too_high: str
    too_left: str
    too_right: str
    at_rest: str


@cache
def spoken_for(procedure: Procedure) -> Spoken:
    """Return the sentences of one test (`data/spoken.toml`), and where it has none of its own those for any test.

    Examples
    --------
    >>> from hipcv.core.procedures import PROCEDURES
    >>> len({spoken_for(procedure).at_rest for procedure in PROCEDURES})
    2
    """
    words = tomllib.loads(files("hipcv.live").joinpath("data/spoken.toml").read_text("utf-8"))
    return Spoken(**words["any"] | words.get(procedure.name, {}))
