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
    """
    bare = clip.name.partition("://")[2] or clip.name
    plain = re.sub(r"[^\w.-]+", "-", re.sub(r"\.\w{1,5}$", "", bare), flags=re.ASCII).strip("-._")
    return f"{plain[-_LONGEST_NAME:].lstrip('-._') or 'clip'}-{key.short}"


def document_path(out: Path, clip: Clip, key: Key) -> Path:
    """Return where a recording's document lies below the folder of the results."""
    return out / FOLDER / f"{file_stem(clip, key)}.json"


def artefact_path(out: Path, clip: Clip, key: Key, artefact: Artefact = REPORT) -> Path:
    """Return where an artefact of a recording, by default its page, lies below the folder of the results."""
    return out / FOLDER / f"{file_stem(clip, key)}{artefact.ending}"


def write_clip(out: Path, clip: Clip, key: Key, document: Document, files: Mapping[str, bytes]) -> None:
    """Write the document of one recording and its artefacts, which come by their names."""
    text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False, sort_keys=True)
    write_whole(document_path(out, clip, key), text + "\n")
    for artefact in batched():
        if artefact.name in files:
            write_whole(artefact_path(out, clip, key, artefact), files[artefact.name])
