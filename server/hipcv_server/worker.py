"""A process that scores recordings, one after the other, apart from the server.

Whatever a recording does to the decoder or the pose library, it does it here. Only this process opens uploads.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hipcv.core.errors import HipcvError, SourceError
from hipcv.native.chatter import own_process
from hipcv.process.inside import Connection
from hipcv.process.pace import Pace
from hipcv_server import logs
from hipcv_server.disk import disk_trouble
from hipcv_server.problems import ProblemError, problem_of
from hipcv_server.schemas import MeasureOptions
from hipcv_server.settings import Settings, UploadLimits
from hipcv_server.uploads import files_of

if TYPE_CHECKING:
    from hipcv.measurement import Measurement
    from hipcv.models.store import FetchProgress
    from hipcv.sources.extent import Extent
    from hipcv.sources.pictures import Clip

log = logging.getLogger("hipcv.server")

#: Progress is told no more often than this.
_TELL_EVERY_S = 0.1
#: A recording of more frames a second is as much work as a longer one.
_USUAL_FPS_HZ = 60.0


@dataclass(frozen=True, slots=True)
class Order:
    """One recording to score: where it is, how to measure it, where to put the files.

    A recording beyond `max_length_s` is left to another worker. `replays` is the document that it is measured again
    from, instead of from the options.
    """

    job_id: str
    clip: Path
    options: dict[str, Any]
    folder: Path
    max_length_s: float | None = None
    replays: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """How far a worker is, and how long the recording is once that was looked at."""

    stage: str
    n_done: int = 0
    n_total: int | None = None
    length_s: float | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """The assessment of a recording as JSON text, from how many frames, and the day that the file tells."""

    document: str
    n_frames: int
    taken: date | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a recording could not be tried, as a problem."""

    problem: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Postponed:
    """The disk took no result, which is no fault of the recording; the text says why."""

    trouble: str


@dataclass(frozen=True, slots=True)
class Passed:
    """The recording is longer than this worker was to take: another's turn."""

    length_s: float


def work(connection: Connection, settings: Settings) -> None:
    """Take orders from the server as long as it lives."""
    own_process()
    logs.set_up()
    import hipcv.measurement  # noqa: F401 - loaded before the first recording waits for it

    while True:
        answer = _answer(connection.recv(), settings, connection)
        try:
            connection.send(answer)
        except OSError:
            return


class _Sends(Protocol):
    """Where a worker tells what it has to tell."""

    def send(self, value: Any, /) -> None:
        """Tell it; an OSError says that nobody listens."""


def _answer(order: Order, settings: Settings, connection: _Sends) -> Scored | Refused | Postponed | Passed:
    """Score a recording; whatever that raises is an answer, so that it is told once and the worker lives on."""
    try:
        return score(order, settings, _teller(connection))
    except Exception as error:
        trouble = disk_trouble(error)
        return Refused(_refusal(error, order.clip).document()) if trouble is None else Postponed(trouble)


def _refusal(error: Exception, clip: Path) -> ProblemError:
    if isinstance(error, HipcvError):
        return problem_of(error, clip)
    if isinstance(error, MemoryError):
        detail = "The recording needs more memory than a worker may take: export it with 1080p or less."
        return ProblemError("could_not_measure", detail)
    log.error("A recording could not be measured, for a reason that nobody foresaw", exc_info=error)
    return ProblemError(
        "internal",
        f"The recording could not be measured, for a reason that nobody foresaw ({type(error).__name__}; the server's "
        "log has more): convert it to H.264 in MP4 and try once more.",
    )


def _teller(connection: _Sends) -> Callable[[Told], None]:
    pace = Pace(_TELL_EVERY_S)

    def tell(told: Told) -> None:
        if pace.due(told.stage):
            try:
                connection.send(told)
            except OSError:  # the server is gone: nobody wants the result
                raise SystemExit from None

    return tell


