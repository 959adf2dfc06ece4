"""Jobs outlive the server: none is lost, none is done twice, and one that kills its workers is set aside."""

import json
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from documents import document_of

from hipcv.core.errors import HistoryError
from hipcv.words import Side
from hipcv_server.app import open_data
from hipcv_server.files import Shelves
from hipcv_server.schemas import MeasureOptions
from hipcv_server.settings import JobLimits, Settings
from hipcv_server.store import FILE_NAME, Job, JobState, JobStore, new_id
from hipcv_server.workers import WORKER, Crew

SAMPLE = Path(__file__).parent.parent / "samples" / "seated-easy-101-01.mp4"
OPTIONS = MeasureOptions(test="seated").model_dump()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    """An empty store."""
    store = JobStore(tmp_path)
    yield store
    store.close()


def add(store: JobStore, **options: object) -> Job:
    """Put a job in the queue."""
    job = store.add({**OPTIONS, **options}, job_id=new_id())
    assert job is not None
    return job


def test_jobs_are_taken_in_their_order_and_once(store: JobStore) -> None:
    """First come, first served; what is taken is not taken again."""
    made = [add(store).id for _ in range(3)]
    taken = [job.id for _ in range(5) if (job := store.claim()) is not None]
    assert taken == made


def test_two_takers_never_get_the_same_job(store: JobStore) -> None:
    """Eight threads empty a queue of 40: every job comes out exactly once."""
    made = {add(store).id for _ in range(40)}
    taken: list[str] = []

    def take() -> None:
        while (job := store.claim()) is not None:
            taken.append(job.id)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 40
    assert set(taken) == made


def test_a_result_and_its_state_are_one(store: JobStore) -> None:
    """Done means that the document is there, and what is listed of it is the document's."""
    job = add(store)
    assert not store.finish(job.id, document_of(), 10)  # nobody has taken it yet
    store.claim()
    assert store.finish(job.id, document_of(31.5), 10)
    assert not store.finish(job.id, document_of(99.0), 10)
    found = store.get(job.id)
    assert found is not None
    assert found.state is JobState.DONE
    assert found.entry is not None
    assert found.entry.of(Side.LEFT) == 31.5
    assert store.document(job.id) == document_of(31.5)


def test_a_cancelled_job_takes_no_result(store: JobStore) -> None:
    """Whoever was cancelled while running stays cancelled."""
    job = add(store)
    store.claim()
    assert store.cancel(job.id) is not None
    assert store.cancel(job.id) is None
    assert not store.finish(job.id, document_of(), 10)
    assert store.document(job.id) is None


def test_only_a_workers_death_counts_as_an_attempt(store: JobStore) -> None:
    """However often the server itself is killed or stopped, the job waits in its place; a dead worker counts."""
    job, next_one = add(store), add(store)
    for _ in range(5):
        assert store.claim() is not None
        assert [job.machine_deaths for job in store.recover()] == [0]
    for attempt in (1, 2):
        taken = store.claim()
        assert taken is not None
        assert (taken.id, taken.attempts) == (job.id, attempt)
        store.requeue(job.id)
    store.claim()
    store.requeue(job.id, refund=True)
    store.claim()
    store.recover()
    found = store.get(job.id)
    assert found is not None
    assert (found.state, found.attempts) == (JobState.QUEUED, 2)
    order = [store.claim(), store.claim()]
    assert [one.id for one in order if one is not None] == [job.id, next_one.id]


def test_a_job_that_rests_lets_others_go_first_and_keeps_its_place(store: JobStore) -> None:
    """Whoever rests is passed over, and comes first again afterwards."""
    first, second, third = (add(store).id for _ in range(3))
    taken = [store.claim(resting) for resting in ([first], [], [])]
    assert [job.id for job in taken if job is not None] == [second, first, third]


def test_a_number_is_never_used_again(store: JobStore) -> None:
    """Paging by number stays true when the newest job is deleted."""
    first = add(store)
    store.delete(first.id)
    assert add(store).number > first.number


