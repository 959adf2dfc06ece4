"""`hipcv live --camera`: a test in front of a camera without a browser, in a window or on one line of the terminal."""

import math
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.status import Status as Spinner

from hipcv.assessment import Assessment, Status
from hipcv.core.answers import SidePain
from hipcv.core.setup import Setup
from hipcv.data_folder import result_folder
from hipcv.history.entry import Origin
from hipcv.history.store import open_history, url_in
from hipcv.live.coach import Plan
from hipcv.live.livetest import LiveReading, LiveTest
from hipcv.outputs.document import document_text, render_document
from hipcv.outputs.folder import try_folder, write_numbers
from hipcv.outputs.text import render_text
from hipcv.outputs.window import LivePicture, Window, draw_live
from hipcv.printable import printable, printable_lines
from hipcv.sources.recording import Frame
from hipcv.sources.webcam import open_camera
from hipcv.words import SIDES, ModelName, Side

#: Asks whether a side hurt; None where nobody says.
AskPain = Callable[[Side], SidePain | None]
Show = Callable[[Frame, LiveReading], bool]


@dataclass(frozen=True, slots=True)
class Keeping:
    """Of whom a test is kept, in the history of which data folder, and under which token.

    Examples
    --------
    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> with TemporaryDirectory() as folder:
    ...     keeping = Keeping.of("Anna", Path(folder))
    ...     keeping.keep(assess(empty, Setup()), datetime.now(UTC))
    ...     keeping.folder.parent.relative_to(folder).as_posix()
    'results'
    """

    person: str
    data: Path
    token: str

    @classmethod
    def of(cls, person: str, data: Path) -> "Keeping":
        """Return how a test of a person is to be kept, after opening what it will be kept in."""
        open_history(url_in(data)).close()
        return cls(person, data, secrets.token_hex(8))

    @property
    def folder(self) -> Path:
        """Where its files lie: they go when it is deleted."""
        return result_folder(self.data, self.token)

    def keep(self, assessment: Assessment, began: datetime) -> None:
        """Keep what came out of a test that began at this time."""
        with open_history(url_in(self.data)) as history:
            history.keep(
                render_document(assessment),
                self.person,
                visit_date=began.astimezone().date(),
                recorded_at=began,
                origin=Origin.LIVE,
                token=self.token,
            )


def run_live(
    camera: str,
    setup: Setup,
    plan: Plan,
    *,
    folder: Path,
    guide: ModelName = ModelName.FULL,
    model_path: Path | None = None,
    window: bool = True,
    as_json: bool = False,
    keeping: Keeping | None = None,
    ask_pain: AskPain | None = None,
) -> bool:
    """Do one test, print its result and keep it in `folder`.

    Parameters
    ----------
    camera : number of a camera, or the path of a recording that stands in for one.
    setup, plan : which test, and what is to be done; a camera that gives a mirror image is put right.
    folder : gets every artefact that is made without a picture of the person; none is kept.
    guide, model_path : the pose model that guides, and where to look for models first.
    window : show the picture; else one line in the terminal.
    as_json : print the assessment as JSON.
    keeping : keep the assessment in the history, too, and of whom.
    ask_pain : asks, once the test is over, whether a side hurt; None where nobody can be asked.

    Returns
    -------
    Whether a number came out.

    Raises
    ------
    HipcvError
        Where camera, model or screen cannot be used, or nothing can be written: before the test where that can be
        known, else after the result is printed.
    """
    try_folder(folder, frames=False)
    began = datetime.now(UTC)
    with ExitStack() as stack:
        frames = open_camera(camera)
        stack.enter_context(frames)
        screen = stack.enter_context(Window("hipcv")) if window else None
        test = stack.enter_context(LiveTest(setup, plan, guide=guide, model_path=model_path))
        console = Console(stderr=True)
        line = stack.enter_context(console.status("Looking for you")) if console.is_terminal else None
        teller = _Teller(console, line)
        for frame in frames:
            if setup.mirrored:
                frame = replace(frame, rgb=np.ascontiguousarray(frame.rgb[:, ::-1]))
            seen = test.look(frame.rgb, frame.time_s)
            teller.tell(seen)
            if test.complete or (screen is not None and not screen.show(draw_live(_picture(frame, seen)))):
                break
        test.n_skipped = frames.n_skipped
        _, assessment = test.finish(teller.stage)
    if ask_pain is not None:
        assessment = _with_pain(assessment, plan, ask_pain)
    _print(assessment, as_json=as_json)
    write_numbers(folder, assessment)
    if keeping is not None:
        keeping.keep(assessment, began)
    if not as_json:
        place = printable(str(folder))
        Console().print(f"kept in {place}", style="dim", soft_wrap=True, highlight=False, markup=False)
    return assessment.status is Status.MEASURED


def _with_pain(assessment: Assessment, plan: Plan, ask_pain: AskPain) -> Assessment:
    """Return the assessment with what was said of the pain on every side that was tested."""
    left, right = (ask_pain(side) if side in plan.sides else None for side in SIDES)
    return replace(assessment, setup=replace(assessment.setup, pain_left=left, pain_right=right))


def live_folder(data: Path) -> Path:
    """Return a folder for a test done now, within the data folder.

    Examples
    --------
    >>> live_folder(Path("data")).parent.as_posix()
    'data/live'
    """
    return data / "live" / time.strftime("%Y-%m-%d-%H%M%S")


class _Teller:
    """Tells the person what to do: on one changing line of a terminal, else a line for every new cue."""

    def __init__(self, console: Console, line: Spinner | None) -> None:
        self._console, self._line, self._said = console, line, 0

    def tell(self, seen: LiveReading) -> None:
        coaching = seen.coaching
        cue = coaching.cue
        if self._line is not None:
            left, right = (f"{a:.0f}°" if math.isfinite(a) else "–" for a in seen.angles_deg)
            where = f"{coaching.side} {coaching.trial}/{coaching.n_trials}"
            what = cue.text if cue is not None else "Looking for you"
            self._line.update(f"left {left}  right {right}  [bold]{where}[/bold] {coaching.phase}  {what}")
        elif cue is not None and cue.number != self._said:
            self._console.print(cue.text, highlight=False)
        if cue is not None:
            self._said = cue.number
        if coaching.hold is not None:
            self._console.print(
                f"{coaching.hold.side} {coaching.hold.trial}: {coaching.hold.angle_deg:.1f}°", highlight=False
            )
            self._console.bell()

    def stage(self, stage: str, n_done: int, n_total: int) -> None:
        if self._line is not None:
            self._line.update(f"{stage} {n_done}/{n_total}")


def _picture(frame: Frame, seen: LiveReading) -> LivePicture:
    cue = seen.coaching.cue
    return LivePicture(
        frame.rgb,
        seen.skeleton,
        seen.angles_deg,
        "" if cue is None else cue.text,
        seen.coaching.hold_share,
    )


def _print(assessment: Assessment, *, as_json: bool) -> None:
    console = Console()
    if as_json:
        text = printable_lines(document_text(assessment))
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        return
    render_text(assessment, console)
