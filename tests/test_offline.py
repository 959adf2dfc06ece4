"""Nothing leaves the machine: the pose library's usage log has no way out, and everything else keeps its own."""

import contextlib
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from batch_recordings import write_recording
from test_browser import FLAGS
from test_server_running import START, hear, packed, start, stop, upload, wait
from websockets.exceptions import ConnectionClosed

from hipcv.cli import app
from hipcv.core.errors import ModelError
from hipcv.core.setup import Setup
from hipcv.data_folder import DATA_VARIABLE
from hipcv.measurement import measure_file
from hipcv.models.bundle import Client, Package, _run_client
from hipcv.models.store import AcceptedFile, Origin, _download, get_model
from hipcv.native.offline import offline_thread
from hipcv.outputs.document import document_text
from hipcv.sources.stills import encode_still
from hipcv.sources.video import open_video
from hipcv.words import ModelName

pytestmark = pytest.mark.process

TRACE = ("strace", "-D", "-f", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-e", "signal=term", "-o")
_PLACE = re.compile(r'sin6?_port=htons\((?P<port>\d+)\).*?inet_(?:addr\(|pton\(AF_INET6, )"(?P<host>[^"]+)"')


def can_trace() -> str:
    """Return why system calls cannot be watched here; "" where they can."""
    if shutil.which("strace") is None:
        return "strace is not here: nobody looks at what leaves this machine"
    done = subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], capture_output=True, check=False)
    return "strace may not watch processes here" if done.returncode else ""


traced = pytest.mark.skipif(bool(can_trace()), reason=can_trace() or "it can be traced")


def takes_filters() -> bool:
    """Whether this is a kernel, and a processor, that refuses a thread its sockets."""
    actions = Path("/proc/sys/kernel/seccomp/actions_avail")
    return actions.is_file() and "errno" in actions.read_text() and platform.machine() in ("x86_64", "aarch64")


filtered = pytest.mark.skipif(not takes_filters(), reason="no kernel that filters a thread's system calls")


def outside(log: Path, pid: int) -> list[str]:
    """Return what a traced process and its children sent, or tried to, beyond this machine, once it has ended.

    A question for an address counts wherever it goes: a resolver on loopback asks on.
    """
    ended = re.compile(rf"^{pid} +\+\+\+ ", re.MULTILINE)
    for _ in range(300):
        if ended.search(log.read_text("utf-8", "replace")):
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the trace has no end")
    found = []
    for line in log.read_text("utf-8", "replace").splitlines():
        for place in _PLACE.finditer(line):
            on_loopback = place["host"].startswith("127.") or place["host"] in ("::1", "::ffff:127.0.0.1")
            if not on_loopback or place["port"] == "53":
                found.append(line)
    return found


