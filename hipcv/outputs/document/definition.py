"""What the document of an assessment holds, field by field: written, published (`hipcv schema`) and read by this.

What is written has every field and no other. What is read (`read`) may be older: it may lack the fields that have a
default here, hold words that are no more, or fields that nobody knows. A missing number is None.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from hipcv.assessment import Status
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.procedures import TestName
from hipcv.evidence.exercises import Pattern
from hipcv.evidence.reference import AsymmetryVerdict, NoVerdict, Verdict
from hipcv.evidence.screening import Outcome
from hipcv.words import Answer, CameraSide, Effort, EndPoint, HandPlace, Legs, Motion, Motions, PainPlace, Sex, Side

Schema = Literal["hipcv.assessment/2"]
#: The name of this definition; it changes when a field goes or changes its meaning, not when one is added.
SCHEMA: Schema = get_args(Schema)[0]


def _in(unit: str, **limits: float) -> Any:
    return Field(json_schema_extra={"unit": unit}, **limits)  # type: ignore[call-overload]


#: Both together keep a whole number whole: 3 trials are no 3.0 trials.
_AS_GIVEN = WrapValidator(lambda value, check: (check(value), value)[1])
_AS_IT_IS = PlainSerializer(lambda value: value)


def _one_of(words: type[StrEnum]) -> WithJsonSchema:
    """Say which words are written; they are not asked of what is read, for an older document may know others."""
    return WithJsonSchema({"type": "string", "enum": [str(word) for word in words]})


# no joint turns so far, but nonsense that is smoothed overshoots 180°
Angle = Annotated[float, _in("°", ge=-360, le=360)]
AngleDifference = Annotated[float, _in("°", ge=-720, le=720)]
AnyAngle = Annotated[float, _in("°")]
AngleError = Annotated[float, _in("°", ge=0)]
CameraTurn = Annotated[float, _in("°", ge=-180, le=180)]
ToldAngle = Annotated[float, _in("°", ge=-90, le=90), _AS_GIVEN, _AS_IT_IS]
FieldOfView = Annotated[float, _in("°", ge=0, le=180), _AS_GIVEN, _AS_IT_IS]
PictureShare = Annotated[float, _in("of the picture", ge=0, le=1), _AS_GIVEN, _AS_IT_IS]
Seconds = Annotated[float, _in("s")]
Rate = Annotated[float, _in("Hz", ge=0), _AS_GIVEN, _AS_IT_IS]
Years = Annotated[float, _in("years", ge=0, le=120), _AS_GIVEN, _AS_IT_IS]
Times = Annotated[float, _in("times", gt=0), _AS_GIVEN, _AS_IT_IS]
Percent = Annotated[float, _in("%", ge=0, le=100)]
Pain = Annotated[int, _in("of 10", ge=0, le=10)]
Count = Annotated[int, _in("frames", ge=0)]
Pixels = Annotated[float, _in("px"), _AS_GIVEN, _AS_IT_IS]
WholePixels = Annotated[int, _in("px", ge=0)]
QuarterTurn = Annotated[int, _in("° clockwise", ge=0, le=270)]
Shape = Annotated[float, _in("width through height", gt=0), _AS_GIVEN, _AS_IT_IS]
PicturesRate = Annotated[float, _in("pictures a second", gt=0), _AS_GIVEN, _AS_IT_IS]
FileSecond = Annotated[float, _in("s as a player shows them", ge=0), _AS_GIVEN, _AS_IT_IS]
Quantity = Annotated[float, _in("as `unit` says"), _AS_GIVEN, _AS_IT_IS]

TestWord = Annotated[str, _one_of(TestName)]
MotionWord = Annotated[str, _one_of(Motion)]
MotionsWord = Annotated[str, _one_of(Motions)]
EffortWord = Annotated[str, _one_of(Effort)]
LegsWord = Annotated[str, _one_of(Legs)]
HandWord = Annotated[str, _one_of(HandPlace)]
EndWord = Annotated[str, _one_of(EndPoint)]
SexWord = Annotated[str, _one_of(Sex)]
AnswerWord = Annotated[str, _one_of(Answer)]
PlaceWord = Annotated[str, _one_of(PainPlace)]
SideWord = Annotated[str, _one_of(Side)]
StatusWord = Annotated[str, _one_of(Status)]
CodeWord = Annotated[str, _one_of(FindingCode)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FindingPart(_Part):
    """One reason to note, to doubt or to reject."""

    code: CodeWord = Field(description="What was found.")
    title: str = Field(description="The code in a few plain words.")
    severity: Annotated[str, _one_of(Severity)] = Field(
        description="note: worth knowing; doubt: the number may be wrong; reject: it carries no number."
    )
    side: SideWord | None = Field(description="Whose hip it concerns; null for the whole recording.")
    motion: MotionWord | None = Field(None, description="Which motion it spoils; null where it is no matter of one.")
    observed: Quantity | None = Field(description="What was observed, any number.")
    limit: Quantity | None = Field(description="From where on it counts, any number.")
    unit: str = Field(description="Unit of `observed` and `limit`, in words that follow a number.")
    limit_origin: str = Field(description="Where the limit comes from.")
    advice: str = Field(description="One sentence on what to do.")


class TrialPart(_Part):
    """One swing of one leg that was held at its end. Times count from the recording's first frame."""

    start_s: Seconds = Field(description="Where the swing leaves rest.")
    stop_s: Seconds = Field(description="Where the leg is back at rest.")
    hold_start_s: Seconds | None = Field(description="Where the hold begins; null without one.")
    hold_stop_s: Seconds | None = Field(description="Where the hold ends; null without one.")
    end_range_deg: Angle | None = Field(description="Rotation in the direction of the swing, the median over the hold.")
    raw_peak_deg: Angle | None = Field(description="Highest single frame.")
    filtered_peak_deg: Angle | None = Field(description="Highest value of the low-passed curve.")
    rest_deg: Angle | None = Field(description="The relaxed shank before and after; null where it is not seen.")
    accepted: bool = Field(description="Whether it counts towards the end range of its side.")
    findings: tuple[FindingPart, ...] = Field(description="What was wrong with this trial.")


