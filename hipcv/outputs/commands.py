"""`hipcv questions`, `exercises`, `known`, `note`, `fhir`: what is asked before a test, known after it, and filed."""

# Everything heavy is imported where it is used: `hipcv --help` must answer at once.

from collections.abc import Callable
from contextlib import ContextDecorator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hipcv.words import Answer

if TYPE_CHECKING:
    from hipcv.core.setup import Setup
    from hipcv.evidence.exercises import Exercise
    from hipcv.outputs.document import AssessmentDocument

OneSentence = Callable[[], ContextDecorator]
ScreeningOption = Annotated[
    str | None,
    typer.Option(
        "--screening",
        metavar="none|WORD,WORD",
        help="What holds of `hipcv questions`; none where nothing does.",
        show_default=False,
    ),
]
ScreenedOnOption = Annotated[
    str | None,
    typer.Option(
        "--screened-on",
        metavar="YYYY-MM-DD",
        help="Day of these answers, by default today; older than three months they are asked again.",
        show_default=False,
    ),
]
ScreenedByOption = Annotated[
    str | None,
    typer.Option(
        "--screened-by",
        metavar="NAME",
        help="Who judged instead of the questions, or beside them, a name or a role.",
        show_default=False,
    ),
]


def register(app: typer.Typer, one_sentence: OneSentence) -> None:
    """Add the commands to `app`; `one_sentence` says what could not be tried."""
    said = one_sentence()
    app.command("questions")(said(print_questions))
    app.command("exercises")(said(print_exercises))
    app.command("known")(said(print_known))
    app.command("note")(said(print_note))
    app.command("fhir")(said(print_fhir))


def print_questions() -> None:
    """Print the questions before the first test, and the words that answer them."""
    from rich.console import Console

    from hipcv.outputs.advice_text import render_questions

    render_questions(Console())


def print_exercises(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME|RESULT.json]...",
            help="Exercises by name; or results of one person (`measure --json`), which a plan is made of.",
            show_default=False,
        ),
    ] = None,
    screening: ScreeningOption = None,
    screened_by: ScreenedByOption = None,
    age: Annotated[float | None, typer.Option("--age", min=0, max=120, help="Age in years.")] = None,
) -> None:
    """Print exercises: a plan for results, single ones, or all that the answers before a test leave open."""
    from rich.console import Console

    from hipcv.evidence.screening import judge
    from hipcv.outputs.advice_text import render_catalogue, render_exercise, render_plan
    from hipcv.outputs.plan import next_together

    console, answers = Console(), read_screening(screening)[0]
    results = [name for name in what or () if name.endswith(".json")]
    if results:
        found = [_read_result(name) for name in results]
        steps = next_together(found, answers=answers, age_years=age, screened_by=screened_by)
        if steps.plan is not None:
            render_plan(steps.plan, console)
        return
    screened = judge(answers, age_years=age, screened_by=screened_by)
    wanted = [_named(name) for name in what or ()]
    if not wanted or not screened.exercises_allowed:
        render_catalogue(screened, console)
    for exercise in wanted if screened.exercises_allowed else ():
        if exercise.open_to(screened):
            render_exercise(exercise, console)
        else:
            console.print(f"{exercise.name} is left out: an answer before the test closes it.")


def print_known() -> None:
    """Print what is known about turning the hip inwards, with how sure it is and who says so."""
    from rich.console import Console

    from hipcv.outputs.advice_text import render_cards

    render_cards(Console())


def print_note(
    result: Annotated[Path, typer.Argument(metavar="RESULT.json", help="A result, as `measure --json` prints it.")],
) -> None:
    """Print a result as a note of a few lines, to be pasted into a record."""
    from hipcv.outputs.note import render_note
    from hipcv.printable import printable_lines

    typer.echo(printable_lines(render_note(_read_result(str(result))[0])), nl=False)


def print_fhir(
    result: Annotated[Path, typer.Argument(metavar="RESULT.json", help="A result, as `measure --json` prints it.")],
    person: Annotated[
        str | None, typer.Option("--person", help="Whose it is, a name or a code.", show_default=False)
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="Day of the recording.", show_default=False),
    ] = None,
) -> None:
    """Print a result as a Bundle of HL7 FHIR R4, to be read into a record."""
    from hipcv.outputs.fhir import fhir_text
    from hipcv.outputs.visit import Visit
    from hipcv.printable import printable_lines

    visit = Visit(person, None if day is None else day.date())
    typer.echo(printable_lines(fhir_text(_read_result(str(result))[0], visit)), nl=False)


def read_screening(
    screening: str | None, screened_on: str | None = None, screened_by: str | None = None
) -> tuple[tuple[Answer, ...] | None, str | None]:
    """Return the answers and their day, today where nobody says another; wrong ones are wrong arguments."""
    from hipcv.core.answers import read_answers, too_old
    from hipcv.core.setup import screened_fault

    try:
        answers = None if screening is None else read_answers(screening)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--screening") from None
    fault = screened_fault(screened_on, screened_by)
    if fault is not None:
        raise typer.BadParameter(fault.sentence, param_hint=f"--{fault.field.replace('_', '-')}")
    today = datetime.now().astimezone().date()
    if screened_on is None:
        return answers, today.isoformat() if answers is not None else None
    if old := too_old(screened_on, today):
        raise typer.BadParameter(old, param_hint="--screened-on")
    return answers, screened_on


def _named(name: str) -> "Exercise":
    from hipcv.evidence.exercises import exercise_named

    try:
        return exercise_named(name)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; `hipcv exercises --screening none` lists them", param_hint="NAME") from None


def _read_result(name: str) -> "tuple[AssessmentDocument, Setup]":
    """Return a result that was written to a file, and what was told about it."""
    import json

    from hipcv.core.errors import OutputError
    from hipcv.outputs.document import read_document, read_setup

    try:
        values = json.loads(Path(name).read_text(encoding="utf-8"))
        return read_document(values), read_setup(values)
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise OutputError(f"Wanted a result as `hipcv measure --json` prints it, found none in {name}.") from error
