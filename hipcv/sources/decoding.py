"""Compressed packets to pictures: what cannot be decoded is counted, never handed on."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from pathlib import Path

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hipcv.sources.container import refusal

#: Packets come in the order in which they are decoded; none is shown before one that comes so many later (H.264 and
#: HEVC hold back 16 pictures at most).
_N_REORDERED = 32


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A picture that nobody looks at and none other is made of: it was not decoded.

    Attributes
    ----------
    stamp_s : its own time stamp in seconds.
    """

    stamp_s: Fraction


@dataclass(slots=True)
class DecodeCounts:
    """What became of the packets of a picture stream.

    Attributes
    ----------
    n_packets : packets read from the file.
    n_hidden : packets that the container itself keeps from being shown, as after trimming on a phone.
    n_damaged : packets that the container itself marks as damaged; their pictures may look sound.
    n_unreadable : packets that the decoder refused.
    n_decoded : pictures that came out of the decoder, damaged ones too.
    n_corrupt : pictures that came out visibly damaged, or may have.
    n_passed : pictures that nobody looks at and that did not come out: none other is made of them.
    broke_off : whether reading the file ended with an error instead of its end.
    """

    n_packets: int = 0
    n_hidden: int = 0
    n_damaged: int = 0
    n_unreadable: int = 0
    n_decoded: int = 0
    n_corrupt: int = 0
    n_passed: int = 0
    broke_off: bool = False


def decode_pictures(
    container: InputContainer,
    stream: VideoStream,
    counts: DecodeCounts,
    path: Path,
    is_wanted: Callable[[Fraction], bool] | None = None,
) -> Iterator[VideoFrame | PassedOver]:
    """Yield the pictures of a stream in the order in which they are shown, damaged ones too, and keep `counts`.

    Parameters
    ----------
    is_wanted : says of every stamp in seconds, in the order in which they are shown, whether somebody looks at its
        picture; of the others only those are decoded that further ones are made of. All are wanted where it is None.

    Raises
    ------
    SourceError
        Where the pictures are encrypted.
    """
    passed: list[Fraction] = []
    for packet, wanted in _planned(read_packets(container, stream, counts), is_wanted):
        if packet.has_sidedata("encryption_info"):
            advice = "give the recording as the camera made it, or export it without copy protection"
            raise refusal(path, "an encrypted video", advice)
        stream.codec_context.skip_frame = "DEFAULT" if wanted else "NONREF"
        if not wanted:
            passed_s = stamp_s(packet)
            assert passed_s is not None
            heappush(passed, passed_s)
        try:
            pictures = packet.decode()
        except FFmpegError:
            counts.n_unreadable += 1
            continue
        for picture in pictures:
            yield from _before(passed, stamp_s(picture), counts)
            counts.n_decoded += 1
            counts.n_corrupt += picture.is_corrupt
            yield picture
    yield from _before(passed, None, counts)


def stamp_s(shown: "VideoFrame | Packet[VideoStream]") -> Fraction | None:
    """Return a picture's own time stamp in seconds, or that of its packet; None where it has none."""
    return None if shown.pts is None or shown.time_base is None else shown.pts * shown.time_base


def _before(passed: list[Fraction], until_s: Fraction | None, counts: DecodeCounts) -> Iterator[PassedOver]:
    """Yield what is shown before a stamp (None: the end) and did not come out; `passed` is a heap of what may not."""
    while passed and (until_s is None or passed[0] < until_s):
        counts.n_passed += 1
        yield PassedOver(heappop(passed))
    if passed and passed[0] == until_s:  # others are made of it
        heappop(passed)


def _planned(
    packets: "Iterator[Packet[VideoStream]]", is_wanted: Callable[[Fraction], bool] | None
) -> "Iterator[tuple[Packet[VideoStream], bool]]":
    """Yield packets with whether they are decoded in any case: wanted, hidden, damaged or without a stamp."""
    if is_wanted is None:
        yield from ((packet, True) for packet in packets)
        return
    waiting: deque[Packet[VideoStream]] = deque()
    undecided: list[Fraction] = []
    unwanted: set[Fraction] = set()

    def take_first() -> "tuple[Packet[VideoStream], bool]":
        packet = waiting.popleft()
        at_s = stamp_s(packet)
        while undecided and at_s is not None and undecided[0] <= at_s:
            stamp = heappop(undecided)
            if not is_wanted(stamp):
                unwanted.add(stamp)
        wanted = at_s not in unwanted
        unwanted.discard(at_s)
        return packet, wanted

    for packet in packets:
        at_s = stamp_s(packet)
        if packet.size and at_s is not None and not (packet.is_discard or packet.is_corrupt):
            heappush(undecided, at_s)
        waiting.append(packet)
        if len(waiting) > _N_REORDERED:
            yield take_first()
    while waiting:
        yield take_first()


def read_packets(
    container: InputContainer, stream: VideoStream, counts: DecodeCounts
) -> "Iterator[Packet[VideoStream]]":
    """Yield the packets of a stream, at the end an empty one, and keep `counts`; damage ends it early."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except FFmpegError:
            counts.broke_off = True
            return
        except IndexError:
            # Streams that appear midway, as in a damaged MPEG-TS, make PyAV 18.1 look for them at the very end, in its
            # list of those that were there at the beginning; ours was, and all of it has come by then.
            return
        # the last packet is empty and asks the decoder for what it still holds
        if packet.size:
            counts.n_packets += 1
            counts.n_hidden += packet.is_discard
            counts.n_damaged += packet.is_corrupt
        yield packet
