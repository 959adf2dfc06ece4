"""What goes in and out, field by field."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from hipcv.core.answers import PAIN_SCALE, SidePain, read_answers, read_pain
from hipcv.core.procedure import Rest
from hipcv.core.procedures import TestName, procedure_named
from hipcv.core.setup import MAX_HELPER_CHARACTERS, Setup, done_fault, read_place
from hipcv.core.viewing import Viewing, read_aspect
from hipcv.evidence.exercises import Grade
from hipcv.evidence.exercises import Kind as ExerciseKind
from hipcv.evidence.progress import Where
from hipcv.evidence.screening import Outcome
from hipcv.history.entry import past_day
from hipcv.live.coach import Plan
from hipcv.outputs.artefacts import linked
from hipcv.outputs.document import AssessmentDocument
from hipcv.outputs.document.definition import ComparisonPart, PlanPart, ScreeningPart
from hipcv.words import (
    SIDES,
    USUAL_MOTIONS,
    Answer,
    CameraSide,
    Effort,
    EndPoint,
    HandPlace,
    Legs,
    Measure,
    ModelName,
    Motion,
    Motions,
    PainPlace,
    Sex,
    Side,
)
from hipcv_server.lifetime import LastStop

State = Literal["queued", "running", "done", "failed", "set_aside", "cancelled"]
Kind = Literal["upload", "live", "file", "replay"]

_EDGE = r"^\s*-?[0-9]{1,5}(\.[0-9]{1,6})?(\s*,\s*-?[0-9]{1,5}(\.[0-9]{1,6})?){3}\s*$"

_PLAIN = r"^[\w.,'()#+-]+( [\w.,'()#+-]+)*$"


Subject = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=_PLAIN),
    Field(description="Who is measured, a name or a code: letters, digits, .,'()#+- and spaces"),
]
VisitDate = Annotated[
    date,
    AfterValidator(past_day),
    Field(description="Day of the recording; by default the one that the file tells, else today"),
]
Keep = Annotated[
    bool, Field(description="Keep the pictures: says that the person agreed, which is written down before it is done")
]
Helper = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_HELPER_CHARACTERS, pattern=_PLAIN),
    Field(description="Passive: who moved the leg, a name or a role: letters, digits, .,'()#+- and spaces"),
]
Screener = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_HELPER_CHARACTERS, pattern=_PLAIN),
    Field(description="Who judged instead of the questions, or beside them, a name or a role, as in `subject`"),
]
_ANSWER = f"({'|'.join(Answer)})"
Screening = Annotated[
    str,
    Field(pattern=rf"^(none|{_ANSWER}(,{_ANSWER})*)$", max_length=400, description="What was answered before the test"),
]
PainOfASide = Annotated[
    str,
    Field(
        pattern=rf"^([0-9]|10)(,({'|'.join(PainPlace)}))?$",
        description="Worst pain on this side, 0 to 10, and where it was",
    ),
]
Pain = Annotated[int, Field(ge=PAIN_SCALE[0], le=PAIN_SCALE[1], description="Worst pain at the end of the range")]
JobId = Annotated[str, Field(pattern=r"^[a-z0-9]{1,40}$", description="Number of an assessment")]
Age = Annotated[float, Field(ge=0, le=120, allow_inf_nan=False)]
Roll = Annotated[float, Field(ge=-45, le=45, allow_inf_nan=False)]
Pitch = Annotated[float, Field(ge=-60, le=60, allow_inf_nan=False)]
Yaw = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
_SHARE = r"(0(\.\d+)?|1(\.0+)?)"
Place = Annotated[
    str,
    Field(
        pattern=rf"^(left|right|{_SHARE},{_SHARE})$",
        description="Who is measured where several sit: the person on the picture's left or right, or whose knees are "
        "at these shares x,y of its width and height",
    ),
]
Shape = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{1,4}(\.[0-9]{1,4})?([:/][0-9]{1,4}(\.[0-9]{1,4})?)?$",
        description="Width to height of the upright picture as it should look, such as 4:3, where it is squeezed",
    ),
]
Second = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False, description="Seconds as a player shows them")]
Edge = Annotated[str, Field(pattern=_EDGE, description="x1,y1,x2,y2 in picture pixels")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Done(_Strict):
    """How a test is done: who moves the leg, which legs at once, and for the record how it ended."""

    effort: Effort = Effort.ACTIVE
    legs: Legs | None = None
    helper: Helper | None = None
    hand_place: HandPlace | None = None
    end_point: EndPoint | None = None
    pain: Pain | None = None
    pain_left: PainOfASide | None = None
    pain_right: PainOfASide | None = None
    screening: Screening | None = None
    screened_on: date | None = None
    screened_by: Screener | None = None

    def told(self) -> dict[str, Any]:
        """Return what was said of pain, and before the test, as fields of `Setup`."""
        pains = {name: getattr(self, name) for name in ("pain_left", "pain_right")}
        return {
            **{name: None if pain is None else read_pain(pain) for name, pain in pains.items()},
            "screening": None if self.screening is None else read_answers(self.screening),
            "screened_on": None if self.screened_on is None else self.screened_on.isoformat(),
            "screened_by": self.screened_by,
        }

    @field_validator("helper", "hand_place", "end_point")
    @classmethod
    def _fits_the_effort(cls, value: Any, info: ValidationInfo) -> Any:
        effort = info.data.get("effort")
        fault = None if effort is None else done_fault(effort, **{str(info.field_name): value})
        if fault is not None:
            raise ValueError(fault.sentence)
        return value


class MeasureOptions(_Done):
    """The options of `hipcv measure`, as form fields of an upload.

    Examples
    --------
    >>> MeasureOptions(test="prone", effort="passive", legs="both").setup().other_leg_may_move
    True
    >>> MeasureOptions(test="seated", rotate="180", aspect="4:3").viewing().rotate_deg
    180
    """

    test: TestName
    age: Age | None = None
    sex: Sex | None = None
    model: ModelName = ModelName.HEAVY
    roll: Roll | None = None
    pitch: Pitch | None = None
    yaw: Yaw | None = None
    vertical: Annotated[list[Edge], Field(max_length=8)] = []
    mirrored: bool | None = None
    slow_motion: Annotated[float, Field(ge=0.05, le=100, allow_inf_nan=False)] = 1.0
    motion: Motions = USUAL_MOTIONS
    rotate: Literal[0, 90, 180, 270] = 0
    aspect: Shape | None = None
    from_s: Second | None = None
    to_s: Second | None = None
    still: bool = False
    keep: Keep = False
    show_face: bool = False
    subject: Subject | None = None
    date: VisitDate | None = None
    subject_at: Place | None = None

    @field_validator("rotate", mode="before")
    @classmethod
    def _is_number(cls, value: Any) -> Any:
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("aspect")
    @classmethod
    def _is_shape(cls, value: str | None) -> str | None:
        if value is not None:
            read_aspect(value)
        return value

    @field_validator("to_s")
    @classmethod
    def _ends_after_it_begins(cls, value: float | None, info: ValidationInfo) -> float | None:
        Viewing(from_s=info.data.get("from_s"), to_s=value)
        return value

    @field_validator("still")
    @classmethod
    def _has_no_stretch(cls, value: bool, info: ValidationInfo) -> bool:
        Viewing(from_s=info.data.get("from_s"), to_s=info.data.get("to_s"), still=value)
        return value

    def viewing(self) -> Viewing:
        """Return which part of the recording is looked at, and how.

        Examples
        --------
        >>> MeasureOptions(test="seated", from_s=2).viewing().from_s
        2.0
        """
        shape = None if self.aspect is None else read_aspect(self.aspect)
        return Viewing(self.rotate, shape, self.from_s, self.to_s, still=self.still)

    def setup(self) -> Setup:
        """Return how the test was done and filmed."""
        return Setup(
            procedure=procedure_named(self.test),
            effort=self.effort,
            mirrored=self.mirrored,
            roll_deg=self.roll,
            pitch_deg=self.pitch,
            yaw_deg=self.yaw,
            vertical_edges_px=tuple(_edge(text) for text in self.vertical),
            subject_at=None if self.subject_at is None else read_place(self.subject_at),
            motion=self.motion,
            age_years=self.age,
            sex=self.sex,
            legs=self.legs,
            helper=self.helper,
            hand_place=self.hand_place,
            end_point=self.end_point,
            pain=self.pain,
            **self.told(),
        )


class StartMessage(_Done):
    """The first message of a live session.

    Examples
    --------
    >>> start = StartMessage(type="start", test="seated", effort="passive", pain=2, sides=["left"])
    >>> start.setup().pain, start.plan().sides
    (2, (<Side.LEFT: 'left'>,))
    """

    type: Literal["start"]
    test: TestName
    age: Age | None = None
    sex: Sex | None = None
    sides: Annotated[list[Side], Field(min_length=1, max_length=2)] = list(SIDES)
    trials: Annotated[int, Field(ge=1, le=10)] = 3
    hold_s: Annotated[float, Field(ge=0.5, le=5, allow_inf_nan=False)] = 1.5
    countdown_s: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 3.0
    keep: Keep = False
    show_face: bool = False
    subject: Subject | None = None
    roll: Roll | None = None
    pitch: Pitch | None = None
    model: ModelName = ModelName.FULL
    hands_free: bool = True
    mirror_checked: bool = False
    asks_pain: bool = False
    motion: Motions = USUAL_MOTIONS
    subject_at: Place | None = None

    def setup(self) -> Setup:
        """Return how the test is done; a browser's frames are never mirrored, which somebody has looked at or not."""
        return Setup(
            procedure=procedure_named(self.test),
            effort=self.effort,
            mirrored=False if self.mirror_checked else None,
            roll_deg=self.roll,
            pitch_deg=self.pitch,
            subject_at=None if self.subject_at is None else read_place(self.subject_at),
            age_years=self.age,
            sex=self.sex,
            legs=self.legs,
            motion=self.motion,
            helper=self.helper,
            hand_place=self.hand_place,
            end_point=self.end_point,
            pain=self.pain,
            **self.told(),
        )

    def plan(self) -> Plan:
        """Return what is to be done; ValueError where a side comes twice."""
        return Plan(tuple(self.sides), self.trials, self.hold_s, self.countdown_s, self.hands_free)


