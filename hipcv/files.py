"""Files that are there whole or not at all, whatever happens while they are written; and why one could not be."""

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hipcv.core.errors import OutputError

_PREFIX, _SUFFIX = ".", ".part"
#: So much of a file's own name goes into that of its part, which file systems limit to 255 bytes.
_NAME_CHARACTERS = 40


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Give a path to write to in place of `target`; when the block ends well it becomes the target, else it vanishes.

    The bytes are on the disk before the name is: after a power cut there is the old file or the new one. What a killed
    process left of an earlier try is removed.

    Raises
    ------
    OutputError
        Where it cannot be written; every `OSError` of the block counts as that.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder, "angles.csv")
    ...     with whole_file(target) as part:
    ...         n = part.write_text("time_s")
    ...         before = target.exists()
    ...     before, target.exists()
    (False, True)
    """
    with told(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        part = _new_part(target)
        try:
            yield part
            _sync_file(part)
            part.chmod(0o644)
            part.replace(target)
            sync_names(target.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def write_whole(target: Path, content: str | bytes) -> None:
    """Write a file that is there whole or not at all; text as UTF-8. Errors as in `whole_file`.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder, "note.txt"), "30°")
    ...     Path(folder, "note.txt").read_text("utf-8")
    '30°'
    """
    raw = content.encode() if isinstance(content, str) else content
    with whole_file(target) as part:
        part.write_bytes(raw)


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, whole or not at all.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_json(Path(folder, "result.json"), {"unit": "°"})
    ...     print(Path(folder, "result.json").read_text("utf-8"), end="")
    {
      "unit": "°"
    }
    """
    write_whole(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def try_writing(target: Path) -> None:
    """Raise at once what `whole_file` would raise for this target later; nothing is left behind.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try_writing(Path(folder, "new folder", "result.json"))
    ...     list(Path(folder).iterdir())
    []
    """
    with told(target):
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
        missing = [folder for folder in target.parents if not folder.exists()]
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part = _new_part(target)
            try:
                part.write_bytes(b"\0")  # a full disk still takes names, but no byte
            finally:
                part.unlink()
        finally:
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()


def remove_parts(folder: Path) -> None:
    """Remove what killed processes left half-written in a folder that belongs to hipcv alone.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, ".result.json.7.x.part").touch()
    ...     remove_parts(Path(folder))
    ...     list(Path(folder).iterdir())
    []
    """
    for part in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        part.unlink(missing_ok=True)


@contextmanager
def told(place: Path) -> Iterator[None]:
    """Turn an `OSError` while `place` is written into the one sentence for it.

    Examples
    --------
    >>> with told(Path("result.json")):
    ...     raise OSError(errno.ENOSPC, "No space left on device")
    Traceback (most recent call last):
        ...
    hipcv.core.errors.OutputError: The disk of result.json is full: free some space and run the same command again.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(_sentence(place, error)) from error


def is_full(error: OSError) -> bool:
    """Whether a disk, or what its owner may fill of it, is full.

    Examples
    --------
    >>> is_full(OSError(errno.ENOSPC, "")), is_full(OSError(errno.EACCES, ""))
    (True, False)
    """
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _sentence(place: Path, error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC:
            return f"The disk of {place} is full: free some space and run the same command again."
        case errno.EDQUOT:
            return f"Your share of the disk of {place} is used up: free some space and run the same command again."
        case errno.EROFS:
            return f"{place} lies on a disk that can only be read: name another folder."
        case errno.EACCES | errno.EPERM:
            return f"{place} may not be written: ask the folder's owner for permission, or name another folder."
        case errno.EISDIR:
            return f"Wanted to write the file {place}, found a folder of that name: name another file."
        case errno.ENOTDIR | errno.EEXIST:
            return f"Wanted to write {place}, found a file where a folder of it should be: name another folder."
    return f"Wanted to write {place}, but could not ({error.strerror or error}): check folder and disk."


def _new_part(target: Path) -> Path:
    handle, part = tempfile.mkstemp(_SUFFIX, f"{_stem(target)}{os.getpid()}.", target.parent)
    os.close(handle)
    return Path(part)


def _stem(target: Path) -> str:
    return f"{_PREFIX}{target.name[:_NAME_CHARACTERS]}."


def _remove_leftovers(target: Path) -> None:
    """Remove parts of this target whose writers are gone; those of a process that runs are its own business."""
    stem = _stem(target)
    for part in target.parent.iterdir():
        if part.name.startswith(stem) and part.name.endswith(_SUFFIX):
            writer, _, rest = part.name.removeprefix(stem).partition(".")
            if writer.isdecimal() and rest.count(".") == 1 and not _runs(int(writer)):
                part.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    import psutil  # where it is needed: this module is part of every start

    return bool(psutil.pid_exists(pid))


def sync_files(folder: Path) -> None:
    """Return once the files of a folder, their names and its own are on the disk, as far as they are in it already.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     n = Path(folder, "clip.bin").write_bytes(b"ftyp")
    ...     sync_files(Path(folder))
    """
    for path in folder.iterdir():
        _sync_file(path)
    sync_names(folder)
    sync_names(folder.parent)


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_names(folder: Path) -> None:
    """Return once the names in a folder are on the disk.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sync_names(Path(folder))
    """
    if os.name != "posix":  # elsewhere a folder cannot be opened, and the rename is journalled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
