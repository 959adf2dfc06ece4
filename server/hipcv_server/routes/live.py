"""The live WebSocket: frames in, readings out; see API.md, section 4."""

import asyncio
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocketDisconnect, WebSocketState

from hipcv.core.answers import too_old
from hipcv.live.admission import NotAdmittedError, admit
from hipcv_server.links import PREFIX
from hipcv_server.live_session import LiveSession
from hipcv_server.problems import ProblemError, wrong_arguments
from hipcv_server.schemas import PainMessage, StartMessage, WhoMessage
from hipcv_server.state import Rooms, rooms_of

#: Longest text message.
MAX_TEXT = 8192

DONE, NOT_ALLOWED, FAILED, STOPPING, BUSY, UNKNOWN, SILENT, TAKEN = 1000, 1008, 1011, 1012, 1013, 4404, 4408, 4409

#: What is raised where the connection breaks while something is sent.
_BROKEN = (RuntimeError, OSError, WebSocketDisconnect)

router = APIRouter()


class _Resume(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: str = Field(pattern="^resume$")
    token: str = Field(min_length=32, max_length=32)


class _End(Exception):  # noqa: N818 - not an error
    """The connection is to be closed with a code, after a fatal problem if there is one."""

    def __init__(self, code: int, problem: ProblemError | None = None, *, cancelled: bool = False) -> None:
        super().__init__(code)
        self.code, self.problem, self.cancelled = code, problem, cancelled


@router.websocket(f"{PREFIX}/live")
async def live(socket: WebSocket) -> None:
    """Hold one connection of a live session."""
    rooms = rooms_of(socket)
    await socket.accept()
    session: LiveSession | None = None
    try:
        session, resumed = await _greet(socket, rooms)
        await _converse(socket, rooms, session, resumed)
    except _End as end:
        await _close(socket, end)
        if session is not None and session.owner is socket and end.code != STOPPING:  # the server itself ends them all
            await rooms.desk.close(session)
    except _BROKEN:
        pass
    finally:
        if session is not None:
            rooms.desk.leave(session, socket)


async def _greet(socket: WebSocket, rooms: Rooms) -> tuple[LiveSession, bool]:
    """Wait for the first message, and begin or resume a session."""
    try:
        message = await asyncio.wait_for(socket.receive(), rooms.settings.live.start_within_s)
    except TimeoutError:
        detail = "Wanted a start or resume message, none came in time."
        raise _End(NOT_ALLOWED, ProblemError("timed_out", detail)) from None
    if message["type"] == "websocket.disconnect":
        raise _End(DONE)
    text = message.get("text")
    try:
        given = json.loads(text) if text is not None and len(text) <= MAX_TEXT else None
        if isinstance(given, dict) and given.get("type") == "resume":
            return _resume(rooms, _Resume.model_validate(given).token, socket), True
        start = StartMessage.model_validate(given)
        start.plan()
        _admit(start)
        session = rooms.desk.open(start)
        session.owner = socket
        return session, False
    except ValidationError as error:
        raise _End(NOT_ALLOWED, wrong_arguments(error)) from error
    except ValueError as error:
        problem = ProblemError(
            "bad_request", f"Wanted a start or resume message as JSON, found something else: {error}."
        )
        raise _End(NOT_ALLOWED, problem) from error
    except ProblemError as problem:
        raise _End(BUSY, problem) from problem


def _admit(start: StartMessage) -> None:
    """Refuse a test that the answers before it speak against, and answers that no longer hold."""
    setup, today = start.setup(), datetime.now(UTC).date()
    old = None if setup.screened_on is None else too_old(setup.screened_on, today)
    if old is not None:
        raise _End(NOT_ALLOWED, ProblemError("wrong_arguments", f"{old}."))
    try:
        admit(setup)
    except NotAdmittedError as error:
        raise _End(NOT_ALLOWED, ProblemError("not_admitted", str(error))) from error


def _resume(rooms: Rooms, token: str, socket: WebSocket) -> LiveSession:
    session = rooms.desk.find(token)
    if session is None:
        limit = rooms.settings.live.resume_within_s
        detail = f"This session is over: it can be resumed within {limit:g} s. Start a new one."
        raise _End(UNKNOWN, ProblemError("not_found", detail))
    session.owner = socket
    session.changed.set()
    return session


async def _converse(socket: WebSocket, rooms: Rooms, session: LiveSession, resumed: bool) -> None:
    start = session.start
    greeting: dict[str, Any] = {
        "type": "resumed" if resumed else "started",
        "session": session.id,
        "token": session.token,
        "resume_within_s": rooms.settings.live.resume_within_s,
        "plan": {
            "test": start.test,
            "sides": start.sides,
            "trials": start.trials,
            "hold_s": start.hold_s,
            "countdown_s": start.countdown_s,
        },
    }
    if resumed:
        greeting["coach"] = session.coach
    await socket.send_json(greeting)
    if resumed and session.ready:
        await socket.send_json({"type": "ready"})
    tasks = [
        asyncio.create_task(step)
        for step in (_hear(socket, rooms, session), _tell(socket, session), _watch(socket, rooms, session))
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        # an end that was asked for counts more than a connection that broke at the same moment
        for task in sorted(done, key=lambda task: not isinstance(task.exception(), _End)):
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _hear(socket: WebSocket, rooms: Rooms, session: LiveSession) -> None:
    """Take in what the browser sends until it goes."""
    limits = rooms.settings.live
    while True:
        try:
            message = await asyncio.wait_for(socket.receive(), limits.silence_s)
        except TimeoutError:
            if session.finishing or not session.ready:
                continue
            detail = f"Nothing came for {limits.silence_s:g} s: the session was ended."
            raise _End(SILENT, ProblemError("timed_out", detail)) from None
        if message["type"] == "websocket.disconnect":
            return
        if session.owner is not socket:
            continue
        try:
            if message.get("bytes") is not None:
                session.put_frame(message["bytes"])
            else:
                await _obey(message["text"], session)
        except ProblemError as problem:
            session.complain(problem)


async def _obey(text: str, session: LiveSession) -> None:
    try:
        given = json.loads(text) if len(text) <= MAX_TEXT else None
    except (ValueError, RecursionError):
        given = None
    name = given.get("type") if isinstance(given, dict) else None
    if name in ("go", "skip", "finish"):
        session.command(name)
    elif name in ("pain", "who"):
        try:
            if name == "pain":
                told = PainMessage.model_validate(given)
                session.tell_pain(*told.sides(), told.end_point)
            else:
                session.point_at(WhoMessage.model_validate(given).place())
        except ValidationError as error:
            raise ProblemError("bad_request", wrong_arguments(error).detail) from error
    elif name == "cancel":
        raise _End(DONE, cancelled=True)
    else:
        raise ProblemError(
            "bad_request", "Wanted a frame, who, go, skip, finish, pain or cancel, found something else."
        )


async def _tell(socket: WebSocket, session: LiveSession) -> None:
    """Send what there is to say."""
    while True:
        await session.changed.wait()
        messages = session.take()
        while messages:
            try:
                await socket.send_json(messages[0])
            except BaseException:
                session.put_back(messages)
                raise
            sent = messages.pop(0)
            if sent["type"] == "result":
                raise _End(DONE)
            if sent.get("fatal"):
                raise _End(FAILED)


async def _watch(socket: WebSocket, rooms: Rooms, session: LiveSession) -> None:
    """End the connection when the server stops, the session is taken over, or it lasts too long."""
    deadline_s = time.monotonic() + rooms.settings.live.max_duration_s
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(rooms.stopping.wait(), 0.2)
            raise _End(STOPPING, ProblemError("stopping", "The server stops."))
        if session.owner is not socket:
            raise _End(TAKEN)
        if time.monotonic() > deadline_s and not session.finishing:
            session.command("finish")


async def _close(socket: WebSocket, end: _End) -> None:
    with suppress(*_BROKEN):
        if socket.client_state is WebSocketState.CONNECTED:
            if end.problem is not None:
                await socket.send_json({"type": "problem", "fatal": True, "problem": end.problem.document()})
            elif end.cancelled:
                await socket.send_json({"type": "cancelled"})
            await socket.close(end.code)
