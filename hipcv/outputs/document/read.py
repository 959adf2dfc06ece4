"""Reads the document of an assessment, also one that an older hipcv wrote."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from hipcv.core.errors import HistoryError
from hipcv.outputs.document.definition import SCHEMA, AssessmentDocument
from hipcv.words import Motion, Motions

#: The definition before this one: internal rotation stood at the side itself, what else was asked for in a list.
_EARLIER = "hipcv.assessment/1"
#: What of a side is no matter of one motion.
_OF_BOTH = ("motions", "arc")


def read_document(values: Mapping[str, Any]) -> AssessmentDocument:
    """Return a document that was written by this hipcv or an older one.

    Raises
    ------
    HistoryError
        Where it is none.

    Examples
    --------
    >>> read_document({"schema": "something else"})
    Traceback (most recent call last):
        ...
    hipcv.core.errors.HistoryError: Wanted a document of schema hipcv.assessment/2, found 'something else'.
    """
    if values.get("schema") not in (SCHEMA, _EARLIER):
        raise HistoryError(f"Wanted a document of schema {SCHEMA}, found {values.get('schema')!r}.")
    try:
        return AssessmentDocument.model_validate(as_today(values), extra="ignore")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise HistoryError(
            f"Wanted a document of schema {SCHEMA}, found a fault in it at {where} ({first['msg']}): measure anew."
        ) from error


def as_today(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON values of a document with every number where today's definition has it.

    What an older version did not write stays missing; one of this definition comes back as it is.

    Examples
    --------
    >>> left = {"status": "measured", "end_range_deg": 31.0}
    >>> today = as_today({"schema": "hipcv.assessment/1", "sides": {"left": left}, "asymmetry": None})
    >>> today["schema"], today["sides"]["left"]["motions"]["internal"]["end_range_deg"], today["asymmetry"]
    ('hipcv.assessment/2', 31.0, {'internal': None, 'external': None})
    """
    if values.get("schema") != _EARLIER:
        return dict(values)
    setup = values.get("setup")
    told = setup.get("motion") if isinstance(setup, Mapping) else None  # before there were two, nobody said
    asked = Motions(told).each if isinstance(told, str) and told in [*Motions] else (Motion.INTERNAL,)
    today: dict[str, Any] = {}
    for name, value in values.items():
        if name == "schema":
            today[name] = SCHEMA
        elif name == "sides" and isinstance(value, Mapping):
            today[name] = {side: _side(part, asked) for side, part in value.items()}
        elif name == "asymmetry":
            today[name] = _by_motion(value, values.get("other_asymmetries"), (Motion.INTERNAL,))
        elif name != "other_asymmetries":
            today[name] = value
    return today


def _side(part: Any, asked: tuple[Motion, ...]) -> Any:
    if not isinstance(part, Mapping):
        return part
    internal = {name: value for name, value in part.items() if name not in _OF_BOTH}
    return {"motions": _by_motion(internal, part.get("motions"), asked), "arc": part.get("arc")}


def _by_motion(internal: Any, others: Any, asked: tuple[Motion, ...]) -> dict[str, Any]:
    """Return what stood by itself and what stood in the list beside it, by motion."""
    found: dict[str, Any] = dict.fromkeys(map(str, Motion))
    if Motion.INTERNAL in asked:
        found[Motion.INTERNAL] = internal
    for other in others if isinstance(others, list) else [] if others is None else [others]:
        # what is no part of a document is no result either, and is told as such
        told = isinstance(other, Mapping) and {name: value for name, value in other.items() if name != "motion"}
        found[Motion.EXTERNAL] = told or other
    return found
