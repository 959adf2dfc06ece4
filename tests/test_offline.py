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

import pytest
from batch_recordings import write_recording
from test_server_running import START, hear, packed, start, stop, upload, wait
from websockets.exceptions import ConnectionClosed

from hipcv.core.errors import ModelError
from hipcv.models.bundle import Client, Package, _run_client
from hipcv.models.store import AcceptedFile, Origin, _download, get_model
from hipcv.native.offline import offline_thread
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
