"""Documents held against the JSON Schema that `hipcv schema` prints."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from hipcv.outputs.document import json_schema


@cache
def _validator() -> Any:
    return jsonschema_rs.validator_for(json_schema())


def faults(document: Mapping[str, Any]) -> list[str]:
    """Return where a document is not what was published, and why; empty where it is."""
    return [f"{list(error.instance_path)}: {error.message}" for error in _validator().iter_errors(document)]
