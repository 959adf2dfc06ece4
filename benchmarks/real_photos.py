"""How far each pose model's shanks lie from human marks on real photographs, and whether a turned picture turns them.

    python benchmarks/real_photos.py [FOLDER] [--models lite full heavy]
    python benchmarks/real_photos.py [FOLDER] --turn [--models heavy]

FOLDER holds `photos/` and `keypoints.json` (COCO photographs with human-marked knees and ankles). Two people marking
one photograph differ by several degrees themselves: this is the difference from a human mark, not an error. The known
truth is the turn: a picture turned by an angle must change the reading by that angle.

`--turn` does this as the instrument reads: frames of `clips/` of one person whose legs are seen are each held for a
second and a half, upright and turned; a reading is the median of the second second, as of a hold. As in a recording,
a frame in which the knee or the ankle is hidden, or the outline of the shank contradicts its joints, has no reading.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hipcv.core.motion.angles import MIN_VISIBILITY
from hipcv.core.series import ANKLES, KNEES
from hipcv.models.store import get_model
from hipcv.pose.landmarker import PoseEstimator
from hipcv.pose.person import Pose
from hipcv.sources.video import open_video
from hipcv.words import ModelName

TURNS_DEG = (-10.0, 10.0)
#: Frames of each clip that are turned, as shares of it; how long they are held and what of that is read, in frames.
TURNED_AT = (0.1, 0.4, 0.7)
HELD, READ = 45, 30
DEFAULT_FOLDER = Path(__file__).parents[2] / "shared" / "real"


def shank_direction_deg(knee: NDArray[np.float64], ankle: NDArray[np.float64]) -> float:
    """Return the direction of a shank in the picture, degrees clockwise from straight down to the left."""
    dx, dy = ankle - knee
    return float(np.degrees(np.arctan2(-dx, dy)))


def wrapped_deg(angle: ArrayLike) -> NDArray[np.float64]:
    """Return angles (…) brought into [-180, 180)."""
    return (np.asarray(angle, dtype=np.float64) + 180.0) % 360.0 - 180.0


def turned(rgb: NDArray[np.uint8], angle_deg: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the picture turned clockwise about its centre and the (2, 3) matrix that does it to points."""
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle_deg, 1.0)
    flat = cv2.warpAffine(rgb, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.uint8), np.asarray(matrix, np.float64)


def person_at(people: list[Pose], marks: NDArray[np.float64]) -> Pose | None:
    """Return the found person whose knees and ankles lie nearest the marks (4, 2), within a shank's length."""
    shank_px = float(np.linalg.norm(marks[2:] - marks[:2], axis=1).max())
    best = min(
        people, key=lambda p: float(np.linalg.norm(p.image_px[[*KNEES, *ANKLES]] - marks, axis=1).mean()), default=None
    )
    if best is None or np.linalg.norm(best.image_px[[*KNEES, *ANKLES]] - marks, axis=1).mean() > shank_px:
        return None
    return best


def marks_of(person: dict[str, dict[str, list[float]]]) -> NDArray[np.float64]:
    """Return (4, 2) the marked left knee, right knee, left ankle, right ankle in pixels."""
    names = ("left_knee", "right_knee", "left_ankle", "right_ankle")
    return np.array([person["keypoints"][name][:2] for name in names], dtype=np.float64)


def held_shanks(rgb: NDArray[np.uint8], model: Path) -> NDArray[np.float64]:
    """Return both shanks' directions in degrees (2,) of a picture that is held; NaN where a leg is not read."""
    directions = np.full((HELD, 2), np.nan)
    with PoseEstimator(model) as estimator:
        for k in range(HELD):
            pose, _ = estimator(rgb, k / 30)
            for side, (knee, ankle) in enumerate(zip(KNEES, ANKLES, strict=True)):
                if pose.visibility[[knee, ankle]].min() >= MIN_VISIBILITY:
                    directions[k, side] = shank_direction_deg(pose.image_px[knee], pose.image_px[ankle])
    return np.array([usual_direction_deg(column) for column in directions[-READ:].T])


