"""A batch is never lost and never doubled: whatever ends it, the same command again leads to the same tables."""

import csv
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import psutil
import pytest
from batch_recordings import (
    Ear,
    events,
    run_command,
    shared_folder,
    start_command,
    undisturbed,
    write_folder,
    write_recording,
)
from published import faults
from typer.testing import CliRunner

import hipcv
from hipcv.batch.input.clip import Clip
from hipcv.batch.input.manifest import Defaults
from hipcv.batch.order import Order, carry_out
from hipcv.batch.run import engine
from hipcv.batch.run.job import Identity, Job, Refusal, Refused, Scored
from hipcv.batch.run.plan import Plan
from hipcv.batch.run.scoring import file_stamp
from hipcv.batch.run.scoring import score as measure
from hipcv.batch.run.tally import Tally
from hipcv.batch.run.worker import Limits, Worker
from hipcv.batch.score import score, yield_all
from hipcv.cli import app
from hipcv.core.errors import BatchError, HipcvError, OutputError
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.viewing import Viewing
from hipcv.models.store import get_model
from hipcv.outputs.document import render_document
from hipcv.outputs.faces import cover_faces
from hipcv.outputs.stills import take_stills
from hipcv.sources.video import open_video
from hipcv.words import CameraSide, Effort, ModelName, Sex

pytestmark = pytest.mark.process

TABLES = ("results.csv", "results.parquet", "trials.parquet", "film-again.csv", "redcap.csv", "summary.html")


def order(asked: Path, out: Path, **options: Any) -> Order:
    values: dict[str, Any] = {"model_name": ModelName.LITE, "n_workers": 1, **options}
    return Order((str(asked),), out, **values)