def score(order: Order, settings: Settings, tell: Callable[[Told], None]) -> Scored | Passed:
    """Measure one recording as the command line does, and write its files into the order's folder.

    One that is too long for this worker is passed on before any of it is decoded.

    Raises
    ------
    HipcvError
        Where it cannot be measured, with the command line's own sentence.
    """
    from hipcv.outputs.document import render_document
    from hipcv.outputs.folder import write_numbers
    from hipcv.sources.taken import read_taken

    options = MeasureOptions.model_validate(order.options)
    options.setup()  # what it says against them comes before the recording
    tell(Told("opening"))
    clip: Clip = order.clip
    length_s = n_counted = None
    if options.still:
        clip = files_of(order.clip)
    else:
        extent = _measure_extent(order.clip, settings.upload)
        n_counted, length_s = extent.n_frames, max(extent.duration_s, extent.n_frames / _USUAL_FPS_HZ)
        if order.max_length_s is not None and length_s > order.max_length_s:
            return Passed(length_s)

    def tell_all(told: Told) -> None:
        tell(replace(told, length_s=length_s))

    measured = _measure(order, clip, options, settings, tell_all, n_counted)
    n_frames = len(measured.series)
    tell_all(Told("drawing", 0, n_frames))
    if options.keep:
        _draw(order, options, measured, tell_all)
    else:
        write_numbers(order.folder, measured.assessment)
    tell_all(Told("saving", n_frames, n_frames))
    taken = read_taken(order.clip)
    text = json.dumps(render_document(measured.assessment), allow_nan=False)
    return Scored(text, n_frames, None if taken is None else taken.date())


def _measure(
    order: Order,
    clip: "Clip",
    options: MeasureOptions,
    settings: Settings,
    tell: Callable[[Told], None],
    n_counted: int | None,
) -> "Measurement":
    from hipcv.measurement import measure_file
    from hipcv.upkeep.replay import replay
    from hipcv.words import ModelName

    def on_frame(n_done: int, n_total: int | None) -> None:
        if n_done > settings.upload.max_frames:
            raise _too_many_frames(settings.upload)
        tell(Told("reading", n_done, n_counted))

    def on_fetch(at: "FetchProgress") -> None:
        tell(Told(f"{at.name} model: {at.doing}", at.n_bytes, at.n_bytes_total))

    def on_read() -> None:
        tell(Told("assessing"))

    if order.replays is not None:
        return replay(
            order.replays,
            clip,
            model_path=settings.models,
            on_frame=on_frame,
            on_fetch=on_fetch,
            on_read=on_read,
        ).measurement
    return measure_file(
        clip,
        options.setup(),
        model_name=ModelName(options.model),
        model_path=settings.models,
        slow_motion=options.slow_motion,
        viewing=options.viewing(),
        on_frame=on_frame,
        on_fetch=on_fetch,
        on_read=on_read,
    )


def _measure_extent(clip: Path, limits: UploadLimits) -> "Extent":
    """Return how long a recording is; refuse one beyond the limits before any of it is decoded."""
    from hipcv.sources.extent import measure_extent

    extent = measure_extent(clip, max_frames=limits.max_frames, max_duration_s=limits.max_duration_s)
    if extent.width_px * extent.height_px > limits.max_pixels:
        raise SourceError(
            f"Wanted pictures of at most {limits.max_pixels / 1e6:.1f} million pixels, found "
            f"{extent.width_px}×{extent.height_px}: export it with 1080p, that is plenty."
        )
    if extent.n_frames > limits.max_frames:
        raise _too_many_frames(limits)
    if extent.duration_s > limits.max_duration_s:
        raise SourceError(
            f"Wanted a recording of at most {limits.max_duration_s / 60:g} minutes, found a longer one: "
            "cut it to the test itself."
        )
    return extent


def _too_many_frames(limits: UploadLimits) -> SourceError:
    return SourceError(
        f"Wanted a recording of at most {limits.max_frames} frames, found more: cut it to the test itself."
    )


def _draw(order: Order, options: MeasureOptions, measured: "Measurement", tell: Callable[[Told], None]) -> None:
    from hipcv.outputs.folder import write_folder
    from hipcv.sources.recording import Frame
    from hipcv.sources.video import open_video

    def counted(frame: Frame) -> Frame:
        tell(Told("drawing", frame.index + 1, len(measured.series)))
        return frame

    viewing = measured.assessment.provenance.viewing
    mirrored, slow_motion = bool(options.mirrored), options.slow_motion
    with open_video(measured.path, mirrored=mirrored, slow_motion=slow_motion, viewing=viewing) as video:
        frames, show_face = map(counted, video), options.show_face
        write_folder(order.folder, frames, measured.series, measured.assessment, show_face=show_face)
