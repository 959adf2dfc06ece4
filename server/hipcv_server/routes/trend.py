"""How one person's results changed over time, and how they stand beside each other."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from hipcv.core.procedures import TestName
from hipcv.history.entry import Entry
from hipcv.history.trend import Line, Trend, find_trend
from hipcv.words import SIDES
from hipcv_server import schemas
from hipcv_server.links import PREFIX
from hipcv_server.problems import ProblemError, described
from hipcv_server.resources import measures_of, number_of
from hipcv_server.routes.given import In
from hipcv_server.state import Rooms

router = APIRouter(prefix=PREFIX)


@router.get("/trend", response_model=schemas.Trend, responses=described(), summary="One person's tests over time")
async def trend(rooms: In, test: TestName, subject: schemas.Subject) -> Response:
    """Return one named person's results of one test over time, and the change from the first value to the last."""
    found = await asyncio.to_thread(find_trend, rooms.store.history, subject, test)
    return JSONResponse({"test": test, "subject": subject, **_trend(found)})


def _trend(found: Trend) -> dict[str, Any]:
    return {
        "points": [
            {
                "id": entry.token,
                "at": (entry.recorded_at or entry.kept_at).isoformat(),
                "visit_date": entry.visit_date.isoformat(),
                **{str(side): number_of(entry, side) for side in SIDES},
                "measures": measures_of(entry),
            }
            for entry in found.entries
        ],
        "change": {str(side): _change(found.line(side)) for side in SIDES},
        "lines": [_line(line) for line in found.lines],
        "next_date": None if found.next_date is None else found.next_date.isoformat(),
        "say": found.say,
    }


def _change(line: Line | None) -> dict[str, Any] | None:
    """Return the newest less the first value, and whether it is more than error; None with one value."""
    from hipcv.history.comparison import Change

    if line is None or line.change_deg is None or line.mdc95_deg is None:
        return None
    return {
        "difference_deg": round(line.change_deg, 2),
        "mdc95_deg": round(line.mdc95_deg, 2),
        "mdc95_source": line.mdc95_source,
        "spacing": str(line.spacing),
        "real": line.verdict in (Change.INCREASED, Change.DECREASED),
        "verdict": str(line.verdict),
    }


def _line(line: Line) -> dict[str, Any]:
    band = line.band_deg
    return {
        "side": line.side,
        "measure": line.measure,
        "label": line.measure.label,
        "ids": [entry.token for entry in line.entries],
        "n_baselines": line.n_baselines,
        "first_deg": round(line.first_deg, 2),
        "band_deg": None if band is None else [round(end, 2) for end in band],
        "change": _change(line),
    }


@router.get(
    "/trend/calendar",
    responses={
        200: {"description": "The next visit", "content": {"text/calendar": {"schema": {"type": "string"}}}},
        **described(404),
    },
    response_class=Response,
    summary="When to measure again, as a calendar file",
)
async def calendar(rooms: In, test: TestName, subject: schemas.Subject) -> Response:
    """Return the next visit of one person as a calendar file, in which nobody is named."""
    from hipcv.history.calendar import render_calendar

    found = await asyncio.to_thread(find_trend, rooms.store.history, subject, test)
    if found.next_date is None:
        raise ProblemError("not_found", "Nothing of this person is measured yet: there is no next visit.")
    headers = {"Content-Disposition": 'attachment; filename="hipcv-next.ics"'}
    return Response(render_calendar(found.next_date), media_type="text/calendar", headers=headers)


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


@router.get(
    "/positions",
    response_model=schemas.Positions,
    responses=described(),
    summary="One person's bent and straight hip side by side",
)
async def positions(rooms: In, subject: schemas.Subject) -> Response:
    """Return the newest tests of a bent and of a straight hip of one named person, each against its own ranges."""
    return JSONResponse({"subject": subject, **await asyncio.to_thread(_positions, rooms, subject)})


def _positions(rooms: Rooms, subject: str) -> dict[str, Any]:
    from hipcv.evidence.progress import Where
    from hipcv.history.positions import are_two_positions, side_by_side
    from hipcv.history.texts import position_values

    newest = [rooms.store.history.get(entry.id).document for entry in reversed(_newest(rooms, subject))]
    documents = [document for document in newest if "setup" in document]
    pairs = [side_by_side(documents[0], one) for one in documents if are_two_positions(documents[0], one)]
    telling = [pair for pair in pairs if any(side.where is not Where.UNKNOWN for side in pair)]
    return position_values(next(iter(telling + pairs), ()))


def _plan(rooms: Rooms, subject: str) -> dict[str, Any]:
    from hipcv.outputs.document import plan_part, read_document, read_setup, screening_part
    from hipcv.outputs.plan import next_together

    documents = [rooms.store.history.get(entry.id).document for entry in _newest(rooms, subject)]
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


def _newest(rooms: Rooms, subject: str) -> list[Entry]:
    """Return the newest measured test of each position and effort, oldest first, none much older than the newest."""
    from hipcv.core.answers import VALID_FOR

    measured = [entry for entry in rooms.store.history.list(subject) if entry.measures]
    newest = {(entry.test, entry.effort): entry for entry in measured}
    since = max((entry.visit_date for entry in measured), default=None)
    return sorted(
        (entry for entry in newest.values() if since and since - entry.visit_date <= VALID_FOR),
        key=lambda entry: (entry.visit_date, entry.id),
    )


def _pair(rooms: Rooms, before: str, after: str) -> dict[str, Any]:
    from hipcv.core.errors import HistoryError
    from hipcv.evidence.exercises import common_rules
    from hipcv.history.comparison import spacing_of
    from hipcv.history.pair import judge_pairs
    from hipcv.history.person import person_key

    entries, documents = zip(*(_tested(rooms, job_id) for job_id in (before, after)), strict=True)
    names = {key for entry in entries if (key := person_key(entry.subject))}
    if len(names) > 1:
        raise ProblemError(
            "wrong_arguments", "Wanted two tests of one person, found two names: choose two of the same."
        )
    spacing = spacing_of(*(entry.recorded_at for entry in entries))
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


def _tested(rooms: Rooms, job_id: str) -> tuple[Entry, Mapping[str, Any]]:
    job = rooms.store.get(job_id)
    if job is None:
        raise ProblemError("not_found", f"There is no assessment {job_id}; it may have been deleted.")
    document = rooms.store.document(job_id)
    if document is None or job.entry is None:
        raise ProblemError("not_done", f"The assessment {job_id} has no result (yet).")
    return job.entry, document
