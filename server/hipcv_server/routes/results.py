"""What a measured recording left: curves, report, video; see API.md, section 2.5."""

import asyncio
import csv
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response

from hipcv.outputs.artefacts import FHIR, REPORT, SERIES, VIDEO, Artefact, linked
from hipcv_server.links import PREFIX
from hipcv_server.problems import ProblemError, described
from hipcv_server.routes.given import In, Known
from hipcv_server.security import REPORT_POLICY
from hipcv_server.state import Rooms
from hipcv_server.store import Job, JobState

if TYPE_CHECKING:
    from hipcv.outputs.visit import Visit

router = APIRouter(prefix=PREFIX)


def _done(job: Job, rooms: Rooms, artefact: Artefact) -> Path:
    if artefact.needs_frames and not job.keep:
        raise ProblemError("no_video", "The clip of this assessment was not kept: hand it in again with keep=true.")
    _check_done(job, artefact)
    path = rooms.shelves.result(job.id, artefact.file)
    if not path.is_file():
        raise ProblemError("not_found", f"The file {artefact.file} of this assessment is gone.")
    return path


def _check_done(job: Job, artefact: Artefact) -> None:
    if job.state is not JobState.DONE:
        state = job.state.replace("_", " ")
        raise ProblemError("not_done", f"This assessment is {state}: it has no {artefact.file} (yet).")


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
        **described(404, 409),
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
    responses={200: {"description": "The report", "content": {"text/html": {}}}, **described(404, 409)},
    response_class=Response,
    summary="The report, one HTML file",
)
async def report(job: Known, rooms: In, download: bool = False) -> Response:
    """Return the report."""
    page = await asyncio.to_thread(_page, _done(job, rooms, REPORT), job, rooms)
    headers = {"Content-Security-Policy": REPORT_POLICY}
    if download:
        headers["Content-Disposition"] = f'attachment; filename="hipcv-{job.id}.html"'
    return HTMLResponse(page, headers=headers)


def _page(path: Path, job: Job, rooms: Rooms) -> str:
    from hipcv.history.since import since_last_in
    from hipcv.outputs.html import with_visit

    visit, document = _visit(job), rooms.store.document(job.id)
    if visit.person is not None and visit.day is not None and document is not None:
        since = since_last_in(rooms.store.history, document, visit.person, visit.day)
        visit = replace(visit, since=since)
    return with_visit(path.read_text("utf-8"), visit)


def _visit(job: Job) -> "Visit":
    """Return whose a result is by now, and of which day."""
    from hipcv.outputs.visit import Visit

    return Visit(job.subject, None if job.entry is None else job.entry.visit_date)


@router.get(f"/assessments/{{job_id}}/{VIDEO.file}", include_in_schema=False)  # as the report names it
@router.get(
    "/assessments/{job_id}/video",
    responses={
        200: {"description": "The annotated video", "content": {"video/mp4": {}}},
        206: {"description": "A part of it", "content": {"video/mp4": {}}},
        416: {"description": "No such part", "content": {"text/plain": {}}},
        **described(400, 404, 409),
    },
    response_class=Response,
    summary="The annotated video, where the clip was kept",
)
async def video(job: Known, rooms: In) -> Response:
    """Return the annotated video, or a part of it."""
    return FileResponse(_done(job, rooms, VIDEO), media_type=VIDEO.media_type)


async def _fhir(job: Known, rooms: In) -> Response:
    """Return the Bundle of whom the result belongs to now: the file beside it names nobody."""
    _check_done(job, FHIR)
    text = await asyncio.to_thread(_bundle, job, rooms)
    headers = {"Content-Disposition": f'attachment; filename="hipcv-{job.id}.fhir.json"'}
    return Response(text, media_type=FHIR.media_type, headers=headers)


def _bundle(job: Job, rooms: Rooms) -> str:
    from hipcv.outputs.document import read_document
    from hipcv.outputs.fhir import fhir_text

    document = rooms.store.document(job.id)
    assert document is not None, "a job that is done has one"
    return fhir_text(read_document(document), _visit(job))


def open_doors() -> APIRouter:
    """Return the routes of every artefact that has none of its own above: its file as it is.

    Examples
    --------
    >>> {route.path.rpartition("/")[2] for route in open_doors().routes} <= {"fhir"}  # the others have one above
    True
    """
    doors, known = APIRouter(prefix=PREFIX), {getattr(route, "path", "") for route in router.routes}
    for artefact in linked():
        path = f"/assessments/{{job_id}}/{artefact.name}"
        if PREFIX + path not in known:
            content = {artefact.media_type: {"schema": {"type": "string"}}}
            doors.add_api_route(
                path,
                _door(artefact),
                responses={200: {"description": artefact.file, "content": content}, **described(404, 409)},
                response_class=Response,
                name=artefact.name,
                summary=f"The file {artefact.file}",
            )
    return doors


def _door(artefact: Artefact) -> Callable[[Job, Rooms], Awaitable[Response]]:
    if artefact.name == FHIR.name:
        return _fhir

    async def hand_out(job: Known, rooms: In) -> Response:
        return FileResponse(_done(job, rooms, artefact), media_type=artefact.media_type)

    return hand_out
