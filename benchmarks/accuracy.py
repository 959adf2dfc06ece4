"""End-range error against known truth, clip by clip and summed up by test and level.

    python benchmarks/accuracy.py CLIPS_DIR [--model heavy] [--out benchmarks/out] [--given-camera] [--jobs 2]
                                  [--engine graph] [--motion both] [--turned 6]

Every `NAME.mp4` with a `NAME.truth.json` beside it is measured as a user would measure it. Truth is the shank's angle
to the plumb line at end range, averaged over the trials of a side and a motion. Three tables come out, with a row for
every test and level (easy, hard, fault, passive, clothes, busy): the end range, how often intervals of several levels
hold the truth, and the shank's angle in the picture frame by frame. Clips that show external rotation as well are a
level of their own (both), with a row for each motion and one for the total arc. `--engine graph` measures the second
opinion. `--motion both` asks for both directions whatever a clip shows, and counts the trials of a direction that it
does not. `--turned 6` turns every frame by so many degrees and takes the room's edges away from what was read, so that
nothing is plumb: what is left of the arc then.
"""

import argparse
import csv
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import av
import cv2
import numpy as np
from scipy.special import ndtri

from hipcv.assessment import Assessment, assess
from hipcv.core.camera.pinhole import image_angle_deg
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.motion.trials import Trial
from hipcv.core.procedures import TestName, procedure_named
from hipcv.core.series import FloatArray
from hipcv.core.setup import Setup
from hipcv.core.uncertainty import CENTRAL_95_SD
from hipcv.measurement import measure_file
from hipcv.words import SIDES, Engine, ModelName, Motion, Motions, Side

#: An error above this with a straight face is a silent failure.
SILENT_DEG = 5.0
#: What a rendered fault must be reported as; a camera turned too far and feet out of the picture may also be refused.
FAULT_CODES: dict[str, tuple[FindingCode, ...]] = {
    "hike": (FindingCode.PELVIS_HIKE,),
    "lean": (FindingCode.TRUNK_LEAN,),
    "drift": (FindingCode.THIGH_DRIFT,),
    "yaw": (FindingCode.CAMERA_YAW, FindingCode.YAW_UNKNOWN),
    "cropped_feet": (FindingCode.OUT_OF_FRAME, FindingCode.LEGS_NOT_SEEN),
}
#: What the renderer calls a test otherwise.
TESTS = {"supine_edge": "supine"}
#: The level of clips that show both directions, and what the arc is called in place of a motion.
BOTH_LEVEL, ARC = "both", "total arc"
#: Nominal levels of the reliability curve.
LEVELS = (0.50, 0.68, 0.80, 0.90, 0.95)
#: A recording's frame is compared with the truth's of the same moment; truth times are rounded to a tenth of a ms.
SAME_MOMENT_S = 0.002

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class SideRow:
    """One motion of one side of one clip, or its total arc; degrees, NaN where there is no number."""

    clip: str
    test: str
    level: str
    fault: str
    side: str
    truth_deg: float
    status: str
    end_range_deg: float
    error_deg: float
    half_width_deg: float
    covered: bool
    doubted: bool
    silent: bool
    n_trials_true: int
    n_trials_found: int
    plateau_loss_deg: float
    codes: str
    fault_found: bool
    motion: str = str(Motion.INTERNAL)
    n_trials_not_shown: int = 0


@dataclass(frozen=True, slots=True)
class ShankRow:
    """One leg in one frame that was looked at; degrees, the error NaN where the frame was not kept."""

    clip: str
    test: str
    level: str
    side: str
    time_s: float
    error_deg: float


