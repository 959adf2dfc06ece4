"""Processor time for each second of a recording, and memory on a long clip.

    python benchmarks/speed.py [CLIP ...] [--model heavy] [--runs 3]
    python benchmarks/speed.py --memory [--minutes 10]
    python benchmarks/speed.py --live 60

Speed: `hipcv measure CLIP --json`, whole process, by the reader of the legs, by the same where OpenCV runs its networks
because there is no LiteRT, and by MediaPipe's graph (`--engine`), beside the same clip only decoded by hipcv, and a
plain script that decodes it with OpenCV and calls the same MediaPipe model on every frame. Processor time is that of
all threads, user and system, start of Python included; what decoding costs in a process of its own is taken off in the
last column. Medians of the runs, taken in turns so that a busy machine slows all alike.
Memory: peak resident memory while measuring a ten-minute 1080p clip made out of the sample (with the lite model: the
networks differ by 25 MB, the rest is the same).
Live: one live session against a real server, as `benchmarks/server.py --live` measures it.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from fractions import Fraction
from pathlib import Path

import av
from accuracy import markdown

from hipcv.models.store import get_model
from hipcv.native.offline import DEAD_PROXY
from hipcv.sources.video import open_video
from hipcv.words import ModelName

SAMPLES = Path(__file__).parents[1] / "samples"
SAMPLE, PRONE_SAMPLE = SAMPLES / "seated-easy-101-01.mp4", SAMPLES / "prone-easy-102-02.mp4"

DECODING, READER, GRAPH, PLAIN = "decoding alone", "hipcv, the legs' reader", "hipcv, graph", "plain loop of the graph"
BY_OPENCV = "hipcv, the legs' reader, OpenCV"
WITHOUT_LITERT = "import sys; sys.modules['ai_edge_litert'] = None; from hipcv.cli import main; main()"
DECODE = """
import sys
from pathlib import Path
from hipcv.sources.video import open_video
with open_video(Path(sys.argv[1])) as video:
    for frame in video:
        pass
"""

PLAIN_LOOP = """
import sys, cv2
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import PoseLandmarker, PoseLandmarkerOptions, RunningMode
options = PoseLandmarkerOptions(
    base_options=BaseOptions(model_asset_path=sys.argv[2]), running_mode=RunningMode.VIDEO
)
capture = cv2.VideoCapture(sys.argv[1])
with PoseLandmarker.create_from_options(options) as landmarker:
    k = 0
    while True:
        more, frame = capture.read()
        if not more:
            break
        rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        landmarker.detect_for_video(mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb), k * 33)
        k += 1
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one process took: seconds on the clock, and of processor time."""

    wall_s: float
    cpu_s: float


def spend(command: list[str]) -> Spent:
    """Run a command, whole process; the plain loop's usage log has no way out either, on Linux."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
        env={**os.environ, "https_proxy": DEAD_PROXY, "no_proxy": "localhost"},
    )
    if done.returncode not in (0, 1):
        sys.exit(f"{command[:4]} failed with {done.returncode}: {done.stderr[-500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(time.perf_counter() - begun, cpu_s)


def commands_for(clip: Path, test: str, model: ModelName) -> dict[str, list[str]]:
    """Return what is timed on one clip, by its name."""
    measure = ["measure", str(clip), "--test", test, "--model", str(model), "--json", "--quiet"]
    return {
        DECODING: [sys.executable, "-c", DECODE, str(clip)],
        READER: [sys.executable, "-m", "hipcv", *measure],
        BY_OPENCV: [sys.executable, "-c", WITHOUT_LITERT, *measure],
        GRAPH: [sys.executable, "-m", "hipcv", *measure, "--engine", "graph"],
        PLAIN: [sys.executable, "-c", PLAIN_LOOP, str(clip), str(get_model(model).path)],
    }


def summarise(clip: str, duration_s: float, runs: Mapping[str, Sequence[Spent]]) -> list[dict[str, str]]:
    """Return a table row for each of what was timed: medians, and processor time for a second of the recording."""
    decoding_s = statistics.median(spent.cpu_s for spent in runs[DECODING])
    table = []
    for name, each in runs.items():
        wall_s, cpu_s = (statistics.median(values) for values in zip(*map(astuple, each), strict=True))
        table.append(
            {
                "clip": clip,
                "what": name,
                "on the clock": f"{wall_s:.1f} s",
                "processor": f"{cpu_s:.1f} s",
                "processor for a second of recording": f"{cpu_s / duration_s:.2f} s",
                "beside decoding": f"{(cpu_s - decoding_s) / duration_s:.2f} s",
            }
        )
    return table


def compare_speed(clip: Path, model: ModelName, n_runs: int) -> list[dict[str, str]]:
    """Time everything on one clip, in turns; the test is told by the clip's name."""
    with open_video(clip) as video:
        times_s = [frame.time_s for frame in video]
    commands = commands_for(clip, "prone" if clip.name.startswith("prone") else "seated", model)
    runs: dict[str, list[Spent]] = {name: [] for name in commands}
    for _ in range(n_runs):
        for name, command in commands.items():
            runs[name].append(spend(command))
    return summarise(clip.name, times_s[-1] - times_s[0], runs)


def write_long_clip(path: Path, minutes: float, fps: int = 10) -> None:
    """Write a 1080p clip of the sample played again and again."""
    with av.open(str(SAMPLE)) as source:
        pictures = [f.reformat(1920, 1080, "yuv420p") for f in source.decode(video=0)]
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "30"})
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        for k in range(round(minutes * 60 * fps)):
            picture = pictures[k % len(pictures)]
            picture.pts, picture.time_base = k, Fraction(1, fps)
            target.mux(stream.encode(picture))
        target.mux(stream.encode())


def measure_memory(minutes: float) -> None:
    """Print the peak resident memory of measuring a long clip in a process of its own."""
    get_model(ModelName.LITE)
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "long.mp4"
        write_long_clip(clip, minutes)
        command = [sys.executable, "-m", "hipcv", "measure", str(clip), "--test", "seated", "--model", "lite", "--json"]
        taken_s = spend([*command, "--quiet"]).wall_s
    unit = 1024 if sys.platform != "darwin" else 1024**2
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit
    print("| clip | time | peak memory (limit 700 MB) |\n|---|---|---|")
    print(f"| {minutes:g} min of 1080p | {taken_s:.0f} s | {peak_mb:.0f} MB |")


def main() -> None:
    """Run the benchmark that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="*", default=[SAMPLE, PRONE_SAMPLE])
    parser.add_argument("--model", default="heavy", choices=[str(m) for m in ModelName])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--live", type=float, metavar="SECONDS")
    args = parser.parse_args()
    if args.live:
        command = [sys.executable, str(Path(__file__).with_name("server.py")), "--live", str(args.live)]
        sys.exit(subprocess.run(command, check=False).returncode)
    if args.memory:
        # The child that is measured must be the only one.
        if os.name != "posix":
            sys.exit("Peak memory of a child process is read from the operating system's POSIX interface.")
        measure_memory(args.minutes)
    else:
        print(markdown([row for c in args.clips for row in compare_speed(c, ModelName(args.model), args.runs)]))


if __name__ == "__main__":
    main()
