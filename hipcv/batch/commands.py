"""`hipcv batch`: arguments in, exit status out."""

# Everything heavy is imported where it is used: `hipcv --help` must answer at once.

from collections.abc import Callable
from contextlib import ContextDecorator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hipcv.core.procedures import TestName, procedure_named
from hipcv.words import USUAL_MOTIONS, Effort, Legs, ModelName, Motions

if TYPE_CHECKING:
    from rich.console import Console

    from hipcv.batch.order import Order
    from hipcv.batch.output.contents import Contents
    from hipcv.models.store import FetchProgress

ALL_MEASURED, NOT_ALL_MEASURED = 0, 1
#: Turns what could not be tried into one sentence and its exit status.
OneSentence = Callable[[], ContextDecorator]


_INPUTS_HELP = (
    "Folder (searched with everything below), list (.csv or .xlsx with a column path, and where known subject, test, "
    "side_order, age, sex, effort, legs, motion, helper, hand_place, end_point, pain, pain_left, pain_right, "
    "screening, screened_on, screened_by, subject_at, rotate, aspect, from_s, to_s, fps, still, visit_date and "
    "readings such as goniometer_left_deg; other columns are named and carried along), glob, recordings, or URL."
)


def register(app: typer.Typer, one_sentence: OneSentence) -> None:
    """Add the command to `app`; `one_sentence` says what could not be tried."""
    app.command()(one_sentence()(batch))


def batch(
    inputs: Annotated[list[str], typer.Argument(metavar="FOLDER|LIST|GLOB...", help=_INPUTS_HELP)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)],
    test: Annotated[
        TestName | None,
        typer.Option("--test", help="Which test was filmed, where neither list nor file name says it."),
    ] = None,
    effort: Annotated[Effort, typer.Option("--effort", help="Who moves the leg.")] = Effort.ACTIVE,
    legs: Annotated[
        Legs | None,
        typer.Option("--legs", help="Which legs move at once, where the list does not say.", show_default=False),
    ] = None,
    motion: Annotated[
        Motions, typer.Option("--motion", help="Which motions are measured, where the list does not say.")
    ] = USUAL_MOTIONS,
    mirrored: Annotated[
        bool | None,
        typer.Option(
            "--mirrored/--not-mirrored",
            help="Whether the videos are mirror images, where the list does not say it.",
            show_default=False,
        ),
    ] = None,
    slow_motion: Annotated[
        float, typer.Option("--slow-motion", min=0.05, max=100, help="The files play so many times slower.")
    ] = 1.0,
    model: Annotated[ModelName, typer.Option("--model", help="Pose model: speed against accuracy.")] = (
        ModelName.HEAVY
    ),
    models: Annotated[
        Path | None, typer.Option("--models", help="Model file, or folder to look in first.", show_default=False)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, max=1024, help="Recordings at once; by default by cores and memory."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="URL", help="Measure on the Dask cluster of this scheduler (tcp://…)."),
    ] = None,
    report: Annotated[bool, typer.Option("--report/--no-report", help="A page for every recording.")] = True,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what an earlier run set aside.")] = False,
    stall: Annotated[
        float, typer.Option("--stall", min=5, help="Seconds without a sign of life after which a recording hangs.")
    ] = 120.0,
    memory: Annotated[
        int, typer.Option("--memory", min=0, help="Megabytes that one worker may take; 0 for any.")
    ] = 6000,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the list, say what would be done, do nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but what cannot be done.")] = False,
    json_lines: Annotated[bool, typer.Option("--json-lines", help="One JSON object a line for each event.")] = False,
) -> None:
    """Measure many recordings: tables, pages, what to film again. Run it again after a stop: it goes on."""
    from hipcv.batch.input.manifest import Defaults
    from hipcv.batch.order import Order
    from hipcv.batch.run.worker import Limits

    order = Order(
        asked=tuple(inputs),
        out=out,
        defaults=Defaults(procedure_named(test) if test else None, effort, mirrored, slow_motion, legs, motion),
        model_name=model,
        model_path=models,
        n_workers=workers,
        scheduler=scheduler,
        limits=Limits(stall_s=stall, memory_mb=memory),
        wants_reports=report,
        retry=retry,
    )
    if dry_run:
        _print_overview(order, quiet=quiet, json_lines=json_lines)
        return
    contents = _carry_out(order, quiet=quiet, json_lines=json_lines)
    counts = contents.counts
    raise typer.Exit(ALL_MEASURED if counts["measured"] == counts.total() else NOT_ALL_MEASURED)


def _print_overview(order: "Order", *, quiet: bool, json_lines: bool) -> None:
    from hipcv.batch.order import look_over

    overview = look_over(order)
    if json_lines:
        from hipcv.batch.run.progress import JsonLines

        tests = [
            {"test": test, "told_by": told_by, "n_clips": n} for (test, told_by), n in sorted(overview.tests.items())
        ]
        JsonLines().say(
            "dry_run",
            n_clips=overview.n_clips,
            n_subjects=overview.n_subjects,
            n_with_readings=overview.n_with_readings,
            carried=overview.carried,
            tests=tests,
            place=overview.place,
            model_found=overview.model_found,
        )
    elif not quiet:
        from hipcv.batch.texts import print_overview

        print_overview(overview, order.out)


def _carry_out(order: "Order", *, quiet: bool, json_lines: bool) -> "Contents":
    from rich.console import Console

    from hipcv.batch.order import carry_out
    from hipcv.batch.run.progress import Bar, JsonLines, Silence
    from hipcv.batch.texts import print_contents

    if json_lines:
        listener = JsonLines()
        contents = carry_out(order, listener)
        listener.say("ended", counts=dict(contents.counts), out=str(order.out))
        return contents
    if quiet:
        return carry_out(order, Silence())
    errors = Console(stderr=True)
    with Bar(errors) as bar:
        contents = carry_out(order, bar, _tell_fetch(errors))
    print_contents(contents, order.out)
    return contents


def _tell_fetch(console: "Console") -> "Callable[[FetchProgress], None]":
    """Return a listener that says once what is being fetched: the bar belongs to the recordings."""
    told: set[str] = set()

    def listen(at: "FetchProgress") -> None:
        if at.doing not in told:
            told.add(at.doing)
            console.print(f"{at.name} model: {at.doing}", markup=False, highlight=False)

    return listen