def run_traced(log: Path, *command: str | Path, status: int = 0, **environment: str) -> tuple[list[str], str]:
    """Run a command to its end; return what went outside, and what it printed as errors."""
    process = subprocess.Popen(
        [*TRACE, str(log), *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    _, errors = process.communicate(timeout=300)
    assert process.returncode == status, errors
    return outside(log, process.pid), errors


# ------------------------------------------------------------------------------------------------------------ the doors


@traced
def test_the_tracer_sees_what_goes_outside(tmp_path):
    """192.0.2.1 is an address for examples that nobody has (RFC 5737); port 53 on loopback is a resolver."""
    code = """
import socket
for place in (("192.0.2.1", 9), ("127.0.0.1", 53), ("127.0.0.1", 9)):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(place)
"""
    found, _ = run_traced(tmp_path / "log", sys.executable, "-c", code)
    assert len(found) == 2


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording that shows nobody, so short that what is looked at is the library's beginning and end."""
    return write_recording(tmp_path_factory.mktemp("clips") / "noise-seated.mp4", 1)


@traced
def test_the_command_line_sends_nothing_and_prints_no_log_lines(clip, tmp_path):
    arguments = ["measure", clip, "--test", "seated", "--model", "lite", "--json"]
    assert run_traced(tmp_path / "log", sys.executable, "-m", "hipcv", *arguments, status=1) == ([], "")


@traced
def test_a_batch_sends_nothing(clip, tmp_path):
    arguments = ["batch", clip, "--model", "lite", "-o", tmp_path / "out", "--workers", "1"]
    found, _ = run_traced(tmp_path / "log", sys.executable, "-m", "hipcv", *arguments, status=1)
    assert found == []
    assert (tmp_path / "out" / "results.csv").is_file()


@traced
def test_an_upload_and_a_live_test_send_nothing_and_the_servers_log_stays_empty(clip, tmp_path, capfd):
    log = tmp_path / "log"
    server = start(tmp_path / "data", *TRACE, str(log))
    made = upload(server, clip, model="lite")
    assert wait(server, made["id"], "done", "failed")["state"] == "done"
    with server.live() as live, contextlib.suppress(ConnectionClosed):
        live.send(json.dumps({**START, "model": "lite"}))
        hear(live, "ready")
        for n, frame in enumerate(open_video(clip)):
            live.send(packed(n, frame.time_s, encode_still(frame.rgb)))
            hear(live, "reading")
        live.send(json.dumps({"type": "finish"}))
        hear(live, "result")
        hear(live, "the server hangs up")
    stop(server)
    assert outside(log, server.process.pid) == []
    assert capfd.readouterr().err == ""


# -------------------------------------------------------------------------------------------------- by construction

MEASURE = """
import sys
from pathlib import Path
from hipcv.core.setup import Setup
from hipcv.measurement import measure_file
from hipcv.words import Engine, ModelName
measure_file(Path(sys.argv[1]), Setup(), model_name=ModelName.LITE, engine=Engine(sys.argv[2]))
loaded = set(sys.modules) & {"mediapipe", "requests", "urllib3", "pooch", "http.client", "urllib.request", "ssl"}
maps = Path("/proc/self/maps")
mapped = maps.read_text() if maps.exists() else ""
loaded |= {name for name in ("libcurl", "libssl", "libmediapipe") if name in mapped}
print(",".join(sorted(loaded)))
"""


def loaded_by(clip: Path, engine: str) -> set[str]:
    """Return what that can talk is loaded once a recording was measured."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(clip), engine], stdout=subprocess.PIPE, text=True, check=True, timeout=300
    )
    return set(filter(None, done.stdout.strip().split(",")))


def test_measuring_loads_no_library_that_talks_unless_the_graph_is_asked_for(clip):
    """Whoever is not there cannot send: the reader needs none of them, and MediaPipe comes with its graph alone."""
    assert loaded_by(clip, "legs") == set()
    assert "mediapipe" in loaded_by(clip, "graph")


#: Every command, as it is tried below; what is tried by a test of its own, or needs a camera.
TRIED = {
    "measure": ["measure", "CLIP", "--test", "auto", "--model", "lite", "-o", "out", "--person", "S01", "--quiet"],
    "replay": ["replay", "KEPT"],
    "doctor": ["doctor"],
    "norms": ["norms"],
    "schema": ["schema"],
    "questions": ["questions"],
    "exercises": ["exercises", "--screening", "none"],
    "known": ["known"],
    "note": ["note", "KEPT"],
    "compare": ["compare", "--pair", "KEPT", "KEPT"],
    "history list": ["history", "list"],
    "history show": ["history", "show", "1"],
    "history compare": ["history", "compare", "1", "1"],
    "history people": ["history", "people"],
    "history trend": ["history", "trend", "S01"],
    "history correct": ["history", "correct", "1", "--person", "S02"],
    "history rename": ["history", "rename", "S02", "S03"],
    "history verify": ["history", "verify"],
    "history export": ["history", "export", "exported.csv"],
    "history delete": ["history", "delete", "1", "--yes"],
    "history forget": ["history", "forget", "S03", "--yes"],
    "fhir": ["fhir", "KEPT"],
    "models list": ["models", "list"],
    "models check": ["models", "check"],
    "agree": ["agree", "LIST", "LIST"],
}
ELSEWHERE = {
    "batch": "test_a_batch_sends_nothing",
    "serve": "test_an_upload_and_a_live_test_send_nothing_and_the_servers_log_stays_empty",
    "live": "the same: it needs a camera, and reads by the same reader",
    "demo": "three times `measure`",
    "models get": "it is there to fetch; nothing is fetched where all is there",
}
RUN_ALL = """
import json, sys
from typer.testing import CliRunner
from hipcv.cli import app
for command in json.loads(sys.argv[1]):
    done = CliRunner().invoke(app, command)
    print(json.dumps([command[0], done.exit_code]), flush=True)
"""


def commands(group: Any, before: str = "") -> set[str]:
    """Return every command that there is, by its words."""
    found = set()
    for name, command in group.commands.items():
        found |= commands(command, f"{before}{name} ") if hasattr(command, "commands") else {before + name}
    return found


def test_every_command_is_watched():
    assert commands(typer.main.get_command(app)) == TRIED.keys() | ELSEWHERE.keys()


@traced
def test_every_command_sends_nothing(clip, tmp_path):
    """One after the other in one process; the recording shows nobody, so some end with status 1."""
    names = {"CLIP": str(clip), "KEPT": str(tmp_path / "kept.json"), "LIST": str(tmp_path / "list.csv")}
    (tmp_path / "list.csv").write_text("path,subject\n", "utf-8")
    measured = measure_file(clip, Setup(), model_name=ModelName.LITE)
    (tmp_path / "kept.json").write_text(document_text(measured.assessment), "utf-8")
    shutil.copy(clip, tmp_path / "clip.mp4")
    told = json.dumps([[names.get(word, word) for word in words] for words in TRIED.values()])
    log = tmp_path / "log"
    command = [*TRACE, str(log), sys.executable, "-c", RUN_ALL, told]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env={**os.environ, DATA_VARIABLE: str(tmp_path)}
    )
    said, _ = process.communicate(timeout=300)
    ended = [tuple(json.loads(line)) for line in said.splitlines()]
    assert [name for name, _ in ended] == [words[0] for words in TRIED.values()]
    assert {status for _, status in ended} <= {0, 1, 3}
    assert [name for name, status in ended if status == 3] == ["agree"], ended
    assert outside(log, process.pid) == []


VISIT = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=sys.argv[4:])
    page = browser.new_page()
    for name in sys.argv[3].split(","):
        page.goto(sys.argv[2] + name)
        page.wait_for_timeout(500)
    if not sys.argv[3]:
        page.evaluate("fetch('http://192.0.2.1:8080/').catch(() => null) && null")
        page.wait_for_timeout(500)
    browser.close()
"""


def places_of_chromium(tmp_path: Path, address: str, pages: str) -> set[str]:
    """Return where Chromium connected to, or tried to, beyond this machine while it showed some pages, port and host.

    Without pages it shows none, and asks for an address that nobody has.
    """
    chromium = os.environ.get("HIPCV_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here: run `make browser`")
    log, traced_chromium = tmp_path / f"log-{bool(pages)}", tmp_path / f"chromium-{bool(pages)}"
    traced_chromium.write_text(f'#!/bin/sh\nexec {" ".join(TRACE)} {log} {chromium} "$@"\n')
    traced_chromium.chmod(0o755)
    command = [sys.executable, "-c", VISIT, str(traced_chromium), address, pages, *FLAGS]
    subprocess.run(command, check=True, timeout=300)
    found = _PLACE.finditer(log.read_text("utf-8", "replace"))
    on_loopback = ("127.", "::1", "::ffff:127.")
    return {f"{p['host']} {p['port']}" for p in found if not p["host"].startswith(on_loopback)}


@traced
@pytest.mark.browser
def test_the_page_in_a_real_browser_reaches_nothing_but_its_server(tmp_path):
    """By the kernel's count, all of it: Chromium itself asks for no less on a page of nobody's."""
    server = start(tmp_path / "data")
    try:
        with_page = places_of_chromium(tmp_path, server.address, "#home,#self-test,#upload,#results,#norms")
    finally:
        stop(server)
    with_nothing = places_of_chromium(tmp_path, "about:blank", "")
    assert with_page <= with_nothing - {"192.0.2.1 8080"}
    assert "192.0.2.1 8080" in with_nothing


LOOK = """
import sys
from pathlib import Path
import numpy as np
from hipcv.native import offline
{lock}
from hipcv.pose.legs.network import LandmarkNetwork
from hipcv.models.bundle import read_landmark_network
from hipcv.pose.landmarker import PoseEstimator
model, blank = Path(sys.argv[1]), np.zeros((256, 256, 3), np.uint8)
with PoseEstimator(model) as estimator:
    estimator(blank, 0.0)
LandmarkNetwork(read_landmark_network(model))(blank)
"""


@traced
@pytest.mark.parametrize("alone", ["the proxy", pytest.param("the kernel", marks=filtered)])
def test_each_lock_holds_by_itself_whatever_proxies_the_user_has(alone, tmp_path):
    """As on a processor or a kernel without the filter, and as with a client that heeds no environment."""
    lock = {"the proxy": "offline._PROCESSORS.clear()", "the kernel": "offline._name_dead_proxy = lambda: None"}[alone]
    model = get_model(ModelName.LITE).path
    code = LOOK.format(lock=lock)
    found, _ = run_traced(tmp_path / "log", sys.executable, "-c", code, model, NO_PROXY="*", https_proxy="")
    assert found == []


@traced
def test_without_its_cure_the_graph_is_caught_sending(tmp_path):
    """What the tests above look for is there to be found: both locks off, the library asks for its maker's address."""
    lock = "offline._PROCESSORS.clear(); offline._name_dead_proxy = lambda: None"
    code = LOOK.format(lock=lock)
    found, _ = run_traced(tmp_path / "log", sys.executable, "-c", code, get_model(ModelName.LITE).path)
    assert found != []


# ------------------------------------------------------------------------------------------------ nothing else notices


@filtered
def test_only_the_thread_and_those_it_starts_are_refused_sockets():
    failed: list[BaseException] = []

    def start_another() -> None:
        def try_it() -> None:
            try:
                socket.socket()
            except OSError as error:
                failed.append(error)

        other = threading.Thread(target=try_it)
        other.start()
        other.join()

    with offline_thread("test") as thread:
        thread.submit(start_another).result()
        with pytest.raises(PermissionError):
            thread.submit(socket.socket).result()
    assert [type(error) for error in failed] == [PermissionError]
    socket.socket().close()


class Proxy:
    """A proxy of the user's own that notes what it is asked for, and gives nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listening.accept()
                with caller:
                    self.asked.append(caller.recv(4096).split(b"\r\n")[0].decode())
                    caller.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The user's own proxy, in the environment, after the pose library's was named."""
    own = Proxy()
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, own.address)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    offline_thread("test").shutdown()
    yield own
    own.close()


def test_a_model_is_still_downloaded_by_the_users_own_proxy(proxy, tmp_path):
    file = AcceptedFile(Origin.OFFICIAL, "0" * 64, 1, "https://models.invalid/pose.task")
    with pytest.raises(ModelError):
        _download(file, tmp_path / "pose.task", lambda *_: None)
    assert proxy.asked[0].startswith("CONNECT models.invalid:443 ")


def test_the_package_clients_still_see_the_users_own_proxy(proxy, tmp_path):
    says_its_proxy = [sys.executable, "-c", "import os; raise SystemExit('ERROR: ' + os.environ['https_proxy'])"]
    with pytest.raises(ModelError, match=re.escape(proxy.address)):
        _run_client(says_its_proxy, tmp_path, Package(Client.PIP, "pose==1.0", "", 1), lambda *_: None)
