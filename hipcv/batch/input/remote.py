"""Recordings that do not lie on a disk: anything that fsspec reaches by URL (s3://, smb://, https://, zip://…)."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING

from hipcv.core.errors import OutputError, SourceError
from hipcv.files import is_full

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_PIECE_BYTES = 1 << 20


def is_url(text: str) -> bool:
    """Whether a recording is named by URL rather than by path.

    Examples
    --------
    >>> is_url("s3://clips/a.mp4"), is_url("/clips/a.mp4"), is_url("C://clips/a.mp4")
    (True, False, False)
    """
    scheme, separator, _ = text.partition("://")
    return bool(separator) and len(scheme) > 1 and scheme.replace("+", "").replace("::", "").isalnum()


def list_urls(url: str) -> list[str]:
    """Return the URLs of everything below a folder or matching a glob, sorted; the URL itself where it is a file.

    Raises
    ------
    SourceError
        Where it cannot be reached.

    Examples
    --------
    >>> import fsspec
    >>> fsspec.filesystem("memory").pipe("/listed/a.mp4", b"picture")
    >>> list_urls("memory://listed")
    ['memory:///listed/a.mp4']
    """
    with _one_sentence(url):
        system, path = _open_system(url)
        if any(sign in path for sign in "*?["):
            paths = system.glob(path)
        elif system.isdir(path):
            paths = system.find(path)
        else:
            return [url]
        return sorted(_chained(url, system.unstrip_protocol(found)) for found in paths)


def stamp_of(url: str) -> str:
    """Return a text that changes when the file changes: its size and what its home says of its version; "" if nothing.

    Raises
    ------
    SourceError
        Where it cannot be reached.

    Examples
    --------
    >>> import fsspec
    >>> fsspec.filesystem("memory").pipe("/stamped/a.mp4", b"picture")
    >>> stamp_of("memory://stamped/a.mp4")  # its home says nothing of versions
    ''
    """
    with _one_sentence(url):
        system, path = _open_system(url)
        facts = system.info(path)
    known_as = ("ETag", "etag", "mtime", "LastModified", "last_modified")
    version = next((facts[name] for name in known_as if name in facts), "")
    return f"{facts.get('size')} {version}" if version else ""


def n_bytes_of(url: str) -> int:
    """Return the size in bytes, 0 where its home does not say; errors as in `stamp_of`.

    Examples
    --------
    >>> import fsspec
    >>> fsspec.filesystem("memory").pipe("/sized/a.mp4", b"picture")
    >>> n_bytes_of("memory://sized/a.mp4")
    7
    """
    with _one_sentence(url):
        system, path = _open_system(url)
        return int(system.size(path) or 0)


def sha256_of_url(url: str) -> str:
    """Return the SHA-256 of the bytes in hexadecimal, read piece by piece; errors as in `stamp_of`.

    Examples
    --------
    >>> import fsspec
    >>> fsspec.filesystem("memory").pipe("/hashed/a.mp4", b"picture")
    >>> sha256_of_url("memory://hashed/a.mp4") == hashlib.sha256(b"picture").hexdigest()
    True
    """
    digest = hashlib.sha256()
    with _one_sentence(url):
        system, path = _open_system(url)
        with system.open(path, "rb") as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
    return digest.hexdigest()


@contextmanager
def local_copy(url: str) -> Iterator[Path]:
    """Give a copy on this machine's disk for as long as the `with` block runs; errors as in `stamp_of`.

    Examples
    --------
    >>> import fsspec
    >>> fsspec.filesystem("memory").pipe("/copied/a.mp4", b"picture")
    >>> with local_copy("memory://copied/a.mp4") as copy:
    ...     copy.name, copy.read_bytes()
    ('recording.mp4', b'picture')
    >>> copy.exists()
    False
    """
    with TemporaryDirectory(prefix="hipcv-") as folder:
        copy = Path(folder) / ("recording" + PurePosixPath(url).suffix)
        with _one_sentence(url):
            system, path = _open_system(url)
            with system.open(path, "rb") as file, copy.open("wb") as out:
                shutil.copyfileobj(file, out, _PIECE_BYTES)
        yield copy


def _open_system(url: str) -> "tuple[AbstractFileSystem, str]":
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise SourceError(f"Wanted {url}, but URLs need fsspec: pip install 'hipcv[cluster]'.") from error
    system, path = url_to_fs(url)
    return system, path


def _chained(asked: str, found: str) -> str:
    """Return a found URL with the rest of a chained one: what lies in zip://…::s3://… is only there inside its zip."""
    _, separator, rest = asked.partition("::")
    return f"{found}{separator}{rest}"


@contextmanager
def _one_sentence(url: str) -> Iterator[None]:
    try:
        yield
    except SourceError:
        raise
    except ImportError as error:
        raise SourceError(f"Wanted {url}, but its kind of address needs one package more: {error}.") from error
    except FileNotFoundError as error:
        raise SourceError(f"Wanted a recording at {url}, found no such file: check the address.") from error
    # every kind of storage has its own exceptions; to the user they are all one: it cannot be reached
    except Exception as error:
        if isinstance(error, OSError) and is_full(error):
            place = gettempdir()
            raise OutputError(f"The disk of {place} is full, {url} cannot be copied there: free some space.") from error
        reason = str(error).split("\n", 1)[0] or type(error).__name__
        raise SourceError(f"Wanted a recording at {url}, but it cannot be reached ({reason}): check it.") from error
