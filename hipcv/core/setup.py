"""How a test was done and filmed, as told by the user."""

import math
from dataclasses import dataclass

from hipcv.core.procedure import Procedure
from hipcv.core.procedures.seated import SEATED
from hipcv.words import CameraSide, Effort, Sex


@dataclass(frozen=True, slots=True)
class Setup:
    """How the test was done and filmed, as told by the user.

    `mirrored`: whether the recording is a mirror image, which exchanges left and right; None where nobody said, and it
    is taken for none.
    The camera stands in the test's usual place where nobody says otherwise. Camera angles are in degrees and `None`
    where nobody gave them. `roll_deg` > 0: the picture is turned clockwise;
    `pitch_deg` > 0: the camera looks down; `yaw_deg` > 0: the camera stands towards the subject's left (seated) or
    towards the subject's right (prone, from the foot end). `vertical_edges_px` are edges (x1, y1, x2, y2) in
    upright picture pixels that the user says are plumb. `subject_at` is where in the picture the measured person's
    knees are, in shares of its width and height from the upper left corner, where several could be meant.
    `sensor_roll_deg` and `sensor_pitch_deg` are what the recording device's own gravity sensor says: one cue among
    others, where a number of the user is final.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> Setup(procedure_named("prone")).camera_side
    <CameraSide.FOOT_END: 'foot end'>
    """

    procedure: Procedure = SEATED
    effort: Effort = Effort.ACTIVE
    camera_side: CameraSide = None  # type: ignore[assignment]  # the usual one of the test
    mirrored: bool | None = None
    roll_deg: float | None = None
    pitch_deg: float | None = None
    yaw_deg: float | None = None
    vertical_edges_px: tuple[tuple[float, float, float, float], ...] = ()
    age_years: float | None = None
    sex: Sex | None = None
    subject_at: tuple[float, float] | None = None
    sensor_roll_deg: float | None = None
    sensor_pitch_deg: float | None = None

    def __post_init__(self) -> None:
        if self.camera_side is None:
            object.__setattr__(self, "camera_side", self.procedure.usual_camera_side)
        if self.camera_side not in self.procedure.camera_sides:
            places = " or ".join(self.procedure.camera_sides)
            raise ValueError(f"the {self.procedure.name} test is filmed from the {places}, found {self.camera_side}")
        limits = {"roll_deg": 45.0, "pitch_deg": 60.0, "yaw_deg": 90.0}
        for name, limit in (limits | {"sensor_roll_deg": 45.0, "sensor_pitch_deg": 60.0}).items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and abs(value) <= limit):
                raise ValueError(f"{name} must lie within ±{limit:g}°, found {value}")
        if not all(len(edge) == 4 and all(map(math.isfinite, edge)) for edge in self.vertical_edges_px):
            raise ValueError(f"each vertical edge must be four numbers x1, y1, x2, y2, found {self.vertical_edges_px}")
        if self.subject_at is not None and not all(0 <= share <= 1 for share in self.subject_at):
            raise ValueError(f"subject_at must be two shares of the picture from 0 to 1, found {self.subject_at}")
        if self.age_years is not None and not 0 <= self.age_years <= 120:
            raise ValueError(f"age must lie between 0 and 120 years, found {self.age_years}")
