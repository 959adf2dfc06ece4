"""`hipcv serve`, light to import."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

COULD_NOT_TRY = 3
#: What the extra `server` brings, by import name.
_NEEDED = ("fastapi", "uvicorn", "websockets", "python_multipart", "sqlalchemy")


Host = Annotated[str, typer.Option("--host", help="Address to listen on; beyond 127.0.0.1 a token is needed.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open the page.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder for database and results; else HIPCV_DATA.", show_default=False),
]
Models = Annotated[
    Path | None, typer.Option("--models", help="Model file, or folder to look in first.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("serve")(serve)


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8765,
    no_browser: NoBrowser = False,
    data: Data = None,
    models: Models = None,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", exists=True, dir_okay=False, help="TLS certificate (PEM).", show_default=False),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", exists=True, dir_okay=False, help="Key of the certificate (PEM).", show_default=False),
    ] = None,
) -> None:
    """Serve the web page and the API on this machine."""
    if (certificate is None) != (key is None):
        raise typer.BadParameter("give both --certificate and --key, or neither")
    _serve(host, port, data, models, no_browser=no_browser, certificate=certificate, key=key)


def open_page(page: str, port: int, data: Path | None, models: Path | None, *, no_browser: bool) -> None:
    """Serve this machine alone, and open one of the pages (its fragment, such as "#self-test")."""
    _serve("127.0.0.1", port, data, models, no_browser=no_browser, page=page)


def _serve(
    host: str,
    port: int,
    data: Path | None,
    models: Path | None,
    *,
    no_browser: bool,
    page: str = "",
    certificate: Path | None = None,
    key: Path | None = None,
) -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        _fail(
            f"The web server needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed: "
            "run `pip install 'hipcv[server]'`."
        )
    from hipcv.core.errors import HipcvError
    from hipcv.data_folder import data_folder
    from hipcv_server.serve import Certificate, run
    from hipcv_server.settings import TOKEN_VARIABLE, Settings

    token = os.environ.get(TOKEN_VARIABLE) or None
    settings = Settings(data or data_folder(), host=host, port=port, token=token, models=models)
    tls = None if certificate is None or key is None else Certificate(certificate, key)
    try:
        run(settings, open_browser=not no_browser, page=page, certificate=tls)
    except HipcvError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        return


def forget_elsewhere(tokens: tuple[str, ...], person: str | None) -> None:
    """Delete what a server keeps about deleted assessments: its jobs, their files, and what still waits of a person."""
    from hipcv.data_folder import data_folder
    from hipcv_server.erase import erase

    erase(data_folder(), tokens, person)


def _fail(sentence: str) -> NoReturn:
    from hipcv.printable import printable

    typer.echo(f"hipcv: {printable(sentence)}", err=True)
    raise typer.Exit(COULD_NOT_TRY)
