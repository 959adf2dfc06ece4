"""A full disk is the server's trouble, never the recording's: nothing is lost by it, and it can be emptied."""

import asyncio
import errno
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from documents import document_of
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from hipcv.core.errors import HistoryError, SourceError
from hipcv.outputs.artefacts import REPORT, SERIES
from hipcv.sources.stills import encode_still
from hipcv.sources.video import open_video
from hipcv_server.app import create_app
from hipcv_server.disk import Reserve, disk_trouble, free_bytes
from hipcv_server.files import Shelves
from hipcv_server.live_session import LiveSession
from hipcv_server.live_worker import split_frame
from hipcv_server.schemas import MeasureOptions, StartMessage
from hipcv_server.settings import JobLimits, Settings
from hipcv_server.store import Job, JobState, JobStore, new_id, now
from hipcv_server.workers import Crew

pytestmark = pytest.mark.process

SAMPLE = Path(__file__).parent.parent / "samples" / "seated-easy-101-01.mp4"
OPTIONS = MeasureOptions(test="seated", model="lite").model_dump()
#: More than one page of the database, so that keeping it takes new room.
DOCUMENT = document_of(long="x" * 200_000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 MB of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)], capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill a disk to its last byte."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"\xff" * size)
            except OSError:
                pass
    assert free_bytes(folder) == 0
    return filler


def wait(store: JobStore, job_id: str, until: Callable[[Job], bool], limit_s: float = 120.0) -> Job:
    """Wait until a job is as wanted."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        job = store.get(job_id)
        assert job is not None
        if until(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"still {job}")


def hand_in(store: JobStore, shelves: Shelves, content: bytes) -> Job:
    """Put a clip and its job in the queue."""
    job_id = new_id()
    shelves.clip(job_id).parent.mkdir()
    shelves.clip(job_id).write_bytes(content)
    job = store.add(OPTIONS, job_id=job_id)
    assert job is not None
    return job


@pytest.fixture
def crew() -> Iterator[Callable[[Path, JobLimits], tuple[Crew, JobStore, Shelves]]]:
    """Make crews of real worker processes on any disk, and end them."""
    made: list[tuple[Crew, JobStore]] = []

    def make(folder: Path, limits: JobLimits) -> tuple[Crew, JobStore, Shelves]:
        shelves = Shelves(folder)
        shelves.make()
        store = JobStore(folder)
        new = Crew(store, shelves, Settings(folder, jobs=limits))
        made.append((new, store))
        return new, store, shelves

    yield make
    for one, store in made:
        one.stop()
        store.close()


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError(errno.EFBIG, "File too large"), "File too large"),
        (OSError(errno.ENOENT, "No such file or directory"), None),
        (SourceError("Wanted a video."), None),
        (sqlite3.OperationalError("no such table: jobs"), None),
        (ValueError("x"), None),
    ],
)
def test_a_full_disk_is_told_from_other_errors(error: Exception, trouble: str | None) -> None:
    """Also where a sentence about something else was made of it."""
    assert disk_trouble(error) == trouble
    sentence = SourceError("The video could not be written.")
    sentence.__cause__ = error
    assert disk_trouble(sentence) == trouble


def test_a_full_database_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    """SQLite's own words for no room, by the database layer or without it."""
    store = JobStore(tmp_path)
    try:
        with store._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            with pytest.raises(OperationalError) as caught:
                connection.exec_driver_sql("CREATE TABLE more AS SELECT randomblob(200000)")
        assert disk_trouble(caught.value) == "database or disk is full"
    finally:
        store.close()


def test_the_reserve_is_taken_once_and_given_back_once(tmp_path: Path) -> None:
    """A half one is made whole; a disk with little room keeps what it has."""
    reserve = Reserve(tmp_path / "r", 1000)
    reserve.path.write_bytes(b"half")
    reserve.keep()
    assert reserve.path.stat().st_size == 1000
    assert [reserve.give() for _ in range(64)] == [True] * 63 + [False]
    reserve.keep()
    assert reserve.path.stat().st_size == 1000
    greedy = Reserve(tmp_path / "g", free_bytes(tmp_path))
    greedy.keep()
    assert not greedy.path.exists()


