"""Arguments in, exit status out: 0 measured, 1 not measured, 2 wrong arguments, 3 could not try."""

# Everything heavy is imported where it is used: `hipcv --help` must answer at once.

import os
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from hipcv.agreement.commands import register as register_agreement
from hipcv.batch.commands import register as register_batch
from hipcv.core.procedure import Procedure
from hipcv.core.procedures import TestName, procedure_named
from hipcv.core.procedures.seated import SEATED
from hipcv.history.commands import DateOption, PersonOption
from hipcv.history.commands import register as register_history
from hipcv.history.pair_commands import register as register_pair
from hipcv.live.commands import SubjectOption, read_subject
from hipcv.live.commands import register as register_live
from hipcv.native.chatter import own_process
from hipcv.outputs.commands import ScreenedByOption, ScreenedOnOption, ScreeningOption, read_screening
from hipcv.outputs.commands import register as register_advice
from hipcv.upkeep.commands import register as register_upkeep
from hipcv.words import (
    USUAL_MOTIONS,
    CameraSide,
    Effort,
    EndPoint,
    Engine,
    HandPlace,
    Legs,
    ModelName,
    Motion,
    Motions,
    Paper,
    Sex,
)
from hipcv_server.commands import forget_elsewhere, open_page
from hipcv_server.commands import register as register_server

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console
    from rich.progress import Progress

    from hipcv.core.answers import SidePain
    from hipcv.core.setup import Setup
    from hipcv.core.viewing import Viewing
    from hipcv.history.entry import Entry
    from hipcv.measurement import Measurement
    from hipcv.models.store import ModelStatus
    from hipcv.models.store import Progress as OnFetch
    from hipcv.outputs.artefacts import Artefact
    from hipcv.outputs.visit import Visit
    from hipcv.sources.pictures import Clip
    from hipcv.sources.recording import Frame

#: Set to anything, it shows where a fault in hipcv itself lies.
TRACEBACK_VARIABLE = "HIPCV_TRACEBACK"
MEASURED, NOT_MEASURED, WRONG_ARGUMENTS, COULD_NOT_TRY = 0, 1, 2, 3

if TYPE_CHECKING:

    class TestOption(StrEnum):
        """The tests, and "find out"."""

        AUTO = "auto"

else:
    TestOption = StrEnum("TestOption", {**{name.name: name.value for name in TestName}, "AUTO": "auto"})


class CameraEnd(StrEnum):
    """The ends of somebody who lies, as on the command line."""

    FOOT = "foot"
    HEAD = "head"

    @property
    def camera_side(self) -> CameraSide:
        """The end in the words of everything else."""
        return CameraSide(f"{self} end")


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=f"Measure hip rotation from a video of the {' or '.join(TestName)} test. It informs; it does not diagnose.",
)
models_app = typer.Typer(no_args_is_help=True, help="The pose models: list, get, check.")
app.add_typer(models_app, name="models")


