"""How exactly shanks are read on clips of real people whose joints calibrated cameras have located.

    python benchmarks/real_clips.py [FOLDER] [--model heavy] [--out benchmarks/out]

FOLDER holds `clips.json` and the clips that it lists; those with a truth are read: in every frame the knees and ankles
in the picture and the shank's angle to the plumb line in the vertical plane that faces the camera, and the camera's
roll, pitch and focal length. These people walk or balance. Their knees do not stay where they are, their shanks point
out of the plane, and no camera need stand before them: the reader of the legs may refuse what neither test shows, but
must not misread it. Readers are those of `real_photos.py`. The legs' reader keeps 8 frames a second; each clip is read
once from each of its first frames on, so that every frame is read as in a recording.

Tables: 1 the shank's direction in the picture, frame by frame, and the standard error that the readers state beside
the error that there is; 2 the part of the error that stays, by camera and leg; 3 the angle to the plumb line with the
camera known and with the camera found in the clip, where "true joints" is what one view leaves open by itself; 4 the
camera as its cues tell it against the calibration, and what becomes of the recording as a test.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from accuracy import markdown, write_rows
from numpy.typing import NDArray
from real_photos import (
    DEFAULT_FOLDER,
    GRAPH,
    LANDMARKS,
    LEGS,
    READERS,
    GraphOnFrames,
    Seen,
    assign_legs,
    figures,
    shank_direction_deg,
    wrapped_deg,
)

from hipcv import words
from hipcv.assessment import Assessment
from hipcv.core.camera.pinhole import Pinhole, camera_axes
from hipcv.core.camera.pose import CameraAngle, CameraPose
from hipcv.core.finding import Severity
from hipcv.core.series import ANKLES, KNEES, FloatArray, PoseSeries
from hipcv.core.setup import Setup
from hipcv.core.uncertainty import CENTRAL_95_SD, JOINTS_SE_DEG
from hipcv.measurement import measure_file
from hipcv.models.store import ModelFile, get_model
from hipcv.pose.legs.reader import SAMPLE_HZ
from hipcv.pose.readers import open_reader
from hipcv.sources.video import open_video
from hipcv.words import ModelName

ByteArray = NDArray[np.uint8]

TRUE = "true joints"
SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Row:
    """One shank in one frame as one reader sees it; degrees, NaN where it is not kept.

    error_deg : of its direction in the picture, + clockwise; se_deg : as the reader states it; known_deg, found_deg :
    the error of the angle to the plumb line with the calibrated camera and with the one found in the clip.
    """

    clip: str
    leg: str
    reader: str
    frame: int
    error_deg: float
    se_deg: float
    known_deg: float
    found_deg: float


@dataclass(frozen=True, slots=True, eq=False)
class Cameras:
    """One clip's camera: as calibrated, with the field of view along its longer side, and as its cues tell it."""

    roll_deg: float
    pitch_deg: float
    long_side_fov_deg: float
    known: Pinhole
    found: CameraPose
    frame_size_px: tuple[int, int]
    verdict: str = ""

    @property
    def seen(self) -> Pinhole:
        """The camera that was found, facing the plane in which the truth's angle lies."""
        return self.found.pinhole(self.frame_size_px, yaw_deg=0.0)


# ------------------------------------------------------------------------------------------------------------- reading


def calibrated(camera: dict[str, Any]) -> Pinhole:
    """Return the calibrated camera of a truth, facing the plane in which its angles lie."""
    return Pinhole(
        axes=camera_axes(camera["roll_deg"], camera["pitch_deg"], 0.0),
        focal_px=np.array(camera["focal_px"]),
        centre_px=np.array(camera["centre_px"]),
    )


def true_legs_px(frame: dict[str, Any]) -> FloatArray:
    """Return (2, 2, 2) knee and ankle of the left and of the right leg in one frame of a truth, pixels."""
    return np.array([[frame[side]["knee_px"], frame[side]["ankle_px"]] for side in SIDES])


def compare(name: str, reader: str, frame: dict[str, Any], seen: Seen | None, cameras: Cameras) -> Iterator[Row]:
    """Yield a row for each leg of one frame; `seen` is None where the reader refuses the whole clip or frame."""
    marks = true_legs_px(frame)
    found = [None, None] if seen is None else assign_legs(marks, seen.legs_px)
    for side, leg, mark in zip(SIDES, found, marks, strict=True):
        direction = math.nan if seen is None or leg is None else float(seen.directions_deg[leg])
        if seen is None or leg is None or not math.isfinite(direction):
            yield Row(name, side, reader, frame["frame"], *[math.nan] * 4)
            continue
        knee, ankle = seen.legs_px[leg]
        plumb = [
            float(wrapped_deg(camera.shank_angle_deg(knee, ankle, 1, shank_up=False) - frame[side]["vertical_deg"]))
            for camera in (cameras.known, cameras.seen)
        ]
        error_deg = float(wrapped_deg(direction - shank_direction_deg(*mark)))
        yield Row(name, side, reader, frame["frame"], error_deg, float(seen.se_deg[leg]), *plumb)


