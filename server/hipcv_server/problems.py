"""What went wrong, as problem details (RFC 9457), with the same sentences as the command line."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from hipcv.core.errors import HipcvError, ModelError, SourceError
from hipcv_server.disk import disk_trouble

MEDIA_TYPE = "application/problem+json"

#: Title and status of every kind of problem.
KINDS: dict[str, tuple[int, str]] = {
    "bad_request": (400, "Request not understood"),
    "token_needed": (401, "Token needed"),
    "cross_origin": (403, "Request from another page"),
    "not_admitted": (403, "No test was begun"),
    "not_found": (404, "Not found"),
    "no_video": (404, "No video kept"),
    "method_not_allowed": (405, "Method not allowed"),
    "timed_out": (408, "Request broke off"),
    "not_done": (409, "Not done yet"),
    "not_running": (409, "Not running"),
    "name_taken": (409, "Name taken"),
    "too_large": (413, "Too large"),
    "not_a_video": (415, "Unprocessable recording"),
    "could_not_measure": (415, "Unprocessable recording"),
    "model_missing": (503, "Pose model missing"),
    "wrong_host": (421, "Wrong host"),
    "wrong_arguments": (422, "Wrong arguments"),
    "queue_full": (429, "Too many recordings waiting"),
    "internal": (500, "Internal error"),
    "worker_died": (500, "Worker died"),
    "busy": (503, "Busy"),
    "not_ready": (503, "Not ready"),
    "disk_full": (507, "No room"),
    "stopping": (503, "Stopping"),
}
_OF_STATUS = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI descriptions of problems with these statuses, and of those that any request can meet.

    Examples
    --------
    >>> sorted(described(404))
    [401, 403, 404, 421, 422]
    """
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemModel"}}}
    return {status: {"description": "Problem", "content": content} for status in (401, 403, 421, 422, *statuses)}


class ProblemError(Exception):
    """Something a client is told.

    Parameters
    ----------
    code : one of `KINDS`.
    detail : one sentence: what was wanted, what was found, what to do.
    more : further members of the problem.
    headers : of the answer.

    Examples
    --------
    >>> gone = ProblemError("not_found", "There is no assessment of this id.")
    >>> gone.document()["status"], gone.response().media_type
    (404, 'application/problem+json')
    """

    def __init__(
        self, code: str, detail: str, *, more: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
        self.more, self.headers = dict(more or {}), dict(headers or {})

    @property
    def status(self) -> int:
        """The HTTP status that goes with it."""
        return KINDS[self.code][0]

    def document(self) -> dict[str, Any]:
        """Return the problem as JSON."""
        status, title = KINDS[self.code]
        return {
            "type": "about:blank",
            "title": title,
            "status": status,
            "code": self.code,
            "detail": self.detail,
            **self.more,
        }

    def response(self) -> JSONResponse:
        """Return the problem as an answer."""
        return JSONResponse(self.document(), self.status, self.headers, MEDIA_TYPE)


def problem_of(error: HipcvError, clip: Path | None = None) -> ProblemError:
    """Return what the command line would say about an error, without the server's own path of the recording.

    Examples
    --------
    >>> problem_of(SourceError("found text in /data/7/clip.bin"), Path("/data/7/clip.bin")).detail
    'found text in the upload'
    """
    sentence = str(error)
    if clip is not None:
        sentence = sentence.replace(str(clip), "the upload")
    code = "internal"
    if isinstance(error, SourceError):
        code = "could_not_measure"
    elif isinstance(error, ModelError):
        code = "model_missing"
    return ProblemError(code, sentence)


def disk_full(trouble: str) -> ProblemError:
    """Return what whoever wants something written on a full disk is told.

    Examples
    --------
    >>> disk_full("No space left on device").status
    507
    """
    return ProblemError("disk_full", f"The server's disk takes nothing more ({trouble}): make room on it, try again.")


def waits_for_room(trouble: str) -> ProblemError:
    """Return why a recording that was taken waits: nothing is wrong with it, and nothing of it is lost.

    Examples
    --------
    >>> waits_for_room("No space left on device").status
    507
    """
    return ProblemError(
        "disk_full",
        f"The server's disk takes nothing more ({trouble}): the recording is kept and measured once there is room; "
        "delete results that nobody needs, or make room on the disk.",
    )


def wrong_arguments(error: ValidationError | RequestValidationError) -> ProblemError:
    """Return which arguments are wrong, and why.

    Examples
    --------
    >>> from hipcv_server.schemas import MeasureOptions
    >>> try:
    ...     MeasureOptions(test="seated", roll=99)
    ... except ValidationError as error:
    ...     print(wrong_arguments(error).more["errors"][0]["field"])
    roll
    """
    errors = []
    for one in error.errors():
        names = [str(part) for part in one["loc"] if part not in ("body", "query", "path", "header")]
        errors.append({"field": ".".join(names), "detail": str(one["msg"]).removeprefix("Value error, ")})
    first = errors[0] if errors else {"field": "", "detail": "the arguments do not fit"}
    named = f"{first['field']}: " if first["field"] else ""
    return ProblemError("wrong_arguments", f"Wrong arguments: {named}{first['detail']}.", more={"errors": errors})


def _allowed(app: FastAPI, path: str) -> str:
    """Return the methods that an address takes; several routes may share it."""
    described = app.openapi()["paths"]
    methods = {m.upper() for known, taken in described.items() if compile_path(known)[0].match(path) for m in taken}
    return ", ".join(sorted(methods or {"GET", "HEAD"}))


def install(app: FastAPI) -> None:
    """Let every error of an application be answered as a problem.

    Examples
    --------
    >>> app = FastAPI()
    >>> install(app)
    >>> ProblemError in app.exception_handlers
    True
    """
    from sqlalchemy.exc import DatabaseError  # workers tell problems, too, and have no database

    async def on_problem(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ProblemError)
        return error.response()

    async def on_validation(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return wrong_arguments(error).response()

    async def on_hipcv(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HipcvError)
        return problem_of(error).response()

    async def on_disk(_: Request, error: Exception) -> JSONResponse:
        trouble = disk_trouble(error)
        if trouble is None:
            raise error
        return disk_full(trouble).response()

    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            error.headers = {**(error.headers or {}), "Allow": _allowed(app, request.url.path)}
        return _http_response(error)

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HipcvError, on_hipcv)
    app.add_exception_handler(OSError, on_disk)
    app.add_exception_handler(DatabaseError, on_disk)
    app.add_exception_handler(HTTPException, on_http)


def _http_response(error: HTTPException) -> JSONResponse:
    """Return the answer for what the framework itself refused, with its own status."""
    code = _OF_STATUS.get(error.status_code, "bad_request" if error.status_code < 500 else "internal")
    texts = {
        "not_found": "There is nothing at this address.",
        "too_large": "The request is larger than this server takes; see /api/v1/limits.",
        "method_not_allowed": "This address does not take that method.",
    }
    phrase = HTTPStatus(error.status_code).phrase
    detail = texts.get(code) or (error.detail if isinstance(error.detail, str) else phrase)
    problem = ProblemError(code, detail, headers=dict(error.headers or {}))
    document = {**problem.document(), "status": error.status_code}
    return JSONResponse(document, error.status_code, problem.headers, MEDIA_TYPE)
