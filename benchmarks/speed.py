"""Speed against a plain loop, and memory on a long clip.

    python benchmarks/speed.py [CLIP] [--model heavy] [--runs 5]
    python benchmarks/speed.py --memory [--minutes 10]
    python benchmarks/speed.py --live 60

Speed: `hipcv measure CLIP --json`, whole process, against a plain script that decodes the clip with OpenCV and calls
the same MediaPipe model on every frame; median of the runs, taken in turns so that a busy machine slows both alike.
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
from fractions import Fraction
from pathlib import Path

import av

from hipcv.models.store import get_model
from hipcv.native.offline import DEAD_PROXY
from hipcv.words import ModelName

SAMPLE = Path(__file__).parents[1] / "samples" / "seated-easy-101-01.mp4"

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


def seconds(command: list[str]) -> float:
    """Return how long a command takes, whole process; the plain loop's usage log has no way out either, on Linux."""
    begun = time.perf_counter()
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
    return time.perf_counter() - begun


def compare_speed(clip: Path, model: ModelName, runs: int) -> None:
    """Print the ratio of the two commands' median times."""
    path = str(get_model(model).path)
    ours = [sys.executable, "-m", "hipcv", "measure", str(clip), "--test", "seated", "--model", str(model), "--json"]
    plain = [sys.executable, "-c", PLAIN_LOOP, str(clip), path]
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(runs):
        times["plain"].append(seconds(plain))
        times["ours"].append(seconds([*ours, "--quiet"]))
    ours_s, plain_s = statistics.median(times["ours"]), statistics.median(times["plain"])
    print("| clip | model | hipcv measure | plain loop | ratio (limit 1.15) |\n|---|---|---|---|---|")
    print(f"| {clip.name} | {model} | {ours_s:.2f} s | {plain_s:.2f} s | {ours_s / plain_s:.2f} |")


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
        taken_s = seconds([*command, "--quiet"])
    unit = 1024 if sys.platform != "darwin" else 1024**2
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit
    print("| clip | time | peak memory (limit 700 MB) |\n|---|---|---|")
    print(f"| {minutes:g} min of 1080p | {taken_s:.0f} s | {peak_mb:.0f} MB |")


def main() -> None:
    """Run the benchmark that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, nargs="?", default=SAMPLE)
    parser.add_argument("--model", default="heavy", choices=[str(m) for m in ModelName])
    parser.add_argument("--runs", type=int, default=5)
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
        compare_speed(args.clip, ModelName(args.model), args.runs)


if __name__ == "__main__":
    main()
