"""Somebody who is in the picture, but placed for another test: looked for now and then while nobody is seen.

The reader of one test is blind to the other one's person: who lies face down is nobody to the seated test, and the
other way round. To be told that nobody is there helps neither.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from hipcv.core.procedure import Procedure
from hipcv.live.placement import Posture, posture_of
from hipcv.models.store import ModelFile
from hipcv.pose.landmarker import sits, suitability

ByteArray = NDArray[np.uint8]
Look = Callable[[ByteArray], Posture | None]

#: Nobody must have been seen for so long. A look takes some seconds of another core: it is not taken more often.
AFTER_S, EVERY_S = 1.5, 4.0


class Elsewhere:
    """Looks, on a thread of its own, for somebody who is placed for another test.

    Parameters
    ----------
    procedure : the test that is to be done.
    model : the pose model to look with; loaded when it is first needed.
    """

    def __init__(self, procedure: Procedure, model: ModelFile) -> None:
        self._procedure, self._model = procedure, model
        self._look: Look | None = None
        self._thread = ThreadPoolExecutor(1, "elsewhere")
        self._looking: Future[Posture | None] | None = None
        self._found: Posture | None = None
        self._seen_s: float | None = None
        self._next_s = float("-inf")

    def see(self, rgb: ByteArray, time_s: float, *, somebody: bool) -> Posture | None:
        """Take in one frame and whether the test's own reader sees somebody; return how anybody else is placed."""
        if somebody or self._seen_s is None:
            self._seen_s = time_s
        if somebody:
            self._found = None
            return None
        if self._looking is not None and self._looking.done():
            self._found, self._looking = self._looking.result(), None
        if self._looking is None and time_s - self._seen_s >= AFTER_S and time_s >= self._next_s:
            self._next_s = time_s + EVERY_S
            self._looking = self._thread.submit(self._search, np.array(rgb))
        return self._found

    def wait(self) -> None:
        """Wait until the look that is being taken is over."""
        if self._looking is not None:
            self._looking.result()

    def _search(self, rgb: ByteArray) -> Posture | None:
        if self._look is None:
            self._look = _find_upright(self._model) if self._procedure.shank_up else _find_prone(self._model)
        return self._look(rgb)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


def _find_upright(model: ModelFile) -> Look:
    # only somebody who sits or stands in the prone test's picture waits for these
    from hipcv.models.bundle import read_landmark_network, read_person_detector
    from hipcv.pose.legs.body_follower import look_at_people
    from hipcv.pose.legs.network import LandmarkNetwork
    from hipcv.pose.legs.people import PersonDetector

    network = LandmarkNetwork(read_landmark_network(model.path))
    detector = PersonDetector(read_person_detector(model.path))

    def look(rgb: ByteArray) -> Posture | None:
        people = [body for _, _, body in look_at_people(rgb, detector(rgb), network, turned=True)]
        if not people:
            return None
        nearest = max(people, key=suitability)
        return posture_of(nearest.image_px, sits=sits(nearest))

    return look


def _find_prone(model: ModelFile) -> Look:
    # only somebody who lies in the seated test's picture waits for these
    from hipcv.models.bundle import read_landmark_network
    from hipcv.pose.legs.follower import MIN_QUALITY
    from hipcv.pose.legs.network import LandmarkNetwork
    from hipcv.pose.legs.region import find_in_frame

    network = LandmarkNetwork(read_landmark_network(model.path))

    def look(rgb: ByteArray) -> Posture | None:
        legs = find_in_frame(rgb, network)
        return Posture.PRONE if legs is not None and legs.quality >= MIN_QUALITY else None

    return look
