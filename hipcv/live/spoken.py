"""What the guide says: what it says in every test, hanging legs when seated, soles to the ceiling when prone."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

from hipcv.core.procedure import Procedure
from hipcv.words import Effort, Legs, Motion, Side

#: What is said otherwise: where somebody else moves the leg, where both move at once, where both hold.
_PASSIVE, _BOTH, _PASSIVE_BOTH = "passive", "both", "passive_both"
#: ... and where the foot swings inwards, by oneself and by somebody else.
_INWARDS, _PASSIVE_INWARDS = "inwards", "passive_inwards"
_OTHERWISE = (_PASSIVE, _BOTH, _PASSIVE_BOTH, _INWARDS, _PASSIVE_INWARDS)


@dataclass(frozen=True, slots=True)
class Spoken:
    """One test's sentences; `{side}` and `{other}` stand for the leg whose turn it is and the other one.

    `elsewhere` holds what is said to somebody who is placed otherwise, by how: `{wanted}` stands for `posture`.
    """

    ready: str
    count: str
    slowly: str
    hold: str
    not_held: str
    complete: str
    several: str
    turn_round: str
    turn_left: str
    turn_right: str
    still: str
    hidden: str
    elsewhere: Mapping[str, str]
    swing: str
    again: str
    back: str
    short: str
    other_leg: str
    other_way: str
    lost: str
    change: str
    same_foot: str
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

    def about(self, side: Side) -> "Spoken":
        """Return the sentences about one leg.

        Examples
        --------
        >>> from hipcv.core.procedures import procedure_named
        >>> told = spoken_for(procedure_named("seated"))
        >>> "{side}" in told.swing, "left" in told.about(Side.LEFT).swing
        (True, True)
        """
        words = {"side": str(side), "other": str(side.other)}
        told: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        about: dict[str, Any] = {
            name: text.format_map(words) if isinstance(text, str) else text for name, text in told.items()
        }
        return Spoken(**about)


@cache
def spoken_for(
    procedure: Procedure,
    effort: Effort = Effort.ACTIVE,
    legs: Legs | None = None,
    motion: Motion = Motion.INTERNAL,
) -> Spoken:
    """Return the sentences of one test (`data/spoken.toml`), and where it has none of its own those for any test.

    In a passive test they are for two people, the one who is tested and the one who moves the leg; where both legs move
    at once they speak of both, and of external rotation they ask for the foot inwards.

    Examples
    --------
    >>> from hipcv.core.procedures import PROCEDURES
    >>> len({spoken_for(procedure).at_rest for procedure in PROCEDURES})
    2
    >>> spoken_for(PROCEDURES[0], Effort.PASSIVE).back
    'Good. Helper: let it hang.'
    """
    words = tomllib.loads(files("hipcv.live").joinpath("data/spoken.toml").read_text("utf-8"))
    spoken = (words["any"], words.get(procedure.name, {}))
    layers = [_PASSIVE] * (effort is Effort.PASSIVE) + [_BOTH] * (legs is Legs.BOTH)
    layers += [_PASSIVE_BOTH] * (len(layers) == 2)
    if motion is Motion.EXTERNAL:
        layers += [_INWARDS] + [_PASSIVE_INWARDS] * (effort is Effort.PASSIVE)
    told = spoken[0] | spoken[1]
    for layer in layers:
        for one in spoken:
            told |= one.get(layer, {})
    return Spoken(**{name: text for name, text in told.items() if name not in _OTHERWISE})