class Correction(_Strict):
    """Whose a result is, and of which day; what is left out stays.

    Examples
    --------
    >>> Correction(subject="Anna").date is None
    True
    """

    subject: Subject | None = None
    date: VisitDate | None = None


class Rename(_Strict):
    """Another name or code for a person; `together` where somebody else has it and both are one person.

    Examples
    --------
    >>> Rename(subject="Anna", name="S01").together
    False
    """

    subject: Subject
    name: Subject
    together: bool = False


class WhoMessage(_Strict):
    """Who is tested, told while a live test waits for everything to be in order.

    Examples
    --------
    >>> WhoMessage(type="who", subject_at="0.3,0.6").place()
    (0.3, 0.6)
    """

    type: Literal["who"]
    subject_at: Place

    def place(self) -> tuple[float, float]:
        """Return where the knees are, in shares of the picture's width and height."""
        return read_place(self.subject_at)


class PainMessage(_Strict):
    """What is said once a live test is over: of pain, and what ended the movement.

    Examples
    --------
    >>> left, right = PainMessage(type="pain", pain_left="3,groin").sides()
    >>> left.level, right is None
    (3, True)
    """

    type: Literal["pain"]
    pain_left: PainOfASide | None = None
    pain_right: PainOfASide | None = None
    end_point: EndPoint | None = None

    def sides(self) -> tuple[SidePain | None, SidePain | None]:
        """Return what was said of the left and of the right side."""
        left, right = (None if text is None else read_pain(text) for text in (self.pain_left, self.pain_right))
        return left, right