def score(assessment: Assessment, truth: dict[str, Any]) -> list[SideRow]:
    """Compare one assessment with its clip's truth, a row for each side and motion that has a trial in it.

    Where a side has both motions, a row for the total arc follows.
    """
    rows = []
    for side in SIDES:
        each = {motion: _true_trials(truth, side, motion) for motion in Motion}
        for motion, true_trials in each.items():
            if true_trials:
                result = assessment.of(side, motion)
                losses = [_plateau_loss_deg(assessment, trial) for trial in result.trials if trial.held]
                found = result.end_range_deg, result.interval95_deg
                row = _side_row(assessment, truth, side, str(motion), _true_deg(true_trials), *found)
                rows.append(
                    replace(
                        row,
                        status=str(result.status),
                        n_trials_true=len(true_trials),
                        n_trials_found=len(result.trials),
                        n_trials_not_shown=sum(len(assessment.of(side, m).trials) for m in Motion if not each[m]),
                        plateau_loss_deg=float(np.mean(losses)) if losses else float("nan"),
                    )
                )
        if all(each.values()):
            arc = assessment.arc_of(side)
            total = (None, None) if arc is None else (arc.total_deg, arc.total_interval95_deg)
            rows.append(_side_row(assessment, truth, side, ARC, sum(map(_true_deg, each.values())), *total))
    return rows


def _true_trials(truth: dict[str, Any], side: Side, motion: Motion) -> list[dict[str, Any]]:
    mine = [t for t in truth["trials"] if t["side"] == ("L" if side is Side.LEFT else "R")]
    return [t for t in mine if t.get("motion", "internal") == motion]


def _true_deg(true_trials: Sequence[dict[str, Any]]) -> float:
    """Return the mean end range of trials of one motion, degrees in its own direction."""
    return float(
        np.mean([Motion(t.get("motion", "internal")).sign * t["end_range_shin_to_vertical_deg"] for t in true_trials])
    )


def _side_row(
    assessment: Assessment,
    truth: dict[str, Any],
    side: Side,
    motion: str,
    expected_deg: float,
    found_deg: float | None,
    interval95_deg: tuple[float, float] | None,
) -> SideRow:
    value = found_deg if found_deg is not None else float("nan")
    low, high = interval95_deg or (float("nan"), float("nan"))
    weighty = [
        f
        for f in assessment.findings_of(side)
        if f.severity is not Severity.NOTE and (motion == ARC or f.motion in (None, motion))
    ]
    codes, fault = {f.code for f in weighty}, truth["spec"].get("fault") or ""
    return SideRow(
        clip=truth["spec"]["name"],
        test=test_of(truth),
        level=level_of(truth),
        fault=fault,
        side=str(side),
        motion=motion,
        truth_deg=expected_deg,
        status="",
        end_range_deg=value,
        error_deg=value - expected_deg,
        half_width_deg=(high - low) / 2,
        covered=bool(low <= expected_deg <= high),
        doubted=bool(weighty),
        silent=bool(abs(value - expected_deg) > SILENT_DEG and not weighty),
        n_trials_true=0,
        n_trials_found=0,
        plateau_loss_deg=float("nan"),
        codes=" ".join(sorted(codes)),
        fault_found=bool(codes & set(FAULT_CODES.get(fault, ()))),
    )


def test_of(truth: dict[str, Any]) -> str:
    """Return which test a clip shows, by hipcv's name."""
    named = str(truth["spec"]["test"])
    return TESTS.get(named, named)


def level_of(truth: dict[str, Any]) -> str:
    """Return the level of a clip."""
    return BOTH_LEVEL if motions_of(truth) is not Motions.INTERNAL else str(truth["spec"]["level"])


def motions_of(truth: dict[str, Any]) -> Motions:
    """Return which motions a clip shows."""
    shown = {trial.get("motion", "internal") for trial in truth["trials"]}
    return Motions.BOTH if len(shown) > 1 else Motions(shown.pop() if shown else "internal")


