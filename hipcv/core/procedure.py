"""The test is an object: everything in which one test differs from another. Nobody else asks which test it is."""

# No numpy here: the command line lists the tests, and `hipcv --help` must answer at once.

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hipcv.core.finding import FindingCode, Limit
from hipcv.words import CameraSide


class Rest(StrEnum):
    """Where the relaxed shank points from the knee, along the plumb line."""

    DOWN = "down"
    UP = "up"


class YawCue(StrEnum):
    """What tells how far the camera is turned around the thighs: the body itself, or the edges of what it lies on."""

    BODY = "body"
    BED = "bed"


class PelvisCue(StrEnum):
    """What shows a pelvis that tips: the landmarks of both hips, or both knees, which rise and sink with it."""

    HIPS = "hips"
    KNEES = "knees"


class PostureCheck(StrEnum):
    """What is looked at to know that this test was done: somebody sits facing the camera, the heels stay apart."""

    SITS = "sits"
    HEELS_APART = "heels apart"


@dataclass(frozen=True, slots=True, eq=False)
class Procedure:
    """One test of the hip, as a value.

    Words, filming steps and drawings hang on `name` in the data files. There is one object of each test: it is compared
    by identity, also after it went through a pipe.

    Attributes
    ----------
    name : its name on the command line, in lists, in the interface and in the result.
    label : its name for people.
    hip_flexion_deg : how far the hip is bent, which decides on the reference ranges.
    rest : where the relaxed shank points.
    left_lateral : the horizontal picture direction of the left leg's lateral side, +1 right or -1 left, for every place
        where the camera may stand; the usual place comes first.
    pitch_prior_deg : mean and standard deviation of the pitch of cameras that film it.
    yaw_from : what tells the camera's yaw.
    pelvis_from : what shows the pelvis.
    anatomy_se_deg : standard error of one leg's end range that no look at the clip can reduce, as rendered people show
        it; where real legs show more, that counts (`core.uncertainty.JOINTS_SE_DEG`).
    posture : what is looked at to know that the test was done.
    limits : limits that differ from the usual ones (`core.checks.limits`).
    unseen : what a recording is called in which the subject is hardly ever seen.
    both_knees : whether both knees have to be in view for the subject to count as seen.
    spoken : words in a file's name that tell the test, beside its own name.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> seated = procedure_named("seated")
    >>> seated.usual_camera_side, seated.lateral(seated.usual_camera_side), seated.shank_up
    (<CameraSide.FRONT: 'front'>, (1, -1), False)
    """

    name: str
    label: str
    hip_flexion_deg: float
    rest: Rest
    left_lateral: Mapping[CameraSide, int]
    pitch_prior_deg: tuple[float, float]
    yaw_from: YawCue
    pelvis_from: PelvisCue
    anatomy_se_deg: float
    posture: tuple[PostureCheck, ...] = ()
    limits: Mapping[FindingCode, Limit] = field(default_factory=dict)
    unseen: FindingCode = FindingCode.NO_PERSON
    both_knees: bool = True
    spoken: tuple[str, ...] = ()

    @property
    def camera_sides(self) -> tuple[CameraSide, ...]:
        """Where the camera may stand; the usual place first."""
        return tuple(self.left_lateral)

    @property
    def usual_camera_side(self) -> CameraSide:
        """Where the camera stands unless somebody says otherwise."""
        return self.camera_sides[0]

    @property
    def shank_up(self) -> bool:
        """Whether the relaxed shank points up."""
        return self.rest is Rest.UP

    @property
    def body_seen(self) -> bool:
        """Whether the camera sees the body that the legs belong to, and not the soles of somebody who lies."""
        return self.yaw_from is YawCue.BODY

    def lateral(self, camera_side: CameraSide) -> tuple[int, int]:
        """Return the picture direction of each leg's lateral side, left leg and right leg: +1 right, -1 left."""
        left = self.left_lateral[camera_side]
        return left, -left

    def __str__(self) -> str:
        return self.name
