"""`hipcv serve` and `hipcv live`, light to import."""

import os
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from hipcv.core.procedures import USUAL_TEST, TestName, procedure_named
from hipcv.words import ModelName, Sex

NOT_MEASURED, COULD_NOT_TRY = 1, 3
#: What the extra `server` brings, by import name.
_NEEDED = ("fastapi", "uvicorn", "websockets", "python_multipart", "sqlalchemy")


class LiveSide(StrEnum):
    """Sides in the order in which they are done."""

    BOTH = "both"
    LEFT = "left"
    RIGHT = "right"


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
    """Add the commands to the command line."""
    app.command("serve")(serve)
    app.command("live")(live)


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


def live(
    camera: Annotated[
        str | None,
        typer.Option(
            "--camera", help="Number of a camera (or a video file): test without a browser.", show_default=False
        ),
    ] = None,
    test: Annotated[TestName, typer.Option("--test", help="Which test to do.")] = USUAL_TEST,
    no_window: Annotated[bool, typer.Option("--no-window", help="With --camera: a line in the terminal only.")] = False,
    side: Annotated[LiveSide, typer.Option("--side", help="Which hips to test.")] = LiveSide.BOTH,
    trials: Annotated[int, typer.Option("--trials", min=1, max=10, help="Trials a side.")] = 3,
    hold: Annotated[float, typer.Option("--hold", min=0.5, max=5, help="Seconds to hold still.")] = 1.5,
    age: Annotated[float | None, typer.Option("--age", min=0, max=120, help="Age in years.")] = None,
    sex: Annotated[Sex | None, typer.Option("--sex", help="Sex, for the reference ranges.")] = None,
    roll: Annotated[float | None, typer.Option("--roll", min=-45, max=45, help="Camera roll in degrees.")] = None,
    mirrored: Annotated[
        bool | None,
        typer.Option(
            "--mirrored/--not-mirrored",
            help="With --camera: whether it gives a mirror image, which exchanges left and right.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for JSON, CSV and report; else the data folder.", show_default=False),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option("--keep", metavar="SUBJECT", help="Keep the assessment in this subject's history, too."),
    ] = None,
    model: Annotated[
        ModelName, typer.Option("--model", help="Pose model that guides; holds are measured again with heavy.")
    ] = ModelName.FULL,
    json_: Annotated[bool, typer.Option("--json", help="Print the assessment as JSON.")] = False,
    port: Port = 8765,
    no_browser: NoBrowser = False,
    data: Data = None,
    models: Models = None,
) -> None:
    """Do a test in front of a camera: on the web page, or with --camera without a browser."""
    if camera is None:
        _serve("127.0.0.1", port, data, models, no_browser=no_browser, page="#self-test")
        return
    from hipcv.core.errors import HipcvError

    try:
        from hipcv.core.setup import Setup
        from hipcv.live.coach import Plan
        from hipcv.live.screen import live_folder, run_live
        from hipcv.words import SIDES, Side
        from hipcv_server.settings import default_data

        setup = Setup(
            procedure=procedure_named(test),
            mirrored=mirrored,
            roll_deg=roll,
            age_years=age,
            sex=sex,
        )
        plan = Plan(SIDES if side is LiveSide.BOTH else (Side(side),), trials, hold)
        measured = run_live(
            camera,
            setup,
            plan,
            window=not no_window,
            folder=out or live_folder(data or default_data()),
            guide=model,
            model_path=models,
            as_json=json_,
            subject=keep,
        )
    except HipcvError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Stopped.")
    if not measured:
        raise typer.Exit(NOT_MEASURED)


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
    from hipcv_server.serve import Certificate, run
    from hipcv_server.settings import TOKEN_VARIABLE, Settings, default_data

    token = os.environ.get(TOKEN_VARIABLE) or None
    settings = Settings(data or default_data(), host=host, port=port, token=token, models=models)
    tls = None if certificate is None or key is None else Certificate(certificate, key)
    try:
        run(settings, open_browser=not no_browser, page=page, certificate=tls)
    except HipcvError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        return


def _fail(sentence: str) -> NoReturn:
    from hipcv.printable import printable

    typer.echo(f"hipcv: {printable(sentence)}", err=True)
    raise typer.Exit(COULD_NOT_TRY)
