"""What a batch costs besides measuring, how it grows with workers and rows, and what kill -9 does to it.

    python benchmarks/batch.py CLIPS_DIR [--model heavy] [--only efficiency kill …] [--rounds 2] [--kills 20]

    efficiency  the same recordings with one worker and with two, in turn; their ratio, and what is not measuring
    overhead    time between two recordings that nobody measures in, on recordings that cost next to nothing
    memory      the batch's own memory for few and for many recordings
    dry-run     a list of 10,000 rows: time and memory
    kill        kill -9 at random moments and resume: rows lost, rows doubled, files that are not whole

Wall-clock figures mean something on an idle machine only: the load before each part is printed beside them.
"""

import argparse
import csv
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import polars as pl

N_ROWS = 10_000
N_KILLED_CLIPS = 8
#: Prints the process's largest memory after the command has ended; from its own status, which no parent adds to.
_WATCHED = """
import sys
sys.argv = ["hipcv", *sys.argv[1:]]
try:
    from hipcv.cli import main
    main()
finally:
    with open("/proc/self/status") as status:
        print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) // 1024, file=sys.stderr)
"""


def run_batch(asked: Path, out: Path, *options: str) -> tuple[float, int, dict[str, Any]]:
    """Run a batch; return its wall time in seconds, the memory of its own process in MB, and its record."""
    command = [sys.executable, "-c", _WATCHED, "batch", str(asked), "-o", str(out), "--quiet", *options]
    started_s = time.monotonic()
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    wall_s = time.monotonic() - started_s
    if ended.returncode not in (0, 1):
        raise SystemExit(ended.stderr)
    peak_mb = int(ended.stderr.strip().splitlines()[-1])
    record = out / "run.json"
    return wall_s, peak_mb, json.loads(record.read_text()) if record.exists() else {}


def write_recording(path: Path, seed: int, n_frames: int = 8) -> None:
    """Write noise with nobody in it: a recording that costs next to nothing to measure."""
    picture = np.random.default_rng(seed).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for shift in range(n_frames):
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.roll(picture, shift, axis=1), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def write_folder(folder: Path, n: int) -> Path:
    """Write so many small recordings."""
    folder.mkdir()
    for seed in range(n):
        write_recording(folder / f"{seed:04d}-seated.mp4", seed)
    return folder


# ------------------------------------------------------------------------------------------------------------- parts


def efficiency(clips: Path, work: Path, model: str, rounds: int) -> None:
    """Compare one worker with two on the same recordings, in turn."""
    walls: dict[int, list[float]] = {1: [], 2: []}
    processor: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(rounds):
        for n_workers in (1, 2) if turn % 2 == 0 else (2, 1):
            out = work / f"efficiency-{turn}-{n_workers}"
            _, _, record = run_batch(clips, out, "--model", model, "--workers", str(n_workers))
            run = record["this_run"]
            idle = 1 - run["measuring_s"] / (n_workers * run["wall_s"])
            walls[n_workers].append(run["wall_s"])
            processor[n_workers].append(run["processor_s"])
            print(
                f"  {n_workers} worker(s): {run['finished']} recordings of {run['recorded_s']:.0f} s in "
                f"{run['wall_s']:.1f} s, {run['finished'] / run['wall_s'] * 3600:.0f} an hour, workers idle "
                f"{100 * idle:.1f} % (start and end included), processor {run['processor_s']:.1f} s: "
                f"{run['finished'] / run['processor_s'] * 3600:.0f} an hour and core, "
                f"{run['peak_worker_memory_mb']:.0f} MB a worker"
            )
    one, two = (min(walls[n]) for n in (1, 2))
    print(f"  parallel efficiency on two cores: {one / (2 * two):.3f} (best of {rounds}; wanted >= 0.9)")
    alone, beside = (sum(processor[n]) / rounds for n in (1, 2))
    print(f"  processor time beside another worker over that alone: {beside / alone:.3f} (1: no worker slows another)")


def overhead(work: Path, n: int) -> None:
    """Measure what one recording costs besides being measured."""
    folder = write_folder(work / "overhead", n)
    _, _, record = run_batch(folder, work / "overhead-out", "--model", "lite", "--workers", "1")
    run = record["this_run"]
    beside_s = run["wall_s"] - run["measuring_s"]
    print(f"  {n} recordings: {run['wall_s']:.1f} s, of which {run['measuring_s']:.1f} s measuring")
    print(f"  {1000 * beside_s / n:.0f} ms a recording besides measuring, start of the worker included")
    print(f"  of a recording that takes 20 s to measure: {100 * beside_s / n / 20:.2f} % (wanted < 2 %)")


def memory(work: Path, few: int, many: int) -> None:
    """Compare the batch's own memory for few and many recordings."""
    peaks = {}
    for n in (few, many):
        folder = write_folder(work / f"memory-{n}", n)
        _, peaks[n], record = run_batch(folder, work / f"memory-{n}-out", "--model", "lite")
        worker_mb = record["this_run"]["peak_worker_memory_mb"]
        print(f"  {n} recordings: {peaks[n]} MB, largest worker {worker_mb:.0f} MB")
    print(f"  {1024 * (peaks[many] - peaks[few]) / (many - few):.0f} kB a recording")