def test_every_change_is_made_on_a_full_disk(small_disk: Path) -> None:
    """A job ends, a live result is kept, a job goes back, one is cancelled, and all are deleted without a trace."""
    store = JobStore(small_disk)
    try:
        jobs = [store.add({**OPTIONS, "subject": "Canary-5512"}, job_id=new_id()) for _ in range(4)]
        ids = [job.id for job in jobs if job is not None]
        assert store.claim() is not None
        assert store.claim() is not None
        fill(small_disk)
        assert store.finish(ids[0], DOCUMENT, 10)
        store.requeue(ids[1], refund=True)
        assert store.cancel(ids[2]) is not None
        assert store.add_done(OPTIONS, DOCUMENT, job_id=new_id(), kind="live", n_frames=1, began=now()).ended
        assert store.document(ids[0]) == DOCUMENT
        for job_id in ids:
            assert store.delete(job_id)
        left = [path.read_bytes() for path in small_disk.iterdir() if path.name != "filler"]
        assert b"Canary-5512" not in b"".join(left)
    finally:
        store.close()


def test_deleting_works_time_and_again_though_somebody_else_takes_what_it_frees(small_disk: Path) -> None:
    """The reserve is not spent at once: eight recordings go one by one, and the disk is full again after each."""
    store = JobStore(small_disk)
    try:
        ids = [new_id() for _ in range(8)]
        for job_id in ids:
            store.add_done(OPTIONS, DOCUMENT, job_id=job_id, kind="live", n_frames=1, began=now())
        for n, job_id in enumerate(ids):
            filler = fill(small_disk)
            filler.rename(small_disk / f"filler-{n}")
            assert store.delete(job_id)
        assert store.ids() == set()
    finally:
        store.close()


def test_a_server_starts_on_a_full_disk_that_it_knows_and_says_what_is_wrong_with_another(small_disk: Path) -> None:
    """What was kept can be read and deleted after a restart; a full disk is never called a damaged database."""
    for name in ("known", "new"):
        (small_disk / name).mkdir()
    first = JobStore(small_disk / "known")
    job = first.add(OPTIONS, job_id=new_id())
    assert job is not None
    first.close()
    fill(small_disk)
    with pytest.raises(HistoryError, match="its disk takes nothing more"):
        JobStore(small_disk / "new")
    again = JobStore(small_disk / "known")
    try:
        assert again.delete(job.id)
    finally:
        again.close()


def test_deleting_and_cancelling_work_on_a_full_disk_and_an_upload_is_told(small_disk: Path) -> None:
    """Over HTTP: 204 and 202 where something goes, 507 where something would come."""
    settings = Settings(small_disk, jobs=JobLimits(n_workers=0, min_free_bytes=0))
    files = {"file": SAMPLE.read_bytes()}
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8765") as client:
        made = [client.post("/api/v1/assessments", data={"test": "seated"}, files=files).json() for _ in range(2)]
        fill(small_disk)
        refused = client.post("/api/v1/assessments", data={"test": "seated"}, files=files)
        assert refused.status_code == 507
        assert "disk takes nothing more" in refused.json()["detail"]
        assert client.post(made[0]["links"]["cancel"]).status_code == 202
        for one in made:
            assert client.delete(one["links"]["self"]).status_code == 204
            assert client.get(one["links"]["self"]).status_code == 404
    assert not list((small_disk / "uploads").iterdir())


def test_below_the_least_room_nothing_is_taken_and_nothing_begun(tmp_path: Path) -> None:
    """Both say why; what was handed in before waits with its clip."""
    roomy, narrow = JobLimits(n_workers=0), JobLimits(n_workers=1, min_free_bytes=1 << 60)
    shelves = Shelves(tmp_path)
    shelves.make()
    store = JobStore(tmp_path)
    job = hand_in(store, shelves, SAMPLE.read_bytes())
    store.close()
    with TestClient(create_app(Settings(tmp_path, jobs=narrow)), base_url="http://127.0.0.1:8765") as client:
        answer = client.post("/api/v1/assessments", data={"test": "seated"}, files={"file": SAMPLE.read_bytes()})
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
        deadline = time.monotonic() + 60
        while (found := client.get(f"/api/v1/assessments/{job.id}").json())["problem"] is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert (found["state"], found["attempts"]) == ("queued", 0)
        assert found["problem"]["code"] == "disk_full"
        assert "the recording is kept" in found["problem"]["detail"]
    with TestClient(create_app(Settings(tmp_path, jobs=roomy)), base_url="http://127.0.0.1:8765") as client:
        assert client.get(f"/api/v1/assessments/{job.id}").json()["problem"] is None
    assert shelves.clip(job.id).exists()