def _version(wanted: bool) -> None:
    if wanted:
        from hipcv.version import __version__

        typer.echo(f"hipcv {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Measure hip internal rotation from a video."""


# --------------------------------------------------------------------------------------------------------- measure

Age = Annotated[float | None, typer.Option("--age", min=0, max=120, help="Age in years, for the reference ranges.")]
SexArgument = Annotated[Sex | None, typer.Option("--sex", help="Sex, for the reference ranges.")]


@app.command()
def measure(
    clips: Annotated[
        list[Path],
        typer.Argument(
            metavar="CLIP...",
            help="A video file of the test; or pictures: files, a folder, or a pattern such as 'pictures/*.png'.",
            show_default=False,
        ),
    ],
    test: Annotated[TestOption, typer.Option("--test", help="Which test was filmed; auto finds out and says why.")],
    age: Age = None,
    sex: SexArgument = None,
    effort: Annotated[
        Effort, typer.Option("--effort", help="active: the subject moves the leg; passive: somebody else does.")
    ] = Effort.ACTIVE,
    motion: Annotated[
        Motions,
        typer.Option(
            "--motion",
            help="internal: the foot swings outwards; external: inwards, with the other leg out of its way; both.",
        ),
    ] = USUAL_MOTIONS,
    legs: Annotated[
        Legs | None, typer.Option("--legs", help="Which legs move at once; auto: see it.", show_default=False)
    ] = None,
    helper: Annotated[
        str | None, typer.Option("--helper", help="Passive: who moved the leg, a name or a role.", show_default=False)
    ] = None,
    hand_place: Annotated[
        HandPlace | None,
        typer.Option(
            "--hand-place",
            help="Passive: where the hand lay that moved the leg; gravity: none, it sank by its own weight.",
            show_default=False,
        ),
    ] = None,
    end_point: Annotated[
        EndPoint | None, typer.Option("--end-point", help="What ended the movement.", show_default=False)
    ] = None,
    pain: Annotated[
        int | None, typer.Option("--pain", help="Worst pain at the end of the range, 0 to 10.", show_default=False)
    ] = None,
    pain_left: Annotated[
        str | None,
        typer.Option("--pain-left", metavar="0-10[,PLACE]", help="On the left, and where.", show_default=False),
    ] = None,
    pain_right: Annotated[
        str | None,
        typer.Option("--pain-right", metavar="0-10[,PLACE]", help="On the right, and where.", show_default=False),
    ] = None,
    screening: ScreeningOption = None,
    screened_on: ScreenedOnOption = None,
    screened_by: ScreenedByOption = None,
    model: Annotated[ModelName, typer.Option("--model", help="Pose model: speed against accuracy.")] = (
        ModelName.HEAVY
    ),
    models: Annotated[
        Path | None, typer.Option("--models", help="Model file, or folder to look in first.", show_default=False)
    ] = None,
    roll: Annotated[
        float | None,
        typer.Option("--roll", min=-45, max=45, help="Camera roll in degrees; + : the picture is turned clockwise."),
    ] = None,
    pitch: Annotated[
        float | None, typer.Option("--pitch", min=-60, max=60, help="Camera pitch; + : it looks down.")
    ] = None,
    yaw: Annotated[
        float | None,
        typer.Option("--yaw", min=-90, max=90, help="Camera yaw; + : it stands towards its own right."),
    ] = None,
    vertical: Annotated[
        list[str] | None,
        typer.Option(
            "--vertical", metavar="X1,Y1,X2,Y2", help="A plumb edge in picture pixels; give two, left and right."
        ),
    ] = None,
    subject: SubjectOption = None,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Look at every frame, also at those that show nothing new.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option("--engine", help="Who reads the frames; graph: MediaPipe's own, as a second opinion.")
    ] = Engine.LEGS,
    camera_end: Annotated[
        CameraEnd | None,
        typer.Option(
            "--camera-end",
            help="Lying: the end of the body that the camera stands at, by default the foot end.",
            show_default=False,
        ),
    ] = None,
    mirrored: Annotated[
        bool | None,
        typer.Option(
            "--mirrored/--not-mirrored",
            help="Whether the video is a mirror image (selfie view): it exchanges left and right.",
            show_default=False,
        ),
    ] = None,
    slow_motion: Annotated[
        float, typer.Option("--slow-motion", min=0.05, max=100, help="The file plays this many times slower than life.")
    ] = 1.0,
    rotate: Annotated[
        int, typer.Option("--rotate", metavar="0|90|180|270", help="Turn the pictures clockwise by so many degrees.")
    ] = 0,
    aspect: Annotated[
        str | None,
        typer.Option(
            "--aspect",
            metavar="W:H",
            help="Width to height of the upright picture as it should look, such as 4:3, where it is squeezed and the "
            "file does not say so.",
            show_default=False,
        ),
    ] = None,
    from_s: Annotated[
        float | None,
        typer.Option("--from", metavar="SECONDS", help="Measure from this second on.", show_default=False),
    ] = None,
    to_s: Annotated[
        float | None, typer.Option("--to", metavar="SECONDS", help="Measure up to this second.", show_default=False)
    ] = None,
    still: Annotated[
        bool,
        typer.Option(
            "--still",
            help="Each picture is a photograph by itself, of a leg at the end of its range or at rest; one of each is "
            "enough, that at rest may be left out.",
        ),
    ] = False,
    fps: Annotated[
        float | None,
        typer.Option(
            "--fps", metavar="RATE", help="Numbered pictures of a movement: how many a second.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for report, annotated video, JSON and CSV.", show_default=False),
    ] = None,
    series: Annotated[
        Path | None, typer.Option("--series", help="Write one row a frame to this CSV file.", show_default=False)
    ] = None,
    show_face: Annotated[
        bool, typer.Option("--show-face", help="Leave faces as they are in pictures and video; else they are covered.")
    ] = False,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", help="Write the report as a PDF to this file.", show_default=False)
    ] = None,
    paper: Annotated[Paper, typer.Option("--paper", help="The sheet that the PDF is for.")] = Paper.A4,
    fhir: Annotated[
        Path | None,
        typer.Option("--fhir", help="Write the result as a Bundle of HL7 FHIR R4 to this file.", show_default=False),
    ] = None,
    person: PersonOption = None,
    day: DateOption = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the assessment as JSON instead of a table.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Measure a recorded clip."""
    with _one_sentence():
        from hipcv.core.setup import Setup, done_fault
        from hipcv.outputs.artefacts import FHIR, PDF, SERIES

        fault = done_fault(effort, helper, hand_place, end_point, pain)
        if fault is not None:
            raise typer.BadParameter(fault.sentence, param_hint=f"--{fault.field.replace('_', '-')}")
        answers, screened_on = read_screening(screening, screened_on, screened_by)
        pains = _side_pain("--pain-left", pain_left), _side_pain("--pain-right", pain_right)
        viewing = _viewing(rotate, aspect, from_s, to_s, fps, still=still)
        clip = clips[0] if len(clips) == 1 else _pictures(clips)
        wanted = _wanted(out, {SERIES: series, FHIR: fhir, PDF: pdf})
        _try_writing(wanted, person)
        procedure = _recognise(clip, model, models, viewing) if test is TestOption.AUTO else procedure_named(test)
        setup = Setup(
            procedure=procedure,
            effort=effort,
            camera_side=_camera_side(procedure, camera_end, told=test is not TestOption.AUTO),
            mirrored=mirrored,
            roll_deg=roll,
            pitch_deg=pitch,
            yaw_deg=yaw,
            vertical_edges_px=tuple(_edge(text) for text in vertical or ()),
            subject_at=read_subject(subject),
            age_years=age,
            sex=sex,
            legs=legs,
            helper=helper,
            hand_place=hand_place,
            end_point=end_point,
            pain=pain,
            motion=motion,
            pain_left=pains[0],
            pain_right=pains[1],
            screening=answers,
            screened_on=screened_on,
            screened_by=screened_by,
        )
        measured = _measure(
            clip,
            setup,
            model,
            models,
            slow_motion=slow_motion,
            viewing=viewing,
            engine=engine,
            exhaustive=exhaustive,
            quiet=quiet,
        )
        _print(measured, as_json=json_)
        entry = None if person is None else _keep(measured, clips[0], person, None if day is None else day.date())
        shown = {"visit": _visit(measured, entry), "show_face": show_face, "paper": paper}
        _write(measured, wanted, shown, quiet=quiet, slow_motion=slow_motion)
        _tell_written([] if json_ else [path for _, path in wanted])
    raise typer.Exit(_status(measured))


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for what the demo writes.")] = Path("out/demo"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Measure three bundled sample clips, with and without a helper, and write reports and annotated videos."""
    status = 0
    with _one_sentence():
        from hipcv.core.setup import Setup
        from hipcv.outputs.visit import Visit

        _try_writing(_wanted(out))
        for folder, name in (
            ("seated", "seated-easy-101-00.mp4"),
            ("seated-passive", "seated-passive-121-01.mp4"),
            ("prone", "prone-easy-102-02.mp4"),
        ):
            effort = Effort.PASSIVE if "passive" in folder else Effort.ACTIVE
            setup = Setup(procedure_named(name.partition("-")[0]), effort)
            measured = _measure(_sample(name), setup, ModelName.HEAVY, None, quiet=quiet)
            _print(measured)
            wanted = _wanted(out / folder)
            _write(measured, wanted, {"visit": Visit(recording=name)}, quiet=quiet)
            _tell_written([path for _, path in wanted])
            status = max(status, _status(measured))
    raise typer.Exit(status)


