"""Recorded files become upright pictures at true times, and what is no recording is refused in one sentence."""

import gc
import hashlib
import os
import random
import threading
import time
import weakref
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hipcv.core.errors import SourceError
from hipcv.sources.readahead import read_ahead
from hipcv.sources.timing import LONGEST_LEAP_S, MAX_STALLED_STAMPS, FrameClock
from hipcv.sources.video import Frame, VideoFile, open_video

Picture = NDArray[np.uint8]

WIDTH, HEIGHT, CELL = 160, 96, 20
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
LOSSLESS = {"codec": "ffv1", "pixels": "bgr0"}
KEY = {
    "encryption_scheme": "cenc-aes-ctr",
    "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
    "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
}


def numbered(index: int) -> Picture:
    """Draw a picture with a colour in each corner and `index` in eight cells, black for 0 and white for 1."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for bit in range(8):
        picture[38:58, bit * CELL : (bit + 1) * CELL] = 255 * (index >> bit & 1)
    picture[:CELL, :CELL], picture[:CELL, -CELL:] = RED, GREEN
    picture[-CELL:, :CELL], picture[-CELL:, -CELL:] = BLUE, WHITE
    return picture


def number_in(rgb: Picture) -> int:
    """Read what `numbered` wrote, whatever the picture's size."""
    cells = cv2.resize(rgb, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)[42:54].astype(float).mean(axis=(0, 2))
    return sum(1 << bit for bit in range(8) if cells[bit * CELL + 5 : (bit + 1) * CELL - 5].mean() > 127)


def corners(rgb: Picture) -> list[tuple[int, ...]]:
    """Return the pure colours of the corners: top left, top right, bottom left, bottom right."""
    inset = 8
    spots = (rgb[inset, inset], rgb[inset, -inset], rgb[-inset, inset], rgb[-inset, -inset])
    return [tuple(255 if value > 127 else 0 for value in spot) for spot in spots]


def write(
    path: Path,
    pictures: Sequence[Picture],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    rate: Fraction | int = 30,
    stamps: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    coding: dict[str, str] | None = None,
    turn_deg: float | None = None,
    flip: bool = False,
    pixel_aspect: Fraction | None = None,
    tags: dict[str, str] | None = None,
    container: str | None = None,
) -> Path:
    """Write a recording; `stamps` are in frames of the nominal rate."""
    with av.open(str(path), "w", format=container, options=options or {}) as output:
        output.metadata.update(tags or {})
        stream = output.add_stream(codec, rate=rate, options=coding or {})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixels
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if turn_deg is not None:
            stream.set_display_rotation(turn_deg, hflip=flip)
        packets = []
        for picture in pictures:
            packets += stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24" if picture.ndim == 3 else "gray"))
        packets += stream.encode()
        for position, packet in enumerate(packets):
            if stamps is not None:
                packet.time_base = 1 / Fraction(rate)
                packet.pts = packet.dts = stamps[position]
            output.mux(packet)
    return path


def numbers(n: int) -> list[Picture]:
    return [numbered(index) for index in range(n)]


def read(path: Path, **options: float) -> tuple[VideoFile, list[Frame]]:
    with open_video(path, **options) as video:
        frames = list(video)
    return video, frames