def dry_run(work: Path) -> None:
    """Check a list of 10,000 rows without measuring anything."""
    folder = work / "rows"
    folder.mkdir()
    with (folder / "list.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "subject", "test", "side_order", "age", "sex", "visit_date", "goniometer_left_deg"))
        for at in range(N_ROWS):
            (folder / f"{at}.mp4").write_bytes(b"x")
            writer.writerow((f"{at}.mp4", f"S{at}", "seated", "left,right", 20 + at % 60, "f", "2026-01-01", 31.5))
    wall_s, peak_mb, _ = run_batch(folder / "list.csv", work / "rows-out", "--dry-run")
    print(f"  {N_ROWS} rows: {wall_s:.1f} s (wanted < 10), {peak_mb} MB (wanted < 300)")


def kill(work: Path, n_kills: int, seed: int) -> None:
    """Kill a batch at random moments until it was killed so often, then let it end, and look for damage.

    A fresh folder is begun whenever a run came to its end before it was killed, so that every kill meets work.
    """
    rng = random.Random(seed)  # noqa: S311 - moments, not secrets
    folder = write_folder(work / "kill", N_KILLED_CLIPS)
    whole = work / "kill-whole"
    run_batch(folder, whole, "--model", "lite", "--workers", "2")
    command = [sys.executable, "-m", "hipcv", "batch", str(folder), "--model", "lite", "--workers", "2", "--json-lines"]
    faults: Counter[str] = Counter()
    n_done, n_resumed, outs = 0, 0, 0
    while n_done < n_kills:
        out, told = work / f"kill-{outs}", []
        outs += 1
        while n_done < n_kills:
            process = subprocess.Popen([*command, "-o", str(out)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            try:
                process.wait(rng.uniform(0.3, 9.0))
            except subprocess.TimeoutExpired:
                process.kill()
                n_done += 1
            assert process.stdout is not None
            told += finished_in(process.stdout.read())
            process.stdout.close()
            if process.wait() >= 0:
                break
            n_resumed += 1
        ended = subprocess.run([*command, "-o", str(out)], capture_output=True, check=False)
        told += finished_in(ended.stdout)
        faults += count_faults(out, whole, told)
    print(f"  {n_done} kills, {n_resumed} runs resumed after one, {outs} folders of {N_KILLED_CLIPS} recordings each")
    told_of = ("rows lost", "rows doubled", "recordings measured twice", "files not whole", "files that differ")
    print("  " + ", ".join(f"{what}: {faults[what]}" for what in told_of))


def finished_in(lines: bytes) -> list[str]:
    """Return the recordings that a run says it finished."""
    whole = [json.loads(line) for line in lines.splitlines(keepends=True) if line.endswith(b"\n")]
    return [event["clip"] for event in whole if event["event"] == "finished"]


def count_faults(out: Path, whole: Path, told: Sequence[str]) -> Counter[str]:
    """Compare a folder that was killed with one that was not."""
    faults: Counter[str] = Counter()
    rows = Counter(zip(*(pl.read_parquet(out / "results.parquet")[c] for c in ("clip", "side")), strict=True))
    wanted = Counter(zip(*(pl.read_parquet(whole / "results.parquet")[c] for c in ("clip", "side")), strict=True))
    faults["rows lost"] += (wanted - rows).total()
    faults["rows doubled"] += (rows - wanted).total()
    faults["recordings measured twice"] += sum(n - 1 for n in Counter(told).values())
    with closing(sqlite3.connect(out / "ledger.sqlite")) as ledger:
        faults["files not whole"] += ledger.execute("PRAGMA integrity_check").fetchone() != ("ok",)
    faults["files not whole"] += len(list(out.rglob("*.part")))
    for path in (p for p in whole.rglob("*") if p.suffix in (".csv", ".parquet", ".json", ".html")):
        if path.name != "run.json":
            other = out / path.relative_to(whole)
            faults["files that differ"] += not other.exists() or other.read_bytes() != path.read_bytes()
    return faults


def main() -> None:
    """Run the parts that are asked for and print what they found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="folder of recordings, for the part 'efficiency'")
    parser.add_argument("--model", default="heavy")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--only", nargs="+", default=["dry-run", "overhead", "memory", "kill", "efficiency"])
    given = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="hipcv-batch-"))
    parts: dict[str, Callable[[], None]] = {
        "dry-run": lambda: dry_run(work),
        "overhead": lambda: overhead(work, 40),
        "memory": lambda: memory(work, 20, 120),
        "kill": lambda: kill(work, given.kills, given.seed),
        "efficiency": lambda: efficiency(given.clips, work, given.model, given.rounds),
    }
    try:
        for name in given.only:
            load = f", load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""
            print(f"{name}{load}")
            parts[name]()
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