def usual_direction_deg(directions: NDArray[np.float64]) -> float:
    """Return the median of directions (N,) in degrees; NaN where fewer than half of them are known."""
    known = directions[np.isfinite(directions)]
    if len(known) < len(directions) / 2:
        return float("nan")
    return float(known[-1] + np.median(wrapped_deg(known - known[-1])))


def turn_clips(folder: Path, models: list[str]) -> None:
    """Print for each model how exactly held frames of real people turn with the picture."""
    print("| model | shanks | not read | readings | within 1° | median ° | worst ° |\n|---|---|---|---|---|---|---|")
    for name in models:
        model = get_model(ModelName(name)).path
        errors: list[float] = []
        for clip in sorted((folder / "clips").glob("pose2sim_single_*.mp4")):
            frames = [frame.rgb for frame in open_video(clip)]
            for share in TURNED_AT:
                rgb = frames[round(share * len(frames))]
                upright = held_shanks(rgb, model)
                for turn_deg in TURNS_DEG:
                    now = held_shanks(turned(rgb, turn_deg)[0], model)
                    errors.extend(np.abs(wrapped_deg(now - upright - turn_deg)))
        read = np.array(errors)[np.isfinite(errors)]
        print(
            f"| {name} | {len(errors)} | {len(errors) - len(read)} | {len(read)} | {(read <= 1).sum()} "
            f"| {np.median(read):.1f} | {read.max():.1f} |",
            flush=True,
        )


def main() -> None:
    """Print one line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=DEFAULT_FOLDER)
    parser.add_argument("--models", nargs="+", choices=[str(m) for m in ModelName])
    parser.add_argument("--turn", action="store_true")
    args = parser.parse_args()
    listing = args.folder / "keypoints.json"
    if not listing.exists():
        sys.exit(f"Marked photographs were wanted, but there is no {listing.name} in {args.folder}.")
    if args.turn:
        turn_clips(args.folder, args.models or [ModelName.HEAVY])
        return
    people = json.loads(listing.read_text(encoding="utf-8"))
    head = ["model", "shanks found", "median ° from mark", "75 % °", "worst °", "turn median °", "turn 95 % °", "ms"]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for name in args.models or ModelName:
        away: list[float] = []
        turn_errors: list[float] = []
        wanted = 0
        spent_s = 0.0
        with PoseEstimator(get_model(ModelName(name)).path) as estimator:
            for person in people:
                rgb = cv2.cvtColor(cv2.imread(str(args.folder / person["file"])), cv2.COLOR_BGR2RGB)
                marks = marks_of(person)
                begun = time.perf_counter()
                found = person_at(estimator.find_people(np.asarray(rgb, np.uint8)), marks)
                spent_s += time.perf_counter() - begun
                sides = [0 if side == "left" else 1 for side in person["usable_legs"]]
                wanted += len(sides)
                if found is None:
                    continue
                upright = {s: shank_direction_deg(found.image_px[KNEES[s]], found.image_px[ANKLES[s]]) for s in sides}
                marked = {s: shank_direction_deg(marks[s], marks[2 + s]) for s in sides}
                away.extend(float(abs(wrapped_deg(upright[s] - marked[s]))) for s in sides)
                for turn_deg in TURNS_DEG:
                    picture, matrix = turned(np.asarray(rgb, np.uint8), turn_deg)
                    again = person_at(estimator.find_people(picture), marks @ matrix[:, :2].T + matrix[:, 2])
                    if again is None:
                        continue
                    for s in sides:
                        now = shank_direction_deg(again.image_px[KNEES[s]], again.image_px[ANKLES[s]])
                        turn_errors.append(float(abs(wrapped_deg(now - upright[s] - turn_deg))))
        q = np.percentile
        print(
            f"| {name} | {len(away)}/{wanted} | {np.median(away):.1f} | {q(away, 75):.1f} | {max(away):.1f} "
            f"| {np.median(turn_errors):.1f} | {q(turn_errors, 95):.1f} | {1000 * spent_s / len(people):.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
