"""The same batch runs on a Dask cluster, and arrives whole when machines of it die."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from batch_recordings import Ear, events, shared_folder, start_command, undisturbed

from hipcv.batch.order import Order, carry_out
from hipcv.batch.run.engine import open_cluster
from hipcv.core.errors import BatchError
from hipcv.words import ModelName

pytestmark = pytest.mark.process

if find_spec("distributed") is None:
    pytest.skip("a cluster needs the extra 'cluster'", allow_module_level=True)


def start_dask(*arguments: str, folder: Path) -> "subprocess.Popen[bytes]":
    with (folder / "dask.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", *arguments], stdout=log, stderr=log, cwd=folder)


def wait_for(condition: Any, what: str, patience_s: float = 60.0) -> None:
    end_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end_s, f"waited in vain for {what}"
        time.sleep(0.05)


class Cluster:
    """A scheduler and workers, each a process of its own that talks over loopback."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        where = folder / "scheduler.json"
        self.scheduler = start_dask(
            *("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(where)),
            folder=folder,
        )
        self.workers: list[subprocess.Popen[bytes]] = []
        wait_for(lambda: where.exists() and where.read_text(), "the scheduler")
        self.address = json.loads(where.read_text())["address"]

    def add_workers(self, n: int) -> None:
        self.workers += [
            start_dask(
                *("distributed.cli.dask_worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard"),
                *("--local-directory", str(self._folder)),
                folder=self._folder,
            )
            for _ in range(n)
        ]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    yield cluster
    for process in (*cluster.workers, cluster.scheduler):
        process.kill()
        process.wait()


def test_every_row_arrives_though_a_worker_is_killed(
    cluster: Cluster, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cluster.add_workers(2)
    folder = shared_folder(tmp_path_factory.getbasetemp())
    batch = start_command(
        *("batch", folder, "-o", tmp_path / "out", "--model", "lite", "--scheduler", cluster.address, "--json-lines")
    )
    assert batch.stdout is not None
    told = [batch.stdout.readline() for _ in range(2)]
    assert [event["event"] for event in events("".join(told))] == ["begun", "finished"]
    os.kill(cluster.workers[0].pid, signal.SIGKILL)
    rest, errors = batch.communicate(timeout=120)
    assert (batch.returncode, "Traceback" in errors) == (1, False), errors
    finished = [event["clip"] for event in events("".join(told) + rest) if event["event"] == "finished"]
    assert sorted(finished) == sorted(path.name for path in folder.iterdir())
    outs = tmp_path / "out", undisturbed(tmp_path_factory.getbasetemp())
    there, here = (pl.read_parquet(out / "results.parquet") for out in outs)
    assert there.equals(here)


def test_a_scheduler_that_dies_is_told_in_one_sentence_and_what_is_finished_is_kept(
    cluster: Cluster, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cluster.add_workers(1)
    folder = shared_folder(tmp_path_factory.getbasetemp())
    options = ("-o", tmp_path / "out", "--model", "lite", "--json-lines", "--scheduler", cluster.address)
    batch = start_command("batch", folder, *options)
    assert batch.stdout is not None
    told = [batch.stdout.readline() for _ in range(2)]
    cluster.scheduler.kill()
    rest, errors = batch.communicate(timeout=120)
    assert batch.returncode == 3
    assert errors.startswith(f"hipcv: Lost the cluster at {cluster.address}")
    assert errors.count("\n") == 1
    before = [event["clip"] for event in events("".join(told) + rest) if event["event"] == "finished"]
    ear = Ear()
    carry_out(Order((str(folder),), tmp_path / "out", model_name=ModelName.LITE, n_workers=1), ear)
    assert sorted(before + ear.clips) == sorted(path.name for path in folder.iterdir())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Dask's own
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "::"])
def test_a_scheduler_that_is_not_there_is_told_in_one_sentence(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hipcv.batch.run.engine.SCHEDULER_PATIENCE_S", 1)
    with pytest.raises(BatchError, match=r"Wanted a Dask scheduler at .*, found none that answers") as caught:
        open_cluster(address)
    assert "\n" not in str(caught.value)