def _sample(name: str) -> Path:
    """Return a bundled clip: beside the package in a checkout, inside it when installed from a wheel."""
    from hipcv.core.errors import SourceError

    package = Path(__file__).parent
    for folder in (package.parent / "samples", package / "samples"):
        if (folder / name).is_file():
            return folder / name
    raise SourceError(
        f"The sample clip {name} was wanted, but is not part of this installation; measure a clip of your own."
    )


def _recognise(clip: "Clip", model: ModelName, models: Path | None, viewing: "Viewing") -> "Procedure":
    """Return the test that a clip shows; a clip that shows neither is measured as seated and refused there."""
    from hipcv.measurement import recognise_file
    from hipcv.printable import printable

    seen = recognise_file(clip, model_name=model, model_path=models, viewing=viewing)
    what = f"taken for the {seen.procedure} test" if seen.procedure else "neither the seated nor the prone test"
    typer.echo(f"hipcv: {printable(_named(clip))} is {what}. {seen.reason}", err=True)
    return seen.procedure or SEATED


def _pictures(clips: Sequence[Path]) -> tuple[Path, ...]:
    """Return several paths, all of which have to be pictures."""
    from hipcv.sources.stillfile import is_picture_name, picture_refusal

    other = next((path for path in clips if not is_picture_name(path)), None)
    if other is not None:
        raise picture_refusal(other, "another kind of file among several", "give one video, or pictures alone")
    return tuple(clips)


