"""Documents of results for tests of those who keep, list and compare them.

Some are made once and changed by a number; those in `data/documents` were written by the last version before internal
and external rotation stood side by side (`hipcv.assessment/1`): seated, internal rotation; seated, both; supine,
external rotation.
"""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from simulated import seated

from hipcv.assessment import assess
from hipcv.core.setup import Setup
from hipcv.outputs.document import render_document

EARLIER = tuple(sorted((Path(__file__).parent / "data" / "documents").glob("*.json")))


def earlier_document(name: str) -> dict[str, Any]:
    """Return a document as the version wrote it that told motions in a list."""
    document: dict[str, Any] = json.loads(next(path for path in EARLIER if path.stem == name).read_text("utf-8"))
    return document


def internal_parts(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return internal rotation of the left and of the right side."""
    return [side["motions"]["internal"] for side in document["sides"].values()]


@cache
def _measured() -> dict[str, Any]:
    return render_document(assess(seated(left=(35.0,) * 3, right=(25.0,) * 3, fps=15.0), Setup()))


def document_of(left_deg: float | None = 30.0, **fields: object) -> dict[str, Any]:
    """Return a seated test whose left hip turns so far, None where it has no number on either side."""
    document = deepcopy(_measured())
    for side, value in (("left", left_deg), ("right", None if left_deg is None else 25.0)):
        part = document["sides"][side]["motions"]["internal"]
        part["end_range_deg"] = value
        part["interval95_deg"] = None if value is None else [value - 3.0, value + 3.0]
    document["status"] = "not_measured" if left_deg is None else "measured"
    return document | fields
