"""The live WebSocket: frames in, readings out, one process a session; see API.md, section 4.

The newest frame wins: at most one waits while one is being looked at. What must not be lost (captured holds, the
result) waits for a browser that lost its connection; readings do not.
"""

import asyncio
import json
import logging
import secrets
import threading
import time
from collections import deque
from contextlib import suppress
from multiprocessing import get_context
from typing import Any

from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocketState

from hipcv_server.confine import describe_end
from hipcv_server.jobs import JobStore, new_id, now
from hipcv_server.live_worker import Command, Failed, Look, Ready, Result, Say, Seen, attend, split_frame
from hipcv_server.problems import ProblemError, wrong_arguments
from hipcv_server.rooms import Rooms, rooms_of
from hipcv_server.routes import PREFIX, links_of
from hipcv_server.schemas import FrameHead, StartMessage
from hipcv_server.settings import Settings
from hipcv_server.store import Shelves

log = logging.getLogger("hipcv.server")

#: Longest text message.
MAX_TEXT = 8192
#: Messages that wait for a lost connection; a session has about 30 of them.
MAX_WAITING = 200
#: Problems with single frames are told no more often.
PROBLEM_EVERY_S = 1.0
#: A child that does not answer a frame for so long hangs.
STALL_S = 60.0

DONE, NOT_ALLOWED, FAILED, STOPPING, BUSY, UNKNOWN, SILENT, TAKEN = 1000, 1008, 1011, 1012, 1013, 4404, 4408, 4409

router = APIRouter()


