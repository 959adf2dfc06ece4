"""One recording of a list: where it lies, how it was filmed, who it shows, and what else the list says about it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from hipcv.core.answers import SidePain
from hipcv.core.procedure import Procedure
from hipcv.core.procedures import PROCEDURES
from hipcv.core.setup import Setup
from hipcv.core.viewing import AS_STORED, Viewing
from hipcv.outputs.document import render_setup
from hipcv.version import __version__
from hipcv.words import USUAL_MOTIONS, Answer, CameraSide, Effort, EndPoint, HandPlace, Legs, Motions, Sex, Side


class ToldBy(StrEnum):
    """Who says which test a recording shows."""

    LIST = "list"
    OPTION = "option"
    NAME = "file name"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Reference:
    """What another instrument or rater read for one recording, in degrees; None where it says nothing."""

    method: str
    left_deg: float | None = None
    right_deg: float | None = None

    def of(self, side: Side) -> float | None:
        """Return the reading of one side.

        Examples
        --------
        >>> goniometer = Reference("goniometer", left_deg=31.0)
        >>> goniometer.of(Side.LEFT), goniometer.of(Side.RIGHT)
        (31.0, None)
        """
        return self.left_deg if side is Side.LEFT else self.right_deg


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording to be measured.

    Attributes
    ----------
    row : its row in the list as a spreadsheet shows it, or its place in the folder, from 1.
    name : the recording as the list or the folder names it.
    source : absolute path, or a URL.
    test : the test that was filmed; None leaves it to the recording.
    test_told_by : who says so.
    camera_side : None for the usual one of the test.
    slow_motion : by how many times the file plays slower than life.
    viewing : which part of it is looked at, and how.
    legs, helper, hand_place, end_point, pain, pain_left, pain_right, motion : how it was done, as in `Setup`.
    screening, screened_on, screened_by : what was answered before the test, as in `Setup`.
    subject_at : where in the picture the measured person is, as in `Setup`.
    side_order : the sides in the order in which they were tested, empty where the list does not say.
    references : readings of other instruments.
    carried : columns of the list that are not understood, by the name they have there; they go along into the results.
    """

    row: int
    name: str
    source: str
    test: Procedure | None = None
    test_told_by: ToldBy = ToldBy.RECORDING
    effort: Effort = Effort.ACTIVE
    camera_side: CameraSide | None = None
    mirrored: bool | None = None
    slow_motion: float = 1.0
    roll_deg: float | None = None
    age_years: float | None = None
    sex: Sex | None = None
    subject: str = ""
    visit_date: str = ""
    side_order: tuple[Side, ...] = ()
    references: tuple[Reference, ...] = ()
    carried: Mapping[str, str] = field(default_factory=dict)
    legs: Legs | None = None
    helper: str | None = None
    hand_place: HandPlace | None = None
    end_point: EndPoint | None = None
    pain: int | None = None
    pain_left: SidePain | None = None
    pain_right: SidePain | None = None
    screening: tuple[Answer, ...] | None = None
    screened_on: str | None = None
    screened_by: str | None = None
    subject_at: tuple[float, float] | None = None
    motion: Motions = USUAL_MOTIONS
    viewing: Viewing = AS_STORED

    @property
    def expected_sides(self) -> tuple[Side, ...]:
        """The sides that the recording has to show: those that the list names, else both."""
        return self.side_order or (Side.LEFT, Side.RIGHT)

    def setups(self) -> tuple[Setup, ...]:
        """Return how to measure it: one setup, or one of each test where nobody says which it is.

        Examples
        --------
        >>> [setup.procedure.name for setup in Clip(1, "a.mp4", "/clips/a.mp4", roll_deg=2.0).setups()]
        ['seated', 'prone', 'supine']
        """
        tests = (self.test,) if self.test else PROCEDURES
        return tuple(map(self._setup, tests))

    def _setup(self, test: Procedure) -> Setup:
        return Setup(
            procedure=test,
            effort=self.effort,
            camera_side=self.camera_side if self.camera_side in test.camera_sides else test.usual_camera_side,
            mirrored=self.mirrored,
            roll_deg=self.roll_deg,
            age_years=self.age_years,
            sex=self.sex,
            legs=self.legs,
            motion=self.motion,
            helper=self.helper,
            hand_place=self.hand_place,
            end_point=self.end_point,
            pain=self.pain,
            pain_left=self.pain_left,
            pain_right=self.pain_right,
            screening=self.screening,
            screened_on=self.screened_on,
            screened_by=self.screened_by,
            subject_at=self.subject_at,
        )

    def parameters(self, pose_model: str) -> dict[str, object]:
        """Return everything but recording and model file that the result depends on.

        Examples
        --------
        >>> sorted(Clip(1, "a.mp4", "/clips/a.mp4").parameters("heavy"))
        ['hipcv_version', 'pose_model', 'setups', 'slow_motion', 'viewing']
        """
        return {
            "hipcv_version": __version__,
            "pose_model": pose_model,
            "slow_motion": self.slow_motion,
            "viewing": asdict(self.viewing),
            "setups": [render_setup(setup) for setup in self.setups()],
        }


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What makes a result the same result: the recording's bytes, the parameters and the model, by their SHA-256."""

    clip_sha256: str
    parameters_sha256: str
    model_sha256: str

    @property
    def short(self) -> str:
        """The first 10 hexadecimal digits of the whole key's own SHA-256, for file names."""
        whole = f"{self.clip_sha256} {self.parameters_sha256} {self.model_sha256}"
        return hashlib.sha256(whole.encode()).hexdigest()[:10]


def digest(parameters: Mapping[str, object]) -> str:
    """Return the SHA-256 of parameters, whatever their order.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()
