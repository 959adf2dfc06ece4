"""One recording does not hold the only worker: what is too long is refused by its packets, what takes too long ends."""

import errno
import json
from fractions import Fraction
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import av
import numpy as np
import pytest
from published import faults
from test_server_jobs import SAMPLE, hand_in, wait

from hipcv.core.errors import SourceError
from hipcv.sources.extent import measure_extent
from hipcv_server import worker
from hipcv_server.budget import CLEARLY, SURE_AFTER_S, Budget, stalled
from hipcv_server.files import Shelves
from hipcv_server.schemas import MeasureOptions
from hipcv_server.settings import JobLimits, Settings, UploadLimits
from hipcv_server.store import JobState, JobStore
from hipcv_server.worker import Order, Postponed, Refused, Told
from hipcv_server.workers import Crew

LIMITS = UploadLimits()


def repeat(path: Path, n: int, rate_hz: int, *, size: tuple[int, int] = (64, 64), codec: str = "mpeg4") -> Path:
    """Write one picture `n` times, by writing its packet over and over: many frames in a small file, quickly made."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz)
        stream.width, stream.height = size
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((size[1], size[0], 3), np.uint8), "rgb24")
        picture = picture.reformat(format=stream.pix_fmt)
        picture.pts, picture.time_base = 0, Fraction(1, rate_hz)
        packet = (stream.encode(picture) or stream.encode(None))[0]
        data, base = bytes(packet), Fraction(1, rate_hz)
        for k in range(n):
            again = av.Packet(data)
            again.stream, again.time_base = stream, base
            again.pts = again.dts = k
            again.duration, again.is_keyframe = 1, True
            container.mux(again)
    return path


def refusal(clip: Path, folder: Path, limits: UploadLimits = LIMITS) -> str:
    """Return the sentence with which a recording is refused before one frame of it is looked at."""
    stages: list[str] = []
    order = Order("0" * 16, clip, MeasureOptions(test="seated", model="lite").model_dump(), folder)
    with pytest.raises(SourceError) as caught:
        worker.score(order, Settings(folder, upload=limits), lambda told: stages.append(told.stage))
    assert stages == ["opening"]
    assert str(folder) not in str(caught.value)
    return str(caught.value)


def test_many_frames_in_a_small_file_are_refused_though_they_last_a_minute(tmp_path: Path) -> None:
    """40,000 frames at 1000 a second: 40 seconds by its header, an hour of work."""
    clip = repeat(tmp_path / "c.mp4", 40_000, 1000)
    assert clip.stat().st_size < 8_000_000
    assert refusal(clip, tmp_path).startswith("Wanted a recording of at most 36000 frames, found more:")


@pytest.mark.parametrize("suffix", ["mkv", "ts", "flv", "avi"])
def test_a_length_that_no_header_tells_is_found_by_the_packets(tmp_path: Path, suffix: str) -> None:
    """By number and by time, in containers with a length in the header and in those without."""
    clip = repeat(tmp_path / f"c.{suffix}", 300, 10, codec="flv1" if suffix == "flv" else "mpeg4")
    extent = measure_extent(clip, max_frames=1000, max_duration_s=600)
    assert extent.n_frames == pytest.approx(300, abs=1)
    assert extent.duration_s == pytest.approx(29.9, abs=0.2)
    assert "at most 200 frames" in refusal(clip, tmp_path, UploadLimits(max_frames=200))
    assert "at most 0.25 minutes" in refusal(clip, tmp_path, UploadLimits(max_duration_s=15))


def test_reading_the_length_ends_at_the_limit(tmp_path: Path) -> None:
    """What lies beyond is not looked at."""
    clip = repeat(tmp_path / "c.mkv", 300, 10)
    assert measure_extent(clip, max_frames=50, max_duration_s=600).n_frames == 51
    assert measure_extent(clip, max_frames=1000, max_duration_s=10).duration_s == pytest.approx(10.1, abs=0.02)


def test_a_leap_of_the_clock_is_not_time_that_was_filmed(tmp_path: Path) -> None:
    """A camera that sets its clock in mid-recording makes no long recording."""
    clip = tmp_path / "c.mkv"
    with av.open(str(repeat(tmp_path / "even.mkv", 60, 10))) as source, av.open(str(clip), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.pts = packet.dts = packet.dts + (10**8 if packet.dts > 3000 else 0)
                packet.stream = stream
                target.mux(packet)
    assert measure_extent(clip, max_frames=1000, max_duration_s=600).duration_s < 10


def test_a_gif_is_counted_too(tmp_path: Path) -> None:
    """It has no header that tells its length, and no limit of its own."""
    assert "at most 200 frames" in refusal(
        repeat(tmp_path / "c.gif", 300, 10, codec="gif"), tmp_path, UploadLimits(max_frames=200)
    )


def test_large_pictures_are_refused_before_one_is_decoded(tmp_path: Path) -> None:
    """A GIF of 4000 by 4000 pixels is a few kilobytes, and a gigabyte of pictures a second."""
    clip = repeat(tmp_path / "c.gif", 100, 10, size=(4000, 4000), codec="gif")
    assert clip.stat().st_size < 16_000_000
    assert "found 4000×4000: export it with 1080p" in refusal(clip, tmp_path)


def test_an_ordinary_recording_is_within_all_limits() -> None:
    """Every frame of the sample counts, and it is as long as its header says."""
    extent = measure_extent(SAMPLE, max_frames=LIMITS.max_frames, max_duration_s=LIMITS.max_duration_s)
    with av.open(str(SAMPLE)) as container:
        declared = container.streams.video[0].frames
    assert extent.n_frames == declared
    assert extent.width_px * extent.height_px <= LIMITS.max_pixels


LIMIT_S = 600.0


def test_silence_is_a_hang_except_while_it_assesses() -> None:
    """A long prone recording is read after its last frame, which takes minutes, and nobody is told how far it is."""
    limits = JobLimits()
    for stage, hangs in (("opening", True), ("reading", True), ("assessing", False), ("drawing", True)):
        assert stalled(Told(stage), limits.stall_s + 1, limits) is hangs
        assert not stalled(Told(stage), limits.stall_s - 1, limits)


@pytest.mark.model
def test_a_worker_tells_every_stage_in_its_order(tmp_path: Path, short_clip: bytes) -> None:
    """The assessment, too, and the frames out of those that were counted."""
    clip = tmp_path / "clip.bin"
    clip.write_bytes(short_clip)
    told: list[Told] = []
    order = Order("0" * 16, clip, MeasureOptions(test="seated", model="lite").model_dump(), tmp_path / "out")
    scored = worker.score(order, Settings(tmp_path), told.append)
    assert list(dict.fromkeys(one.stage for one in told)) == ["opening", "reading", "assessing", "drawing", "saving"]
    assert faults(json.loads(scored.document)) == []
    last = [one for one in told if one.stage == "reading"][-1]
    assert last.n_done == last.n_total == 30
    assert 0 < scored.n_frames < 30  # eight a second are read


def _budget(*told: tuple[float, Told]) -> list[str | None]:
    budget = Budget(JobLimits(max_work_s=LIMIT_S))
    return [budget.excess(one, now_s) for now_s, one in told]


def test_the_budget_runs_from_the_first_frame() -> None:
    """A model that is fetched over a slow network is nobody's fault."""
    opening, reading = Told("lite model: fetching", 1, 2), Told("reading", 90, 100)
    found = _budget(
        (0, opening), (9e5, opening), (9e5, reading), (9e5 + LIMIT_S, reading), (9e5 + LIMIT_S + 1, reading)
    )
    assert found[:4] == [None] * 4
    assert found[4] is not None
    assert found[4].startswith(
        "Wanted a recording that this server measures in 10 minutes, found one that takes longer"
    )