def _named(clip: "Clip") -> str:
    """Return what a clip is called in a sentence."""
    return clip.name if isinstance(clip, Path) else f"{clip[0].name} and {len(clip) - 1} more"


def _camera_side(procedure: "Procedure", end: CameraEnd | None, *, told: bool) -> CameraSide:
    """Return where the camera stands; an end that a test which was `told` has not is a wrong argument."""
    if end is None:
        return procedure.usual_camera_side
    if end.camera_side in procedure.camera_sides:
        return end.camera_side
    if told:
        places = " or ".join(procedure.camera_sides)
        raise typer.BadParameter(f"the {procedure.name} test is filmed from the {places}", param_hint="--camera-end")
    return procedure.usual_camera_side


def _edge(text: str) -> tuple[float, float, float, float]:
    from hipcv.core.errors import HipcvError

    try:
        x1, y1, x2, y2 = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"an edge is four numbers X1,Y1,X2,Y2 in picture pixels, found {text!r}", param_hint="--vertical"
        ) from None
    if (x1 - x2) ** 2 + (y1 - y2) ** 2 < 400:
        raise HipcvError(f"A plumb edge needs two ends at least 20 pixels apart, found {text}; mark a longer one.")
    return x1, y1, x2, y2


def _side_pain(option: str, text: str | None) -> "SidePain | None":
    from hipcv.core.answers import read_pain

    try:
        return None if text is None else read_pain(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _viewing(
    rotate: int, aspect: str | None, from_s: float | None, to_s: float | None, fps: float | None, *, still: bool
) -> "Viewing":
    from hipcv.core.viewing import Viewing, read_aspect

    try:
        shape = None if aspect is None else read_aspect(aspect)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--aspect") from None
    try:
        return Viewing(rotate, shape, from_s, to_s, pictures_hz=fps, still=still)
    except ValueError as error:
        said = {"--rotate": "turn", "--still": "stills", "--fps": "a rate"}
        hint = next((option for option, word in said.items() if word in str(error)), "--from, --to")
        raise typer.BadParameter(str(error), param_hint=hint) from None


def _measure(
    clip: "Clip",
    setup: "Setup",
    model: ModelName,
    models: Path | None,
    *,
    slow_motion: float = 1.0,
    viewing: "Viewing | None" = None,
    engine: Engine = Engine.LEGS,
    exhaustive: bool = False,
    quiet: bool = False,
) -> "Measurement":
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    from hipcv.core.viewing import AS_STORED
    from hipcv.measurement import measure_file
    from hipcv.pose.method import EXHAUSTIVE, METHOD
    from hipcv.printable import printable

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_stderr(), transient=True, disable=quiet or not _stderr().is_terminal) as progress:
        task = progress.add_task(f"Reading {escape(printable(_named(clip)))}", total=None)
        return measure_file(
            clip,
            setup,
            model_name=model,
            model_path=models,
            slow_motion=slow_motion,
            viewing=viewing or AS_STORED,
            method=EXHAUSTIVE if exhaustive else METHOD,
            engine=engine,
            on_frame=lambda n_done, n_total: progress.update(task, completed=n_done, total=n_total),
            on_fetch=_fetch_bar(progress),
        )


def _wanted(out: Path | None, alone: "Mapping[Artefact, Path | None] | None" = None) -> "list[tuple[Artefact, Path]]":
    """Return what is written where: everything into the folder, and what was asked for alone."""
    from hipcv.outputs.artefacts import possible

    folder = [] if out is None else [(artefact, out / artefact.file) for artefact in possible(frames=True)]
    return folder + [(artefact, path) for artefact, path in (alone or {}).items() if path is not None]


