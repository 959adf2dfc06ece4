"""What a device's gravity sensor says about its camera."""

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from hipcv.core.series import BoolArray, FloatArray

#: A device at rest feels this much; sensors are off by up to a tenth of it, a device that is being moved by more.
GRAVITY_MPS2 = 9.81
GRAVITY_SLACK_MPS2 = 1.5
#: A device that lies flat has no roll to speak of.
MIN_UPRIGHT_SHARE = 0.2
#: No picture of a person's legs is turned or tilted further than that; what a sensor says beyond it is ignored.
MAX_ROLL_DEG, MAX_PITCH_DEG = 45.0, 60.0
#: Readings of a device at rest stay within this of their median.
SCATTER_DEG = 1.0
#: A reading counts as still where all within this time around it do; fewer readings than this say nothing.
STILL_AROUND_S = 0.5
MIN_READINGS = 10
#: Share of readings that must be still, and share of those that must agree.
MIN_STILL_SHARE, MIN_AGREEING_SHARE = 0.5, 0.9
#: Readings are noted no more often, and the roll shown meanwhile is the median over this time.
NOTE_INTERVAL_S = 0.09
SHOWN_OVER_S = 1.0


class Facing(StrEnum):
    """Which way a device's camera looks: at the person who holds it, or away."""

    USER = "user"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class DeviceGravity:
    """One reading of the sensor: acceleration at rest (x, y, z), m/s², in the device's own axes.

    x points to the right and y to the top of the screen in its natural orientation, z out of the screen (W3C Device
    Orientation). `screen_angle_deg` is `screen.orientation.angle`: 0, 90, 180 or 270.
    """

    x: float
    y: float
    z: float
    screen_angle_deg: float = 0.0
    facing: Facing = Facing.USER


def camera_tilt_deg(gravity: DeviceGravity) -> tuple[float, float] | None:
    """Return the camera's roll and pitch in degrees (signs as in `core.camera.pinhole`); None where nothing is said.

    Some browsers give gravity itself and some the force that holds against it. A camera that films a person stands
    upright within 90°, which settles the sign. Nothing is said by a reading that is not finite or not about 1 g, nor
    by a device that lies flat or whose picture would be turned by more than 45° or tilted by more than 60°.

    Examples
    --------
    >>> upright = camera_tilt_deg(DeviceGravity(0.0, 9.81, 0.0))
    >>> [round(angle, 6) + 0.0 for angle in upright]
    [0.0, 0.0]
    >>> camera_tilt_deg(DeviceGravity(0.0, 0.0, 9.81)) is None  # it lies flat
    True
    """
    size = math.hypot(gravity.x, gravity.y, gravity.z)
    if not (abs(size - GRAVITY_MPS2) <= GRAVITY_SLACK_MPS2 and math.isfinite(gravity.screen_angle_deg)):
        return None
    c, s = math.cos(math.radians(gravity.screen_angle_deg)), math.sin(math.radians(gravity.screen_angle_deg))
    right = (c * gravity.x - s * gravity.y) / size
    up = (c * gravity.y + s * gravity.x) / size
    back = gravity.z / size
    if gravity.facing is Facing.USER:  # it looks out of the screen: its right is the screen's left
        right, back = -right, -back
    if up < 0:
        right, up, back = -right, -up, -back
    if math.hypot(right, up) < MIN_UPRIGHT_SHARE:
        return None
    roll_deg, pitch_deg = math.degrees(math.atan2(right, up)), math.degrees(math.asin(max(-1.0, min(1.0, back))))
    if abs(roll_deg) > MAX_ROLL_DEG or abs(pitch_deg) > MAX_PITCH_DEG:
        return None
    return roll_deg, pitch_deg


def settled_tilt_deg(time_s: FloatArray, tilt_deg: FloatArray) -> tuple[float, float] | None:
    """Return roll and pitch of a camera that stood still: the median over its still readings.

    Parameters
    ----------
    time_s : (N,) seconds, rising.
    tilt_deg : (N, 2) roll and pitch of each reading, degrees.

    Returns
    -------
    Roll and pitch in degrees; None where there are fewer than 10 readings, where the device moved in half of them or
    more, and where more than a tenth of the still ones lies further than 1° from their median: it was put down anew.

    Examples
    --------
    >>> time_s = np.arange(20) / 10
    >>> settled_tilt_deg(time_s, np.full((20, 2), (1.5, 8.0)))
    (1.5, 8.0)
    >>> settled_tilt_deg(time_s, np.column_stack([10.0 * time_s, 0 * time_s])) is None  # it is being turned
    True
    """
    if len(time_s) < MIN_READINGS:
        return None
    still = _still(time_s, tilt_deg)
    if still.mean() <= MIN_STILL_SHARE:
        return None
    middle = np.median(tilt_deg[still], axis=0)
    agreeing = (np.abs(tilt_deg[still] - middle) <= SCATTER_DEG).all(axis=1)
    if agreeing.mean() < MIN_AGREEING_SHARE:
        return None
    return float(middle[0]), float(middle[1])


def _still(time_s: FloatArray, tilt_deg: FloatArray) -> BoolArray:
    """Return (N,) whether all readings around each stay within the scatter of their median."""
    starts = np.searchsorted(time_s, time_s - STILL_AROUND_S, side="left")
    stops = np.searchsorted(time_s, time_s + STILL_AROUND_S, side="right")
    around = (tilt_deg[start:stop] for start, stop in zip(starts, stops, strict=True))
    return np.array([bool((np.abs(a - np.median(a, axis=0)) <= SCATTER_DEG).all()) for a in around], dtype=np.bool_)


@dataclass(slots=True)
class TiltLog:
    """What a device's sensor said in the course of a test.

    Examples
    --------
    >>> log = TiltLog()
    >>> for n in range(20):
    ...     log.note(DeviceGravity(0.0, 9.81, 0.0), n / 10)
    >>> log.forget_before(0.5)
    >>> len(log), [round(angle, 6) + 0.0 for angle in log.settled_deg()]
    (15, [0.0, 0.0])
    """

    _rows: list[tuple[float, float, float]] = field(default_factory=list, init=False)

    def note(self, gravity: DeviceGravity | None, time_s: float) -> None:
        """Take a reading in, at most eleven a second; one that says nothing is passed over."""
        if self._rows and time_s - self._rows[-1][0] < NOTE_INTERVAL_S:
            return
        tilt = None if gravity is None else camera_tilt_deg(gravity)
        if tilt is not None:
            self._rows.append((time_s, *tilt))

    def forget_before(self, time_s: float) -> None:
        """Drop what is older."""
        self._rows = [row for row in self._rows if row[0] >= time_s]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def roll_now_deg(self) -> float | None:
        """The camera's roll of late, whether it stands still or not; None where the sensor said nothing."""
        if not self._rows:
            return None
        newest_s = self._rows[-1][0]
        recent = [roll for time_s, roll, _ in self._rows[-12:] if newest_s - time_s <= SHOWN_OVER_S]
        return float(np.median(recent))

    def settled_deg(self) -> tuple[float, float] | None:
        """Return roll and pitch over all that was noted, as `settled_tilt_deg`."""
        rows = np.array(self._rows, dtype=np.float64).reshape(-1, 3)
        return settled_tilt_deg(rows[:, 0], rows[:, 1:])
