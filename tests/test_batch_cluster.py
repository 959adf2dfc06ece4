"""The same batch runs on a Dask cluster, and arrives whole when machines of it die."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from batch_recordings import events, run_command, start_command, write_folder

from hipcv.batch.engine import open_cluster
from hipcv.core.errors import BatchError

pytest.importorskip("distributed", reason="a cluster needs the extra 'cluster'")


def start_dask(*arguments: str, folder: Path) -> "subprocess.Popen[bytes]":
    with (folder / "dask.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", *arguments], stdout=log, stderr=log, cwd=folder)


def wait_for(condition: Any, what: str, patience_s: float = 60.0) -> None:
    end_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end_s, f"waited in vain for {what}"
        time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]", list["subprocess.Popen[bytes]"]]]:
    """A scheduler and two workers, each a process of its own that talks over loopback."""
    where = tmp_path / "scheduler.json"
    scheduler = start_dask(
        *("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
        *("--scheduler-file", str(where)),
        folder=tmp_path,
    )
    wait_for(where.exists, "the scheduler")
    address = json.loads(where.read_text())["address"]
    workers = [
        start_dask(
            *("distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard"),
            *("--local-directory", str(tmp_path)),
            folder=tmp_path,
        )
        for _ in range(2)
    ]
    yield address, scheduler, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def test_every_row_arrives_though_a_worker_is_killed(
    cluster: tuple[str, "subprocess.Popen[bytes]", list["subprocess.Popen[bytes]"]], tmp_path: Path
) -> None:
    address, _, workers = cluster
    folder = write_folder(tmp_path / "clips", 5)
    batch = start_command(
        *("batch", folder, "-o", tmp_path / "out", "--model", "lite", "--scheduler", address, "--json-lines")
    )
    assert batch.stdout is not None
    told = [batch.stdout.readline() for _ in range(2)]
    assert [event["event"] for event in events("".join(told))] == ["begun", "finished"]
    os.kill(workers[0].pid, signal.SIGKILL)
    rest, errors = batch.communicate(timeout=120)
    assert (batch.returncode, "Traceback" in errors) == (1, False), errors
    finished = [event["clip"] for event in events("".join(told) + rest) if event["event"] == "finished"]
    assert sorted(finished) == sorted(path.name for path in folder.iterdir())
    here = tmp_path / "here"
    assert run_command("batch", folder, "-o", here, "--model", "lite", "--quiet")[0] == 1
    there, alone = (pl.read_parquet(out / "results.parquet") for out in (tmp_path / "out", here))
    assert there.equals(alone)


def test_a_scheduler_that_dies_is_told_in_one_sentence_and_what_is_finished_is_kept(
    cluster: tuple[str, "subprocess.Popen[bytes]", list["subprocess.Popen[bytes]"]], tmp_path: Path
) -> None:
    address, scheduler, _ = cluster
    folder = write_folder(tmp_path / "clips", 3)
    options = ("-o", tmp_path / "out", "--model", "lite", "--json-lines")
    batch = start_command("batch", folder, *options, "--scheduler", address)
    assert batch.stdout is not None
    told = [batch.stdout.readline() for _ in range(2)]
    scheduler.kill()
    rest, errors = batch.communicate(timeout=120)
    assert batch.returncode == 3
    assert errors.startswith(f"hipcv: Lost the cluster at {address}")
    assert errors.count("\n") == 1
    before = [event["clip"] for event in events("".join(told) + rest) if event["event"] == "finished"]
    after = [
        event["clip"] for event in events(run_command("batch", folder, *options)[1]) if event["event"] == "finished"
    ]
    assert sorted(before + after) == sorted(path.name for path in folder.iterdir())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Dask's own
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "::"])
def test_a_scheduler_that_is_not_there_is_told_in_one_sentence(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hipcv.batch.engine.SCHEDULER_PATIENCE_S", 1)
    with pytest.raises(BatchError, match=r"Wanted a Dask scheduler at .*, found none that answers") as caught:
        open_cluster(address)
    assert "\n" not in str(caught.value)
