"""End-range error against known truth, clip by clip and summed up by test and level.

    python benchmarks/accuracy.py CLIPS_DIR [--model heavy] [--out benchmarks/out] [--given-camera]

Every `NAME.mp4` with a `NAME.truth.json` beside it is measured as a user would measure it. Truth is the shank's angle
to the plumb line at end range, averaged over the trials of a side.
"""

import argparse
import csv
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from hipcv.assessment import Assessment
from hipcv.core.landmarks import SIDES, CameraSide, Position, Setup, Side
from hipcv.core.quality import FindingCode, Severity
from hipcv.core.trials import Trial
from hipcv.session import measure_file
from hipcv.sources.model_files import ModelName

#: An error above this with a straight face is a silent failure.
SILENT_DEG = 5.0
#: What a rendered fault must be reported as; a camera turned too far and feet out of the picture may also be refused.
FAULT_CODES: dict[str, tuple[FindingCode, ...]] = {
    "hike": (FindingCode.PELVIS_HIKE,),
    "lean": (FindingCode.TRUNK_LEAN,),
    "drift": (FindingCode.THIGH_DRIFT,),
    "yaw": (FindingCode.CAMERA_YAW,),
    "cropped_feet": (FindingCode.OUT_OF_FRAME, FindingCode.LEGS_NOT_SEEN),
}


@dataclass(frozen=True, slots=True)
class SideRow:
    """One side of one clip; angles in degrees, NaN where there is no number."""

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


def score(assessment: Assessment, truth: dict[str, Any]) -> list[SideRow]:
    """Compare one assessment with its clip's truth, a row for each side that has a trial in it."""
    spec = truth["spec"]
    fault = spec.get("fault") or ""
    rows = []
    for side in SIDES:
        true_trials = [t for t in truth["trials"] if t["side"] == ("L" if side is Side.LEFT else "R")]
        if not true_trials:
            continue
        expected = float(np.mean([t["end_range_shin_to_vertical_deg"] for t in true_trials]))
        result = assessment.of(side)
        value = result.end_range_deg if result.end_range_deg is not None else float("nan")
        low, high = result.interval95_deg or (float("nan"), float("nan"))
        weighty = [f for f in assessment.findings_of(side) if f.severity is not Severity.NOTE]
        codes = {f.code for f in weighty}
        losses = [_plateau_loss_deg(assessment, trial) for trial in result.trials if trial.held]
        rows.append(
            SideRow(
                clip=spec["name"],
                test=spec["test"],
                level=spec["level"],
                fault=fault,
                side=str(side),
                truth_deg=expected,
                status=str(result.status),
                end_range_deg=value,
                error_deg=value - expected,
                half_width_deg=(high - low) / 2,
                covered=bool(low <= expected <= high),
                doubted=bool(weighty),
                silent=bool(abs(value - expected) > SILENT_DEG and not weighty),
                n_trials_true=len(true_trials),
                n_trials_found=len(result.trials),
                plateau_loss_deg=float(np.mean(losses)) if losses else float("nan"),
                codes=" ".join(sorted(codes)),
                fault_found=bool(codes & set(FAULT_CODES.get(fault, ()))),
            )
        )
    return rows


def _plateau_loss_deg(assessment: Assessment, trial: Trial) -> float:
    """Return by how much the low-pass lowers the level of a hold, degrees."""
    column, hold = trial.side.column, slice(trial.hold_start, trial.hold_stop)
    raw, filtered = assessment.angles.raw_deg[hold, column], assessment.angles.internal_rotation_deg[hold, column]
    return float(np.nanmedian(raw) - np.nanmedian(filtered))


