"""How far readings of one and the same movement scatter: between cameras, and with worse pictures.

    python benchmarks/repeatability.py [CLIPS_DIR] [--model heavy] [--jobs 2] [--noise] [--noise-clips samples]

Cameras: clips of CLIPS_DIR whose truth says `person` show the same person and the same trials, filmed by a camera set
up anew each time. A subject is one side of one person, an occasion one camera. SEM, MDC95 and ICC(2,1) come with 95 %
intervals and stand beside what is published for other instruments in the same position. A person's two sides are
counted as two subjects, so the intervals are a little too narrow.

Pictures (--noise): each clip of a folder is measured again with sensor noise, recompressed, darker and brighter.
"""

import argparse
import json
import math
import sys
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from accuracy import find_clips, markdown, setup_for, spread, write_rows
from numpy.typing import NDArray

from hipcv.core.procedure import Procedure
from hipcv.core.procedures import procedure_named
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.series import FloatArray
from hipcv.core.setup import Setup
from hipcv.evidence.agreement import Icc, Sem, icc_2_1, sem
from hipcv.evidence.measurement_error import MeasurementError, published_errors
from hipcv.measurement import measure_file
from hipcv.sources.video import open_video
from hipcv.words import SIDES, ModelName, Side

ByteArray = NDArray[np.uint8]
#: Truths of one movement may differ by as much: they are rounded, and a frame more or less enters a hold.
SAME_TRUTH_DEG = 0.5
SAMPLES = Path(__file__).parents[1] / "samples"


# -------------------------------------------------------------------------------------------- one person, many cameras


@dataclass(frozen=True, slots=True)
class Reading:
    """One side of one person by one camera; degrees, the reading NaN where there is none."""

    test: str
    person: str
    side: str
    camera: str
    end_range_deg: float
    truth_deg: float


@dataclass(frozen=True, slots=True)
class Repeatability:
    """What the readings of one test say; `ratings_deg` (subjects, cameras) has NaN where there is no reading."""

    test: str
    n_persons: int
    n_cameras: int
    ratings_deg: FloatArray
    truth_spread_deg: float
    sem: Sem
    icc: Icc


def read_clip(pair: tuple[Path, Path], *, model_name: ModelName) -> list[Reading]:
    """Measure one clip as a user would and return a reading for each side that has a trial in it."""
    clip, truth_file = pair
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    assessment = measure_file(clip, setup_for(truth, given_camera=False), model_name=model_name).assessment
    return [
        Reading(
            test=truth["spec"]["test"],
            person=str(truth["spec"]["person"]),
            side=str(side),
            camera=truth["spec"]["name"],
            end_range_deg=_number(assessment.of(side).end_range_deg),
            truth_deg=expected,
        )
        for side in SIDES
        if (expected := true_end_range_deg(truth, side)) is not None
    ]


def true_end_range_deg(truth: dict[str, Any], side: Side) -> float | None:
    """Return the mean end range of a side's trials, degrees; None where it has none."""
    letter = "L" if side is Side.LEFT else "R"
    trials = [t["end_range_shin_to_vertical_deg"] for t in truth["trials"] if t["side"] == letter]
    return float(np.mean(trials)) if trials else None


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def repeatability(readings: Sequence[Reading], test: str) -> Repeatability:
    """Lay the readings of one test out as subjects (a person's side) by cameras, and return how far these agree.

    Cameras of one person are taken in the order of their clips' names. Cameras are set up anew for every person, so a
    camera's own bias counts as error.
    """
    mine = [r for r in readings if r.test == test]
    subjects = sorted({(r.person, r.side) for r in mine})
    rows = [sorted((r for r in mine if (r.person, r.side) == s), key=lambda r: r.camera) for s in subjects]
    n_cameras = max(map(len, rows))
    ratings = np.full((len(rows), n_cameras), np.nan)
    for at, row in enumerate(rows):
        ratings[at, : len(row)] = [r.end_range_deg for r in row]
    return Repeatability(
        test=test,
        n_persons=len({r.person for r in mine}),
        n_cameras=n_cameras,
        ratings_deg=ratings,
        truth_spread_deg=max(float(np.ptp([r.truth_deg for r in row])) for row in rows),
        sem=sem(ratings),
        icc=icc_2_1(ratings),
    )