class CompensationPart(_Part):
    """What else of the body moved so far that it puts the end range in doubt."""

    code: CodeWord = Field(description="Which part of the body, as the finding that it makes.")
    moved_deg: AngleDifference | None = Field(
        description="How far it moved from rest, the mean of the trials in which it counts."
    )
    onset_deg: Angle | None = Field(description="Rotation in the direction of the swing at which it began.")


class BesidePart(_Part):
    """One row to show beside a number that the hip alone did not make."""

    label: str = Field(description="Words that go on from the number.")
    value_deg: AngleDifference | None = Field(description="What the words speak of.")


class ErrorTermPart(_Part):
    """One source of error of a side's end range."""

    source: str = Field(description="What it comes from, in words.")
    se_deg: AngleError | None = Field(description="Its standard error.")


class ComparisonPart(_Part):
    """One end range against one reference range, which is named and never a diagnosis."""

    id: str = Field(description="The reference range, as `hipcv norms` lists it.")
    label: str = Field(description="Whom it is of, in words.")
    low_deg: Angle | None = Field(description="Lower limit; null where no spread was published.")
    high_deg: Angle | None = Field(description="Upper limit; null where no spread was published.")
    percentile: Percent | None = Field(description="Share of these people who turn less.")
    protocol_spread_deg: AngleError | None = Field(
        None, description="How far such people's middle shifts with how they were measured; null without a percentile."
    )
    verdict: Annotated[str, _one_of(Verdict)] | None = Field(
        description="Where the value lies; borderline where its interval straddles a limit; null without one."
    )
    no_verdict: Annotated[str, _one_of(NoVerdict)] | None = Field(
        None, description="Why the range is shown without a verdict; null where it gives one."
    )
    posture_caveat: str | None = Field(
        None,
        description="How far postures differ, in words, where the source prints how far the hip was bent and not the "
        "posture: to be said beside verdict, percentile and difference; null where it prints it, or neither.",
    )
    difference_deg: AngleDifference | None = Field(description="The value less the mean of these people.")
    extrapolated: bool = Field(description="Whether the subject is outside the ages that were studied.")
    citation: str | None = Field(description="The publication; null for a rule of thumb.")
    doi: str | None = Field(description="Its DOI.")