def test_what_came_out_is_in_the_history_of_its_person(store: JobStore) -> None:
    """Another test, another person or nobody named is not in it; another spelling is."""
    for subject, test, value in (
        ("a", "seated", 30.0),
        ("b", "seated", 31.0),
        ("a", "prone", 32.0),
        (None, "seated", 34.0),
        ("A ", "seated", 33.0),
    ):
        job = add(store, subject=subject, test=test)
        store.claim()
        store.finish(job.id, document_of(value, test=test), 10)
    entries = store.history.list("a", test="seated")
    assert [entry.of(Side.LEFT) for entry in entries] == [30.0, 33.0]
    assert [store.history.count(name, test="seated") for name in ("A", "b", "c", " ")] == [2, 1, 0, 0]
    assert store.page(10, subject="A")[1] == 3


def test_the_list_goes_on_where_it_stopped_with_what_waits_and_what_is_kept(store: JobStore) -> None:
    """Jobs that wait, results of this server and results from the command line, newest first, each once."""
    ids = []
    for k in range(7):
        job = add(store, subject="a")
        ids.append(job.id)
        if k % 3:
            store.claim()
            store.finish(job.id, document_of(30.0 + k), 10) if k % 3 == 1 else store.fail(job.id, {})
        ids.append(store.history.keep(document_of(60.0 + k), "b").token)
    seen: list[Job] = []
    while True:
        part, n_total = store.page(4, before=seen[-1].place if seen else None)
        assert n_total == len(ids)
        seen += part
        if not part:
            break
    assert [job.place for job in seen] == sorted((job.place for job in seen), reverse=True)
    assert sorted(job.id for job in seen) == sorted(ids)
    assert {job.kind for job in seen} == {"upload", "file"}


def test_a_result_is_kept_once_though_the_server_dies_before_its_job_ends(store: JobStore) -> None:
    """The history has it, the job runs still: it is done again, and there is one."""
    job = add(store, subject="a")
    store.claim()
    store.history.keep(document_of(31.0), "a", token=job.id)
    store.recover()
    store.claim()
    assert store.finish(job.id, document_of(31.0), 10)
    assert len(store.history) == store.page(10)[1] == 1


def test_results_of_an_older_server_move_into_the_history_and_nothing_is_lost(tmp_path: Path) -> None:
    """Number, day, name and document; jobs that wait and jobs that failed stay what they were."""
    JobStore(tmp_path).close()
    (tmp_path / "history.sqlite").unlink()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as old:
        for name in ("length_s", "machine_deaths", "replay_of", "replayed"):
            old.execute(f"ALTER TABLE jobs DROP COLUMN {name}")
        for name in ("summary", "document"):
            old.execute(f"ALTER TABLE jobs ADD COLUMN {name} TEXT")
        old.execute("PRAGMA user_version=1")
        insert = (
            "INSERT INTO jobs (id, kind, state, test, subject, keep, options, created_at, finished_at, attempts, "
            "n_frames, document) VALUES (?, ?, ?, 'seated', ?, 0, ?, ?, ?, 1, 9, ?)"
        )
        at = "2026-03-01T12:00:00.000Z", "2026-03-01T12:01:00.000Z"
        for n, (kind, state, document) in enumerate(
            [("live", "done", document_of(31.0)), ("upload", "done", document_of(32.0)), ("upload", "failed", None)]
        ):
            text = None if document is None else json.dumps(document)
            old.execute(insert, (f"old{n}", kind, state, "Anna", '{"subject": "Anna"}', *at, text))
        old.commit()
    for _ in range(2):  # whoever opens it again finds it as it is
        store = JobStore(tmp_path)
        entries = store.history.list("anna")
        assert [(entry.token, entry.of(Side.LEFT)) for entry in entries] == [("old0", 31.0), ("old1", 32.0)]
        assert [entry.recorded_at is None for entry in entries] == [False, True]
        assert {entry.visit_date.isoformat() for entry in entries} == {"2026-03-01"}
        assert store.document("old1") == document_of(32.0)
        assert store.ids() == {"old0", "old1", "old2"}
        store.close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as now:
        assert now.execute("SELECT id, subject, options FROM jobs ORDER BY id").fetchall() == [
            ("old0", None, "{}"),
            ("old1", None, "{}"),
            ("old2", "Anna", '{"subject": "Anna"}'),
        ]