def figures_of(result: Repeatability) -> dict[str, str]:
    """Return one row of the table."""
    missing = int(np.isnan(result.ratings_deg).sum())
    return {
        "instrument": f"hipcv, {result.test}, camera set up anew (rendered people)",
        "persons": str(result.n_persons),
        "cameras": str(result.n_cameras),
        "sides": f"{result.sem.n_subjects}",
        "no reading": f"{missing}/{result.ratings_deg.size}",
        "SEM °": _with_interval(result.sem.value, result.sem.ci95, 2),
        "MDC95 °": _with_interval(result.sem.mdc95, result.sem.mdc95_ci95, 1),
        result.icc.form: _with_interval(result.icc.value, result.icc.ci95, 3) + f", n = {result.icc.n_subjects}",
    }


def _with_interval(value: float, ci95: tuple[float, float], digits: int) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.{digits}f} ({ci95[0]:.{digits}f} to {ci95[1]:.{digits}f})"


# --------------------------------------------------------------------------------------------------- what others reach


@dataclass(frozen=True, slots=True)
class PublishedIcc:
    """A reliability or agreement that a paper prints without an error in degrees."""

    label: str
    positions: tuple[Procedure, ...]
    figure: str
    n: str
    citation: str


KOUYOUMDJIAN = "Kouyoumdjian 2012, Orthop Traumatol Surg Res 98:17–23"
#: Read in the sources' own abstracts, like every row of `published_errors`.
PUBLISHED_ICCS = (
    PublishedIcc(
        "Phone inclinometer",
        (SEATED, PRONE),
        "0.81–0.94 against 3D capture, internal rotation; between raters good in 3 of 6 tests",
        "24",
        "Ganokroj 2021, BMC Musculoskelet Disord 22(1), doi:10.1186/s12891-021-03995-2",
    ),
    PublishedIcc(
        "Phone app, active",
        (SEATED, PRONE),
        "0.63–0.83",
        "15",
        "Marshall 2022, Sensors 22(21):8154",
    ),
    PublishedIcc("Photographs, two observers", (SEATED,), "0.73 concordance", "120", KOUYOUMDJIAN),
    PublishedIcc("Photographs, two observers", (PRONE,), "0.74 concordance", "120", KOUYOUMDJIAN),
    PublishedIcc(
        "Passive, two raters, instrument not named in the abstract",
        (PRONE,),
        "0.79 (0.66 to 0.87)",
        "28",
        "Prather 2010, PM&R 2:888–895",
    ),
)


def published(position: Procedure) -> list[dict[str, str]]:
    """Return what is published for other instruments in one position, the smallest error first, then ICCs alone."""
    return [
        {
            "other instruments": row.label,
            "n": str(row.n or "–"),
            "SEM °": _range(row.sem_best_deg, row.sem_deg),
            "MDC95 °": _range(row.mdc95_best_deg, row.mdc95_deg),
            "ICC": _icc(row),
            "source": row.citation + (f", doi:{row.doi}" if row.doi else ""),
        }
        for row in published_errors()
        if row.position is position
    ] + [
        {
            "other instruments": icc.label,
            "n": icc.n,
            "SEM °": "–",
            "MDC95 °": "–",
            "ICC": icc.figure,
            "source": icc.citation,
        }
        for icc in PUBLISHED_ICCS
        if position in icc.positions
    ]


def _range(low: float | None, high: float) -> str:
    return f"{high:.1f}" if low is None else f"{low:.1f}–{high:.1f}"


def _icc(row: MeasurementError) -> str:
    if row.icc_low is None or row.icc_high is None:
        return "–"
    return f"{row.icc_low:.2f}–{row.icc_high:.2f}" + (f", {row.icc_form}" if row.icc_form else "")


# ------------------------------------------------------------------------------------------------------ worse pictures

#: Changes a picture (height, width, 3); the generator is the clip's own.
Treatment = Callable[[ByteArray, np.random.Generator], ByteArray]
#: Standard deviations of the added noise, of 255; a dim room on a cheap webcam has some 5.
NOISE_SDS = (3.0, 6.0, 12.0)
#: Of 100; below some 30 blocks are seen by eye.
JPEG_QUALITY = 25


