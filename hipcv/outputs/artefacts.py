"""Every file that a result is written as, in one list: the folder, the live test, the server and the batch share it.

A new export is one more `Artefact` in `ARTEFACTS`, and the function that writes it.
"""

# What draws and renders is imported where it is used: the server needs the names alone.

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hipcv.assessment import Assessment
from hipcv.core.series import PoseSeries
from hipcv.files import write_whole
from hipcv.outputs.extras import Extra
from hipcv.outputs.visit import UNTOLD, Visit
from hipcv.words import Paper

if TYPE_CHECKING:
    from hipcv.outputs.html import Still
    from hipcv.outputs.overlay import Picture


@dataclass(slots=True)
class Material:
    """What artefacts are made of.

    Attributes
    ----------
    assessment : what was measured.
    series, frames : the landmarks, and a second pass over the recording, which is read once at most; None where no
        picture of the person may be kept or there is none.
    visit : who was measured, when and from which recording.
    show_face : whether faces are left as they are in what is made of the frames; else they are covered.
    paper : the sheet of a PDF.
    video_name : of the annotated video beside the other files, once it is written.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> nobody = assess(empty, Setup())
    >>> list(Material(nobody, empty, ["a frame"], show_face=True).pass_frames()), Material(nobody).take_stills()
    (['a frame'], [])
    """

    assessment: Assessment
    series: PoseSeries | None = None
    frames: "Iterable[Picture] | None" = None
    visit: Visit = UNTOLD
    show_face: bool = False
    paper: Paper = Paper.A4
    video_name: str | None = None
    _stills: "list[Still] | None" = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.series is not None and self.frames is not None and not self.show_face:
            from hipcv.outputs.faces import cover_faces

            self.frames = cover_faces(self.frames, self.series)

    def pass_frames(self) -> "Iterator[Picture]":
        """Yield every frame, and keep the stills that go by."""
        from hipcv.outputs.stills import keep_stills

        assert self.series is not None
        assert self.frames is not None
        self._stills = []
        yield from keep_stills(self.frames, self.series, self.assessment, self._stills)

    def take_stills(self) -> "list[Still]":
        """Return a drawn picture of each side's best hold, from the pass that was made or one of their own."""
        from hipcv.outputs.stills import take_stills

        if self._stills is None:
            known = self.series is not None and self.frames is not None
            self._stills = take_stills(self.frames, self.series, self.assessment) if known else []  # type: ignore[arg-type]
        return self._stills

    def report(self) -> str:
        """Return the report, as one HTML document."""
        from hipcv.outputs.html import render_report

        return render_report(self.assessment, self.take_stills(), self.video_name, self.visit)


@dataclass(frozen=True, slots=True)
class Artefact:
    """One file that a result is written as.

    Attributes
    ----------
    name : what it is called in the server's links and paths, and in a batch's ledger.
    file : its name in a folder of one result.
    media_type : what a browser is told that it is.
    write : writes it to a path, whole or not at all.
    needs_frames : whether it is made of the recording's pictures and nothing without them.
    linked : whether the server gives it a path of its own; the document comes with the assessment.
    ending : what it is called in a batch, behind the name that a recording has there; "" where a batch has none.
    extra : what brings the library that it is made with; without it there is no such artefact.
    """

    name: str
    file: str
    media_type: str
    write: Callable[[Material, Path], object]
    needs_frames: bool = False
    linked: bool = True
    ending: str = ""
    extra: Extra | None = None

    @property
    def at_hand(self) -> bool:
        """Whether the library is installed that it is made with."""
        return self.extra is None or self.extra.at_hand

    def need(self) -> None:
        """Say in one sentence what has to be installed before it can be written, where something has.

        Raises
        ------
        OutputError

        Examples
        --------
        >>> DOCUMENT.need()  # every hipcv can write it
        """
        if self.extra is not None:
            self.extra.need()


def _write_document(material: Material, path: Path) -> None:
    from hipcv.outputs.document import document_text

    write_whole(path, document_text(material.assessment))


def _write_series(material: Material, path: Path) -> None:
    from hipcv.outputs.tables import write_series

    write_series(material.assessment, path)


def _write_video(material: Material, path: Path) -> None:
    from hipcv.outputs.overlay import write_overlay

    assert material.series is not None
    write_overlay(material.pass_frames(), material.series, material.assessment, path)
    material.video_name = path.name


def _write_report(material: Material, path: Path) -> None:
    write_whole(path, material.report())


def _write_pdf(material: Material, path: Path) -> None:
    from hipcv.outputs.pdf import render_pdf

    write_whole(path, render_pdf(material.report(), material.paper))


def _write_fhir(material: Material, path: Path) -> None:
    from hipcv.outputs.document import make_document
    from hipcv.outputs.fhir import fhir_text

    write_whole(path, fhir_text(make_document(material.assessment), material.visit))


DOCUMENT = Artefact("document", "assessment.json", "application/json", _write_document, linked=False)
SERIES = Artefact("series", "series.csv", "text/csv", _write_series)
FHIR = Artefact("fhir", "fhir.json", "application/fhir+json", _write_fhir, extra=Extra.FHIR)
VIDEO = Artefact("video", "annotated.mp4", "video/mp4", _write_video, needs_frames=True)
#: Made only where somebody asks for it: whoever has the report prints it from a browser.
PDF = Artefact("pdf", "report.pdf", "application/pdf", _write_pdf, linked=False, extra=Extra.PDF)
REPORT = Artefact("report", "report.html", "text/html", _write_report, ending=".html")

#: In the order of writing. The small ones first: a disk that the video fills holds the numbers already. The report is
#: last: it shows the pictures that went by while the video was drawn.
ARTEFACTS: tuple[Artefact, ...] = (SERIES, DOCUMENT, FHIR, VIDEO, REPORT)


def possible(*, frames: bool) -> tuple[Artefact, ...]:
    """Return what can be written with or without the recording's pictures.

    Examples
    --------
    >>> [artefact.name for artefact in possible(frames=False) if artefact.extra is None]
    ['series', 'document', 'report']
    """
    return tuple(artefact for artefact in ARTEFACTS if artefact.at_hand and (frames or not artefact.needs_frames))


def linked() -> tuple[Artefact, ...]:
    """Return what the server gives a path of its own.

    Examples
    --------
    >>> [artefact.name for artefact in linked() if artefact.extra is None]
    ['series', 'video', 'report']
    """
    return tuple(artefact for artefact in ARTEFACTS if artefact.linked and artefact.at_hand)


def batched(*, report: bool = True) -> tuple[Artefact, ...]:
    """Return what a batch writes of every recording beside its document, with its page or without.

    Examples
    --------
    >>> [artefact.ending for artefact in batched()], batched(report=False)
    (['.html'], ())
    """
    return tuple(a for a in ARTEFACTS if a.ending and (report or a.name != REPORT.name))
