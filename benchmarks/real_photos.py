"""How far shanks read on real photographs lie from their marks, and whether a turned picture turns them.

    python benchmarks/real_photos.py [FOLDER] [--models heavy]
    python benchmarks/real_photos.py [FOLDER] --turn [--models heavy]

FOLDER holds `photos/` and `keypoints.json`: photographs with knees and ankles marked by people (COCO), or seen by
several calibrated cameras. Marks of different kinds, and different clothes, are never pooled. Two people marking one
photograph differ by several degrees themselves: this is the difference from a mark, not an error. The known truth is
the turn: a picture turned by an angle must change the reading by that angle.

Readers stand side by side: *legs*, the reader of every test, on the person whom the person detector sees in the marked
box, every view of the picture looked at once; two of its pieces, *heat maps*, knee and ankle by the path through the
heat maps, and *edges*, the middle between the lower leg's edges as they lie; *landmarks*, the pose model's knee and
ankle as MediaPipe's graph gives them; *graph*, what `--engine graph` makes of them and the silhouette. *Kept* are the
shanks that a recording would keep. What both tests do not show (crossed legs, legs that lean inwards) the reader of the
legs may refuse; a second table compares all readers on the shanks that legs and landmarks keep.

`--turn` does this as the instrument reads: frames of `clips/` of one person whose legs are seen are each held for a
second and a half, upright and turned; a reading is the median of the last second, as of a hold.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from accuracy import markdown
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from hipcv.core.motion.angles import MIN_VISIBILITY
from hipcv.core.motion.filtering import median_of
from hipcv.core.series import ANKLES, KNEES, FloatArray
from hipcv.models.bundle import read_landmark_network, read_person_detector
from hipcv.models.store import ModelFile, get_model
from hipcv.pose.fusion import MAX_SE_DEG
from hipcv.pose.landmarker import PoseEstimator
from hipcv.pose.legs.body import contradicted
from hipcv.pose.legs.edges import Ribbon
from hipcv.pose.legs.looking import BODY_VIEWS, VIEW_EVERY_S
from hipcv.pose.legs.network import LandmarkNetwork
from hipcv.pose.legs.people import PersonDetector, Somebody
from hipcv.pose.legs.protractor import Aside, measure_shank
from hipcv.pose.legs.protractor import turned as turned_vectors
from hipcv.pose.legs.reader import LONG_SIDE_PX
from hipcv.pose.legs.reading import read_lower_legs
from hipcv.pose.legs.seen_before import SeenBefore
from hipcv.pose.legs.steps import LEG_STEPS
from hipcv.pose.legs.subject import find_people
from hipcv.pose.legs.tracking import LegPath
from hipcv.pose.person import NOBODY
from hipcv.pose.silhouette import LANDMARK_SE_DEG, LimbAxis, fuse_axis
from hipcv.sources.video import open_video
from hipcv.words import ModelName

ByteArray = NDArray[np.uint8]

LEGS, HEAT_MAPS, EDGES, LANDMARKS, GRAPH = "legs", "heat maps", "edges", "landmarks", "graph"
READERS = (LEGS, LANDMARKS, GRAPH)
#: On photographs the reader's pieces are shown as well.
PIECES = (LEGS, HEAT_MAPS, EDGES, LANDMARKS, GRAPH)
#: A shank further off than this is misread.
MISREAD_DEG = 10.0
TURNS_DEG = (-10.0, 10.0)
#: Frames of each clip that are turned, as shares of it; how long a turned frame is held and what of that is read.
TURNED_AT = (0.1, 0.4, 0.7)
HELD_S, READ_S = 1.5, 1.0
#: The graph follows a still for so many frames before it is asked; frames a second of what is held.
SETTLED, GRAPH_HZ = 6, 30.0
#: The marked box with so much of its size around it is what the detector and the graph look at.
MARGIN = 0.3
DEFAULT_FOLDER = Path(__file__).parents[2] / "shared" / "real"


# ---------------------------------------------------------------------------------------------------------- arithmetic


def shank_direction_deg(knee: FloatArray, ankle: FloatArray) -> float:
    """Return the direction of a shank in the picture, degrees clockwise from straight down to the left."""
    dx, dy = ankle - knee
    return float(np.degrees(np.arctan2(-dx, dy)))


def wrapped_deg(angle: ArrayLike) -> FloatArray:
    """Return angles (…) brought into [-180, 180)."""
    return (np.asarray(angle, dtype=np.float64) + 180.0) % 360.0 - 180.0


def usual_direction_deg(directions: FloatArray) -> float:
    """Return the median of directions (N,) in degrees; NaN where fewer than half of them are known."""
    known = directions[np.isfinite(directions)]
    if len(known) == 0 or len(known) < len(directions) / 2:
        return float("nan")
    return float(known[-1] + np.median(wrapped_deg(known - known[-1])))


def assign_legs(marked_px: FloatArray, read_px: FloatArray) -> list[int | None]:
    """Return which of the legs that were read is each marked one: the nearest, and no leg twice.

    Parameters
    ----------
    marked_px, read_px : (M, 2, 2) and (R, 2, 2), the knee and the ankle of each leg.

    A leg that lies further from the marks than a shank is long, in the mean of knee and ankle, is another's: None.
    """
    known = np.flatnonzero(np.isfinite(read_px).all(axis=(1, 2)))
    found: list[int | None] = [None] * len(marked_px)
    if len(known) == 0:
        return found
    away = np.linalg.norm(marked_px[:, None] - read_px[known][None], axis=-1).mean(axis=-1)
    for mark, leg in zip(*linear_sum_assignment(away), strict=True):
        if away[mark, leg] < np.linalg.norm(marked_px[mark, 1] - marked_px[mark, 0]):
            found[mark] = int(known[leg])
    return found


def figures(errors_deg: Sequence[float]) -> dict[str, str]:
    """Return the columns of a table on shanks: how many, the share kept (finite), the size of the error of those."""
    errors = np.abs(np.array(errors_deg, dtype=np.float64))
    kept = errors[np.isfinite(errors)]
    quantiles = {"median °": 50, "75 % °": 75, "90 % °": 90, "worst °": 100}
    return {
        "shanks": str(len(errors)),
        "kept": f"{len(kept) / len(errors):.0%}" if len(errors) else "–",
        **{name: f"{np.percentile(kept, q):.1f}" if len(kept) else "–" for name, q in quantiles.items()},
        "beyond 10°": f"{(kept > MISREAD_DEG).mean():.0%}" if len(kept) else "–",
    }


def turned(rgb: ByteArray, angle_deg: float) -> tuple[ByteArray, FloatArray]:
    """Return the picture turned clockwise about its centre and the (2, 3) matrix that does it to points."""
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle_deg, 1.0)
    flat = cv2.warpAffine(rgb, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.uint8), np.asarray(matrix, np.float64)


# ------------------------------------------------------------------------------------------------------------- readers


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Two shanks in one picture: knee and ankle of each (2, 2, 2) pixels, NaN where nobody is seen; (2,) its error."""

    legs_px: FloatArray
    se_deg: FloatArray

    @property
    def directions_deg(self) -> FloatArray:
        """Both directions (2,), degrees, NaN where a recording would not keep them."""
        directions = np.array([shank_direction_deg(*leg) for leg in self.legs_px])
        return np.where(self.se_deg <= MAX_SE_DEG, directions, np.nan)


