"""Frames over time: a live reading while they come, a series and its assessment at the end.

A file, a webcam, a browser and a batch differ only in who hands the frames over, so one recording gives one answer by
every door.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hipcv import __version__
from hipcv.assessment import Assessment, Provenance, assess
from hipcv.core.camera.pinhole import image_angle_deg
from hipcv.core.checks.recording import check_end, found
from hipcv.core.finding import Finding, FindingCode, Limit, Severity
from hipcv.core.motion.angles import MIN_VISIBILITY, lateral_signs, sides_exchanged, sort_sides
from hipcv.core.motion.filtering import OneEuro, median_of
from hipcv.core.procedures.prone import PRONE
from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS, FloatArray, PoseSeries
from hipcv.core.setup import Setup
from hipcv.models.store import ModelFile
from hipcv.outputs.document import render_setup
from hipcv.pose.landmarker import NOBODY, Pose, PoseEstimator
from hipcv.pose.record import PoseRecord, pack_pose
from hipcv.sources.edges import StillRoom
from hipcv.sources.picture_quality import measure_brightness, measure_sharpness
from hipcv.words import ModelName

if TYPE_CHECKING:
    from hipcv.pose.legs.reader import ProneReader

ByteArray = NDArray[np.uint8]

#: The picture's own quality changes slowly: it is looked at this often.
QUALITY_INTERVAL_S = 0.2
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
FEET = Limit(0.5, "of the searched frames", "what lies outside the picture cannot be measured")
MOTION = Limit(0.05, "of a shank's length", "an angle to a moving plumb line is no angle to the plumb line")


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What can be said at once about one frame; angles in degrees to the picture's vertical, NaN where not seen."""

    time_s: float
    pose: Pose
    left_deg: float
    right_deg: float
    n_people: int


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
    _estimator: PoseEstimator | None = field(default=None, init=False)
    _prone: "ProneReader | None" = field(default=None, init=False)
    _room: StillRoom = field(default_factory=StillRoom, init=False)
    _record: PoseRecord = field(default_factory=PoseRecord, init=False)
    _frame_size_px: tuple[int, int] = field(default=(0, 0), init=False)
    _live: tuple[OneEuro, OneEuro] = field(default_factory=lambda: (OneEuro(), OneEuro()), init=False)
    _n_frames: int = field(default=0, init=False)
    _span_s: tuple[float, float] = field(default=(math.inf, -math.inf), init=False)
    _next_look_s: float = field(default=-math.inf, init=False)

    def __post_init__(self) -> None:
        if self.setup.procedure is PRONE:
            # the seated test does not wait for what only this one needs
            from hipcv.models.bundle import read_landmark_network
            from hipcv.pose.legs.network import LandmarkNetwork
            from hipcv.pose.legs.reader import ProneReader

            network = LandmarkNetwork(read_landmark_network(self.model.path))
            self._prone = ProneReader(network, self.setup.camera_side)
        else:
            self._estimator = PoseEstimator(self.model.path)

    def add(self, rgb: ByteArray, time_s: float) -> Reading:
        """Look at the next frame, (height, width, 3) upright and unmirrored, taken at `time_s` (rising)."""
        self._frame_size_px = (rgb.shape[1], rgb.shape[0])
        self._room.add(rgb, time_s)
        self._n_frames += 1
        self._span_s = (min(self._span_s[0], time_s), max(self._span_s[1], time_s))
        pose, n_people = NOBODY, -1
        if self._estimator is not None:
            pose, n_people = self._estimator(rgb, time_s)
        elif self._prone is None or not self._prone.add(rgb, time_s):
            return Reading(time_s, pose, math.nan, math.nan, n_people)
        look = time_s >= self._next_look_s
        if look:
            self._next_look_s = time_s + QUALITY_INTERVAL_S
        brightness = measure_brightness(rgb) if look else math.nan
        sharpness = measure_sharpness(rgb, pose.image_px) if look else math.nan
        self._record.add(pack_pose(time_s, pose, n_people, brightness, sharpness))
        left, right = (live(time_s, value) for live, value in zip(self._live, self.bare_angles_deg(pose), strict=True))
        return Reading(time_s, pose, left, right, n_people)

    @property
    def n_kept(self) -> int:
        """How many frames are kept; in the prone test not every frame is."""
        return len(self._record)

    @property
    def start_s(self) -> float:
        """Time of the first frame that is still kept; NaN where there is none."""
        return self._record.start_s

    @property
    def stop_s(self) -> float:
        """Time of the last frame that is kept; NaN where there is none."""
        return self._record.stop_s

    def times_s(self) -> FloatArray:
        """Return the time of every frame that is kept (T,), seconds."""
        return self._record.times_s()

    def forget(self, rows: slice) -> None:
        """Drop kept frames, as if they had never come."""
        self._record.forget(rows)
        if self._prone is not None:
            self._prone.forget(rows)

    def amend(self, rows: Mapping[float, NDArray[np.void]], compared_s: Sequence[float]) -> int:
        """Put what another model saw in the place of what this one did, as `PoseRecord.amend`; return how many.

        Parameters
        ----------
        rows : `pack_pose` of each frame by its time in seconds; times that are not kept are passed over.
        compared_s : times at rest at which the two models are compared.
        """
        return self._record.amend(rows, compared_s)

    def bare_angles_deg(self, pose: Pose) -> FloatArray:
        """Return both legs' angles (2,) to the picture's vertical, left and right, NaN where not seen.

        Degrees, internal rotation positive; unfiltered, and for no camera tilt.
        """
        if pose is NOBODY:
            return np.full(2, np.nan)
        px = np.where((pose.visibility >= MIN_VISIBILITY)[:, None], pose.image_px, np.nan)
        shank_up = self.setup.procedure is PRONE
        lateral = lateral_signs(self.setup)
        rows = list(range(2))
        if sides_exchanged(px, self.setup):
            rows.reverse()
        knees, ankles = px[np.array(KNEES)[rows]], px[np.array(ANKLES)[rows]]
        return image_angle_deg(knees, ankles, lateral, shank_up=shank_up)

    def series(self) -> PoseSeries:
        """Return everything seen so far, with every row the subject's own."""
        table = self._record.table()
        read = self._prone.series() if self._prone is not None else self._followed(table)
        series = sort_sides(read, self.setup)
        shank_px = median_of(np.linalg.norm(series.image_px[:, ANKLES] - series.image_px[:, KNEES], axis=-1))
        span_s = self._span_s[1] - self._span_s[0]
        return replace(
            series,
            brightness=table["brightness"],
            sharpness=table["sharpness"],
            edges_px=self._room.find_edges(self._person_px(series.image_px), shank_px),
            long_side_fov_deg=self.long_side_fov_deg,
            recorded_fps_hz=(self._n_frames - 1) / span_s if self._prone is not None and span_s > 0 else None,
        )

    def _followed(self, table: NDArray[np.void]) -> PoseSeries:
        return PoseSeries(
            time_s=table["time_s"],
            image_px=table["image_px"],
            world_m=table["world_m"],
            visibility=table["visibility"],
            frame_size_px=self._frame_size_px,
            shank_se_deg=table["shank_se_deg"],
            n_people=table["n_people"],
        )

    def _person_px(self, image_px: FloatArray) -> FloatArray:
        picks = np.linspace(0, len(image_px) - 1, min(len(image_px), 25)).astype(int)
        bones: FloatArray = image_px[picks][:, np.array(BONES)].reshape(-1, 2, 2)
        return bones

    def finish(self, *, clip_sha256: str = "", findings: Iterable[Finding] = ()) -> tuple[PoseSeries, Assessment]:
        """Assess all that was seen; `findings` of the frames' source are carried into the result."""
        series = self.series()
        own = [*findings, *self._camera_findings(series)]
        if self._prone is not None and self._prone.vote is None and self._prone.cut_off:
            own.append(found(FindingCode.OUT_OF_FRAME, Severity.REJECT, 1.0, limit=FEET))
        if self._prone is not None:
            own += check_end(self._prone.share_in_front, self._prone.flexion_deg, self.setup.camera_side)
        provenance = Provenance(
            hipcv_version=__version__,
            pose_model=str(self.model_name),
            model_sha256=self.model.sha256,
            clip_sha256=clip_sha256,
            fps=round(series.fps_hz, 4) if len(series) > 1 else None,
            n_frames=len(series),
            slow_motion=self.slow_motion,
            long_side_fov_deg=self.long_side_fov_deg,
            readings_hz=round(series.readings_hz, 4) if len(series) > 1 else None,
            parameters={**render_setup(self.setup), **self.parameters, "person": self._choice_text()},
        )
        return series, assess(series, self.setup, provenance=provenance, recording_findings=own)

    def _camera_findings(self, series: PoseSeries) -> list[Finding]:
        shank_px = np.linalg.norm(series.image_px[:, ANKLES] - series.image_px[:, KNEES], axis=-1)
        if not np.isfinite(shank_px).any():
            return []
        length_px = median_of(shank_px)
        share = self._room.camera_motion_px(self._person_px(series.image_px), length_px) / length_px
        if not share > MOTION.value:
            return []
        return [found(FindingCode.MOVING_CAMERA, Severity.DOUBT, share, limit=MOTION)]

    def _choice_text(self) -> str:
        if self._estimator is None:
            return "whose lower legs most frames agree on"
        choice = self._estimator.choice
        if choice.n_people <= 1:
            return "the only person in view"
        return f"one of {choice.n_people} people in view from {choice.first_s:.1f} s on: {choice.rule}"

    def close(self) -> None:
        """Free the model."""
        if self._estimator is not None:
            self._estimator.close()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
