"""Frames over time: a live reading while they come, a series and its assessment at the end.

A file, a webcam, a browser and a batch differ only in who hands the frames over, so one recording gives one answer by
every door.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hipcv.assessment import Assessment, Provenance, assess
from hipcv.core.camera.pinhole import image_angle_deg
from hipcv.core.checks.limits import LIMITS, found
from hipcv.core.finding import Cause, Finding, FindingCode, Severity
from hipcv.core.motion.angles import MIN_VISIBILITY, lateral_signs, sides_exchanged, sort_sides
from hipcv.core.motion.filtering import OneEuro, median_of
from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS, FloatArray, PoseSeries
from hipcv.core.setup import Setup, places_text, read_places
from hipcv.core.viewing import AS_STORED, Viewing
from hipcv.evidence.guidance import advised
from hipcv.models.store import ModelFile
from hipcv.outputs.document import render_setup
from hipcv.pose.method import METHOD, Method
from hipcv.pose.person import NOBODY, Pose
from hipcv.pose.readers import open_reader
from hipcv.pose.seam import PoseReader
from hipcv.sources.edges import StillRoom
from hipcv.sources.picture_quality import BRIGHTNESS_EVERY_S, measure_brightness
from hipcv.version import __version__
from hipcv.words import Engine, ModelName

ByteArray = NDArray[np.uint8]

#: Bones that are kept out of the search for the room's edges.
BONES = (
    *zip(SHOULDERS, HIPS, strict=True),
    *zip(HIPS, KNEES, strict=True),
    *zip(KNEES, ANKLES, strict=True),
    SHOULDERS,
    HIPS,
    *((shoulder, wrist) for shoulder, wrist in zip(SHOULDERS, (13, 14), strict=True)),
    (13, 15),
    (14, 16),
    (0, SHOULDERS[0]),
    (0, SHOULDERS[1]),
)
#: What a model that sees less may have missed.
UNSEEN = (FindingCode.NO_PERSON, FindingCode.LEGS_NOT_SEEN)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What can be said at once about one frame; angles in degrees to the picture's vertical, NaN where not seen.

    kept : whether the frame is one of those that the assessment will rest on.
    """

    time_s: float
    pose: Pose
    left_deg: float
    right_deg: float
    n_people: int
    kept: bool