def _try_writing(wanted: "Sequence[tuple[Artefact, Path]]", person: str | None = None) -> None:
    """Find out before the work whether its results can be written."""
    from hipcv.files import try_writing

    if person is not None:
        from hipcv.core.errors import HistoryError
        from hipcv.history.store import open_history

        if not person.strip():
            raise HistoryError(
                "Wanted a person to keep the assessment for, found an empty name: give a name or a code."
            )
        with open_history():
            pass
    for artefact, path in wanted:
        artefact.need()
        try_writing(path)


def _visit(measured: "Measurement", entry: "Entry | None") -> "Visit":
    """Return who was measured when and from which recording, and what changed since the last kept test."""
    from hipcv.history.since import since_last
    from hipcv.outputs.document import render_document
    from hipcv.outputs.visit import Visit

    recording = _named(measured.path)
    if entry is None or entry.subject is None:
        return Visit(recording=recording)
    since = since_last(render_document(measured.assessment), entry.subject, entry.visit_date)
    return Visit(entry.subject, entry.visit_date, recording, since)


def _keep(measured: "Measurement", clip: Path, person: str, day: "date | None") -> "Entry":
    """Keep a result in the history, and say under which number and day."""
    from hipcv.history import keep
    from hipcv.outputs.document import render_document
    from hipcv.printable import printable
    from hipcv.sources.taken import read_taken

    taken = None if day is not None else read_taken(clip)
    entry = keep(render_document(measured.assessment), person, visit_date=day or (taken and taken.date()))
    why = "" if day is not None else ", the file's own day" if taken is not None else ", today"
    whose = f"{printable(entry.subject or '')}, {entry.visit_date.isoformat()}{why}"
    typer.echo(
        f"hipcv: kept as number {entry.id} of {whose}; `hipcv history correct {entry.id}` changes that.", err=True
    )
    return entry


def _print(measured: "Measurement", *, as_json: bool = False) -> None:
    """Print the result; before anything is written, so that no disk can take it away."""
    from rich.console import Console

    from hipcv.outputs.document import document_text
    from hipcv.outputs.text import render_text
    from hipcv.printable import printable_lines

    if as_json:
        typer.echo(printable_lines(document_text(measured.assessment)))
    else:
        render_text(measured.assessment, Console())


def _write(
    measured: "Measurement",
    wanted: "Sequence[tuple[Artefact, Path]]",
    shown: "Mapping[str, Any]",
    *,
    quiet: bool = False,
    slow_motion: float = 1.0,
) -> None:
    """Write what was asked for, `shown` as in `Material`; the recording is read once more where pictures of it are."""
    from contextlib import closing

    from rich.progress import Progress

    from hipcv.outputs.artefacts import Material

    with (
        Progress(console=_stderr(), transient=True, disable=quiet or not _stderr().is_terminal) as progress,
        closing(_frames(measured, slow_motion, progress, wanted)) as frames,
    ):
        material = Material(measured.assessment, measured.series, frames, **shown)
        for artefact, path in wanted:
            artefact.write(material, path)


def _tell_written(paths: Sequence[Path]) -> None:
    from rich.console import Console

    from hipcv.printable import printable

    for path in paths:
        Console().print(f"wrote {printable(str(path))}", style="dim", soft_wrap=True, highlight=False, markup=False)


def _frames(
    measured: "Measurement", slow_motion: float, progress: "Progress", wanted: "Sequence[tuple[Artefact, Path]]"
) -> "Generator[Frame, None, None]":
    """Yield the recording once more, from the moment that somebody wants the first frame; all of it for a video."""
    from hipcv.sources.video import open_video

    setup, viewing = measured.assessment.setup, measured.assessment.provenance.viewing
    sample_hz = None if any(artefact.needs_frames for artefact, _ in wanted) else measured.sample_hz
    with open_video(measured.path, mirrored=bool(setup.mirrored), slow_motion=slow_motion, viewing=viewing) as video:
        frames = video.frames(sample_hz)
        yield from progress.track(frames, total=len(measured.series), description="Drawing")


def _status(measured: "Measurement") -> int:
    from hipcv.assessment import Status

    return MEASURED if measured.assessment.status is Status.MEASURED else NOT_MEASURED


# ---------------------------------------------------------------------------------------------------- norms, models


