"""The product's words that need no numbers: one vocabulary for command line, lists, server, page and measurement."""

from enum import StrEnum


class Side(StrEnum):
    """Always the subject's own side, whatever the camera or a mirror shows."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT

    @property
    def column(self) -> int:
        """Column of this side in every (T, 2) array: left 0, right 1."""
        return 0 if self is Side.LEFT else 1


SIDES: tuple[Side, Side] = (Side.LEFT, Side.RIGHT)


class Motion(StrEnum):
    """Which way the hip turns: the foot outwards (internal rotation), or inwards (external rotation)."""

    INTERNAL = "internal"
    EXTERNAL = "external"

    @property
    def sign(self) -> int:
        """The sign of this motion in every angle, which counts internal rotation as positive."""
        return 1 if self is Motion.INTERNAL else -1


class Measure(StrEnum):
    """What has a number on each side: either direction of turning, and both together."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    ARC = "arc"

    @property
    def label(self) -> str:
        """The same in words.

        Examples
        --------
        >>> [measure.label for measure in Measure]
        ['internal rotation', 'external rotation', 'total arc']
        """
        return "total arc" if self is Measure.ARC else f"{self} rotation"


class Motions(StrEnum):
    """Which motions are measured in one recording."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    BOTH = "both"

    @property
    def each(self) -> tuple[Motion, ...]:
        """The motions one by one, internal rotation first."""
        return tuple(motion for motion in Motion if self is Motions.BOTH or motion.value == self.value)


#: Which motions are measured where nobody says.
USUAL_MOTIONS = Motions.INTERNAL


class Effort(StrEnum):
    """Whether the subject moves the leg or somebody moves it."""

    ACTIVE = "active"
    PASSIVE = "passive"


class Legs(StrEnum):
    """Which legs move at once: one and then the other, both together, or as the recording shows."""

    ONE = "one"
    BOTH = "both"
    AUTO = "auto"


class HandPlace(StrEnum):
    """Where the hand lies that moves a leg: on the shin above the ankle, on the foot, or none: gravity."""

    SHIN = "shin"
    FOOT = "foot"
    GRAVITY = "gravity"


class EndPoint(StrEnum):
    """What ended the movement."""

    PELVIS_MOVED = "pelvis_moved"
    FIRM = "firm"
    PAIN = "pain"
    HELPER_STOPPED = "helper_stopped"


class PainPlace(StrEnum):
    """Where it hurts at the end of the range."""

    GROIN = "groin"
    OUTER_HIP = "outer_hip"
    BUTTOCK = "buttock"
    THIGH = "thigh"
    KNEE = "knee"
    BACK = "back"
    ELSEWHERE = "elsewhere"


class Answer(StrEnum):
    """What somebody says of themselves before a test; the questions are in `hipcv/evidence/data/screening.toml`."""

    UNDER_18 = "under_18"
    CANNOT_STAND = "cannot_stand"
    LOOSE_HIP = "loose_hip"
    VERY_MOBILE = "very_mobile"
    OPERATION = "operation"
    SADDLE_NUMB = "saddle_numb"
    LEG_NUMB = "leg_numb"
    BACK_PAIN = "back_pain"
    FEVER = "fever"
    INFECTION_RISK = "infection_risk"
    NIGHT_PAIN = "night_pain"
    ILLNESS = "illness"
    FRAGILE = "fragile"
    PREGNANT = "pregnant"
    HIP_PAIN = "hip_pain"
    THIGH_PAIN = "thigh_pain"
    KNEE_PAIN = "knee_pain"
    LIMP = "limp"
    PINCH = "pinch"
    CATCHING = "catching"
    LASTING = "lasting"
    RUNNING_PAIN = "running_pain"
    SUDDENLY_WORSE = "suddenly_worse"


class Sex(StrEnum):
    """Sex as the published tables give it."""

    FEMALE = "female"
    MALE = "male"


class CameraSide(StrEnum):
    """Where the camera stands: before the subject, or at one end of somebody who lies."""

    FRONT = "front"
    FOOT_END = "foot end"
    HEAD_END = "head end"


class Paper(StrEnum):
    """The sheet that a report is printed on."""

    A4 = "A4"
    LETTER = "letter"


class ModelName(StrEnum):
    """The three pose models, from the fastest to the most accurate."""

    LITE = "lite"
    FULL = "full"
    HEAVY = "heavy"

    @property
    def sees_less(self) -> bool:
        """Whether another model sees legs where this one does not: those of a prone person above all."""
        return self is not ModelName.HEAVY


class Engine(StrEnum):
    """Who reads the frames: the legs' own reader, or MediaPipe's pose graph as a second opinion."""

    LEGS = "legs"
    GRAPH = "graph"
