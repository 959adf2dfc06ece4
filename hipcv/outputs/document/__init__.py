"""The assessment as one JSON document: command line, API, history and batch all carry this one."""

from hipcv.outputs.document.definition import SCHEMA, AssessmentDocument, json_schema
from hipcv.outputs.document.read import as_today, read_document
from hipcv.outputs.document.render import (
    as_text,
    document_text,
    make_document,
    plan_part,
    read_setup,
    read_told_viewing,
    read_viewing,
    render_document,
    render_setup,
    screening_part,
)

__all__ = [
    "SCHEMA",
    "AssessmentDocument",
    "as_text",
    "as_today",
    "document_text",
    "json_schema",
    "make_document",
    "plan_part",
    "read_document",
    "read_setup",
    "read_told_viewing",
    "read_viewing",
    "render_document",
    "render_setup",
    "screening_part",
]