@app.command()
def norms(
    test: Annotated[TestName | None, typer.Option("--test", help="Only this position.", show_default=False)] = None,
    age: Age = None,
    sex: SexArgument = None,
    motion: Annotated[Motion, typer.Option("--motion", help="Which way the hip turns.")] = Motion.INTERNAL,
) -> None:
    """Print the reference ranges with their sources."""
    from rich.console import Console

    from hipcv.evidence.norms import norms_table
    from hipcv.outputs.text import render_norms

    rows = norms_table(procedure_named(test) if test else None, age_years=age, sex=sex, motion=motion)
    render_norms(rows, Console())


@app.command()
def schema() -> None:
    """Print the JSON Schema of what `measure --json` prints: every field with its meaning, unit and range."""
    import json

    from hipcv.outputs.document import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@models_app.command("list")
def list_models() -> None:
    """List the pose models, where they are, and whether they are whole."""
    with _one_sentence():
        from hipcv.models.store import check_models

        _print_models(check_models())


@models_app.command("get")
def get_models(
    names: Annotated[list[ModelName] | None, typer.Argument(help="Models to fetch; all by default.")] = None,
) -> None:
    """Fetch pose models, so that everything works offline from then on."""
    with _one_sentence():
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

        from hipcv.models.store import get_model

        with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=_stderr()) as progress:
            got = [get_model(ModelName(name), None, _fetch_bar(progress)) for name in names or list(ModelName)]
        for model in got:
            typer.echo(f"{model.path} ({model.origin})")


@models_app.command("check")
def check() -> None:
    """Check every model that is there against its published checksum; fails on a damaged one."""
    with _one_sentence():
        from hipcv.models.store import ModelState, check_models

        statuses = check_models()
        _print_models(statuses)
    if any(status.state is ModelState.DAMAGED for status in statuses):
        raise typer.Exit(COULD_NOT_TRY)


def _print_models(statuses: "Sequence[ModelStatus]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Pose models", title_justify="left", expand=False)
    for name in ("model", "state", "where", "licence"):
        table.add_column(name, overflow="fold")
    for status in statuses:
        where = f"{status.found.path} ({status.found.origin})" if status.found else status.detail
        table.add_row(status.name, status.state, where, status.licence)
    Console().print(table)


# ------------------------------------------------------------------------------------------------------------ house


def _stderr() -> "Console":
    from rich.console import Console

    return Console(stderr=True)


def _fetch_bar(progress: object) -> "OnFetch":
    """Return a listener that shows a model being fetched as one more bar."""
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from hipcv.models.store import FetchProgress

    assert isinstance(progress, Bars)
    tasks: dict[str, TaskID] = {}

    def listen(at: FetchProgress) -> None:
        if at.doing not in tasks:
            tasks[at.doing] = progress.add_task(f"{at.name} model: {at.doing}", total=at.n_bytes_total)
        progress.update(tasks[at.doing], completed=at.n_bytes, total=at.n_bytes_total)

    return listen


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Turn what could not be tried into one sentence and its exit status."""
    from hipcv.core.errors import HipcvError

    try:
        yield
    except HipcvError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Stopped.")
    except OSError as error:
        _last_resort(error)


def _fail(sentence: str) -> NoReturn:
    from hipcv.printable import printable_lines

    typer.echo(f"hipcv: {printable_lines(sentence)}", err=True)
    raise SystemExit(COULD_NOT_TRY)


def _last_resort(error: Exception) -> NoReturn:
    """Say what nobody foresaw in one sentence; status 1 would mean that the recording was tried."""
    if os.environ.get(TRACEBACK_VARIABLE):
        import traceback

        traceback.print_exception(error)
        raise SystemExit(COULD_NOT_TRY)
    from hipcv.core.errors import HipcvError

    if isinstance(error, HipcvError):
        _fail(str(error))
    if isinstance(error, OSError):
        _fail(f"The operating system refused: {error.strerror or error} ({error.filename or 'no file named'}).")
    what = " ".join(f"{type(error).__name__} {error}".split())
    _fail(f"This is a fault in hipcv ({what}): please report it, with what {TRACEBACK_VARIABLE}=1 shows.")


register_batch(app, _one_sentence)
register_agreement(app, _one_sentence)
register_history(app, _one_sentence, forget_elsewhere)
register_live(app, _one_sentence, open_page)
register_server(app)
register_advice(app, _one_sentence)
register_pair(app, _one_sentence)
register_upkeep(app, _one_sentence)


def main() -> None:
    """Run the command line."""
    own_process()
    # Tables hold °, ± and –: on a terminal that cannot show them they are replaced, never a crash.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        app(prog_name="hipcv")
    except Exception as error:
        _last_resort(error)