class ResultPart(_Part):
    """One motion of one hip, positive in its direction, 0 on the plumb line; numbers are null without a measurement."""

    status: StatusWord = Field(description="Whether there is a number.")
    end_range_deg: Angle | None = Field(description="Rotation at end range, the mean of the accepted trials.")
    interval95_deg: tuple[AnyAngle, AnyAngle] | None = Field(
        description="95 % interval of `end_range_deg`, low and high, any numbers: all error terms together."
    )
    pelvis_corrected_deg: AngleDifference | None = Field(description="End range less the tilt of the pelvis.")
    onset_deg: Angle | None = Field(description="Angle at which the rest of the body began to help, if it did.")
    compensations: tuple[CompensationPart, ...] = Field((), description="What else of the body moved.")
    beside: tuple[BesidePart, ...] = Field((), description="What to show beside the number.")
    raw_peak_deg: Angle | None = Field(description="Highest single frame of all trials that count.")
    filtered_peak_deg: Angle | None = Field(description="Highest low-passed value of all trials that count.")
    rest_deg: Angle | None = Field(description="The relaxed shank.")
    trial_sd_deg: AngleError | None = Field(description="Standard deviation between trials; null with fewer than two.")
    trials: tuple[TrialPart, ...] = Field(description="The held swings in the order of time, also those not accepted.")
    error_terms: tuple[ErrorTermPart, ...] = Field(description="What the interval is made of.")
    reference: tuple[ComparisonPart, ...] = Field(description="Comparisons, the most specific first.")

    @property
    def n_accepted(self) -> int:
        """Trials that count."""
        return sum(trial.accepted for trial in self.trials)


class MotionsPart(_Part):
    """Both motions of one hip; null where nobody asked for one, or asked for both and no foot went inwards."""

    internal: ResultPart | None = Field(description="Internal: positive with the foot away from the other leg.")
    external: ResultPart | None = Field(description="External: positive with the foot towards the other leg.")


class ArcPart(_Part):
    """Both directions of one hip together."""

    total_deg: AngleDifference | None = Field(description="Internal plus external rotation: the total arc.")
    total_interval95_deg: tuple[AnyAngle, AnyAngle] | None = Field(
        description="95 % interval of `total_deg`, any numbers, in which the camera's roll and the zero cancel."
    )
    balance_deg: AngleDifference | None = Field(
        description="Internal less external rotation; null where the camera's roll is not known."
    )
    balance_interval95_deg: tuple[AnyAngle, AnyAngle] | None = Field(
        description="95 % interval of `balance_deg`, any numbers, in which the camera's roll and the zero count twice."
    )


class SidePart(_Part):
    """The result of one hip."""

    motions: MotionsPart = Field(description="The result of each motion.")
    arc: ArcPart | None = Field(description="Both motions together; null where one of them has no number.")


class SidesPart(_Part):
    """Both hips; a side is always the subject's own."""

    left: SidePart = Field(description="The subject's left hip.")
    right: SidePart = Field(description="The subject's right hip.")


class AsymmetryPart(_Part):
    """The difference between the sides."""

    difference_deg: AngleDifference | None = Field(description="Left less right.")
    mdc95_deg: AngleError | None = Field(description="Smallest difference that is more than error, 95 %.")
    verdict: Annotated[str, _one_of(AsymmetryVerdict)] = Field(description="What to make of it.")


class AsymmetriesPart(_Part):
    """The difference between the sides in each motion; null where a side or the camera's roll is not known."""

    internal: AsymmetryPart | None = Field(description="In internal rotation.")
    external: AsymmetryPart | None = Field(description="In external rotation.")