def test_the_database_is_safe_against_power_cuts(store: JobStore, tmp_path: Path) -> None:
    """Write-ahead log, full synchronisation, deleted rows overwritten; and whole."""
    with store._engine.connect() as connection:
        pragmas = {
            n: connection.exec_driver_sql(f"PRAGMA {n}").scalar()
            for n in ("journal_mode", "synchronous", "secure_delete")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


def test_a_damaged_or_newer_database_is_one_sentence(tmp_path: Path) -> None:
    """Nothing is written into what is not ours."""
    (tmp_path / FILE_NAME).write_bytes(b"this is no database at all, but it is long enough" * 100)
    with pytest.raises(HistoryError, match=r"Wanted .* found it damaged"):
        JobStore(tmp_path)
    newer = tmp_path / "newer"
    newer.mkdir()
    connection = sqlite3.connect(newer / FILE_NAME)
    connection.execute("PRAGMA user_version=99")
    connection.commit()
    connection.close()
    with pytest.raises(HistoryError, match="version 2, found 99"):
        JobStore(newer)


def test_two_servers_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second is told about the first."""
    settings = Settings(tmp_path)
    with open_data(settings), pytest.raises(HistoryError, match="Another server works in"), open_data(settings):
        pass


_WRITER = """
import json, sys
from pathlib import Path
from hipcv_server.store import JobStore, new_id
store = JobStore(Path(sys.argv[1]))
store.recover()
document = json.loads(Path(sys.argv[3]).read_text())
while True:
    job = store.claim()
    if job is None:
        store.add({"test": "seated", "keep": False, "subject": sys.argv[2]}, job_id=new_id())
    else:
        print("got", job.id, flush=True)
        store.finish(job.id, {**document, "of": job.id}, 1)
        print("done", job.id, flush=True)
"""


@pytest.mark.process
def test_killed_at_any_moment_nothing_is_lost_doubled_or_torn(tmp_path: Path, often: Callable[[int, int], int]) -> None:
    """Kill -9 in the middle of writing, again and again: what was told is there, once, and the file is whole."""
    told: list[str] = []
    (tmp_path / "d.json").write_text(json.dumps(document_of()))
    for k in range(often(6, 60)):
        command = [sys.executable, "-c", _WRITER, str(tmp_path), str(k), str(tmp_path / "d.json")]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(random.Random(k).uniform(0.0, 0.3))
        writer.kill()
        told += [line.split()[1] for line in writer.stdout.read().splitlines() if line.startswith("done ")]
        writer.wait()
        writer.stdout.close()
    store = JobStore(tmp_path)
    try:
        assert len(told) == len(set(told)) > 3
        for job_id in told:
            kept = store.document(job_id)
            assert kept is not None
            assert kept["of"] == job_id
        assert len(store.history) <= store.page(1)[1]
        assert store.history.verify().whole
    finally:
        store.close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


# ------------------------------------------------------------------------------------------------------ real processes


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Callable[..., tuple[Crew, JobStore, Shelves]]]:
    """Make crews of real worker processes, and end them."""
    made: list[tuple[Crew, JobStore]] = []

    def make(**limits: object) -> tuple[Crew, JobStore, Shelves]:
        shelves = Shelves(tmp_path)
        shelves.make()
        store = JobStore(tmp_path)
        new = Crew(store, shelves, Settings(tmp_path, jobs=JobLimits(n_workers=1, **limits)))  # type: ignore[arg-type]
        made.append((new, store))
        return new, store, shelves

    yield make
    for one, store in made:
        one.stop()
        store.close()


def hand_in(store: JobStore, shelves: Shelves, content: bytes) -> Job:
    """Put a clip and its job in the queue."""
    job_id = new_id()
    clip = shelves.clip(job_id)
    clip.parent.mkdir()
    clip.write_bytes(content)
    job = store.add(OPTIONS, job_id=job_id)
    assert job is not None
    return job


def wait(store: JobStore, job_id: str, until: Callable[[Job], bool], limit_s: float = 60.0) -> Job:
    """Wait until a job is as wanted."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        job = store.get(job_id)
        assert job is not None
        if until(job):
            return job
        time.sleep(0.02)
    raise AssertionError(f"still {job}")


def _kill_workers() -> None:
    for child in _workers():
        child.kill()


def _workers() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # it is gone already
            if WORKER in child.cmdline()[-1]:
                found.append(child)
    return found


def test_a_job_that_kills_three_workers_is_set_aside_and_the_next_is_served(
    crew: Callable[..., tuple[Crew, JobStore, Shelves]],
) -> None:
    """The reason is told, the clip is gone, and the queue goes on."""
    workers, store, shelves = crew()
    poison = hand_in(store, shelves, SAMPLE.read_bytes())
    broken = hand_in(store, shelves, SAMPLE.read_bytes()[:3000])
    workers.start()
    for attempt in (1, 2, 3):
        wait(store, poison.id, lambda job, n=attempt: job.attempts >= n and job.state is JobState.RUNNING)  # type: ignore[misc]
        time.sleep(0.05)
        _kill_workers()
        wait(store, poison.id, lambda job, n=attempt: job.attempts > n or job.ended)  # type: ignore[misc]
    aside = wait(store, poison.id, lambda job: job.ended)
    assert aside.state is JobState.SET_ASIDE
    assert aside.problem is not None
    assert "3 times" in aside.problem["detail"]
    assert "SIGKILL" in aside.problem["detail"]
    assert not shelves.clip(poison.id).exists()
    served = wait(store, broken.id, lambda job: job.ended)
    assert served.state is JobState.FAILED
    assert served.problem is not None
    assert served.problem["code"] == "could_not_measure"
    assert str(shelves.root) not in served.problem["detail"]
    assert served.problem["detail"].startswith("Wanted a video of the test in the upload, found ")


def test_a_worker_that_hangs_is_ended(crew: Callable[..., tuple[Crew, JobStore, Shelves]]) -> None:
    """A worker that reports nothing in time is taken for dead, and the job set aside after its attempts."""
    workers, store, shelves = crew(stall_s=0.05, max_attempts=1)
    job = hand_in(store, shelves, SAMPLE.read_bytes())
    workers.start()
    aside = wait(store, job.id, lambda found: found.ended)
    assert aside.state is JobState.SET_ASIDE
    assert aside.problem is not None
    assert "did nothing for" in aside.problem["detail"]


def test_a_stop_puts_running_work_back(crew: Callable[..., tuple[Crew, JobStore, Shelves]]) -> None:
    """Whoever stops the server loses nothing: the job waits for the next start, with its attempts unspent."""
    workers, store, shelves = crew()
    job = hand_in(store, shelves, SAMPLE.read_bytes())
    workers.start()
    wait(store, job.id, lambda found: found.state is JobState.RUNNING)
    workers.stop()
    found = store.get(job.id)
    assert found is not None
    assert (found.state, found.attempts) == (JobState.QUEUED, 0)
    assert shelves.clip(job.id).exists()
    assert _workers() == []


def test_a_fault_of_the_server_itself_ends_the_job_and_not_the_queue(
    crew: Callable[..., tuple[Crew, JobStore, Shelves]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw in the server: the job says so, and the next is served."""
    workers, store, shelves = crew()
    make, calls = Shelves.begin_result, []

    def fail_once(self: Shelves, job_id: str) -> Path:
        calls.append(job_id)
        if len(calls) == 1:
            raise RuntimeError("a fault of the server")
        return make(self, job_id)

    monkeypatch.setattr(Shelves, "begin_result", fail_once)
    first, second = (hand_in(store, shelves, SAMPLE.read_bytes()[:3000]) for _ in range(2))
    workers.start()
    failed = wait(store, first.id, lambda job: job.ended)
    assert failed.problem is not None
    assert "a fault of the server" in failed.problem["detail"]
    assert wait(store, second.id, lambda job: job.ended).attempts == 1
