"""One recorded file, from its path to its assessment."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hipcv.assessment import Assessment, Status, assess
from hipcv.core.checks.limits import LIMITS, declared_limit, found
from hipcv.core.checks.place import other_place_s
from hipcv.core.checks.posture import picture_turned
from hipcv.core.checks.shape import check_stored_size
from hipcv.core.finding import Cause, Finding, FindingCode, Severity
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.core.viewing import AS_STORED, Viewing
from hipcv.evidence.guidance import advised
from hipcv.models.store import ModelFile, Progress, get_model
from hipcv.native.software import installed
from hipcv.photographs import Photograph, assess_photographs, joined_series
from hipcv.pose.clothes import person_changes_s
from hipcv.pose.method import METHOD, Method
from hipcv.pose.part import N_SEARCHED, PartFinder, find_part, only_seconds, several_tests
from hipcv.session import Session
from hipcv.sources.pictures import N_LOOKS, STILL_EVERY_S, Clip
from hipcv.sources.recording import ReadReport, Recording, VideoInfo
from hipcv.sources.survey import Survey
from hipcv.sources.video import open_video
from hipcv.words import Engine, ModelName

if TYPE_CHECKING:
    from hipcv.pose.recognise import Recognised


#: Refusals of a recording that may show something else before or after the test.
ELSE_SHOWN = {FindingCode.WRONG_TEST, FindingCode.NO_PERSON, FindingCode.LEGS_NOT_SEEN}
#: Refusals that no turn of the picture explains.
NO_TURN = (
    *(FindingCode.PICTURE_TURNED, FindingCode.SEVERAL_TESTS, FindingCode.MOVING_CAMERA),
    *(FindingCode.CAMERA_YAW, FindingCode.BEYOND_JOINT),
)
#: Pictures in which it is looked whether somebody else has sat down.
N_CLOTHES = 40
#: Pictures in which somebody who sits is then looked for.
N_POSTURES = 60


class OnFrame(Protocol):
    """Told after every frame how far a recording has come."""

    def __call__(self, n_done: int, n_total: int | None) -> None:
        """`n_total` is None where the recording does not say."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """A measured recording: where it came from, what was seen, what it means.

    sample_hz : frames a second that were looked at, on the raster of `Recording.frames`; None for all.
    """

    path: Clip
    series: PoseSeries
    assessment: Assessment
    sample_hz: float | None = None


def measure_file(
    path: Clip,
    setup: Setup,
    *,
    model_name: ModelName = ModelName.HEAVY,
    model_path: Path | None = None,
    slow_motion: float = 1.0,
    clip_sha256: str | None = None,
    viewing: Viewing = AS_STORED,
    method: Method = METHOD,
    engine: Engine = Engine.LEGS,
    on_frame: OnFrame | None = None,
    on_fetch: Progress | None = None,
    on_read: Callable[[], None] | None = None,
) -> Measurement:
    """Measure one recorded file.

    Where its pictures show a screen around the recording, or it holds more than the test, it is read once more: only
    the picture within, only that stretch (METHOD S17, S18).

    Parameters
    ----------
    path : a video file; a folder or a pattern of pictures, one of them, or several.
    setup : how the test was done and filmed.
    model_name, model_path : which pose model, and where to look for it first.
    slow_motion : by how many times the file plays slower than life.
    clip_sha256 : of the file's bytes, where somebody has hashed them already.
    viewing : which part of the file is looked at, and how; what is not told is found.
    method : the steps of the reading that can be exchanged.
    engine : who reads the frames: the legs' reader, or MediaPipe's graph as a second opinion.
    on_frame, on_fetch : told how far reading, and fetching the model, have come.
    on_read : told once the last frame is in and the assessment begins; the frames are read then, which takes long.

    Raises
    ------
    SourceError, ModelError
        Where the file or the model cannot be used; a recording that was read is always an assessment.
    """
    with open_video(path, slow_motion=slow_motion, viewing=viewing):  # before a model is fetched for nothing
        model = get_model(model_name, model_path, on_fetch)
    one = _OneFile(path, setup, model, model_name, slow_motion, clip_sha256, method, engine, on_frame, on_read)
    return one.measure_stills(viewing) if viewing.still else one.measure(viewing)


@dataclass(slots=True)
class _OneFile:
    """A file that is read, and read again where a part of it is the recording of the test."""

    path: Clip
    setup: Setup
    model: ModelFile
    model_name: ModelName
    slow_motion: float
    clip_sha256: str | None
    method: Method
    engine: Engine
    on_frame: OnFrame | None
    on_read: Callable[[], None] | None
    _told: Viewing = field(default=AS_STORED, init=False)

    def measure(self, viewing: Viewing) -> Measurement:
        """Measure the part that is the test."""
        self._told = viewing
        finder = PartFinder(self.setup, self.model, self.model_name)
        told: tuple[Finding, ...] = ()
        while True:
            with self._open(viewing) as video, self._session(viewing, video.info) as session:
                survey = self._read(video, session)
                part = find_part(viewing, survey, finder, video.info, self.setup)
                if part.viewing == viewing:
                    measured = self._finish(video, session, (*told, *part.findings))
                    break
            viewing, told = part.viewing, (*told, *part.findings)
        if measured.assessment.status is Status.MEASURED:
            return self._one_person(measured, survey)
        if self.engine is not Engine.LEGS:
            return measured
        return self._where_it_is_done(measured, survey, finder) or _turned(measured, survey, finder)

    def _one_person(self, measured: Measurement, survey: Survey) -> Measurement:
        """Return what was measured, or ask whose result it is where somebody else is there from some second on.

        Other clothes are somebody else's; another place may be, and is a doubt.
        """
        series, old = measured.series, measured.assessment
        changes_s = None
        if self._clothes_tell(series):
            changes_s = person_changes_s(survey.timed_pictures(0.0, math.inf, N_CLOTHES), series)
        moved = FindingCode.MOVING_CAMERA in {f.code for f in old.findings}
        between_s = (changes_s, changes_s) if changes_s is not None else None if moved else other_place_s(series)
        if between_s is None:
            return measured
        cause = Cause.OTHER_PLACE if changes_s is None else Cause.OTHER_PERSON
        parts = [(float(series.time_s[0]), between_s[0]), (between_s[1], math.inf)]
        asked = several_tests(parts, self.slow_motion, survey.length_s, cause)
        if cause is Cause.OTHER_PLACE:
            doubt = advised(replace(asked, severity=Severity.DOUBT))
            n_rejects = sum(f.severity is Severity.REJECT for f in old.findings)
            findings = (*old.findings[:n_rejects], doubt, *old.findings[n_rejects:])
            return replace(measured, assessment=replace(old, findings=findings))
        told = [f for f in old.findings if f.code in (FindingCode.PICTURE_WITHIN, FindingCode.PART_MEASURED)]
        refused = assess(series, self.setup, provenance=old.provenance, recording_findings=(asked, *told))
        return replace(measured, assessment=refused)

    def _clothes_tell(self, series: PoseSeries) -> bool:
        """Whether what is looked at of the clothes stays in view: nobody before a trunk, both lower legs standing."""
        if self.setup.procedure.body_seen:
            # a helper, told or not, may sit before half of the subject
            return not (self.setup.passive or bool((series.n_people > 1).any()))
        # a leg that is out of the way lies on the bed, or its foot stands on it
        return self.setup.procedure.shank_up and not self.setup.inwards

    def measure_stills(self, viewing: Viewing) -> Measurement:
        """Measure single pictures, each with a camera of its own (METHOD S19)."""
        photographs: list[Photograph] = []
        survey = Survey()
        with self._open(viewing) as recording:
            self.clip_sha256 = recording.sha256
            for _, frames in groupby(recording, lambda frame: math.floor(frame.time_s / STILL_EVERY_S)):
                with self._session(viewing, recording.info) as session:
                    for frame in frames:
                        session.add(frame.rgb, frame.time_s)
                        survey.add(frame.rgb, frame.time_s)
                    series = session.series()
                    photographs.append(Photograph(series, session.reader.findings()))
                    session.parameters = {**session.parameters, "notes": list(recording.notes)}
                    provenance = replace(session.provenance(series, self.clip_sha256), fps=None, readings_hz=None)
                if self.on_frame is not None:
                    self.on_frame(len(photographs) * N_LOOKS, recording.info.expected_n_frames)
        n_pictures = len(photographs)
        assessment = assess_photographs(photographs, self.setup, provenance=replace(provenance, n_frames=n_pictures))
        joined = joined_series([one.series for one in photographs])
        measured = Measurement(self.path, joined, assessment)
        if assessment.status is Status.MEASURED:
            return measured
        return _turned(measured, survey, PartFinder(self.setup, self.model, self.model_name))

    def _open(self, viewing: Viewing) -> Recording:
        return open_video(
            self.path,
            mirrored=bool(self.setup.mirrored),
            slow_motion=self.slow_motion,
            sha256=self.clip_sha256,
            viewing=viewing,
        )

    def _session(self, viewing: Viewing, info: VideoInfo) -> Session:
        parameters: dict[str, object] = {
            "slow_motion": self.slow_motion,
            "rotation_tag_deg": info.rotation_deg,
            "engine": str(self.engine),
            # what it takes to measure the same once more: what of `viewing` was told and not found, and with what
            "told_viewing": asdict(self._told),
            "clip_bytes": info.n_bytes,
            "software": installed(self.engine),
        }
        if self.method.legs.looks_of_a_view is None:
            parameters["exhaustive"] = True
        return Session(
            self.setup,
            self.model,
            self.model_name,
            parameters,
            info.long_side_fov_deg,
            self.slow_motion,
            self.method,
            engine=self.engine,
            viewing=viewing,
            whole_px=(info.whole_width_px, info.whole_height_px),
        )

    def _read(self, video: Recording, session: Session) -> Survey:
        self.clip_sha256 = video.sha256  # before its frames: it says what was read
        survey = Survey()
        for frame in video.frames(session.reader.sample_hz):
            session.add(frame.rgb, frame.time_s)
            survey.add(frame.rgb, frame.time_s)
            if self.on_frame is not None:
                self.on_frame(frame.index + 1, video.info.expected_n_frames)
        session.source_fps_hz = video.report.fps_hz if video.report is not None else None
        return survey

    def _finish(self, video: Recording, session: Session, told: tuple[Finding, ...]) -> Measurement:
        if self.on_read is not None:
            self.on_read()
        session.parameters = {**session.parameters, "notes": list(video.notes)}
        info = video.info
        if info.viewing.aspect is None and info.pixel_aspect == 1 and info.viewing.crop_px is None:
            upright = -1 if (info.rotation_deg + info.viewing.rotate_deg) % 180 else 1
            width_px, height_px = (info.stored_width_px, info.stored_height_px)[::upright]
            told = (*told, *check_stored_size((width_px, height_px), self.setup))
        findings = (*told, *(check_reading(video.report) if video.report else ()))
        series, assessment = session.finish(clip_sha256=video.sha256, findings=findings)
        return Measurement(self.path, series, assessment, session.reader.sample_hz)

    def _where_it_is_done(self, measured: Measurement, survey: Survey, finder: PartFinder) -> Measurement | None:
        """Measure the stretch in which the test is done, where a recording was refused for what else it shows."""
        viewing = measured.assessment.provenance.viewing
        told = {f.code for f in measured.assessment.findings if f.severity is Severity.REJECT and f.side is None}
        whole = viewing.from_s is None and viewing.to_s is None
        if not (whole and told & ELSE_SHOWN):
            return None
        seconds = finder.doing_stretch(survey.timed_pictures(0.0, math.inf, N_POSTURES))
        if seconds is None:
            return None
        part = only_seconds(viewing, seconds, self.slow_motion, float(measured.series.time_s[-1]))
        within = tuple(f for f in measured.assessment.findings if f.code is FindingCode.PICTURE_WITHIN)
        with self._open(part.viewing) as video, self._session(part.viewing, video.info) as session:
            self._read(video, session)
            other = self._finish(video, session, (*within, *part.findings))
        return other if other.assessment.status is Status.MEASURED else None


def _turned(measured: Measurement, survey: Survey, finder: PartFinder) -> Measurement:
    """Return a refused recording with the cause that is the cause where its pictures lie on their side or head."""
    assessment = measured.assessment
    known = {f.code for f in assessment.findings if f.severity is Severity.REJECT} & {*NO_TURN}
    if known or assessment.provenance.viewing.rotate_deg:
        return measured
    turned_deg = finder.turned_deg(survey.pictures(0.0, math.inf, N_SEARCHED))
    if not turned_deg:
        return measured
    kept = tuple(f for f in assessment.findings if f.code is FindingCode.PICTURE_WITHIN)
    findings = (advised(picture_turned(turned_deg)), *kept)
    return replace(measured, assessment=replace(assessment, findings=findings))


def recognise_file(
    path: Clip, *, model_name: ModelName, model_path: Path | None = None, viewing: Viewing = AS_STORED
) -> "Recognised":
    """Say which test a recorded file shows, from some of its frames.

    Raises
    ------
    SourceError, ModelError
        Where the file or the model cannot be used.
    """
    from hipcv.pose.recognise import recognise_test

    with open_video(path, viewing=viewing) as video:
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