class LiveSession:
    """One person's test: a child process, and what waits on the way to it and back.

    All methods but the threads' own are called on the event loop.
    """

    def __init__(self, start: StartMessage, settings: Settings, shelves: Shelves, store: JobStore) -> None:
        self.id, self.token = new_id(), secrets.token_hex(16)
        self.start, self.began = start, now()
        self._settings, self._shelves, self._store = settings, shelves, store
        self._loop = asyncio.get_running_loop()
        self.changed = asyncio.Event()
        self.owner: object | None = None
        self.ended = False
        self.finishing = False
        self.ready = False
        self.coach: dict[str, Any] | None = None
        self._out: deque[dict[str, Any]] = deque(maxlen=MAX_WAITING)
        self._reading: dict[str, Any] | None = None
        self._problem_s = 0.0
        self.n_skipped = 0
        self._last_t = -1.0
        self._newest: tuple[Look, float] | None = None
        self._commands: deque[Command] = deque()
        self._asked_s: float | None = None
        self._turn = threading.Condition()
        self._closed = False
        self._folder = shelves.begin_result(self.id, 0)
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=attend, args=(theirs, settings, start, self._folder), name="hipcv live", daemon=True
        )
        self._process.start()
        theirs.close()
        self._threads = [
            threading.Thread(target=run, name=f"live {name}", daemon=True)
            for name, run in (("out", self._hand_out), ("in", self._take_in))
        ]
        for thread in self._threads:
            thread.start()

    # ------------------------------------------------------------------------------------------------ from the browser

    def put_frame(self, message: bytes) -> None:
        """Let a frame be the next to be looked at.

        Raises
        ------
        ProblemError
            Where it is no frame.
        """
        head_bytes, picture = split_frame(message)
        try:
            head = FrameHead.model_validate_json(head_bytes)
        except ValidationError as error:
            raise ProblemError("bad_request", wrong_arguments(error).detail) from error
        if self.finishing:
            return
        if not self.ready or head.t <= self._last_t:
            self.n_skipped += self.ready
            return
        self._last_t = head.t
        gravity = None if head.gravity is None else head.gravity.model_dump()
        with self._turn:
            self.n_skipped += self._newest is not None
            self._newest = (Look(head.n, head.t, gravity, picture), time.monotonic())
            self._turn.notify()

    def command(self, name: str) -> None:
        """Pass on `go`, `skip` or `finish`."""
        if self.finishing:
            return
        self.finishing = name == "finish"
        with self._turn:
            if self.finishing:
                self._newest = None
            self._commands.append(Command(name, self.n_skipped))
            self._turn.notify()

    def complain(self, problem: ProblemError) -> None:
        """Tell a problem that does not end the session, but not with every frame."""
        now_s = time.monotonic()
        if now_s - self._problem_s >= PROBLEM_EVERY_S:
            self._problem_s = now_s
            self._say({"type": "problem", "fatal": False, "problem": problem.document()})

    # -------------------------------------------------------------------------------------------------- to the browser

    def take(self) -> list[dict[str, Any]]:
        """Return what is to be sent now: everything that must arrive, and the newest reading."""
        self.changed.clear()
        messages = list(self._out)
        self._out.clear()
        if self._reading is not None:
            messages.append(self._reading)
            self._reading = None
        # nothing comes after the end
        return sorted(messages, key=lambda m: m["type"] == "result" or bool(m.get("fatal")))

    def put_back(self, messages: list[dict[str, Any]]) -> None:
        """Take back what could not be sent, except readings."""
        self._out.extendleft(m for m in reversed(messages) if m["type"] != "reading")
        self.changed.set()

    def _say(self, message: dict[str, Any]) -> None:
        if message["type"] == "working" and self._out and self._out[-1]["type"] == "working":
            self._out.pop()
        self._out.append(message)
        self.changed.set()

    # ------------------------------------------------------------------------------------------------- from the child

    def _heard(self, told: object) -> None:
        if self.ended:
            return
        if isinstance(told, Ready):
            self.ready = True
            self._say({"type": "ready"})
        elif isinstance(told, Say):
            self._say(told.message)
        elif isinstance(told, Seen):
            self._seen(told)
        elif isinstance(told, Result):
            self._loop.create_task(self._keep(told))
        elif isinstance(told, Failed):
            self.fail(told.problem)

    def _seen(self, told: Seen) -> None:
        message = told.message
        if message["type"] == "problem":
            self.complain(ProblemError("bad_request", message["problem"]["detail"]))
        elif not self.finishing:
            self.coach = message["coach"]
            self._reading = {**message, "n_skipped": self.n_skipped}
            self.changed.set()
        if told.complete and not self.finishing:
            self.command("finish")

    async def _keep(self, told: Result) -> None:
        document = json.loads(told.document)
        options = {**self.start.model_dump(), "session": self.id}
        try:
            await asyncio.to_thread(self._save, options, document, told.n_frames)
        except Exception:
            log.exception("The result of live session %s could not be kept", self.id)
            self.fail(ProblemError("internal", "The result could not be kept; the server's log has more.").document())
            return
        self.ended = True
        self._say({"type": "result", "id": self.id, "assessment": document, "links": links_of(self.id)})

    def _save(self, options: dict[str, Any], document: dict[str, Any], n_frames: int) -> None:
        self._shelves.settle_result(self.id, self._folder)
        self._store.add_done(options, document, job_id=self.id, kind="live", n_frames=n_frames, began=self.began)

    def fail(self, problem: dict[str, Any]) -> None:
        """End the session with a problem."""
        if not self.ended:
            self.ended = True
            self._say({"type": "problem", "fatal": True, "problem": problem})

    # ------------------------------------------------------------------------------------------------ in their threads

    def _hand_out(self) -> None:
        """Give the child one frame at a time, the newest, and every command in its order."""
        with suppress(OSError, ValueError):
            while True:
                with self._turn:
                    self._turn.wait_for(lambda: self._closed or self._has_turn(), timeout=1.0)
                    if self._closed:
                        return
                    if self._asked_s is not None and time.monotonic() - self._asked_s > STALL_S:
                        self._process.kill()
                        return
                    if not self._has_turn():
                        continue
                    asked: Command | Look
                    if self._commands:
                        asked = self._commands.popleft()
                    else:
                        assert self._newest is not None
                        (asked, self._arrived_s), self._newest = self._newest, None
                        self._asked_s = time.monotonic()
                self._connection.send(asked)

    def _has_turn(self) -> bool:
        return self.ready and self._asked_s is None and (bool(self._commands) or self._newest is not None)

    def _take_in(self) -> None:
        try:
            while True:
                told = self._connection.recv()
                if isinstance(told, Seen):
                    with self._turn:
                        told.message["age_ms"] = round((time.monotonic() - self._arrived_s) * 1000)
                        self._asked_s = None
                        self._turn.notify()
                self._loop.call_soon_threadsafe(self._heard, told)
                if isinstance(told, Ready):
                    with self._turn:
                        self.ready = True
                        self._turn.notify()
        except (EOFError, OSError):
            self._process.join(timeout=1.0)
            how = describe_end(self._process.exitcode)
            problem = ProblemError("worker_died", f"The session's process died ({how}): start again.").document()
            with suppress(RuntimeError):  # the loop is closed already
                self._loop.call_soon_threadsafe(self.fail, problem)

    def close(self) -> None:
        """End the child and drop what is not kept; blocks for a moment."""
        with self._turn:
            self._closed = True
            self._turn.notify()
        self._process.kill()
        self._process.join(timeout=5.0)
        self._connection.close()
        self._shelves.drop_parts(self.id)


