"""A real server on loopback: uploads, live sessions, broken connections, and what is left when it dies."""

import json
import math
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx2 as httpx
import numpy as np
import pytest
from batch_recordings import write_recording
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from hipcv.core.procedures.prone import PRONE
from hipcv.live.spoken import spoken_for
from hipcv.measurement import Measurement
from hipcv.outputs.document import render_document
from hipcv.outputs.tables import write_series
from hipcv.sources.stills import decode_still, encode_still
from hipcv.sources.video import open_video
from hipcv.words import ModelName, Side
from hipcv_server.files import CLIP as CLIP_NAME

pytestmark = pytest.mark.process

CLIP = Path(__file__).parent.parent / "samples" / "seated-easy-101-01.mp4"
RUN = """
import sys
from pathlib import Path
from hipcv_server.serve import run
from hipcv_server.settings import JobLimits, LiveLimits, Settings, UploadLimits
if __name__ == "__main__":
    run(
        Settings(
            Path(sys.argv[1]), port=0, header_s=2.0, upload=UploadLimits(idle_s=2.0), jobs=JobLimits(n_workers=1),
            live=LiveLimits(max_sessions=2, resume_within_s=4.0, start_within_s=2.0, silence_s=4.0),
        ),
        open_browser=False,
    )
"""
Measured = Callable[[str, ModelName], Measurement]
#: A rear camera that looks 2° down, as the one that made the clip.
UPRIGHT = {"x": 0.0, "y": 9.804, "z": 0.342, "screen_angle": 0, "facing": "environment"}
START = {"type": "start", "test": "seated", "trials": 1, "hold_s": 1.0, "countdown_s": 0}


@dataclass
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    address: str

    @property
    def api(self) -> str:
        """Where the interface is."""
        return f"{self.address}api/v1"

    def live(self) -> ClientConnection:
        """Open a live connection."""
        return connect(self.api.replace("http", "ws") + "/live", max_size=1 << 22, open_timeout=10)


