"""The cases that are run apart: hostile recordings through the doors that real ones come through."""

import contextlib
import io
import json
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from mutants import OPERATORS, Mutant, damage, mutants

import hipcv.cli
import hipcv.history.since  # loaded once, before the first fork, as are the next two
import hipcv.measurement
import hipcv.outputs.text
from hipcv.core.errors import HipcvError
from hipcv.measurement import check_reading
from hipcv.models.store import get_model
from hipcv.pose.legs.interpreter import FloatPicture, LiteRTInterpreter, Outputs
from hipcv.sources.video import open_video
from hipcv.words import ModelName
from hipcv_server.settings import UploadLimits
from hipcv_server.worker import _measure_extent

Case = tuple[str, Callable[[], Any]]


def is_one_sentence(text: str) -> bool:
    """Whether a refusal is one line that ends as a sentence does and shows no insides."""
    return bool(text) and "\n" not in text and text.endswith((".", "!")) and "Traceback" not in text


def read(path: Path) -> dict[str, Any]:
    """Read a recording to its end, as measuring it does."""
    try:
        with open_video(path) as video:
            n_frames = sum(1 for _ in video)
            assert video.report is not None
            told = [finding.code.value for finding in check_reading(video.report)]
    except HipcvError as error:
        return {"refused": str(error), "typed": is_one_sentence(str(error))}
    return {"n_frames": n_frames, "told": told, "typed": True}


def measure(path: Path) -> dict[str, Any]:
    """Measure a recording as the command line does, to the exit status."""
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["hipcv", "measure", str(path), "--test", "seated", "--model", "lite", "--json", "--quiet"]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            hipcv.cli.main()
            status: Any = 0
        except SystemExit as error:
            status = error.code
    said, errors = out.getvalue(), err.getvalue()
    if status in (0, 1):
        typed = errors == "" and json.loads(said)["status"] == ("measured" if status == 0 else "not_measured")
    else:
        typed = status == 3 and said == "" and is_one_sentence(errors.removesuffix("\n"))
    return {"status": status, "errors": errors[-300:], "said": said if status == 0 else "", "typed": typed}


def _on_disk(mutant: Mutant, look: Callable[[Path], Any]) -> Callable[[], Any]:
    def call() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"clip.{mutant.kind.partition('.')[2]}")
            path.write_bytes(mutant.content)
            return look(path)

    return call


def read_mutants(n: int, first: int = 0) -> Iterator[Case]:
    """Yield mutants that are read."""
    for mutant in mutants(n, first=first):
        yield mutant.name, _on_disk(mutant, read)


def measure_mutants(n: int, n_seen: int) -> Iterator[Case]:
    """Yield mutants that are measured: the first of them truly, the others by networks that look only once."""
    get_model(ModelName.LITE)
    for k, mutant in enumerate(mutants(n)):
        yield mutant.name, _on_disk(mutant, measure if k < n_seen else _measure_at_a_glance)


def _measure_at_a_glance(path: Path) -> dict[str, Any]:
    """Measure with networks that say of every picture what they say of the first: all else is as it is."""
    plain, said = LiteRTInterpreter.__call__, {}

    def call(network: LiteRTInterpreter, picture: FloatPicture) -> Outputs:
        if id(network) not in said:
            said[id(network)] = plain(network, picture)
        return said[id(network)]

    LiteRTInterpreter.__call__ = call
    return measure(path)


def read_files(paths: list[str]) -> Iterator[Case]:
    """Yield recordings that are there."""
    for path in paths:
        yield path, lambda path=path: read(Path(path))


def measure_known(n: int, clip: str, first: int = 0) -> Iterator[Case]:
    """Yield what damage makes of a recording whose angle is known; what nothing doubts is told as `silent`."""
    get_model(ModelName.LITE)
    content, operators = Path(clip).read_bytes(), list(OPERATORS)
    for seed in range(first, first + n):
        operator = operators[seed % len(operators)]
        mutant = Mutant("h264.mp4", operator, seed, damage(content, operator, seed))
        yield mutant.name, _on_disk(mutant, _measure_silently)


def _measure_silently(path: Path) -> dict[str, Any]:
    told = measure(path)
    if told["status"] != 0:
        return told
    document = json.loads(told.pop("said"))
    doubted = {finding["side"] for finding in document["findings"] if finding["severity"] != "note"}
    sides = {side: document["sides"][side]["motions"]["internal"]["end_range_deg"] for side in ("left", "right")}
    silent = {side: value for side, value in sides.items() if value is not None and not doubted & {None, side}}
    return told | {"silent": silent}


# ---------------------------------------------------------------------------------------------------------- references

#: What calls itself a recording and refers to another: {secret} is a file beside it, {home} a server on this machine.
REFERENCES = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
    "hls of a server": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{home}/a.ts\n#EXT-X-ENDLIST\n",
    "hls with a key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{home}/key"\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n',
    "hls with a map": '#EXTM3U\n#EXT-X-MAP:URI="{secret}"\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n',
    "concat": "ffconcat version 1.0\nfile '{secret}'\n",
    "concat of a server": "ffconcat version 1.0\nfile '{home}/a.mp4'\n",
    "concat by protocol": "concat:{secret}|{secret}\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation>'
    "<BaseURL>{home}/a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "smil": '<smil><body><video src="{home}/a.mp4"/></body></smil>',
    "subtitles": "1\n00:00:00,000 --> 00:00:09,000\n{home}\n",
    "imagelist": "{secret}\n{secret}\n",
}


