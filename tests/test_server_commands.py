"""`hipcv serve` on the command line: one sentence where it cannot be, loud beyond this machine."""

import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import typer
from typer.testing import CliRunner

from hipcv.models.store import get_model
from hipcv.words import ModelName
from hipcv_server import commands, serve
from hipcv_server.settings import Settings


@pytest.fixture
def app() -> typer.Typer:
    """The command, beside another one as on the whole command line."""
    app = typer.Typer()
    app.callback()(lambda: None)
    commands.register(app)
    return app


@pytest.mark.process
def test_the_commands_are_light_to_import() -> None:
    """`hipcv --help` loads neither web stack, database, camera nor model for them."""
    code = "import sys, hipcv_server.commands; print([m for m in sys.modules if m.split('.')[0] in sys.argv[1:]])"
    heavy = ["fastapi", "uvicorn", "sqlalchemy", "pydantic", "cv2", "numpy", "mediapipe", "av", "rich"]
    shown = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True).stdout
    loaded_by_typer = subprocess.run(
        [sys.executable, "-c", code.replace("hipcv_server.commands", "typer"), *heavy],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown == loaded_by_typer


def test_without_the_extra_one_sentence_says_what_to_install(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback where the web stack is not installed."""
    monkeypatch.setattr(commands, "find_spec", lambda name: None if name in ("fastapi", "uvicorn") else object())
    told = CliRunner().invoke(app, ["serve"])
    assert told.exit_code == 3
    assert "fastapi, uvicorn" in told.output
    assert "pip install 'hipcv[server]'" in told.output


def test_a_port_that_is_taken_is_one_sentence(app: typer.Typer, tmp_path: Path) -> None:
    """Wanted, found, and what to do; status 3."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = CliRunner().invoke(app, ["serve", "--no-browser", "--port", str(port), "--data", str(tmp_path)])
    assert told.exit_code == 3
    assert f"Wanted to listen on 127.0.0.1, port {port}" in told.output
    assert "Traceback" not in told.output


@pytest.mark.model
def test_a_model_of_which_one_bit_differs_refuses_to_start(app: typer.Typer, tmp_path: Path) -> None:
    """Before anything listens; status 3, and which file it is."""
    model = bytearray(get_model(ModelName.LITE).path.read_bytes())
    model[len(model) // 2] ^= 1
    place = tmp_path / "models"
    place.mkdir()
    (place / get_model(ModelName.LITE).path.name).write_bytes(model)
    told = CliRunner().invoke(app, ["serve", "--no-browser", "--models", str(place), "--data", str(tmp_path / "data")])
    assert told.exit_code == 3
    assert "damaged" in told.output
    assert str(place) in told.output.replace("\n", "")
    assert not (tmp_path / "data").exists()


def test_half_a_certificate_is_a_wrong_argument(app: typer.Typer, tmp_path: Path) -> None:
    """Certificate and key belong together; status 2."""
    pem = tmp_path / "c.pem"
    pem.write_text("x")
    assert CliRunner().invoke(app, ["serve", "--certificate", str(pem)]).exit_code == 2


def test_on_loopback_nothing_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The address alone."""
    address = serve._announce(Settings(tmp_path), "#self-test", secure=False)
    assert address == "http://127.0.0.1:8765/#self-test"
    assert "ATTENTION" not in capsys.readouterr().out


def test_beyond_this_machine_the_token_is_shown_once_and_loudly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The token is in the address, the warning names what it opens, and what is missing without a certificate."""
    settings = replace(Settings(tmp_path), host="0.0.0.0", token="s3cret")
    serve._announce(settings, "", secure=False)
    said = capsys.readouterr().out
    assert said.count("s3cret") == 1
    assert "ATTENTION: this server listens beyond this machine" in said
    assert "unencrypted" in said
    serve._announce(settings, "", secure=True)
    said = capsys.readouterr().out
    assert "https://" in said
    assert "unencrypted" not in said


WEAK = [
    "short",
    "15-characters-!",
    " ",
    "with spaces in it, long",
    'quoted"quoted"quoted',
    "zwanzig-Zeichen-lang-ä",
    "line\nline\nline\nline\n",
]


@pytest.mark.parametrize("token", WEAK)
def test_a_token_that_keeps_nobody_out_is_refused_beyond_this_machine(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    """One sentence and status 3, before anything listens or is written; the token itself is not repeated."""
    monkeypatch.setenv("HIPCV_TOKEN", token)
    data = tmp_path / "data"
    told = CliRunner().invoke(app, ["serve", "--no-browser", "--host", "0.0.0.0", "--port", "0", "--data", str(data)])
    assert told.exit_code == 3
    assert told.output.startswith("hipcv: Wanted a token of at least 16 characters in HIPCV_TOKEN")
    assert told.output.count("\n") == 1
    assert token not in told.output.replace(" ", "") or token == " "
    assert not data.exists()


def test_a_good_token_is_taken_and_its_address_opens_the_page(tmp_path: Path) -> None:
    """Whatever a cookie carries may be in it, and comes back out of the address as it was."""
    token = "0123456789+&%=#?/"
    settings = Settings(tmp_path, host="0.0.0.0", token=token)
    assert settings.token_fault is None
    address = serve._announce(settings, "", secure=False)
    assert parse_qs(urlsplit(address).query) == {"token": [token]}


def test_on_this_machine_alone_a_token_may_be_short_and_a_name_is_no_address(tmp_path: Path) -> None:
    """Only an address in numbers is known to be this machine's; a name that looks like one may be anybody's."""
    assert Settings(tmp_path, token="short").token_fault is None
    assert Settings(tmp_path, host="127.0.0.53", token="short").token_fault is None
    assert Settings(tmp_path, host="127.example.org", token="short").token_fault is not None


def test_beyond_this_machine_a_token_is_made_where_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no way to listen to others without one."""
    started: list[Settings] = []

    def stop_here(settings: Settings) -> None:
        started.append(settings)
        raise KeyboardInterrupt

    monkeypatch.setattr(serve, "_listen", stop_here)
    with pytest.raises(KeyboardInterrupt):
        serve.run(Settings(tmp_path, host="0.0.0.0", port=0))
    assert started[0].token is not None
    assert len(started[0].token) > 40
