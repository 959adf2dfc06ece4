"""A process that scores recordings, one after the other, apart from the server.

Whatever a recording does to the decoder or the pose library, it does it here. Only this process opens uploads.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
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

if TYPE_CHECKING:
    from hipcv.measurement import Measurement
    from hipcv.models.store import FetchProgress

log = logging.getLogger("hipcv.server")

#: Progress is told no more often than this.
_TELL_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Order:
    """One recording to score: where it is, how to measure it, where to put the files."""

    job_id: str
    clip: Path
    options: dict[str, Any]
    folder: Path


@dataclass(frozen=True, slots=True)
class Told:
    """How far a worker is."""

    stage: str
    n_done: int = 0
    n_total: int | None = None


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


def _answer(order: Order, settings: Settings, connection: _Sends) -> Scored | Refused | Postponed:
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


def score(order: Order, settings: Settings, tell: Callable[[Told], None]) -> Scored:
    """Measure one recording as the command line does, and write its files into the order's folder.

    Raises
    ------
    HipcvError
        Where it cannot be measured, with the command line's own sentence.
    """
    from hipcv.measurement import measure_file
    from hipcv.outputs.document import render_document
    from hipcv.outputs.folder import write_numbers
    from hipcv.sources.taken import read_taken
    from hipcv.words import ModelName

    options = MeasureOptions.model_validate(order.options)
    setup = options.setup()
    tell(Told("opening"))
    n_counted = _count_frames(order.clip, settings.upload)

    def on_frame(n_done: int, n_total: int | None) -> None:
        if n_done > settings.upload.max_frames:
            raise _too_many_frames(settings.upload)
        tell(Told("reading", n_done, n_counted))

    def on_fetch(at: "FetchProgress") -> None:
        tell(Told(f"{at.name} model: {at.doing}", at.n_bytes, at.n_bytes_total))

    measured = measure_file(
        order.clip,
        setup,
        model_name=ModelName(options.model),
        model_path=settings.models,
        slow_motion=options.slow_motion,
        viewing=options.viewing(),
        on_frame=on_frame,
        on_fetch=on_fetch,
        on_read=lambda: tell(Told("assessing")),
    )
    n_frames = len(measured.series)
    tell(Told("drawing", 0, n_frames))
    if options.keep:
        _draw(order, options, measured, tell)
    else:
        write_numbers(order.folder, measured.assessment)
    tell(Told("saving", n_frames, n_frames))
    taken = read_taken(order.clip)
    text = json.dumps(render_document(measured.assessment), allow_nan=False)
    return Scored(text, n_frames, None if taken is None else taken.date())


def _count_frames(clip: Path, limits: UploadLimits) -> int:
    """Return how many frames a recording has; refuse one beyond the limits before any of it is decoded."""
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
    return extent.n_frames


def _too_many_frames(limits: UploadLimits) -> SourceError:
    return SourceError(
        f"Wanted a recording of at most {limits.max_frames} frames, found more: cut it to the test itself."
    )


def _draw(order: Order, options: MeasureOptions, measured: "Measurement", tell: Callable[[Told], None]) -> None:
    from hipcv.outputs.folder import write_folder
    from hipcv.sources.video import Frame, open_video

    def counted(frame: Frame) -> Frame:
        tell(Told("drawing", frame.index + 1, len(measured.series)))
        return frame

    viewing = measured.assessment.provenance.viewing
    mirrored, slow_motion = bool(options.mirrored), options.slow_motion
    with open_video(order.clip, mirrored=mirrored, slow_motion=slow_motion, viewing=viewing) as video:
        write_folder(order.folder, map(counted, video), measured.series, measured.assessment)
