"""MediaPipe's pose graph as a reader, a second opinion: every frame's landmarks at once (METHOD G1, G2)."""

from pathlib import Path

import numpy as np

from hipcv.core.finding import Finding
from hipcv.core.series import FloatArray, PoseSeries
from hipcv.pose.landmarker import FuseOutline, PoseEstimator
from hipcv.pose.record import PoseRecord, pack_pose
from hipcv.pose.seam import ByteArray, Seen
from hipcv.pose.silhouette import fuse_axis
from hipcv.sources.picture_quality import SHARPNESS_EVERY_S, measure_sharpness


class GraphReader:
    """One recording read by MediaPipe's pose landmarker, every frame of it; see `seam.PoseReader`.

    Raises
    ------
    ModelError
        Where the model does not load.
    """

    sample_hz: float | None = None

    def __init__(self, model: Path, fuse_outline: FuseOutline = fuse_axis) -> None:
        self._estimator = PoseEstimator(model, fuse_outline)
        self._record = PoseRecord()
        self._frame_size_px = (0, 0)
        self._next_look_s = -np.inf

    @property
    def person(self) -> str:
        """Who is measured, in words."""
        choice = self._estimator.choice
        if choice.n_people <= 1:
            return "the only person in view"
        return f"one of {choice.n_people} people in view from {choice.first_s:.1f} s on: {choice.rule}"

    @property
    def n_kept(self) -> int:
        """How many frames are kept: all that were not forgotten."""
        return len(self._record)

    def times_s(self) -> FloatArray:
        """Return the time of every frame that is kept (T,), seconds."""
        return self._record.times_s()

    def add(self, rgb: ByteArray, time_s: float) -> Seen:
        """Take the next frame, (height, width, 3) upright and unmirrored."""
        self._frame_size_px = (rgb.shape[1], rgb.shape[0])
        pose, n_people = self._estimator(rgb, time_s)
        sharpness = np.nan
        if time_s >= self._next_look_s:
            self._next_look_s = time_s + SHARPNESS_EVERY_S
            sharpness = measure_sharpness(rgb, pose.image_px)
        self._record.add(pack_pose(time_s, pose, n_people, sharpness))
        return Seen(pose, n_people, kept=True)

    def forget(self, rows: slice) -> None:
        """Drop kept frames."""
        self._record.forget(rows)

    def series(self) -> PoseSeries:
        """Return all that was kept."""
        table = self._record.table()
        return PoseSeries(
            time_s=table["time_s"],
            image_px=table["image_px"],
            world_m=table["world_m"],
            visibility=table["visibility"],
            frame_size_px=self._frame_size_px,
            shank_se_deg=table["shank_se_deg"],
            n_people=table["n_people"],
            sharpness=table["sharpness"],
        )

    def others_px(self) -> FloatArray:
        """Return nothing: the graph tells where the measured person is."""
        return np.empty((0, 2, 2))

    def findings(self) -> tuple[Finding, ...]:
        """Return nothing: what is wrong shows in the series."""
        return ()

    def close(self) -> None:
        """Free the model."""
        self._estimator.close()
