"""The assessment as the interface shows it: in full, and in short."""

from typing import Any

from hipcv.history.entry import Entry, Measure
from hipcv.words import SIDES, Side
from hipcv_server.links import links_of
from hipcv_server.state import Rooms
from hipcv_server.store import Job, JobState


def progress_of(job: Job, rooms: Rooms) -> dict[str, Any]:
    """Return how far a job is."""
    at = rooms.crew.at(job.id) if job.state is JobState.RUNNING else None
    if at is not None:
        return {"stage": at.told.stage, "n_done": at.told.n_done, "n_total": at.told.n_total, "share": at.share}
    if job.state is JobState.DONE:
        return {"stage": "done", "n_done": job.n_frames, "n_total": job.n_frames, "share": 1.0}
    return {"stage": str(job.state), "n_done": 0, "n_total": None, "share": 0.0}


def resource_of(job: Job, rooms: Rooms, document: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the assessment resource."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": str(job.state),
        "test": job.test,
        "subject": job.subject,
        "keep": job.keep,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "attempts": job.attempts,
        "progress": progress_of(job, rooms),
        **kept_of(job),
        "assessment": document,
        "problem": _problem_of(job, rooms),
        "links": links_of(job.id),
    }


def _problem_of(job: Job, rooms: Rooms) -> dict[str, Any] | None:
    """Return why a job ended without a result, or why it is kept waiting."""
    return rooms.crew.holds_up(job.id) if job.state is JobState.QUEUED else job.problem


def summary_of(job: Job, rooms: Rooms) -> dict[str, Any]:
    """Return the assessment in a list."""
    entry = job.entry
    return {
        "id": job.id,
        "kind": job.kind,
        "state": str(job.state),
        "test": job.test,
        "subject": job.subject,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "progress": progress_of(job, rooms),
        "status": None if entry is None else entry.status,
        **{str(side): number_of(entry, side) for side in SIDES},
        **kept_of(job),
        "problem": _problem_of(job, rooms),
        "links": links_of(job.id),
    }


def number_of(entry: Entry | None, side: Side, measure: Measure = Measure.INTERNAL) -> dict[str, Any]:
    """Return one number of a kept assessment, null where it has none.

    Examples
    --------
    >>> number_of(None, Side.LEFT)
    {'end_range_deg': None, 'interval95_deg': None}
    """
    number = None if entry is None else entry.number(side, measure)
    if number is None:
        return {"end_range_deg": None, "interval95_deg": None}
    return {"end_range_deg": number.value_deg, "interval95_deg": number.interval95_deg}


def measures_of(entry: Entry | None) -> dict[str, Any]:
    """Return the measures of a kept assessment beside internal rotation, side by side.

    Examples
    --------
    >>> measures_of(None)
    {}
    """
    others = [] if entry is None else [measure for measure in entry.measures if measure is not Measure.INTERNAL]
    return {str(measure): {str(side): number_of(entry, side, measure) for side in SIDES} for measure in others}


def kept_of(job: Job) -> dict[str, Any]:
    """Return what the history knows of a job beside its internal rotation: number, day, and the other measures."""
    entry = job.entry
    return {
        "number": None if entry is None else entry.id,
        "visit_date": None if entry is None else entry.visit_date.isoformat(),
        "measures": measures_of(entry),
    }
