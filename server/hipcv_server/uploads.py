"""Takes an upload apart while it comes in: fields into memory, the file or the pictures straight to the disk."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

from hipcv_server.problems import ProblemError

MAX_FIELDS, MAX_FIELD_BYTES = 32, 1024
#: Pictures that may come instead of one recording.
MAX_PICTURES = 24
#: Bytes of which the first tell what a file is.
_HEAD_BYTES = 4096

_PICTURES = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
_OTHERS = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\x1f\x8b": "a compressed archive",
    b"7z\xbc\xaf": "a compressed archive",
    b"Rar!": "a compressed archive",
    b"MZ": "a program",
    b"\x7fELF": "a program",
    b"#EXTM3U": "a playlist or other list",
    b"ffconcat": "a playlist or other list",
    b"#!": "a script",
    b"ID3": "only sound",
    b"fLaC": "only sound",
}
_ADVICE = {False: "give the video file itself", True: "give a video, or say that it is a still"}
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"moof", b"styp")
#: Brands of ISO files that hold a picture and no video: HEIC and its kin.
_STILL_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif")
_CONTAINERS = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"OggS",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"\x00\x00\x01\xb3",
    b"GIF8",
)


def what_it_is(head: bytes) -> str | None:
    """Return None where the first bytes are those of a video container, else in words what they seem to be.

    Examples
    --------
    >>> what_it_is(bytes(4) + b"ftypisom"), what_it_is(b""), what_it_is(bytes([0x89]) + b"PNG")
    (None, 'an empty file', 'a picture (PNG)')
    """
    if not head:
        return "an empty file"
    if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS:
        return "a picture (HEIC)"
    if head[4:8] in _BOXES or head.startswith(_CONTAINERS) or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return None
    if head[:1] == b"\x47" and (head[188:189] in (b"", b"\x47")):  # MPEG transport stream
        return None
    if head[4:5] == b"\x47" and head[196:197] in (b"", b"\x47"):  # the same as Blu-ray cameras write it
        return None
    for magic, name in _PICTURES.items():
        if head.startswith(magic):
            return f"a picture ({name})"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a picture (WebP)"
    for magic, found in _OTHERS.items():
        if head.startswith(magic):
            return found
    try:
        head[: _HEAD_BYTES - 4].decode("utf-8")
    except UnicodeDecodeError:
        return "no video that can be read"
    return "text"


@dataclass(slots=True)
class Upload:
    """What came in: the fields in their order, how many files, and how large they were together."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    n_files: int = 0
    n_bytes: int = 0

    def options(self) -> dict[str, Any]:
        """Return the fields by name; `vertical` is a list, any other field may come once.

        Examples
        --------
        >>> Upload([("test", "seated"), ("vertical", "1,2,3,4"), ("vertical", "5,6,7,8")]).options()
        {'test': 'seated', 'vertical': ['1,2,3,4', '5,6,7,8']}
        """
        found: dict[str, Any] = {}
        for name, value in self.fields:
            if name == "vertical":
                found.setdefault(name, []).append(value)
            elif name in found:
                detail = f"The field {name!r} came twice: send it once."
                raise ProblemError("wrong_arguments", detail, more={"errors": [{"field": name, "detail": detail}]})
            else:
                found[name] = value
        return found


class _Taker:
    """Receives what the parser finds."""

    def __init__(self, upload: Upload, max_bytes: int) -> None:
        self.upload = upload
        self.pieces: list[tuple[int, bytes]] = []  # of which file, from 0
        self._max_bytes = max_bytes
        self._header = (b"", b"")
        self._headers: dict[bytes, bytes] = {}
        self._name: str | None = None
        self._value = bytearray()
        self.ended = False

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._part_begin,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_end": self._end,
        }

    def _part_begin(self) -> None:
        self._headers, self._header = {}, (b"", b"")
        self._name, self._value = None, bytearray()

    def _header_field(self, piece: bytes, start: int, end: int) -> None:
        self._header = (self._header[0] + piece[start:end], self._header[1])

    def _header_value(self, piece: bytes, start: int, end: int) -> None:
        self._header = (self._header[0], self._header[1] + piece[start:end])

    def _header_end(self) -> None:
        self._headers[self._header[0].lower()] = self._header[1]
        self._header = (b"", b"")

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options or name == "file":
            if name != "file" or self.upload.n_files >= MAX_PICTURES:
                wanted = f"one recording, or up to {MAX_PICTURES} stills, in the part `file`"
                raise ProblemError("bad_request", f"Wanted {wanted}, found another file part.")
            self.upload.n_files += 1
        elif not name or len(self.upload.fields) >= MAX_FIELDS:
            raise ProblemError("bad_request", f"Wanted at most {MAX_FIELDS} fields, each with a name, found others.")
        else:
            self._name = name

    def _part_data(self, piece: bytes, start: int, end: int) -> None:
        if self._name is None:
            self.upload.n_bytes += end - start
            if self.upload.n_bytes > self._max_bytes:
                detail = (
                    f"Wanted a recording of at most {self._max_bytes // 1_000_000} MB, found a larger one: "
                    "export it with 1080p or less, or cut it to the test itself."
                )
                raise ProblemError("too_large", detail)
            self.pieces.append((self.upload.n_files - 1, piece[start:end]))
            return
        self._value += piece[start:end]
        if len(self._value) > MAX_FIELD_BYTES:
            raise ProblemError("bad_request", f"The field {self._name[:40]!r} is longer than {MAX_FIELD_BYTES} bytes.")

    def _part_end(self) -> None:
        if self._name is not None:
            try:
                self.upload.fields.append((self._name, self._value.decode("utf-8")))
            except UnicodeDecodeError:
                raise ProblemError("bad_request", f"The field {self._name[:40]!r} is not UTF-8 text.") from None

    def _end(self) -> None:
        self.ended = True


