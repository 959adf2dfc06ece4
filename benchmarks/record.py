"""The record: how long lists, trends and opening take with many assessments, and what a kill -9 while adding leaves.

python benchmarks/record.py [--n 10000] [--kills 50] [--database URL]
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from hipcv.assessment import assess
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.history.store import History, open_history
from hipcv.history.trend import find_trend
from hipcv.outputs.document import render_document

N_PEOPLE = 200
N_TIMES = 7

#: Adds as quickly as it can, and tells what is kept.
ADDER = """
import json, sys
from pathlib import Path
from hipcv.history.store import open_history
document, history = json.loads(Path(sys.argv[2]).read_text()), open_history(sys.argv[1])
print("ready", flush=True)
n = 0
while True:
    entry = history.keep({**document, "n": f"{sys.argv[3]}-{n}"}, f"P{n % 7}")
    print("kept", entry.id, sys.argv[3], n, flush=True)
    n += 1
"""


def make_document() -> dict[str, Any]:
    """Return the document of a measured test, as large as one is."""
    empty = PoseSeries(np.empty(0), np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    document: dict[str, Any] = render_document(assess(empty, Setup()))
    trial = {
        "start_s": 1.0,
        "stop_s": 4.0,
        "hold_start_s": 2.0,
        "hold_stop_s": 3.0,
        "end_range_deg": 30.0,
        "raw_peak_deg": 31.0,
        "filtered_peak_deg": 30.5,
        "rest_deg": 1.0,
        "accepted": True,
        "findings": [],
    }
    for side in document["sides"].values():
        terms = [{"source": f"error term {k}", "se_deg": 1.0} for k in range(9)]
        numbers = {"end_range_deg": 30.0, "interval95_deg": [27.0, 33.0], "status": "measured"}
        side["motions"]["internal"] |= {**numbers, "trials": [trial] * 3, "error_terms": terms}
    return {**document, "status": "measured", "padding": "x" * 12_000}


def fill(history: History, n: int) -> None:
    """Keep so many assessments of many people."""
    document, first = make_document(), date(2020, 1, 1)
    for k in range(n):
        visit = first + timedelta(days=28 * (k // N_PEOPLE))
        history.keep({**document, "k": k}, f"Person {k % N_PEOPLE}", visit_date=visit)


@dataclass(frozen=True, slots=True)
class Taken:
    """How long something takes, milliseconds: by the clock, and of the processor alone."""

    wall_ms: float
    processor_ms: float


def take(what: Callable[[], object], n: int = N_TIMES) -> Taken:
    """Return how long something takes, the median of several runs."""
    wall_ms, processor_ms = [], []
    for _ in range(n):
        began = time.perf_counter(), time.process_time()
        what()
        wall_ms.append(1000 * (time.perf_counter() - began[0]))
        processor_ms.append(1000 * (time.process_time() - began[1]))
    return Taken(statistics.median(wall_ms), statistics.median(processor_ms))


def time_record(url: str, n: int) -> dict[str, Taken]:
    """Return how long everything takes with so many assessments."""

    def reopen() -> None:
        with open_history(url) as again:
            again.short("none")

    with open_history(url) as history:
        fill(history, n - len(history))
        number = history.list("Person 7")[-1].id
        return {
            "open the history": take(reopen),
            "open one assessment": take(lambda: history.get(number)),
            "list of all": take(history.list),
            "list of the newest 20": take(lambda: history.list(newest=20)),
            "list of one person": take(lambda: history.list("Person 7")),
            "people": take(history.people),
            "trend of one person": take(lambda: find_trend(history, "Person 7", "seated")),
            "verify everything": take(history.verify, 1),
        }


def kill_adders(url: str, n_kills: int, folder: Path) -> tuple[int, int, bool]:
    """Kill whoever adds, time and again; return how many were told as kept, how many are, and whether all verifies."""
    (folder / "document.json").write_text(json.dumps(make_document()))
    told: list[tuple[int, str]] = []
    for k in range(n_kills):
        command = [sys.executable, "-c", ADDER, url, str(folder / "document.json"), str(k)]
        adder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert adder.stdout is not None
        adder.stdout.readline()
        first = adder.stdout.readline() if k % 2 else ""  # some are killed before they have told of any
        time.sleep(random.Random(k).uniform(0.0, 0.2))  # noqa: S311 - no secret
        adder.kill()
        lines = [line.split() for line in (first + adder.stdout.read()).splitlines() if line.startswith("kept ")]
        told += [(int(line[1]), f"{line[2]}-{line[3]}") for line in lines if len(line) == 4]
        adder.wait()
        adder.stdout.close()
    with open_history(url) as history:
        there = sum(history.get(number).document["n"] == name for number, name in told)
        return len(told), there, history.verify().whole


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10_000, help="assessments")
    parser.add_argument("--kills", type=int, default=50, help="how often whoever adds is killed")
    parser.add_argument("--database", default=None, help="a database; by default a new SQLite file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        url = given.database or f"sqlite:///{folder / 'record.sqlite'}"
        if given.n:
            for what, taken in time_record(url, given.n).items():
                print(f"{what}: {taken.wall_ms:.1f} ms, {taken.processor_ms:.1f} ms of the processor")
        if given.kills:
            kills = given.database or f"sqlite:///{folder / 'kills.sqlite'}"
            n_told, n_there, whole = kill_adders(kills, given.kills, folder)
            print(f"kill -9 while adding, {given.kills} times: {n_there} of {n_told} told as kept are there")
            print("the log verifies" if whole else "THE LOG DOES NOT VERIFY")


if __name__ == "__main__":
    main()
