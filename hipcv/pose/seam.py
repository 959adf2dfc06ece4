"""How frames become landmarks: the seam behind which every reader of poses stands."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hipcv.core.finding import Finding
from hipcv.core.series import FloatArray, PoseSeries
from hipcv.pose.person import Pose

ByteArray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a reader says at once about one frame.

    pose : `NOBODY` where it sees nobody, or says so only at the end.
    n_people : in view, -1 where nobody counted.
    kept : whether the frame is one of those that the series will hold.
    """

    pose: Pose
    n_people: int
    kept: bool


class PoseReader(Protocol):
    """Frames of one recording in, the measured person's landmarks out; it keeps what it needs until the end."""

    @property
    def sample_hz(self) -> float | None:
        """How many frames a second are kept; None for all."""

    @property
    def person(self) -> str:
        """Who is measured, in words."""

    @property
    def n_kept(self) -> int:
        """How many frames are kept."""

    def times_s(self) -> FloatArray:
        """Return the time of every frame that is kept (T,), seconds."""

    def add(self, rgb: ByteArray, time_s: float) -> Seen:
        """Take the next frame, (height, width, 3) upright and unmirrored, of a time that rises."""

    def forget(self, rows: slice) -> None:
        """Drop kept frames, as if they had never come."""

    def series(self) -> PoseSeries:
        """Return all that was kept, with the sides as the network labels them."""

    def others_px(self) -> FloatArray:
        """Return (K, 2, 2) where other people are or were: a line along each body, pixels; known after `series`."""

    def findings(self) -> tuple[Finding, ...]:
        """Return what reading found wrong; known after `series`."""

    def close(self) -> None:
        """Free the network."""
