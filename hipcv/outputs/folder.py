"""Everything about one recording in one folder."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hipcv.assessment import Assessment
from hipcv.core.series import PoseSeries
from hipcv.files import try_writing
from hipcv.outputs.artefacts import Material, possible
from hipcv.outputs.visit import UNTOLD, Visit

if TYPE_CHECKING:
    from hipcv.outputs.overlay import Picture


def write_folder(
    folder: Path,
    frames: "Iterable[Picture]",
    series: PoseSeries,
    assessment: Assessment,
    visit: Visit = UNTOLD,
    *,
    show_face: bool = False,
) -> list[Path]:
    """Write every artefact into `folder`, each whole or not at all, and return them, the report first.

    `frames` is a second pass over the recording; it is read once, frame by frame. Faces in it are covered, unless
    `show_face`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (64, 48))
    >>> frames = [SimpleNamespace(time_s=n / 30, rgb=np.zeros((48, 64, 3), np.uint8)) for n in range(2)]
    >>> with TemporaryDirectory() as folder:
    ...     [path.name for path in write_folder(Path(folder), frames, empty, assess(empty, Setup()))]
    ['report.html', 'annotated.mp4', 'fhir.json', 'assessment.json', 'series.csv']
    """
    return _write(folder, Material(assessment, series, frames, visit, show_face))


def write_numbers(folder: Path, assessment: Assessment, visit: Visit = UNTOLD) -> list[Path]:
    """Write every artefact that needs no picture of the person. Otherwise as `write_folder`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (64, 48))
    >>> with TemporaryDirectory() as folder:
    ...     [path.name for path in write_numbers(Path(folder), assess(empty, Setup()))]
    ['report.html', 'fhir.json', 'assessment.json', 'series.csv']
    """
    return _write(folder, Material(assessment, visit=visit))


def try_folder(folder: Path, *, frames: bool = True) -> None:
    """Raise at once the `OutputError` that writing, with pictures or without, would raise later; nothing is left.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     try_folder(Path(folder, "results"))
    ...     list(Path(folder).iterdir())
    []
    """
    for artefact in possible(frames=frames):
        try_writing(folder / artefact.file)


def _write(folder: Path, material: Material) -> list[Path]:
    written = []
    for artefact in possible(frames=material.frames is not None):
        artefact.write(material, folder / artefact.file)
        written.append(folder / artefact.file)
    return written[::-1]
