"""Which frames of a live test are measured again: those near the end range, and some at rest for comparison."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hipcv.core.motion.trials import MIN_SWING_DEG
from hipcv.live.coach import Hold
from hipcv.live.precise import PreciseReader
from hipcv.live.swing import KeptFrame, Swing, pick_held
from hipcv.models.store import ModelFile
from hipcv.pose.person import Pose
from hipcv.session import Session
from hipcv.sources.stills import encode_still
from hipcv.words import SIDES

ByteArray = NDArray[np.uint8]
Angles = tuple[float, float]

#: At rest so many frames are measured again first, then one a second: they tell how the two models differ.
N_QUICK_RESTS, QUICK_REST_S, SLOW_REST_S, MAX_RESTS = 12, 0.25, 1.0, 150
#: With so many frames waiting for the precise model, only captured holds are added.
MAX_BACKLOG = 200


@dataclass(frozen=True, slots=True)
class Remeasured:
    """The angle of a captured hold as the precise model sees it, degrees."""

    hold: Hold
    angle_deg: float


class HeldFrames:
    """Keeps the packed pictures of a swing until it is over, and has those near its top measured again.

    Parameters
    ----------
    load : returns the precise model's file.
    on_measured : told, on another thread, every captured hold and the poses within it as they are now.
    """

    def __init__(self, load: Callable[[], ModelFile], on_measured: Callable[[Hold, list[Pose]], None]) -> None:
        self._on_measured = on_measured
        self._swing = Swing()
        self._holds: list[Hold] = []
        self._rest_times_s: list[float] = []
        self._reader = PreciseReader(load, self._tell)

    @property
    def n_pictures(self) -> int:
        """How many pictures are in memory, of this swing and waiting to be measured."""
        return len(self._swing.frames) + self._reader.n_waiting

    def captured(self, hold: Hold) -> None:
        """Take note of a captured hold: its frames are measured in any case."""
        self._holds.append(hold)

    def see(self, rgb: ByteArray, packed: bytes | None, time_s: float, angles_deg: Angles, rest_deg: Angles) -> None:
        """Keep a frame if it is wanted.

        Parameters
        ----------
        rgb, packed : the picture, and the same as JPEG or WebP where it came as such.
        time_s, angles_deg, rest_deg : when, both legs' angles, and what they are at rest (left, right).
        """
        heights = _heights_deg(angles_deg, rest_deg)
        if not all(map(math.isfinite, heights)):
            return
        out = max(heights) > MIN_SWING_DEG
        # the precise model follows the leg through time: nothing may overtake a swing that is still kept
        near = not out and not self._swing.frames and max(map(abs, heights)) < MIN_SWING_DEG / 2
        resting = near and self._rest_is_due(time_s)
        if not out and not self._swing.frames and not resting:
            return
        frame = KeptFrame(time_s, angles_deg, packed if packed is not None else encode_still(rgb))
        if resting:
            self._rest_times_s.append(time_s)
            self._reader.ask([frame])
        self._measure(self._swing.add(frame, heights), rest_deg)

    def _rest_is_due(self, time_s: float) -> bool:
        n = len(self._rest_times_s)
        interval_s = QUICK_REST_S if n < N_QUICK_RESTS else SLOW_REST_S
        return n < MAX_RESTS and (n == 0 or time_s - self._rest_times_s[-1] >= interval_s)

    def _measure(self, frames: list[KeptFrame], rest_deg: Angles) -> None:
        if not frames:
            return
        times_s = [frame.time_s for frame in frames]
        captured = any(hold.stop_s >= times_s[0] and hold.start_s <= times_s[-1] for hold in self._holds[-2:])
        if not captured and self._reader.n_waiting > MAX_BACKLOG:
            return
        heights = [_heights_deg(frame.angles_deg, rest_deg) for frame in frames]
        wanted: set[int] = set()
        for side in SIDES:
            wanted |= set(range(*pick_held(times_s, [h[side.column] for h in heights])))
        if wanted:
            self._reader.ask([frames[i] for i in sorted(wanted)])

    def _tell(self, poses: Mapping[float, Pose]) -> None:
        for hold in list(self._holds):
            inside = [pose for time_s, pose in poses.items() if hold.start_s <= time_s <= hold.stop_s]
            if inside:
                self._on_measured(hold, inside)

    def retain(self, times_s: set[float]) -> None:
        """Drop what was measured of frames at other times than these."""
        self._reader.retain(times_s)

    def amend(self, session: Session, rest_deg: Angles, on_progress: Callable[[int, int], None]) -> int:
        """Wait until all is measured and put it in the place of what the session has; return how many frames."""
        self._measure(self._swing.end(), rest_deg)
        return session.amend(self._reader.wait(on_progress), self._rest_times_s)

    def close(self) -> None:
        """Free the model and drop every kept frame."""
        self._reader.close()


def _heights_deg(angles_deg: Angles, rest_deg: Angles) -> Angles:
    return angles_deg[0] - rest_deg[0], angles_deg[1] - rest_deg[1]
