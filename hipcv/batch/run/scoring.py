"""Measures one recording for a batch: what runs inside a worker's process."""

import hashlib
import math
import os
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psutil

from hipcv.batch.input.remote import is_url, local_copy, sha256_of_url, stamp_of
from hipcv.batch.run.job import Answer, Identity, Job, Refusal, Refused, Scored
from hipcv.core.errors import HipcvError, ModelError, OutputError, SourceError
from hipcv.core.setup import Setup
from hipcv.version import __version__

if TYPE_CHECKING:
    from hipcv.measurement import Measurement
    from hipcv.sources.recording import Frame

#: Told that work is going on: frames done and their number where it is known.
Beat = Callable[[int, int | None], None]


def identify(source: str, known: Identity | None = None) -> Identity | Refused:
    """Return what a recording's bytes are; nothing is decoded, and nothing read where `known` still holds.

    Examples
    --------
    >>> identify("absent.mp4").refusal
    <Refusal.GONE: 'gone'>
    """
    try:
        if is_url(source):
            stamp = stamp_of(source)
            unchanged = known is not None and stamp != "" and stamp == known.stamp
            return known if known and unchanged else Identity(sha256_of_url(source), stamp)
        from hipcv.sources.container import find_file, sha256_of
        from hipcv.sources.pictures import find_pictures, sha256_of_pictures

        pictures = find_pictures(Path(source))
        # the stamp is taken first: bytes that change while they are read get a stamp that no longer fits
        stamp = file_stamp(find_file(source) if pictures is None else source)
        if known and known.stamp == stamp:
            return known
        return Identity(sha256_of(Path(source)) if pictures is None else sha256_of_pictures(pictures), stamp)
    except SourceError as error:
        return Refused(_why_unreadable(source), str(error))
    except OSError as error:
        return Refused(_why_unreadable(source), f"Wanted to read {source}, but could not: {error.strerror}.")


def file_stamp(path: str | os.PathLike[str]) -> str:
    """Return a text that changes when a file does: its size and the time of its last change; OSError if it is gone.

    Of a folder or a pattern of pictures it changes when any of them does.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a.mp4").touch()
    ...     before = file_stamp(Path(folder, "a.mp4"))
    ...     n = Path(folder, "a.mp4").write_bytes(b"picture")
    ...     before == file_stamp(Path(folder, "a.mp4"))
    False
    """
    if not Path(path).is_file():
        from hipcv.sources.pictures import find_pictures

        stamps = (file_stamp(picture) for picture in find_pictures(Path(path)) or ())
        together = hashlib.sha256("\n".join(stamps).encode()).hexdigest()
        if Path(path).is_dir() or together != hashlib.sha256(b"").hexdigest():
            return together
    status = Path(path).stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def score(job: Job, beat: Beat = lambda n_done, n_total: None) -> Answer:
    """Measure a recording; every fault becomes an answer.

    Parameters
    ----------
    job : what to measure, and how.
    beat : told after every frame, and whenever another step is done.
    """
    started, cpu_started = time.monotonic(), time.process_time()
    answer: Answer
    try:
        answer = _score(job, beat)
    except (ModelError, OutputError) as error:
        answer = Refused(Refusal.WORKER_UNFIT, str(error))
    except SourceError as error:
        answer = Refused(_why_unreadable(job.source), str(error))
    except HipcvError as error:
        answer = Refused(Refusal.FAILED, str(error))
    except MemoryError:
        sentence = "There was not enough memory for it; use fewer workers."
        answer = Refused(Refusal.FAILED, sentence, traceback.format_exc())
    except Exception as error:
        sentence = f"It could not be measured because of a fault in hipcv ({type(error).__name__}); please report it."
        answer = Refused(Refusal.FAILED, sentence, traceback.format_exc())
    wall_s, cpu_s = time.monotonic() - started, time.process_time() - cpu_started
    if isinstance(answer, Refused):
        return replace(answer, wall_s=wall_s)
    return replace(answer, wall_s=wall_s, cpu_s=cpu_s, peak_memory_mb=peak_memory_mb())


