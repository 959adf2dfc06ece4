"""The assessment as the interface shows it: in full, and in short."""

import math
from typing import Any

from hipcv.history.entry import Entry
from hipcv.upkeep.replay import find_differences
from hipcv.words import SIDES, Measure, Side
from hipcv_server.links import links_of
from hipcv_server.state import Rooms
from hipcv_server.store import Job, JobState

#: So many of the values that differ are told.
MAX_SHOWN = 20
#: A wait is told in steps of so many seconds: it is no more certain than that, and what changes is sent.
WAIT_STEP_S = 5


def progress_of(job: Job, rooms: Rooms) -> dict[str, Any]:
    """Return how far a job is."""
    at = rooms.crew.at(job.id) if job.state is JobState.RUNNING else None
    if at is not None:
        return {"stage": at.told.stage, "n_done": at.told.n_done, "n_total": at.told.n_total, "share": at.share}
    if job.state is JobState.DONE:
        return {"stage": "done", "n_done": job.n_frames, "n_total": job.n_frames, "share": 1.0}
    return {"stage": str(job.state), "n_done": 0, "n_total": None, "share": 0.0}


def resource_of(job: Job, rooms: Rooms, document: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the assessment resource; it asks the database, so not on the thread that answers."""
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
        "queue": _queue_of(job, rooms),
        "budget": None if job.ended else rooms.crew.budget(job.id),
        "replay": _replay_of(job, rooms, document),
        **kept_of(job),
        "assessment": document,
        "problem": _problem_of(job, rooms),
        "links": links_of(job.id),
    }


def _queue_of(job: Job, rooms: Rooms) -> dict[str, Any] | None:
    """Return the place of a waiting job, and when its turn comes."""
    found = rooms.crew.places().get(job.id) if job.state is JobState.QUEUED else None
    if found is None:
        return None
    wait_s = None if found.wait_s is None else math.ceil(found.wait_s / WAIT_STEP_S) * WAIT_STEP_S
    return {"place": found.place, "wait_s": wait_s}


def _replay_of(job: Job, rooms: Rooms, document: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return whether an assessment that was measured once more came out the same; null where it is none."""
    if job.replay_of is None:
        return None
    kept = rooms.store.document(job.replay_of)
    if kept is None or document is None:
        return {"of": job.replay_of, "same": None, "n_differences": 0, "differences": []}
    found = list(find_differences(kept, document))
    shown = [{"where": one.where, "kept": one.kept, "now": one.now} for one in found[:MAX_SHOWN]]
    return {
        "of": job.replay_of,
        "same": not found,
        "n_differences": len(found),
        "differences": shown,
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
