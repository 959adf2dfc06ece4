"""What each piece of the measurement is worth: the same clips measured with pieces taken out.

    python benchmarks/ablation.py CLIPS_DIR [--limit N] [--jobs 2] [--fresh]

Clips without a fault whose truth is known, every test by the same pieces. The reading, with the camera as it is found:
MediaPipe's graph as a second opinion (prone on the picture turned upright), then the one reader's steps, each with
those before it: the network's heat maps in the found region, the path over the clip, the second look, the legs' own
colour, their edges as they lie, the joints as the edges' zero, and the rule on covered legs (the product). The camera,
with the whole reader: taken as square, and with roll and pitch alone. What is measured is kept in OUT and taken from
there the next time, as long as neither the clip nor the program has changed; --fresh measures everything again.
"""

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from accuracy import ShankRow, find_clips, markdown, score_shanks, setup_for, shank_figures, spread, write_rows
from repeatability import true_end_range_deg

import hipcv
from hipcv.assessment import Assessment, assess
from hipcv.core.procedure import Procedure
from hipcv.core.procedures import PROCEDURES
from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS, BoolArray, FloatArray, IntArray, PoseSeries
from hipcv.core.setup import Setup
from hipcv.measurement import measure_file
from hipcv.models.store import get_model
from hipcv.pose.landmarker import PoseEstimator
from hipcv.pose.legs.edges import Ribbon
from hipcv.pose.legs.heatmaps import MapArray
from hipcv.pose.legs.protractor import JOINTS_SE_DEG, fuse_ribbon
from hipcv.pose.legs.tracking import LegPath
from hipcv.pose.method import METHOD, Method
from hipcv.pose.person import NOBODY
from hipcv.pose.silhouette import LANDMARK_SE_DEG, LimbAxis
from hipcv.sources.video import open_video
from hipcv.words import SIDES, Engine, ModelName

GRAPH, HEAT, PATH, LOOK, COLOUR, EDGES, ZERO, PRODUCT = (
    "MediaPipe's graph, a second opinion",
    "heat maps in the found region",
    "+ path over the clip",
    "+ second look",
    "+ colour of the legs",
    "+ edges of the legs as they lie",
    "+ joints as the edges' zero",
    "+ rule on covered legs = hipcv",
)
SQUARE, GRAVITY, PERFECT = (
    "hipcv, camera taken as square",
    "hipcv, roll and pitch alone",
    "true joint centres, camera stated",
)
VARIANTS = (GRAPH, HEAT, PATH, LOOK, COLOUR, EDGES, ZERO, PRODUCT, SQUARE, GRAVITY, PERFECT)
#: Those that read the picture in a way of their own.
SHANK_VARIANTS = (GRAPH, HEAT, PATH, LOOK, COLOUR, EDGES, ZERO, PRODUCT)


@dataclass(frozen=True, slots=True)
class Row:
    """One side of one clip, measured with some pieces; degrees, NaN where there is no number.

    `at_holds_deg` is the error at the truth's own holds, with no trial searched and nothing refused: what the pieces
    see, apart from what is made of it. `seen` is the share of frames with this leg.
    """

    clip: str
    clip_sha256: str
    program: str
    test: str
    level: str
    side: str
    variant: str
    error_deg: float
    at_holds_deg: float
    seen: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything about one clip."""

    rows: list[Row]
    shanks: list["VariantShankRow"]


@dataclass(frozen=True, slots=True)
class VariantShankRow(ShankRow):
    """One leg in one frame, as one variant sees it in the picture."""

    variant: str


# --------------------------------------------------------------------------------------------- pieces taken out


def landmarks_only(
    knee_px: FloatArray, ankle_px: FloatArray, axis: LimbAxis | None
) -> tuple[FloatArray, FloatArray, float]:
    """Stand in for `fuse_axis`: the landmarks as they are."""
    return knee_px, ankle_px, LANDMARK_SE_DEG


def each_alone(scores: FloatArray, time_s: FloatArray) -> IntArray:
    """Stand in for `best_path`: every frame's own best angle, whatever its neighbours show."""
    return np.asarray(scores.argmax(axis=1))


def never_again(doubts: Sequence[FloatArray]) -> IntArray:
    """Stand in for `doubted_frames`: one look is enough."""
    return np.empty(0, np.int64)


def no_colour(on_leg: object, anywhere: object) -> None:
    """Stand in for `learn_colour`: the legs teach nothing."""


