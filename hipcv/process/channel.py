"""Values sent through a pipe between two of hipcv's own processes."""

import pickle
import struct
from typing import IO

_LENGTH = struct.Struct(">Q")


def send(pipe: IO[bytes], value: object) -> None:
    """Write one value; an OSError says that the other end is gone.

    Examples
    --------
    >>> import io
    >>> pipe = io.BytesIO()
    >>> send(pipe, {"frames": 12})
    >>> position = pipe.seek(0)
    >>> receive(pipe)
    {'frames': 12}
    """
    packed = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(_LENGTH.pack(len(packed)))
    pipe.write(packed)
    pipe.flush()


def receive(pipe: IO[bytes]) -> object:
    """Read one value; an EOFError says that the other end is gone.

    Examples
    --------
    >>> import io
    >>> receive(io.BytesIO())
    Traceback (most recent call last):
        ...
    EOFError
    """
    (length,) = _LENGTH.unpack(_read(pipe, _LENGTH.size))
    return pickle.loads(_read(pipe, length))  # noqa: S301 - only hipcv's own processes hold the other end


def _read(pipe: IO[bytes], n_bytes: int) -> bytearray:
    got = bytearray()
    while len(got) < n_bytes:
        piece = pipe.read(n_bytes - len(got))  # an unbuffered pipe gives what it has
        if not piece:
            raise EOFError
        got += piece
    return got
