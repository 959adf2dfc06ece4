"""Hand in a recording, follow it, stop it, delete it; see API.md, section 2."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from hipcv.core.procedures import TestName
from hipcv.words import Effort, EndPoint
from hipcv_server import schemas
from hipcv_server.disk import free_bytes
from hipcv_server.links import PREFIX, links_of
from hipcv_server.problems import ProblemError, described, disk_full, wrong_arguments
from hipcv_server.resources import resource_of, summary_of
from hipcv_server.routes.given import In, Known
from hipcv_server.settings import UploadLimits
from hipcv_server.state import Rooms
from hipcv_server.store import Job, JobState, new_id
from hipcv_server.uploads import receive

#: Progress events come no more often, and a comment at least this often.
EVENT_EVERY_S, COMMENT_EVERY_S = 0.2, 10.0

#: Where a part of the list goes on: the time in milliseconds and the id of the last one before.
_CURSOR = r"^[0-9]{1,13}-[a-z0-9]{1,16}$"
#: What may end a movement that nobody helps with.
_ENDS_ALONE = [str(end) for end in EndPoint if end is not EndPoint.HELPER_STOPPED]

router = APIRouter(prefix=PREFIX)


def _form_schema() -> dict[str, Any]:
    """Return what a form may hold; a field that is not given is left out, since forms have no null."""
    schema = schemas.MeasureOptions.model_json_schema()
    properties = {}
    for name, field in schema["properties"].items():
        kinds = [kind for kind in field.pop("anyOf", []) if kind.get("type") != "null"]
        field = {**(kinds[0] if kinds else {}), **field}
        # the words of an enum stand in the field itself: a form's description has no definitions of its own
        words = schema["$defs"].get(field.pop("$ref", "").removeprefix("#/$defs/"), {})
        field = {"enum": words["enum"], "type": "string", **field} if words else field
        properties[name] = {key: value for key, value in field.items() if (key, value) != ("default", None)}
    file = {"type": "string", "format": "binary", "description": "The recording; any video."}
    return {
        "type": "object",
        "properties": {"file": file, **properties},
        "required": ["file", "test"],
        "additionalProperties": False,
        # who helped, and where the hand lay, belong to a passive test
        "anyOf": [
            {"properties": {"effort": {"const": str(Effort.PASSIVE)}}, "required": ["effort"]},
            {"properties": {"helper": False, "hand_place": False, "end_point": {"enum": _ENDS_ALONE}}},
        ],
    }


@router.post(
    "/assessments",
    status_code=202,
    response_model=schemas.Resource,
    responses=described(400, 408, 413, 415, 429, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": _form_schema(),
                    "encoding": {"vertical": {"style": "form", "explode": True}},
                }
            },
        }
    },
    summary="Hand in a recording",
)
async def create(request: Request, rooms: In) -> Response:
    """Take a recording and put it in the queue."""
    _check_room(request, rooms)
    job_id, limits = new_id(), rooms.settings.upload
    target = rooms.shelves.clip(job_id)
    try:
        target.parent.mkdir(mode=0o700)
        upload = await receive(request.headers.get("content-type", ""), request.stream(), target, limits.max_bytes)
        options = _options(upload.options())
        values = options.model_dump(mode="json")
        if options.keep:  # who asks for it says that the person agreed, which is written down before anything is kept
            await asyncio.to_thread(rooms.store.history.consent, job_id, options.subject)
        await asyncio.to_thread(rooms.shelves.settle_clip, job_id)
        job = await asyncio.to_thread(rooms.store.add, values, job_id=job_id, max_waiting=limits.max_waiting)
        if job is None:
            raise _queue_full(limits)
    except BaseException:
        rooms.shelves.drop_clip(job_id)
        raise
    rooms.crew.wake()
    return await _accepted(job, rooms)


async def _accepted(job: Job, rooms: Rooms) -> Response:
    resource = await asyncio.to_thread(resource_of, job, rooms)
    return JSONResponse(resource, 202, {"Location": links_of(job.id)["self"]})


def _queue_full(limits: UploadLimits) -> ProblemError:
    detail = f"{limits.max_waiting} recordings wait already: try again in a minute."
    return ProblemError("queue_full", detail, headers={"Retry-After": "60"})


def _check_room(request: Request, rooms: Rooms) -> None:
    """Refuse a recording for which there is no room, before any of it is taken."""
    free = free_bytes(rooms.shelves.root)
    given = request.headers.get("content-length", "")
    n_bytes = int(given) if given.isdecimal() and given.isascii() else 0
    if free < n_bytes + rooms.settings.jobs.min_free_bytes:
        raise disk_full(f"{free // 1_000_000} MB are free")


def _options(fields: dict[str, Any]) -> schemas.MeasureOptions:
    from pydantic import ValidationError

    try:
        options = schemas.MeasureOptions.model_validate(fields)
        options.setup()
    except ValidationError as error:
        raise wrong_arguments(error) from error
    except ValueError as error:
        errors = [{"field": "vertical", "detail": str(error)}]
        raise ProblemError("wrong_arguments", str(error), more={"errors": errors}) from error
    return options


@router.get(
    "/assessments", response_model=schemas.Page, responses=described(), summary="List the assessments, newest first"
)
async def list_(
    rooms: In,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(pattern=_CURSOR)] = None,
    state: schemas.State | None = None,
    test: TestName | None = None,
    subject: schemas.Subject | None = None,
) -> Response:
    """Return a page of summaries."""
    wanted = {"state": state, "test": test, "subject": subject}
    before = None if cursor is None else _place(cursor)
    jobs, n_total = await asyncio.to_thread(rooms.store.page, limit + 1, before=before, **wanted)
    shown, more = jobs[:limit], len(jobs) > limit
    following = None
    if more:
        from urllib.parse import urlencode

        given = {key: value for key, value in wanted.items() if value is not None}
        following = f"{PREFIX}/assessments?" + urlencode({"limit": limit, "cursor": _cursor(shown[-1]), **given})
    return JSONResponse({"items": [summary_of(job, rooms) for job in shown], "next": following, "n_total": n_total})


def _cursor(job: Job) -> str:
    at, job_id = job.place
    return f"{round(at.timestamp() * 1000)}-{job_id}"


def _place(cursor: str) -> tuple[datetime, str]:
    at_ms, _, job_id = cursor.partition("-")
    return datetime.fromtimestamp(int(at_ms) // 1000, UTC) + timedelta(milliseconds=int(at_ms) % 1000), job_id


@router.get(
    "/assessments/{job_id}",
    response_model=schemas.Resource,
    responses=described(404),
    summary="One assessment: its state, then its result",
)
async def read(job: Known, rooms: In) -> Response:
    """Return an assessment."""
    return JSONResponse(await asyncio.to_thread(_whole, job, rooms))


def _whole(job: Job, rooms: Rooms) -> dict[str, Any]:
    return resource_of(job, rooms, rooms.store.document(job.id))


@router.get(
    "/assessments/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"description": "progress, then end", "content": {"text/event-stream": {}}}, **described(404)},
    summary="Progress as server-sent events",
)
async def events(job: Known, rooms: In) -> Response:
    """Tell how an assessment goes on until it ends."""
    return StreamingResponse(_events(job, rooms), media_type="text/event-stream")


async def _events(job: Job, rooms: Rooms) -> AsyncIterator[str]:
    last, told_s, clock = "", 0.0, asyncio.get_running_loop().time
    found: Job | None = job
    while found is not None and not found.ended:
        now = _event("progress", await asyncio.to_thread(resource_of, found, rooms))
        if now != last:
            last, told_s = now, clock()
            yield now
        elif clock() - told_s > COMMENT_EVERY_S:
            told_s = clock()
            yield ": still there\n\n"
        try:
            await asyncio.wait_for(rooms.stopping.wait(), timeout=EVENT_EVERY_S)
            return
        except TimeoutError:
            found = await asyncio.to_thread(rooms.store.get, job.id)
    if found is None:
        yield _event("gone", {"id": job.id})
        return
    yield _event("end", await asyncio.to_thread(_whole, found, rooms))


def _event(name: str, value: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"


@router.post(
    "/assessments/{job_id}/replay",
    status_code=202,
    response_model=schemas.Resource,
    responses=described(404, 409, 429, 507),
    summary="Measure an assessment once more from its document alone",
)
async def replay(job: Known, request: Request, rooms: In) -> Response:
    """Put an assessment of its own in the queue, that tells whether every byte comes out again."""
    if job.state is not JobState.DONE or job.replay_of is not None:
        detail = f"This assessment is {job.state.replace('_', ' ')}: only one that is done is measured once more."
        raise ProblemError("not_done", detail)
    if not rooms.shelves.clip(job.id).is_file():
        raise ProblemError("no_video", "The clip of this assessment was not kept: hand it in again with keep=true.")
    _check_room(request, rooms)
    limits, replay_id = rooms.settings.upload, new_id()
    options = {"test": job.test}  # all else is said by the assessment; it is no further test of anybody
    made = await asyncio.to_thread(
        rooms.store.add,
        options,
        job_id=replay_id,
        kind="replay",
        max_waiting=limits.max_waiting,
        replay_of=job.id,
    )
    if made is None:
        raise _queue_full(limits)
    rooms.crew.wake()
    return await _accepted(made, rooms)


@router.post(
    "/assessments/{job_id}/cancel",
    status_code=202,
    response_model=schemas.Resource,
    responses=described(404, 409, 507),
    summary="Stop the work on an assessment",
)
async def cancel(job: Known, rooms: In) -> Response:
    """Cancel a waiting or running assessment."""
    cancelled = await asyncio.to_thread(rooms.store.cancel, job.id)
    if cancelled is None:
        raise ProblemError("not_running", f"This assessment is {job.state.replace('_', ' ')}: nothing is left to stop.")
    if rooms.crew.at(job.id) is None:
        await asyncio.to_thread(rooms.shelves.drop, job.id)
    rooms.crew.drop(job.id)
    return JSONResponse(await asyncio.to_thread(resource_of, cancelled, rooms), 202)


@router.delete(
    "/assessments/{job_id}",
    status_code=204,
    response_class=Response,
    responses=described(404, 507),
    summary="Delete an assessment and everything about it",
)
async def delete(job: Known, rooms: In) -> Response:
    """Delete an assessment; running work on it ends."""
    await asyncio.to_thread(_delete, rooms, job.id)
    return Response(status_code=204)


def _delete(rooms: Rooms, job_id: str) -> None:
    for one in rooms.store.with_replays({job_id}):
        rooms.crew.drop(one)
        rooms.shelves.drop(one)  # first: on a full disk that makes the room in which the rest can be forgotten
    for one in rooms.store.delete(job_id):
        rooms.shelves.drop(one)  # what a worker finished meanwhile
