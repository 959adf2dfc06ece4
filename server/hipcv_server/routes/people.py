"""Whose results are kept: named, put right, handed out, forgotten; see API.md, section 2.6."""

import asyncio
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from hipcv.core.errors import HistoryError
from hipcv_server import schemas
from hipcv_server.links import PREFIX
from hipcv_server.problems import ProblemError, described
from hipcv_server.resources import resource_of
from hipcv_server.routes.given import In, Known
from hipcv_server.state import Rooms
from hipcv_server.store import Job

router = APIRouter(prefix=PREFIX)

_TYPES = {"csv": "text/csv", "json": "application/json"}


@router.get("/people", response_model=schemas.People, responses=described(), summary="Of whom something is kept")
async def people(rooms: In) -> Response:
    """Return everybody of whom something is kept, in the order of the alphabet."""
    found = await asyncio.to_thread(rooms.store.history.people)
    listed = [
        {
            "subject": one.name,
            "n_kept": one.n_kept,
            "first": one.first.isoformat(),
            "last": one.last.isoformat(),
        }
        for one in found
    ]
    return JSONResponse({"people": listed})


@router.patch(
    "/people",
    response_model=schemas.Renamed,
    responses=described(400, 404, 409, 415),
    summary="Give a person another name or code",
)
async def rename(rooms: In, wanted: schemas.Rename) -> Response:
    """Give a person another name or code; with `together`, one that somebody else has: both are one from now on."""

    def change() -> str:
        if not rooms.store.history.count(wanted.subject):
            raise ProblemError("not_found", f"Nothing of {wanted.subject} is kept here.")
        try:
            return rooms.store.history.rename(wanted.subject, wanted.name, together=wanted.together)
        except HistoryError as error:
            raise ProblemError("name_taken", str(error)) from error

    return JSONResponse({"subject": await asyncio.to_thread(change)})


@router.delete(
    "/people",
    status_code=204,
    response_class=Response,
    responses=described(507),
    summary="Delete everything of a person, pictures and all",
)
async def forget(rooms: In, subject: schemas.Subject) -> Response:
    """Delete everything of a person, also what waits; running work on it ends, a live test as well."""
    await rooms.desk.forget(subject)
    await asyncio.to_thread(_forget, rooms, subject)
    return Response(status_code=204)


def _forget(rooms: Rooms, subject: str) -> None:
    ids = rooms.store.ids_of(subject)
    for job_id in ids:
        rooms.crew.drop(job_id)
        rooms.shelves.drop(job_id)  # first: on a full disk that makes the room in which the rest can be forgotten
    for job_id in ids | rooms.store.forget(subject):
        rooms.shelves.drop(job_id)  # what a worker finished meanwhile


@router.patch(
    "/assessments/{job_id}",
    response_model=schemas.Resource,
    responses=described(400, 404, 409, 415),
    summary="Say whose an assessment is, and of which day",
)
async def correct(job: Known, rooms: In, told: schemas.Correction) -> Response:
    """Put right whose a result is, and of which day; what was said before stays as an earlier version."""
    if job.entry is None:
        detail = f"This assessment is {job.state.replace('_', ' ')}: whose it is can be changed once it is measured."
        raise ProblemError("not_done", detail)
    entry = job.entry

    def change() -> tuple[Job | None, dict[str, object] | None]:
        rooms.store.history.correct(entry.id, subject=told.subject, visit_date=told.date)
        return rooms.store.get(job.id), rooms.store.document(job.id)

    changed, document = await asyncio.to_thread(change)
    if changed is None:
        raise ProblemError("not_found", f"There is no assessment {job.id}; it may have been deleted.")
    return JSONResponse(resource_of(changed, rooms, document))


@router.get(
    "/export",
    responses={
        200: {
            "description": "One row an assessment, or every document",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            },
        },
        **described(),
    },
    response_class=Response,
    summary="What is kept, as a file",
)
async def export(
    rooms: In,
    subject: schemas.Subject | None = None,
    format: Literal["csv", "json"] = "csv",  # noqa: A002
) -> Response:
    """Return what is kept, of one person or of all; that it was handed out is written down."""
    content = await asyncio.to_thread(_export, rooms, subject, format)
    name = f"hipcv-{datetime.now().astimezone():%Y-%m-%d}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=_TYPES[format], headers=headers)


def _export(rooms: Rooms, subject: str | None, kind: str) -> bytes:
    from hipcv.history.export import write_export

    history = rooms.store.history
    entries = history.list(subject)
    with TemporaryDirectory() as folder:
        path = Path(folder, f"kept.{kind}")
        write_export(path, entries, lambda entry: history.get(entry.id).document)
        content = path.read_bytes()
    history.exported(entries, f".{kind}")
    return content
