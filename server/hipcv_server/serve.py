"""Runs the server until it is told to stop."""

import asyncio
import secrets
import socket
import sys
import webbrowser
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import uvicorn

from hipcv.core.errors import ModelError, SourceError
from hipcv.models.store import ModelState, check_models
from hipcv.printable import printable
from hipcv_server import logs
from hipcv_server.app import create_app, open_data
from hipcv_server.deadline import with_deadlines
from hipcv_server.settings import Settings

#: So long the running requests have when the server is told to stop.
GRACE_S = 5
#: A live frame's own head comes on top of its picture.
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a TLS certificate and its key."""

    certificate: Path
    key: Path


class _Server(uvicorn.Server):
    """Opens the browser once it listens, and tells the application when it is told to stop."""

    def __init__(self, config: uvicorn.Config, address: str | None) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._address is not None:
            await asyncio.to_thread(webbrowser.open, self._address)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        rooms = getattr(getattr(app, "state", None), "rooms", None)
        if rooms is not None:
            rooms.stopping.set()
        await super().shutdown(sockets)


def run(
    settings: Settings, *, open_browser: bool = True, page: str = "", certificate: Certificate | None = None
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Parameters
    ----------
    settings : where to listen, the data folder, the limits; a missing token is made where one is needed.
    open_browser : show the page once the server listens.
    page : fragment of the page to open, such as "#self-test".
    certificate : serve https.

    Raises
    ------
    SourceError
        Where the address cannot be listened on, or the token is none that keeps others out.
    HistoryError
        Where the data folder cannot be used.
    ModelError
        Where a pose model that is here is not the one that was published.
    """
    if settings.token_fault is not None:
        raise SourceError(settings.token_fault)
    _check_models(settings)
    if not settings.on_loopback and settings.token is None:
        settings = replace(settings, token=secrets.token_urlsafe(32))
    with open_data(settings):
        pass
    listening = _listen(settings)
    settings = replace(settings, port=listening.getsockname()[1])
    address = _announce(settings, page, secure=certificate is not None)
    config = uvicorn.Config(
        create_app(settings),
        http=with_deadlines(settings.header_s, settings.upload.idle_s),
        ws="websockets-sansio",
        ws_max_size=settings.live.max_frame_bytes + _HEAD_BYTES,
        ws_per_message_deflate=False,
        access_log=False,
        log_config=logs.CONFIG,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=None if certificate is None else certificate.certificate,
        ssl_keyfile=None if certificate is None else certificate.key,
    )
    _Server(config, address if open_browser else None).run(sockets=[listening])


def _check_models(settings: Settings) -> None:
    """Read every pose model that is here; better no server than one whose every measurement fails."""
    for status in check_models(settings.models):
        if status.state is ModelState.DAMAGED:
            raise ModelError(status.detail)


def _listen(settings: Settings) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            if sys.platform != "win32":
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise SourceError(
            f"Wanted to listen on {settings.host}, port {settings.port}, but could not ({error.strerror}): "
            "end what holds it, or give another with --host and --port."
        ) from error
    return listening


def _announce(settings: Settings, page: str, *, secure: bool) -> str:
    """Print where the server is and who can reach it; return the address to open."""
    wildcard = settings.host in ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on
    host = "127.0.0.1" if wildcard else settings.host
    host = f"[{host}]" if ":" in host else host
    query = f"?token={quote(settings.token, safe='')}" if settings.token is not None else ""
    address = f"{'https' if secure else 'http'}://{host}:{settings.port}/{query}{page}"
    lines = [f"hipcv serves {address}", f"Results are kept in {printable(str(settings.data))}. Ctrl-C ends it."]
    if not settings.on_loopback:
        lines += [
            "ATTENTION: this server listens beyond this machine. Whoever has the token above sees every result on it."
        ]
        if not secure:
            lines.append(
                "Without --certificate the token and the pictures travel unencrypted, and browsers on other machines "
                "do not let the page use their camera."
            )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return address
