"""What the precise model saw in the clips that are tested on, kept so that most tests need no model.

`python tests/kept_poses.py` reads all clips again, or those named, and keeps what it sees; with `--golden` it writes
`tests/golden` anew from the kept poses, without a model. Kept is the series as it leaves `Session`, all but its times
in single precision (4e-5 px), and where it came from. Of long clips the shanks in a piece are kept beside it, as read
from that piece alone, so that a short look tells whether the model still sees what it saw.
"""

import argparse
import json
from dataclasses import asdict, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from hipcv import __version__
from hipcv.assessment import Provenance, assess
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.supine import SUPINE
from hipcv.core.series import ANKLES, KNEES, FloatArray, PoseSeries
from hipcv.core.setup import Setup
from hipcv.core.viewing import Viewing
from hipcv.measurement import Measurement, measure_file
from hipcv.outputs.document import read_viewing, render_document
from hipcv.words import CameraSide, Effort, ModelName, Motions

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "samples"
POSES, GOLDEN = HERE / "data" / "poses", HERE / "golden"
#: Every clip whose poses are kept, and how it was filmed.
CLIPS = {
    clip.stem: (clip, setup)
    for clip, setup in (
        (SAMPLES / "seated-easy-101-00.mp4", Setup()),
        (SAMPLES / "seated-easy-101-01.mp4", Setup()),
        (SAMPLES / "seated-hard-103-00.mp4", Setup()),
        (SAMPLES / "seated-passive-121-01.mp4", Setup(effort=Effort.PASSIVE)),
        (SAMPLES / "prone-easy-102-02.mp4", Setup(PRONE)),
        (SAMPLES / "prone-passive-122-01.mp4", Setup(PRONE, effort=Effort.PASSIVE)),
        (SAMPLES / "seated-both-133-00.mp4", Setup(motion=Motions.BOTH)),
        (SAMPLES / "supine_edge-both-135-00.mp4", Setup(SUPINE, motion=Motions.BOTH)),
        (HERE / "data" / "prone-head-0.mp4", Setup(PRONE, camera_side=CameraSide.HEAD_END)),
    )
}
#: Long clips of what no short one shows, and a piece of each with a swing in it, seconds.
PIECES = {
    "seated-easy-101-00": (8.0, 11.0),
    "seated-passive-121-01": (1.0, 4.0),
    "seated-both-133-00": (7.5, 10.5),
    "supine_edge-both-135-00": (4.5, 7.5),
}


@cache
def read_again(name: str) -> Measurement:
    """Read a clip with the model, once a run."""
    clip, setup = CLIPS[name]
    return measure_file(clip, setup, model_name=ModelName.HEAVY)


def shanks_deg(series: PoseSeries) -> FloatArray:
    """Return both shanks' directions in the picture (T, 2)."""
    shank = series.image_px[:, ANKLES] - series.image_px[:, KNEES]
    return np.degrees(np.arctan2(shank[..., 0], shank[..., 1]))


def read_piece(name: str) -> FloatArray:
    """Read the piece of a clip with the model: both shanks' directions in it (T, 2)."""
    clip, setup = CLIPS[name]
    viewing = Viewing(from_s=PIECES[name][0], to_s=PIECES[name][1])
    return shanks_deg(measure_file(clip, setup, model_name=ModelName.HEAVY, viewing=viewing).series)


def kept_piece(name: str) -> FloatArray:
    """Return what was kept of the piece of a clip (T, 2)."""
    return np.load(_place_of_piece(name))


def keep_piece(name: str) -> None:
    """Read the piece of a clip with the model and keep what it sees."""
    np.save(_place_of_piece(name), read_piece(name).astype(np.float32))


def _place_of_piece(name: str) -> Path:
    return POSES / f"{name}-piece.npy"


@cache
def kept_measurement(name: str) -> Measurement:
    """Return what the poses that were kept of a clip mean today."""
    with np.load(POSES / f"{name}.npz") as kept:
        values: dict[str, Any] = {key: kept[key] for key in kept.files}
    told = json.loads(values.pop("provenance").item())
    told["viewing"] = read_viewing({"setup": told.get("viewing", {})})
    width, height = values.pop("frame_size_px").tolist()
    values["origin_px"] = tuple(np.asarray(values.get("origin_px", (0, 0))).tolist())
    plain = {key: value.item() if np.ndim(value) == 0 else value for key, value in values.items()}
    series = PoseSeries(**plain, frame_size_px=(width, height))
    clip, setup = CLIPS[name]
    provenance = replace(Provenance(**told), hipcv_version=__version__)
    return Measurement(clip, series, assess(series, setup, provenance=provenance))


def keep(name: str) -> None:
    """Read a clip with the model and keep what it sees."""
    read = read_again(name)
    values = {field.name: getattr(read.series, field.name) for field in fields(read.series)}
    known = {key: value for key, value in values.items() if value is not None}
    for key, value in known.items():
        if isinstance(value, np.ndarray) and value.dtype == np.float64 and key != "time_s":
            known[key] = value.astype(np.float32)
    told = json.dumps(asdict(read.assessment.provenance))
    POSES.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(POSES / f"{name}.npz", provenance=told, **known)
    kept_measurement.cache_clear()
    # findings of the reading itself are no part of a series: a clip that has some is none to keep
    if render_document(kept_measurement(name).assessment) != render_document(read.assessment):
        raise SystemExit(f"{name}: the kept poses do not give what the clip gives: keep another clip.")
    if name in PIECES:
        keep_piece(name)


def _looked_at(result: dict[str, Any]) -> dict[str, Any]:
    trials = [trial["end_range_deg"] for trial in result["trials"]]
    return {key: result[key] for key in ("end_range_deg", "interval95_deg")} | {"trials": trials}


def golden(name: str) -> dict[str, Any]:
    """Return what is looked at of a clip's assessment."""
    document: dict[str, Any] = render_document(kept_measurement(name).assessment)
    sides = {}
    for side, result in document["sides"].items():
        motions = {motion: _looked_at(part) for motion, part in result["motions"].items() if part}
        sides[side] = motions | ({"arc": result["arc"]} if result["arc"] else {})
    codes = [finding["code"] for finding in document["findings"]]
    return {"findings": codes, "roll_deg": document["camera"]["roll_deg"], "sides": sides}


def main() -> None:
    """Keep poses, or write the goldens."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CLIPS)}; all where none is named")
    parser.add_argument("--golden", action="store_true", help="write the goldens from the poses that are kept")
    asked = parser.parse_args()
    for name in asked.names or CLIPS:
        if asked.golden:
            (GOLDEN / f"{name}.json").write_text(json.dumps(golden(name), indent=2) + "\n", encoding="utf-8")
        else:
            keep(name)


if __name__ == "__main__":
    main()
