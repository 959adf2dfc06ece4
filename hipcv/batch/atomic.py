"""Files that are there whole or not at all, whatever happens while they are written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX, _SUFFIX = ".", ".part"


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Give a path to write to in place of `target`; when the block ends well it becomes the target, else it vanishes.

    The bytes are on the disk before the name is: after a power cut there is the old file or the new one.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{_PREFIX}{target.name}.{os.getpid()}{_SUFFIX}")
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
        _sync_folder(target.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_whole(target: Path, content: str | bytes) -> None:
    """Write a file that is there whole or not at all; text as UTF-8."""
    raw = content.encode() if isinstance(content, str) else content
    with whole_file(target) as part:
        part.write_bytes(raw)


def remove_parts(folder: Path) -> None:
    """Remove what an earlier process that was killed left half-written in this folder."""
    for part in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened, and the rename is journalled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
