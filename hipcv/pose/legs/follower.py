"""Both lower legs, frame by frame while the test runs: good for guidance, not for the result (METHOD L2).

The result comes from the whole clip (`reader.LegReader`). Here the legs are searched until they are found; from then
on the network looks at the same square in every frame, which moves with slow knees, and the ankles are followed.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hipcv.core.procedure import Procedure
from hipcv.core.series import ANKLES, KNEES, N_LANDMARKS, FloatArray
from hipcv.models.bundle import read_landmark_network, read_person_detector
from hipcv.models.store import ModelFile
from hipcv.pose.legs.body_follower import BodyFollower
from hipcv.pose.legs.network import LandmarkNetwork
from hipcv.pose.legs.online import LegsOnline
from hipcv.pose.legs.people import PersonDetector
from hipcv.pose.legs.region import (
    HANGING_DEG,
    SIDE_SHANKS,
    STANDING_DEG,
    Legs,
    find_in_frame,
    region_around,
    upright,
)
from hipcv.pose.legs.tracking import ANGLES_DEG, BOTH_WAYS_DEG
from hipcv.pose.person import NOBODY, Pose
from hipcv.words import CameraSide, ModelName

ByteArray = NDArray[np.uint8]

#: A search takes up to a second: it is not tried more often than this.
SEARCH_EVERY_S = 0.8
#: Legs of less quality are not believed.
MIN_QUALITY = 0.4
#: The least presence that counts as seeing somebody.
MIN_PRESENCE = 0.1
#: The presence falls for a moment when a leg leans far out. After so long nobody is seen, then the legs are searched.
DOUBT_AFTER_S, LOST_AFTER_S = 1.5, 2.5


class Follower(Protocol):
    """Says of every frame at once where the subject is."""

    def __call__(self, rgb: ByteArray, time_s: float) -> tuple[Pose, int]:
        """Return the subject in a picture (height, width, 3) of a time that rises, and the people in view or -1."""


@dataclass(slots=True, eq=False)
class LegFollower:
    """Frames in, knees and ankles of both legs of somebody who lies out, at once.

    Parameters
    ----------
    network : the landmark network.
    procedure, camera_side : the test and where the camera stands: they decide which leg is left.
    angles_deg : the angles at which a shank is looked for.
    by_maps : which way of searching has the first turn, as `region.find_in_frame`; where one fails the other has its.
    """

    network: LandmarkNetwork
    procedure: Procedure
    camera_side: CameraSide
    by_maps: bool = False
    angles_deg: FloatArray = field(default_factory=lambda: ANGLES_DEG)
    _found: Legs | None = field(default=None, init=False)
    _legs: LegsOnline | None = field(default=None, init=False)
    _seen_s: float = field(default=float("-inf"), init=False)
    _next_search_s: float = field(default=float("-inf"), init=False)

    def __call__(self, rgb: ByteArray, time_s: float) -> tuple[Pose, int]:
        """Return knees and ankles in picture pixels, everything else NaN; `NOBODY` where no legs are known.

        Parameters
        ----------
        rgb : (height, width, 3) upright, unmirrored picture.
        time_s : seconds, rising from call to call.

        Returns
        -------
        The legs, and how many people are in view: -1, for nobody is counted.
        """
        if self._found is None or time_s - self._seen_s > LOST_AFTER_S:
            self._search(rgb, time_s)
        if self._found is None or self._legs is None:
            return NOBODY, -1
        return self._follow(rgb, time_s, self._found, self._legs), -1

    def _search(self, rgb: ByteArray, time_s: float) -> None:
        if time_s < self._next_search_s:
            return
        self._next_search_s = time_s + SEARCH_EVERY_S
        hints = [] if self._found is None else [self._found.region]
        turn_deg, hang = (STANDING_DEG, False) if self.procedure.shank_up else (HANGING_DEG, True)
        found = find_in_frame(rgb, self.network, hints, turn_deg=turn_deg, lying=hang, by_maps=self.by_maps)
        if found is not None and not hang and self.by_maps and upright([rgb], self.network, found):
            found = None
        self._found = found if found is not None and found.quality >= MIN_QUALITY else None
        if self._found is None:
            self.by_maps = not self.by_maps
        else:
            self._legs = LegsOnline(self._found.knees_px, self._found.shank_px, self.angles_deg)
            self._seen_s = time_s

    def _follow(self, rgb: ByteArray, time_s: float, found: Legs, legs: LegsOnline) -> Pose:
        square = region_around(found.knees_px, found.ankles_px, found.region.turn_deg, SIDE_SHANKS)
        moved = (legs.knees_px - found.knees_px).mean(axis=0)
        square = replace(square, x_px=square.x_px + float(moved[0]), y_px=square.y_px + float(moved[1]))
        look = self.network(square.cut(rgb))
        if look.presence >= MIN_PRESENCE:
            self._seen_s = time_s
        elif time_s - self._seen_s > DOUBT_AFTER_S:
            return NOBODY
        paths, _ = legs.see(look, square, time_s)
        image_px = np.full((N_LANDMARKS, 2), np.nan)
        visibility = np.zeros(N_LANDMARKS)
        # turned by 180°, the crop's left leg is the one on the picture's right
        left_leg = int((self.procedure.lateral(self.camera_side)[0] > 0) != self.procedure.shank_up)
        for leg, path in enumerate(paths):
            column = 0 if leg == left_leg else 1
            image_px[KNEES[column]] = square.to_picture(path.knee_px[0])
            image_px[ANKLES[column]] = square.to_picture(path.ankle_px[0])
            visibility[[KNEES[column], ANKLES[column]]] = 1.0
        return Pose(image_px, np.full((N_LANDMARKS, 3), np.nan), visibility, np.full(2, np.nan))


def open_follower(
    procedure: Procedure,
    camera_side: CameraSide,
    model: ModelFile,
    name: ModelName,
    *,
    inwards: bool = False,
    subject_at: tuple[float, float] | None = None,
) -> Follower:
    """Return who follows the subject of a test while it runs.

    Parameters
    ----------
    inwards : whether a foot may swing inwards.
    subject_at : where the knees of who is meant are, where bodies are seen; as `Setup.subject_at`.

    Raises
    ------
    ModelError
        Where the model does not load.
    """
    network = LandmarkNetwork(read_landmark_network(model.path))
    angles_deg = BOTH_WAYS_DEG if inwards else ANGLES_DEG
    if procedure.body_seen:
        return BodyFollower(network, PersonDetector(read_person_detector(model.path)), angles_deg, subject_at)
    return LegFollower(network, procedure, camera_side, name is ModelName.LITE, angles_deg)
