"""`hipcv live`: a test in front of a camera, on the page or without a browser."""

# Everything heavy is imported where it is used: `hipcv --help` must answer at once.

import sys
from collections.abc import Callable
from contextlib import ContextDecorator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from hipcv.core.procedures import USUAL_TEST, TestName, procedure_named
from hipcv.history.commands import PersonOption
from hipcv.outputs.commands import ScreenedByOption, ScreenedOnOption, ScreeningOption, read_screening
from hipcv.words import SIDES, USUAL_MOTIONS, Effort, Legs, ModelName, Motions, Sex, Side

if TYPE_CHECKING:
    from hipcv.core.answers import SidePain

NOT_MEASURED = 1
OneSentence = Callable[[], ContextDecorator]


SubjectOption = Annotated[
    str | None,
    typer.Option(
        "--subject",
        metavar="left|right|X,Y",
        help="Who is measured where several people sit: the one on the picture's left or right, or whose knees are "
        "at these shares of its width and height.",
        show_default=False,
    ),
]


class OpenPage(Protocol):
    """Serves the page on this machine and opens it at a fragment."""

    def __call__(self, page: str, port: int, data: Path | None, models: Path | None, *, no_browser: bool) -> None:
        """Serve until stopped."""


class LiveSide(StrEnum):
    """Sides in the order in which they are done."""

    BOTH = "both"
    LEFT = "left"
    RIGHT = "right"


def register(app: typer.Typer, one_sentence: OneSentence, open_page: OpenPage) -> None:
    """Add the command to `app`; `one_sentence` says what could not be tried, `open_page` is the door of the page."""
    app.command()(one_sentence()(_Command(open_page).live))


@dataclass(frozen=True, slots=True)
class _Command:
    """The command, which without a camera of its own goes through this door."""

    open_page: OpenPage

    def live(
        self,
        camera: Annotated[
            str | None,
            typer.Option(
                "--camera", help="Number of a camera (or a video file): test without a browser.", show_default=False
            ),
        ] = None,
        test: Annotated[TestName, typer.Option("--test", help="Which test to do.")] = USUAL_TEST,
        no_window: Annotated[
            bool, typer.Option("--no-window", help="With --camera: a line in the terminal only.")
        ] = False,
        effort: Annotated[
            Effort, typer.Option("--effort", help="active: the subject moves the leg; passive: somebody else does.")
        ] = Effort.ACTIVE,
        legs: Annotated[
            Legs | None, typer.Option("--legs", help="Which legs move at once.", show_default=False)
        ] = None,
        motion: Annotated[
            Motions, typer.Option("--motion", help="Foot outwards (internal), inwards (external), or both.")
        ] = USUAL_MOTIONS,
        side: Annotated[LiveSide, typer.Option("--side", help="Which hips to test.")] = LiveSide.BOTH,
        trials: Annotated[int, typer.Option("--trials", min=1, max=10, help="Trials a side.")] = 3,
        hold: Annotated[float, typer.Option("--hold", min=0.5, max=5, help="Seconds to hold still.")] = 1.5,
        age: Annotated[float | None, typer.Option("--age", min=0, max=120, help="Age in years.")] = None,
        sex: Annotated[Sex | None, typer.Option("--sex", help="Sex, for the reference ranges.")] = None,
        screening: ScreeningOption = None,
        screened_on: ScreenedOnOption = None,
        screened_by: ScreenedByOption = None,
        roll: Annotated[float | None, typer.Option("--roll", min=-45, max=45, help="Camera roll in degrees.")] = None,
        subject: SubjectOption = None,
        mirrored: Annotated[
            bool | None,
            typer.Option(
                "--mirrored/--not-mirrored",
                help="With --camera: whether it gives a mirror image, which exchanges left and right.",
                show_default=False,
            ),
        ] = None,
        out: Annotated[
            Path | None,
            typer.Option(
                "--out", "-o", help="Folder for JSON, CSV and report; else the data folder.", show_default=False
            ),
        ] = None,
        person: PersonOption = None,
        model: Annotated[
            ModelName, typer.Option("--model", help="Pose model that guides; the result comes from heavy.")
        ] = ModelName.FULL,
        json_: Annotated[bool, typer.Option("--json", help="Print the assessment as JSON.")] = False,
        port: Annotated[
            int, typer.Option("--port", min=0, max=65535, help="Port of the page; 0 takes a free one.")
        ] = 8765,
        no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the page.")] = False,
        data: Annotated[
            Path | None, typer.Option("--data", help="Folder for results; else HIPCV_DATA.", show_default=False)
        ] = None,
        models: Annotated[
            Path | None, typer.Option("--models", help="Model file, or folder to look in first.", show_default=False)
        ] = None,
    ) -> None:
        """Do a test in front of a camera: on the web page, or with --camera without a browser."""
        subject_at = read_subject(subject)
        if camera is None:
            self.open_page("#self-test", port, data, models, no_browser=no_browser)
            return
        from hipcv.core.setup import Setup
        from hipcv.data_folder import data_folder
        from hipcv.live.admission import admit
        from hipcv.live.coach import Plan
        from hipcv.live.screen import Keeping, live_folder, run_live

        if screening is None and screened_by is None and _in_a_terminal():
            screening = _ask()
        answers, screened_on = read_screening(screening, screened_on, screened_by)
        setup = Setup(
            procedure_named(test),
            effort,
            mirrored=mirrored,
            roll_deg=roll,
            subject_at=subject_at,
            age_years=age,
            sex=sex,
            legs=legs,
            motion=motion,
            screening=answers,
            screened_on=screened_on,
            screened_by=screened_by,
        )
        admit(setup)
        keeping = None if person is None else Keeping.of(person, data or data_folder())
        measured = run_live(
            camera,
            setup,
            Plan(SIDES if side is LiveSide.BOTH else (Side(side),), trials, hold),
            window=not no_window,
            folder=out or (live_folder(data or data_folder()) if keeping is None else keeping.folder),
            guide=model,
            model_path=models,
            as_json=json_,
            keeping=keeping,
            ask_pain=_ask_pain if _in_a_terminal() else None,
        )
        if not measured:
            raise typer.Exit(NOT_MEASURED)


def read_subject(text: str | None) -> tuple[float, float] | None:
    """Return where who is measured is, as `Setup.subject_at`; what says no place is a wrong argument."""
    from hipcv.core.setup import read_place

    try:
        return None if text is None else read_place(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--subject") from None


def _in_a_terminal() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin.isatty()


def _ask_pain(side: Side) -> "SidePain | None":
    """Ask in the terminal whether a side hurt, until it is understood."""
    from hipcv.core.answers import PAIN_WANTED, read_pain

    question = f"Did the {side} side hurt (0 to 10, and where, such as 3,groin; Enter: not said)"
    while text := str(typer.prompt(question, default="", show_default=False, err=True)).strip():
        try:
            return read_pain(text)
        except ValueError:
            typer.echo(f"Wanted {PAIN_WANTED}.", err=True)
    return None


def _ask() -> str:
    """Ask the questions before a test in the terminal, beside what is printed: `--json` holds nothing else."""
    from rich.console import Console

    from hipcv.outputs.advice_text import render_questions

    render_questions(Console(stderr=True))
    return str(typer.prompt("What holds (none, or words with commas between)", err=True))