def with_noise(rgb: ByteArray, rng: np.random.Generator, sd: float) -> ByteArray:
    """Return the picture with independent Gaussian noise in every pixel and channel."""
    noisy = rgb + rng.normal(0.0, sd, rgb.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


def recompressed(rgb: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Return the picture after a strong JPEG compression."""
    done, packed = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    picture = cv2.imdecode(packed, cv2.IMREAD_COLOR) if done else None
    assert picture is not None
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def with_brightness(rgb: ByteArray, rng: np.random.Generator, factor: float) -> ByteArray:
    """Return the picture with every value multiplied, white where it runs over."""
    return np.asarray(np.clip(np.rint(rgb * np.float32(factor)), 0, 255), np.uint8)


TREATMENTS: dict[str, Treatment] = {
    **{f"noise sd {sd:g}": partial(with_noise, sd=sd) for sd in NOISE_SDS},
    f"JPEG quality {JPEG_QUALITY}": recompressed,
    "brightness × 0.6": partial(with_brightness, factor=0.6),
    "brightness × 1.4": partial(with_brightness, factor=1.4),
}


def write_treated(clip: Path, path: Path, treatment: Treatment) -> Path:
    """Write the clip with every picture changed, times kept, coded so well that the coding adds next to nothing."""
    rng = np.random.default_rng(zlib.crc32(clip.read_bytes()))
    with open_video(clip) as video, av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", options={"crf": "4", "preset": "ultrafast", "bf": "0"})
        # an even size is all that 4:2:0 takes
        stream.width, stream.height = video.info.width_px // 2 * 2, video.info.height_px // 2 * 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 90_000)
        for frame in video:
            treated = treatment(frame.rgb[: stream.height, : stream.width], rng)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(treated), format="rgb24")
            picture.pts, picture.time_base = round(frame.time_s * 90_000), stream.time_base
            for packet in stream.encode(picture):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


@dataclass(frozen=True, slots=True)
class NoiseRow:
    """One side of one clip with one treatment, "as filmed" among them; the reading NaN where there is none."""

    clip: str
    side: str
    treatment: str
    end_range_deg: float
    change_deg: float


def measure_treated(pair: tuple[Path, Path], *, model_name: ModelName) -> list[NoiseRow]:
    """Measure one clip as filmed and with every treatment."""
    clip, truth_file = pair
    setup = setup_for(json.loads(truth_file.read_text(encoding="utf-8")), given_camera=False)
    as_filmed = end_ranges_deg(clip, setup, model_name)
    rows = [NoiseRow(clip.stem, str(s), "as filmed", as_filmed[s], 0.0) for s in SIDES]
    with tempfile.TemporaryDirectory(prefix="hipcv-noise-") as folder:
        for name, treatment in TREATMENTS.items():
            values = end_ranges_deg(write_treated(clip, Path(folder) / "treated.mp4", treatment), setup, model_name)
            rows += [NoiseRow(clip.stem, str(s), name, values[s], values[s] - as_filmed[s]) for s in SIDES]
    return rows


def end_ranges_deg(clip: Path, setup: Setup, model_name: ModelName) -> dict[Side, float]:
    """Return both sides' end range, NaN where there is none."""
    assessment = measure_file(clip, setup, model_name=model_name).assessment
    return {side: _number(assessment.of(side).end_range_deg) for side in SIDES}


def noise_by_side(rows: Sequence[NoiseRow]) -> list[dict[str, str]]:
    """Return a table row for each side of each clip: SD over all its readings, and the largest change."""
    table = []
    for clip, side in sorted({(r.clip, r.side) for r in rows}):
        mine = [r for r in rows if (r.clip, r.side) == (clip, side)]
        values = np.array([r.end_range_deg for r in mine])
        known = values[np.isfinite(values)]
        changed = [r for r in mine if np.isfinite(r.change_deg)]
        largest = max(changed, key=lambda r: abs(r.change_deg), default=None)
        table.append(
            {
                "clip": clip,
                "side": side,
                "as filmed °": f"{values[0]:.1f}" if np.isfinite(values[0]) else "–",
                "SD °": f"{known.std(ddof=1):.2f}" if len(known) > 1 else "–",
                "largest change °": f"{largest.change_deg:+.1f}" if largest else "–",
                "by": largest.treatment if largest and largest.change_deg else "–",
                "no reading": f"{len(values) - len(known)}/{len(values)}",
            }
        )
    return table


def noise_by_treatment(rows: Sequence[NoiseRow]) -> list[dict[str, str]]:
    """Return a table row for each treatment: how far it moves the readings of all sides."""
    table = []
    for name in TREATMENTS:
        mine = [r for r in rows if r.treatment == name]
        changes = np.array([r.change_deg for r in mine])
        known = changes[np.isfinite(changes)]
        some = len(known) > 0
        table.append(
            {
                "treatment": name,
                "sides": str(len(mine)),
                "mean change °": f"{known.mean():+.2f}" if some else "–",
                "root mean square °": f"{np.sqrt((known**2).mean()):.2f}" if some else "–",
                "largest °": f"{np.abs(known).max():.2f}" if some else "–",
                "no reading": f"{len(changes) - len(known)}/{len(changes)}",
            }
        )
    return table


# ---------------------------------------------------------------------------------------------------------------- main


def person_clips(folder: Path) -> list[tuple[Path, Path]]:
    """Return (clip, truth) pairs whose truth names the person that several cameras filmed."""
    return [pair for pair in find_clips(folder) if "person" in json.loads(pair[1].read_text(encoding="utf-8"))["spec"]]


def compare_cameras(pairs: Sequence[tuple[Path, Path]], model_name: ModelName, jobs: int, out: Path) -> str:
    """Measure the clips of all cameras and return the tables."""
    readings: list[Reading] = []
    for (clip, _), found in spread(partial(read_clip, model_name=model_name), pairs, jobs):
        readings += found
        told = ", ".join(f"{r.side} {r.end_range_deg:.1f} (truth {r.truth_deg:.1f})" for r in found)
        print(f"{clip.stem}: {told}", file=sys.stderr, flush=True)
    readings.sort(key=lambda r: (r.test, r.person, r.side, r.camera))
    write_rows(readings, Reading, out / "repeatability.csv")
    parts = []
    for test in sorted({r.test for r in readings}):
        result = repeatability(readings, test)
        if result.truth_spread_deg > SAME_TRUTH_DEG:
            parts.append(
                f"The truth of one subject differs by {result.truth_spread_deg:.1f}° between its clips: these do not "
                "show one and the same movement, and the figures hold its variation too.\n"
            )
        parts += [markdown([figures_of(result)]), markdown(published(procedure_named(test)))]
    return "\n".join(parts)


def compare_pictures(folder: Path, model_name: ModelName, jobs: int, out: Path) -> str:
    """Measure every clip of a folder with every treatment and return the tables."""
    pairs = find_clips(folder)
    if not pairs:
        sys.exit(f"Clips with a .truth.json beside them were wanted, none found in {folder}.")
    rows: list[NoiseRow] = []
    for (clip, _), found in spread(partial(measure_treated, model_name=model_name), pairs, jobs):
        rows += found
        print(f"{clip.stem}: {len(TREATMENTS)} treatments", file=sys.stderr, flush=True)
    rows.sort(key=lambda r: (r.clip, r.side, r.treatment != "as filmed"))
    write_rows(rows, NoiseRow, out / "repeatability-noise.csv")
    return "\n".join([markdown(noise_by_side(rows)), markdown(noise_by_treatment(rows))])


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "clips",
        type=Path,
        nargs="?",
        default=SAMPLES / "repeat",
        help="folder of clips of the same people by several cameras",
    )
    parser.add_argument("--model", default="heavy", choices=[str(m) for m in ModelName])
    parser.add_argument("--jobs", type=int, default=2, help="clips measured at the same time")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out"))
    parser.add_argument("--noise", action="store_true", help="also measure clips again with worse pictures")
    parser.add_argument("--noise-clips", type=Path, default=SAMPLES, help="folder of clips for --noise")
    args = parser.parse_args()
    pairs = person_clips(args.clips) if args.clips else []
    if not pairs and not args.noise:
        sys.exit(f"Clips whose truth names a `person` were wanted, none found in {args.clips}.")
    parts = []
    if pairs:
        parts.append(compare_cameras(pairs, ModelName(args.model), args.jobs, args.out))
    elif args.clips:
        print(f"No clips of one person by several cameras in {args.clips}.", file=sys.stderr)
    if args.noise:
        parts.append(compare_pictures(args.noise_clips, ModelName(args.model), args.jobs, args.out))
    text = "\n".join(parts)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "repeatability.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
