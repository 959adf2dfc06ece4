"""How fast and how steady the server is: live sessions over loopback, answers while clips are scored, the contract.

    python benchmarks/server.py --live 60               one live session: readings a second, latency, memory
    python benchmarks/server.py --live 60 --test prone  the same for the prone test
    python benchmarks/server.py --live 60 --sessions 2  two at once; a third is told that it is busy
    python benchmarks/server.py --live 600              ten minutes, for the slope of the memory
    python benchmarks/server.py --answers               how long requests wait while clips are scored
    python benchmarks/server.py --contract 240          the OpenAPI description against the running server

Frames are those of a rendered clip, 640×480, packed as JPEG, sent 30 a second. The latency of a reading counts from the
moment its frame was sent to the moment it came back.
"""

import argparse
import json
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx
import numpy as np
import psutil
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from hipcv.sources.stills import encode_still
from hipcv.sources.video import open_video

SAMPLES = Path(__file__).parents[1] / "samples"
CLIPS = {"seated": SAMPLES / "seated-easy-101-00.mp4", "prone": SAMPLES / "prone-easy-102-02.mp4"}
CLIP = CLIPS["seated"]
SEND_HZ = 30.0
_RUN = """
import sys
from pathlib import Path
from hipcv_server.serve import run
from hipcv_server.settings import LiveLimits, Settings
if __name__ == "__main__":
    run(Settings(Path(sys.argv[1]), port=0, live=LiveLimits(max_sessions=2)), open_browser=False)
"""


