"""What a device's gravity sensor says about its camera."""

import math
from dataclasses import dataclass
from enum import StrEnum


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
    """Return the camera's roll and pitch in degrees (signs as in `hipcv.core.geometry`); None where nothing is said.

    Some browsers give gravity itself and some the force that holds against it. A camera that films a person stands
    upright within 90°, which settles the sign.
    """
    size = math.sqrt(gravity.x**2 + gravity.y**2 + gravity.z**2)
    if not (math.isfinite(size) and size > 1.0):
        return None
    c, s = math.cos(math.radians(gravity.screen_angle_deg)), math.sin(math.radians(gravity.screen_angle_deg))
    right = (c * gravity.x - s * gravity.y) / size
    up = (c * gravity.y + s * gravity.x) / size
    back = gravity.z / size
    if gravity.facing is Facing.USER:  # it looks out of the screen: its right is the screen's left
        right, back = -right, -back
    if up < 0:
        right, up, back = -right, -up, -back
    if math.hypot(right, up) < 0.2:  # lies flat: no roll to speak of
        return None
    return math.degrees(math.atan2(right, up)), math.degrees(math.asin(max(-1.0, min(1.0, back))))
