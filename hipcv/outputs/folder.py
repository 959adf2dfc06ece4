"""Everything about one recording in one folder."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.assessment import Assessment, accepted
from hipcv.core.series import PoseSeries
from hipcv.files import try_writing, write_whole
from hipcv.outputs.document import document_text
from hipcv.outputs.html import Still, render_report
from hipcv.outputs.overlay import draw_still, write_overlay
from hipcv.outputs.tables import write_series
from hipcv.words import SIDES, Side

ASSESSMENT, SERIES, REPORT, VIDEO = "assessment.json", "series.csv", "report.html", "annotated.mp4"


class Picture(Protocol):
    """A frame as the sources hand it out."""

    @property
    def time_s(self) -> float:
        """Seconds from the recording's first frame."""

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """(height, width, 3) upright picture."""


def write_folder(folder: Path, frames: Iterable[Picture], series: PoseSeries, assessment: Assessment) -> list[Path]:
    """Write assessment.json, series.csv, annotated.mp4 and report.html into `folder`, each whole or not at all.

    `frames` is a second pass over the recording; it is read once, frame by frame.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from types import SimpleNamespace
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (64, 48))
    >>> frames = [SimpleNamespace(time_s=n / 30, rgb=np.zeros((48, 64, 3), np.uint8)) for n in range(2)]
    >>> with TemporaryDirectory() as folder:
    ...     [path.name for path in write_folder(Path(folder), frames, empty, assess(empty, Setup()))]
    ['report.html', 'annotated.mp4', 'assessment.json', 'series.csv']
    """
    # the small ones first: a disk that the video fills holds the numbers already
    write_whole(folder / ASSESSMENT, document_text(assessment))
    table = write_series(assessment, folder / SERIES)
    stills: list[Still] = []
    video = write_overlay(keep_stills(frames, series, assessment, stills), series, assessment, folder / VIDEO)
    write_whole(folder / REPORT, render_report(assessment, stills, VIDEO))
    return [folder / REPORT, video, folder / ASSESSMENT, table]


def try_folder(folder: Path) -> None:
    """Raise at once the `OutputError` that `write_folder` would raise later; nothing is left behind.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     try_folder(Path(folder, "results"))
    ...     list(Path(folder).iterdir())
    []
    """
    for name in (ASSESSMENT, SERIES, REPORT, VIDEO):
        try_writing(folder / name)


def take_stills(frames: Iterable[Picture], series: PoseSeries, assessment: Assessment) -> list[Still]:
    """Return a drawn picture of each side's best hold, at most one a side; none for a side without an accepted hold.

    `frames` is a second pass over the recording; it is read no further than to the last of these pictures.

    Examples
    --------
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> take_stills([], empty, assess(empty, Setup()))
    []
    """
    n_wanted = len(_still_rows(assessment))
    stills: list[Still] = []
    if n_wanted:
        for _ in keep_stills(frames, series, assessment, stills):
            if len(stills) == n_wanted:
                break
    return stills


def keep_stills(
    frames: Iterable[Picture], series: PoseSeries, assessment: Assessment, stills: list[Still]
) -> Iterator[Picture]:
    """Pass the frames on, and put a drawn picture of each side's best hold into `stills` as it goes by.

    Examples
    --------
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> stills = []
    >>> list(keep_stills(iter(["a frame"]), empty, assess(empty, Setup()), stills)), stills
    (['a frame'], [])
    """
    wanted = _still_rows(assessment)
    for frame in frames:
        for side in list(wanted):
            row = wanted[side]
            if frame.time_s >= series.time_s[row] - 1e-6:
                drawn = draw_still(frame.rgb, row, series, assessment)
                done, jpeg = cv2.imencode(
                    ".jpg", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85]
                )
                if done:
                    stills.append(Still(side, float(series.time_s[row]), jpeg.tobytes(), _caption(side, assessment)))
                del wanted[side]
        yield frame


def _still_rows(assessment: Assessment) -> dict[Side, int]:
    """Return the middle of the hold with the largest end range of each side."""
    rows = {}
    for side in SIDES:
        held: Sequence[tuple[float, int]] = [
            (t.end_range_deg, (t.hold_start + t.hold_stop) // 2)
            for t in assessment.of(side).trials
            if t.held and accepted(t)
        ]
        if held:
            rows[side] = max(held)[1]
    return rows


def _caption(side: Side, assessment: Assessment) -> str:
    best = max(t.end_range_deg for t in assessment.of(side).trials if t.held and accepted(t))
    return f"{side} hip at its largest end range: {best:.1f}°"