def seen_in(series: PoseSeries, k: int) -> Seen:
    """Return the shanks of one frame of a series, NaN where they are not known well enough."""
    legs_px = series.image_px[k][[[knee, ankle] for knee, ankle in zip(KNEES, ANKLES, strict=True)]]
    return Seen(legs_px, series.shank_se_deg[k])


def legs_by_frame(frames: Sequence[tuple[ByteArray, float]], model: ModelFile, name: ModelName) -> dict[int, Seen]:
    """Return what the legs' reader sees in every frame, each clip read from each frame of the first 1/8 s on."""
    rate_hz = (len(frames) - 1) / (frames[-1][1] - frames[0][1])
    number = {time_s: k for k, (_, time_s) in enumerate(frames)}
    seen: dict[int, Seen] = {}
    for start in range(math.ceil(rate_hz / SAMPLE_HZ)):
        reader = open_reader(Setup(), model, name)
        for rgb, time_s in frames[start:]:
            reader.add(rgb, time_s)
        series = reader.series()
        reader.close()
        for k, time_s in enumerate(series.time_s.tolist()):
            seen.setdefault(number[time_s], seen_in(series, k))
    return seen


def read_clip(folder: Path, entry: dict[str, Any], name: ModelName) -> tuple[list[Row], Cameras]:
    """Read one clip with a truth by every reader."""
    clip, model = folder / entry["file"], get_model(name)
    truth = json.loads((folder / entry["truth"]).read_text(encoding="utf-8"))
    with open_video(clip) as video:
        frames = [(frame.rgb, frame.time_s) for frame in video]
        size_px = video.info.width_px, video.info.height_px
    camera, assessment = truth["camera"], measure_file(clip, Setup(), model_name=name).assessment
    cameras = Cameras(
        roll_deg=camera["roll_deg"],
        pitch_deg=camera["pitch_deg"],
        long_side_fov_deg=2 * math.degrees(math.atan(max(size_px) / 2 / camera["focal_px"])),
        known=calibrated(camera),
        found=assessment.camera,
        frame_size_px=size_px,
        verdict=verdict(assessment),
    )
    with GraphOnFrames(model.path) as graph:
        by_graph = [graph(rgb, time_s) for rgb, time_s in frames]
    by_legs = legs_by_frame(frames, model, name)
    rows: list[Row] = []
    for frame in truth["frames"]:
        k = frame["frame"]
        each: dict[str, Seen | None] = {
            LEGS: by_legs.get(k),
            LANDMARKS: by_graph[k][LANDMARKS],
            GRAPH: by_graph[k][GRAPH],
            TRUE: Seen(true_legs_px(frame), np.zeros(2)),
        }
        for reader, seen in each.items():
            rows += compare(clip.stem, reader, frame, seen, cameras)
    return rows, cameras


# -------------------------------------------------------------------------------------------------------------- tables


