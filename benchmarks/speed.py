"""Processor time for each second of a recording, and memory on a long clip.

    python benchmarks/speed.py [CLIP ...] [--model heavy] [--runs 3]
    python benchmarks/speed.py --memory [--minutes 10]
    python benchmarks/speed.py --stages [--only "seated 4K" …]
    python benchmarks/speed.py --live 60

Speed: `hipcv measure CLIP --json`, whole process, by the reader of the legs, by the same where OpenCV runs its networks
because there is no LiteRT, and by MediaPipe's graph (`--engine`), beside the same clip only decoded by hipcv, and a
plain script that decodes it with OpenCV and calls the same MediaPipe model on every frame. Processor time is that of
all threads, user and system, start of Python included; what decoding costs in a process of its own is taken off in the
last column. Medians of the runs, taken in turns so that a busy machine slows all alike.
Memory: peak resident memory while measuring a ten-minute 1080p clip made out of the sample (with the lite model: the
networks differ by 25 MB, the rest is the same).
Stages: where that time goes (`stages.py`), for recordings short and long, small and large, slow and fast, beside the
plain loop and decoding. Recordings that are not samples are made of them: played again and again, scaled, a picture
shown as long as in the sample. The plain loop is taken over the first `N_PLAIN` frames and reckoned up to all.
Live: one live session against a real server, as `benchmarks/server.py --live` measures it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from accuracy import markdown
from stages import STAGES

from hipcv.models.store import get_model
from hipcv.native.offline import DEAD_PROXY
from hipcv.sources.video import open_video
from hipcv.words import ModelName

SAMPLES = Path(__file__).parents[1] / "samples"
LONG_SAMPLE = SAMPLES / "seated-easy-101-00.mp4"
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
#: Frames that the plain loop is timed over where it is reckoned up to all.
N_PLAIN = 150

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
    while k < int(sys.argv[3]):
        more, frame = capture.read()
        if not more:
            break
        rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        landmarker.detect_for_video(mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb), k * 33)
        k += 1
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one process took: seconds on the clock, and of processor time; its largest memory; what it printed."""

    wall_s: float
    cpu_s: float
    peak_mb: float = 0.0
    printed: str = ""


def spend(command: list[str], **environment: str) -> Spent:
    """Run a command, whole process; the plain loop's usage log has no way out either, on Linux."""
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        offline = {"https_proxy": DEAD_PROXY, "no_proxy": "localhost"}
        child = subprocess.Popen(command, stdout=printed, stderr=said, env={**os.environ, **offline, **environment})
        _, status, used = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if child.returncode not in (0, 1):
            sys.exit(f"{command[:4]} failed with {child.returncode}: {said.read()[-500:].decode()}")
        printed.seek(0)
        unit = 1024 if sys.platform != "darwin" else 1024**2
        return Spent(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / unit, printed.read().decode())


def commands_for(clip: Path, test: str, model: ModelName) -> dict[str, list[str]]:
    """Return what is timed on one clip, by its name."""
    measure = ["measure", str(clip), "--test", test, "--model", str(model), "--json", "--quiet"]
    return {
        DECODING: [sys.executable, "-c", DECODE, str(clip)],
        READER: [sys.executable, "-m", "hipcv", *measure],
        BY_OPENCV: [sys.executable, "-c", WITHOUT_LITERT, *measure],
        GRAPH: [sys.executable, "-m", "hipcv", *measure, "--engine", "graph"],
        PLAIN: [sys.executable, "-c", PLAIN_LOOP, str(clip), str(get_model(model).path), str(sys.maxsize)],
    }


def summarise(clip: str, duration_s: float, runs: Mapping[str, Sequence[Spent]]) -> list[dict[str, str]]:
    """Return a table row for each of what was timed: medians, and processor time for a second of the recording."""
    decoding_s = statistics.median(spent.cpu_s for spent in runs[DECODING])
    table = []
    for name, each in runs.items():
        wall_s, cpu_s = (statistics.median(values) for values in zip(*((e.wall_s, e.cpu_s) for e in each), strict=True))
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


@dataclass(frozen=True, slots=True)
class Case:
    """A recording whose stages are timed: the sample that it is made of, and how; as it is where no size is told.

    still_s : so many seconds of its last picture follow.
    """

    name: str
    sample: Path = LONG_SAMPLE
    size_px: tuple[int, int] | None = None
    fps: int = 30
    length_s: float = 20.0
    still_s: float = 0.0
    drawn: bool = False


#: Samples are 4:3: sizes have as many pixels as 1080p, 4K and 720p.
CASES = (
    Case("seated 480p"),
    Case("seated 480p, drawn", drawn=True),
    Case("seated 480p, 60 s stillness more", size_px=(640, 480), fps=25, still_s=60.0),
    Case("seated 1080p60, 60 s", size_px=(1664, 1248), fps=60, length_s=60.0),
    Case("seated 4K, 30 s", size_px=(3328, 2496), fps=30, length_s=30.0),
    Case("seated 720p240, 10 s", size_px=(1108, 832), fps=240, length_s=10.0),
    Case("prone 480p, 16 s", PRONE_SAMPLE, (640, 480), 24, 16.0),
)


