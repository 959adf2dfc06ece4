"""Kill -9 at any moment, hundreds of times: batches whose measuring is stood in for, everything else is the real thing.

Run as a program: `python crashes.py N_KILLS SEED FOLDER` prints what came of it as JSON.
"""

import hashlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl  # noqa: F401 - loaded once, before the first fork
import polars  # noqa: F401 - the same
from batch_recordings import Ear
from simulated import seated

from hipcv.assessment import assess
from hipcv.batch.order import Order, carry_out
from hipcv.batch.run.engine import WorkEngine
from hipcv.batch.run.job import Job, Scored
from hipcv.batch.run.worker import Limits
from hipcv.core.setup import Setup
from hipcv.outputs.document import render_document
from hipcv.words import ModelName

N_CLIPS = 12
#: Kills fall anywhere within a run and a little beyond, as long as one takes here.
BEYOND = 1.3
_DOCUMENT = render_document(assess(seated(left=(40.0,), right=(30.0,), duration_s=5.0, fps=15.0), Setup()))


def stand_in(job: Job, limits: Limits) -> Scored:
    """Give a result that is the recording's own, as measuring would: the same bytes, the same result."""
    sha256 = hashlib.sha256(Path(job.source).read_bytes()).hexdigest()
    document: dict[str, Any] = json.loads(json.dumps(_DOCUMENT))
    document["provenance"]["clip_sha256"] = sha256
    document["sides"]["left"]["motions"]["internal"]["end_range_deg"] = int(sha256[:4], 16) % 4000 / 100
    time.sleep(0.005)
    return Scored(document, {name: sha256.encode() * 500 for name in job.artefacts})


@dataclass(frozen=True, slots=True)
class StandIn(Order):
    """An order that is carried out by threads of this process."""

    def open_engine(self) -> WorkEngine:
        """Return where the work is done."""
        pool = ThreadPoolExecutor(2)
        return WorkEngine("two threads", pool, stand_in, lambda: 2, Limits(), pool.shutdown)


def order(clips: Path, out: Path) -> Order:
    """Return the batch."""
    return StandIn((str(clips),), out, model_name=ModelName.LITE)


def clips_in(folder: Path) -> Path:
    """Write files that are told apart by their bytes."""
    folder.mkdir(parents=True)
    for n in range(N_CLIPS):
        (folder / f"S{n:02d}_seated.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes([n]) * 2000)
    return folder


def tables(out: Path) -> dict[str, bytes]:
    """Return every file that a batch leaves but its ledger, its lock and what tells of the run itself."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and (path.suffix in (".csv", ".parquet") or path.parent.name == "clips")
    }


def faults_of(out: Path, wanted: dict[str, bytes]) -> list[str]:
    """Return what is wrong with the results of a batch that was killed and went on."""
    found = tables(out)
    wrong = [name for name in {*found, *wanted} if found.get(name) != wanted.get(name)]
    wrong += [f"{path.name} is left" for path in out.rglob("*.part")]
    with closing(sqlite3.connect(out / "ledger.sqlite")) as ledger:
        if ledger.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            wrong.append("the ledger is damaged")
        n_rows = ledger.execute("SELECT count(*) FROM outcomes").fetchone()[0]
        if n_rows != N_CLIPS:
            wrong.append(f"{n_rows} rows")
    return wrong


def _run_killed(clips: Path, out: Path, after_s: float) -> bool:
    """Run a batch in a process of its own and kill it after so long; tell whether that was before its end."""
    pid = os.fork()
    if pid == 0:
        try:
            carry_out(order(clips, out), Ear())
        except BaseException:
            os._exit(1)
        os._exit(0)
    end_s = time.monotonic() + after_s
    while time.monotonic() < end_s:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert status == 0, "a batch that nobody killed failed"
            return False
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def kill_batches(n_kills: int, seed: int, folder: Path) -> Iterator[list[str]]:
    """Kill batches so often, each until it ends by itself; yield what is wrong with each that ended.

    None is carried out in this process: its threads would be missing in those that are forked from it.
    """
    rng = random.Random(seed)
    clips, whole = clips_in(folder / "clips"), folder / "whole"
    began_s = time.monotonic()
    assert not _run_killed(clips, whole, after_s=600.0)
    longest_s = BEYOND * (time.monotonic() - began_s)
    wanted, killed, n = tables(whole), 0, 0
    while killed < n_kills:
        out, n = folder / f"out-{n}", n + 1
        while killed < n_kills and _run_killed(clips, out, rng.uniform(0.0, longest_s)):
            killed += 1
        assert not _run_killed(clips, out, after_s=600.0)
        yield faults_of(out, wanted)


def main() -> None:
    """Kill, go on, and print the faults of every batch."""
    n_kills, seed, folder = sys.argv[1:]
    sys.stdout.write(json.dumps(list(kill_batches(int(n_kills), int(seed), Path(folder)))))


if __name__ == "__main__":
    main()
