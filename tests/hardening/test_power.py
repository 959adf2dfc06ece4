"""Power that fails: whatever was told as done is there afterwards, though the disk forgets what it may forget."""

import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from documents import document_of
from power import SAID, Call, Disk, clip_of, watch
from test_offline import traced

from hipcv_server.files import Shelves
from hipcv_server.store import JobStore

pytestmark = [pytest.mark.process, traced]

WRITER = Path(__file__).with_name("power.py")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Call]]:
    """The data folder of a server, and the system calls that made it."""
    folder = tmp_path_factory.mktemp("power")
    (folder / "data").mkdir()
    return folder / "data", watch(folder / "log", sys.executable, WRITER, folder / "data")


def faults_after(folder: Path, said: str) -> list[str]:
    """Return what is missing or wrong in a folder of which so much was told."""
    store, shelves, wrong = JobStore(folder), Shelves(folder), []
    words = [line.split() for line in said.splitlines()]
    going = {job_id for what, job_id, *_ in words if what == "deleting"}
    try:
        for what, job_id, *values in words:
            if what == "deleted":
                kept = store.get(job_id) is None
            elif job_id in going:
                continue
            elif what == "clip":
                path = shelves.clip(job_id)
                kept = store.get(job_id) is not None and path.is_file() and path.read_bytes() == clip_of(int(values[0]))
            elif what == "report":
                path = shelves.result(job_id, "report.html")
                kept = path.is_file() and path.read_bytes() == clip_of(int(values[0]))
            else:
                kept = store.document(job_id) == document_of(float(values[0]))
            wrong += [] if kept else [" ".join((what, *values))]
        wrong += [] if store.history.verify().whole else ["the log"]
    finally:
        store.close()
    return wrong


def cut(written: tuple[Path, list[Call]], at: list[int], tmp_path: Path, *, deaf: bool = False) -> list[list[str]]:
    """Let the power fail after these calls, every second time with some of what was not safe; return the faults."""
    root, calls = written
    disk, said, faults = Disk(root, deaf=deaf), "", []
    for n, call in enumerate(calls):
        disk.play(call)
        if call.name == "write" and call.paths == (SAID,):
            said += call.content.decode()
        for k in [k for k, place in enumerate(at) if place == n]:
            folder = tmp_path / f"{k}"
            folder.mkdir()
            disk.after_the_cut(folder, random.Random(k) if k % 2 else None)
            faults.append(faults_after(folder, said))
    return faults


def test_power_that_fails_takes_nothing_that_was_told(
    written: tuple[Path, list[Call]], tmp_path: Path, tally: Callable[..., None], often: Callable[[int, int], int]
) -> None:
    root, calls = written
    writes = [n for n, call in enumerate(calls) if call.paths and call.paths[0].startswith(str(root))]
    n_cuts = often(6, 50)
    at = sorted(random.Random(20).choices(writes[len(writes) // 20 :], k=n_cuts - 1)) + [len(calls) - 1]
    faults = cut(written, at, tmp_path)
    tally(sum(not found for found in faults), n_cuts, f"{len(writes)} calls played again, as POSIX lets a disk forget")
    assert [found for found in faults if found] == []


def test_a_disk_that_was_never_asked_to_keep_anything_is_found_to_have_lost_it(
    written: tuple[Path, list[Call]], tmp_path: Path
) -> None:
    """The comparison has no hole of its own."""
    (found,) = cut(written, [len(written[1]) - 1], tmp_path, deaf=True)
    assert {what.split()[0] for what in found} == {"clip", "result", "report"}