def write_case(path: Path, case: Case) -> None:
    """Write the recording of a case in H.264, with pictures that no other is made of, as many phones do."""
    with av.open(str(case.sample)) as source:
        shown = list(source.decode(video=0))
    hz = (len(shown) - 1) / (shown[-1].time - shown[0].time)
    size_px = case.size_px or (shown[0].width, shown[0].height)
    pictures = [*shown, *shown[-2:0:-1]]  # there and back: nothing leaps where it begins again
    n, last = round(case.length_s * case.fps), -1
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=case.fps, options={"preset": "superfast", "crf": "24", "bf": "3"})
        stream.width, stream.height, stream.pix_fmt = *size_px, "yuv420p"
        for k in range(n + round(case.still_s * case.fps)):
            at = int(min(k, n - 1) / case.fps * hz) % len(pictures)
            if at != last:
                picture, last = pictures[at].reformat(*size_px, "yuv420p"), at
            picture.pts, picture.time_base = k, Fraction(1, case.fps)
            target.mux(stream.encode(picture))
        target.mux(stream.encode())


def compare_stages(cases: Sequence[Case], model: ModelName) -> None:
    """Print a row for each case: beside the plain loop and decoding, and where the time goes."""
    totals, parts = [], []
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            clip = case.sample
            if case.size_px is not None:
                clip = Path(folder) / "case.mp4"
                write_case(clip, case)
            with open_video(clip) as video:
                n_frames = video.info.expected_n_frames or 0
            commands = commands_for(clip, "prone" if case.name.startswith("prone") else "seated", model)
            n_plain = min(N_PLAIN, n_frames)
            # two lengths, so that what it costs to begin is counted once
            few, many = (spend([*commands[PLAIN][:-1], str(n)]).cpu_s for n in (n_plain // 3, n_plain))
            plain_s = many + (n_frames - n_plain) * (many - few) / (n_plain - n_plain // 3)
            drawn = ["--out", str(Path(folder) / "out")] if case.drawn else []
            whole = spend([*commands[READER], *drawn])
            decoding = spend(commands[DECODING])
            clocked = [sys.executable, str(Path(__file__).with_name("stages.py")), *commands[READER][3:], *drawn]
            told = json.loads(spend(clocked, OMP_NUM_THREADS="1").printed.splitlines()[-1])
        totals.append(
            {
                "recording": case.name,
                "frames": str(n_frames),
                "hipcv": f"{whole.cpu_s:.1f} s",
                "plain loop": f"{plain_s:.1f} s",
                "hipcv / plain loop": f"{whole.cpu_s / plain_s:.2f}",
                "decoding alone": f"{decoding.cpu_s:.1f} s",
                "hipcv / decoding": f"{whole.cpu_s / decoding.cpu_s:.1f}",
                "peak memory": f"{whole.peak_mb:.0f} MB",
            }
        )
        seconds = {stage: f"{told[stage]:.2f}" for stage in STAGES}
        parts.append(
            {"recording": case.name, **seconds, "looks": f"{told['looks, search']} + {told['looks, network']}"}
        )
    print(markdown(totals))
    print("\nSeconds of processor time in each stage, one thread each; looks: of the search, and of the reading.\n")
    print(markdown(parts))


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
        spent = spend([*command, "--quiet"])
    print("| clip | time | peak memory (limit 700 MB) |\n|---|---|---|")
    print(f"| {minutes:g} min of 1080p | {spent.wall_s:.0f} s | {spent.peak_mb:.0f} MB |")


def main() -> None:
    """Run the benchmark that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="*", default=[SAMPLE, PRONE_SAMPLE])
    parser.add_argument("--model", default="heavy", choices=[str(m) for m in ModelName])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--live", type=float, metavar="SECONDS")
    parser.add_argument("--stages", action="store_true")
    parser.add_argument("--only", nargs="+", choices=[case.name for case in CASES], default=None)
    args = parser.parse_args()
    if os.name != "posix":
        sys.exit("Time and memory of a child process are read from the operating system's POSIX interface.")
    if args.live:
        command = [sys.executable, str(Path(__file__).with_name("server.py")), "--live", str(args.live)]
        sys.exit(subprocess.run(command, check=False).returncode)
    if args.stages:
        compare_stages([case for case in CASES if args.only is None or case.name in args.only], ModelName(args.model))
    elif args.memory:
        measure_memory(args.minutes)
    else:
        print(markdown([row for c in args.clips for row in compare_speed(c, ModelName(args.model), args.runs)]))


if __name__ == "__main__":
    main()