@dataclass(slots=True, eq=False)
class Session:
    """One recording as it comes in, frame by frame.

    Parameters
    ----------
    setup : how the test is done and filmed.
    model : the pose model to use.
    parameters : carried into the result's provenance beside the setup.
    long_side_fov_deg : the lens' field of view along the picture's longer side, where known.
    slow_motion : by how many times the frames' source played slower than life; `time_s` is already true to life.
    method : the steps of the reading that can be exchanged.
    guide : a faster model that says at once where the legs are; see `open_reader`.
    engine : who reads the frames; see `open_reader`.
    viewing : which part of a recorded file the frames are, `whole_px` (width, height) of all of its picture.
    source_fps_hz : frames a second of a recording of which only some were handed over; else they are counted.

    Raises
    ------
    ModelError
        Where the model does not load.
    """

    setup: Setup
    model: ModelFile
    model_name: ModelName
    parameters: Mapping[str, object] = field(default_factory=dict)
    long_side_fov_deg: float | None = None
    slow_motion: float = 1.0
    method: Method = METHOD
    guide: tuple[ModelFile, ModelName] | None = None
    engine: Engine = Engine.LEGS
    viewing: Viewing = AS_STORED
    whole_px: tuple[int, int] | None = None
    source_fps_hz: float | None = None
    reader: PoseReader = field(init=False)
    _room: StillRoom = field(default_factory=StillRoom, init=False)
    _brightness: dict[float, float] = field(default_factory=dict, init=False)
    _live: tuple[OneEuro, OneEuro] = field(default_factory=lambda: (OneEuro(), OneEuro()), init=False)
    _n_frames: int = field(default=0, init=False)
    _span_s: tuple[float, float] = field(default=(math.inf, -math.inf), init=False)
    _next_look_s: float = field(default=-math.inf, init=False)

    def __post_init__(self) -> None:
        self.reader = open_reader(
            self._seen_setup(), self.model, self.model_name, method=self.method, guide=self.guide, engine=self.engine
        )

    def _seen_setup(self) -> Setup:
        """Return the setup with what is said of places in the whole picture told of the part that is read."""
        at, part = self.setup.subject_at, self.viewing.crop_px
        if at is None or part is None or self.whole_px is None:
            return self.setup
        x, y = (
            min(max((share * whole - start) / length, 0.0), 1.0)
            for share, whole, start, length in zip(at, self.whole_px, part[:2], part[2:], strict=True)
        )
        return replace(self.setup, subject_at=(x, y))

    def add(self, rgb: ByteArray, time_s: float) -> Reading:
        """Look at the next frame, (height, width, 3) upright and unmirrored, taken at `time_s` (rising)."""
        self._room.add(rgb, time_s)
        self._n_frames += 1
        self._span_s = (min(self._span_s[0], time_s), max(self._span_s[1], time_s))
        seen = self.reader.add(rgb, time_s)
        if seen.kept and time_s >= self._next_look_s:
            self._next_look_s = time_s + BRIGHTNESS_EVERY_S
            self._brightness[time_s] = measure_brightness(rgb)
        bare = self.bare_angles_deg(seen.pose)
        left, right = (live(time_s, value) for live, value in zip(self._live, bare, strict=True))
        return Reading(time_s, seen.pose, left, right, seen.n_people, seen.kept)

    @property
    def n_kept(self) -> int:
        """How many frames are kept; not every reader keeps all."""
        return self.reader.n_kept

    @property
    def start_s(self) -> float:
        """Time of the first frame that is still kept; NaN where there is none."""
        return float(next(iter(self.reader.times_s()), math.nan))

    def times_s(self) -> FloatArray:
        """Return the time of every frame that is kept (T,), seconds."""
        return self.reader.times_s()

    def forget(self, rows: slice) -> None:
        """Drop kept frames, as if they had never come."""
        for time_s in self.reader.times_s()[rows].tolist():
            self._brightness.pop(time_s, None)
        self.reader.forget(rows)

    def bare_angles_deg(self, pose: Pose) -> FloatArray:
        """Return both legs' angles (2,) to the picture's vertical, left and right, NaN where not seen.

        Degrees, internal rotation positive; unfiltered, and for no camera tilt.
        """
        if pose is NOBODY:
            return np.full(2, np.nan)
        px = np.where((pose.visibility >= MIN_VISIBILITY)[:, None], pose.image_px, np.nan)
        shank_up = self.setup.procedure.shank_up
        lateral = lateral_signs(self.setup)
        rows = list(range(2))
        if sides_exchanged(px, self.setup):
            rows.reverse()
        knees, ankles = px[np.array(KNEES)[rows]], px[np.array(ANKLES)[rows]]
        return image_angle_deg(knees, ankles, lateral, shank_up=shank_up)

    def series(self) -> PoseSeries:
        """Return everything seen so far, with every row the subject's own."""
        series = sort_sides(self.reader.series(), self.setup)
        shank_px = median_of(np.linalg.norm(series.image_px[:, ANKLES] - series.image_px[:, KNEES], axis=-1))
        return replace(
            series,
            brightness=np.array([self._brightness.get(time_s, math.nan) for time_s in series.time_s.tolist()]),
            edges_px=self._room.find_edges(self._people_px(series.image_px), shank_px),
            long_side_fov_deg=self.long_side_fov_deg,
            origin_px=self.viewing.origin_px,
            recorded_fps_hz=self._recorded_fps_hz() if self.reader.sample_hz else None,
        )

    def _recorded_fps_hz(self) -> float | None:
        span_s = self._span_s[1] - self._span_s[0]
        if self.source_fps_hz is not None or not span_s > 0:
            return self.source_fps_hz
        return (self._n_frames - 1) / span_s

    def _people_px(self, image_px: FloatArray) -> FloatArray:
        picks = np.linspace(0, len(image_px) - 1, min(len(image_px), 25)).astype(int)
        bones: FloatArray = image_px[picks][:, np.array(BONES)].reshape(-1, 2, 2)
        return np.concatenate([bones, self.reader.others_px()])

    def finish(self, *, clip_sha256: str = "", findings: Iterable[Finding] = ()) -> tuple[PoseSeries, Assessment]:
        """Assess all that was seen; `findings` of the frames' source are carried into the result."""
        series = self.series()
        own = [*findings, *self._camera_findings(series), *map(self._in_whole_picture, self.reader.findings())]
        assessment = assess(series, self.setup, provenance=self.provenance(series, clip_sha256), recording_findings=own)
        return series, replace(assessment, findings=tuple(map(self._name_the_model, assessment.findings)))

    def provenance(self, series: PoseSeries, clip_sha256: str = "") -> Provenance:
        """Return what it takes, beside the setup, to get the same numbers of a series again; after `series`."""
        return Provenance(
            hipcv_version=__version__,
            pose_model=str(self.model_name),
            model_sha256=self.model.sha256,
            clip_sha256=clip_sha256,
            fps=round(series.fps_hz, 4) if len(series) > 1 else None,
            n_frames=len(series),
            slow_motion=self.slow_motion,
            long_side_fov_deg=self.long_side_fov_deg,
            viewing=self.viewing,
            readings_hz=round(series.readings_hz, 4) if len(series) > 1 else None,
            parameters={**render_setup(self.setup), **self.parameters, "person": self.reader.person},
        )

    def _name_the_model(self, finding: Finding) -> Finding:
        """Return the advice to take the model that sees more, where legs were refused that it may see."""
        if finding.code not in UNSEEN or finding.severity is not Severity.REJECT or not self.model_name.sees_less:
            return finding
        return advised(replace(finding, cause=Cause.OTHER_MODEL, values={"model": str(self.model_name)}))

    def _in_whole_picture(self, finding: Finding) -> Finding:
        """Return a finding that names places in the part that was read with those places in the whole picture."""
        part, where = self.viewing.crop_px, finding.values.get("where")
        if finding.code is not FindingCode.SUBJECT_UNCLEAR or part is None or self.whole_px is None:
            return finding
        places = [
            ((part[0] + x * part[2]) / self.whole_px[0], (part[1] + y * part[3]) / self.whole_px[1])
            for x, y in read_places(str(where))
        ]
        return replace(finding, values={**finding.values, "where": places_text(places)})

    def _camera_findings(self, series: PoseSeries) -> list[Finding]:
        shank_px = np.linalg.norm(series.image_px[:, ANKLES] - series.image_px[:, KNEES], axis=-1)
        if not np.isfinite(shank_px).any():
            return []
        length_px = median_of(shank_px)
        share = self._room.camera_motion_px(self._people_px(series.image_px), length_px) / length_px
        if not share > LIMITS[FindingCode.MOVING_CAMERA].value:
            return []
        return [found(FindingCode.MOVING_CAMERA, Severity.DOUBT, share)]

    def close(self) -> None:
        """Free the model."""
        self.reader.close()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
