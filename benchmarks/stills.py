"""What single pictures of the end of the range are worth: error, interval and coverage beside those of the whole clip.

    python benchmarks/stills.py [CLIPS_DIR] [--only NAME] [--jobs 2]

Of every clip with known truth three pictures are taken: one at rest, and one of each leg in the middle of its first
hold; written as JPEG. *With rest* measures all three at once, *end alone* the picture of one leg by itself.
"""

import argparse
import json
import math
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from accuracy import SideRow, find_clips, markdown, score, setup_for, spread
from field_pictures import Picture, moments, read

from hipcv.core.viewing import Viewing
from hipcv.measurement import measure_file
from hipcv.words import SIDES

WITH_REST, ALONE = "with rest", "end alone"


def take(clip: Path, frame: int) -> Picture:
    """Return one frame of a clip."""
    return next(islice(read(clip)[0], frame, None))


def write_pictures(clip: Path, truth: dict[str, Any], folder: Path) -> dict[str, Path]:
    """Write the pictures of a clip and return them by what they show."""
    written = {}
    for name, frame in moments(truth).items():
        written[name] = folder / f"{name}.jpg"
        cv2.imwrite(str(written[name]), cv2.cvtColor(take(clip, frame), cv2.COLOR_RGB2BGR))
    return written


def first_ends(truth: dict[str, Any], sides: str = "LR") -> dict[str, Any]:
    """Return the truth of the first trial of some sides alone."""
    trials = [next((t for t in truth["trials"] if t["side"] == side), None) for side in sides]
    return truth | {"trials": [t for t in trials if t is not None]}


def measure_clip(pair: tuple[Path, Path]) -> dict[str, list[SideRow]]:
    """Measure the pictures of one clip both ways."""
    clip, truth_path = pair
    truth = json.loads(truth_path.read_text(encoding="utf-8"))
    setup, still = setup_for(truth, given_camera=False), Viewing(still=True)
    rows: dict[str, list[SideRow]] = {WITH_REST: [], ALONE: []}
    with tempfile.TemporaryDirectory() as made:
        paths = write_pictures(clip, truth, Path(made))
        together = measure_file(tuple(paths.values()), setup, viewing=still).assessment
        rows[WITH_REST] = score(together, first_ends(truth))
        for side in SIDES:
            letter = str(side)[0].upper()
            if letter in paths:
                alone = measure_file(paths[letter], setup, viewing=still).assessment
                rows[ALONE] += score(alone, first_ends(truth, letter))
    return rows


def summarise(rows: Sequence[SideRow]) -> dict[str, str]:
    """Return one row of the table."""
    known = [row for row in rows if math.isfinite(row.error_deg)]
    errors = np.abs([row.error_deg for row in known]) if known else np.array([math.nan])
    return {
        "sides": str(len(rows)),
        "not read": str(len(rows) - len(known)),
        "MAE °": f"{errors.mean():.2f}",
        "95 % °": f"{np.percentile(errors, 95):.2f}",
        "worst °": f"{errors.max():.2f}",
        "interval ±°": f"{np.mean([row.half_width_deg for row in known]):.1f}" if known else "–",
        "coverage": f"{np.mean([row.covered for row in known]):.0%}" if known else "–",
        "silently > 5°": str(sum(row.silent for row in rows)),
        "doubted": str(sum(row.doubted for row in rows)),
    }


def main() -> None:
    """Measure pictures of every clip, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="?", default=Path("samples"))
    parser.add_argument("--only", default="", help="only clips whose name contains this")
    parser.add_argument("--jobs", type=int, default=2, help="clips measured at the same time")
    args = parser.parse_args()
    pairs = [(clip, truth) for clip, truth in find_clips(args.clips) if args.only in clip.stem]
    groups: dict[tuple[str, str], list[SideRow]] = defaultdict(list)
    for (clip, _), ways in spread(partial(measure_clip), pairs, args.jobs):
        for way, rows in ways.items():
            told = " ".join(f"{row.side}{row.error_deg:+.1f}±{row.half_width_deg:.1f}[{row.codes}]" for row in rows)
            print(f"{clip.stem:24s} {way:10s} {told}", flush=True)
            for row in rows:
                groups[f"{row.test} {row.level}", way].append(row)
    print("\n" + markdown([{"set": name, "pictures": way} | summarise(rows) for (name, way), rows in groups.items()]))


if __name__ == "__main__":
    main()
