"""The files of one recording: its document as JSON and its artefacts, whole or not there at all."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from hipcv.batch.input.clip import Clip, Key
from hipcv.batch.run.job import Document
from hipcv.files import write_whole
from hipcv.outputs.artefacts import REPORT, Artefact, batched

FOLDER = "clips"
_LONGEST_NAME = 80


def file_stem(clip: Clip, key: Key) -> str:
    """Return a file name without ending that no other recording or way of measuring it shares.

    Names come from other people: only letters, digits, dots and dashes are kept, so that none can lead elsewhere.

    Examples
    --------
    >>> file_stem(Clip(1, "../Anna M./S01.mp4", "/S01.mp4"), Key("a", "b", "c"))
    'Anna-M.-S01-0e9f64031f'
    """
    bare = clip.name.partition("://")[2] or clip.name
    plain = re.sub(r"[^\w.-]+", "-", re.sub(r"\.\w{1,5}$", "", bare), flags=re.ASCII).strip("-._")
    return f"{plain[-_LONGEST_NAME:].lstrip('-._') or 'clip'}-{key.short}"


def document_path(out: Path, clip: Clip, key: Key) -> Path:
    """Return where a recording's document lies below the folder of the results.

    Examples
    --------
    >>> document_path(Path("results"), Clip(1, "S01.mp4", "/S01.mp4"), Key("a", "b", "c")).as_posix()
    'results/clips/S01-0e9f64031f.json'
    """
    return out / FOLDER / f"{file_stem(clip, key)}.json"


def artefact_path(out: Path, clip: Clip, key: Key, artefact: Artefact = REPORT) -> Path:
    """Return where an artefact of a recording, by default its page, lies below the folder of the results.

    Examples
    --------
    >>> artefact_path(Path("results"), Clip(1, "S01.mp4", "/S01.mp4"), Key("a", "b", "c")).as_posix()
    'results/clips/S01-0e9f64031f.html'
    """
    return out / FOLDER / f"{file_stem(clip, key)}{artefact.ending}"


def write_clip(out: Path, clip: Clip, key: Key, document: Document, files: Mapping[str, bytes]) -> None:
    """Write the document of one recording and its artefacts, which come by their names.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> clip, key = Clip(1, "S01.mp4", "/S01.mp4"), Key("a", "b", "c")
    >>> with TemporaryDirectory() as folder:
    ...     write_clip(Path(folder), clip, key, {"status": "not_measured"}, {})
    ...     document_path(Path(folder), clip, key).exists(), artefact_path(Path(folder), clip, key).exists()
    (True, False)
    """
    text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False, sort_keys=True)
    write_whole(document_path(out, clip, key), text + "\n")
    for artefact in batched():
        if artefact.name in files:
            write_whole(artefact_path(out, clip, key, artefact), files[artefact.name])