class CameraPart(_Part):
    """The camera against plumb line and thighs, fused from every cue; a source names its cues, joined by " + "."""

    roll_deg: CameraTurn | None = Field(description="Above 0 the picture is turned clockwise.")
    roll_se_deg: AngleError | None = Field(description="Standard error of the roll.")
    roll_source: str = Field(description="Where the roll comes from.")
    pitch_deg: CameraTurn | None = Field(description="Above 0 the camera looks down.")
    pitch_se_deg: AngleError | None = Field(description="Standard error of the pitch.")
    pitch_source: str = Field(description="Where the pitch comes from.")
    yaw_deg: CameraTurn | None = Field(
        description="Above 0 the camera stands towards the subject's left (seated), right (prone, from the foot end)."
    )
    yaw_se_deg: AngleError | None = Field(description="Standard error of the yaw.")
    yaw_source: str = Field(description="Where the yaw comes from.")
    disagreement_deg: AngleError | None = Field(description="Largest distance between the roll and any of its cues.")
    long_side_fov_deg: FieldOfView | None = Field(
        description="Field of view along the picture's longer side that was measured with."
    )


class SidePainPart(_Part):
    """Pain on one side at the end of the range."""

    level: Pain = Field(description="The worst.")
    place: PlaceWord | None = Field(description="Where it was.")


class SetupPart(_Part):
    """Everything that was told: with recording and model it gives the same numbers again; null where nobody said."""

    test: TestWord = Field(description="Which test was done.")
    effort: EffortWord = Field(description="Whether the subject moved the leg or somebody else did.")
    camera_side: Annotated[str, _one_of(CameraSide)] = Field(description="Where the camera stood.")
    mirrored: bool | None = Field(description="Whether the recording is a mirror image.")
    roll_deg: ToldAngle | None = Field(description="Camera roll, signed as in `camera`; −45 to 45.")
    pitch_deg: ToldAngle | None = Field(description="Camera pitch, signed as in `camera`; −60 to 60.")
    yaw_deg: ToldAngle | None = Field(description="Camera yaw, signed as in `camera`.")
    vertical_edges_px: tuple[tuple[Pixels, Pixels, Pixels, Pixels], ...] = Field(
        description="Plumb edges x1, y1, x2, y2 in the upright picture, y down, any numbers."
    )
    age_years: Years | None = Field(description="Age of the subject.")
    sex: SexWord | None = Field(description="Sex of the subject.")
    sensor_roll_deg: ToldAngle | None = Field(description="Roll by the device's own sensor; −45 to 45.")
    sensor_pitch_deg: ToldAngle | None = Field(description="Pitch by the device's own sensor; −60 to 60.")
    slow_motion: Times = Field(description="By how many times the recording plays slower than life.")
    long_side_fov_deg: FieldOfView | None = Field(
        description="Field of view that the recording tells of its lens, along the longer side."
    )
    subject_at: tuple[PictureShare, PictureShare] | None = Field(
        None, description="Where the measured person's knees are in the picture, shares of its width and height."
    )
    legs: LegsWord | None = Field(None, description="Which legs moved at once.")
    helper: str | None = Field(None, description="Who moved the leg, a name or a role.")
    hand_place: HandWord | None = Field(None, description="Where the hand lay that moved the leg.")
    end_point: EndWord | None = Field(None, description="What ended the movement.")
    pain: Pain | None = Field(None, description="The worst pain at the end of the range.")
    motion: MotionsWord = Field(str(Motions.INTERNAL), description="Which motions were measured.")
    pain_left: SidePainPart | None = Field(None, description="The same on the left side, and where.")
    pain_right: SidePainPart | None = Field(None, description="The same on the right side, and where.")
    screening: tuple[AnswerWord, ...] | None = Field(
        None, description="What was answered before the test, empty where nothing of it holds."
    )
    screened_on: str | None = Field(None, description="Day of these answers, YYYY-MM-DD.")
    screened_by: str | None = Field(None, description="Who judged instead of the questions, or beside them.")
    rotate_deg: QuarterTurn = Field(0, description="By how much the pictures were turned clockwise, beyond their tag.")
    aspect: Shape | None = Field(
        None,
        description="Width through height of the whole upright picture, where it was told; null: as the file says.",
    )
    from_s: FileSecond | None = Field(None, description="Where the stretch begins that was measured, told or found.")
    to_s: FileSecond | None = Field(None, description="Where the stretch ends that was measured, told or found.")
    crop_px: tuple[WholePixels, WholePixels, WholePixels, WholePixels] | None = Field(
        None,
        description="The picture within the picture that was measured: left, top, width, height in the whole one.",
    )
    pictures_hz: PicturesRate | None = Field(None, description="How many a second, where it was a series of pictures.")
    still: bool = Field(False, description="Whether single pictures were measured, each by itself.")


