"""Small recordings with nobody in them, measured for real in a moment, and the batch command as users start it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from hipcv.batch.input.clip import Clip
from hipcv.batch.order import Order, carry_out
from hipcv.batch.run.job import Refused, Scored
from hipcv.batch.run.tally import Tally
from hipcv.words import ModelName


class Ear:
    """Listens to a batch."""

    def __init__(self) -> None:
        self.begun_with: Tally | None = None
        self.was_killed = False
        self.clips: list[str] = []
        self.again: list[Refused] = []
        self.columns: tuple[str, ...] = ()

    def carried(self, columns: tuple[str, ...]) -> None:
        self.columns = columns

    def begun(self, tally: Tally, place: str, *, was_killed: bool) -> None:
        self.begun_with, self.was_killed = replace(tally), was_killed

    def finished(self, clip: Clip, answer: Scored | Refused, tally: Tally) -> None:
        self.clips.append(clip.name)

    def tried_again(self, clip: Clip, refused: Refused) -> None:
        self.again.append(refused)


def write_recording(path: Path, seed: int, n_frames: int = 4) -> Path:
    """Write noise that moves: readable, never the same for two seeds, and nobody to be found in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.random.default_rng(seed).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for shift in range(n_frames):
            frame = av.VideoFrame.from_ndarray(np.roll(picture, shift, axis=1), format="rgb24")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def write_folder(folder: Path, n: int) -> Path:
    """Write a folder of recordings of the seated test."""
    for seed in range(n):
        write_recording(folder / f"s{seed:02d}-seated.mp4", seed)
    return folder


@cache
def shared_folder(base: Path) -> Path:
    """Three recordings and a file that only calls itself one, below `base`; made once a run, not to be changed."""
    folder = write_folder(base / "shared-clips", 3)
    (folder / "torn-seated.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(40))
    return folder


@cache
def undisturbed(base: Path) -> Path:
    """The results of that folder, by a local run of one worker that nothing disturbed; made once a run."""
    out = base / "shared-out"
    carry_out(Order((str(shared_folder(base)),), out, model_name=ModelName.LITE, n_workers=1), Ear())
    return out


def start_command(*arguments: str | Path, **environment: str) -> "subprocess.Popen[str]":
    """Start `hipcv …` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "hipcv", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def run_command(*arguments: str | Path) -> tuple[int, str, str]:
    """Run `hipcv …` and return exit status, output and errors."""
    process = start_command(*arguments)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def events(lines: str) -> list[dict[str, Any]]:
    """Return what --json-lines printed, as far as it came."""
    whole = [line for line in lines.splitlines(keepends=True) if line.endswith("\n")]
    return [json.loads(line) for line in whole]
