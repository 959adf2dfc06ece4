"""The assessment as the interface shows it: in full, and in short."""

from typing import Any

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
        "assessment": document,
        "problem": _problem_of(job, rooms),
        "links": links_of(job.id),
    }


def _problem_of(job: Job, rooms: Rooms) -> dict[str, Any] | None:
    """Return why a job ended without a result, or why it is kept waiting."""
    return rooms.crew.holds_up(job.id) if job.state is JobState.QUEUED else job.problem


_NO_SIDE = {"end_range_deg": None, "interval95_deg": None}


def summary_of(job: Job, rooms: Rooms) -> dict[str, Any]:
    """Return the assessment in a list."""
    found = job.summary or {"status": None, "left": _NO_SIDE, "right": _NO_SIDE}
    return {
        "id": job.id,
        "kind": job.kind,
        "state": str(job.state),
        "test": job.test,
        "subject": job.subject,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "progress": progress_of(job, rooms),
        **found,
        "problem": _problem_of(job, rooms),
        "links": links_of(job.id),
    }