Acceleration = Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]


class GravityReading(_Strict):
    """What a device's sensor says, in the device's own axes; see `hipcv.live.device_gravity`."""

    x: Acceleration
    y: Acceleration
    z: Acceleration
    screen_angle: Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)] = 0.0
    facing: Literal["user", "environment"] = "user"


class FrameHead(BaseModel):
    """The head of a live frame; members it does not know are passed over."""

    n: Annotated[int, Field(ge=0, le=2**53)]
    t: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
    gravity: GravityReading | None = None


def _edge(text: str) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(part) for part in text.split(","))
    if (x1 - x2) ** 2 + (y1 - y2) ** 2 < 400:
        raise ValueError(f"A plumb edge needs two ends at least 20 pixels apart, found {text}; mark a longer one.")
    return x1, y1, x2, y2


# ------------------------------------------------------------------------------------------------------------- answers


class ProblemModel(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: Annotated[str, Field(description="One sentence to show as it is.")]
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not found",
                "status": 404,
                "code": "not_found",
                "detail": "There is no assessment 7r2mfk0v3c8e1x5t; it may have been deleted.",
            }
        },
    )


class Progress(BaseModel):
    """How far the work has come; `n_total` is null while nobody knows it, `share` runs from 0 to 1."""

    stage: str
    n_done: int
    n_total: int | None
    share: Annotated[float, Field(ge=0, le=1)]