class ScreeningPart(_Part):
    """What the answers before the test call for."""

    outcome: Annotated[str, _one_of(Outcome)] = Field(
        description="see_now, see_this_week, not_alone: no test by oneself; no_exercises; go_on; not_asked."
    )
    say: tuple[str, ...] = Field(description="What to do, in sentences.")
    origins: tuple[str, ...] = Field(description="Where these sentences come from.")


class ShownPart(_Part):
    """One thing that the test shows as far as exercises are concerned."""

    pattern: Annotated[str, _one_of(Pattern)] = Field(description="What it is, by its word.")
    title: str = Field(description="The same in a few plain words.")
    say: str = Field(description="What to make of it.")
    origin: str = Field(description="Where that comes from; empty where nowhere.")


class ExercisePart(_Part):
    """One exercise of the plan; `hipcv exercises` and the interface list them with all their words."""

    id: str = Field(description="Its name in the catalogue.")
    name: str = Field(description="Its name in words.")
    dose: str = Field(description="How long, or how often.")


class ToShowPart(_Part):
    """Why the report is shown to a physiotherapist or a doctor."""

    say: str = Field(description="The reason, one sentence.")
    origin: str = Field(description="Where it comes from.")


class PlanPart(_Part):
    """What to do next. Nothing in it promises an effect."""

    shown: tuple[ShownPart, ...] = Field(description="What the test shows.")
    exercises: tuple[ExercisePart, ...] = Field(description="At most three, in their order.")
    weeks: tuple[str, ...] = Field(description="How to go about them.")
    withheld: tuple[str, ...] = Field(
        description="Why no exercise is shown, in sentences; empty where none is withheld."
    )


class ProvenancePart(_Part):
    """What it takes, beside the setup, to get the same numbers again."""

    hipcv_version: str = Field(description="Which hipcv measured.")
    pose_model: str = Field(description="Name of the pose model.")
    model_sha256: str = Field(description="SHA-256 of the model's file, hexadecimal.")
    clip_sha256: str = Field(description="SHA-256 of the recording, hexadecimal; empty where there is no file.")
    fps: Rate | None = Field(description="The recording's own frame rate.")
    readings_hz: Rate | None = Field(None, description="Frames read a second; fewer where only every so many are read.")
    n_frames: Count = Field(description="Frames that were read.")
    parameters: dict[str, JsonValue] = Field(description="What else the reader was run with, by name.")