def rows(out: Path, table: str = "results.csv") -> list[dict[str, str]]:
    with (out / table).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def tables(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three recordings and a file that only calls itself one."""
    return shared_folder(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of that folder, by a run that nothing disturbed."""
    return undisturbed(tmp_path_factory.getbasetemp())


# ---------------------------------------------------------------------------------------------------------- what comes


def test_a_folder_becomes_one_row_a_side_and_a_reason_for_every_side_without_a_number(folder: Path, done: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    assert [row["clip"] for row in rows(done)] == [name for name in names for _ in range(2)]
    assert [row["side"] for row in rows(done)] == ["left", "right"] * len(names)
    assert {row["status"] for row in rows(done) if row["clip"] != "torn-seated.mp4"} == {"not_measured"}
    assert {row["status"] for row in rows(done) if row["clip"] == "torn-seated.mp4"} == {"set_aside"}
    documents = [json.loads(path.read_text()) for path in (done / "clips").glob("*.json")]
    assert [faults(document) for document in documents] == [[]] * 3
    again = rows(done, "film-again.csv")
    assert {row["clip"] for row in again} == set(names)
    assert all(row["reason"] and row["advice"] for row in again)


def test_a_missing_number_is_missing_in_every_table_and_never_0(done: Path) -> None:
    table = pl.read_parquet(done / "results.parquet")
    assert table["end_range_deg"].null_count() == len(table)
    assert {row["end_range_deg"] for row in rows(done)} == {""}


def test_the_run_is_told_with_versions_model_parameters_counts_and_times(folder: Path, done: Path) -> None:
    run = json.loads((done / "run.json").read_text())
    assert run["complete"] is True
    assert run["counts"]["recordings"] == 4
    assert (run["counts"]["not_measured"], run["counts"]["set_aside"]) == (3, 1)
    assert run["model_sha256"] == get_model(ModelName.LITE).sha256
    assert run["versions"]["hipcv"] == hipcv.__version__
    assert run["this_run"]["finished"] == 4
    assert 0 < run["this_run"]["measuring_s"] <= run["this_run"]["wall_s"]


def test_a_recording_measures_the_same_in_a_batch_as_alone(measured_sample: Any, samples: Path, tmp_path: Path) -> None:
    measured = measured_sample("seated-easy-101-01", ModelName.LITE)
    alone = render_document(measured.assessment)
    clip = samples / "seated-easy-101-01.mp4"
    contents = carry_out(order(clip, tmp_path / "out", defaults=Defaults(test=SEATED)), Ear())
    (document,) = (tmp_path / "out" / "clips").glob("*.json")
    assert json.loads(document.read_text()) == json.loads(json.dumps(alone))
    assert contents.counts == {"measured": 1}
    left = contents.sides[0]
    assert left["end_range_deg"] == alone["sides"]["left"]["motions"]["internal"]["end_range_deg"]  # type: ignore[index, call-overload]
    assert left["reference_id"] is None  # neither age nor sex was stated
    trials = pl.read_parquet(tmp_path / "out" / "trials.parquet")
    assert trials.filter(pl.col("accepted")).height == sum(row["n_trials_accepted"] for row in contents.sides)
    page = document.with_suffix(".html").read_text()
    with open_video(clip) as video:
        stills = take_stills(cover_faces(video, measured.series), measured.series, measured.assessment)
    assert [still.side for still in stills] == [row["side"] for row in contents.sides]
    assert all(still.source in page for still in stills)


# ------------------------------------------------------------------------------------------- never lost, never doubled


def test_the_same_command_again_measures_nothing_and_writes_the_same_tables(folder: Path, done: Path) -> None:
    before, ear = tables(done), Ear()
    carry_out(order(folder, done), ear)
    assert ear.clips == []
    assert not ear.was_killed
    assert tables(done) == before


def test_a_recording_is_known_by_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "clips", 2)
    carry_out(order(folder, tmp_path / "out"), Ear())
    (folder / "s00-seated.mp4").rename(folder / "renamed-seated.mp4")
    write_recording(folder / "s01-seated.mp4", seed=99)
    ear = Ear()
    carry_out(order(folder, tmp_path / "out"), ear)
    assert ear.clips == ["s01-seated.mp4"]
    assert [row["clip"] for row in rows(tmp_path / "out")][::2] == ["renamed-seated.mp4", "s01-seated.mp4"]


CLIP = Clip(1, "a.mp4", "/clips/a.mp4", SEATED)


@pytest.mark.parametrize(
    "change",
    [
        {"test": PRONE},
        {"effort": Effort.PASSIVE},
        {"camera_side": CameraSide.HEAD_END},
        {"mirrored": True},
        {"slow_motion": 2.0},
        {"viewing": Viewing(rotate_deg=180)},
        {"viewing": Viewing(from_s=2.0)},
        {"roll_deg": 1.0},
        {"age_years": 40.0},
        {"sex": Sex.MALE},
    ],
    ids=str,
)
def test_whatever_the_result_depends_on_makes_another_result(change: dict[str, Any]) -> None:
    plan = Plan("lite", "m" * 64)
    clip = replace(CLIP, test=PRONE) if "camera_side" in change else CLIP  # seated, there is one place for a camera
    assert plan.key(replace(clip, **change), "c" * 64) != plan.key(clip, "c" * 64)
    assert plan.key(CLIP, "d" * 64) != plan.key(CLIP, "c" * 64)
    for other in (replace(plan, pose_model="full"), replace(plan, model_sha256="n" * 64)):
        assert other.key(CLIP, "c" * 64) != plan.key(CLIP, "c" * 64)


def test_what_the_list_only_carries_does_not_make_another_result() -> None:
    plan = Plan("lite", "m" * 64)
    told = replace(CLIP, row=7, name="b.mp4", subject="S1", visit_date="2026-01-01", carried={"site": "north"})
    assert plan.key(told, "c" * 64) == plan.key(CLIP, "c" * 64)


def test_the_same_bytes_under_two_names_are_measured_once_and_both_are_told(tmp_path: Path) -> None:
    write_recording(tmp_path / "clips" / "a-seated.mp4", seed=1)
    (tmp_path / "clips" / "b-seated.mp4").write_bytes((tmp_path / "clips" / "a-seated.mp4").read_bytes())
    contents = carry_out(order(tmp_path / "clips", tmp_path / "out"), Ear())
    assert contents.same == [["a-seated.mp4", "b-seated.mp4"]]
    assert len(contents.sides) == 4
    assert len(list((tmp_path / "out" / "clips").glob("*.json"))) == 2
    with closing(sqlite3.connect(tmp_path / "out" / "ledger.sqlite")) as ledger:
        assert ledger.execute("SELECT count(*) FROM outcomes").fetchone() == (1,)


def test_a_document_that_somebody_deleted_is_written_again_without_measuring(folder: Path, done: Path) -> None:
    (victim, *_) = sorted((done / "clips").glob("*.json"))
    before = victim.read_bytes()
    victim.unlink()
    ear = Ear()
    carry_out(order(folder, done), ear)
    assert ear.clips == []
    assert victim.read_bytes() == before


def kill_and_resume(folder: Path, out: Path, n_kills: int, seed: int) -> list[dict[str, Any]]:
    """Kill a batch that often at random moments, then let it end; return the events of all runs."""
    rng, told = random.Random(seed), []
    for _ in range(n_kills):
        process = start_command("batch", folder, "-o", out, "--model", "lite", "--workers", "2", "--json-lines")
        time.sleep(rng.uniform(0.5, 4.0))
        process.kill()
        told += events(process.communicate()[0])
    status, lines, err = run_command("batch", folder, "-o", out, "--model", "lite", "--workers", "2", "--json-lines")
    assert status == 1, err
    return [*told, *events(lines)]


def test_kill_9_at_any_moment_loses_nothing_and_doubles_nothing(folder: Path, done: Path, tmp_path: Path) -> None:
    told = kill_and_resume(folder, tmp_path / "out", n_kills=3, seed=6)
    finished = [event["clip"] for event in told if event["event"] == "finished"]
    assert len(finished) == len(set(finished))
    assert tables(tmp_path / "out") == tables(done)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out" / "clips").iterdir()} == {
        p.name: p.read_bytes() for p in (done / "clips").iterdir()
    }
    assert not list((tmp_path / "out").rglob("*.part"))
    with closing(sqlite3.connect(tmp_path / "out" / "ledger.sqlite")) as ledger:
        assert ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert ledger.execute("SELECT count(*) FROM outcomes").fetchone() == (4,)