def times(path: Path, **options: float) -> list[float]:
    return [frame.time_s for frame in read(path, **options)[1]]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a sound recording of 60 numbered frames, its index in front."""
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    return write(path, numbers(60), options={"movflags": "faststart"}, coding={"g": "15"})


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


class TestPictures:
    @pytest.mark.parametrize(
        ("name", "codec", "pixels"),
        [
            ("a.mp4", "libx264", "yuv420p"),
            ("a.mov", "mjpeg", "yuvj420p"),
            ("hdr.mp4", "libx265", "yuv420p10le"),
            ("a.webm", "libvpx-vp9", "yuv420p"),
            ("a.mkv", "ffv1", "bgr0"),
            ("a.avi", "mpeg4", "yuv420p"),
            ("a.ts", "mpeg2video", "yuv420p"),
            ("a.flv", "flv", "yuv420p"),
            ("a.wmv", "wmv2", "yuv420p"),
            ("a.gif", "gif", "rgb8"),
        ],
    )
    def test_come_whole_in_order_and_in_their_colours(self, tmp_path: Path, name: str, codec: str, pixels: str) -> None:
        quiet = {"x265-params": "log-level=none"} if codec == "libx265" else None
        video, frames = read(write(tmp_path / name, numbers(20), codec=codec, pixels=pixels, coding=quiet))
        assert [number_in(frame.rgb) for frame in frames] == list(range(20))
        assert [frame.index for frame in frames] == list(range(20))
        for frame in frames:
            assert corners(frame.rgb) == [RED, GREEN, BLUE, WHITE]
            assert frame.rgb.shape == (video.info.height_px, video.info.width_px, 3)
            assert frame.rgb.dtype == np.uint8
            assert frame.rgb.flags.c_contiguous
        assert video.info.nominal_fps_hz == pytest.approx(30, rel=0.01)
        assert video.notes == ()

    def test_are_exact_where_the_coding_is(self, tmp_path: Path) -> None:
        _, frames = read(write(tmp_path / "a.mkv", numbers(5), **LOSSLESS))
        for index, frame in enumerate(frames):
            np.testing.assert_array_equal(frame.rgb, numbered(index))

    @pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
    def test_are_turned_as_other_players_turn_them(self, tmp_path: Path, turn_deg: int) -> None:
        path = write(tmp_path / "a.mp4", numbers(3), turn_deg=turn_deg)
        player = cv2.VideoCapture(str(path))
        shown = cv2.cvtColor(player.read()[1], cv2.COLOR_BGR2RGB)
        player.release()
        video, frames = read(path)
        assert frames[0].rgb.shape == shown.shape == (video.info.height_px, video.info.width_px, 3)
        assert np.abs(frames[0].rgb.astype(int) - shown).max() <= 3

    @pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
    @pytest.mark.parametrize("flip", [False, True])
    def test_filmed_with_a_turned_camera_come_out_upright(self, tmp_path: Path, turn_deg: int, flip: bool) -> None:
        # this tag asks for a counter-clockwise turn and then a flip, so the stored pictures undergo the inverse
        stored = [picture[:, ::-1] if flip else picture for picture in numbers(4)]
        stored = [np.ascontiguousarray(np.rot90(picture, -turn_deg // 90)) for picture in stored]
        path = write(tmp_path / "a.mp4", stored, turn_deg=turn_deg, flip=flip, codec="png", pixels="rgb24")
        video, frames = read(path)
        for index, frame in enumerate(frames):
            np.testing.assert_array_equal(frame.rgb, numbered(index))
            assert frame.rgb.flags.c_contiguous
        assert video.info.flipped == flip
        # told as a flip and then a clockwise turn: a flip turns the sense of the turn around
        assert video.info.rotation_deg == (turn_deg if flip else -turn_deg % 360)
        assert len(video.notes) == (turn_deg != 0) + flip

    def test_filmed_in_a_mirror_are_flipped_back(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.mp4", numbers(3), turn_deg=90, codec="png", pixels="rgb24")
        _, plain = read(path)
        video, flipped = read(path, mirrored=True)
        for one, other in zip(plain, flipped, strict=True):
            np.testing.assert_array_equal(one.rgb[:, ::-1], other.rgb)
            assert other.rgb.flags.c_contiguous
        assert video.info.mirrored
        assert any("mirrored" in note for note in video.notes)

    def test_with_pixels_that_are_not_square_are_stretched(self, tmp_path: Path) -> None:
        wide, _ = read(write(tmp_path / "wide.mp4", numbers(3), pixel_aspect=Fraction(4, 3)))
        tall, _ = read(write(tmp_path / "tall.mp4", numbers(3), pixel_aspect=Fraction(1, 2), turn_deg=90))
        assert (wide.info.width_px, wide.info.height_px) == (213, 96)
        assert (tall.info.width_px, tall.info.height_px) == (192, 160)
        assert any("not square" in note for note in wide.notes)

    def test_of_8k_are_handed_on_at_a_bearable_size(self, tmp_path: Path) -> None:
        large = [cv2.resize(numbered(index)[..., 1], (7680, 4320), interpolation=cv2.INTER_NEAREST) for index in (5, 9)]
        video, frames = read(write(tmp_path / "a.mkv", large, codec="ffv1", pixels="gray"))
        assert [frame.rgb.shape for frame in frames] == [(1080, 1920, 3)] * 2
        assert [number_in(frame.rgb) for frame in frames] == [5, 9]
        assert video.info.scale == 0.25
        assert (video.info.stored_width_px, video.info.stored_height_px) == (7680, 4320)
        assert any("shrunk" in note for note in video.notes)

    def test_are_shrunk_to_the_side_that_is_asked_for(self, clip: Path) -> None:
        _, frames = read(clip, max_side_px=80)
        assert {frame.rgb.shape for frame in frames} == {(48, 80, 3)}
        assert [number_in(frame.rgb) for frame in frames] == list(range(60))
        with pytest.raises(ValueError, match="max_side_px"):
            open_video(clip, max_side_px=0)

    def test_that_grow_in_mid_stream_keep_their_size(self, tmp_path: Path) -> None:
        double = [cv2.resize(picture, None, fx=2, fy=2) for picture in numbers(10)]
        video, frames = read(joined(tmp_path, numbers(10), double))
        assert {frame.rgb.shape for frame in frames} == {(HEIGHT, WIDTH, 3)}
        assert number_in(frames[-1].rgb) == 9
        assert video.report is not None
        assert video.report.n_resized > 0

    def test_that_change_their_shape_are_refused(self, tmp_path: Path) -> None:
        tall = [np.ascontiguousarray(np.rot90(picture)) for picture in numbers(10)]
        with pytest.raises(SourceError, match=r"change from 160×96 to 96×160 px at \d\.\d s: cut") as caught:
            read(joined(tmp_path, numbers(10), tall))
        assert_one_sentence(caught.value)


def joined(folder: Path, first: Sequence[Picture], second: Sequence[Picture]) -> Path:
    """Write two recordings and put their bytes into one file, as MPEG transport streams allow."""
    parts = [write(folder / f"{n}.ts", one, codec="mpeg2video") for n, one in enumerate((first, second))]
    path = folder / "joined.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


class TestTimes:
    @pytest.mark.parametrize("rate", [Fraction(30_000, 1001), Fraction(24), Fraction(25), Fraction(60_000, 1001)])
    def test_are_exact_to_the_last_bit(self, tmp_path: Path, rate: Fraction) -> None:
        path = write(tmp_path / "a.mp4", numbers(40), rate=rate)
        assert times(path) == [float(index / rate) for index in range(40)]

    @pytest.mark.parametrize("name", ["a.mkv", "a.mov", "a.ts"])
    def test_keep_a_variable_rate(self, tmp_path: Path, name: str) -> None:
        stamps = [0, 1, 3, 4, 8, 9, 10, 17]
        coding = {"a.mkv": ("ffv1", "bgr0"), "a.mov": ("png", "rgb24"), "a.ts": ("mpeg2video", "yuv420p")}[name]
        path = write(tmp_path / name, numbers(8), codec=coding[0], pixels=coding[1], stamps=stamps)
        resolution_s = 0.0006 if name == "a.mkv" else 1e-9
        np.testing.assert_allclose(times(path), np.array(stamps) / 30, rtol=0, atol=resolution_s)

    @pytest.mark.parametrize("first", [-4, 90])
    def test_start_at_zero_whatever_the_first_stamp(self, tmp_path: Path, first: int) -> None:
        stamps = list(range(first, first + 8))
        options = {"avoid_negative_ts": "disabled"}
        path = write(tmp_path / "a.ts", numbers(8), codec="mpeg2video", stamps=stamps, options=options)
        with av.open(str(path)) as raw:
            assert next(raw.decode(video=0)).pts == first * 3000
        np.testing.assert_allclose(times(path), np.arange(8) / 30, rtol=0, atol=1e-9)

    def test_of_frames_with_the_same_stamp_are_kept_once(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.mkv", numbers(8), stamps=[0, 1, 1, 2, 3, 3, 4, 5], **LOSSLESS)
        video, frames = read(path)
        assert [number_in(frame.rgb) for frame in frames] == [0, 1, 3, 4, 6, 7]
        np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(6) / 30, rtol=0, atol=0.0006)
        assert video.report is not None
        assert video.report.n_repeated == 2
        assert "Frames whose time stamp does not rise, left out: 2." in video.notes

    def test_follow_the_nominal_rate_where_the_clock_stands_still(self, tmp_path: Path) -> None:
        video, frames = read(write(tmp_path / "a.mkv", numbers(40), stamps=[0] * 40, **LOSSLESS))
        assert [number_in(frame.rgb) for frame in frames] == [0, *range(MAX_STALLED_STAMPS + 1, 40)]
        np.testing.assert_allclose([frame.time_s for frame in frames[1:]], np.arange(9, 40) / 30, rtol=0, atol=1e-9)
        assert not video.report.truncated

    def test_follow_the_nominal_rate_where_there_are_no_stamps(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.h264", numbers(20), container="h264", rate=25)
        video, frames = read(path)
        assert [number_in(frame.rgb) for frame in frames] == list(range(20))
        np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(20) / 25, rtol=0, atol=1e-9)
        assert video.report.n_missing_stamps == 20

    def test_go_on_where_the_clock_starts_again(self, tmp_path: Path) -> None:
        video, frames = read(joined(tmp_path, numbers(30), [numbered(index) for index in range(30, 60)]))
        seen = [number_in(frame.rgb) for frame in frames]
        assert seen == [*range(30), *range(30 + MAX_STALLED_STAMPS, 60)]
        np.testing.assert_allclose([frame.time_s for frame in frames], np.array(seen) / 30, rtol=0, atol=1e-9)
        assert video.report.n_clock_resets == 1

    @pytest.mark.parametrize("slow_motion", [8.0, 0.5])
    def test_in_slow_motion_are_divided(self, clip: Path, slow_motion: float) -> None:
        video, frames = read(clip, slow_motion=slow_motion)
        np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(60) / 30 / slow_motion, rtol=1e-12)
        assert video.info.nominal_fps_hz == pytest.approx(30 * slow_motion)
        assert video.info.declared_duration_s == pytest.approx(2 / slow_motion)
        assert video.report.duration_s == pytest.approx(2 / slow_motion)
        assert any("slow motion" in note for note in video.notes)

    @pytest.mark.parametrize("slow_motion", [0.0, -8.0, float("nan"), float("inf")])
    def test_are_not_divided_by_nonsense(self, clip: Path, slow_motion: float) -> None:
        with pytest.raises(ValueError, match="slow_motion"):
            open_video(clip, slow_motion=slow_motion)

    def test_with_a_long_gap_are_told(self, tmp_path: Path) -> None:
        video, _ = read(write(tmp_path / "a.mkv", numbers(6), stamps=[0, 1, 2, 32, 33, 34], **LOSSLESS))
        assert (video.report.n_gaps, video.report.longest_gap_s) == (1, pytest.approx(1, abs=0.002))
        assert video.report.longest_gap_at_s == pytest.approx(2 / 30, abs=0.002)


class TestFrameClock:
    @given(st.lists(st.one_of(st.none(), st.fractions(-30, 30, max_denominator=1000)), min_size=1, max_size=60))
    def test_rises_strictly_from_zero_whatever_the_stamps(self, stamps: list[Fraction | None]) -> None:
        clock = FrameClock(Fraction(30))
        placed = [time_s for stamp in stamps if (time_s := clock.place(stamp)) is not None]
        assert placed[0] == 0
        assert all(later > earlier for earlier, later in pairwise(placed))
        assert len(placed) + clock.counts.n_repeated == len(stamps)

    @given(
        st.fractions(-1000, 1000, max_denominator=90_000),
        st.lists(st.fractions(Fraction(1, 1000), LONGEST_LEAP_S, max_denominator=90_000), max_size=40),
    )
    def test_leaves_rising_stamps_as_they_are(self, first: Fraction, spacings: list[Fraction]) -> None:
        stamps = [first]
        for spacing in spacings:
            stamps.append(stamps[-1] + spacing)
        clock = FrameClock(Fraction(30))
        assert [clock.place(stamp) for stamp in stamps] == [stamp - first for stamp in stamps]
        assert (clock.counts.n_repeated, clock.counts.n_missing, clock.counts.n_resets) == (0, 0, 0)

    @pytest.mark.parametrize("leap_s", [4_294_967, -4_294_967, 11, -11])
    def test_joins_leaps_without_a_gap(self, leap_s: int) -> None:
        stamps = [Fraction(index, 30) + (leap_s if index >= 10 else 0) for index in range(20)]
        clock = FrameClock(Fraction(30))
        assert [clock.place(stamp) for stamp in stamps] == [Fraction(index, 30) for index in range(20)]

    def test_forgives_one_wild_stamp(self) -> None:
        stamps = [Fraction(index, 30) for index in range(20)]
        stamps[10] += 100_000
        clock = FrameClock(Fraction(30))
        assert [clock.place(stamp) for stamp in stamps] == [Fraction(index, 30) for index in range(20)]

    def test_takes_the_last_spacing_where_no_rate_is_told(self) -> None:
        clock = FrameClock(None)
        assert [clock.place(stamp) for stamp in (Fraction(0), Fraction(1, 50), None, Fraction(3, 50))] == [
            Fraction(index, 50) for index in range(4)
        ]


def assert_one_sentence(error: SourceError) -> None:
    text = str(error)
    assert text.startswith("Wanted ")
    assert ", found " in text
    assert ": " in text.split(", found ")[1]
    assert text.endswith(".")
    assert "\n" not in text
    assert "Errno" not in text
    assert len(text.split(", found ")[1]) < 160


def truncated_before_index(path: Path) -> Path:
    whole = write(path.with_name("whole.mp4"), numbers(30)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def sound_only(path: Path, cover: Picture | None = None) -> Path:
    with av.open(str(path), "w") as output:
        voice = output.add_stream("aac", rate=16_000)
        picture = None if cover is None else output.add_stream("png")
        if picture is not None and cover is not None:
            picture.height, picture.width = cover.shape[:2]
            picture.pix_fmt = "rgb24"
            picture.disposition = Disposition.attached_pic
            for packet in [*picture.encode(av.VideoFrame.from_ndarray(cover, "rgb24")), *picture.encode()]:
                output.mux(packet)
        for _ in range(10):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
            frame.rate = 16_000
            output.mux(voice.encode(frame))
        output.mux(voice.encode())
    return path


def without_frames(path: Path) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        output.start_encoding()
    return path


def image(path: Path) -> Path:
    assert cv2.imwrite(str(path), numbered(1))
    return path


def with_bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def unknown_coding(path: Path) -> Path:
    return with_bytes(path, write(path, numbers(3)).read_bytes().replace(b"avc1", b"zzz9"))


def garbage_inside(path: Path) -> Path:
    whole = bytearray(write(path, numbers(10), options={"movflags": "faststart"}).read_bytes())
    start = whole.index(b"mdat") + 4
    whole[start:] = random.Random(1).randbytes(len(whole) - start)
    return with_bytes(path, bytes(whole))


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "make", "found"),
        [
            ("missing.mp4", lambda path: path, "no such file"),
            ("inside/a/file.mp4", lambda path: path, "no such file"),
            ("folder.mp4", lambda path: path.mkdir() or path, "no picture file"),
            ("empty.mp4", lambda path: with_bytes(path, b""), "an empty file"),
            ("text.mp4", lambda path: with_bytes(path, "Prüfling 7, links\n".encode() * 500), "text"),
            ("noise.mp4", lambda path: with_bytes(path, random.Random(0).randbytes(5000)), "no video"),
            ("sound.mp4", sound_only, "only sound"),
            ("song.mp4", lambda path: sound_only(path, numbered(1)), "only sound"),
            ("cut.mp4", truncated_before_index, "an MP4 without its index, cut short"),
            ("locked.mp4", lambda path: write(path, numbers(10), options=KEY), "an encrypted video"),
            ("none.mp4", without_frames, "no picture stream"),
            ("none.mkv", without_frames, "a video without frames"),
            ("one.mp4", lambda path: write(path, numbers(1)), "a single picture"),
            ("one.gif", lambda path: write(path, numbers(1), codec="gif", pixels="rgb8"), "a single picture"),
            ("still.png", image, "a picture: say that each is a still"),
            ("still.jpg", image, "a picture: say that each is a still"),
            ("still.webp", image, "a picture: say that each is a still"),
            ("dot.mkv", lambda path: write(path, [np.zeros((1, 1, 3), np.uint8)] * 3, **LOSSLESS), "pictures of 1×1"),
            (
                "huge.mkv",
                lambda path: write(path, [np.zeros((4608, 9216), np.uint8)], codec="ffv1", pixels="gray"),
                "pictures whose size is not told or above 35 million pixels",
            ),
            ("tilted.mp4", lambda path: write(path, numbers(3), turn_deg=30), "a rotation tag"),
            ("odd.mp4", unknown_coding, "pictures in an unknown coding"),
            ("garbage.mp4", garbage_inside, "a video without a single frame"),
            pytest.param(
                "pipe.mp4",
                pipe,
                "a device or pipe",
                marks=pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system"),
            ),
        ],
    )
    def test_say_what_was_found_and_what_to_do(self, tmp_path: Path, name: str, make, found: str) -> None:
        path = make(tmp_path / name)
        with pytest.raises(SourceError, match=f", found {found}") as caught:
            open_video(path)
        assert name in str(caught.value)
        assert_one_sentence(caught.value)

    @pytest.mark.parametrize("path", ["", "a\0b.mp4"])
    def test_hold_for_paths_that_are_none(self, path: str) -> None:
        with pytest.raises(SourceError) as caught:
            open_video(path)
        assert_one_sentence(caught.value)

    @pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of another kind on this system")
    def test_hold_for_files_that_may_not_be_read(self, tmp_path: Path) -> None:
        path = write(tmp_path / "mine.mp4", numbers(3))
        path.chmod(0)
        was_root = os.geteuid() == 0
        if was_root:
            os.seteuid(65534)
        try:
            with pytest.raises(SourceError, match="found a file that may not be read") as caught:
                open_video(path)
        finally:
            if was_root:
                os.seteuid(0)
        assert_one_sentence(caught.value)

    @pytest.mark.parametrize("whole_path", [False, True])
    @pytest.mark.parametrize("ending", ["mp4", "m3u8", "ffconcat"])
    def test_keep_playlists_from_opening_another_file(self, tmp_path: Path, ending: str, whole_path: bool) -> None:
        target = write(tmp_path / "neighbour.ts", numbers(10), codec="mpeg2video")
        named = str(target) if whole_path else target.name
        for text in (
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{named}\n#EXT-X-ENDLIST\n",
            f"ffconcat version 1.0\nfile '{named}'\n",
        ):
            path = with_bytes(tmp_path / f"list.{ending}", text.encode())
            with pytest.raises(SourceError, match="found a playlist") as caught:
                open_video(path)
            assert_one_sentence(caught.value)

    def test_never_take_a_path_for_an_address(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        write(tmp_path / "plain.ts", numbers(4), codec="mpeg2video")
        with pytest.raises(SourceError, match="no such file"):
            open_video("concat:plain.ts|plain.ts")
        (tmp_path / "plain.ts").rename(tmp_path / "subfile:plain.ts")
        assert len(read(Path("subfile:plain.ts"))[1]) == 4


class TestDamage:
    def test_at_the_end_is_told_in_frames(self, clip: Path, tmp_path: Path) -> None:
        whole = clip.read_bytes()
        video, frames = read(with_bytes(tmp_path / "cut.mp4", whole[: len(whole) * 7 // 10]))
        assert 10 < len(frames) < 50
        seen = [number_in(frame.rgb) for frame in frames]
        assert seen == [round(30 * frame.time_s) for frame in frames]
        assert seen[:-1] == list(range(len(frames) - 1))  # one thread hands on a last one beyond what was cut
        assert video.report.truncated
        assert f"The clip says 60 frames, {len(frames)} could be read: " in video.notes[0]

    def test_at_the_end_is_told_in_seconds_where_no_frames_are_promised(self, tmp_path: Path) -> None:
        whole = write(tmp_path / "a.mkv", numbers(90), **LOSSLESS).read_bytes()
        video, frames = read(with_bytes(tmp_path / "cut.mkv", whole[: len(whole) // 2]))
        assert 20 < len(frames) < 80
        assert video.report.truncated
        assert "The clip says 3.0 s, 1." in video.notes[0]

    def test_is_not_suspected_in_a_trimmed_clip(self, tmp_path: Path) -> None:
        stamps = list(range(-20, 20))
        video, frames = read(write(tmp_path / "a.mov", numbers(40), codec="png", pixels="rgb24", stamps=stamps))
        assert video.info.declared_n_frames == 40
        assert [number_in(frame.rgb) for frame in frames] == list(range(20, 40))
        assert video.notes == ()

    def test_is_not_suspected_where_the_sound_runs_on(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mp4"
        with av.open(str(path), "w") as output:
            stream = output.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            voice = output.add_stream("aac", rate=16_000)
            for picture in numbers(30):
                output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            output.mux(stream.encode())
            for _ in range(80):
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
                frame.rate = 16_000
                output.mux(voice.encode(frame))
            output.mux(voice.encode())
        video, frames = read(path)
        assert video.info.declared_duration_s > 4
        assert len(frames) == 30
        assert not video.report.truncated

    def test_in_the_middle_is_counted_and_left_out(self, clip: Path, tmp_path: Path) -> None:
        whole = bytearray(clip.read_bytes())
        start = whole.index(b"mdat") + 4
        middle = start + (len(whole) - start) * 4 // 10
        whole[middle : middle + 400] = random.Random(3).randbytes(400)
        video, frames = read(with_bytes(tmp_path / "scratched.mp4", bytes(whole)))
        report = video.report
        assert report.n_corrupt + report.n_unreadable + report.n_lost > 0
        assert report.n_frames == len(frames) == report.n_decoded - report.n_corrupt - report.n_repeated
        assert not report.truncated
        assert video.notes
        sound = [frame for frame in frames if number_in(frame.rgb) == round(frame.time_s * 30)]
        assert len(sound) >= 40

    def test_that_makes_streams_appear_midway_loses_only_the_damaged_frames(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.ts", [numbered(index % 256) for index in range(330)], coding={"g": "10", "bf": "0"})
        damaged, n_renamed = bytearray(path.read_bytes()), 0
        for at in range(len(damaged) * 9 // 10 // 188 * 188, len(damaged), 188):  # beyond what is read on opening
            begins, ours = damaged[at + 1] & 0x40, (damaged[at + 1] & 0x1F, damaged[at + 2]) == (1, 0)
            if begins and ours and n_renamed < 10:  # the first packet of a picture says that it is another stream's
                damaged[at + 1 : at + 3] = bytes((0x40 | 3, n_renamed))
                n_renamed += 1
        assert n_renamed == 10
        video, frames = read(with_bytes(path, bytes(damaged)))
        assert 330 - 2 * 10 - 10 <= len(frames) < 330
        assert len(frames) == video.report.n_frames
        assert number_in(frames[-1].rgb) == 329 % 256
        assert any("damaged" in note or "Gaps" in note for note in video.notes)

    def test_of_any_kind_ends_in_frames_or_in_one_sentence(self, clip: Path, tmp_path: Path) -> None:
        seeds = {
            "mp4": clip.read_bytes(),
            "mkv": write(tmp_path / "seed.mkv", numbers(20)).read_bytes(),
            "avi": write(tmp_path / "seed.avi", numbers(20), codec="mpeg4").read_bytes(),
            "ts": write(tmp_path / "seed.ts", numbers(20), codec="mpeg2video").read_bytes(),
        }
        dice = random.Random(7)
        outcomes = {"frames": 0, "refused": 0}
        for turn in range(80):
            ending = list(seeds)[turn % 4]
            damaged = bytearray(seeds[ending])
            if turn % 3:
                start = dice.randrange(len(damaged))
                length = dice.choice([1, 20, 500])
                damaged[start : start + length] = dice.randbytes(length)
            else:
                damaged = damaged[: dice.randrange(1, len(damaged))]
            try:
                video, frames = read(with_bytes(tmp_path / f"damaged.{ending}", bytes(damaged)))
            except SourceError as error:
                assert_one_sentence(error)
                outcomes["refused"] += 1
            else:
                moments = [frame.time_s for frame in frames]
                assert all(later > earlier for earlier, later in pairwise(moments))
                assert video.report.n_frames == len(frames)
                outcomes["frames"] += 1
        assert min(outcomes.values()) >= 10


class TestInfo:
    def test_the_bytes_are_hashed_when_somebody_asks_and_not_where_they_are_known(self, clip: Path) -> None:
        video = open_video(clip)
        assert video.sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()
        assert open_video(clip, sha256="known").sha256 == "known"

    def test_a_recording_that_nobody_hashes_is_not_read_whole(self, clip: Path, tmp_path: Path) -> None:
        """A file that is gone once it was opened is no fault before its checksum is wanted."""
        copy = tmp_path / "clip.mp4"
        copy.write_bytes(clip.read_bytes())
        video = open_video(copy)
        copy.unlink()
        with pytest.raises(SourceError, match=r"clip\.mp4"):
            assert video.sha256

    def test_describes_the_file(self, clip: Path) -> None:
        info = open_video(clip).info
        assert info.path == clip
        assert (info.container.split(",")[0], info.codec) == ("mov", "h264")
        assert (info.width_px, info.height_px, info.scale) == (WIDTH, HEIGHT, 1)
        assert (info.declared_n_frames, info.expected_n_frames) == (60, 60)
        assert info.declared_duration_s == pytest.approx(2)
        assert info.n_bytes == clip.stat().st_size
        assert info.focal_length_35mm_mm is None
        assert info.long_side_fov_deg is None

    def test_expects_frames_from_duration_and_rate_where_no_count_is_told(self, tmp_path: Path) -> None:
        info = open_video(write(tmp_path / "a.mkv", numbers(45), **LOSSLESS)).info
        assert info.declared_n_frames is None
        assert info.expected_n_frames == 45

    def test_reads_the_lens_that_the_camera_wrote(self, tmp_path: Path) -> None:
        tags = {"com.apple.quicktime.camera.focal_length.35mm_equivalent": "26"}
        path = write(tmp_path / "a.mov", numbers(3), tags=tags, options={"movflags": "use_metadata_tags"})
        info = open_video(path).info
        assert info.focal_length_35mm_mm == 26
        # a film frame of this shape with a diagonal of 43.27 mm is 37.10 mm long: 2 atan(37.10 / 2 / 26)
        assert info.long_side_fov_deg == pytest.approx(71.02, abs=0.05)

    def test_hints_at_slow_motion_that_the_camera_wrote(self, tmp_path: Path) -> None:
        tags = {"com.android.capture.fps": "240.0"}
        path = write(tmp_path / "a.mp4", numbers(3), tags=tags, options={"movflags": "use_metadata_tags"})
        assert any("factor of 8" in note for note in open_video(path).notes)
        assert not any("factor" in note for note in open_video(path, slow_motion=8).notes)


class TestPasses:
    def test_give_the_same_bytes_again(self, clip: Path) -> None:
        with open_video(clip) as video:
            first, second = ([hashlib.sha256(frame.rgb).digest() for frame in video] for _ in range(2))
            assert len(first) == 60
            assert first == second

    def test_report_only_what_was_read_to_its_end(self, clip: Path) -> None:
        with open_video(clip) as video:
            for frame in video:
                assert video.report is None
                if frame.index == 5:
                    break
            assert video.report is None
            assert sum(1 for _ in video) == 60
            assert video.report is not None
            assert video.report.n_frames == 60

    def test_end_when_the_reader_leaves(self, clip: Path) -> None:
        n_threads = threading.active_count()
        with open_video(clip) as video:
            frames = iter(video)
            next(frames)
            assert threading.active_count() > n_threads
        assert threading.active_count() == n_threads
        assert next(frames, None) is None

    def test_end_when_the_reader_fails_or_forgets(self, clip: Path) -> None:
        n_threads = threading.active_count()
        with pytest.raises(ZeroDivisionError):
            [1 / frame.time_s for frame in open_video(clip)]
        for _ in open_video(clip):
            break
        gc.collect()
        assert threading.active_count() == n_threads

    @pytest.mark.parametrize(
        ("name", "codec", "coding"),
        [
            ("b.mp4", "libx264", {"g": "60", "bf": "2"}),
            ("b.ts", "libx264", {"g": "60", "bf": "2"}),
            ("b.mkv", "libx265", {"x265-params": "log-level=none"}),
            ("b.avi", "mpeg4", {"bf": "2"}),
        ],
    )
    def test_over_a_few_frames_decode_no_more_than_those_are_made_of(
        self, tmp_path: Path, name: str, codec: str, coding: dict[str, str]
    ) -> None:
        path = write(tmp_path / name, numbers(120), codec=codec, rate=60, coding=coding)
        with open_video(path) as video:
            every = [(frame.index, frame.time_s, frame.rgb.tobytes()) for frame in video]
            whole = video.report
            few = [(frame.index, frame.time_s, frame.rgb.tobytes()) for frame in video.frames(8.0)]
            report = video.report
        assert few == [one for one in every if one[0] in {index for index, _, _ in few}]
        assert len(few) == 16
        assert report.n_decoded < 0.8 * whole.n_decoded
        assert replace(report, n_decoded=whole.n_decoded) == whole

    def test_over_a_few_frames_of_a_damaged_file_tell_the_damage(self, tmp_path: Path) -> None:
        path = write(tmp_path / "b.mp4", numbers(120), rate=60, options={"movflags": "faststart"}, coding={"bf": "2"})
        whole = bytearray(path.read_bytes())
        cut = with_bytes(tmp_path / "cut.mp4", bytes(whole[: len(whole) * 7 // 10]))
        start = whole.index(b"mdat") + 4
        middle = start + (len(whole) - start) * 4 // 10
        whole[middle : middle + 600] = random.Random(3).randbytes(600)
        scratched = with_bytes(tmp_path / "scratched.mp4", bytes(whole))
        with open_video(cut) as video:
            assert len(list(video.frames(8.0))) > 5
            assert video.report.truncated
        with open_video(scratched) as video:
            assert len(list(video.frames(8.0))) > 5
            assert video.report.n_corrupt + video.report.n_unreadable + video.report.n_lost > 0
            assert not video.report.truncated

    def test_over_a_few_frames_know_the_gaps_between_all(self, tmp_path: Path) -> None:
        stamps = [k + 30 * (k >= 40) for k in range(80)]
        path = write(tmp_path / "gap.mov", numbers(80), codec="png", pixels="rgb24", stamps=stamps)
        with open_video(path) as video:
            list(video.frames(8.0))
            assert (video.report.n_frames, video.report.n_gaps) == (80, 1)
            assert video.report.longest_gap_s == pytest.approx(31 / 30)

    def test_leave_the_frames_to_the_reader(self, clip: Path) -> None:
        _, frames = read(clip)
        frames[0].rgb[:] = 0
        assert [number_in(frame.rgb) for frame in frames[1:]] == list(range(1, 60))

    def test_keep_memory_flat(self, tmp_path: Path) -> None:
        path = write(tmp_path / "long.avi", numbers(250) * 8, codec="mjpeg", pixels="yuvj420p")
        n_alive, most_alive, resident = 0, 0, []

        def leave() -> None:
            nonlocal n_alive
            n_alive -= 1

        gc.disable()  # nothing may wait for the garbage collector, which comes round too seldom for pictures
        try:
            with open_video(path) as video:
                for frame in video:
                    n_alive += 1
                    weakref.finalize(frame.rgb, leave)
                    most_alive = max(most_alive, n_alive)
                    resident.append(resident_bytes())
        finally:
            gc.enable()
        assert len(resident) == 2000
        assert most_alive <= 2
        # 1,500 kept frames would be 69 MB, 1,500 kept pictures in the camera's own format 35 MB
        assert max(resident[1500:]) - max(resident[:500]) < 10_000_000


def resident_bytes() -> int:
    statistics = Path("/proc/self/statm")
    return int(statistics.read_text().split()[1]) * 4096 if statistics.exists() else 0


class TestReadAhead:
    def test_hands_on_what_is_made_and_how_it_ends(self) -> None:
        def three_then_trouble() -> Generator[int, None, None]:
            yield from range(3)
            raise SourceError("Wanted more, found trouble: stop.")

        got = []
        with pytest.raises(SourceError, match="found trouble"):
            got.extend(read_ahead(three_then_trouble(), 2))
        assert got == [0, 1, 2]
        got = list(read_ahead((number for number in range(1000)), 2))
        assert got == list(range(1000))

    def test_runs_ahead_by_no_more_than_it_may(self) -> None:
        n_made = 0

        def make() -> Generator[int, None, None]:
            nonlocal n_made
            for number in range(100):
                n_made += 1
                yield number

        numbers_ahead = read_ahead(make(), 3)
        assert next(numbers_ahead) == 0
        time.sleep(0.3)
        assert n_made == 1 + 3 + 1
        numbers_ahead.close()

    def test_makes_items_while_the_reader_works(self) -> None:
        def make() -> Generator[float, None, None]:
            for _ in range(20):
                time.sleep(0.02)
                yield 0.02

        start = time.perf_counter()
        for pause_s in read_ahead(make(), 4):
            time.sleep(pause_s)
        assert time.perf_counter() - start < 0.75 * 20 * 0.04

    def test_cleans_up_on_its_own_thread_when_the_reader_leaves(self) -> None:
        cleaned_up_by = []

        def make() -> Generator[int, None, None]:
            try:
                while True:
                    yield 1
            finally:
                cleaned_up_by.append(threading.current_thread())

        ones = read_ahead(make(), 2)
        next(ones)
        ones.close()
        assert len(cleaned_up_by) == 1
        assert cleaned_up_by[0] is not threading.current_thread()
        assert not cleaned_up_by[0].is_alive()
