"""Many at once, and many one after the other: everybody gets their own, and nothing is left of who has gone."""

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psutil
import pytest
from excerpts import write_excerpts
from test_server_running import START, Running, hear, packed, start, stop, upload, wait

from hipcv.core.setup import Setup
from hipcv.measurement import measure_file
from hipcv.outputs.document import render_document
from hipcv.sources.stills import encode_still
from hipcv.sources.video import open_video
from hipcv.words import ModelName

pytestmark = [pytest.mark.process, pytest.mark.model]

Tally, Often = Callable[..., None], Callable[[int, int], int]
RUN = """
import sys
from pathlib import Path
from hipcv_server.serve import run
from hipcv_server.settings import JobLimits, LiveLimits, Settings
if __name__ == "__main__":
    live = LiveLimits(max_sessions=2, resume_within_s=0.5)
    run(Settings(Path(sys.argv[1]), port=0, live=live, jobs=JobLimits(n_workers=2)), open_browser=False)
"""
N_USERS = 8
MB = 1_000_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """A server whose sessions are over soon after their connection broke."""
    running = start(tmp_path / "data", run=RUN)
    yield running
    stop(running)


@dataclass(frozen=True, slots=True)
class Held:
    """What a server holds: processes, threads, open files, and memory in MB."""

    n_children: int
    n_threads: int
    n_files: int
    memory_mb: float

    @classmethod
    def by(cls, server: Running) -> "Held":
        process = psutil.Process(server.process.pid)
        children = process.children(recursive=True)
        return cls(len(children), process.num_threads(), process.num_fds(), process.memory_info().rss / MB)


def once_settled(server: Running, like: Held | None = None) -> Held:
    """Return what a server holds once that no longer changes, or is as it was before."""
    before, end_s = Held.by(server), time.monotonic() + 30.0
    while time.monotonic() < end_s:
        time.sleep(0.5)
        found = Held.by(server)
        if like is not None and (found.n_children, found.n_files) == (like.n_children, like.n_files):
            return found
        if like is None and (found.n_children, found.n_files) == (before.n_children, before.n_files):
            return found
        before = found
    return before


def come_and_go(server: Running, k: int, picture: bytes) -> None:
    """Open a live session and end it: most at once, some after a look, some without a good-bye."""
    while True:
        with server.live() as live:
            live.send(json.dumps({**START, "model": "lite"}))
            begun = hear(live, "started", "problem", limit_s=600)
            if begun["type"] == "problem":  # the last one's place is not free yet
                assert begun["problem"]["code"] == "busy"
                time.sleep(0.05)
                continue
            if k % 10 == 0:
                hear(live, "ready", limit_s=600)
                live.send(packed(0, 1.0, picture))
                assert hear(live, "reading", limit_s=600)["n"] == 0
            if k % 10 == 5:
                live.socket.shutdown(socket.SHUT_RDWR)
                return
            live.send('{"type": "cancel"}')
            hear(live, "cancelled", limit_s=600)
            return


def test_sessions_that_come_and_go_leave_nothing(server: Running, samples: Path, tally: Tally, often: Often) -> None:
    n = often(0, 200)
    if not n:
        pytest.skip("each is a process of its own: in the long form only")
    picture = encode_still(next(iter(open_video(samples / "seated-easy-101-01.mp4"))).rgb)
    for k in (0, 1, 5, 6):  # what is loaded once
        come_and_go(server, k, picture)
    before = once_settled(server)
    for k in range(n):
        come_and_go(server, k, picture)
    after = once_settled(server, before)
    each_mb = (after.memory_mb - before.memory_mb) / n
    whole = (after.n_children, after.n_files) == (before.n_children, before.n_files)
    whole &= after.n_threads <= before.n_threads + 2 and each_mb <= 0.2
    told = f"{after.n_children - before.n_children:+d} processes, {after.n_threads - before.n_threads:+d} threads, "
    told += f"{after.n_files - before.n_files:+d} open files, {each_mb:+.3f} MB each"
    tally(n if whole else 0, n, told)
    assert whole, told


