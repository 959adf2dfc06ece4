"""What becomes of clips as people have them: screens around the picture, lines over it, other shapes, turns and joins.

    python benchmarks/field.py [CLIPS_DIR] [--only NAME] [--kinds "grid;call"] [--jobs 2]

Every kind of `field_clips.py` is made of some of the clips with known truth, and measured as a user would measure it.
*Right*: every side within 3° of the truth. *Told*: off or without a number, with a DOUBT or a refusal of the cause that
is the cause. *Another word*: off or without a number, and doubted or refused for something else. *Silent*: off by more
than 3° and no DOUBT. *Doubted*: right, and doubted all the same.
"""

import argparse
import json
import math
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from accuracy import find_clips, markdown, score, setup_for, spread
from field_clips import kinds, make

from hipcv.core.finding import Severity
from hipcv.measurement import measure_file

#: An end range this near the truth is right.
RIGHT_DEG = 3.0
#: Clips of which the kinds are made, short ones of every test, and what is joined to them.
SOURCES = {
    "seated-hard-103-00": ("seated-easy-101-01", "prone-easy-102-02"),
    "seated-easy-101-01": ("seated-hard-103-00", "prone-easy-102-02"),
    "prone-easy-102-02": ("prone-passive-122-01", "seated-easy-101-01"),
    "supine_edge-both-135-00": ("seated-easy-101-01", "prone-easy-102-02"),
}
OUTCOMES = ("right", "told", "doubted", "another word", "silent")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one clip of one kind; errors in degrees of the sides that have a number."""

    kind: str
    outcome: str
    errors_deg: tuple[float, ...]
    codes: str


def outcome_of(errors_deg: Sequence[float], weighty: set[str], causes: set[str]) -> str:
    """Return which of the outcomes it is; an error is NaN where a side has no number.

    Examples
    --------
    >>> outcome_of([1.0, -2.0], set(), set()), outcome_of([1.0, 9.0], set(), set())
    ('right', 'silent')
    >>> outcome_of([math.nan], {"several_tests"}, {"several_tests"}), outcome_of([math.nan], {"no_person"}, set())
    ('told', 'another word')
    """
    if all(abs(error) <= RIGHT_DEG for error in errors_deg):
        return "doubted" if weighty - causes else "right"
    if weighty & causes:
        return "told"
    return "another word" if weighty else "silent"


def measure_kind(task: tuple[str, str], *, folder: Path) -> Outcome:
    """Make one kind of one clip, and measure it."""
    name, kind_name = task
    clips = {clip.stem: clip for clip, _ in find_clips(folder)}
    others = [clips[other] for other in SOURCES[name] if other in clips]
    kind = kinds(clips[name], others)[kind_name]
    truth = json.loads(clips[name].with_suffix(".truth.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as made:
        path = make(kind, clips[name], Path(made))
        setup = replace(setup_for(truth, given_camera=False), mirrored=kind.mirrored)
        assessment = measure_file(path, setup, viewing=kind.viewing).assessment
    weighty = {str(f.code) for f in assessment.findings if f.severity is not Severity.NOTE}
    errors_deg = tuple(row.error_deg for row in score(assessment, truth))
    return Outcome(
        kind_name, outcome_of(errors_deg, weighty, set(map(str, kind.codes))), errors_deg, " ".join(sorted(weighty))
    )


def summarise(outcomes: Sequence[Outcome]) -> list[dict[str, str]]:
    """Return the table, a row a kind and one for all."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        groups[one.kind].append(one)
    groups["all"] = list(outcomes)
    table = []
    for name, members in groups.items():
        errors = [abs(error) for one in members for error in one.errors_deg if math.isfinite(error)]
        row = {"kind": name, "clips": str(len(members)), "worst error": f"{max(errors):.1f}°" if errors else "–"}
        row |= {outcome: str(sum(one.outcome == outcome for one in members) or "–") for outcome in OUTCOMES}
        codes = sorted({code for one in members for code in one.codes.split()})
        table.append(row | {"doubts and refusals": ", ".join(codes) if name != "all" else ""})
    return table


def main() -> None:
    """Make and measure every kind, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="?", default=Path("samples"))
    parser.add_argument("--only", default="", help="only clips whose name contains this")
    parser.add_argument("--kinds", default="", help="only these kinds, by their names and semicolons between them")
    parser.add_argument("--jobs", type=int, default=2, help="clips measured at the same time")
    args = parser.parse_args()
    names = [name for name in SOURCES if args.only in name and (args.clips / f"{name}.mp4").is_file()]
    every = list(kinds(args.clips / f"{names[0]}.mp4", [Path("one"), Path("other")]))
    wanted = [kind for kind in every if not args.kinds or kind in args.kinds.split(";")]
    tasks = [(name, kind) for kind in wanted for name in names]
    done: dict[tuple[str, str], Outcome] = {}
    for task, outcome in spread(partial(measure_kind, folder=args.clips), tasks, args.jobs):
        done[task] = outcome
        errors = " ".join(f"{error:+.1f}" for error in outcome.errors_deg)
        print(f"{task[1]:22s} {task[0]:20s} {outcome.outcome:12s} {errors:12s} {outcome.codes}", flush=True)
    print("\n" + markdown(summarise([done[task] for task in tasks])))


if __name__ == "__main__":
    main()