async def receive(content_type: str, body: AsyncIterator[bytes], target: Path, max_bytes: int) -> Upload:
    """Write the file part of a form to `target` as it comes in, further pictures beside it, and return the fields.

    Parameters
    ----------
    content_type : of the request.
    body : its pieces.
    target : a new file; its folder exists.
    max_bytes : largest recording.

    Raises
    ------
    ProblemError
        bad_request, too_large or not_a_video; what was written is the caller's to delete.

    Examples
    --------
    >>> import asyncio
    >>> from tempfile import TemporaryDirectory
    >>> async def nothing():
    ...     yield b""
    >>> with TemporaryDirectory() as folder:
    ...     asyncio.run(receive("text/plain", nothing(), Path(folder, "clip.bin"), 1000))
    Traceback (most recent call last):
        ...
    hipcv_server.problems.ProblemError: Wanted multipart/form-data with a recording in the part `file`.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise ProblemError("bad_request", "Wanted multipart/form-data with a recording in the part `file`.")
    taker, heads = _Taker(Upload(), max_bytes), {0: bytearray()}
    try:
        parser = MultipartParser(boundary, taker.callbacks())
        with ExitStack() as open_files:
            files = [open_files.enter_context(target.open("xb"))]
            async for piece in body:
                parser.write(piece)
                for n_file, part in taker.pieces:
                    while len(files) <= n_file:
                        files.append(open_files.enter_context(beside(target, len(files)).open("xb")))
                    heads[n_file] = _sniff(heads.get(n_file, bytearray()), part)
                    await anyio.to_thread.run_sync(_write, files[n_file], part)
                taker.pieces = []
            parser.finalize()
    except (FormParserError, ValueError) as error:
        raise ProblemError("bad_request", "The form is damaged or broke off: send it again.") from error
    if not taker.ended:
        raise ProblemError("bad_request", "The form broke off before its end: send it again.")
    if not taker.upload.n_files:
        raise ProblemError("bad_request", "Wanted a recording in the part `file`, found none.")
    _check([what_it_is(bytes(heads.get(n, b""))) for n in range(taker.upload.n_files)], taker.upload)
    return taker.upload


def beside(target: Path, n: int) -> Path:
    """Return the place of a further picture of one upload; n counts from 1.

    Examples
    --------
    >>> beside(Path("clip.bin"), 1).name
    'clip.bin, picture 02'
    """
    return target.with_name(f"{target.name}, picture {n + 1:02d}")


def files_of(clip: Path) -> tuple[Path, ...]:
    """Return the files that were handed in together, in their order; `clip` is the first.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("clip.bin, picture 02", "clip.bin"):
    ...         Path(folder, name).touch()
    ...     [path.name for path in files_of(Path(folder, "clip.bin"))]
    ['clip.bin', 'clip.bin, picture 02']
    """
    return tuple(sorted(clip.parent.iterdir()))


def _sniff(head: bytearray, piece: bytes) -> bytearray:
    """Collect the first bytes, and refuse at once what is neither video nor picture."""
    if len(head) >= _HEAD_BYTES:
        return head
    head += piece[: _HEAD_BYTES - len(head)]
    if len(head) >= _HEAD_BYTES:
        found = what_it_is(bytes(head))
        _refuse(None if _is_picture(found) else found)
    return head


def _is_picture(found: str | None) -> bool:
    return found is not None and found.startswith("a picture")


def _check(found: list[str | None], upload: Upload) -> None:
    """Refuse files that are not what the fields say: stills are pictures, and of videos there is one."""
    if dict(upload.fields).get("still", "").lower() in ("true", "1", "on", "yes"):
        other = next((what for what in found if not _is_picture(what)), "")
        if other != "":
            what = other or "a video"
            raise ProblemError("not_a_video", f"Wanted pictures of the test in the upload, found {what}.")
        return
    _refuse(next((what for what in found if what is not None), None))
    if len(found) > 1:
        detail = f"Wanted one recording in the part `file`, found {len(found)}: send each by itself."
        raise ProblemError("bad_request", detail)


def _refuse(found: str | None) -> None:
    if found is not None:
        raise ProblemError(
            "not_a_video", f"Wanted a video of the test in the upload, found {found}: {_ADVICE[_is_picture(found)]}."
        )


def _write(file: IO[bytes], piece: bytes) -> None:
    file.write(piece)
