"""Only the right host, the same origin and whoever has the token are let in, over HTTP and WebSocket alike."""

import asyncio
import io
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect

from hipcv.printable import printable
from hipcv_server import logs
from hipcv_server.app import create_app
from hipcv_server.logs import PlainFormatter
from hipcv_server.security import HEADERS, host_names
from hipcv_server.settings import JobLimits, Settings

HOME = "http://127.0.0.1:8765"
TOKEN = "c0rrect-h0rse-battery"
HOSTILE_HOSTS = [
    "evil.com",
    "evil.com:8765",
    "127.0.0.1.evil.com",
    "localhost.evil.com",
    "evil-localhost",
    "127.0.0.1@evil.com",
    "evil.com#127.0.0.1",
    "evil.com/localhost",
    "0.0.0.0:8765",
    "127.0.0.2",
    "[::2]:8765",
    "2130706433",
    "0x7f000001",
    "localhost:8765:1",
    "localhost:",
    " localhost",
    "",
]


def _settings(folder: Path) -> Settings:
    return Settings(folder, jobs=JobLimits(n_workers=0))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """A server on loopback that scores nothing."""
    return create_app(_settings(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client on the same machine, no browser."""
    with TestClient(app, base_url=HOME) as client:
        yield client


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a server that needs a token."""
    settings = replace(_settings(tmp_path_factory.mktemp("guarded")), host="0.0.0.0", token=TOKEN)
    with TestClient(create_app(settings), base_url=HOME) as client:
        yield client


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
def test_a_hostile_host_is_refused(client: TestClient, host: str) -> None:
    """A name that was made to point here (DNS rebinding) gets nothing, neither page nor interface."""
    for path in ("/", "/api/v1/assessments", "/api/v1/health"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert answer.json()["code"] == "wrong_host"


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
def test_a_hostile_host_opens_no_socket(client: TestClient, host: str) -> None:
    """The same holds for the live session."""
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/v1/live", headers={"Host": host}):
        pass


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8765", "127.0.0.1", "127.0.0.1:8765", "[::1]:8765"])
def test_the_servers_own_names_are_accepted(client: TestClient, host: str) -> None:
    """Whatever port the request came by."""
    assert client.get("/api/v1/health", headers={"Host": host}).status_code == 200


FOREIGN = [
    {"Origin": "http://evil.com"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "http://127.0.0.1:8765.evil.com"},
    {"Origin": "file://"},
    {"Origin": "http://[bad"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": HOME},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_page_changes_nothing(client: TestClient, headers: dict[str, str]) -> None:
    """Uploads, cancelling and deleting from other pages are refused before anything is read."""
    for method, path in (
        ("POST", "/api/v1/assessments"),
        ("POST", "/api/v1/assessments/0123456789abcdef/cancel"),
        ("DELETE", "/api/v1/assessments/0123456789abcdef"),
    ):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["code"] == "cross_origin"


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_page_opens_no_live_session(client: TestClient, headers: dict[str, str]) -> None:
    """Cross-site WebSocket hijacking ends at the handshake."""
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/v1/live", headers=headers):
        pass


def test_the_own_page_and_programs_without_a_browser_may(client: TestClient) -> None:
    """Same origin, or none at all, goes through: what comes back is about the request itself."""
    for headers in ({}, {"Origin": HOME, "Sec-Fetch-Site": "same-origin"}):
        assert client.post("/api/v1/assessments", headers=headers).status_code == 400


def _operations(app: FastAPI) -> list[tuple[str, str]]:
    paths = app.openapi()["paths"]
    listed = [(m.upper(), path.replace("{job_id}", "0123456789abcdef")) for path in paths for m in paths[path]]
    others = [("GET", route.path) for route in app.routes if isinstance(route, Route) and route.path not in paths]
    return [*listed, *others, ("GET", "/"), ("GET", "/anything")]


def test_without_the_token_every_route_but_the_watchdogs_is_closed(app: FastAPI, guarded: TestClient) -> None:
    """The routes are those that the server itself lists: a new one is closed until somebody says otherwise."""
    closed = 0
    for method, path in _operations(app):
        if path in ("/api/v1/health", "/api/v1/ready"):
            continue
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "hipcv_token=wrong"}):
            answer = guarded.request(method, path, headers=headers, follow_redirects=False)
            assert answer.status_code == 401, (method, path, headers)
            assert TOKEN not in answer.text
            closed += 1
    assert closed > 40
    with pytest.raises(WebSocketDisconnect), guarded.websocket_connect("/api/v1/live"):
        pass


def test_the_token_opens_by_header_or_by_cookie(guarded: TestClient) -> None:
    """Programs send it, browsers exchange it for a cookie that no script can read, and it leaves the address."""
    shown = {"Authorization": f"Bearer {TOKEN}"}
    assert guarded.get("/api/v1/assessments", headers=shown).status_code == 200
    entered = guarded.get(f"/?token={TOKEN}&side=left", follow_redirects=False)
    assert entered.status_code == 303
    assert entered.headers["location"] == "/?side=left"
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert guarded.get("/api/v1/assessments").status_code == 200
    guarded.cookies.clear()
    assert guarded.get("/?token=wrong", follow_redirects=False).status_code == 401


def test_beyond_loopback_addresses_are_accepted_and_foreign_names_are_not(tmp_path: Path) -> None:
    """Somebody on the same network types the address in numbers; a rebound name stays out."""
    names = host_names(replace(_settings(tmp_path), host="0.0.0.0"))
    assert names.accept("192.168.1.20:8765")
    assert names.accept("[fe80::1]:8765")
    assert not names.accept("evil.com")
    assert host_names(replace(_settings(tmp_path), host="clinic.local")).accept("clinic.local:80")


def test_every_answer_carries_the_protecting_headers(app: FastAPI, client: TestClient) -> None:
    """Content policy without inline script, no sniffing, no referrer, camera for this page only, nothing stored."""
    for method, path in _operations(app):
        answer = client.request(method, path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (method, path, name)
    assert "'unsafe" not in HEADERS["Content-Security-Policy"]


def test_errors_are_problems_whatever_goes_wrong(client: TestClient) -> None:
    """Every refusal is application/problem+json with a sentence to show."""
    for method, path in (
        ("GET", "/api/v1/nothing"),
        ("PUT", "/api/v1/assessments"),
        ("GET", "/api/v1/assessments/0123456789abcdef"),
        ("GET", "/api/v1/assessments?limit=0"),
        ("GET", "/api/v1/norms?age=-1"),
        ("POST", "/api/v1/assessments"),
    ):
        answer = client.request(method, path)
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["status"] == answer.status_code
        assert problem["detail"].endswith(".")
        assert problem["code"]


def test_what_nobody_foresaw_is_a_problem_without_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the server tells its name and nothing else, with all headers."""
    from hipcv_server.store import JobStore

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    with TestClient(create_app(_settings(tmp_path)), base_url=HOME, raise_server_exceptions=False) as client:
        monkeypatch.setattr(JobStore, "page", fail)
        answer = client.get("/api/v1/assessments")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "secret detail" not in answer.text
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


HOSTILE = "\x1b[31mred\x07\r\nERROR: forged\x9b2J\u202egnp.exe\x7f"


def _logged(raised: Exception, path: str) -> str:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(PlainFormatter("%(levelname)s: %(message)s"))
    logger = logging.getLogger("hipcv.server")
    logger.addHandler(handler)
    try:
        raise raised
    except ValueError:
        logger.exception("%s %s failed", "GET", path)
    finally:
        logger.removeHandler(handler)
    return written.getvalue()


def test_a_log_line_is_one_line_and_no_command_to_a_terminal() -> None:
    """Whatever a request or a recording is called: control characters are written out, in tracebacks, too."""
    written = _logged(ValueError(HOSTILE), HOSTILE)
    assert all(character.isprintable() or character == "\n" for character in written)
    assert written.startswith("ERROR: GET \\u001b[31mred\\u0007\\u000d\\u000aERROR: forged")
    assert not any(line.startswith("ERROR: forged\\x9b") for line in written.splitlines()[:1])
    assert "Traceback" in written
    assert printable("Größe 30° – ja\ud800") == "Größe 30° – ja\\ud800"


def test_every_logger_of_the_server_writes_that_way() -> None:
    """The server's own, uvicorn's, and those of its children, which are told by the same table."""
    for name in ("hipcv.server", "uvicorn"):
        assert logs.CONFIG["loggers"][name]["handlers"] == ["stderr"]
    assert logs.CONFIG["handlers"]["stderr"]["formatter"] == "plain"
    assert logs.CONFIG["formatters"]["plain"]["()"] is PlainFormatter


def test_an_upload_that_breaks_off_leaves_no_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever closes the tab is nobody's fault; the half recording goes."""

    async def broken_off(_: object = None) -> dict[str, object]:
        return next(messages)

    begun = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\0\0\0\x18ftypmp42'
    messages = iter(({"type": "http.request", "body": begun, "more_body": True}, {"type": "http.disconnect"}))
    sent: list[object] = []

    async def send(message: object) -> None:
        sent.append(message)

    async def post(app: FastAPI) -> None:
        headers = [(b"host", b"127.0.0.1"), (b"content-type", b"multipart/form-data; boundary=x")]
        where = {"path": "/api/v1/assessments", "raw_path": b"/api/v1/assessments", "query_string": b""}
        scope = {"type": "http", "method": "POST", "headers": headers, "scheme": "http", **where}
        async with app.router.lifespan_context(app):
            await app(scope, broken_off, send)  # type: ignore[arg-type]

    asyncio.run(post(create_app(_settings(tmp_path))))
    assert caplog.text == ""
    assert sent == []
    assert not list((tmp_path / "uploads").iterdir())


def test_a_live_connection_that_breaks_while_it_is_answered_is_no_error(tmp_path: Path) -> None:
    """The answer finds nobody: the server goes on, and says nothing of it."""
    messages = iter(({"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}))

    async def receive() -> dict[str, object]:
        return next(messages)

    async def send(message: dict[str, object]) -> None:
        if message["type"] != "websocket.accept":
            raise OSError("the connection is gone")

    async def connect(app: FastAPI) -> None:
        where = {"path": "/api/v1/live", "raw_path": b"/api/v1/live", "query_string": b"", "subprotocols": []}
        scope = {"type": "websocket", "headers": [(b"host", b"127.0.0.1")], "scheme": "ws", **where}
        async with app.router.lifespan_context(app):
            await app(scope, receive, send)  # type: ignore[arg-type]

    asyncio.run(connect(create_app(_settings(tmp_path))))
