"""A result measured once more from nothing but its document: the same recording, the same words, the same bytes.

The document says everything that was told and with what it was measured. It names the recording by its bytes alone, for
where it lies, and what it was called, is nobody's matter; so the recording is looked for by them.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hipcv.core.errors import HistoryError, ModelError, SourceError
from hipcv.measurement import Measurement, OnFrame, measure_file
from hipcv.models.store import ModelFile, Progress, get_model
from hipcv.native.software import installed
from hipcv.outputs.document import as_text, as_today, document_text, read_document, read_setup, read_told_viewing
from hipcv.pose.method import EXHAUSTIVE, METHOD
from hipcv.sources.container import sha256_of
from hipcv.sources.pictures import Clip, find_pictures, sha256_of_pictures
from hipcv.words import Engine, ModelName

#: How many levels of folders below the one named are looked through for the recording.
MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """One value of a document that came out otherwise; None where it was or is not there at all."""

    where: str
    kept: Any
    now: Any


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """A document, and what measuring again gave.

    Attributes
    ----------
    measurement : of today.
    text : its document.
    differences : what came out otherwise; empty where the text is the same byte by byte.
    otherwise : what of the software is not what it was then: name, then, now.
    """

    measurement: Measurement
    text: str
    differences: tuple[Difference, ...]
    otherwise: tuple[tuple[str, str, str], ...]

    @property
    def same(self) -> bool:
        """Whether every byte of the document came out again."""
        return not self.differences


def read_kept(file: Path) -> dict[str, Any]:
    """Return the document in a file that `measure --json` or `--out` wrote, as JSON values.

    Raises
    ------
    HistoryError
        Where there is none.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     n = Path(folder, "kept.json").write_text('{"schema": "hipcv.assessment/2"}')
    ...     read_kept(Path(folder, "kept.json"))["schema"]
    'hipcv.assessment/2'
    """
    try:
        values = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise HistoryError(
            f"Wanted the document of an assessment, could not read {file} ({error.strerror}): name another file."
        ) from error
    except (ValueError, RecursionError) as error:
        raise HistoryError(
            f"Wanted the document of an assessment as JSON, found something else in {file}: name the file that "
            "`hipcv measure --json` or `--out` wrote."
        ) from error
    if not isinstance(values, dict):
        raise HistoryError(f"Wanted the document of an assessment, found another JSON value in {file}: name another.")
    return values


def replay(
    kept: Mapping[str, Any],
    where: Clip,
    *,
    model_path: Path | None = None,
    on_frame: OnFrame | None = None,
    on_fetch: Progress | None = None,
    on_read: Callable[[], None] | None = None,
) -> Replay:
    """Measure again what a document is of, and compare.

    Parameters
    ----------
    kept : the document, as JSON values; one of an older definition counts as today's says the same.
    where : the recording, or a folder in which it is looked for by its bytes; of pictures their folder, a pattern, or
        all of them.
    model_path : where to look first for the pose model that the document names.
    on_frame, on_fetch, on_read : as for `measure_file`.

    Raises
    ------
    HistoryError
        Where it is no document, or one that does not say enough.
    SourceError
        Where the recording is not found, or there never was a file.
    ModelError
        Where the very model is not to be had.
    """
    kept = as_today(kept)
    known = read_document(kept)
    origin = known.provenance
    if not origin.clip_sha256:
        raise SourceError(
            "Wanted the document of a recorded file, found one of a live test: its pictures were not kept, so there is "
            "nothing to measure again."
        )
    try:
        setup, viewing, engine = read_setup(kept), read_told_viewing(kept), Engine(str(origin.parameters.get("engine")))
    except (KeyError, TypeError, ValueError) as error:
        raise HistoryError(
            f"Wanted a document that says all that was told, found one that does not ({error}): measure anew."
        ) from error
    clip: Clip
    if viewing.still or viewing.pictures_hz is not None:
        clip = find_picture_files(origin.clip_sha256, where)
    else:
        one = where if isinstance(where, Path) else where[0]
        clip = find_recording(origin.clip_sha256, one, n_bytes=origin.parameters.get("clip_bytes"))
    model = _same_model(origin.pose_model, origin.model_sha256, model_path, on_fetch)
    measured = measure_file(
        clip,
        setup,
        model_name=ModelName(origin.pose_model),
        model_path=model.path,
        slow_motion=known.setup.slow_motion,
        clip_sha256=origin.clip_sha256,
        viewing=viewing,
        method=EXHAUSTIVE if origin.parameters.get("exhaustive") else METHOD,
        engine=engine,
        on_frame=on_frame,
        on_read=on_read,
    )
    text = document_text(measured.assessment)
    differences = () if text == as_text(kept) else tuple(find_differences(kept, json.loads(text)))
    return Replay(measured, text, differences, _otherwise(origin.parameters.get("software"), engine))


def find_recording(sha256: str, where: Path, *, n_bytes: object = None) -> Path:
    """Return the file that has these bytes: `where` itself, or one in that folder, up to three levels down.

    Raises
    ------
    SourceError
        Where there is none.

    Examples
    --------
    >>> from hashlib import sha256
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     n = Path(folder, "any name").write_bytes(b"a recording")
    ...     find_recording(sha256(b"a recording").hexdigest(), Path(folder)).name
    'any name'
    """
    if where.is_file():
        if sha256_of(where) == sha256:
            return where
        raise SourceError(
            f"Wanted the recording that the document is of (SHA-256 {sha256[:12]}…), found other bytes in "
            f"{where.name}: name the original file, or a folder that holds it."
        )
    for path in _files(where):
        if (n_bytes is None or path.stat().st_size == n_bytes) and sha256_of(path) == sha256:
            return path
    raise SourceError(
        f"Wanted the recording that the document is of (SHA-256 {sha256[:12]}…), found it nowhere in {where}: "
        "name the file, or a folder that holds it, with --clip."
    )


def find_picture_files(sha256: str, where: Clip) -> Clip:
    """Return the pictures that have these bytes together: all that `where` stands for.

    Raises
    ------
    SourceError
        Where they are others.

    Examples
    --------
    >>> from hashlib import sha256
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     n = Path(folder, "one.png").write_bytes(b"a picture")
    ...     find_picture_files(sha256(b"a picture").hexdigest(), Path(folder)) == Path(folder)
    True
    """
    if sha256_of_pictures(find_pictures(where) or ()) == sha256:
        return where
    raise SourceError(
        f"Wanted the pictures that the document is of (SHA-256 {sha256[:12]}…), found others: name the folder or "
        "pattern that holds these and no more."
    )


def find_differences(kept: object, now: object, where: str = "") -> Iterator[Difference]:
    """Yield every value in which two documents differ, in the order of the first.

    Examples
    --------
    >>> [d.where for d in find_differences({"a": [1, 2], "b": 3}, {"a": [1, 4], "c": 5})]
    ['a.1', 'b', 'c']
    """
    if isinstance(kept, Mapping) and isinstance(now, Mapping):
        for name in [*kept, *(name for name in now if name not in kept)]:
            yield from find_differences(kept.get(name), now.get(name), f"{where}.{name}".lstrip("."))
    elif isinstance(kept, list) and isinstance(now, list) and len(kept) == len(now):
        for n, (one, other) in enumerate(zip(kept, now, strict=True)):
            yield from find_differences(one, other, f"{where}.{n}".lstrip("."))
    elif kept != now:
        yield Difference(where, kept, now)


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise SourceError(f"Wanted a recording or a folder in which it lies, found no {folder}: name another.")
    for here, below, names in os.walk(folder):
        below.sort()
        if len(Path(here).relative_to(folder).parts) >= MAX_DEPTH:
            below.clear()
        yield from (path for name in sorted(names) if (path := Path(here, name)).is_file())


def _same_model(name: str, sha256: str, place: Path | None, on_fetch: Progress | None) -> ModelFile:
    try:
        model = get_model(ModelName(name), place, on_fetch)
    except ValueError as error:
        raise ModelError(
            f"Wanted the pose model {name!r} that the document names, found that this hipcv knows none of that name: "
            "use the version that wrote it."
        ) from error
    if model.sha256 != sha256:
        raise ModelError(
            f"Wanted the {name} pose model that the document was made with (SHA-256 {sha256[:12]}…), found another "
            f"({model.sha256[:12]}…) in {model.path}: name the old file with --models."
        )
    return model


def _otherwise(then: object, engine: Engine) -> tuple[tuple[str, str, str], ...]:
    now, known = installed(engine), then if isinstance(then, Mapping) else {}
    return tuple((name, str(known[name]), now.get(name, "none")) for name in known if known[name] != now.get(name))