def rms(values: Sequence[float]) -> float:
    """Return the root mean square of those that are known; NaN for none."""
    known = np.array(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(np.sqrt((known**2).mean())) if len(known) else math.nan


def directions(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return a row for each clip and reader: the shank in the picture, the error stated and the one there is."""
    table = []
    for clip in dict.fromkeys(row.clip for row in rows):
        for reader in READERS:
            group = [row for row in rows if (row.clip, row.reader) == (clip, reader)]
            stated, there = stated_se_deg(group), rms([row.error_deg for row in group])
            errors = {"stated SE °": f"{stated:.1f}", "rms error °": f"{there:.1f}", "ratio": f"{there / stated:.1f}"}
            table.append({"shank": clip, "reader": reader, **figures([row.error_deg for row in group]), **errors})
    return table


def stated_se_deg(rows: Sequence[Row]) -> float:
    """Return the standard error that a result would state: the reader's own, and where a leg's joints are.

    Examples
    --------
    >>> round(stated_se_deg([Row("clip", "left", LEGS, 0, 2.0, 1.0, 0.0, 0.0)]), 2)
    1.84
    """
    return math.hypot(rms([row.se_deg for row in rows]), JOINTS_SE_DEG)


def constants_deg(rows: Sequence[Row], reader: str) -> dict[tuple[str, str], tuple[float, float, int]]:
    """Return, by clip and leg, the mean of a reader's errors, their SD about it, and of how many frames.

    The mean is that of the errors less than 30° off: a misread frame is no constant.
    """
    by_leg: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row.reader == reader and abs(row.error_deg) < 30:
            by_leg.setdefault((row.clip, row.leg), []).append(row.error_deg)
    return {key: (float(np.mean(errors)), float(np.std(errors)), len(errors)) for key, errors in by_leg.items()}


def constants(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return a row for each camera and leg, and one for their root mean square: the part of the error that stays."""
    table: list[dict[str, str]] = []
    every = {reader: constants_deg(rows, reader) for reader in READERS}
    for clip, leg in dict.fromkeys((row.clip, row.leg) for row in rows):
        cells = {
            reader: "{:+.1f} ± {:.1f} ({})".format(*every[reader][clip, leg]) if (clip, leg) in every[reader] else "–"
            for reader in READERS
        }
        table.append({"mean ° ± SD (frames)": f"{clip}, {leg}", **cells})
    together = {reader: f"{rms([mean for mean, _, _ in every[reader].values()]):.1f}" for reader in READERS}
    table.append({"mean ° ± SD (frames)": "root mean square of the means", **together})
    for name, times in (("within the stated standard error", 1.0), ("within 1.96 times as much", CENTRAL_95_SD)):
        within = {}
        for reader in READERS:
            stated = {
                key: stated_se_deg([row for row in rows if (row.reader, row.clip, row.leg) == (reader, *key)])
                for key in every[reader]
            }
            held = sum(abs(mean) <= times * stated[key] for key, (mean, _, _) in every[reader].items())
            within[reader] = f"{held} of {len(stated)}"
        table.append({"mean ° ± SD (frames)": name, **within})
    return table


def corrected(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return a row for each reader and camera: the angle to the plumb line in the plane that faces the camera."""
    table = []
    for reader in (*READERS, TRUE):
        group = [row for row in rows if row.reader == reader]
        for camera, errors in (("known", [r.known_deg for r in group]), ("found", [r.found_deg for r in group])):
            table.append({"angle to the plumb line": reader, "camera": camera, **figures(errors)})
    return table


def camera_cues(cameras: dict[str, Cameras]) -> list[dict[str, str]]:
    """Return a row for each clip: roll, pitch and field of view as found, with their error, beside the calibration."""
    table = []
    for clip, at in cameras.items():
        found = at.found
        table.append(
            {
                "camera": clip,
                "roll °": against(found.roll.value_deg, found.roll.se_deg, at.roll_deg),
                "by": found.roll.source,
                "all that tell it": cues(found.roll_cues),
                "pitch °": against(found.pitch.value_deg, found.pitch.se_deg, at.pitch_deg),
                "by ": found.pitch.source,
                "field of view °": against(found.long_side_fov_deg, found.long_side_fov_se_deg, at.long_side_fov_deg),
                "as a test": at.verdict,
            }
        )
    return table


def cues(told: Sequence[CameraAngle]) -> str:
    """Return what each cue says.

    Examples
    --------
    >>> from hipcv.core.camera.pose import Cue
    >>> cues([CameraAngle(13.24, 0.8, (Cue.ROOM_EDGES,)), CameraAngle(-1.0, 2.5, (Cue.REST_LEAN,))])
    'room edges 13.2 ± 0.8, rest lean -1.0 ± 2.5'
    """
    return ", ".join(f"{angle.source} {angle.value_deg:.1f} ± {angle.se_deg:.1f}" for angle in told)


def verdict(assessment: Assessment) -> str:
    """Return what becomes of a recording as a test: the status of both sides, and what rejects it."""
    status = " / ".join(str(assessment.of(side).status) for side in words.SIDES)
    codes = {str(f.code) for side in words.SIDES for f in assessment.findings_of(side) if f.severity is Severity.REJECT}
    return f"{status}: {' '.join(sorted(codes))}" if codes else status


def against(found: float, se: float, true: float) -> str:
    """Return a value with its standard error, and the one that there is.

    Examples
    --------
    >>> against(13.2, 0.8, 14.3)
    '13.2 ± 0.8 (14.3)'
    """
    return f"{found:.1f} ± {se:.1f} ({true:.1f})"


def main() -> None:
    """Read every clip that has a truth and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=DEFAULT_FOLDER)
    parser.add_argument("--model", default="heavy", choices=[str(m) for m in ModelName])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out"))
    args = parser.parse_args()
    listing = args.folder / "clips.json"
    entries = json.loads(listing.read_text(encoding="utf-8")) if listing.exists() else []
    told = [entry for entry in entries if "truth" in entry]
    if not told:
        sys.exit(f"A clips.json that names clips with a truth was wanted, none found in {args.folder}.")
    rows: list[Row] = []
    cameras: dict[str, Cameras] = {}
    for entry in told:
        clip = Path(entry["file"]).stem
        read, cameras[clip] = read_clip(args.folder, entry, ModelName(args.model))
        rows += read
        print(clip, file=sys.stderr, flush=True)
    write_rows(rows, Row, args.out / "real-clips.csv")
    print("\n".join(map(markdown, (directions(rows), constants(rows), corrected(rows), camera_cues(cameras)))))


if __name__ == "__main__":
    main()
