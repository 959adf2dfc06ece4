"""Results as REDCap takes them: one record a subject, every side of every visit a repeat of one instrument.

Two files: the records for the Data Import Tool, and the data dictionary that gives a project the instrument's fields.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import polars as pl

from hipcv.batch.output.results import NOT_DONE, motion_column
from hipcv.core.procedures import TestName
from hipcv.evidence.screening import Outcome
from hipcv.tables.table import make_table
from hipcv.words import EndPoint, HandPlace, Legs, Motion, Motions, PainPlace

INSTRUMENT = "hip_rotation"
#: Hexadecimal digits that tell recordings apart: among a million the odds that two are alike are below 1 in 100.
_ID_DIGITS = 12
#: What a motion is called in the names of fields.
SHORT = {Motion.INTERNAL: "ir", Motion.EXTERNAL: "er"}
_STATES = "measured, measured | not_measured, not measured | set_aside, set aside"


@dataclass(frozen=True, slots=True)
class RedcapField:
    """One field of the instrument: its name in REDCap, the result it holds, its label and how it is checked."""

    name: str
    column: str
    label: str
    kind: str = "text"
    check: str = ""
    choices: str = ""
    type: type = str


def _choices(words: type[StrEnum]) -> str:
    return " | ".join(f"{word}, {word.replace('_', ' ')}" for word in words)


def _number(name: str, column: str, label: str) -> RedcapField:
    return RedcapField(name, column, label, check="number", type=float)


def _fields_of(motion: Motion) -> Iterator[RedcapField]:
    """Yield the fields of one motion; its label says which one."""
    name, label = f"hip_{SHORT[motion]}", f"{motion.capitalize()} rotation"

    def column(of: str) -> str:
        return motion_column(motion, of)

    yield _number(f"{name}_deg", column("end_range_deg"), f"{label} at end range (°)")
    yield _number(f"{name}_low_deg", column("interval95_low_deg"), f"{label}, 95 % interval, low (°)")
    yield _number(f"{name}_high_deg", column("interval95_high_deg"), f"{label}, 95 % interval, high (°)")
    yield _number(f"{name}_pelvis_deg", column("pelvis_corrected_deg"), f"{label}, corrected for the pelvis (°)")
    yield _number(f"{name}_onset_deg", column("onset_deg"), f"{label} at which the body began to help (°)")
    yield _number(f"{name}_trial_sd_deg", column("trial_sd_deg"), f"{label}, SD between trials (°)")
    trials = column("n_trials_accepted")
    yield RedcapField(f"{name}_n_trials", trials, f"{label}, trials accepted", check="integer", type=int)
    yield RedcapField(f"{name}_reference", column("reference_id"), f"{label}, reference range")
    yield RedcapField(f"{name}_verdict", column("reference_verdict"), f"{label}, against the reference range")
    yield _number(f"{name}_asymmetry_deg", column("asymmetry_difference_deg"), f"{label}, left less right (°)")


FIELDS = (
    RedcapField("hip_visit_date", "visit_date", "Date of the visit", check="date_ymd"),
    RedcapField("hip_test", "test", "Test", "radio", choices=" | ".join(f"{name}, {name}" for name in TestName)),
    RedcapField("hip_side", "side", "Side", "radio", choices="left, left | right, right"),
    RedcapField("hip_effort", "effort", "Effort", "radio", choices="active, active | passive, passive"),
    RedcapField("hip_legs", "legs", "Legs at once", "radio", choices=_choices(Legs)),
    RedcapField("hip_helper", "helper", "Who moved the leg"),
    RedcapField("hip_hand_place", "hand_place", "Hand that moved the leg", "radio", choices=_choices(HandPlace)),
    RedcapField("hip_end_point", "end_point", "End point", "radio", choices=_choices(EndPoint)),
    RedcapField("hip_pain", "pain", "Pain at the end (0 to 10)", check="integer", type=int),
    RedcapField("hip_side_pain", "side_pain", "Pain on this side (0 to 10)", check="integer", type=int),
    RedcapField("hip_side_pain_place", "side_pain_place", "Place of the pain", "radio", choices=_choices(PainPlace)),
    RedcapField("hip_screening", "screening_outcome", "Answers before the test", "radio", choices=_choices(Outcome)),
    RedcapField("hip_screened_on", "screened_on", "Day of these answers", check="date_ymd"),
    RedcapField("hip_screened_by", "screened_by", "Who judged them"),
    RedcapField("hip_status", "status", "Status", "radio", choices=_STATES),
    RedcapField("hip_motion", "motion", "Motions measured", "radio", choices=_choices(Motions)),
    *(field for motion in Motion for field in _fields_of(motion)),
    _number("hip_arc_deg", "arc_total_deg", "Total arc (°)"),
    _number("hip_arc_low_deg", "arc_total_low_deg", "Total arc, 95 % interval, low (°)"),
    _number("hip_arc_high_deg", "arc_total_high_deg", "Total arc, 95 % interval, high (°)"),
    _number("hip_balance_deg", "arc_balance_deg", "Internal less external rotation (°)"),
    _number("hip_balance_low_deg", "arc_balance_low_deg", "The same, 95 % interval, low (°)"),
    _number("hip_balance_high_deg", "arc_balance_high_deg", "The same, 95 % interval, high (°)"),
    RedcapField("hip_findings", "findings", "Findings"),
    RedcapField("hip_reason", "reason", "Why there is no number"),
    RedcapField("hip_clip_sha256", "clip_sha256", "Recording's SHA-256"),
    RedcapField("hip_model_sha256", "model_sha256", "Pose model's SHA-256"),
    RedcapField("hip_version", "hipcv_version", "Version of hipcv"),
)

_DICTIONARY_COLUMNS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)


def make_records(sides: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the import table from rows of one side each.

    File names often name people, so none of them comes in: a recording without a subject is a record of its own, under
    the first digits of its SHA-256, by which results.csv tells which one it is. Repeats are counted in the order of
    visit dates, then of the list. Left out is what is still to be measured, and what has neither a subject nor bytes
    that could be read.

    Examples
    --------
    >>> clip = {"status": "measured", "subject": "S01", "clip": "Anna.mp4", "visit_date": None, "row": 1}
    >>> left, right = {"side": "left", "end_range_deg": 31.0}, {"side": "right"}
    >>> records = make_records([{**clip, **side, "reason": None} for side in (left, right)])
    >>> records.select("record_id", "redcap_repeat_instance", "hip_side", "hip_ir_deg").rows()
    [('S01', 1, 'left', 31.0), ('S01', 2, 'right', None)]
    """
    rows = [(_record_id(row), row) for row in sides if row["status"] != NOT_DONE]
    rows.sort(key=lambda named: (named[0], named[1]["visit_date"] or "", named[1]["row"]))
    count: Counter[str] = Counter()
    records = []
    for record_id, row in rows:
        if not record_id:
            continue
        count[record_id] += 1
        records.append(
            {
                "record_id": record_id,
                "redcap_repeat_instrument": INSTRUMENT,
                "redcap_repeat_instance": count[record_id],
                **{field.name: row.get(field.column) for field in FIELDS},
                "hip_reason": _without_name(row),
                f"{INSTRUMENT}_complete": 2,
            }
        )
    columns: dict[str, type] = {"record_id": str, "redcap_repeat_instrument": str, "redcap_repeat_instance": int}
    columns |= {field.name: field.type for field in FIELDS} | {f"{INSTRUMENT}_complete": int}
    return make_table(records, columns)


def _record_id(row: Mapping[str, Any]) -> str:
    return str(row["subject"] or (row["clip_sha256"] or "")[:_ID_DIGITS])


def _without_name(row: Mapping[str, Any]) -> str | None:
    reason: str | None = row["reason"]
    return reason and reason.replace(row["clip"], "the recording")


def make_dictionary() -> pl.DataFrame:
    """Return the data dictionary of the record's id and the instrument's fields.

    Examples
    --------
    >>> make_dictionary()["Variable / Field Name"][:2].to_list()
    ['record_id', 'hip_visit_date']
    """
    record_id = {_DICTIONARY_COLUMNS[0]: "record_id", _DICTIONARY_COLUMNS[1]: "subject", _DICTIONARY_COLUMNS[3]: "text"}
    rows: list[dict[str, str]] = [{**record_id, _DICTIONARY_COLUMNS[4]: "Subject"}]
    for field in FIELDS:
        values = (field.name, INSTRUMENT, "", field.kind, field.label, field.choices, "", field.check)
        rows.append(dict(zip(_DICTIONARY_COLUMNS, values, strict=False)))
    return make_table(rows, dict.fromkeys(_DICTIONARY_COLUMNS, str))
