"""Documents of results for tests of those who keep, list and compare them: made once, changed by a number."""

from copy import deepcopy
from functools import cache
from typing import Any

from simulated import seated

from hipcv.assessment import assess
from hipcv.core.setup import Setup
from hipcv.outputs.document import render_document


@cache
def _measured() -> dict[str, Any]:
    return render_document(assess(seated(left=(35.0,) * 3, right=(25.0,) * 3, fps=15.0), Setup()))


def document_of(left_deg: float | None = 30.0, **fields: object) -> dict[str, Any]:
    """Return a seated test whose left hip turns so far, None where it has no number on either side."""
    document = deepcopy(_measured())
    for side, value in (("left", left_deg), ("right", None if left_deg is None else 25.0)):
        part = document["sides"][side]
        part["end_range_deg"] = value
        part["interval95_deg"] = None if value is None else [value - 3.0, value + 3.0]
    document["status"] = "not_measured" if left_deg is None else "measured"
    return document | fields
