"""One live session: a child process, and what waits on the way to it and back.

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
from typing import Any

from pydantic import ValidationError

from hipcv.core.answers import SidePain
from hipcv.core.setup import done_fault
from hipcv.words import EndPoint
from hipcv_server.children import start_child
from hipcv_server.disk import disk_trouble
from hipcv_server.files import Shelves
from hipcv_server.links import links_of
from hipcv_server.live_worker import Command, Failed, Look, Pain, Ready, Result, Say, Seen, Who, attend, split_frame
from hipcv_server.problems import ProblemError, wrong_arguments
from hipcv_server.schemas import FrameHead, StartMessage
from hipcv_server.settings import Settings
from hipcv_server.store import JobStore, new_id, now

log = logging.getLogger("hipcv.server")

#: Messages that wait for a lost connection; a session has about 30 of them.
MAX_WAITING = 200
#: Problems with single frames are told no more often.
PROBLEM_EVERY_S = 1.0
#: A child that does not answer a frame for so long hangs.
STALL_S = 60.0


def _not_kept(error: Exception) -> ProblemError:
    trouble = disk_trouble(error)
    why = type(error).__name__ if trouble is None else f"the server's disk takes nothing more: {trouble}"
    detail = f"This result could not be kept on the server ({why}): print or save this page before you leave it."
    return ProblemError("internal" if trouble is None else "disk_full", detail)


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
        self._commands: deque[Command | Pain | Who] = deque()
        self._asked_s: float | None = None
        self._turn = threading.Condition()
        self._closed = False
        self._keeping = threading.Lock()
        self._unwanted = False
        self._folder = shelves.begin_result(self.id)
        self._child = start_child("hipcv live", attend, (settings, start, self._folder), settings.jobs)
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

    def tell_pain(self, left: SidePain | None, right: SidePain | None, end_point: EndPoint | None) -> None:
        """Pass on what was said of pain and of what ended the movement; it is heard until the result is written.

        Raises
        ------
        ProblemError
            Where nothing of the kind can have ended a test of this effort.
        """
        fault = done_fault(self.start.effort, end_point=end_point)
        if fault is not None:
            raise ProblemError("bad_request", f"{fault.sentence}.")
        with self._turn:
            self._commands.append(Pain(left, right, end_point))
            self._turn.notify()

    def point_at(self, place: tuple[float, float]) -> None:
        """Pass on who is tested."""
        with self._turn:
            self._commands.append(Who(place))
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
        options = {**self.start.model_dump(mode="json"), "keep": told.kept, "session": self.id}
        result = {"type": "result", "id": self.id, "assessment": document, "links": links_of(self.id), "problem": None}
        try:
            if not await asyncio.to_thread(self._save, options, document, told.n_frames):
                return
        except Exception as error:  # told all the same: it is all that there is of the test
            log.exception("The result of live session %s could not be kept", self.id)
            result["problem"] = _not_kept(error).document()
        self.ended = True
        self._say(result)

    def _save(self, options: dict[str, Any], document: dict[str, Any], n_frames: int) -> bool:
        """Keep the result; False where it is no longer wanted."""
        with self._keeping:
            if self._unwanted:
                return False
            if options["keep"]:
                self._store.history.consent(self.id, options.get("subject"))
            self._shelves.settle_result(self.id, self._folder)
            self._store.add_done(options, document, job_id=self.id, kind="live", n_frames=n_frames, began=self.began)
        return True

    async def give_up(self, problem: ProblemError) -> None:
        """End the session with a problem and keep nothing of it, but for a result that is being kept just now."""
        await asyncio.to_thread(self._want_nothing)
        self.fail(problem.document())

    def _want_nothing(self) -> None:
        with self._keeping:
            self._unwanted = True

    def fail(self, problem: dict[str, Any]) -> None:
        """End the session with a problem."""
        if not self.ended:
            self.ended = True
            self._say({"type": "problem", "fatal": True, "problem": problem})

    # ------------------------------------------------------------------------------------------------ in their threads

    def _hand_out(self) -> None:
        """Give the child one frame at a time, the newest, and every command in its order."""
        with suppress(OSError):
            while True:
                with self._turn:
                    self._turn.wait_for(lambda: self._closed or self._has_turn(), timeout=1.0)
                    if self._closed:
                        return
                    if self._asked_s is not None and time.monotonic() - self._asked_s > STALL_S:
                        self._child.kill()
                        return
                    if not self._has_turn():
                        continue
                    asked: Command | Pain | Who | Look
                    if self._commands:
                        asked = self._commands.popleft()
                    else:
                        assert self._newest is not None
                        (asked, self._arrived_s), self._newest = self._newest, None
                        self._asked_s = time.monotonic()
                self._child.send(asked)

    def _has_turn(self) -> bool:
        return self.ready and self._asked_s is None and (bool(self._commands) or self._newest is not None)

    def _take_in(self) -> None:
        try:
            while True:
                told = self._child.receive()
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
        except EOFError:
            how = self._child.how_it_ended()
            problem = ProblemError("worker_died", f"The session's process died ({how}): start again.").document()
            with suppress(RuntimeError):  # the loop is closed already
                self._loop.call_soon_threadsafe(self.fail, problem)

    def close(self) -> None:
        """End the child and drop what is not kept; blocks for a moment."""
        with self._turn:
            self._closed = True
            self._turn.notify()
        self._child.kill()
        self._child.end()
        self._shelves.drop_parts(self.id)
