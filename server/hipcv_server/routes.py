"""The REST interface; see API.md."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse

from hipcv import __version__
from hipcv.core.procedures import USUAL_TEST, TestName, procedure_named
from hipcv.words import Sex
from hipcv_server import schemas
from hipcv_server.disk import free_bytes
from hipcv_server.files import REPORT, SERIES, VIDEO
from hipcv_server.links import PREFIX, links_of
from hipcv_server.problems import MEDIA_TYPE, ProblemError, disk_full, wrong_arguments
from hipcv_server.security import REPORT_POLICY
from hipcv_server.state import Rooms, rooms_of
from hipcv_server.store import Job, JobState, new_id
from hipcv_server.uploads import receive

#: Progress events come no more often, and a comment at least this often.
EVENT_EVERY_S, COMMENT_EVERY_S = 0.2, 10.0

router = APIRouter(prefix=PREFIX)


async def _rooms(request: Request) -> Rooms:
    return rooms_of(request)


In = Annotated[Rooms, Depends(_rooms)]


def _errors(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI descriptions of problems with these statuses, and of those that any request can meet."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemModel"}}}
    return {code: {"description": "Problem", "content": content} for code in (401, 403, 421, 422, *codes)}


async def _job(job_id: str, rooms: In) -> Job:
    job = await asyncio.to_thread(rooms.store.get, job_id)
    if job is None:
        raise ProblemError("not_found", f"There is no assessment {job_id[:40]}; it may have been deleted.")
    return job


Known = Annotated[Job, Depends(_job)]


# ------------------------------------------------------------------------------------------------------------ resources


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


def _summary(job: Job, rooms: Rooms) -> dict[str, Any]:
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


# ---------------------------------------------------------------------------------------------------------- assessments


def _form_schema() -> dict[str, Any]:
    """Return what a form may hold; a field that is not given is left out, since forms have no null."""
    properties = {}
    for name, described in schemas.MeasureOptions.model_json_schema()["properties"].items():
        kinds = [kind for kind in described.pop("anyOf", []) if kind.get("type") != "null"]
        described = {**(kinds[0] if kinds else {}), **described}
        properties[name] = {key: value for key, value in described.items() if (key, value) != ("default", None)}
    file = {"type": "string", "format": "binary", "description": "The recording; any video."}
    return {
        "type": "object",
        "properties": {"file": file, **properties},
        "required": ["file", "test"],
        "additionalProperties": False,
    }


@router.post(
    "/assessments",
    status_code=202,
    response_model=schemas.Resource,
    responses=_errors(400, 408, 413, 415, 429, 507),
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
        values = options.model_dump()
        job = await asyncio.to_thread(rooms.store.add, values, job_id=job_id, max_waiting=limits.max_waiting)
        if job is None:
            detail = f"{limits.max_waiting} recordings wait already: try again in a minute."
            raise ProblemError("queue_full", detail, headers={"Retry-After": "60"})
    except BaseException:
        rooms.shelves.drop_clip(job_id)
        raise
    rooms.crew.wake()
    return JSONResponse(resource_of(job, rooms), 202, {"Location": links_of(job_id)["self"]})


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
    "/assessments", response_model=schemas.Page, responses=_errors(), summary="List the assessments, newest first"
)
async def list_(
    rooms: In,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    state: schemas.State | None = None,
    test: TestName | None = None,
    subject: schemas.Subject | None = None,
) -> Response:
    """Return a page of summaries."""
    wanted = {"state": state, "test": test, "subject": subject}
    jobs, n_total = await asyncio.to_thread(rooms.store.page, limit + 1, before=cursor, **wanted)
    shown, more = jobs[:limit], len(jobs) > limit
    following = None
    if more:
        from urllib.parse import urlencode

        given = {key: value for key, value in wanted.items() if value is not None}
        following = f"{PREFIX}/assessments?" + urlencode({"limit": limit, "cursor": shown[-1].number, **given})
    return JSONResponse({"items": [_summary(job, rooms) for job in shown], "next": following, "n_total": n_total})


@router.get(
    "/assessments/{job_id}",
    response_model=schemas.Resource,
    responses=_errors(404),
    summary="One assessment: its state, then its result",
)
async def read(job: Known, rooms: In) -> Response:
    """Return an assessment."""
    document = await asyncio.to_thread(rooms.store.document, job.id)
    return JSONResponse(resource_of(job, rooms, document))


@router.get(
    "/assessments/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"description": "progress, then end", "content": {"text/event-stream": {}}}, **_errors(404)},
    summary="Progress as server-sent events",
)
async def events(job: Known, rooms: In) -> Response:
    """Tell how an assessment goes on until it ends."""
    return StreamingResponse(_events(job, rooms), media_type="text/event-stream")


async def _events(job: Job, rooms: Rooms) -> AsyncIterator[str]:
    last, told_s, clock = "", 0.0, asyncio.get_running_loop().time
    found: Job | None = job
    while found is not None and not found.ended:
        now = _event("progress", resource_of(found, rooms))
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
    document = await asyncio.to_thread(rooms.store.document, job.id)
    yield _event("end", resource_of(found, rooms, document))


def _event(name: str, value: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"


def _done(job: Job, rooms: Rooms, name: str) -> Path:
    if job.state is not JobState.DONE:
        raise ProblemError("not_done", f"This assessment is {job.state.replace('_', ' ')}: it has no {name} (yet).")
    path = rooms.shelves.result(job.id, name)
    if not path.is_file():
        raise ProblemError("not_found", f"The file {name} of this assessment is gone.")
    return path


@router.get(
    "/assessments/{job_id}/series",
    responses={
        200: {
            "description": "One list a column, or the file of `--series`",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "additionalProperties": {"type": "array", "items": {"type": ["number", "null"]}},
                    }
                },
                "text/csv": {"schema": {"type": "string"}},
            },
        },
        **_errors(404, 409),
    },
    response_class=Response,
    summary="The angles, frame by frame",
)
async def series(
    job: Known, rooms: In, format_: Annotated[str, Query(alias="format", pattern="^(json|csv)$")] = "json"
) -> Response:
    """Return the curves."""
    path = _done(job, rooms, SERIES)
    if format_ == "csv":
        return FileResponse(path, media_type="text/csv", filename=f"hipcv-{job.id}.csv")
    return JSONResponse(await asyncio.to_thread(_columns, path))


def _columns(path: Path) -> dict[str, list[float | None]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        names = next(rows)
        columns: dict[str, list[float | None]] = {name: [] for name in names}
        for row in rows:
            for name, value in zip(names, row, strict=True):
                columns[name].append(float(value) if value else None)
    return columns


@router.get(
    "/assessments/{job_id}/report",
    responses={200: {"description": "The report", "content": {"text/html": {}}}, **_errors(404, 409)},
    response_class=Response,
    summary="The report, one HTML file",
)
async def report(job: Known, rooms: In, download: bool = False) -> Response:
    """Return the report."""
    path = _done(job, rooms, REPORT)
    name = f"hipcv-{job.id}.html" if download else None
    return FileResponse(path, media_type="text/html", filename=name, headers={"Content-Security-Policy": REPORT_POLICY})


@router.get(f"/assessments/{{job_id}}/{VIDEO}", include_in_schema=False)  # as the report names it
@router.get(
    "/assessments/{job_id}/video",
    responses={
        200: {"description": "The annotated video", "content": {"video/mp4": {}}},
        206: {"description": "A part of it", "content": {"video/mp4": {}}},
        416: {"description": "No such part", "content": {"text/plain": {}}},
        **_errors(400, 404, 409),
    },
    response_class=Response,
    summary="The annotated video, where the clip was kept",
)
async def video(job: Known, rooms: In) -> Response:
    """Return the annotated video, or a part of it."""
    if not job.keep:
        raise ProblemError("no_video", "The clip of this assessment was not kept: hand it in again with keep=true.")
    return FileResponse(_done(job, rooms, VIDEO), media_type="video/mp4")


@router.post(
    "/assessments/{job_id}/cancel",
    status_code=202,
    response_model=schemas.Resource,
    responses=_errors(404, 409, 507),
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
    return JSONResponse(resource_of(cancelled, rooms), 202)


@router.delete(
    "/assessments/{job_id}",
    status_code=204,
    response_class=Response,
    responses=_errors(404, 507),
    summary="Delete an assessment and everything about it",
)
async def delete(job: Known, rooms: In) -> Response:
    """Delete an assessment; running work on it ends."""
    rooms.crew.drop(job.id)
    # its files first: on a full disk that makes the room in which the rest can be forgotten
    await asyncio.to_thread(rooms.shelves.drop, job.id)
    await asyncio.to_thread(rooms.store.delete, job.id)
    await asyncio.to_thread(rooms.shelves.drop, job.id)  # what a worker finished meanwhile
    return Response(status_code=204)


# ------------------------------------------------------------------------------------------------------ everything else


@router.get("/trend", response_model=schemas.Trend, responses=_errors(), summary="One person's tests over time")
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


def _change(rooms: Rooms, side: str, jobs: list[Job]) -> dict[str, Any] | None:
    """Return last less first of one side, of tests done in the way of the last, and whether it is more than error."""
    from hipcv.history.comparison import Change, compare_documents, spacing_of

    known = [job for job in jobs if job.summary is not None and job.summary[side]["end_range_deg"] is not None]
    alike = [job for job in known if job.options.get("effort") == known[-1].options.get("effort")]
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
        "spacing": str(spacing),
        "real": found.verdict in (Change.INCREASED, Change.DECREASED),
        "verdict": str(found.verdict),
    }


def _recorded_at(job: Job) -> datetime | None:
    """Return when a test was done; None for an upload, which may have been filmed at any time before it came."""
    return datetime.fromisoformat(job.created_at) if job.kind == "live" else None


@router.get("/norms", response_model=schemas.Norms, responses=_errors(), summary="The reference ranges")
def norms(test: TestName | None = None, age: schemas.Age | None = None, sex: Sex | None = None) -> Response:
    """Return the reference ranges that fit, in words."""
    from dataclasses import asdict

    from hipcv.evidence.norms import norms_table

    rows = norms_table(procedure_named(test) if test else None, age_years=age, sex=sex)
    return JSONResponse({"norms": [asdict(row) for row in rows]})


@router.get("/models", response_model=schemas.Models, responses=_errors(), summary="The pose models")
def models(rooms: In) -> Response:
    """Return where the pose models are and whether they are whole."""
    from hipcv.models.store import check_models

    found = [
        {
            "name": str(status.name),
            "file": status.file,
            "licence": status.licence,
            "state": str(status.state),
            "sha256": status.found.sha256 if status.found else None,
            "origin": str(status.found.origin) if status.found else None,
            "detail": status.detail,
        }
        for status in check_models(rooms.settings.models)
    ]
    return JSONResponse({"models": found})


@router.get(
    "/guidance", response_model=schemas.GuidanceModel, responses=_errors(), summary="How to film; words for findings"
)
def guidance(test: TestName = USUAL_TEST) -> Response:
    """Return how to film a test, every finding code in words, and what a left–right difference amounts to."""
    from hipcv.evidence.guidance import filming_guide, known_codes, meaning_for, origin_for, title_for
    from hipcv.evidence.reference import AsymmetryVerdict

    words = {
        code: {"title": title_for(code), "meaning": meaning_for(code), "origin": origin_for(code)}
        for code in known_codes()
    }
    asymmetry = {str(verdict): verdict.wording for verdict in AsymmetryVerdict}
    film = list(filming_guide(procedure_named(test)))
    return JSONResponse({"film": film, "findings": words, "asymmetry": asymmetry})


@router.get("/limits", response_model=schemas.Limits, responses=_errors(), summary="What this server takes")
async def limits(rooms: In) -> Response:
    """Return the limits."""
    from hipcv_server.confine import MAX_PICTURE_PIXELS

    upload, live = rooms.settings.upload, rooms.settings.live
    return JSONResponse(
        {
            "upload": {
                "max_bytes": upload.max_bytes,
                "max_duration_s": upload.max_duration_s,
                "max_frames": upload.max_frames,
                "max_pixels": upload.max_pixels,
                "max_work_s": rooms.settings.jobs.max_work_s,
                "max_waiting": upload.max_waiting,
            },
            "live": {
                "max_sessions": live.max_sessions,
                "max_frame_bytes": live.max_frame_bytes,
                "max_pixels": MAX_PICTURE_PIXELS,
                "max_duration_s": live.max_duration_s,
                "resume_within_s": live.resume_within_s,
            },
            "token_needed": rooms.settings.token is not None,
            "version": __version__,
        }
    )


@router.get("/health", response_model=schemas.Health, responses=_errors(), summary="Whether the process lives")
async def health() -> Response:
    """Answer while the process lives."""
    return JSONResponse({"status": "ok", "version": __version__})


@router.get("/ready", response_model=schemas.Ready, responses=_errors(503), summary="Whether work can be taken")
def ready(rooms: In) -> Response:
    """Answer whether database, disk, models and workers are there."""
    checks = [_check_database(rooms), _check_disk(rooms), _check_model(rooms), _check_workers(rooms)]
    if all(check["ok"] for check in checks):
        return JSONResponse({"ready": True, "checks": checks})
    wrong = "; ".join(f"{check['name']}: {check['detail']}" for check in checks if not check["ok"])
    raise ProblemError("not_ready", f"Not ready ({wrong}).", more={"checks": checks})


def _check_database(rooms: Rooms) -> dict[str, Any]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        rooms.store.n_waiting()
    except SQLAlchemyError as error:
        return {"name": "database", "ok": False, "detail": type(error).__name__}
    return {"name": "database", "ok": True, "detail": ""}


def _check_disk(rooms: Rooms) -> dict[str, Any]:
    free = free_bytes(rooms.shelves.root)
    ok = free > 2 * rooms.settings.upload.max_bytes
    return {"name": "disk", "ok": ok, "detail": "" if ok else f"{free // 1_000_000} MB are free"}


def _check_model(rooms: Rooms) -> dict[str, Any]:
    from hipcv.core.errors import ModelError
    from hipcv.models.store import find_model
    from hipcv.words import ModelName

    try:
        found = find_model(ModelName.FULL, rooms.settings.models)
    except ModelError as error:
        return {"name": "model", "ok": False, "detail": str(error)}
    missing = "the full pose model is not here yet; `hipcv models get` fetches it"
    return {"name": "model", "ok": found is not None, "detail": "" if found is not None else missing}


def _check_workers(rooms: Rooms) -> dict[str, Any]:
    ok = rooms.crew.alive
    return {"name": "workers", "ok": ok, "detail": "" if ok else "a worker's guard has ended"}