def _with_files(schema: dict[str, Any]) -> None:
    names = [artefact.name for artefact in linked()]
    schema["properties"] |= {name: {"type": "string"} for name in names}
    schema["required"] += names


class Links(BaseModel):
    """Where everything about one assessment is: its progress, every file of it, and where work on it is stopped."""

    self: str
    events: str
    cancel: str
    model_config = ConfigDict(json_schema_extra=_with_files)


class Queue(BaseModel):
    """Where a waiting recording stands, from 1 on, and in how many seconds its turn comes; null: not known yet."""

    place: Annotated[int, Field(ge=1)]
    wait_s: Annotated[float, Field(ge=0)] | None


class WorkBudget(BaseModel):
    """What the work on a recording may take: wall time from its first frame on, and memory."""

    work_s: float
    memory_bytes: int


class DifferenceModel(BaseModel):
    """One value that came out otherwise: where in the document, what it was, what it is now."""

    where: str
    kept: JsonValue
    now: JsonValue


class ReplayModel(BaseModel):
    """Whether an assessment measured once more is the same byte by byte; null until that is known."""

    of: str
    same: bool | None
    n_differences: int
    differences: list[DifferenceModel]


class SideSummary(BaseModel):
    """The number of one hip, degrees."""

    end_range_deg: float | None
    interval95_deg: tuple[float, float] | None


class BothSides(BaseModel):
    """The number of each hip, degrees."""

    left: SideSummary
    right: SideSummary


#: Numbers beside internal rotation, by what they are of: external rotation, the total arc.
Measures = dict[Measure, BothSides]


class Resource(BaseModel):
    """One assessment: its state, and its result once there is one."""

    id: str
    kind: Kind
    state: State
    test: TestName
    subject: str | None
    keep: bool
    created_at: str
    started_at: str | None
    finished_at: str | None
    attempts: int
    progress: Progress
    queue: Annotated[Queue | None, Field(description="While it waits.")]
    budget: Annotated[WorkBudget | None, Field(description="Until it has ended.")]
    replay: Annotated[ReplayModel | None, Field(description="Of the kind `replay`.")]
    number: int | None
    visit_date: date | None
    measures: Measures
    assessment: Annotated[AssessmentDocument | None, Field(description="As `hipcv measure --json` prints it.")]
    problem: ProblemModel | None
    links: Links
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "7r2mfk0v3c8e1x5t",
                "kind": "upload",
                "state": "running",
                "test": "seated",
                "subject": None,
                "keep": False,
                "created_at": "2026-11-22T06:40:11.120Z",
                "started_at": "2026-11-22T06:40:11.162Z",
                "finished_at": None,
                "attempts": 1,
                "progress": {"stage": "reading", "n_done": 120, "n_total": 288, "share": 0.37},
                "queue": None,
                "budget": {"work_s": 377.0, "memory_bytes": 4294967296},
                "replay": None,
                "number": None,
                "visit_date": None,
                "measures": {},
                "assessment": None,
                "problem": None,
                "links": {
                    "self": "/api/v1/assessments/7r2mfk0v3c8e1x5t",
                    "events": "/api/v1/assessments/7r2mfk0v3c8e1x5t/events",
                    "series": "/api/v1/assessments/7r2mfk0v3c8e1x5t/series",
                    "report": "/api/v1/assessments/7r2mfk0v3c8e1x5t/report",
                    "video": "/api/v1/assessments/7r2mfk0v3c8e1x5t/video",
                    "cancel": "/api/v1/assessments/7r2mfk0v3c8e1x5t/cancel",
                },
            }
        }
    )


class Summary(BaseModel):
    """One assessment in a list."""

    id: str
    kind: Kind
    state: State
    test: TestName
    subject: str | None
    created_at: str
    finished_at: str | None
    progress: Progress
    status: Literal["measured", "not_measured"] | None
    left: SideSummary
    right: SideSummary
    number: int | None
    visit_date: date | None
    measures: Measures
    problem: ProblemModel | None
    links: Links