def test_a_recording_waits_for_room_and_is_measured_once_there_is(
    small_disk: Path, crew: Callable[[Path, JobLimits], tuple[Crew, JobStore, Shelves]], short_clip: bytes
) -> None:
    """Its result finds a full disk: the recording stays, the sentence names the disk; it is tried again by itself."""
    workers, store, shelves = crew(small_disk, JobLimits(n_workers=1, min_free_bytes=0, retry_s=0.1))
    job = hand_in(store, shelves, short_clip)
    filler = fill(small_disk)
    workers.start()
    wait(store, job.id, lambda found: workers.holds_up(found.id) is not None)
    problem = workers.holds_up(job.id)
    assert problem is not None
    assert (problem["code"], "disk takes nothing more" in problem["detail"]) == ("disk_full", True)
    assert shelves.clip(job.id).read_bytes() == short_clip
    filler.unlink()
    done = wait(store, job.id, lambda found: found.ended)
    assert (done.state, done.attempts, done.problem) == (JobState.DONE, 1, None)
    assert shelves.result(job.id, SERIES.file).stat().st_size > 0
    assert shelves.result(job.id, REPORT.file).stat().st_size > 0


def test_a_result_that_finds_no_room_rests_and_the_next_is_served(
    tmp_path: Path,
    crew: Callable[[Path, JobLimits], tuple[Crew, JobStore, Shelves]],
    short_clip: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same without a disk of its own: a worker that may write 1000 bytes. Nobody's attempt is counted."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # half a file of Python's own would outlive the test
    workers, store, shelves = crew(tmp_path, JobLimits(n_workers=1, max_file_bytes=1000, retry_s=1e6))
    job, broken = hand_in(store, shelves, short_clip), hand_in(store, shelves, SAMPLE.read_bytes()[:3000])
    workers.start()
    assert wait(store, broken.id, lambda found: found.ended).state is JobState.FAILED
    found = store.get(job.id)
    assert found is not None
    assert (found.state, found.attempts) == (JobState.QUEUED, 0)
    assert shelves.clip(job.id).read_bytes() == short_clip
    assert not list(shelves.results.glob("*.part"))
    problem = workers.holds_up(job.id)
    assert problem is not None
    assert problem["code"] == "disk_full"


def test_a_live_test_outlives_a_disk_that_takes_neither_its_pictures_nor_its_result(tmp_path: Path) -> None:
    """Pictures that were to be kept do not fit, the database fails at the end: the trials count, the result is told."""
    told = asyncio.run(_live_test(tmp_path))
    lost = [message for message in told if message["type"] == "problem"]
    assert [message["fatal"] for message in lost] == [False]
    assert "pictures of this test cannot be kept" in lost[0]["problem"]["detail"]
    result = told[-1]
    assert result["type"] == "result"
    assert result["assessment"]["sides"]["left"]["motions"]["internal"]["end_range_deg"] is not None
    assert "could not be kept" in result["problem"]["detail"]


async def _live_test(folder: Path) -> list[dict[str, Any]]:
    shelves = Shelves(folder)
    shelves.make()
    store = JobStore(folder)
    settings = Settings(folder, jobs=JobLimits(max_file_bytes=150_000))
    start = StartMessage(
        type="start", test="seated", keep=True, model="lite", trials=1, hold_s=1.0, countdown_s=0, sides=["left"]
    )
    session = LiveSession(start, settings, shelves, store)
    told: list[dict[str, Any]] = []
    try:
        frames = [(f.time_s, encode_still(f.rgb)) for f in islice(open_video(SAMPLE), 100)]
        await _until(session, told, lambda: session.ready)
        for n, (time_s, picture) in enumerate(frames):
            head = f'{{"n": {n}, "t": {time_s}}}'.encode()
            message = len(head).to_bytes(4, "little") + head + picture
            assert split_frame(message)[1] == picture
            session.put_frame(message)
            await _until(session, told, lambda n=n: any(m["type"] == "reading" and m["n"] == n for m in told))  # type: ignore[misc]
            if session.finishing:
                break
        with store._engine.begin() as connection:
            connection.execute(text("DROP TABLE jobs"))
        session.command("finish")
        await _until(session, told, lambda: session.ended)
        told += session.take()
    finally:
        await asyncio.to_thread(session.close)
        store.close()
    return [message for message in told if message["type"] != "reading"]


async def _until(session: LiveSession, told: list[dict[str, Any]], true: Callable[[], bool]) -> None:
    """Take what a session says until something is so."""
    async with asyncio.timeout(120):
        while not true():
            told += session.take()
            if not true():
                await asyncio.wait_for(session.changed.wait(), 120)