def test_a_killed_batch_leaves_no_process_behind_and_is_noticed_by_the_next(folder: Path, tmp_path: Path) -> None:
    process = start_command(
        "batch", folder, "-o", tmp_path / "out", "--model", "lite", "--json-lines", HIPCV_TEST_MARK=str(tmp_path)
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "begun"
    wait_for(lambda: len(marked_processes(tmp_path)) >= 2, "a worker")
    process.kill()
    process.communicate()
    wait_for(lambda: not marked_processes(tmp_path), "the end of all workers")
    ear = Ear()
    carry_out(order(folder / "torn-seated.mp4", tmp_path / "out"), ear)  # whatever is asked for next
    assert ear.was_killed


def test_ctrl_c_leaves_tables_of_what_is_done_and_the_rest_for_later(folder: Path, done: Path, tmp_path: Path) -> None:
    process = start_command(
        *("batch", folder, "-o", tmp_path / "out", "--model", "lite", "--workers", "1", "--json-lines"),
        HIPCV_TEST_MARK=str(tmp_path),
    )
    assert process.stdout is not None
    told = [json.loads(process.stdout.readline())["event"] for _ in range(2)]
    assert told == ["begun", "finished"]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (3, "hipcv: Stopped.\n")
    wait_for(lambda: not marked_processes(tmp_path), "the end of all workers")
    states = [row["status"] for row in rows(tmp_path / "out")]
    assert len(states) == 8
    assert "not_done" in states
    ear = Ear()
    carry_out(order(folder, tmp_path / "out"), ear)
    assert not ear.was_killed
    assert tables(tmp_path / "out") == tables(done)


def marked_processes(mark: Path) -> list[int]:
    wanted = f"HIPCV_TEST_MARK={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in entry.read_bytes().split(b"\0") and (entry.parent / "cmdline").read_bytes():
                found.append(int(entry.parent.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def wait_for(condition: Any, what: str, patience_s: float = 30.0) -> None:
    end_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end_s, f"waited in vain for {what}"
        time.sleep(0.02)


# ------------------------------------------------------------------------------------- what recordings do to workers


@pytest.fixture
def hunter() -> Iterator[Any]:
    """Send a signal to every process of ours that opens a certain recording."""
    over = threading.Event()
    threads = []

    def hunt(recording: Path, what: signal.Signals, hits: list[int]) -> None:
        while not over.is_set():
            for pid in children_of(os.getpid()):
                if pid not in hits and has_open(pid, recording):
                    os.kill(pid, what)
                    hits.append(pid)
            time.sleep(0.01)

    def start(recording: Path, what: signal.Signals) -> list[int]:
        hits: list[int] = []
        threads.append(threading.Thread(target=hunt, args=(recording, what, hits)))
        threads[-1].start()
        return hits

    yield start
    over.set()
    for thread in threads:
        thread.join()


def children_of(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return found


def has_open(pid: int, path: Path) -> bool:
    try:
        return any(handle.readlink() == path for handle in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


linux_only = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="processes are watched through /proc")


@linux_only
def test_a_recording_that_kills_its_worker_twice_is_set_aside_and_the_rest_go_on(tmp_path: Path, hunter: Any) -> None:
    folder = write_folder(tmp_path / "clips", 2)
    poison = write_recording(folder / "poison-seated.mp4", seed=7, n_frames=60)
    hits = hunter(poison, signal.SIGSEGV)
    ear = Ear()
    contents = carry_out(order(folder, tmp_path / "out"), ear)
    assert len(hits) == 2
    assert [refused.refusal for refused in ear.again] == [Refusal.CRASHED]
    assert contents.counts == {"not_measured": 2, "set_aside": 1}
    (told,) = (row for row in rows(tmp_path / "out", "film-again.csv") if row["clip"] == poison.name)
    assert (told["code"], "SIGSEGV" in told["reason"]) == ("crashed", True)
    # under another name nobody hunts it; it is the same recording, and is tried again on request only
    poison.rename(folder / "harmless-seated.mp4")
    assert carry_out(order(folder, tmp_path / "out"), Ear()).counts == {"not_measured": 2, "set_aside": 1}
    assert carry_out(order(folder, tmp_path / "out", retry=True), Ear()).counts == {"not_measured": 3}


@linux_only
def test_a_recording_that_hangs_its_worker_is_given_up_and_the_process_with_it(tmp_path: Path, hunter: Any) -> None:
    fine, stuck = (write_recording(tmp_path / name, seed, 60) for seed, name in enumerate(("a.mp4", "stuck.mp4")))
    plan = Plan("lite", get_model(ModelName.LITE).sha256, wants_reports=False)
    job = plan.job(Clip(1, "a", str(fine), SEATED))
    worker = Worker(Limits(stall_s=60))
    assert isinstance(worker.run(job), Scored)
    worker.limits = Limits(stall_s=2)
    hits = hunter(stuck, signal.SIGSTOP)
    answer = worker.run(replace(job, source=str(stuck)))
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.HUNG
    wait_for(lambda: not Path(f"/proc/{hits[0]}").exists(), "the end of the hanging process")
    worker.retire()


def test_a_worker_that_is_killed_leaves_no_copy_of_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec", reason="URLs need the extra 'cluster'")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    recording = write_recording(tmp_path / "a.mp4", seed=1, n_frames=60)
    plan = Plan("lite", get_model(ModelName.LITE).sha256, wants_reports=False)
    worker = Worker(Limits())
    job = plan.job(Clip(1, "a", recording.as_uri(), SEATED))
    thread = threading.Thread(target=worker.run, args=(job,))
    thread.start()
    wait_for(lambda: list((tmp_path / "scratch").rglob("recording.mp4")), "the copy")
    worker.stop()
    thread.join()
    worker.retire()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_worker_takes_no_more_memory_than_it_may(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "a.mp4", seed=1)
    plan = Plan("lite", get_model(ModelName.LITE).sha256, wants_reports=False)
    worker = Worker(Limits(memory_mb=40))
    answer = worker.run(plan.job(Clip(1, "a", str(recording), SEATED)))
    worker.retire()
    assert isinstance(answer, Refused)
    assert answer.refusal in (Refusal.CRASHED, Refusal.FAILED)


def test_another_version_or_another_model_is_refused_by_the_worker(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "a.mp4", seed=1)
    plan = Plan("lite", get_model(ModelName.LITE).sha256)
    job = plan.job(Clip(1, "a", str(recording), SEATED))
    for unfit in (replace(job, hipcv_version="0.0.1"), replace(job, model_sha256="0" * 64)):
        answer = measure(unfit)
        assert isinstance(answer, Refused)
        assert answer.refusal is Refusal.WORKER_UNFIT


def test_a_worker_hashes_a_recording_only_where_it_has_changed_since_it_was_looked_at(
    tmp_path: Path,
) -> None:
    recording = write_recording(tmp_path / "a.mp4", seed=1, n_frames=10)
    plan = Plan("lite", get_model(ModelName.LITE).sha256, wants_reports=False)
    clip = Clip(1, "a", str(recording), SEATED)
    told = {
        stamp: measure(plan.job(clip, Identity("a" * 64, stamp))) for stamp in (file_stamp(recording), "another stamp")
    }
    found = [scored.document["provenance"]["clip_sha256"] for scored in told.values() if isinstance(scored, Scored)]
    assert found == ["a" * 64, hashlib.sha256(recording.read_bytes()).hexdigest()]


# -------------------------------------------------------------------------------------------- what disks and shares do


class Thief(Ear):
    """Takes a folder away as soon as the first recording is finished."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def finished(self, clip: Clip, answer: Scored | Refused, tally: Tally) -> None:
        super().finished(clip, answer, tally)
        if len(self.clips) == 1:
            self.folder.rename(self.folder.with_name("away"))


def test_a_share_that_vanishes_stops_the_batch_in_one_sentence_and_the_rest_is_done_later(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "share", 3)
    with pytest.raises(BatchError, match="cannot be reached any more") as caught:
        carry_out(order(folder, tmp_path / "out", n_workers=1), Thief(folder))
    assert "\n" not in str(caught.value)
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (run["complete"], run["counts"]["not_done"]) == (False, 2)
    assert len(rows(tmp_path / "out")) == 6
    (tmp_path / "away").rename(folder)
    ear = Ear()
    carry_out(order(folder, tmp_path / "out"), ear)
    assert len(ear.clips) == 2


def test_a_recording_that_vanishes_alone_is_set_aside_and_looked_for_again(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "clips", 2)
    (folder / "list.csv").write_text("path,test\n" + "".join(f"s0{n}-seated.mp4,seated\n" for n in range(2)))

    class Remover(Ear):
        def begun(self, tally: Tally, place: str, *, was_killed: bool) -> None:
            (folder / "s01-seated.mp4").rename(folder / "kept.mp4")

    contents = carry_out(order(folder / "list.csv", tmp_path / "out"), Remover())
    assert contents.counts == {"not_measured": 1, "set_aside": 1}
    (folder / "kept.mp4").rename(folder / "s01-seated.mp4")
    assert carry_out(order(folder / "list.csv", tmp_path / "out"), Ear()).counts == {"not_measured": 2}


def test_a_full_disk_is_one_sentence_and_the_batch_goes_on_once_there_is_room(folder: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120k", "none", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small disk needs the right to mount one")
    try:
        with pytest.raises(HipcvError, match="is full: free some space and run the same command again") as caught:
            carry_out(order(folder, disk / "out"), Ear())
        assert "\n" not in str(caught.value)
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        contents = carry_out(order(folder, disk / "out"), Ear())
        assert contents.counts == {"not_measured": 3, "set_aside": 1}
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_results_that_cannot_be_written_are_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="found a file where a folder of it should be") as caught:
        carry_out(order(write_recording(tmp_path / "a.mp4", 1), tmp_path / "file" / "out"), Ear())
    assert "\n" not in str(caught.value)


def test_a_damaged_ledger_is_told_and_left_alone(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "a-seated.mp4", 1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "ledger.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(BatchError, match="is damaged"):
        carry_out(order(recording, tmp_path / "out"), Ear())


def test_a_second_batch_into_the_same_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    class Second(Ear):
        def begun(self, tally: Tally, place: str, *, was_killed: bool) -> None:
            with pytest.raises(BatchError, match="Another batch is writing"):
                carry_out(order(folder, tmp_path / "out"), Ear())

    carry_out(order(folder / "s00-seated.mp4", tmp_path / "out"), Second())


# ------------------------------------------------------------------------------------------------------- command line


def test_the_command_says_nothing_when_it_is_to_be_quiet(folder: Path, done: Path) -> None:
    assert run_command("batch", folder, "-o", done, "--model", "lite", "--quiet") == (1, "", "")


def test_faults_of_a_list_are_all_told_before_anything_is_started(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,test\nnone.mp4,seated\nnone2.mp4,up\n")
    status, out, err = run_command("batch", tmp_path / "list.csv", "-o", tmp_path / "out")
    assert (status, out) == (3, "")
    assert "3 faults" in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_columns_that_are_only_carried_along_are_named_before_anything_starts(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.mp4", seed=1)
    (tmp_path / "list.csv").write_text("path,Geschlecht\na.mp4,w\n")

    class Stopped(Ear):
        def carried(self, columns: tuple[str, ...]) -> None:
            super().carried(columns)
            raise BatchError("Stopped here.")

    ear, out = Stopped(), tmp_path / "out"
    with pytest.raises(BatchError, match="Stopped here"):
        carry_out(order(tmp_path / "list.csv", out), ear)
    assert ear.columns == ("Geschlecht",)
    assert ear.begun_with is None
    assert not out.exists()


@pytest.mark.parametrize("option", [(), ("--json-lines",)])
def test_a_dry_run_names_the_columns_that_are_only_carried_along(tmp_path: Path, option: tuple[str, ...]) -> None:
    write_recording(tmp_path / "a.mp4", seed=1)
    (tmp_path / "list.csv").write_text("path,Geschlecht\na.mp4,w\n")
    asked = ("batch", str(tmp_path / "list.csv"), "-o", str(tmp_path / "out"), "--dry-run", *option)
    ended = CliRunner().invoke(app, asked)
    assert ended.exit_code == 0
    assert "Geschlecht" in ended.stdout


@linux_only
def test_a_dry_run_of_10000_rows_is_small_and_writes_nothing(tmp_path: Path) -> None:
    lines = ["path,subject,test,age,sex,goniometer_left_deg,goniometer_right_deg"]
    for at in range(10_000):
        (tmp_path / f"{at}.mp4").write_bytes(b"x")
        lines.append(f"{at}.mp4,S{at},seated,{20 + at % 60},f,31.5,30")
    (tmp_path / "list.csv").write_text("\n".join(lines))
    code = (
        "import pathlib, sys; sys.argv = ['hipcv', 'batch', sys.argv[1], '-o', 'out', '--dry-run', '--json-lines']\n"
        "try:\n    from hipcv.cli import main; main()\n"
        "finally:\n    print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "list.csv")]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    told, peak_kb = ended.stdout.splitlines()
    assert json.loads(told)["n_clips"] == 10_000
    assert float(peak_kb) / 1024 < 300
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------------------------------------- where memory is told


def test_a_machine_that_hides_its_memory_is_used_by_its_cores(folder: Path, tmp_path: Path) -> None:
    hide = "mount -t tmpfs none /proc && mount -t tmpfs none /sys && "
    unshare = ["unshare", *(["--map-root-user"] if os.getuid() else []), "--mount", "--propagation", "private", "sh"]
    if subprocess.run([*unshare, "-c", f"{hide} test ! -e /proc/meminfo"], capture_output=True).returncode:
        pytest.skip("/proc can be hidden only by those who may mount something over it")
    command = [sys.executable, "-m", "hipcv", "batch", str(folder), "-o", str(tmp_path / "out")]
    ended = subprocess.run(
        [*unshare, "-c", f'{hide} exec "$@"', "sh", *command, "--dry-run", "--json-lines"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["place"].endswith("on this machine")


@pytest.mark.parametrize(
    ("free_mb", "limit", "used_mb", "n_workers"),
    [
        (100_000, None, None, 4),  # as many as there are cores
        (100_000, "max", 50, 4),
        (5000, None, None, 2),
        (100_000, 2600, 50, 1),
        (100, None, None, 1),
        (100_000, 50, 60, 1),
    ],
)
def test_there_are_as_many_workers_as_fit_into_half_of_what_is_free(
    free_mb: int, limit: Any, used_mb: Any, n_workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free_mb * 1024**2))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    monkeypatch.setattr(engine, "_CGROUP", tmp_path)
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit if limit == "max" else str(limit * 1024**2))
        (tmp_path / "memory.current").write_text(str(used_mb * 1024**2))
    assert engine.count_workers() == n_workers


# ------------------------------------------------------------------------------------------------------------- Python


def test_python_gets_every_recording_with_its_assessment_or_the_reason(folder: Path) -> None:
    scored = {Path(clip.path).name: clip for clip in score(folder, test="seated", model="lite", workers=2)}
    assert len(scored) == 4
    torn = scored.pop("torn-seated.mp4")
    assert torn.assessment is None
    assert "Wanted a video" in torn.reason
    for clip in scored.values():
        assert clip.assessment is not None
        assert clip.document == render_document(clip.assessment)
        assert not clip.assessment.angles.time_s.flags.writeable


def answering(run: Callable[[Job, Limits], Scored | Refused]) -> engine.WorkEngine:
    """Return an engine of one thread whose recordings all come to what `run` says."""
    pool = ThreadPoolExecutor(1)
    return engine.WorkEngine("one thread", pool, run, lambda: 1, Limits(), pool.shutdown)


def test_python_is_told_of_every_name_that_the_same_bytes_have(tmp_path: Path) -> None:
    clips = [Clip(row, name, str(tmp_path / name), SEATED) for row, name in enumerate(("a.mp4", "b.mp4", "c.mp4"))]
    for clip in clips:
        Path(clip.source).write_bytes(b"the same")
    told = list(yield_all(clips, Plan("lite", "m" * 64), answering(lambda job, limits: Scored({"status": "measured"}))))
    assert sorted(Path(one.path).name for one in told) == ["a.mp4", "b.mp4", "c.mp4"]


def test_python_is_told_why_after_as_many_tries_as_a_batch_makes(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"poison")
    asked = []

    def crash(job: Job, limits: Limits) -> Refused:
        asked.append(job)
        return Refused(Refusal.CRASHED, f"It died {len(asked)} times.")

    (told,) = yield_all([Clip(1, "a", str(tmp_path / "a.mp4"), SEATED)], Plan("lite", "m" * 64), answering(crash))
    assert (told.document, told.reason) == (None, "It died 2 times.")


def test_python_hears_of_a_worker_that_cannot_measure_anything_as_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"a")
    unfit = answering(lambda job, limits: Refused(Refusal.WORKER_UNFIT, "Another version."))
    with pytest.raises(BatchError, match="Another version"):
        list(yield_all([Clip(1, "a", str(tmp_path / "a.mp4"), SEATED)], Plan("lite", "m" * 64), unfit))


def test_a_loop_that_is_left_early_ends_its_workers(folder: Path) -> None:
    for _ in score(folder, test="seated", model="lite", workers=1):
        break
    wait_for(lambda: not [pid for pid in children_of(os.getpid()) if is_worker(pid)], "the end of all workers")


def test_a_half_read_loop_ends_its_workers_and_python_ends_in_order(folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys, hipcv; half_read = hipcv.score(sys.argv[1], test='seated', model='lite', workers=2)\n"
        "unread = hipcv.score(sys.argv[1], test='seated', model='lite', workers=2)\n"
        "print(next(half_read).path)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "HIPCV_TEST_MARK": str(tmp_path)},
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(str(folder))
    wait_for(lambda: not marked_processes(tmp_path), "the end of all workers")


def is_worker(pid: int) -> bool:
    try:
        return b"hipcv batch worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
