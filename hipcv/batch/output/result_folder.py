"""The folder of a batch's results: every table and page in it, written from what the ledger holds."""

import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hipcv.agreement.study import render_study, studies_of
from hipcv.batch.input.clip import Clip
from hipcv.batch.output.contents import Contents
from hipcv.batch.output.outcome_files import FOLDER, artefact_path, document_path, write_clip
from hipcv.batch.output.redcap import make_dictionary, make_records
from hipcv.batch.output.results import (
    FILM_AGAIN_COLUMNS,
    SIDE_COLUMNS,
    TRIAL_COLUMNS,
    Result,
    film_again_rows,
    reading_column,
    side_rows,
    trial_rows,
)
from hipcv.batch.output.summary import render_summary
from hipcv.batch.run.ledger import Ledger
from hipcv.batch.run.plan import Plan
from hipcv.batch.run.run import Finished
from hipcv.files import remove_parts, told, write_json, write_whole
from hipcv.tables.table import make_table, write_csv, write_excel, write_parquet

SCHEMA = "hipcv.batch/1"
LEDGER, LOCK = "ledger.sqlite", ".lock"
_PACKAGES = (
    "hipcv",
    "ai-edge-litert",
    "mediapipe",
    "av",
    "opencv-contrib-python",
    "numpy",
    "scipy",
    "polars",
    "sqlalchemy",
    "distributed",
)


def clean(out: Path) -> None:
    """Remove what a killed run left half-written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, ".results.csv.7.x.part").touch()
    ...     clean(Path(folder))
    ...     list(Path(folder).iterdir())
    []
    """
    for folder in (out, out / FOLDER):
        remove_parts(folder)


def write_results(
    out: Path, plan: Plan, clips: Sequence[Clip], finished: Finished, ledger: Ledger, facts: dict[str, Any]
) -> Contents:
    """Write every file of the results and return what is in them; each is there whole or as it was before.

    Parameters
    ----------
    out : the folder.
    plan, clips : what was asked for.
    finished, ledger : what came of it.
    facts : what `run.json` tells about the run besides counts and versions.

    Raises
    ------
    OutputError
        Where something cannot be written.
    """
    with told(out):
        contents = _collect(out, _results(out, plan, clips, finished, ledger))
        sides = make_table(contents.sides, SIDE_COLUMNS)
        write_parquet(sides, out / "results.parquet")
        write_csv(sides, out / "results.csv")
        write_excel(sides, out / "results.xlsx", "results")
        write_parquet(make_table(contents.trials, TRIAL_COLUMNS), out / "trials.parquet")
        write_csv(make_table(contents.film_again, FILM_AGAIN_COLUMNS), out / "film-again.csv")
        write_csv(make_records(contents.sides), out / "redcap.csv")
        write_csv(make_dictionary(), out / "redcap-dictionary.csv")
        agreement = {"studies": [render_study(study) for study in contents.studies]}
        write_json(out / "agreement.json", agreement)
        write_whole(out / "summary.html", render_summary(contents, plan.pose_model))
        write_json(out / "run.json", _run_record(plan, contents, facts))
    return contents


def _results(out: Path, plan: Plan, clips: Sequence[Clip], finished: Finished, ledger: Ledger) -> Iterator[Result]:
    """Yield what came of every recording of the list; a file of one that somebody removed is written again."""
    for clip in clips:
        key = finished.keys.get(clip.row)
        if key is None:
            yield Result(clip, refused=finished.unread.get(clip.row))
            continue
        outcome = ledger.get(key)
        assert outcome is not None
        if outcome.document is not None:
            wanted = document_path(out, clip, key), *(artefact_path(out, clip, key, a) for a in plan.artefacts)
            if not all(path.exists() for path in wanted):
                write_clip(out, clip, key, outcome.document, ledger.get_files(key))
        yield Result(clip, key, outcome.document, outcome.refused)


def _collect(out: Path, results: Iterator[Result]) -> Contents:
    contents = Contents()
    methods: dict[str, None] = {}
    by_bytes: dict[str, list[str]] = {}
    for result in results:
        contents.sides += side_rows(result)
        contents.trials += trial_rows(result)
        contents.film_again += film_again_rows(result)
        contents.counts[result.status] += 1
        methods |= dict.fromkeys(reference.method for reference in result.clip.references)
        if result.key is not None:
            by_bytes.setdefault(result.key.clip_sha256, []).append(result.clip.name)
            page = artefact_path(out, result.clip, result.key)
            if page.exists():
                contents.pages[result.clip.row] = f"{FOLDER}/{page.name}"
    contents.same = [names for names in by_bytes.values() if len(set(names)) > 1]
    columns = {reading_column(method): method.replace("_", " ") for method in methods}
    contents.studies = studies_of(contents.sides, list(columns), columns.__getitem__)
    return contents


def _run_record(plan: Plan, contents: Contents, facts: dict[str, Any]) -> dict[str, Any]:
    counts = contents.counts
    return {
        "schema": SCHEMA,
        "complete": counts["not_done"] == 0,
        "counts": {
            "recordings": counts.total(),
            **{status: counts[status] for status in ("measured", "not_measured", "set_aside", "not_done")},
            "sides": len(contents.sides),
            "sides_measured": sum(row["status"] == "measured" for row in contents.sides),
            "trials": len(contents.trials),
            "recordings_to_film_again": len({row["row"] for row in contents.film_again}),
        },
        "pose_model": plan.pose_model,
        "model_sha256": plan.model_sha256,
        "versions": _versions(),
        **facts,
    }


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