def test_everybody_who_comes_at_once_gets_their_own(
    server: Running, tmp_path: Path, tally: Tally, often: Often
) -> None:
    """Eight people hand in recordings of their own at once; what each gets is what measuring theirs alone gives."""
    n_each = often(0, 5)
    if not n_each:
        pytest.skip("forty recordings are measured twice: in the long form only")
    clips = write_excerpts(tmp_path / "clips", N_USERS * n_each)
    slowest_s, done = 0.0, threading.Event()

    def ask() -> None:
        nonlocal slowest_s
        while not done.wait(0.2):
            began_s = time.monotonic()
            assert httpx.get(f"{server.api}/health", timeout=60).status_code == 200
            slowest_s = max(slowest_s, time.monotonic() - began_s)

    def use(who: int) -> list[tuple[Path, dict[str, Any]]]:
        own = clips[who::N_USERS]
        made = [upload(server, clip, model="lite", subject=f"P{who}") for clip in own[:2]]
        found = []
        for k, clip in enumerate(own):
            found.append((clip, wait(server, made[k]["id"], "done", "failed", "set_aside", limit_s=3000)))
            made += [upload(server, later, model="lite", subject=f"P{who}") for later in own[k + 2 : k + 3]]
        return found

    with ThreadPoolExecutor(N_USERS + 1) as pool:
        asking = pool.submit(ask)
        got = list(pool.map(use, range(N_USERS)))
        done.set()
        asking.result()
    right = 0
    for who, results in enumerate(got):
        for clip, found in results:
            alone = render_document(measure_file(clip, Setup(), model_name=ModelName.LITE).assessment)
            own = alone["provenance"]["clip_sha256"] == hashlib.sha256(clip.read_bytes()).hexdigest()
            right += own and found["subject"] == f"P{who}" and found["assessment"] == json.loads(json.dumps(alone))
    n_numbers = sum((found["assessment"] or {}).get("status") == "measured" for results in got for _, found in results)
    tally(right, len(clips), f"{n_numbers} with a number; longest answer meanwhile {slowest_s:.1f} s")
    assert right == len(clips)


# ------------------------------------------------------------------------------------------------------------ gigabytes

HEAD = b'--x\r\nContent-Disposition: form-data; name="test"\r\n\r\nseated\r\n'
HEAD += b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n\0\0\0\x18ftypmp42'
TAIL = b"\r\n--x--\r\n"
PIECE = bytes(1 << 20)


def send_gigabytes(server: Running, n_pieces: int, *, declared: bool) -> int:
    """Hand in so many MB of nothing, with or without saying beforehand how much comes; return the status."""
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    if declared:
        headers["Content-Length"] = str(len(HEAD) + n_pieces * len(PIECE) + len(TAIL))

    def body() -> Iterator[bytes]:
        yield HEAD
        for _ in range(n_pieces):
            yield PIECE
        yield TAIL

    try:
        return httpx.post(f"{server.api}/assessments", content=body(), headers=headers, timeout=600).status_code
    except httpx.WriteError:  # it closed the connection on who went on sending what it had refused
        return 413


def test_gigabytes_are_taken_or_refused_while_others_are_answered(server: Running, tally: Tally, often: Often) -> None:
    """Two recordings of 470 MB at once, and 3 GB too much twice: the server's memory stays what it is."""
    if not often(0, 1):
        pytest.skip("gigabytes go over the loopback: in the long form only")
    httpx.get(f"{server.api}/assessments")
    before_mb = most_mb = Held.by(server).memory_mb
    n_asked, slowest_s = 0, 0.0
    with ThreadPoolExecutor(4) as pool, httpx.Client(timeout=60) as client:
        wanted = [(470, True, 202), (470, False, 202), (3000, True, 413), (3000, False, 413)]
        sent = [pool.submit(send_gigabytes, server, n, declared=declared) for n, declared, _ in wanted]
        while not all(one.done() for one in sent):
            began_s = time.monotonic()
            for path in ("health", "assessments"):
                assert client.get(f"{server.api}/{path}").status_code == 200
                n_asked += 1
            slowest_s = max(slowest_s, time.monotonic() - began_s)
            most_mb = max(most_mb, Held.by(server).memory_mb)
            time.sleep(0.05)
    statuses = [one.result() for one in sent]
    right = sum(status == expected for status, (_, _, expected) in zip(statuses, wanted, strict=True))
    told = f"{n_asked} other requests answered, longest two {slowest_s:.1f} s, memory {most_mb - before_mb:+.0f} MB"
    tally(right if most_mb - before_mb <= 64 else 0, len(wanted), told)
    assert statuses == [expected for *_, expected in wanted]
    assert most_mb - before_mb <= 64
