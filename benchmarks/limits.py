"""What every limited quantity comes to on clips in which nothing is wrong, beside its limit.

    python benchmarks/limits.py CLIPS_DIR [--model heavy] [--only easy]

Every clip with known truth and without a fault is measured as a user would measure it. Printed for each test and
quantity: how often it was looked at, its median, its value furthest towards the limit, and the limit; below the line
what has no limit of its own but is the origin of one.
"""

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from accuracy import find_clips, markdown, setup_for

from hipcv.assessment import Assessment
from hipcv.core.checks.compensation import find_compensations
from hipcv.core.checks.leg import deepest_other_way_deg
from hipcv.core.checks.limits import HIPS_AWAY, HIPS_RESIZED, LEVEL_THIGH, limit_of
from hipcv.core.checks.possible import fastest_deg_s, hips_moved
from hipcv.core.checks.posture import nearest_heels, thigh_to_shank
from hipcv.core.checks.recording import share_outside, subject_seen
from hipcv.core.checks.trial import other_leg_deg
from hipcv.core.finding import FindingCode, Limit
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.out_of_plane import knee_departure_deg
from hipcv.core.motion.trials import swing_shares
from hipcv.core.procedure import PostureCheck
from hipcv.core.series import PoseSeries
from hipcv.measurement import measure_file
from hipcv.words import SIDES, ModelName


@dataclass(frozen=True, slots=True)
class Observed:
    """One quantity of one trial, leg or clip; `limit` is None where it only is the origin of another's limit."""

    name: str
    value: float
    limit: Limit | None
    #: Whether it is the low values that count.
    below: bool = False


def observe(assessment: Assessment, series: PoseSeries, truth: dict[str, Any]) -> Iterator[Observed]:
    """Return every quantity that a limit is about, with the limit of this test."""
    yield from _observe_trials(assessment, series)
    yield from _observe_legs(assessment, series)
    yield from _observe_clip(assessment, series, truth)


def _limited(assessment: Assessment, code: FindingCode, value: float, *, below: bool = False) -> Observed:
    return Observed(str(code), value, limit_of(code, assessment.setup.procedure), below)


def _observe_trials(assessment: Assessment, series: PoseSeries) -> Iterator[Observed]:
    angles, trials = assessment.angles, assessment.trials
    for trial in trials:
        for part in find_compensations(trial, angles, trials, assessment.setup.procedure):
            yield _limited(assessment, part.code, abs(part.moved_deg))
            if part.code is FindingCode.PELVIS_HIKE:
                yield Observed("pelvis_hike, share of the swing", abs(part.moved_deg) / trial.swing_deg, None)
            if part.code is FindingCode.THIGH_DRIFT:
                yield Observed("thigh_drift, share of the swing", abs(part.moved_deg) / trial.swing_deg, None)
        together = any(t.side is not trial.side and t.start < trial.stop and trial.start < t.stop for t in trials)
        if not together:
            yield _limited(assessment, FindingCode.OTHER_LEG_MOVES, other_leg_deg(trial, angles, trials))
        yield _limited(assessment, FindingCode.TOO_FAST, fastest_deg_s(trial, angles))
        away, resized = hips_moved(trial, series, angles, trials)
        yield Observed("hips_jump, away", away, HIPS_AWAY)
        yield Observed("hips_jump, resized", resized, HIPS_RESIZED)


def _observe_legs(assessment: Assessment, series: PoseSeries) -> Iterator[Observed]:
    angles, seen = assessment.angles, subject_seen(series, assessment.setup.procedure)
    for side in SIDES:
        trials = assessment.of(side).trials
        for share in swing_shares(trials):
            yield _limited(assessment, FindingCode.UNEVEN_TRIALS, float(share), below=True)
        if trials:
            yield _limited(assessment, FindingCode.START_NOT_NEUTRAL, abs(trials[0].rest_deg))
            inwards = deepest_other_way_deg(angles, side, trials[0].rest_deg)
            yield _limited(assessment, FindingCode.WRONG_DIRECTION, inwards)
        share_seen = float(np.isfinite(angles.of(side)).mean())
        yield _limited(assessment, FindingCode.LEGS_NOT_SEEN, share_seen, below=True)
        yield _limited(assessment, FindingCode.OUT_OF_FRAME, share_outside(series, side, seen))
        yield _limited(assessment, FindingCode.KNEE_ANGLE, abs(knee_departure_deg(angles, side)))
        shank_px = median_of(angles.shank_px[:, side.column])
        yield _limited(assessment, FindingCode.SHORT_SHANK, shank_px, below=True)


def _observe_clip(assessment: Assessment, series: PoseSeries, truth: dict[str, Any]) -> Iterator[Observed]:
    camera, angles, procedure = assessment.camera, assessment.angles, assessment.setup.procedure
    yield _limited(assessment, FindingCode.PERSON_LOST, 1 - float(subject_seen(series, procedure).mean()))
    yield _limited(assessment, FindingCode.LOW_LIGHT, median_of(series.brightness), below=True)
    yield _limited(assessment, FindingCode.MOTION_BLUR, median_of(series.sharpness), below=True)
    if PostureCheck.SITS in procedure.posture:
        yield _limited(assessment, FindingCode.WRONG_TEST, median_of(angles.hip_flexion_deg), below=True)
        yield Observed("wrong_test, thigh to shank", thigh_to_shank(angles), LEVEL_THIGH)
    if PostureCheck.HEELS_APART in procedure.posture:
        yield _limited(assessment, FindingCode.HEELS_CROSSING, nearest_heels(series, angles), below=True)
    yield _limited(assessment, FindingCode.CAMERA_PITCH, abs(truth["spec"]["camera"]["pitch"]))
    error_deg = camera.yaw.value_deg - truth["spec"]["camera"]["yaw"]
    yield Observed("camera_yaw, error of what it is taken for", abs(error_deg), None)


def summarise(rows: list[tuple[str, Observed]]) -> list[dict[str, str]]:
    """Return the table: a row for each test and quantity; what was never seen is left out."""
    groups: dict[tuple[bool, str, str], list[Observed]] = defaultdict(list)
    for test, row in rows:
        if math.isfinite(row.value):
            groups[row.limit is None, row.name, test].append(row)
    table = []
    for (_, name, test), seen in sorted(groups.items()):
        values, limit = np.array([row.value for row in seen]), seen[0].limit
        table.append(
            {
                "quantity": name,
                "test": test,
                "n": str(len(values)),
                "median": f"{np.median(values):.3g}",
                "furthest": f"{values.min() if seen[0].below else values.max():.3g}",
                "limit": "–" if limit is None else f"{limit.value:g} {limit.unit}".replace(" °", "°"),
            }
        )
    return table


def main() -> None:
    """Measure the clips of a folder that have no fault, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--model", default="heavy", choices=[str(m) for m in ModelName])
    parser.add_argument("--only", default="", help="only clips whose name contains this")
    args = parser.parse_args()
    rows: list[tuple[str, Observed]] = []
    for clip, truth_file in find_clips(args.clips):
        truth = json.loads(truth_file.read_text(encoding="utf-8"))
        if args.only not in clip.name or truth["spec"].get("fault"):
            continue
        measured = measure_file(clip, setup_for(truth, given_camera=False), model_name=ModelName(args.model))
        rows += [(truth["spec"]["test"], row) for row in observe(measured.assessment, measured.series, truth)]
        print(clip.name, flush=True)
    print("\n" + markdown(summarise(rows)))


if __name__ == "__main__":
    main()