@pytest.mark.parametrize("stage", ["assessing", "drawing", "saving"])
def test_the_budget_holds_in_every_stage(stage: str) -> None:
    """Also after the last frame."""
    found = _budget((0, Told("reading", 1, None)), (LIMIT_S + 1, Told(stage, 1, 1)))
    assert found[1] is not None


def test_what_would_clearly_take_too_long_ends_early() -> None:
    """At a tenth of what is needed, after some seconds; not sooner, and not where it may yet fit."""
    n_total = 1000
    slow = round(n_total * SURE_AFTER_S / (10 * LIMIT_S))
    fair = round(n_total * SURE_AFTER_S / (0.9 * CLEARLY * LIMIT_S))
    began = (0.0, Told("reading", 1, n_total))
    sooner, surely = _budget(
        began, (SURE_AFTER_S - 1, Told("reading", 1, n_total)), (SURE_AFTER_S, Told("reading", slow, n_total))
    )[1:]
    assert sooner is None
    assert surely is not None
    assert "would take about 111 minutes" in surely
    assert _budget(began, (SURE_AFTER_S, Told("reading", fair, n_total)))[1] is None
    assert _budget(began, (SURE_AFTER_S, Told("reading", slow, None)))[1] is None


@pytest.fixture
def pipe() -> "Connection":
    """An end of a pipe that takes what a worker tells."""
    ours, theirs = Pipe()
    with ours, theirs:
        yield theirs


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (IndexError("tuple index out of range"), "internal"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "internal"),
        (av.error.InvalidDataError(1094995529, "Invalid data"), "internal"),
        (AssertionError(), "internal"),
        (RecursionError("too deep"), "internal"),
        (MemoryError(), "could_not_measure"),
        (SourceError("Wanted a video of the test in CLIP, found sand."), "could_not_measure"),
    ],
)
def test_whatever_measuring_raises_is_one_sentence_and_told_once(
    tmp_path: Path, pipe: "Connection", monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    """The worker answers and lives on: nothing that a recording makes of the decoder is a worker's death."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("hipcv.measurement.measure_file", fail)
    order = Order("0" * 16, SAMPLE, MeasureOptions(test="seated").model_dump(), tmp_path)
    answer = worker._answer(order, Settings(tmp_path), pipe)
    assert isinstance(answer, Refused)
    assert answer.problem["code"] == code
    assert answer.problem["detail"].endswith(".")
    assert type(error).__name__ in answer.problem["detail"] or code != "internal"


def test_a_full_disk_is_no_refusal(tmp_path: Path, pipe: "Connection", monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever in the work it is met."""

    def fail(*_: object, **__: object) -> None:
        raise SourceError("Could not write.") from OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("hipcv.measurement.measure_file", fail)
    order = Order("0" * 16, SAMPLE, MeasureOptions(test="seated").model_dump(), tmp_path)
    assert worker._answer(order, Settings(tmp_path), pipe) == Postponed("No space left on device")


def test_a_worker_whose_server_is_gone_ends(tmp_path: Path) -> None:
    """It measures for nobody, and says nothing to nobody."""
    ours, theirs = Pipe()
    ours.close()
    order = Order("0" * 16, SAMPLE, MeasureOptions(test="seated").model_dump(), tmp_path)
    with theirs, pytest.raises(SystemExit):
        worker._answer(order, Settings(tmp_path), theirs)


@pytest.mark.process
def test_a_recording_beyond_its_time_fails_once_and_the_next_is_served(tmp_path: Path) -> None:
    """A real worker with no time at all: ended at the first frame, told in a sentence, the clip deleted."""
    shelves = Shelves(tmp_path)
    shelves.make()
    store = JobStore(tmp_path)
    crew = Crew(store, shelves, Settings(tmp_path, jobs=JobLimits(n_workers=1, max_work_s=0.0)))
    try:
        long, broken = hand_in(store, shelves, SAMPLE.read_bytes()), hand_in(store, shelves, SAMPLE.read_bytes()[:3000])
        crew.start()
        failed = wait(store, long.id, lambda job: job.ended)
        assert (failed.state, failed.attempts) == (JobState.FAILED, 1)
        assert failed.problem is not None
        assert "found one that takes longer" in failed.problem["detail"]
        assert wait(store, broken.id, lambda job: job.ended).attempts == 1
        assert not shelves.clip(long.id).exists()
    finally:
        crew.stop()
        store.close()