def heat_maps_only(
    path: LegPath, ribbons: object, landmarks_deg: object, shank_px: float, doubts: FloatArray, aside: object
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Stand in for `measure_shank`: the heat maps' joints as they are."""
    return path.knee_px, path.ankle_px, JOINTS_SE_DEG * doubts


def edges_as_they_lie(
    path: LegPath,
    ribbons: Sequence[Ribbon | None],
    landmarks_deg: object,
    shank_px: float,
    doubts: FloatArray,
    aside: object,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Stand in for `measure_shank`: the edges' displacement is not taken off."""
    with_edges = partial(fuse_ribbon, displaced_deg=0.0)
    each = [
        with_edges(knee, ankle, ribbon, shank_px, float(unsure))
        for knee, ankle, ribbon, unsure in zip(path.knee_px, path.ankle_px, ribbons, doubts, strict=True)
    ]
    knees, ankles, se_deg = zip(*each, strict=True)
    return np.array(knees), np.array(ankles), np.array(se_deg)


def never_covered(paths: Sequence[LegPath], like: MapArray | None) -> list[BoolArray]:
    """Stand in for `covered`: nothing is ever before a leg."""
    return [np.zeros(len(path.peak), np.bool_) for path in paths]


#: The one reader's steps, by what is done with each: all the stand-ins, and one less from row to row.
STAND_INS: tuple[tuple[str, dict[str, Any]], ...] = (
    (HEAT, {}),
    (PATH, {"best_path": each_alone}),
    (LOOK, {"look_again": never_again}),
    (COLOUR, {"learn_colour": no_colour}),
    (EDGES, {"measure_shank": heat_maps_only}),
    (ZERO, {"measure_shank": edges_as_they_lie}),
    (PRODUCT, {"covered": never_covered}),
)


def methods() -> dict[str, Method]:
    """Return the method of every variant of the one reader: each has the steps of those before it and one more."""
    made = {}
    for k, (variant, _) in enumerate(STAND_INS):
        missing: dict[str, Any] = {}
        for _, stand_in in STAND_INS[k + 1 :]:
            missing = stand_in | missing
        made[variant] = replace(METHOD, legs=replace(METHOD.legs, **missing))
    return made


def follow_turned(clip: Path) -> PoseSeries:
    """Return what the pose graph sees of a clip when every picture is turned by 180°; frames without a person are NaN.

    Only knees and ankles are handed on, the same joints as from the product's own reading, and they count as seen
    wherever the graph finds a person at all.
    """
    joints = [*KNEES, *ANKLES]
    times_s: list[float] = []
    points_px: list[FloatArray] = []
    with (
        open_video(clip) as video,
        PoseEstimator(get_model(ModelName.HEAVY).path, landmarks_only) as estimator,
    ):
        size = video.info.width_px, video.info.height_px
        for frame in video:
            pose, _ = estimator(np.ascontiguousarray(frame.rgb[::-1, ::-1]), frame.time_s)
            points = np.full((33, 2), np.nan)
            if pose is not NOBODY:
                points[joints] = np.array(size) - pose.image_px[joints]
            times_s.append(frame.time_s)
            points_px.append(points)
    image_px = np.stack(points_px)
    return PoseSeries(
        time_s=np.array(times_s),
        image_px=image_px,
        world_m=np.full((*image_px.shape[:2], 3), np.nan),
        visibility=np.asarray(np.isfinite(image_px[..., 0]), np.float64),
        frame_size_px=size,
    )


def perfect_series(truth: dict[str, Any]) -> PoseSeries:
    """Return the projected joint centres of a rendered clip as if a pose model had seen them."""
    frames = truth["frames"]
    image_px = np.full((len(frames), 33, 2), np.nan)
    for joint, rows in (("hip", HIPS), ("knee", KNEES), ("ankle", ANKLES), ("shoulder", SHOULDERS)):
        for side, row in zip("LR", rows, strict=True):
            image_px[:, row] = [frame["keypoints"][f"{joint}.{side}"] for frame in frames]
    return PoseSeries(
        time_s=np.array([frame["t"] for frame in frames]),
        image_px=image_px,
        world_m=np.full((*image_px.shape[:2], 3), np.nan),
        visibility=np.asarray(np.isfinite(image_px[..., 0]), np.float64),
        frame_size_px=tuple(truth["spec"]["size"]),
    )


# -------------------------------------------------------------------------------------------------- one clip


def square(setup: Setup) -> Setup:
    """Return the set-up with a camera that is said to stand level and square."""
    return replace(setup, roll_deg=0.0, pitch_deg=0.0, yaw_deg=0.0)


def assessments(clip: Path, setup: Setup) -> dict[str, Assessment]:
    """Return a clip's assessment by every variant."""
    measure = partial(measure_file, clip, setup, model_name=ModelName.HEAVY)
    by_steps = {variant: measure(method=method) for variant, method in methods().items()}
    whole = by_steps[PRODUCT]
    if setup.procedure.shank_up:
        camera = whole.assessment.camera
        stated = replace(
            setup,
            roll_deg=camera.roll.value_deg,
            pitch_deg=camera.pitch.value_deg,
            yaw_deg=camera.yaw.value_deg,
        )
        graph = assess(follow_turned(clip), stated)
    else:
        graph = measure(engine=Engine.GRAPH).assessment
    return {
        GRAPH: graph,
        **{variant: measured.assessment for variant, measured in by_steps.items()},
        SQUARE: assess(whole.series, square(setup)),
        GRAVITY: assess(whole.series, replace(setup, yaw_deg=0.0)),
    }


def measure_clip(pair: tuple[Path, Path]) -> Outcome:
    """Measure one clip by every variant and compare it with its truth."""
    clip, truth_file = pair
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
    rows, shanks = [], []
    every = assessments(clip, setup_for(truth, given_camera=False))
    every[PERFECT] = assess(perfect_series(truth), setup_for(truth, given_camera=True))
    for variant, assessment in every.items():
        rows += score(assessment, truth, variant, sha256)
        if variant in SHANK_VARIANTS:
            shanks += [VariantShankRow(**asdict(row), variant=variant) for row in score_shanks(assessment, truth)]
    return Outcome(rows, shanks)


def score(assessment: Assessment, truth: dict[str, Any], variant: str, sha256: str) -> list[Row]:
    """Compare one assessment with the truth, a row for each side that has a trial in it."""
    spec, rows = truth["spec"], []
    for side in SIDES:
        expected = true_end_range_deg(truth, side)
        if expected is None:
            continue
        value = assessment.of(side).end_range_deg
        raw_deg = assessment.angles.raw_deg[:, side.column]
        rows.append(
            Row(
                clip=spec["name"],
                clip_sha256=sha256,
                program=program_sha256(),
                test=spec["test"],
                level=spec["level"],
                side=str(side),
                variant=variant,
                error_deg=float("nan") if value is None else value - expected,
                at_holds_deg=at_true_holds_deg(truth, side, assessment.angles.time_s, raw_deg) - expected,
                seen=float(np.isfinite(raw_deg).mean()) if len(raw_deg) else 0.0,
            )
        )
    return rows


def at_true_holds_deg(truth: dict[str, Any], side: object, time_s: FloatArray, raw_deg: FloatArray) -> float:
    """Return the mean over a side's true trials of the median angle during the true hold; NaN where one is unseen."""
    levels = []
    for trial in truth["trials"]:
        if trial["side"] != str(side)[0].upper():
            continue
        start_s, stop_s = (truth["frames"][trial[end]]["t"] for end in ("hold_start", "hold_end"))
        within: BoolArray = (time_s >= start_s) & (time_s <= stop_s) & np.isfinite(raw_deg)
        levels.append(float(np.median(raw_deg[within])) if within.any() else float("nan"))
    return float(np.mean(levels)) if levels else float("nan")


# ---------------------------------------------------------------------------------------------------- tables


def summarise(rows: Sequence[Row], test: Procedure) -> list[dict[str, str]]:
    """Return a table row for each level and variant of a test."""
    table = []
    for level in sorted({r.level for r in rows if r.test == test.name}):
        for variant in VARIANTS:
            group = [r for r in rows if (r.test, r.level, r.variant) == (test.name, level, variant)]
            errors = np.abs([r.error_deg for r in group if np.isfinite(r.error_deg)])
            at_holds = np.abs([r.at_holds_deg for r in group if np.isfinite(r.at_holds_deg)])
            some, seen = len(errors) > 0, len(at_holds) > 0
            table.append(
                {
                    "set": f"{test} {level}",
                    "pieces": variant,
                    "sides": str(len(group)),
                    "MAE °": f"{errors.mean():.2f}" if some else "–",
                    "95 % °": f"{np.percentile(errors, 95):.2f}" if some else "–",
                    "worst °": f"{errors.max():.2f}" if some else "–",
                    "not measured": str(len(group) - len(errors)),
                    "MAE at true holds °": f"{at_holds.mean():.2f}" if seen else "–",
                    "worst at true holds °": f"{at_holds.max():.2f}" if seen else "–",
                    "leg seen": f"{np.mean([r.seen for r in group]):.0%}",
                }
            )
    return table


def summarise_shanks(rows: Sequence[VariantShankRow]) -> list[dict[str, str]]:
    """Return a table row for each test, level and variant that reads the picture in its own way."""
    return [
        {
            "shank image angle": f"{test} {level}",
            "pieces": variant,
            **shank_figures([r.error_deg for r in rows if (r.test, r.level, r.variant) == (test, level, variant)]),
        }
        for test, level in sorted({(r.test, r.level) for r in rows})
        for variant in SHANK_VARIANTS
    ]


# ------------------------------------------------------------------------------------------------------ cache


@cache
def program_sha256() -> str:
    """Return a hash of the program's own source: figures of another program are not to be taken for this one's."""
    whole = hashlib.sha256()
    folder = Path(hipcv.__file__).parent
    for room in ("core", "evidence", "sources", "pose", "assessment.py", "session.py", "measurement.py"):
        for path in sorted([folder / room] if room.endswith(".py") else (folder / room).rglob("*.py")):
            whole.update(path.read_bytes())
    whole.update(Path(__file__).read_bytes())
    return whole.hexdigest()[:16]


def read_rows(path: Path, kind: type) -> list[Any]:
    """Return what `write_rows` wrote; nothing where there is no file or one with other columns."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != [f.name for f in fields(kind)]:
            return []
        numbers = {f.name for f in fields(kind) if f.type is float}
        return [kind(**{k: float(v) if k in numbers else v for k, v in row.items()}) for row in reader]


def choose_clips(folder: Path, limit: int | None) -> list[tuple[Path, Path]]:
    """Return clips without a fault, at most `limit` of each test, levels taking turns."""
    by_test: dict[str, dict[str, list[tuple[Path, Path]]]] = {}
    for pair in find_clips(folder):
        spec = json.loads(pair[1].read_text(encoding="utf-8"))["spec"]
        if not spec.get("fault"):
            by_test.setdefault(spec["test"], {}).setdefault(spec["level"], []).append(pair)
    chosen = []
    for levels in by_test.values():
        longest = max(map(len, levels.values()))
        turns = [pairs[k] for k in range(longest) for pairs in levels.values() if k < len(pairs)]
        chosen += turns[:limit]
    return chosen


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--limit", type=int, help="so many clips of each test")
    parser.add_argument("--jobs", type=int, default=2, help="clips measured at the same time")
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out"))
    args = parser.parse_args()
    pairs = choose_clips(args.clips, args.limit)
    if not pairs:
        sys.exit(f"Clips without a fault and with a .truth.json beside them were wanted, none found in {args.clips}.")
    files = args.out / "ablation.csv", args.out / "ablation-shanks.csv"
    rows: list[Row] = [] if args.fresh else read_rows(files[0], Row)
    shanks: list[VariantShankRow] = [] if args.fresh else read_rows(files[1], VariantShankRow)
    rows = [r for r in rows if r.program == program_sha256()]
    known = {(r.clip, r.clip_sha256) for r in rows}
    names = {clip.stem: hashlib.sha256(clip.read_bytes()).hexdigest() for clip, _ in pairs}
    todo = [pair for pair in pairs if (pair[0].stem, names[pair[0].stem]) not in known]
    print(f"{len(pairs)} clips, {len(pairs) - len(todo)} of them known from before", file=sys.stderr, flush=True)
    measured = {pair[0].stem for pair in todo}
    held = {r.clip for r in rows} - measured
    rows = [r for r in rows if r.clip in held]
    shanks = [r for r in shanks if r.clip in held]
    for (clip, _), outcome in spread(measure_clip, todo, args.jobs):
        rows += outcome.rows
        shanks += outcome.shanks
        write_rows(shanks, VariantShankRow, files[1])
        write_rows(rows, Row, files[0])  # last: a clip is known once its rows are there
        print(f"{clip.stem}: done", file=sys.stderr, flush=True)
    mine = [r for r in rows if r.clip in names]
    tables = [markdown(summarise(mine, test)) for test in PROCEDURES if any(r.test == test.name for r in mine)]
    if frames := [r for r in shanks if r.clip in names]:
        tables.append(markdown(summarise_shanks(frames)))
    text = "\n".join(tables)
    (args.out / "ablation.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