@dataclass
class Server:
    """A server in a process of its own, on a free port."""

    folder: tempfile.TemporaryDirectory[str] = field(default_factory=tempfile.TemporaryDirectory)

    def __enter__(self) -> "Server":
        self.process = subprocess.Popen(
            [sys.executable, "-c", _RUN, self.folder.name], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        found = re.search(r"http://\S+", self.process.stdout.readline())
        assert found is not None
        self.api = f"{found[0]}api/v1"
        while True:
            try:
                httpx.get(f"{self.api}/health").raise_for_status()
                return self
            except httpx.TransportError:
                time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        self.folder.cleanup()

    def memory_mb(self) -> dict[str, float]:
        """Resident memory of the server and of each of its children by what it is called, megabytes."""
        server = psutil.Process(self.process.pid)
        found = {"server": server.memory_info().rss / 1e6}
        for child in server.children(recursive=True):
            with suppress(psutil.Error):  # it is gone already
                name = child.cmdline()[-1].rpartition("# ")[2]
                found[name] = found.get(name, 0.0) + child.memory_info().rss / 1e6
        return found


@dataclass
class Live:
    """What one live session saw."""

    latency_s: list[float] = field(default_factory=list)
    arrived_s: list[float] = field(default_factory=list)
    n_sent: int = 0
    n_skipped: int = 0
    n_with_angle: int = 0


def clip_frames(test: str) -> list[bytes]:
    """Return the test's clip to half way into its first swing and back: it can go on for as long as it is watched.

    A swing that is never held ends no trial, and so the test does not end.
    """
    truth = json.loads(CLIPS[test].with_suffix(".truth.json").read_text("utf-8"))
    first = truth["trials"][0]
    there = [encode_still(frame.rgb) for frame in open_video(CLIPS[test])][
        : (first["start"] + first["hold_start"]) // 2
    ]
    return there + there[::-1]


def run_session(
    api: str, test: str, pictures: list[bytes], seconds: float, live: Live, ready: threading.Barrier
) -> None:
    """Send frames for so long and note when their readings come."""
    with connect(api.replace("http", "ws") + "/live", max_size=1 << 22) as socket:
        socket.send(json.dumps({"type": "start", "test": test, "trials": 10, "hold_s": 5, "countdown_s": 0}))
        while json.loads(socket.recv())["type"] != "ready":
            pass
        ready.wait()
        sent: dict[int, float] = {}
        hearing = threading.Thread(target=_hear, args=(socket, sent, live))
        hearing.start()
        began = time.monotonic()
        while (due := live.n_sent / SEND_HZ) < seconds:
            time.sleep(max(0.0, began + due - time.monotonic()))
            head = json.dumps({"n": live.n_sent, "t": due}).encode()
            sent[live.n_sent] = time.monotonic()
            socket.send(struct.pack("<I", len(head)) + head + pictures[live.n_sent % len(pictures)])
            live.n_sent += 1
        time.sleep(1.0)
        socket.send('{"type": "cancel"}')
        hearing.join()


def _hear(socket: ClientConnection, sent: dict[int, float], live: Live) -> None:
    try:
        for text in socket:
            message = json.loads(text)
            if message["type"] == "reading":
                live.arrived_s.append(time.monotonic())
                live.latency_s.append(live.arrived_s[-1] - sent.pop(message["n"]))
                live.n_skipped = message["n_skipped"]
                live.n_with_angle += message["left_deg"] is not None or message["right_deg"] is not None
            elif message["type"] == "problem":
                print(message)
    except ConnectionClosed:
        return


def bench_live(seconds: float, n_sessions: int, test: str) -> None:
    """Print readings a second, latency and memory of so many sessions at once."""
    pictures = clip_frames(test)
    with Server() as server:
        lives = [Live() for _ in range(n_sessions)]
        ready = threading.Barrier(n_sessions + 1)
        threads = [
            threading.Thread(target=run_session, args=(server.api, test, pictures, seconds, live, ready))
            for live in lives
        ]
        for thread in threads:
            thread.start()
        ready.wait()
        if n_sessions == 2:
            print("a third session:", _try_another(server.api))
        memory = []
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            time.sleep(min(5.0, max(0.5, seconds / 60)))
            memory.append((time.monotonic() - began, server.memory_mb()))
        for thread in threads:
            thread.join()
    print(
        "session  readings/s  latency ms: median   p95   p99   first third p95  last third p95  skipped of sent  read"
    )
    for k, live in enumerate(lives, start=1):
        ms = np.array(live.latency_s) * 1000
        third = max(1, len(ms) // 3)
        early, late = np.percentile(ms[:third], 95), np.percentile(ms[-third:], 95)
        print(
            f"{k:7d}  {len(ms) / (live.arrived_s[-1] - live.arrived_s[0]):10.1f}  {np.median(ms):19.0f} "
            f"{np.percentile(ms, 95):5.0f} {np.percentile(ms, 99):5.0f}  {early:16.0f}  {late:14.0f}  "
            f"{live.n_skipped} of {live.n_sent}  {live.n_with_angle / max(len(ms), 1):.0%}"
        )
    times = np.array([at_s for at_s, _ in memory])
    for name in sorted({name for _, found in memory for name in found}):
        megabytes = np.array([found.get(name, np.nan) for _, found in memory])
        slopes = [_slope(times / 60, megabytes, times > seconds * share) for share in (1 / 3, 2 / 3)]
        print(
            f"{name}: memory {megabytes[0]:.0f} to {megabytes[-1]:.0f} MB, slope after the first third "
            f"{slopes[0]:+.2f}, in the last third {slopes[1]:+.2f} MB a minute"
        )


def _slope(minutes: np.ndarray, megabytes: np.ndarray, part: np.ndarray) -> float:
    part = part & np.isfinite(megabytes)
    return float(np.polyfit(minutes[part], megabytes[part], 1)[0]) if part.sum() > 2 else float("nan")


def _try_another(api: str) -> str:
    with connect(api.replace("http", "ws") + "/live") as socket:
        socket.send('{"type": "start", "test": "seated"}')
        message = json.loads(socket.recv())
        return str(message.get("problem", message)["detail"])


def bench_answers(n_clips: int = 3) -> None:
    """Print how long requests wait while clips are scored."""
    with Server() as server:
        for _ in range(n_clips):
            with CLIP.open("rb") as file:
                httpx.post(f"{server.api}/assessments", data={"test": "seated"}, files={"file": file})
        waits: dict[str, list[float]] = {"health": [], "assessments": [], "norms": []}
        with httpx.Client(base_url=server.api) as client:
            while client.get("/assessments", params={"state": "done"}).json()["n_total"] < n_clips:
                for name, kept in waits.items():
                    began = time.perf_counter()
                    client.get(f"/{name}").raise_for_status()
                    kept.append((time.perf_counter() - began) * 1000)
                time.sleep(0.05)
    for name, kept in waits.items():
        median, p95 = np.percentile(kept, [50, 95])
        print(f"GET /{name:12s} {len(kept):5d} times  median {median:5.1f} ms  p95 {p95:5.1f} ms")


def bench_contract(seconds: float) -> int:
    """Run schemathesis with all its checks for so long; return its exit status."""
    with Server() as server:
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                "run",
                f"{server.api}/openapi.json",
                "--max-time",
                str(round(seconds)),
                "--seed",
                "1",
                "--exclude-path-regex",
                "/events$",  # a stream without an end
                "--exclude-checks",
                "positive_data_acceptance",  # the description cannot say what makes a file a video
            ],
            check=False,
            cwd=server.folder.name,
        ).returncode


def main() -> None:
    """Run what was asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--live", type=float, metavar="SECONDS")
    asked.add_argument("--sessions", type=int, default=1, choices=(1, 2))
    asked.add_argument("--test", default="seated", choices=sorted(CLIPS))
    asked.add_argument("--answers", action="store_true")
    asked.add_argument("--contract", type=float, metavar="SECONDS")
    given = asked.parse_args()
    if given.live:
        bench_live(given.live, given.sessions, given.test)
    if given.answers:
        bench_answers()
    if given.contract:
        sys.exit(bench_contract(given.contract))


if __name__ == "__main__":
    main()