def references(folder: str, home: str) -> Iterator[Case]:
    """Yield references under the name of a recording and under their own; `folder` holds the secret recording."""
    for name, text in REFERENCES.items():
        for ending in ("mp4", "mkv"):
            path = Path(folder, f"{name}.{ending}")
            path.write_text(text.format(secret=Path(folder, "secret.mp4"), home=home), "utf-8")
            yield f"{name} as {ending}", lambda path=path: read(path)


# --------------------------------------------------------------------------------------------------------------- bombs


def _movie(path: Path, sizes: list[tuple[int, int]], codec: str = "mjpeg", stamps: list[int] | None = None) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height = sizes[0]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.time_base = Fraction(1, 30)
        for n, (width, height) in enumerate(sizes):
            frame = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="rgb24")
            frame.pts = n if stamps is None else stamps[n]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _packets(path: Path, n: int, step: int, rate: int = 1000) -> Path:
    """Write one coded picture time and again: a small file of many frames."""
    once = _movie(path.with_suffix(".avi"), [(64, 48)])
    with av.open(str(once)) as source, av.open(str(path), "w") as target:
        packet = next(source.demux(video=0))
        stream = target.add_stream_from_template(source.streams.video[0])
        for k in range(n):
            again = av.Packet(bytes(packet))
            again.stream, again.pts, again.dts, again.time_base = stream, k * step, k * step, Fraction(1, rate)
            again.is_keyframe = True
            target.mux(again)
    return path


def _small(folder: Path) -> Path:
    return _movie(folder / "a.mp4", [(64, 48)] * 9, "mpeg4")


def _patched(path: Path, name: bytes, at: int, value: int) -> Path:
    """Let the first box of a name claim another number."""
    data = bytearray(path.read_bytes())
    where = data.index(name) + 4 + at
    data[where : where + 4] = struct.pack(">I", value)
    path.write_bytes(data)
    return path


def _streams(path: Path, n: int) -> Path:
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("mjpeg", rate=30) for _ in range(n)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
        for stream in streams:
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            container.mux([*stream.encode(picture), *stream.encode()])
    return path


BOMBS: dict[str, Callable[[Path], Path]] = {
    "25 million pixels": lambda at: _movie(at / "a.mov", [(5008, 5008)]),
    "a strip of 30,000 pixels": lambda at: _movie(at / "a.mov", [(30000, 400)]),
    "large h264": lambda at: _movie(at / "a.mp4", [(4608, 2560)] * 3, "libx264"),
    "40,000 frames": lambda at: _packets(at / "a.mkv", 40_000, 1),
    "40,000 frames in mp4": lambda at: _packets(at / "a.mov", 40_000, 33),
    "25 hours": lambda at: _packets(at / "a.mkv", 3000, 30_000),
    "300 streams": lambda at: _streams(at / "a.mkv", 300),
    "a size that grows in mid-stream": lambda at: _grown(at),
    "a forged number of samples": lambda at: _patched(_movie(at / "a.mp4", [(64, 48)] * 9, "mpeg4"), b"stsz", 8, 2**31),
    "a forged duration": lambda at: _patched(_movie(at / "a.mp4", [(64, 48)] * 9, "mpeg4"), b"mvhd", 16, 2**32 - 1),
    "a forged number of spacings": lambda at: _patched(
        _movie(at / "a.mp4", [(64, 48)] * 9, "mpeg4"), b"stts", 4, 2**32 - 1
    ),
    "a box of 4 GB": lambda at: _patched(_movie(at / "a.mp4", [(64, 48)] * 9, "mpeg4"), b"ftyp", -8, 2**32 - 1),
}


def _grown(folder: Path) -> Path:
    """Join a small and a huge picture of one codec into a stream without a header."""
    small, large = (_movie(folder / f"{n}.avi", [size]) for n, size in enumerate(((64, 48), (5008, 5008))))
    with av.open(str(folder / "a.avi"), "w") as target:
        stream = None
        for n, path in enumerate((small, small, large, large)):
            with av.open(str(path)) as source:
                packet = next(source.demux(video=0))
                stream = stream or target.add_stream_from_template(source.streams.video[0])
                again = av.Packet(bytes(packet))
                again.stream, again.pts, again.dts, again.time_base = stream, n, n, Fraction(1, 30)
                target.mux(again)
    return folder / "a.avi"


def bombs(folder: str) -> Iterator[Case]:
    """Yield small files that ask for much, as a server's worker opens them."""
    for n, (name, make) in enumerate(BOMBS.items()):
        place = Path(folder, str(n))
        place.mkdir()
        path = make(place)
        yield name, lambda path=path: _as_worker(path)


def _as_worker(path: Path) -> dict[str, Any]:
    try:
        _measure_extent(path, UploadLimits())
    except HipcvError as error:
        return {"refused": str(error), "typed": is_one_sentence(str(error))}
    return read(path)