def score_shanks(assessment: Assessment, truth: dict[str, Any]) -> list[ShankRow]:
    """Compare the shank's angle in the picture with the projected joint centres, leg by leg and frame by frame.

    A frame that lies outside the truth's times is left out; one whose shank is missing has an error of NaN.
    """
    spec, frames, angles = truth["spec"], truth["frames"], assessment.angles
    truth_s = np.array([frame["t"] for frame in frames])
    nearest = np.abs(angles.time_s[:, None] - truth_s[None]).argmin(axis=1)
    together = np.abs(angles.time_s - truth_s[nearest]) <= SAME_MOMENT_S
    rows = []
    for side in SIDES:
        letter = "L" if side is Side.LEFT else "R"
        knee, ankle = (np.array([f["keypoints"][f"{joint}.{letter}"] for f in frames]) for joint in ("knee", "ankle"))
        lateral = int(angles.lateral[side.column])
        expected = image_angle_deg(knee, ankle, lateral, shank_up=procedure_named(test_of(truth)).shank_up)[nearest]
        aside = np.array([frame.get("out_of_the_way") == letter for frame in frames])[nearest]  # no measurement
        errors: FloatArray = (angles.image_deg[:, side.column] - expected + 180) % 360 - 180
        rows += [
            ShankRow(spec["name"], test_of(truth), level_of(truth), str(side), float(t), float(error))
            for t, error, known in zip(angles.time_s, errors, together & ~aside, strict=True)
            if known
        ]
    return rows


def _plateau_loss_deg(assessment: Assessment, trial: Trial) -> float:
    """Return by how much the low-pass lowers the level of a hold, degrees."""
    column, hold = trial.side.column, slice(trial.hold_start, trial.hold_stop)
    raw, filtered = assessment.angles.raw_deg[hold, column], assessment.angles.internal_rotation_deg[hold, column]
    return float(np.nanmedian(raw) - np.nanmedian(filtered))


def summarise(rows: Sequence[SideRow]) -> list[dict[str, str]]:
    """Return one table row for each test, level and motion, faults without a fault in the number apart."""
    table = []
    for test, level, motion in sorted({(r.test, r.level, r.motion) for r in rows}, key=_in_order):
        group = [r for r in rows if (r.test, r.level, r.motion) == (test, level, motion)]
        errors = np.array([r.error_deg for r in group])
        known = errors[np.isfinite(errors)]
        losses = [abs(r.plateau_loss_deg) for r in group if np.isfinite(r.plateau_loss_deg)]
        widths = np.array([r.half_width_deg for r in group if np.isfinite(r.half_width_deg)])
        clips = {r.clip for r in group}
        clean = [r for r in group if not r.fault]
        faulty = {r.clip for r in group if r.fault}
        found = {r.clip for r in group if r.fault and r.fault_found}
        some = len(known) > 0
        table.append(
            {
                "set": f"{test} {level}" if level != BOTH_LEVEL else f"{test} {level}, {motion}",
                "clips": str(len(clips)),
                "sides": str(len(group)),
                "bias °": f"{known.mean():+.2f}" if some else "–",
                "MAE °": f"{np.abs(known).mean():.2f}" if some else "–",
                "95 % °": f"{np.percentile(np.abs(known), 95):.2f}" if some else "–",
                "worst °": f"{np.abs(known).max():.2f}" if some else "–",
                "within 5°": f"{np.mean(np.abs(known) <= SILENT_DEG):.0%}" if some else "–",
                "silently > 5°": str(sum(r.silent for r in group)),
                "not read": f"{len(group) - len(known)}",
                "interval ±°": f"{np.median(widths):.1f}" if len(widths) else "–",
                "coverage": f"{np.mean([r.covered for r in group if np.isfinite(r.error_deg)]):.0%}" if some else "–",
                "plateau loss °": f"{max(losses):.2f}" if losses else "–",
                "trials found": f"{sum(r.n_trials_found for r in group)}/{sum(r.n_trials_true for r in group)}",
                "doubted clean": f"{sum(r.doubted for r in clean)}/{len(clean)}" if clean else "–",
                "faults found": f"{len(found)}/{len(faulty)}" if faulty else "–",
            }
        )
    return table


def _in_order(group: tuple[str, str, str]) -> tuple[str, str, int]:
    test, level, motion = group
    return test, level, [*Motion, ARC].index(motion)


def reliability(rows: Sequence[SideRow]) -> list[dict[str, str]]:
    """Return, for each test, the share of clean measured sides whose interval of a nominal level holds the truth.

    An interval of another level is the printed one, scaled by the normal quantiles.
    """
    table = []
    for test in sorted({r.test for r in rows}):
        group = [r for r in rows if r.test == test and not r.fault and r.motion != ARC and np.isfinite(r.error_deg)]
        if not group:
            continue
        errors = np.array([abs(r.error_deg) for r in group])
        half_widths = np.array([r.half_width_deg for r in group])
        held = {f"{p:.0%}": np.mean(errors <= half_widths * ndtri(0.5 + p / 2) / CENTRAL_95_SD) for p in LEVELS}
        shares = {nominal: f"{share:.0%}" for nominal, share in held.items()}
        table.append({"set": f"{test}, clean", "sides": str(len(group)), **shares})
    return table


