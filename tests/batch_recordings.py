"""Small recordings with nobody in them, measured for real in a moment, and the batch command as users start it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np


def write_recording(path: Path, seed: int, n_frames: int = 8) -> Path:
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
