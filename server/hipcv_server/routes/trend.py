"""How one person's results changed over time."""

import asyncio
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from hipcv.core.procedures import TestName
from hipcv_server import schemas
from hipcv_server.links import PREFIX
from hipcv_server.problems import ProblemError, described
from hipcv_server.routes.given import In
from hipcv_server.state import Rooms
from hipcv_server.store import Job

router = APIRouter(prefix=PREFIX)


@router.get("/trend", response_model=schemas.Trend, responses=described(), summary="One person's tests over time")
async def trend(rooms: In, test: TestName, subject: schemas.Subject) -> Response:
    """Return one named person's results of one test over time, and the change from the first to the last."""
    jobs = await asyncio.to_thread(rooms.store.measured, test, subject)
    points = [
        {"id": job.id, "at": job.created_at, "left": job.summary["left"], "right": job.summary["right"]}
        for job in jobs
        if job.summary is not None
    ]
    change = {side: await asyncio.to_thread(_change, rooms, side, jobs) for side in ("left", "right")}
    return JSONResponse({"test": test, "subject": subject, "points": points, "change": change})


@router.get(
    "/pair", response_model=schemas.PairModel, responses=described(404, 409), summary="Test, one exercise, test again"
)
async def pair(rooms: In, before: schemas.JobId, after: schemas.JobId) -> Response:
    """Return what changed between two tests of one person, within the sitting where their times say so."""
    return JSONResponse(await asyncio.to_thread(_pair, rooms, before, after))


@router.get("/plan", response_model=schemas.PersonPlan, responses=described(), summary="One person's tests together")
async def plan(rooms: In, subject: schemas.Subject) -> Response:
    """Return what to do next after the newest tests of one named person, held against each other."""
    return JSONResponse(await asyncio.to_thread(_plan, rooms, subject))


def _plan(rooms: Rooms, subject: str) -> dict[str, Any]:
    from hipcv.outputs.document import plan_part, read_document, read_setup, screening_part
    from hipcv.outputs.plan import next_together

    documents = [found for job in _newest(rooms, subject) if (found := rooms.store.document(job.id)) is not None]
    known = [document for document in documents if "setup" in document]
    setups = [read_setup(document) for document in known]
    steps = next_together([(read_document(document), told) for document, told in zip(known, setups, strict=True)])
    made = plan_part(steps.plan)
    answers = [told.screening for told in setups if told.screening is not None]
    ages = [told.age_years for told in setups if told.age_years is not None]
    return {
        "subject": subject,
        "n_tests": len(known),
        "screening": screening_part(steps.screened).model_dump(mode="json"),
        "plan": made and made.model_dump(mode="json"),
        "setup": {
            "screening": sorted({str(answer) for told in answers for answer in told}) if answers else None,
            "screened_by": next((told.screened_by for told in setups if told.screened_by), None),
            "age_years": min(ages, default=None),
        },
    }


def _newest(rooms: Rooms, subject: str) -> list[Job]:
    """Return the newest measured test of each position and effort, none much older than the newest of all."""
    from hipcv.core.answers import VALID_FOR

    jobs = [job for test in TestName for job in rooms.store.measured(test, subject)]
    jobs.sort(key=lambda job: job.created_at)
    newest = {(job.test, job.options.get("effort")): job for job in jobs}
    since = max((datetime.fromisoformat(job.created_at) for job in jobs), default=None)
    return [job for job in newest.values() if since and since - datetime.fromisoformat(job.created_at) <= VALID_FOR]


def _pair(rooms: Rooms, before: str, after: str) -> dict[str, Any]:
    from hipcv.core.errors import HistoryError
    from hipcv.evidence.exercises import common_rules
    from hipcv.history.comparison import spacing_of
    from hipcv.history.pair import judge_pairs
    from hipcv.history.person import person_key

    jobs, documents = zip(*(_tested(rooms, job_id) for job_id in (before, after)), strict=True)
    names = {key for job in jobs if (key := person_key(job.subject))}
    if len(names) > 1:
        raise ProblemError(
            "wrong_arguments", "Wanted two tests of one person, found two names: choose two of the same."
        )
    spacing = spacing_of(*map(_recorded_at, jobs))
    try:
        changes = judge_pairs([(documents[0], documents[1])], spacing)
    except HistoryError as error:
        raise ProblemError("wrong_arguments", str(error)) from error
    rules = common_rules()
    return {
        "spacing": str(spacing),
        "sides": {
            change.side: {
                "change_deg": None if change.change_deg is None else round(change.change_deg, 2),
                "mdc95_deg": None if change.mdc95_deg is None else round(change.mdc95_deg, 2),
                "verdict": change.verdict,
            }
            for change in changes
        },
        "say": rules["at_once"],
        "origin": rules["at_once_origin"],
    }


def _tested(rooms: Rooms, job_id: str) -> tuple[Job, dict[str, Any]]:
    job = rooms.store.get(job_id)
    if job is None:
        raise ProblemError("not_found", f"There is no assessment {job_id}; it may have been deleted.")
    document = rooms.store.document(job_id)
    if document is None:
        raise ProblemError("not_done", f"The assessment {job_id} has no result (yet).")
    return job, document


def _change(rooms: Rooms, side: str, jobs: list[Job]) -> dict[str, Any] | None:
    """Return last less first of one side, of tests done in the way of the last, and whether it is more than error."""
    from hipcv.history.comparison import Change, compare_documents, spacing_of

    known = [job for job in jobs if job.summary is not None and job.summary[side]["end_range_deg"] is not None]
    alike = [job for job in known if _done_alike(job, known[-1])]
    if len(alike) < 2:
        return None
    first, last = alike[0], alike[-1]
    earlier, later = rooms.store.document(first.id), rooms.store.document(last.id)
    if earlier is None or later is None:
        return None
    spacing = spacing_of(_recorded_at(first), _recorded_at(last))
    found = next(change for change in compare_documents(earlier, later, spacing) if change.side == side)
    if found.change_deg is None or found.mdc95_deg is None:
        return None
    return {
        "difference_deg": round(found.change_deg, 2),
        "mdc95_deg": round(found.mdc95_deg, 2),
        "mdc95_source": found.mdc95_source,
        "spacing": str(spacing),
        "real": found.verdict in (Change.INCREASED, Change.DECREASED),
        "verdict": str(found.verdict),
    }


def _done_alike(job: Job, other: Job) -> bool:
    """Whether the leg was moved in one way, and not one leg here and both there, as far as anybody said."""
    legs = job.options.get("legs"), other.options.get("legs")
    return job.options.get("effort") == other.options.get("effort") and (legs[0] == legs[1] or None in legs)


def _recorded_at(job: Job) -> datetime | None:
    """Return when a test was done; None for an upload, which may have been filmed at any time before it came."""
    return datetime.fromisoformat(job.created_at) if job.kind == "live" else None