NOT_SEEN = Seen(np.full((2, 2, 2), np.nan), np.full(2, np.inf))


@dataclass(slots=True)
class Pieces:
    """`measure_shank`, and what it was given: both legs' joints and edges, in the crop."""

    joints_px: list[FloatArray] = field(default_factory=list)
    edges_px: list[FloatArray] = field(default_factory=list)

    def __call__(
        self,
        path: LegPath,
        ribbons: Sequence[Ribbon | None],
        landmarks_deg: FloatArray,
        shank_px: float,
        doubts: FloatArray,
        aside: Aside,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Measure as the reader does."""
        aside_deg = median_of(np.array([np.nan if ribbon is None else ribbon.turn_deg for ribbon in ribbons]))
        knee, ankle = np.median(path.knee_px, axis=0), np.median(path.ankle_px, axis=0)
        self.joints_px.append(np.stack([knee, ankle]))
        self.edges_px.append(np.stack([knee, knee + turned_vectors(ankle - knee, aside_deg)]))
        return measure_shank(path, ribbons, landmarks_deg, shank_px, doubts, aside)


class LegsOnStills:
    """The reader of the legs on a picture that is held: every view of it once or more, the median of what they show."""

    def __init__(self, model: ModelFile) -> None:
        self._network = LandmarkNetwork(read_landmark_network(model.path))
        self._detector = PersonDetector(read_person_detector(model.path))

    def __call__(
        self, rgb: ByteArray, box: FloatArray | None = None, n_looks: int = len(BODY_VIEWS)
    ) -> dict[str, Seen]:
        """Read both legs of the person in a box (left, top, width, height), or of the surest one in the picture."""
        scale = min(1.0, LONG_SIDE_PX / max(rgb.shape[:2]))
        if scale < 1:  # as the reader keeps frames
            small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            seen = self(np.asarray(small, np.uint8), None if box is None else box * scale, n_looks)
            return {name: Seen(each.legs_px / scale, each.se_deg) for name, each in seen.items()}
        somebody = self._in_box(rgb, box)
        nothing = dict.fromkeys((LEGS, HEAT_MAPS, EDGES), NOT_SEEN)
        if somebody is None:
            return nothing
        # two frames: what is seen once only is somebody who passes by
        known, _ = find_people([rgb] * 2, [[somebody]] * 2, self._network)
        if not known:
            return nothing
        time_s, pieces = VIEW_EVERY_S * np.arange(n_looks, dtype=np.float64), Pieces()
        legs = read_lower_legs(
            lambda _: rgb,
            time_s,
            known[0],
            SeenBefore(known[0].region, self._network),
            replace(LEG_STEPS, measure_shank=pieces),
        )
        each = np.stack([legs.knees_px, legs.ankles_px], axis=2)
        elsewhere = np.stack([contradicted(legs.landmarks_deg[:, leg]) for leg in range(2)], axis=1)
        se_deg = np.median(np.where(elsewhere, np.inf, legs.se_deg), axis=0)
        to_picture = known[0].region.to_picture
        return {
            LEGS: Seen(np.median(each, axis=0), se_deg),
            HEAT_MAPS: Seen(to_picture(np.array(pieces.joints_px)), se_deg),
            EDGES: Seen(to_picture(np.array(pieces.edges_px)), se_deg),
        }

    def _in_box(self, rgb: ByteArray, box: FloatArray | None) -> Somebody | None:
        if box is None:
            return next(iter(self._detector(rgb)), None)
        middle = box[:2] + box[2:] / 2
        for part, corner in ((rgb, np.zeros(2)), around(rgb, box)):
            people = [replace(p, hips_px=p.hips_px + corner) for p in self._detector(part)]
            inside = [p for p in people if (np.abs(p.hips_px - middle) < box[2:] / 2).all()]
            if inside:
                return min(inside, key=lambda p: float(np.hypot(*(p.hips_px - middle))))
        return None


@dataclass(slots=True)
class Remembering:
    """`fuse_axis`, and what it was given: the landmarks as they were, by the ankle that it made of them."""

    landmarks: dict[tuple[float, ...], FloatArray] = field(default_factory=dict)

    def __call__(
        self, knee_px: FloatArray, ankle_px: FloatArray, axis: LimbAxis | None
    ) -> tuple[FloatArray, FloatArray, float]:
        """Fuse as the graph's reader does."""
        plain = np.stack([knee_px, ankle_px])
        knee, ankle, se_deg = fuse_axis(knee_px, ankle_px, axis)
        self.landmarks[tuple(ankle.tolist())] = plain
        return knee, ankle, se_deg


class GraphOnFrames:
    """MediaPipe's graph on frames that follow each other: its landmarks, and what they and the silhouette make."""

    def __init__(self, model: Path) -> None:
        self._fuse = Remembering()
        self._estimator = PoseEstimator(model, self._fuse)

    def __call__(self, rgb: ByteArray, time_s: float) -> dict[str, Seen]:
        """Read the next frame."""
        self._fuse.landmarks.clear()
        pose, _ = self._estimator(rgb, time_s)
        if pose is NOBODY:
            return {LANDMARKS: NOT_SEEN, GRAPH: NOT_SEEN}
        fused_px = pose.image_px[[[knee, ankle] for knee, ankle in zip(KNEES, ANKLES, strict=True)]]
        plain_px = np.stack([self._fuse.landmarks[tuple(ankle.tolist())] for ankle in fused_px[:, 1]])
        seen = pose.visibility[[*KNEES, *ANKLES]].reshape(2, 2).min(axis=0) >= MIN_VISIBILITY
        # the graph's reader calls an ankle unseen where outline and joints contradict each other; landmarks know none
        contradicted = pose.shank_se_deg > MAX_SE_DEG
        return {
            LANDMARKS: Seen(plain_px, np.where(seen | contradicted, LANDMARK_SE_DEG, np.inf)),
            GRAPH: Seen(fused_px, np.where(seen, pose.shank_se_deg, np.inf)),
        }

    def close(self) -> None:
        """Free the model."""
        self._estimator.close()

    def __enter__(self) -> "GraphOnFrames":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def graph_on_still(rgb: ByteArray, model: Path, box: FloatArray) -> dict[str, Seen]:
    """Return what the graph makes of the person in a box of a still, or else of all of it, shown to it a few times."""
    seen: dict[str, Seen] = {}
    for part, corner in (around(rgb, box), (rgb, np.zeros(2))):
        with GraphOnFrames(model) as graph:
            for k in range(SETTLED):
                seen = graph(part, k / GRAPH_HZ)
        seen = {name: Seen(each.legs_px + corner, each.se_deg) for name, each in seen.items()}
        if np.isfinite(seen[LANDMARKS].legs_px).all():
            break
    return seen


def around(rgb: ByteArray, box: FloatArray) -> tuple[ByteArray, FloatArray]:
    """Return a box (left, top, width, height) of a picture with a margin, and where its upper left corner was (2,)."""
    low = np.maximum(box[:2] - MARGIN * box[2:], 0).astype(int)
    high = np.ceil(box[:2] + (1 + MARGIN) * box[2:]).astype(int)
    part = rgb[low[1] : high[1], low[0] : high[0]]
    return np.ascontiguousarray(part), low.astype(np.float64)


# -------------------------------------------------------------------------------------------------------------- photos


@dataclass(frozen=True, slots=True)
class Difference:
    """One marked shank as one reader sees it; degrees, NaN where it is not kept.

    `turn_deg` holds, for each turn of the picture, by how much the reading changed otherwise than the picture.
    """

    kind: str
    reader: str
    error_deg: float
    turn_deg: tuple[float, ...]
    shank: str = ""


def kind_of(person: dict[str, Any]) -> str:
    """Return what kind of marks a person has and what clothes, as far as the data says."""
    marks = {"multi-view": "several cameras"}.get(person.get("label_kind", ""), "marked by hand")
    return f"{marks}, {person.get('clothing', 'clothes not noted')}"


def marks_of(person: dict[str, Any]) -> FloatArray:
    """Return (M, 2, 2) the marked knee and ankle of each usable leg, pixels."""
    points = person["keypoints"]
    return np.array([[points[f"{leg}_{joint}"][:2] for joint in ("knee", "ankle")] for leg in person["usable_legs"]])


def moved_box(box: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return a box (left, top, width, height) of the same size about where `matrix` (2, 3) takes its middle."""
    middle = matrix[:, :2] @ (box[:2] + box[2:] / 2) + matrix[:, 2]
    return np.concatenate([middle - box[2:] / 2, box[2:]])


def compare(
    person: dict[str, Any], rgb: ByteArray, read: Callable[[ByteArray, FloatArray], dict[str, Seen]]
) -> Iterator[Difference]:
    """Yield a `Difference` for each usable leg of a marked person and each reader."""
    marks, box = marks_of(person), np.array(person["person_bbox"])
    upright = read(rgb, box)
    again: list[tuple[float, FloatArray, dict[str, Seen]]] = []
    for turn_deg in TURNS_DEG:
        picture, matrix = turned(rgb, turn_deg)
        again.append((turn_deg, marks @ matrix[:, :2].T + matrix[:, 2], read(picture, moved_box(box, matrix))))
    for reader, seen in upright.items():
        now = directions_at(marks, seen)
        marked = np.array([shank_direction_deg(*leg) for leg in marks])
        turns = np.array([wrapped_deg(directions_at(at, other[reader]) - now - turn) for turn, at, other in again])
        for leg, error_deg in enumerate(wrapped_deg(now - marked)):
            shank = f"{person['file']}, {person['usable_legs'][leg]}"
            yield Difference(kind_of(person), reader, float(error_deg), tuple(turns[:, leg].tolist()), shank)


def directions_at(marks_px: FloatArray, seen: Seen) -> FloatArray:
    """Return (M,) the direction that was read where each leg is marked, NaN where none was kept."""
    directions = seen.directions_deg
    return np.array([math.nan if k is None else directions[k] for k in assign_legs(marks_px, seen.legs_px)])


def summarise(rows: Sequence[Difference], model: str) -> list[dict[str, str]]:
    """Return a table row for each kind of marks and clothes, and each reader."""
    table = []
    for kind in sorted({row.kind for row in rows}):
        for reader in PIECES:
            group = [row for row in rows if (row.kind, row.reader) == (kind, reader)]
            turns = np.abs([turn for row in group for turn in row.turn_deg if math.isfinite(turn)])
            table.append(
                {
                    "marks, clothes": kind,
                    "model": model,
                    "reader": reader,
                    **figures([row.error_deg for row in group]),
                    "turn median °": f"{np.median(turns):.1f}" if len(turns) else "–",
                    "turn 90 % °": f"{np.percentile(turns, 90):.1f}" if len(turns) else "–",
                }
            )
    return table


def on_same_shanks(rows: Sequence[Difference]) -> list[dict[str, str]]:
    """Return a row for each kind and reader, over the shanks that both the legs' reader and the landmarks keep."""
    kept = [
        {row.shank for row in rows if row.reader == reader and math.isfinite(row.error_deg)}
        for reader in (LEGS, LANDMARKS)
    ]
    table = []
    for kind in sorted({row.kind for row in rows}):
        for reader in PIECES:
            group = [
                row.error_deg
                for row in rows
                if (row.kind, row.reader) == (kind, reader) and row.shank in kept[0] & kept[1]
            ]
            mean = f"{np.nanmean(np.abs(group)):.1f}" if np.isfinite(group).any() else "–"
            table.append({"same shanks": kind, "reader": reader, "mean °": mean, **figures(group)})
    return table


def read_photos(folder: Path, model: ModelFile) -> list[Difference]:
    """Return every marked shank of a folder as every reader sees it."""
    legs = LegsOnStills(model)
    rows: list[Difference] = []

    def read(rgb: ByteArray, box: FloatArray) -> dict[str, Seen]:
        return {**legs(rgb, box), **graph_on_still(rgb, model.path, box)}

    for person in json.loads((folder / "keypoints.json").read_text(encoding="utf-8")):
        rgb = np.asarray(cv2.cvtColor(cv2.imread(str(folder / person["file"])), cv2.COLOR_BGR2RGB), np.uint8)
        rows += compare(person, rgb, read)
        print(person["file"], file=sys.stderr, flush=True)
    return rows


# --------------------------------------------------------------------------------------------------------------- turns


def held_shanks(rgb: ByteArray, model: ModelFile, legs: LegsOnStills) -> dict[str, FloatArray]:
    """Return both shanks' directions (2,) of a picture that is held, by every reader; NaN where a leg is not read."""
    seen: dict[str, list[FloatArray]] = {LANDMARKS: [], GRAPH: []}
    with GraphOnFrames(model.path) as graph:
        for k in range(round(HELD_S * GRAPH_HZ)):
            for name, each in graph(rgb, k / GRAPH_HZ).items():
                seen[name].append(each.directions_deg)
    last = round(READ_S * GRAPH_HZ)
    by_graph = {
        name: np.array([usual_direction_deg(leg) for leg in np.array(rows[-last:]).T]) for name, rows in seen.items()
    }
    directions = legs(rgb, n_looks=round(HELD_S / VIEW_EVERY_S))[LEGS].directions_deg
    return {LEGS: directions, **by_graph}


def held_frames(folder: Path) -> Iterator[ByteArray]:
    """Yield the frames of real people that are held and turned."""
    for clip in sorted((folder / "clips").glob("pose2sim_single_*.mp4")):
        with open_video(clip) as video:
            frames = [frame.rgb for frame in video]
        for share in TURNED_AT:
            yield frames[round(share * len(frames))]


def turn_clips(folder: Path, model: ModelFile) -> dict[str, list[float]]:
    """Return, by reader, by how much each shank of a held frame turned otherwise than the picture."""
    legs = LegsOnStills(model)
    errors: dict[str, list[float]] = {reader: [] for reader in READERS}
    for rgb in held_frames(folder):
        upright = held_shanks(rgb, model, legs)
        for turn_deg in TURNS_DEG:
            now = held_shanks(turned(rgb, turn_deg)[0], model, legs)
            for reader in READERS:
                errors[reader].extend(wrapped_deg(now[reader] - upright[reader] - turn_deg).tolist())
        print(f"{len(errors[LEGS])} shanks turned", file=sys.stderr, flush=True)
    return errors


def turn_row(model: str, reader: str, errors_deg: Sequence[float]) -> dict[str, str]:
    """Return a table row on turned shanks."""
    off = np.abs(np.array(errors_deg, dtype=np.float64))
    within = f"{(off <= 1).sum()}/{np.isfinite(off).sum()}"
    return {"model": model, "reader": reader, **figures(errors_deg), "within 1°": within}


def main() -> None:
    """Print the tables of every model that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=DEFAULT_FOLDER)
    parser.add_argument("--models", nargs="+", choices=[str(m) for m in ModelName], default=[str(ModelName.HEAVY)])
    parser.add_argument("--turn", action="store_true", help="held and turned frames of clips in place of photographs")
    args = parser.parse_args()
    if not (args.folder / "keypoints.json").exists():
        sys.exit(f"Marked photographs were wanted, but there is no keypoints.json in {args.folder}.")
    table, same = [], []
    for name in args.models:
        model = get_model(ModelName(name))
        if args.turn:
            table += [turn_row(name, *item) for item in turn_clips(args.folder, model).items()]
        else:
            rows = read_photos(args.folder, model)
            table += summarise(rows, name)
            same += on_same_shanks(rows)
    print("\n".join(map(markdown, [table, same] if same else [table])))


if __name__ == "__main__":
    main()