def _score(job: Job, beat: Beat) -> Answer:
    from hipcv.models.store import get_model
    from hipcv.outputs.document import render_document
    from hipcv.words import ModelName

    if job.hipcv_version != __version__:
        sentence = f"A worker has hipcv {__version__}, the batch {job.hipcv_version}; install the same on all machines."
        return Refused(Refusal.WORKER_UNFIT, sentence)
    with _on_disk(job.source) as path:
        beat(0, None)
        model = get_model(ModelName(job.model_name), _folder(job), lambda at: beat(at.n_bytes, at.n_bytes_total))
        if model.sha256 != job.model_sha256:
            sentence = f"A worker has another {job.model_name} model than the batch; fetch the same on all machines."
            return Refused(Refusal.WORKER_UNFIT, sentence)
        measured = _measure(job, path, beat)
        beat(0, None)
        files = _write_files(job, measured, beat)
    times_s = measured.series.time_s
    return Scored(
        document=render_document(measured.assessment),
        files=files,
        assessment=measured.assessment if job.wants_assessment else None,
        clip_s=float(times_s[-1] - times_s[0]) if len(times_s) else 0.0,
    )


def _measure(job: Job, path: Path, beat: Beat) -> "Measurement":
    from hipcv.measurement import measure_file
    from hipcv.words import ModelName

    return measure_file(
        path,
        _choose_setup(job, path),
        model_name=ModelName(job.model_name),
        model_path=_folder(job),
        slow_motion=job.slow_motion,
        viewing=job.viewing,
        clip_sha256=_known_sha256(job),
        on_frame=lambda n_done, n_total: beat(n_done, n_total),
    )


def _known_sha256(job: Job) -> str | None:
    """Return the checksum of a file that has not changed since it was looked at; None where it has to be read."""
    if job.identity is None or is_url(job.source):
        return None
    return job.identity.clip_sha256 if file_stamp(job.source) == job.identity.stamp else None


def _write_files(job: Job, measured: "Measurement", beat: Beat) -> dict[str, bytes]:
    """Return the artefacts that the job asks for, by their names."""
    from hipcv.assessment import Status
    from hipcv.outputs.artefacts import Material, possible

    seen = measured.assessment.status is Status.MEASURED
    files = {}
    with closing(_frames(job, measured, beat)) as frames, TemporaryDirectory(prefix="hipcv-") as folder:
        material = Material(measured.assessment, measured.series, frames if seen else None)
        for artefact in possible(frames=seen):
            if artefact.name in job.artefacts:
                path = Path(folder) / artefact.file
                artefact.write(material, path)
                files[artefact.name] = path.read_bytes()
    return files


def _frames(job: Job, measured: "Measurement", beat: Beat) -> "Generator[Frame, None, None]":
    """Yield the frames that were measured once more, for the page's pictures, from when the first one is wanted."""
    from hipcv.sources.video import open_video

    mirrored, viewing = bool(measured.assessment.setup.mirrored), measured.assessment.provenance.viewing
    with open_video(measured.path, mirrored=mirrored, slow_motion=job.slow_motion, viewing=viewing) as video:
        for frame in video.frames(measured.sample_hz):
            beat(0, None)
            yield frame


def _choose_setup(job: Job, path: Path) -> Setup:
    """Return the setup of the test that the recording shows; the first where it shows neither."""
    if len(job.setups) == 1:
        return job.setups[0]
    from hipcv.measurement import recognise_file
    from hipcv.words import ModelName

    seen = recognise_file(path, model_name=ModelName(job.model_name), model_path=_folder(job), viewing=job.viewing)
    return next((setup for setup in job.setups if setup.procedure is seen.procedure), job.setups[0])


def _folder(job: Job) -> Path | None:
    return Path(job.model_path) if job.model_path else None


@contextmanager
def _on_disk(source: str) -> Iterator[Path]:
    if is_url(source):
        with local_copy(source) as copy:
            yield copy
    else:
        yield Path(source)


def _why_unreadable(source: str) -> Refusal:
    return Refusal.UNREADABLE if is_url(source) or Path(source).exists() else Refusal.GONE


def peak_memory_mb() -> float:
    """Return the largest memory that this process has held, in MB; NaN where the system does not say.

    Examples
    --------
    >>> peak_mb = peak_memory_mb()
    >>> peak_mb > 0 or math.isnan(peak_mb)
    True
    """
    try:
        # not from getrusage: there a new process inherits what its parent held
        lines = Path("/proc/self/status").read_text().splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), math.nan)
    except OSError:  # no Linux; Windows says it in its own way
        with suppress(OSError, psutil.Error):
            return float(getattr(psutil.Process().memory_info(), "peak_wset", math.nan)) / 1024**2
    return math.nan
