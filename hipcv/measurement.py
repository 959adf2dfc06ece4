"""One recorded file, from its path to its assessment."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hipcv.assessment import Assessment
from hipcv.core.checks.limits import LIMITS, declared_limit, found
from hipcv.core.finding import Finding, FindingCode, Severity
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.models.store import Progress, get_model
from hipcv.pose.method import METHOD, Method
from hipcv.session import Session
from hipcv.sources.recording import ReadReport
from hipcv.sources.video import open_video
from hipcv.words import Engine, ModelName

if TYPE_CHECKING:
    from hipcv.pose.recognise import Recognised


class OnFrame(Protocol):
    """Told after every frame how far a recording has come."""

    def __call__(self, n_done: int, n_total: int | None) -> None:
        """`n_total` is None where the recording does not say."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """A measured recording: where it came from, what was seen, what it means."""

    path: Path
    series: PoseSeries
    assessment: Assessment


def measure_file(
    path: Path,
    setup: Setup,
    *,
    model_name: ModelName = ModelName.HEAVY,
    model_path: Path | None = None,
    slow_motion: float = 1.0,
    clip_sha256: str | None = None,
    method: Method = METHOD,
    engine: Engine = Engine.LEGS,
    on_frame: OnFrame | None = None,
    on_fetch: Progress | None = None,
    on_read: Callable[[], None] | None = None,
) -> Measurement:
    """Measure one recorded file.

    Parameters
    ----------
    path : a video file.
    setup : how the test was done and filmed.
    model_name, model_path : which pose model, and where to look for it first.
    slow_motion : by how many times the file plays slower than life.
    clip_sha256 : of the file's bytes, where somebody has hashed them already.
    method : the steps of the reading that can be exchanged.
    engine : who reads the frames: the legs' reader, or MediaPipe's graph as a second opinion.
    on_frame, on_fetch : told how far reading, and fetching the model, have come.
    on_read : told once the last frame is in and the assessment begins; the frames are read then, which takes long.

    Raises
    ------
    SourceError, ModelError
        Where the file or the model cannot be used; a recording that was read is always an assessment.
    """
    with open_video(path, mirrored=bool(setup.mirrored), slow_motion=slow_motion, sha256=clip_sha256) as video:
        sha256 = video.sha256  # before its frames: it says what was read
        model = get_model(model_name, model_path, on_fetch)
        parameters: dict[str, object] = {
            "slow_motion": slow_motion,
            "rotation_tag_deg": video.info.rotation_deg,
            "engine": str(engine),
        }
        lens = video.info.long_side_fov_deg
        with Session(setup, model, model_name, parameters, lens, slow_motion, method, engine=engine) as session:
            for n_done, frame in enumerate(video, start=1):
                session.add(frame.rgb, frame.time_s)
                if on_frame is not None:
                    on_frame(n_done, video.info.expected_n_frames)
            if on_read is not None:
                on_read()
            session.parameters = {**parameters, "notes": list(video.notes)}
            findings = check_reading(video.report) if video.report else ()
            series, assessment = session.finish(clip_sha256=sha256, findings=findings)
    return Measurement(path, series, assessment)


def recognise_file(path: Path, *, model_name: ModelName, model_path: Path | None = None) -> "Recognised":
    """Say which test a recorded file shows, from some of its frames.

    Raises
    ------
    SourceError, ModelError
        Where the file or the model cannot be used.
    """
    from hipcv.pose.recognise import recognise_test

    with open_video(path) as video:
        return recognise_test(video, get_model(model_name, model_path), model_name)


def check_reading(report: ReadReport) -> tuple[Finding, ...]:
    """Report what reading a file found wrong with it: cut short, damaged, frames dropped.

    Examples
    --------
    >>> from hipcv.sources.recording import ReadReport
    >>> report = ReadReport(90, 90, 0, 0, 0, 0, 0, 0, 0, 1, 0.8, 1.5, 3.0, 0, 0, False, None, None)
    >>> [(finding.code.value, finding.observed) for finding in check_reading(report)]
    [('dropped_frames', 0.8)]
    """
    findings = []
    if report.truncated:
        declared = report.declared_n_frames or (report.declared_duration_s or 0.0) * report.n_frames / max(
            report.duration_s, 1e-9
        )
        limit = declared_limit(declared)
        findings.append(found(FindingCode.DAMAGED_RECORDING, Severity.DOUBT, report.n_frames, limit=limit))
    elif report.n_corrupt + report.n_unreadable > LIMITS[FindingCode.DAMAGED_RECORDING].value * report.n_decoded:
        share = (report.n_corrupt + report.n_unreadable) / max(report.n_decoded, 1)
        findings.append(found(FindingCode.DAMAGED_RECORDING, Severity.DOUBT, share))
    if report.n_gaps:
        findings.append(found(FindingCode.DROPPED_FRAMES, Severity.NOTE, report.longest_gap_s))
    return tuple(findings)