def summarise(rows: Sequence[SideRow]) -> list[dict[str, str]]:
    """Return one table row for each test and level, faults without a fault in the number apart."""
    table = []
    for test, level in sorted({(r.test, r.level) for r in rows}):
        group = [r for r in rows if (r.test, r.level) == (test, level)]
        errors = np.array([r.error_deg for r in group])
        known = errors[np.isfinite(errors)]
        widths = np.array([r.half_width_deg for r in group if np.isfinite(r.half_width_deg)])
        clips = {r.clip for r in group}
        clean = [r for r in group if not r.fault]
        faulty = {r.clip for r in group if r.fault}
        found = {r.clip for r in group if r.fault and r.fault_found}
        some = len(known) > 0
        table.append(
            {
                "set": f"{test} {level}",
                "clips": str(len(clips)),
                "sides": str(len(group)),
                "bias °": f"{known.mean():+.2f}" if some else "–",
                "MAE °": f"{np.abs(known).mean():.2f}" if some else "–",
                "95 % °": f"{np.percentile(np.abs(known), 95):.2f}" if some else "–",
                "worst °": f"{np.abs(known).max():.2f}" if some else "–",
                "within 5°": f"{np.mean(np.abs(known) <= SILENT_DEG):.0%}" if some else "–",
                "silent": str(sum(r.silent for r in group)),
                "not measured": f"{len(group) - len(known)}",
                "interval ±°": f"{np.median(widths):.1f}" if len(widths) else "–",
                "coverage": f"{np.mean([r.covered for r in group if np.isfinite(r.error_deg)]):.0%}" if some else "–",
                "plateau loss °": f"{np.nanmax([abs(r.plateau_loss_deg) for r in group]):.2f}",
                "trials found": f"{sum(r.n_trials_found for r in group)}/{sum(r.n_trials_true for r in group)}",
                "doubted clean": f"{sum(r.doubted for r in clean)}/{len(clean)}" if clean else "–",
                "faults found": f"{len(found)}/{len(faulty)}" if faulty else "–",
            }
        )
    return table


def markdown(table: Sequence[dict[str, str]]) -> str:
    """Return a Markdown table."""
    if not table:
        return "no clips with truth\n"
    lines = ["| " + " | ".join(table[0]) + " |", "|" + " --- |" * len(table[0])]
    lines += ["| " + " | ".join(row.values()) + " |" for row in table]
    return "\n".join(lines) + "\n"


def find_clips(folder: Path) -> list[tuple[Path, Path]]:
    """Return (clip, truth) pairs of a folder, sorted by name."""
    pairs = [(p.with_name(p.name.replace(".truth.json", ".mp4")), p) for p in sorted(folder.glob("*.truth.json"))]
    return [(clip, truth) for clip, truth in pairs if clip.exists()]


def setup_for(truth: dict[str, Any], *, given_camera: bool) -> Setup:
    """Return the set-up a user would state for this clip; the camera only with `given_camera`."""
    position = Position(truth["spec"]["test"])
    camera = truth["spec"]["camera"]
    return Setup(
        position=position,
        camera_side=CameraSide.FRONT if position is Position.SEATED else CameraSide.FOOT_END,
        roll_deg=camera["roll"] if given_camera else None,
        pitch_deg=camera["pitch"] if given_camera else None,
        yaw_deg=camera["yaw"] if given_camera else None,
    )


def write_rows(rows: Iterable[SideRow], path: Path) -> None:
    """Write the rows as CSV, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, newline="", encoding="utf-8", delete=False) as file:
        writer = csv.DictWriter(file, [f.name for f in fields(SideRow)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    Path(file.name).replace(path)


def main() -> None:
    """Measure every clip of a folder and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--model", default="heavy", choices=[str(m) for m in ModelName])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out"))
    parser.add_argument("--only", default="", help="only clips whose name contains this")
    parser.add_argument("--given-camera", action="store_true", help="state roll, pitch and yaw from the truth")
    args = parser.parse_args()
    rows: list[SideRow] = []
    pairs = [(c, t) for c, t in find_clips(args.clips) if args.only in c.name]
    if not pairs:
        sys.exit(f"Clips with a .truth.json beside them were wanted, none found in {args.clips}.")
    for clip, truth_file in pairs:
        truth = json.loads(truth_file.read_text(encoding="utf-8"))
        setup = setup_for(truth, given_camera=args.given_camera)
        measured = measure_file(clip, setup, model_name=ModelName(args.model))
        for row in score(measured.assessment, truth):
            rows.append(row)
            print(
                f"{row.clip:28s} {row.side:5s} truth {row.truth_deg:5.1f}  read {row.end_range_deg:5.1f} "
                f"± {row.half_width_deg:3.1f}  error {row.error_deg:+5.1f}  {row.fault:12s} {row.codes}",
                flush=True,
            )
    name = f"accuracy-{args.model}{'-given-camera' if args.given_camera else ''}"
    write_rows(rows, args.out / f"{name}.csv")
    table = markdown(summarise(rows))
    (args.out / f"{name}.md").write_text(table, encoding="utf-8")
    print(f"\n{table}\nRows in {os.fspath(args.out / name)}.csv")


if __name__ == "__main__":
    main()
