"""The precise model, at work on kept frames while the test goes on."""

import os
import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from hipcv.core.errors import HipcvError
from hipcv.live.swing import KeptFrame
from hipcv.models.store import ModelFile
from hipcv.pose.landmarker import PoseEstimator
from hipcv.pose.person import NOBODY, Pose
from hipcv.pose.record import pack_pose
from hipcv.sources.stills import decode_still

PackedPose = NDArray[np.void]

_BACKGROUND_NICENESS = 10


class PreciseReader:
    """The precise model on a thread of its own, which gives way to everything else.

    Parameters
    ----------
    load : returns the model's file; called on the thread. Where it fails, nothing is measured again.
    on_finished : told, on the thread, the poses by time of every batch that is done.
    """

    def __init__(self, load: Callable[[], ModelFile], on_finished: Callable[[Mapping[float, Pose]], None]) -> None:
        self._load, self._finished = load, on_finished
        self._waiting: queue.SimpleQueue[list[KeptFrame] | None] = queue.SimpleQueue()
        self._packed: dict[float, PackedPose] = {}
        self.n_asked = self.n_done = 0
        self.failure: str | None = None
        self._stop = False
        self._thread = threading.Thread(target=self._work, name="precise reader", daemon=True)
        self._thread.start()

    @property
    def n_waiting(self) -> int:
        """How many frames are still to be measured."""
        return self.n_asked - self.n_done

    @property
    def n_measured(self) -> int:
        """How many poses are kept."""
        return len(self._packed)

    def ask(self, frames: list[KeptFrame]) -> None:
        """Put frames in the queue; their pictures are dropped once they are measured."""
        if self.failure is None:
            self.n_asked += len(frames)
            self._waiting.put(frames)

    def retain(self, times_s: set[float]) -> None:
        """Drop the poses of frames at other times than these: they are no longer kept."""
        for time_s in self._packed.keys() - times_s:
            del self._packed[time_s]

    def wait(self, on_progress: Callable[[int, int], None] | None = None) -> dict[float, PackedPose]:
        """Wait until all is measured, and end the thread; return the packed poses by time."""
        self._waiting.put(None)
        while self._thread.is_alive():
            self._thread.join(timeout=0.2)
            if on_progress is not None:
                on_progress(self.n_done, self.n_asked)
        return dict(self._packed)

    def close(self) -> None:
        """Drop what waits and end the thread."""
        self._stop = True
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        with suppress(OSError, AttributeError):  # a thread's own priority exists on Linux only
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BACKGROUND_NICENESS)
        frames = self._waiting.get()
        if frames is None:
            return
        try:
            with PoseEstimator(self._load().path) as estimator:
                while frames is not None and not self._stop:
                    self._measure(estimator, frames)
                    frames = None  # the pictures are not held while nothing comes
                    frames = self._waiting.get()
        except HipcvError as error:
            self.failure = str(error)
            self._drain()

    def _drain(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
        self.n_asked = self.n_done

    def _measure(self, estimator: PoseEstimator, frames: list[KeptFrame]) -> None:
        found: dict[float, Pose] = {}
        for frame in frames:
            if self._stop:
                return
            pose, _ = estimator(decode_still(frame.packed), frame.time_s)
            if pose is not NOBODY:
                found[frame.time_s] = pose
            self.n_done += 1
        self._packed.update({time_s: pack_pose(time_s, pose) for time_s, pose in found.items()})
        self._finished(found)
