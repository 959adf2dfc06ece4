"""Who may speak to the server: the right host, the same origin, the token; and the headers on every answer.

A server on one's own machine is reached by every page that one's browser shows. Names that point at it by a trick (DNS
rebinding), forms and sockets opened by other pages, and frames around it are kept out here, for HTTP and WebSocket
alike, before anything else looks at the request.
"""

import asyncio
import hmac
import ipaddress
import logging
import re
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hipcv_server.problems import ProblemError
from hipcv_server.settings import LOOPBACK, Settings

log = logging.getLogger("hipcv.server")

COOKIE = "hipcv_token"
#: What a watchdog may ask without a token; it says nothing about anybody.
OPEN_PATHS = ("/api/v1/health", "/api/v1/ready")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
#: A report is one file with its own styles and pictures; it runs no script and fetches nothing.
REPORT_POLICY = "; ".join(
    (
        "sandbox allow-popups allow-popups-to-escape-sandbox allow-modals",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(self), accelerometer=(self), gyroscope=(self), microphone=(), geolocation=(), display-capture=(), "
        "payment=(), usb=()"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class HostNames:
    """The names under which a server answers.

    Parameters
    ----------
    names : lower case, IPv6 without brackets.
    any_address : whether any address in numbers is fine: nobody can make a name point at the server that way.

    Examples
    --------
    >>> own = HostNames(frozenset({"localhost"}))
    >>> own.accept("localhost:8765"), own.accept("evil.example"), own.accept("192.168.1.7")
    (True, False, False)
    """

    names: frozenset[str]
    any_address: bool = False

    def accept(self, host: str) -> bool:
        """Whether a Host header names this server."""
        match = _HOST.fullmatch(host.lower())
        if match is None:
            return False
        name = match["name"].strip("[]")
        return name in self.names or (self.any_address and _is_address(name))


def host_names(settings: Settings) -> HostNames:
    """Return the names under which a server with these settings answers.

    Examples
    --------
    >>> from pathlib import Path
    >>> host_names(Settings(Path("data"))).accept("127.0.0.1:8765")
    True
    """
    if settings.on_loopback:
        return HostNames(frozenset({*LOOPBACK, settings.host}))
    if settings.host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared with, not listened on
        own = socket.gethostname().lower()
        return HostNames(frozenset({*LOOPBACK, own, f"{own}.local"}), any_address=True)
    return HostNames(frozenset({settings.host.lower()}))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@dataclass(slots=True)
class Guard:
    """Checks every request and socket, and puts the headers on every answer.

    Parameters
    ----------
    app : what is guarded.
    settings : where the server listens, and its token.
    """

    app: ASGIApp
    settings: Settings
    _names: HostNames = field(init=False)

    def __post_init__(self) -> None:
        self._names = host_names(self.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer with a problem."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        answer = self._refusal(scope)
        if scope["type"] == "websocket":
            if answer is None:
                with suppress(asyncio.CancelledError):  # see `_answer`
                    await self.app(scope, receive, send)
            else:
                await _refuse_socket(receive, send)
            return
        await _answer(answer or self.app, scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._names.accept(hosts[0]):
            known = ", ".join(sorted(self._names.names))
            return ProblemError(
                "wrong_host", f"This server answers as {known}; open it under one of these names."
            ).response()
        changing = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if changing and not _same_origin(headers, hosts[0]):
            return ProblemError(
                "cross_origin", "Only this server's own page may do that; open the page and do it there."
            ).response()
        return self._token_refusal(scope, headers)

    def _token_refusal(self, scope: Scope, headers: Headers) -> Response | None:
        token = self.settings.token
        if token is None:
            return None
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if scope["type"] == "http" and scope["path"] == "/" and "token" in query:
            if _equal(query.pop("token")[0], token):
                return _signed_in(token, query, secure=scope.get("scheme") == "https")
        elif scope["path"] in OPEN_PATHS or any(_equal(shown, token) for shown in _shown_tokens(headers)):
            return None
        return ProblemError(
            "token_needed",
            "A token is needed: open the address that `hipcv serve` printed when it started, or send it as "
            "`Authorization: Bearer TOKEN`.",
            headers={"WWW-Authenticate": 'Bearer realm="hipcv"'},
        ).response()


def _same_origin(headers: Headers, host: str) -> bool:
    """Whether a request comes from this server's own page, or from no browser at all."""
    origins = headers.getlist("origin")
    if len(origins) > 1 or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    if not origins:
        return True
    try:
        parts = urlsplit(origins[0])
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _shown_tokens(headers: Headers) -> list[str]:
    shown = []
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        shown.append(value.strip())
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        cookie = None
    if cookie is not None:
        shown.append(cookie.value)
    return shown


def _equal(shown: str, token: str) -> bool:
    return hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), token.encode())


def _signed_in(token: str, query: dict[str, list[str]], *, secure: bool) -> Response:
    """Put the token into a cookie and take it out of the address."""
    rest = urlencode(query, doseq=True)
    response = RedirectResponse(f"/?{rest}" if rest else "/", status_code=303)
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/")
    return response


async def _answer(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the headers that every answer has; what nobody caught is a problem, too.

    A server that stops cancels what is not done in time, and would write down what that raises.
    """
    started = False

    async def send_with_headers(message: Message) -> None:
        nonlocal started
        if message["type"] == "http.response.start":
            started = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    try:
        await app(scope, receive, send_with_headers)
    except ClientDisconnect:  # a closed tab is no fault, and nobody is left to be answered
        return
    except asyncio.CancelledError:
        if not started:
            stopping = ProblemError("stopping", "The server stops: send this again once it runs.")
            await stopping.response()(scope, receive, send_with_headers)
    except Exception as error:
        log.exception("%s %s failed", scope["method"], scope["path"])
        if started:
            raise
        problem = ProblemError("internal", f"The server failed ({type(error).__name__}); its log has more.")
        await problem.response()(scope, receive, send_with_headers)


async def _refuse_socket(receive: Receive, send: Send) -> None:
    """Close a socket before it is open: a browser sees a failed connection, nothing more."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})
