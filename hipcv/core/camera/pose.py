"""Where down is: the camera's roll, pitch and yaw, each with its standard error and where it came from."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from hipcv.core.camera.edges import RoomFit
from hipcv.core.camera.pinhole import DEFAULT_LONG_SIDE_FOV_DEG, LONG_SIDE_FOV_SE_DEG, Pinhole
from hipcv.core.finding import FindingCode
from hipcv.core.series import FloatArray

#: With a roll known less well than this no difference between the legs is worth stating: it carries twice the error.
KNOWN_ROLL_SE_DEG = 2.0
#: With a yaw known less well than this the correction rests on what cameras are usually placed like.
KNOWN_YAW_SE_DEG = 8.0


class Cue(StrEnum):
    """What tells one angle of the camera, by its name in the result."""

    GIVEN = "given"
    MARKED_EDGES = "marked edges"
    SENSOR = "sensor"
    ROOM_EDGES = "room edges"
    REST_LEAN = "rest lean"
    BODY_LINES = "body lines"
    BED_EDGES = "bed edges"
    #: The bed is seen askew, and on which side the camera stands could not be told.
    BED_WAY_OPEN = "bed edges, its way open"
    BODY_LANDMARKS = "body landmarks"
    #: None was there: what cameras are usually placed like.
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class CameraAngle:
    """One camera angle in degrees, its standard error, and the cues that it came from, most trusted first."""

    value_deg: float
    se_deg: float
    cues: tuple[Cue, ...] = ()

    @property
    def source(self) -> str:
        """The cues in words, joined by " + "."""
        return " + ".join(self.cues)

    def rests_on(self, *cues: Cue) -> bool:
        """Whether one of `cues` is among those it came from.

        Examples
        --------
        >>> roll = CameraAngle(2.0, 0.4, (Cue.SENSOR, Cue.ROOM_EDGES))
        >>> roll.source, roll.rests_on(Cue.ROOM_EDGES), roll.rests_on(Cue.GIVEN)
        ('sensor + room edges', True, False)
        """
        return not set(cues).isdisjoint(self.cues)


@dataclass(frozen=True, slots=True)
class CameraAlarm:
    """Two cues of one camera angle that cannot both be right: the one that was kept, the one that says otherwise.

    `code` says which angle; `limit_deg` is how far apart they may lie.
    """

    code: FindingCode
    kept: CameraAngle
    dissent: CameraAngle
    limit_deg: float

    @property
    def apart_deg(self) -> float:
        """How far apart they are."""
        return abs(self.kept.value_deg - self.dissent.value_deg)


class DrawnSign(StrEnum):
    """What speaks for lines that are drawn over or around the picture (`core.camera.drawn_lines`)."""

    SHARE = "share of the edges exactly along the picture"
    ACROSS = "lines from border to border"
    APART = "other edges say otherwise"
    MARKS = "marked edges lie on drawn lines"


@dataclass(frozen=True, slots=True)
class DrawnLines:
    """Edges that may be drawn instead of the room's: what speaks for it, and how much of that there is."""

    sign: DrawnSign
    observed: float