class Desk:
    """All live sessions."""

    def __init__(self, settings: Settings, shelves: Shelves, store: JobStore) -> None:
        self._settings, self._shelves, self._store = settings, shelves, store
        self._sessions: dict[str, LiveSession] = {}

    @property
    def n_sessions(self) -> int:
        """How many sessions hold a place."""
        return len(self._sessions)

    def open(self, start: StartMessage) -> LiveSession:
        """Begin a session.

        Raises
        ------
        ProblemError
            busy where every place is taken.
        """
        limit = self._settings.live.max_sessions
        if self.n_sessions >= limit:
            detail = f"All {limit} live places of this server are taken: try again in a few minutes."
            raise ProblemError("busy", detail, more={"max_sessions": limit})
        session = LiveSession(start, self._settings, self._shelves, self._store)
        self._sessions[session.token] = session
        return session

    def find(self, token: str) -> LiveSession | None:
        """Return the session with this resume token."""
        return self._sessions.get(token)

    async def close(self, session: LiveSession) -> None:
        """End a session and free its place."""
        if self._sessions.pop(session.token, None) is not None:
            await asyncio.to_thread(session.close)

    def leave(self, session: LiveSession, owner: object) -> None:
        """Begin the time within which a session without connection can be resumed."""
        if session.owner is not owner:
            return
        session.owner = None
        asyncio.get_running_loop().create_task(self._expire(session))

    async def _expire(self, session: LiveSession) -> None:
        deadline_s = time.monotonic() + self._settings.live.resume_within_s
        while session.token in self._sessions and session.owner is None:
            await asyncio.sleep(0.1)
            working = session.finishing and not session.ended
            if time.monotonic() > deadline_s and not working and session.owner is None:
                await self.close(session)

    async def close_all(self) -> None:
        """End every session."""
        for session in list(self._sessions.values()):
            await self.close(session)


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
        if session is not None and session.owner is socket:
            await rooms.desk.close(session)
    except (RuntimeError, OSError):  # the connection broke while something was sent
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
        start.setup()
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
    elif name == "cancel":
        raise _End(DONE, cancelled=True)
    else:
        raise ProblemError("bad_request", "Wanted a frame, go, skip, finish or cancel, found something else.")


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
    with suppress(RuntimeError, OSError):
        if socket.client_state is WebSocketState.CONNECTED:
            if end.problem is not None:
                await socket.send_json({"type": "problem", "fatal": True, "problem": end.problem.document()})
            elif end.cancelled:
                await socket.send_json({"type": "cancelled"})
            await socket.close(end.code)