class Page(BaseModel):
    """A part of the list, newest first; `next` is the path of the next part."""

    items: list[Summary]
    next: str | None
    n_total: int


class TrendPoint(BaseModel):
    """One measured test of a series."""

    id: str
    at: str
    visit_date: date
    left: SideSummary
    right: SideSummary
    measures: Measures


class Change(BaseModel):
    """Last less first in degrees; `real` where it is at least `mdc95_deg`; `verdict` says it in words.

    `spacing` says what `mdc95_deg` counts as error: what differs between days, or only within one sitting;
    `mdc95_source` says it in words, and what to think of one smaller than any that was published.
    """

    difference_deg: float
    mdc95_deg: float
    mdc95_source: str
    spacing: Literal["within one sitting", "between days"]
    real: bool
    verdict: str


class Changes(BaseModel):
    """The change of each side, null with fewer than two values of one effort and number of legs."""

    left: Change | None
    right: Change | None


class TrendLine(BaseModel):
    """One measure of one hip over time, of tests that were done in the way of the last; degrees.

    `first_deg` is the mean of the first `n_baselines` of two days; within `band_deg` no change can be told.
    """

    side: Side
    measure: Measure
    label: str
    ids: list[str]
    n_baselines: int
    first_deg: float
    band_deg: tuple[float, float] | None
    change: Change | None


class Trend(BaseModel):
    """One named person's measured tests of one kind, oldest first; `change` is that of internal rotation.

    `next_date` is when to measure again, `say` what to know beside the lines.
    """

    test: TestName
    subject: str
    points: list[TrendPoint]
    change: Changes
    lines: list[TrendLine]
    next_date: date | None
    say: list[str]


class PositionModel(BaseModel):
    """Internal rotation in one position, and the range it is held against."""

    test: TestName
    end_range_deg: float | None
    interval95_deg: tuple[float, float] | None
    against: ComparisonPart | None


class PositionsOfSide(BaseModel):
    """One hip, bent and straight, and in which of both it turns less, each against its own range."""

    side: Side
    where: Where
    words: str
    bent: PositionModel
    straight: PositionModel


class Positions(BaseModel):
    """The newest bent and straight hip of one person; no side where there are not both. `say` is what to make of it."""

    subject: str
    sides: list[PositionsOfSide]
    say: str
    origin: str


class PersonModel(BaseModel):
    """Somebody of whom something is kept, how many assessments, and the days of the first and the last."""

    subject: str
    n_kept: int
    first: date
    last: date


class People(BaseModel):
    """Everybody of whom something is kept."""

    people: list[PersonModel]


class Renamed(BaseModel):
    """What a person is called from now on."""

    subject: str


class PairChange(BaseModel):
    """After less before, degrees; null where a side was not measured twice."""

    change_deg: float | None
    mdc95_deg: float | None
    verdict: str


class PairModel(BaseModel):
    """Two tests of one person, before and after one exercise; `say` is what to expect of such a pair."""

    spacing: Literal["within one sitting", "between days"]
    sides: dict[Side, PairChange]
    say: str
    origin: str


class PersonSetup(BaseModel):
    """What was told before the tests of one person, together."""

    screening: list[Answer] | None
    screened_by: str | None
    age_years: float | None


class PersonPlan(BaseModel):
    """What to do next after the newest tests of one person; `screening` and `plan` as in an assessment."""

    subject: str
    n_tests: int
    screening: ScreeningPart
    plan: PlanPart | None
    setup: PersonSetup


class NormModel(BaseModel):
    """One reference range in words."""

    id: str
    label: str
    motion: Motion
    test: str
    who: str
    ages: str
    effort: str
    mean: str
    limits: str
    n: str
    checked: str
    population: str
    end_point: str
    source: str
    doi: str
    note: str
    posture_caveat: str


class Norms(BaseModel):
    """The reference ranges that fit."""

    norms: list[NormModel]


class TestWordsModel(BaseModel):
    """A test in words: its name, how it is done, how it is filmed."""

    title: str
    how: str
    filmed: str


class ProcedureModel(BaseModel):
    """One test; the usual place of the camera comes first, `rest` is where the relaxed shank points."""

    name: TestName
    label: str
    words: TestWordsModel
    camera_sides: list[CameraSide]
    rest: Rest
    hip_flexion_deg: float