@dataclass(frozen=True, slots=True)
class CameraPose:
    """The camera against plumb line and thighs; signs as in `hipcv.core.camera.pinhole`.

    Attributes
    ----------
    roll, pitch, yaw : the fused angles; `cues` are all those that agreed.
    long_side_fov_deg, long_side_fov_se_deg : field of view along the picture's longer side.
    roll_cues, pitch_cues, yaw_cues : every cue there was, most trusted first, also those that were outvoted.
    disagreement_deg : largest distance between the fused roll and any of its cues.
    alarms : one for each angle whose cues contradict each other; each becomes a finding.
    room : the fit of the room's edges that was heard, accepted or not; None where there was none.
    drawn : signs of lines drawn over or around the picture; the edges along it were not heard then.
    """

    roll: CameraAngle
    pitch: CameraAngle
    yaw: CameraAngle
    long_side_fov_deg: float = DEFAULT_LONG_SIDE_FOV_DEG
    long_side_fov_se_deg: float = LONG_SIDE_FOV_SE_DEG
    roll_cues: tuple[CameraAngle, ...] = ()
    pitch_cues: tuple[CameraAngle, ...] = ()
    yaw_cues: tuple[CameraAngle, ...] = ()
    disagreement_deg: float = 0.0
    alarms: tuple[CameraAlarm, ...] = ()
    room: RoomFit | None = None
    drawn: tuple[DrawnLines, ...] = ()

    @property
    def roll_known(self) -> bool:
        """Whether the roll is known well enough to compare the two legs."""
        return self.roll.se_deg <= KNOWN_ROLL_SE_DEG

    @property
    def yaw_known(self) -> bool:
        """Whether the camera's turn around the subject is known well enough to correct for it."""
        return self.yaw.se_deg <= KNOWN_YAW_SE_DEG

    def pinhole(
        self, frame_size_px: tuple[int, int], *, roll_deg: float | None = None, yaw_deg: ArrayLike | None = None
    ) -> Pinhole:
        """Return the camera as it sees; `roll_deg` and `yaw_deg`, of any shape, in place of its own.

        Examples
        --------
        >>> (LEVEL.pinhole((640, 480)).axes + 0.0).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
        >>> LEVEL.pinhole((640, 480), yaw_deg=[0.0, 10.0, 20.0]).axes.shape
        (3, 3, 3)
        """
        return Pinhole.turned(
            self.roll.value_deg if roll_deg is None else roll_deg,
            self.pitch.value_deg,
            self.yaw.value_deg if yaw_deg is None else yaw_deg,
            long_side_fov_deg=self.long_side_fov_deg,
            frame_size_px=frame_size_px,
        )


#: A camera that stands level and square, taken for exact: what the picture shows by itself.
LEVEL = CameraPose(CameraAngle(0.0, 0.0), CameraAngle(0.0, 0.0), CameraAngle(0.0, 0.0))


def camera_shifts_deg(
    knee_px: FloatArray,
    ankle_px: FloatArray,
    lateral: ArrayLike,
    pose: CameraPose,
    frame_size_px: tuple[int, int],
    *,
    shank_up: bool,
) -> FloatArray:
    """Return by how much the shank's angle moves when each camera angle is off by its standard error.

    Parameters
    ----------
    knee_px, ankle_px : (…, 2) pixels of the upright, unmirrored picture.
    lateral : as in `pinhole.image_angle_deg`, broadcast against the leading shape.
    shank_up : whether the relaxed shank points up (prone).

    Returns
    -------
    (…, 4) degrees for roll, pitch, yaw and field of view, with sign: what two angles share drops out of their
    difference, what they do not adds up, so for a difference subtract the shifts before taking the norm. NaN where a
    landmark is NaN. Central differences over one standard error on each side.

    Examples
    --------
    >>> pose = CameraPose(CameraAngle(0.0, 1.0), CameraAngle(0.0, 0.0), CameraAngle(0.0, 0.0))
    >>> knee, ankles = np.array([320.0, 240.0]), np.array([[320.0, 340.0], [np.nan, 340.0]])
    >>> camera_shifts_deg(knee, ankles, 1, pose, (640, 480), shank_up=False)[:, 0].round(3).tolist()
    [1.0, nan]
    """
    centre = np.array([pose.roll.value_deg, pose.pitch.value_deg, pose.yaw.value_deg, pose.long_side_fov_deg])
    se = np.array([pose.roll.se_deg, pose.pitch.se_deg, pose.yaw.se_deg, pose.long_side_fov_se_deg])
    cameras = np.concatenate([centre + np.diag(se), centre - np.diag(se), centre[None]])
    cameras[:, 3] = np.clip(cameras[:, 3], 20, 120)
    pinhole = Pinhole.turned(*cameras[:, :3].T, long_side_fov_deg=cameras[:, 3], frame_size_px=frame_size_px)
    angle = pinhole.shank_angle_deg(
        np.asarray(knee_px, dtype=np.float64)[..., None, :],
        np.asarray(ankle_px, dtype=np.float64)[..., None, :],
        np.asarray(lateral, dtype=np.float64)[..., None],
        shank_up=shank_up,
    )
    turn = (angle[..., :8] - angle[..., 8:] + 180) % 360 - 180
    above, below = turn[..., :4], turn[..., 4:]
    return np.asarray(np.copysign(np.sqrt((above**2 + below**2) / 2), above - below), dtype=np.float64)
