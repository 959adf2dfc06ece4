"""A server that stops ends what is under way in one sentence, however little it gets done meanwhile."""

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from hipcv_server.app import create_app
from hipcv_server.live_session import LiveSession
from hipcv_server.settings import JobLimits, LiveLimits, Settings

pytestmark = pytest.mark.process

START = json.dumps({"type": "start", "test": "seated", "model": "lite"})


class UnderWay:
    """A request or a socket of an application, as a server hands it on: what it has said so far, and its task."""

    def __init__(self, app: FastAPI, kind: str, path: str, *given: dict[str, Any], headers: dict[str, str]) -> None:
        self.sent: list[dict[str, Any]] = []
        self._given: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for message in given:
            self._given.put_nowait(message)
        named = {"host": "127.0.0.1:8765", **headers}
        scope = {
            "type": kind,
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        }
        self.takes = True
        self.task = asyncio.create_task(app(scope, self._given.get, self._send))

    async def _send(self, message: Any) -> None:
        if not self.takes:
            await asyncio.Event().wait()
        self.sent.append(message)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not true():
                await asyncio.sleep(0.01)


def test_a_request_that_is_cancelled_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """The web server cancels what is not done in time, and writes down whatever that raises."""

    async def run() -> list[dict[str, Any]]:
        app = create_app(Settings(tmp_path, jobs=JobLimits(n_workers=0)))
        async with app.router.lifespan_context(app):
            half = {"type": "http.request", "body": b"--x\r\n", "more_body": True}
            form = {"content-type": "multipart/form-data; boundary=x"}
            upload = UnderWay(app, "http", "/api/v1/assessments", half, headers=form)
            await upload.until(lambda: any((tmp_path / "uploads").iterdir()))
            upload.task.cancel()
            await upload.task
            return upload.sent

    begun, body = asyncio.run(run())
    assert begun["status"] == 503
    assert json.loads(body["body"])["code"] == "stopping"
    assert not any((tmp_path / "uploads").iterdir())


def test_a_live_session_that_is_slow_to_end_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection closes at once; one that takes nothing any more is cancelled, and raises nothing."""
    slow, close = threading.Event(), LiveSession.close
    app = create_app(Settings(tmp_path, live=LiveLimits(max_sessions=2)))

    def close_slowly(session: LiveSession) -> None:
        assert slow.wait(60)
        close(session)

    async def run() -> list[dict[str, Any]]:
        async with app.router.lifespan_context(app):
            given = {"type": "websocket.connect"}, {"type": "websocket.receive", "text": START}
            quick, stuck = (UnderWay(app, "websocket", "/api/v1/live", *given, headers={}) for _ in range(2))
            for one in (quick, stuck):
                await one.until(lambda one=one: len(one.sent) == 2)  # type: ignore[misc]
            stuck.takes = False
            app.state.rooms.stopping.set()
            async with asyncio.timeout(60):
                await quick.task
            stuck.task.cancel()
            await stuck.task
            slow.set()
            return quick.sent

    monkeypatch.setattr(LiveSession, "close", close_slowly)
    accepted, started, told, closed = asyncio.run(run())
    assert accepted["type"] == "websocket.accept"
    assert json.loads(started["text"])["type"] == "started"
    assert json.loads(told["text"])["problem"]["code"] == "stopping"
    assert closed == {"type": "websocket.close", "code": 1012, "reason": ""}