def summarise_shanks(rows: Sequence[ShankRow]) -> list[dict[str, str]]:
    """Return one table row for each test and level: how many frames were kept, and how far off these are."""
    table = []
    for test, level in sorted({(r.test, r.level) for r in rows}):
        group = [r for r in rows if (r.test, r.level) == (test, level)]
        table.append({"shank image angle": f"{test} {level}", **shank_figures([r.error_deg for r in group])})
    return table


def shank_figures(errors_deg: Sequence[float]) -> dict[str, str]:
    """Return the columns of a table on frames: their number, the share kept, and the size of the error of those."""
    errors = np.abs(np.array(errors_deg, dtype=np.float64))
    kept = errors[np.isfinite(errors)]
    some = len(kept) > 0
    return {
        "frames × legs": str(len(errors)),
        "kept": f"{len(kept) / len(errors):.1%}" if len(errors) else "–",
        "median °": f"{np.median(kept):.2f}" if some else "–",
        "95 % °": f"{np.percentile(kept, 95):.2f}" if some else "–",
        "worst °": f"{kept.max():.2f}" if some else "–",
    }


def markdown(table: Sequence[dict[str, str]]) -> str:
    """Return a Markdown table."""
    if not table:
        return "no clips with truth\n"
    lines = ["| " + " | ".join(table[0]) + " |", "|" + " --- |" * len(table[0])]
    lines += ["| " + " | ".join(row.values()) + " |" for row in table]
    return "\n".join(lines) + "\n"


def find_clips(folder: Path) -> list[tuple[Path, Path]]:
    """Return (clip, truth) pairs of a folder, sorted by name; tests that hipcv does not have are left out."""
    pairs = [(p.with_name(p.name.replace(".truth.json", ".mp4")), p) for p in sorted(folder.glob("*.truth.json"))]
    return [(clip, truth) for clip, truth in pairs if clip.exists() and _is_measured(truth)]


def _is_measured(truth_file: Path) -> bool:
    """Whether hipcv has this test."""
    return test_of(json.loads(truth_file.read_text(encoding="utf-8"))) in list(TestName)


def setup_for(truth: dict[str, Any], *, given_camera: bool) -> Setup:
    """Return the set-up a user would state for this clip; the camera only with `given_camera`."""
    camera = truth["spec"]["camera"]
    return Setup(
        procedure_named(test_of(truth)),
        motion=motions_of(truth),
        roll_deg=camera["roll"] if given_camera else None,
        pitch_deg=camera["pitch"] if given_camera else None,
        yaw_deg=camera["yaw"] if given_camera else None,
    )