def start(folder: Path, *under: str, log: IO[str] | None = None, run: str = RUN) -> Running:
    """Start a server on a free port, under another command that becomes it."""
    command = [*under, sys.executable, "-c", run, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    for _ in range(200):
        try:
            if httpx.get(f"{found[0]}api/v1/health").status_code == 200:
                return Running(process, found[0])
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server did not come up")


def stop(server: Running, how: int = signal.SIGTERM) -> int:
    """End a server and return its exit status."""
    server.process.send_signal(how)
    code = server.process.wait(timeout=30)
    assert server.process.stdout is not None
    server.process.stdout.close()
    return code


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for most tests here."""
    running = start(tmp_path_factory.mktemp("data"))
    yield running
    if running.process.poll() is None:
        stop(running)


@pytest.fixture(scope="module")
def frames() -> list[tuple[float, bytes]]:
    """The sample clip as a browser sends it."""
    return [(frame.time_s, encode_still(frame.rgb)) for frame in open_video(CLIP)]


def packed(n: int, t: float, picture: bytes, **more: object) -> bytes:
    """Return a frame message."""
    head = json.dumps({"n": n, "t": t, **more}).encode()
    return struct.pack("<I", len(head)) + head + picture


def hear(live: ClientConnection, *types: str, limit_s: float = 60.0) -> dict[str, Any]:
    """Return the next message of one of these types."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        message: dict[str, Any] = json.loads(live.recv(timeout=limit_s))
        if message["type"] in types:
            return message
    raise AssertionError(f"no {types}")


def begin(live: ClientConnection, **more: object) -> dict[str, Any]:
    """Start a session and wait until it is ready."""
    live.send(json.dumps({**START, **more}))
    started = hear(live, "started", "problem")
    assert started["type"] == "started", started
    hear(live, "ready")
    return started


def upload(server: Running, clip: Path = CLIP, **fields: str) -> dict[str, Any]:
    """Hand in a clip, the sample where none is named."""
    with clip.open("rb") as file:
        answer = httpx.post(f"{server.api}/assessments", data={"test": "seated", **fields}, files={"file": file})
    assert answer.status_code == 202
    resource: dict[str, Any] = answer.json()
    return resource


def wait(server: Running, job_id: str, *states: str, limit_s: float = 240.0) -> dict[str, Any]:
    """Wait until an assessment is in one of these states."""
    deadline = time.monotonic() + limit_s
    with httpx.Client() as client:  # one for all questions: each reads every certificate of the machine
        while time.monotonic() < deadline:
            found: dict[str, Any] = client.get(f"{server.api}/assessments/{job_id}").json()
            if found["state"] in states:
                return found
            time.sleep(0.1)
    raise AssertionError(f"still {found['state']}")


# ------------------------------------------------------------------------------------------------------------- uploads


def test_an_upload_gives_to_the_last_digit_what_the_command_line_gives(
    server: Running, measured_sample: Measured, tmp_path: Path
) -> None:
    """Same document, same curves; told by events on the way; and the server answers meanwhile."""
    made = upload(server, subject="A", model="lite", keep="true")
    events, stages, listed = [], set(), set()
    events_at = server.address.rstrip("/") + made["links"]["events"]
    with httpx.Client() as client, httpx.stream("GET", events_at, timeout=120) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("event: "):
                events.append(line.removeprefix("event: "))
            if line.startswith("data: "):
                last = json.loads(line.removeprefix("data: "))
                stages.add(last["progress"]["stage"])
                items = client.get(f"{server.api}/assessments").json()["items"]
                listed |= {item["state"] for item in items if item["id"] == made["id"]}
    measured = measured_sample(CLIP.stem, ModelName.LITE)
    assert events[-1] == "end"
    assert set(events[:-1]) == {"progress"}
    assert "reading" in stages
    assert last["state"] == "done"
    assert last["assessment"] == json.loads(json.dumps(render_document(measured.assessment)))
    assert "running" in listed  # answered beside the scoring
    csv = httpx.get(server.address.rstrip("/") + last["links"]["series"], params={"format": "csv"})
    assert csv.text == write_series(measured.assessment, tmp_path / "s.csv").read_text("utf-8").replace("\n", "\r\n")
    columns = httpx.get(server.address.rstrip("/") + last["links"]["series"]).json()
    assert len(columns["left_deg"]) == len(measured.series)
    _check_pictures(server, last["links"])


def _check_pictures(server: Running, links: dict[str, str]) -> None:
    """Only who says keep has pictures on the disk: an annotated video, to be had in parts, and a report with stills."""
    video = httpx.get(server.address.rstrip("/") + links["video"], headers={"Range": "bytes=0-99"})
    assert video.status_code == 206
    assert video.headers["content-type"] == "video/mp4"
    assert len(video.content) == 100
    report = httpx.get(server.address.rstrip("/") + links["report"])
    assert "sandbox" in report.headers["content-security-policy"]
    assert "data:image" in report.text


def test_a_running_recording_can_be_cancelled(server: Running) -> None:
    """The work ends, the next one is served, no picture of it is kept, and deleting takes the rest."""
    made = upload(server)
    wait(server, made["id"], "running")
    assert httpx.post(server.address.rstrip("/") + made["links"]["cancel"]).status_code == 202
    after = upload(server, model="lite", subject="A")
    assert wait(server, after["id"], "done")["attempts"] == 1
    assert wait(server, made["id"], "cancelled")["assessment"] is None
    trend = httpx.get(f"{server.api}/trend", params={"test": "seated", "subject": "A"}).json()
    assert len(trend["points"]) == 2
    assert trend["change"]["left"]["real"] is False
    links = {name: server.address.rstrip("/") + path for name, path in after["links"].items()}
    assert "data:image" not in httpx.get(links["report"]).text
    assert httpx.get(links["video"]).json()["code"] == "no_video"
    assert httpx.delete(links["self"]).status_code == 204
    assert httpx.get(links["report"]).status_code == 404


def test_a_kept_recording_is_measured_once_more_from_its_assessment_alone(server: Running, tmp_path: Path) -> None:
    """The same bytes, in no trend, and not without the clip; told by every resource what it may take."""
    clip = write_recording(tmp_path / "noise.mp4", 11)
    kept = upload(server, clip, model="lite", keep="true", subject="R", roll="1.5", rotate="90")
    assert kept["budget"] == {"work_s": 1200.0, "memory_bytes": 4 << 30}
    path = f"{server.api}/assessments/{kept['id']}/replay"
    first = wait(server, kept["id"], "done")
    assert (first["budget"], first["queue"], first["replay"]) == (None, None, None)
    again = httpx.post(path)
    assert (again.status_code, again.json()["kind"], again.json()["subject"]) == (202, "replay", None)
    done = wait(server, again.json()["id"], "done", "failed")
    assert done["replay"] == {"of": kept["id"], "same": True, "n_differences": 0, "differences": []}
    assert done["assessment"] == first["assessment"]
    assert httpx.post(f"{server.api}/assessments/{done['id']}/replay").json()["code"] == "not_done"
    gone = upload(server, clip, model="lite")
    wait(server, gone["id"], "done")
    assert httpx.post(f"{server.api}/assessments/{gone['id']}/replay").json()["code"] == "no_video"
    for made in (done, kept, gone):  # with the result a replay of it would go as well
        assert httpx.delete(f"{server.api}/assessments/{made['id']}").status_code == 204


# ---------------------------------------------------------------------------------------------------------------- live


def test_a_live_test_agrees_with_the_upload_though_its_connection_broke(
    server: Running, kept: Callable[[str], Measurement], frames: list[tuple[float, bytes]]
) -> None:
    """Frames of the clip through the socket, a cut in the middle, resumed: within 1° of the recorded result."""
    with server.live() as live:
        token = begin(live)["token"]
        captured = None
        for n, (t, picture) in enumerate(frames[:75]):
            live.send(packed(n, t + 5000.0, picture, gravity=UPRIGHT))
            reading = hear(live, "reading")
            assert reading["n"] == n
            captured = reading["coach"]["captured"]["left"]
        live.socket.shutdown(socket.SHUT_RDWR)  # no good-bye
    assert captured
    time.sleep(0.5)
    with server.live() as live:
        live.send(json.dumps({"type": "resume", "token": token}))
        resumed = hear(live, "resumed", "problem")
        assert resumed["coach"]["captured"]["left"] == captured
        for n, (t, picture) in enumerate(frames[75:], start=75):
            live.send(packed(n, t + 5000.0, picture, gravity=UPRIGHT))
            assert hear(live, "reading")["n"] == n
        live.send('{"type": "finish"}')
        result = hear(live, "result", "problem", limit_s=90)
    assert result["type"] == "result"
    assert "sensor" in result["assessment"]["camera"]["roll_source"]
    assert result["assessment"]["provenance"]["parameters"]["sensor"] == "used"
    recorded = kept(CLIP.stem).assessment
    for side in ("left", "right"):
        ours = result["assessment"]["sides"][side]["motions"]["internal"]["end_range_deg"]
        theirs = recorded.of(Side(side)).end_range_deg
        assert theirs is not None
        assert abs(ours - theirs) < 1.0
    kept = httpx.get(server.address.rstrip("/") + result["links"]["self"]).json()
    assert (kept["kind"], kept["state"]) == ("live", "done")
    assert kept["assessment"] == result["assessment"]
    assert httpx.get(server.address.rstrip("/") + result["links"]["report"]).status_code == 200


def test_a_prone_test_is_guided_drawn_and_measured_over_the_connection(server: Running) -> None:
    """Legs by the subject's own side, soles up, in the prone test's words, to a number near the one captured."""
    clip, words = CLIP.with_name("prone-easy-102-02.mp4"), spoken_for(PRONE)
    readings, captured = [], None
    with server.live() as live:
        started = begin(live, test="prone", sides=["right"])
        assert started["plan"]["test"] == "prone"
        for n, frame in enumerate(open_video(clip)):
            live.send(packed(n, frame.time_s, encode_still(frame.rgb)))
            readings.append(hear(live, "reading"))
            if readings[-1]["coach"]["captured"]["right"]:
                (captured,) = readings[-1]["coach"]["captured"]["right"]
                break
        assert captured is not None
        live.send('{"type": "finish"}')
        assert hear(live, "working")["stage"] in {"measuring", "assessing"}
        result = hear(live, "result", "problem", limit_s=180)
    drawn = [reading["skeleton"] for reading in readings if reading["skeleton"]]
    assert len(drawn) > len(readings) / 2
    rest = next(skeleton for skeleton in drawn if skeleton["left"][1] and skeleton["right"][1])
    assert rest["left"][1][0] < rest["right"][1][0]  # from the foot end the left leg is on the left
    assert all(rest[side][2][1] < rest[side][1][1] for side in ("left", "right"))  # the ankle above the knee
    assert rest["plumb"] == pytest.approx([0, -1])
    said = {reading["coach"]["say"]["text"] for reading in readings if reading["coach"]["say"]}
    assert words.swing.format(side="right", other="left") in said
    assert result["type"] == "result", result
    assert result["assessment"]["test"] == "prone"
    assert result["assessment"]["sides"]["right"]["motions"]["internal"]["end_range_deg"] == pytest.approx(
        captured, abs=4.0
    )


def test_a_tap_says_which_of_two_is_tested(server: Running, frames: list[tuple[float, bytes]]) -> None:
    """Who is followed changes with the tap, and the result is of whom it named last."""
    alone = [decode_still(picture)[:, 140:500] for _, picture in frames[:10]]
    pictures = [encode_still(np.hstack([rgb, rgb])) for rgb in alone]
    clock = iter(range(100))

    def knee_x() -> float:
        n = next(clock)
        live.send(packed(n, n / 8, pictures[n % len(pictures)]))
        return float(hear(live, "reading")["skeleton"]["left"][1][0])

    with server.live() as live:
        begin(live, model="lite", subject_at="left")
        assert [knee_x() < 360 for _ in range(2)] == [True, True]
        live.send(json.dumps({"type": "who", "subject_at": "0.75,0.6"}))
        assert [knee_x() > 360 for _ in range(8)] == [True] * 8
        live.send(json.dumps({"type": "finish"}))
        assessment = hear(live, "result")["assessment"]
    assert assessment["setup"]["subject_at"] == [0.75, 0.6]
    assert assessment["provenance"]["parameters"]["person"] == "the person who was pointed at"


def test_the_newest_frame_wins_and_the_queue_never_grows(server: Running, frames: list[tuple[float, bytes]]) -> None:
    """Of frames that come in a rush the last one is read, most before it are not, and each is read or counted."""
    with server.live() as live:
        begin(live, model="lite")
        numbers: list[int] = []
        for n_sent in range(60, 301, 60):
            for n in range(n_sent - 60, n_sent):
                live.send(packed(n, 1.0 + n / 200, frames[n % len(frames)][1]))
            while not numbers or numbers[-1] < n_sent - 1:
                reading = hear(live, "reading")
                numbers.append(reading["n"])
        assert numbers == sorted(set(numbers))
        # a queue would have had every frame read; the last few skipped ones are still on their way
        assert reading["n_skipped"] >= n_sent - len(numbers) - 4 > 0
        live.send('{"type": "cancel"}')
        assert hear(live, "cancelled")


def test_garbage_and_half_frames_are_told_and_change_nothing(
    server: Running, frames: list[tuple[float, bytes]]
) -> None:
    """Whatever comes instead of a frame, the session goes on with the next good one."""
    good = frames[0][1]
    garbage: list[bytes | str] = [
        b"",
        b"\x01",
        struct.pack("<I", 2**32 - 1) + b"x" * 20,
        struct.pack("<I", 5) + b"nojson" + good,
        packed(1, 1.0, good)[:20],
        struct.pack("<I", 30) + b'{"n": -1, "t": 1.0}           ' + good,
        struct.pack("<I", 30) + b'{"n": 1, "t": NaN}            ' + good,
        packed(1, 1.0, good[: len(good) // 3]),
        packed(2, 1.1, b"<svg onload=alert(1)>"),
        packed(3, 1.2, b"\x89PNG\r\n\x1a\n" + b"\0" * 100),
        packed(4, 1.3, good, gravity={"x": "up"}),
        packed(5, 1.4, good, gravity={"x": math.nan, "y": 9.81, "z": 0}),
        packed(6, 1.5, good, gravity={"x": 0, "y": 9.81, "z": 0, "screen_angle": math.inf}),
        packed(7, 1.6, good, gravity={"x": 0, "y": 1e300, "z": 0}),
        packed(8, 1.7, good, gravity={"x": 0, "y": 0, "z": 0}),
        packed(9, 1.8, good, gravity={"x": 29.4, "y": 0, "z": 0}),
        "no json",
        "[1, 2]",
        '{"type": "start", "test": "seated"}',
        '{"type": "nothing"}',
        '{"type": "pain", "end_point": "helper_stopped"}',
        '{"type": "who", "subject_at": "the other one"}',
        "[" * 5000,
        "x" * 9000,
    ]
    with server.live() as live:
        begin(live, model="lite")
        for thing in garbage:
            live.send(thing)
        problem = hear(live, "problem")
        assert problem["fatal"] is False
        assert problem["problem"]["code"] == "bad_request"
        live.send(packed(100, 9.0, good, gravity={"x": 0, "y": 9.81, "z": 0, "screen_angle": 0, "facing": "user"}))
        while (reading := hear(live, "reading"))["n"] != 100:
            pass
        assert reading["roll_deg"] == pytest.approx(0.0, abs=0.01)
        assert all(reading["skeleton"][side] for side in ("left", "right"))
        live.send('{"type": "cancel"}')
        hear(live, "cancelled")


@pytest.mark.parametrize(
    "first",
    [
        "hello",
        b"\0\0\0\0",
        '{"type": "finish"}',
        '{"type": "start", "test": "standing"}',
        '{"type": "start", "test": "seated", "trials": 99}',
        '{"type": "start", "test": "seated", "sides": ["left", "left"]}',
        '{"type": "start", "test": "seated", "age": NaN}',
        '{"type": "start", "test": "seated", "model": "../../etc/passwd"}',
    ],
)
def test_a_wrong_first_message_ends_the_connection_with_the_reason(server: Running, first: str | bytes) -> None:
    """One sentence, then the close code for not allowed."""
    with server.live() as live:
        live.send(first)
        problem = hear(live, "problem")
        assert problem["fatal"] is True
        assert problem["problem"]["detail"].endswith(".")
        with pytest.raises(ConnectionClosed):
            live.recv(timeout=5)
        assert live.close_code == 1008


def test_an_unknown_token_and_silence_end_the_connection(server: Running) -> None:
    """A session that is over cannot be resumed, and one that says nothing does not hold its place."""
    with server.live() as live:
        live.send(json.dumps({"type": "resume", "token": "0" * 32}))
        assert hear(live, "problem")["problem"]["code"] == "not_found"
        with pytest.raises(ConnectionClosed):
            live.recv(timeout=5)
        assert live.close_code == 4404
    with server.live() as live:
        assert hear(live, "problem", limit_s=5)["problem"]["code"] == "timed_out"


def test_the_third_session_is_told_that_the_server_is_busy(server: Running) -> None:
    """Two places, two sessions; the next one gets a clear answer, and a place once one is free."""
    with server.live() as one, server.live() as two:
        for live in (one, two):
            live.send(json.dumps({**START, "model": "lite"}))
            assert hear(live, "started")
        with server.live() as three:
            three.send(json.dumps(START))
            problem = hear(three, "problem")
            assert problem["problem"]["code"] == "busy"
            assert problem["problem"]["max_sessions"] == 2
            with pytest.raises(ConnectionClosed):
                three.recv(timeout=5)
            assert three.close_code == 1013
        one.send('{"type": "cancel"}')
        hear(one, "cancelled")
        time.sleep(0.5)
        with server.live() as four:
            four.send(json.dumps({**START, "model": "lite"}))
            assert hear(four, "started")
            four.send('{"type": "cancel"}')
            hear(four, "cancelled")
        two.send('{"type": "cancel"}')
        hear(two, "cancelled")


def test_a_message_beyond_the_limit_closes_the_connection(server: Running) -> None:
    """Three megabytes are no frame."""
    with server.live() as live:
        live.send(json.dumps({**START, "model": "lite"}))
        hear(live, "started")

        def send_and_hear() -> None:
            live.send(b"\0" * 3_000_000)
            hear(live, "never")

        with pytest.raises(ConnectionClosed):
            send_and_hear()
        # 1006 where the connection was cut while the rest of the message was still under way
        assert live.close_code in (1009, 1006)
    with server.live() as another:
        another.send(json.dumps({**START, "model": "lite"}))
        hear(another, "started")


def test_a_foreign_page_opens_no_socket_on_a_real_connection(server: Running) -> None:
    """The handshake itself is refused."""
    with pytest.raises(InvalidStatus) as caught:
        connect(server.api.replace("http", "ws") + "/live", origin="http://evil.com")  # type: ignore[arg-type]
    assert caught.value.response.status_code == 403


# ------------------------------------------------------------------------------------------------------- half requests


def test_half_requests_are_closed_and_the_server_answers_meanwhile(server: Running, tally: Any, often: Any) -> None:
    """Connections with half a head or half a body, sixty or three hundred at once, are gone after a few seconds."""
    n_held, n_closed = often(60, 300), 0
    host, port = server.address.split("/")[2].split(":")
    post = b"POST /api/v1/assessments HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    halves = [
        b"",
        b"GET /api/v1/health HT",
        b"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        post + b"Content-Length: 5000\r\n\r\n--x\r\n",
        b"DELETE /api/v1/assessments/0123456789abcdef HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nx",
    ]
    answered_meanwhile = False
    with ExitStack() as stack, httpx.Client() as client:
        held = [stack.enter_context(socket.create_connection((host, int(port)))) for _ in range(n_held)]
        for k, one in enumerate(held):
            one.sendall(halves[k % len(halves)])
            one.settimeout(15)
        for _ in range(11):
            assert client.get(f"{server.api}/health").status_code == 200
            closed, _, _ = select.select(held, [], [], 0)
            answered_meanwhile |= len(closed) < len(held)
        for one in held:
            while one.recv(4096):
                pass
            n_closed += 1
    tally(n_closed, n_held)
    assert answered_meanwhile


def test_closed_tabs_leave_no_trace_in_the_log(tmp_path: Path) -> None:
    """An upload, a stream of events, a page and a live session that are cut off in the middle, politely and rudely."""
    rude = struct.pack("ii", 1, 0)  # the connection is reset, not ended
    with (tmp_path / "log").open("w+") as log:
        server = start(tmp_path / "data", log=log)
        made = upload(server, model="lite")
        host, port = server.address.split("/")[2].split(":")
        head = b"HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        begun = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\0\0\0\x18ftypmp42'
        form = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000\r\n"
        halves = (
            b"POST /api/v1/assessments %b%b\r\n%b" % (head, form, begun),
            b"GET %b %b\r\n" % (made["links"]["events"].encode(), head),
            b"GET /api/v1/openapi.json %b\r\n" % head,
        )
        for linger in (struct.pack("ii", 0, 0), rude):
            for half in halves:
                with socket.create_connection((host, int(port))) as one:
                    one.sendall(half)
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    time.sleep(0.3)
            with server.live() as live:
                live.send(json.dumps({**START, "model": "lite"}))
                live.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                live.socket.shutdown(socket.SHUT_RDWR)
        httpx.delete(f"{server.api}/assessments/{made['id']}")
        stop(server)
        log.seek(0)
        written = log.read()
    assert "Traceback" not in written
    assert "ERROR" not in written


# ------------------------------------------------------------------------------------------------------------- the end


def _children(pid: int) -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if parent == pid:
                found.add(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed under /proc on Linux only")
def test_a_killed_server_comes_back_with_its_work_and_a_stopped_one_leaves_no_process(tmp_path: Path) -> None:
    """Three times kill -9 in mid-recording: neither it nor the one that waits is lost. SIGTERM: no child left."""
    server = start(tmp_path)
    made, waiting = upload(server, model="lite"), upload(server, model="lite")
    children = set()
    for _ in range(3):
        wait(server, made["id"], "running")
        children |= _children(server.process.pid)
        stop(server, signal.SIGKILL)
        server = start(tmp_path)
        for job in (made, waiting):
            assert (tmp_path / "uploads" / job["id"] / CLIP_NAME).stat().st_size == CLIP.stat().st_size
    done = wait(server, made["id"], "done", "failed", "set_aside")
    assert (done["state"], done["attempts"]) == ("done", 1)
    next_one = wait(server, waiting["id"], "running", "done", "failed", "set_aside")
    assert (next_one["state"], next_one["attempts"]) == ("running", 1)
    listed = httpx.get(f"{server.api}/assessments").json()
    assert [item["id"] for item in listed["items"]] == [made["id"], waiting["id"]]  # the one kept last comes first
    assert httpx.delete(f"{server.api}/assessments/{waiting['id']}").status_code == 204
    children |= _children(server.process.pid)
    assert stop(server) in (0, -signal.SIGTERM)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(Path(f"/proc/{child}").exists() for child in children):
        time.sleep(0.1)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert not list((tmp_path / "uploads").iterdir())