class Procedures(BaseModel):
    """The tests there are, the usual one first."""

    procedures: list[ProcedureModel]


class ModelInfo(BaseModel):
    """One pose model."""

    name: ModelName
    file: str
    licence: str
    state: Literal["ready", "missing", "damaged"]
    sha256: str | None
    origin: str | None
    detail: str


class Models(BaseModel):
    """The pose models."""

    models: list[ModelInfo]


class AnswerModel(BaseModel):
    """One answer to a question before the test: what it calls for, what to do, and who says so."""

    answer: Answer
    words: str
    outcome: Outcome
    say: str
    origin: str


class QuestionModel(BaseModel):
    """One question before the test."""

    id: str
    ask: str
    answers: list[AnswerModel]


class QuestionsModel(BaseModel):
    """The questions before the test; older answers than `valid_days` are asked again."""

    questions: list[QuestionModel]
    valid_days: int
    again: str
    during_test: str


class ScreenedModel(BaseModel):
    """What answers call for."""

    outcome: Outcome
    stops: bool
    say: list[str]
    origins: list[str]


class KindModel(BaseModel):
    """What is known of one kind of exercises."""

    title: str
    known: str
    source: str


class ExerciseModel(BaseModel):
    """One exercise in words; `drawing` is an SVG or null."""

    id: str
    name: str
    kind: ExerciseKind
    place: str
    kit: str
    dose: str
    dose_ours: bool
    cues: list[str]
    caution: str
    grade: Grade
    known: str
    drawing: str | None


class PopularModel(BaseModel):
    """Something that is often heard, and what to say instead."""

    heard: str
    instead: str
    source: str


class ExercisesModel(BaseModel):
    """The exercises that the answers leave open, none where they speak against all."""

    screening: ScreenedModel
    exercises: list[ExerciseModel]
    kinds: dict[str, KindModel]
    grades: dict[str, str]
    order: str
    order_origin: str
    rules: dict[str, str]
    popular: list[PopularModel]


class CardModel(BaseModel):
    """One thing that is known, or only said; `sure` in words."""

    id: str
    title: str
    text: str
    sure: str
    source: str


class LookModel(BaseModel):
    """One thing that can be looked at without a number; `motion` is the way of turning that it looks at."""

    id: str
    title: str
    how: str
    ask: str
    answers: list[str]
    tells: str
    motion: Motion
    source: str


class CardsModel(BaseModel):
    """What is known about turning the hip inwards, and what can be looked at without a number."""

    cards: list[CardModel]
    looks: list[LookModel]


class FindingWords(BaseModel):
    """A finding code in words; `origin` is what is known about its limit, "" where nothing is."""

    title: str
    meaning: str
    origin: str


class GuidanceModel(BaseModel):
    """How to film a test, and the words for every finding code and for every verdict on a left–right difference.

    `helper` is what somebody does who moves the leg, `helper_origin` where that comes from; nothing where nobody helps.
    """

    film: list[str]
    helper: list[str]
    helper_origin: str
    findings: dict[str, FindingWords]
    asymmetry: dict[str, str]


class UploadLimitsModel(BaseModel):
    """What an upload may be."""

    max_bytes: int
    max_duration_s: float
    max_frames: int
    max_pixels: int
    max_work_s: float
    max_waiting: int


class LiveLimitsModel(BaseModel):
    """What a live session may be."""

    max_sessions: int
    max_frame_bytes: int
    max_pixels: int
    max_duration_s: float
    resume_within_s: float


class Limits(BaseModel):
    """What this server takes."""

    upload: UploadLimitsModel
    live: LiveLimitsModel
    token_needed: bool
    version: str
    last_stop: Annotated[LastStop, Field(description="How the server before this one ended.")]


class Health(BaseModel):
    """The process lives."""

    status: Literal["ok"] = "ok"
    version: str


class ReadyCheck(BaseModel):
    """One thing that work needs; `detail` says what is wrong."""

    name: str
    ok: bool
    detail: str


class Ready(BaseModel):
    """Whether work can be taken."""

    ready: bool
    checks: list[ReadyCheck]
    last_stop: Annotated[LastStop, Field(description="How the server before this one ended.")]
