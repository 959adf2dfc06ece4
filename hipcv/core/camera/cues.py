"""Every cue of one recording's camera, and what each says of an angle and how surely (METHOD C1)."""

from dataclasses import dataclass

import numpy as np

from hipcv.core.camera.edges import MarkedFit, RoomFit
from hipcv.core.camera.pinhole import DEFAULT_LONG_SIDE_FOV_DEG, LONG_SIDE_FOV_SE_DEG
from hipcv.core.camera.pose import CameraAngle, Cue, DrawnLines
from hipcv.core.procedure import YawCue

#: Standard error granted to an angle that the user typed in, and to a device's own sensor.
GIVEN_SE_DEG = 0.3
SENSOR_SE_DEG = 0.5
#: A fit that did not pass its gate may be further off than it says.
UNCERTAIN_ROOM_WIDENING = 1.2
#: Where people put a camera that should stand square on.
YAW_PRIOR_SE_DEG = 12.0
#: With the lens' own metadata; what remains is cropping by the camera's software.
KNOWN_FOV_SE_DEG = 2.0


@dataclass(frozen=True, slots=True)
class CameraCues:
    """What there is to know one recording's camera by; None where a cue is not there.

    Attributes
    ----------
    room : `fit_room`; a refused fit counts only if merely uncertain, with a widened error; never for yaw.
    marked : `fit_vertical_edges` of the edges that the user marked as plumb.
    rest_roll, body_roll : `roll_from_rest`, `roll_from_body_lines`.
    bed_yaw : `fit_bed_yaw`; used where the bed tells the yaw.
    body_yaw : `yaw_from_body`, with its standard error.
    given_roll_deg, given_pitch_deg, given_yaw_deg : numbers of the user; they always win.
    sensor_roll_deg, sensor_pitch_deg : readings of the recording device.
    long_side_fov_deg : field of view from the lens' metadata.
    drawn : signs of lines drawn over or around the picture, carried into the pose.

    Examples
    --------
    >>> from hipcv.core.camera.pose import CameraAngle, Cue
    >>> cues = CameraCues(sensor_roll_deg=2.0, rest_roll=CameraAngle(1.0, 2.5, (Cue.REST_LEAN,)))
    >>> [(angle.value_deg, angle.source) for angle in cues.of_roll()]
    [(2.0, 'sensor'), (1.0, 'rest lean')]
    """

    room: RoomFit | None = None
    marked: MarkedFit | None = None
    rest_roll: CameraAngle | None = None
    body_roll: CameraAngle | None = None
    bed_yaw: CameraAngle | None = None
    body_yaw: CameraAngle | None = None
    given_roll_deg: float | None = None
    given_pitch_deg: float | None = None
    given_yaw_deg: float | None = None
    sensor_roll_deg: float | None = None
    sensor_pitch_deg: float | None = None
    long_side_fov_deg: float | None = None
    drawn: tuple[DrawnLines, ...] = ()

    def of_roll(self) -> tuple[CameraAngle, ...]:
        """Return what each cue says of the roll, most trusted first."""
        marked, room = self.marked, self._usable_room
        return _there(
            _angle(self.given_roll_deg, GIVEN_SE_DEG, Cue.GIVEN),
            _angle(marked.roll_deg, marked.roll_se_deg, Cue.MARKED_EDGES) if marked else None,
            _angle(self.sensor_roll_deg, SENSOR_SE_DEG, Cue.SENSOR),
            _angle(room.roll_deg, _widening(room) * room.roll_se_deg, Cue.ROOM_EDGES) if room else None,
            self.rest_roll,
            self.body_roll,
        )

    def of_pitch(self) -> tuple[CameraAngle, ...]:
        """Return what each cue says of the pitch, most trusted first.

        Examples
        --------
        >>> [(angle.value_deg, angle.source) for angle in CameraCues(sensor_pitch_deg=8.0).of_pitch()]
        [(8.0, 'sensor')]
        """
        marked, room = self.marked, self._usable_room
        return _there(
            _angle(self.given_pitch_deg, GIVEN_SE_DEG, Cue.GIVEN),
            _angle(marked.pitch_deg, marked.pitch_se_deg, Cue.MARKED_EDGES) if marked else None,
            _angle(self.sensor_pitch_deg, SENSOR_SE_DEG, Cue.SENSOR),
            _angle(room.pitch_deg, _widening(room) * room.pitch_se_deg, Cue.ROOM_EDGES) if room else None,
        )

    def of_yaw(self, yaw_from: YawCue) -> tuple[CameraAngle, ...]:
        """Return what each cue says of the yaw, most trusted first; the bed only where it tells the yaw.

        Examples
        --------
        >>> from hipcv.core.camera.pose import CameraAngle, Cue
        >>> cues = CameraCues(body_yaw=CameraAngle(10.0, 4.0, (Cue.BODY_LANDMARKS,)))
        >>> [(round(angle.value_deg, 2), angle.source) for angle in cues.of_yaw(YawCue.BODY)]
        [(9.0, 'body landmarks')]
        """
        return _there(
            _angle(self.given_yaw_deg, GIVEN_SE_DEG, Cue.GIVEN),
            self.bed_yaw if yaw_from is YawCue.BED else None,
            _shrunk(self.body_yaw, YAW_PRIOR_SE_DEG) if self.body_yaw else None,
        )

    def lens_deg(self) -> tuple[float, float]:
        """Return the field of view along the picture's longer side and its standard error.

        Examples
        --------
        >>> CameraCues().lens_deg(), CameraCues(long_side_fov_deg=70.0).lens_deg()
        ((62.0, 7.0), (70.0, 2.0))
        """
        if self.long_side_fov_deg is not None:
            return self.long_side_fov_deg, KNOWN_FOV_SE_DEG
        if self.room is not None and self.room.accepted:
            return self.room.long_side_fov_deg, self.room.long_side_fov_se_deg
        return DEFAULT_LONG_SIDE_FOV_DEG, LONG_SIDE_FOV_SE_DEG

    @property
    def _usable_room(self) -> RoomFit | None:
        return self.room if self.room is not None and self.room.usable else None


def _widening(room: RoomFit) -> float:
    return 1.0 if room.accepted else UNCERTAIN_ROOM_WIDENING


def _there(*angles: CameraAngle | None) -> tuple[CameraAngle, ...]:
    return tuple(angle for angle in angles if angle is not None)


def _angle(value_deg: float | None, se_deg: float, cue: Cue) -> CameraAngle | None:
    return None if value_deg is None or not np.isfinite(value_deg) else CameraAngle(float(value_deg), se_deg, (cue,))


def _shrunk(angle: CameraAngle, prior_se_deg: float) -> CameraAngle:
    """Return a raw reading combined with a prior belief around zero."""
    share = prior_se_deg**2 / (prior_se_deg**2 + angle.se_deg**2)
    return CameraAngle(angle.value_deg * share, angle.se_deg * float(np.sqrt(share)), angle.cues)