class AssessmentDocument(_Part):
    """Hip rotation from one recording, with its uncertainty and its reasons to doubt.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document.render import make_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> document = make_document(assess(empty, Setup()))
    >>> document.of(Side.LEFT, Motion.INTERNAL).status, document.of(Side.LEFT, Motion.EXTERNAL) is None
    ('not_measured', True)
    >>> [finding.code for finding in document.findings_of(Side.LEFT)]
    ['short_recording', 'no_person']
    """

    schema_: Schema = Field(alias="schema", description="The name of this definition.")
    test: TestWord = Field(description="Which test was done.")
    effort: EffortWord = Field(description="Whether the subject moved the leg or somebody else did.")
    age_years: Years | None = Field(description="Age of the subject; null where nobody said.")
    sex: SexWord | None = Field(description="Sex of the subject; null where nobody said.")
    how_done: str = Field("", description="How the test was done, all that was said of it, in words.")
    sides_rest_on: str = Field("", description="What left and right are told by, in words.")
    status: StatusWord = Field(description="Whether any side has a number.")
    # None in the oldest documents, never in one that is written
    setup: SetupPart = Field(None, description="Everything that was told.")  # type: ignore[assignment]
    sides: SidesPart = Field(description="The result of each hip.")
    notes: tuple[str, ...] = Field((), description="What to know beside the comparisons, in sentences.")
    asymmetry: AsymmetriesPart = Field(description="Left against right.")
    camera: CameraPart = Field(description="How the camera stood.")
    screening: ScreeningPart | None = Field(None, description="Null in documents of older versions.")
    to_show: tuple[ToShowPart, ...] = Field((), description="Why the report is shown to somebody.")
    plan: PlanPart | None = Field(None, description="Null without a number, and in documents of older versions.")
    legs_at_once: LegsWord | None = Field(
        None, description="Which legs moved at once, as told or as the recording shows; null where nobody said."
    )
    findings: tuple[FindingPart, ...] = Field(
        description="What was found, one of a code and side, the heaviest first; also what the trials have."
    )
    provenance: ProvenancePart = Field(description="What measured, and what was measured.")

    @property
    def legs(self) -> str | None:
        """Which legs moved at once; None where nobody said, or an older version did not ask."""
        told = None if self.setup is None else self.setup.legs
        return self.legs_at_once if told == Legs.AUTO else told

    @property
    def asked(self) -> tuple[Motion, ...]:
        """The motions that were asked for and done, internal rotation first."""
        return tuple(motion for motion in Motion if self.of(Side.LEFT, motion) is not None)

    def of(self, side: Side, motion: Motion) -> ResultPart | None:
        """Return the result of one motion of one side; None where nobody asked for it."""
        motions = self._side(side).motions
        return motions.internal if motion is Motion.INTERNAL else motions.external

    def arc_of(self, side: Side) -> ArcPart | None:
        """Return both motions of one side together; None where one of them has no number.

        Examples
        --------
        >>> import numpy as np
        >>> from hipcv.assessment import assess
        >>> from hipcv.core.series import PoseSeries
        >>> from hipcv.core.setup import Setup
        >>> from hipcv.outputs.document.render import make_document
        >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
        >>> document = make_document(assess(empty, Setup()))
        >>> document.arc_of(Side.LEFT), document.asked
        (None, (<Motion.INTERNAL: 'internal'>,))
        """
        return self._side(side).arc

    def asymmetry_of(self, motion: Motion) -> AsymmetryPart | None:
        """Return the difference between the sides in one motion; None where there is none.

        Examples
        --------
        >>> from hipcv.outputs.document.render import make_document
        >>> import numpy as np
        >>> from hipcv.assessment import assess
        >>> from hipcv.core.series import PoseSeries
        >>> from hipcv.core.setup import Setup
        >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
        >>> make_document(assess(empty, Setup())).asymmetry_of(Motion.EXTERNAL) is None
        True
        """
        return self.asymmetry.internal if motion is Motion.INTERNAL else self.asymmetry.external

    def _side(self, side: Side) -> SidePart:
        return self.sides.left if side is Side.LEFT else self.sides.right

    def findings_of(self, side: Side) -> tuple[FindingPart, ...]:
        """Return the findings that concern one side: its own and those of the whole recording."""
        return tuple(finding for finding in self.findings if finding.side in (None, side))


class _AsWritten(GenerateJsonSchema):
    """The schema of what is written: every field is there, and none has a default."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return True

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of every document that this hipcv writes; nothing else may be in one.

    Examples
    --------
    >>> json_schema()["properties"]["age_years"]["anyOf"][0]["unit"]
    'years'
    """
    whole = AssessmentDocument.model_json_schema(mode="serialization", schema_generator=_AsWritten)
    return {"$schema": _AsWritten.schema_dialect, **whole, "title": SCHEMA}