def write_rows(rows: Iterable[Any], kind: type, path: Path) -> None:
    """Write rows of one dataclass as CSV, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, newline="", encoding="utf-8", delete=False) as file:
        writer = csv.DictWriter(file, [f.name for f in fields(kind)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    Path(file.name).replace(path)


def spread(work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Result]]:
    """Do `work` for every task in `jobs` fresh processes and yield each task with its result as it is done.

    With one job it is done here. The first error ends it all.
    """
    if jobs <= 1:
        for task in tasks:
            yield task, work(task)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(work, task): task for task in tasks}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def measure_clip(
    pair: tuple[Path, Path],
    *,
    model_name: ModelName,
    given_camera: bool,
    engine: Engine = Engine.LEGS,
    motion: Motions | None = None,
    turned_deg: float = 0.0,
) -> tuple[list[SideRow], list[ShankRow]]:
    """Measure one clip and compare it with its truth, side by side and frame by frame.

    A clip that is turned is compared side by side only: the truth's frames are those of the camera that stood level.
    """
    clip, truth_file = pair
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    setup = setup_for(truth, given_camera=given_camera)
    setup = setup if motion is None else replace(setup, motion=motion)
    if not turned_deg:
        assessment = measure_file(clip, setup, model_name=model_name, engine=engine).assessment
        return score(assessment, truth), score_shanks(assessment, truth)
    with tempfile.TemporaryDirectory() as folder:
        turned = Path(folder, clip.name)
        write_turned(clip, turned, turned_deg)
        measured = measure_file(turned, setup, model_name=model_name, engine=engine)
    return score(assess(replace(measured.series, edges_px=np.empty((0, 4))), setup), truth), []


def write_turned(clip: Path, path: Path, by_deg: float) -> None:
    """Write a clip with every frame turned clockwise about its middle; its edges are drawn on beyond them."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stored = source.streams.video[0]
        stream = target.add_stream("libx264", rate=stored.average_rate, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = stored.width, stored.height, "yuv420p"
        size = stored.width, stored.height
        turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), -by_deg, 1.0)
        for frame in source.decode(stored):
            picture = cv2.warpAffine(frame.to_ndarray(format="rgb24"), turn, size, borderMode=cv2.BORDER_REPLICATE)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(stream.encode())


def main() -> None:
    """Measure every clip of a folder and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--model", default="heavy", choices=[str(m) for m in ModelName])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out"))
    parser.add_argument("--only", default="", help="only clips whose name contains this")
    parser.add_argument("--given-camera", action="store_true", help="state roll, pitch and yaw from the truth")
    parser.add_argument("--jobs", type=int, default=2, help="clips measured at the same time")
    parser.add_argument("--engine", default="legs", choices=[str(e) for e in Engine], help="who reads the frames")
    parser.add_argument("--motion", choices=[str(m) for m in Motions], help="ask for this; else for what a clip shows")
    parser.add_argument("--turned", type=float, default=0.0, metavar="DEG", help="turn every frame, nothing is plumb")
    args = parser.parse_args()
    pairs = [(c, t) for c, t in find_clips(args.clips) if args.only in c.name]
    if not pairs:
        sys.exit(f"Clips with a .truth.json beside them were wanted, none found in {args.clips}.")
    name, engine = ModelName(args.model), Engine(args.engine)
    asked = {"motion": Motions(args.motion) if args.motion else None, "turned_deg": args.turned}
    work = partial(measure_clip, model_name=name, given_camera=args.given_camera, engine=engine, **asked)
    results: dict[tuple[Path, Path], tuple[list[SideRow], list[ShankRow]]] = {}
    for pair, result in spread(work, pairs, args.jobs):
        results[pair] = result
        for row in result[0]:
            print(
                f"{row.clip:28s} {row.side:5s} {row.motion:9s} truth {row.truth_deg:5.1f}  "
                f"read {row.end_range_deg:5.1f} ± {row.half_width_deg:3.1f}  error {row.error_deg:+5.1f}  "
                f"{row.fault:12s} {row.codes}",
                flush=True,
            )
    rows = [row for pair in pairs for row in results[pair][0]]
    shanks = [row for pair in pairs for row in results[pair][1]]
    stem = f"accuracy-{args.model}{'-given-camera' if args.given_camera else ''}"
    stem += "" if engine is Engine.LEGS else f"-{engine}"
    stem += f"-{args.motion}" if args.motion else ""
    stem += f"-turned-{args.turned:g}" if args.turned else ""
    write_rows(rows, SideRow, args.out / f"{stem}.csv")
    tables = [markdown(summarise(rows)), markdown(reliability(rows))]
    if shanks:
        write_rows(shanks, ShankRow, args.out / f"{stem}-shanks.csv")
        tables.append(markdown(summarise_shanks(shanks)))
    if args.motion:
        n_not_shown = sum(row.n_trials_not_shown for row in rows)
        tables.append(f"Trials of a direction that the clip does not show: {n_not_shown}.\n")
    text = "\n".join(tables)
    (args.out / f"{stem}.md").write_text(text, encoding="utf-8")
    print(f"\n{text}\nRows in {os.fspath(args.out / stem)}.csv")


if __name__ == "__main__":
    main()
