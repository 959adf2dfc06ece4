"""Compressed packets to pictures: what cannot be decoded is counted, never handed on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hipcv.sources.container import refusal


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
    broke_off : whether reading the file ended with an error instead of its end.
    """

    n_packets: int = 0
    n_hidden: int = 0
    n_damaged: int = 0
    n_unreadable: int = 0
    n_decoded: int = 0
    n_corrupt: int = 0
    broke_off: bool = False


def decode_pictures(
    container: InputContainer, stream: VideoStream, counts: DecodeCounts, path: Path
) -> Iterator[VideoFrame]:
    """Yield the pictures of a stream in the order in which they are shown, damaged ones too, and keep `counts`.

    Raises
    ------
    SourceError
        Where the pictures are encrypted.
    """
    for packet in read_packets(container, stream, counts):
        if packet.has_sidedata("encryption_info"):
            advice = "give the recording as the camera made it, or export it without copy protection"
            raise refusal(path, "an encrypted video", advice)
        try:
            pictures = packet.decode()
        except FFmpegError:
            counts.n_unreadable += 1
            continue
        for picture in pictures:
            counts.n_decoded += 1
            counts.n_corrupt += picture.is_corrupt
            yield picture


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
