"""What to do about a number: exercises with what is known of each, and how a few are chosen (METHOD R6).

The words live in `data/exercises.toml`, each effect with its source; drawings in `data/drawings`. A choice is made from
what tests show (`Pattern`), behind the answers given before the test (`hipcv.evidence.screening`). Nothing is promised.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from hipcv.evidence.measurement_error import TRIALS_FOR_A_MEAN, fallback_error
from hipcv.evidence.reference import AsymmetryVerdict
from hipcv.evidence.screening import Gate, Screened
from hipcv.words import SIDES, Side

#: Exercises of one plan: with more nobody keeps it up (the product's proposal).
MOST_EXERCISES = 3
#: From here on a hip counts as bent, below as straight, degrees of flexion.
BENT_DEG = 45.0


class Kind(StrEnum):
    """What an exercise does, in the order of a plan."""

    RELEASE = "release"
    STRETCH = "stretch"
    MOBILISATION = "mobilisation"
    GENTLE = "gentle"
    STRENGTH = "strength"
    INTEGRATION = "integration"
    HABIT = "habit"


class Grade(StrEnum):
    """How good the evidence is: B better than C better than D; none here is A."""

    B = "B"
    C = "C"
    D = "D"


class Pattern(StrEnum):
    """What the tests of one person show, as far as exercises are concerned; the first ones are served first."""

    BODY_HELPS = "body_helps"
    PASSIVE_MORE = "passive_more"
    LOW_WHEN_BENT = "low_when_bent"
    LOW_WHEN_STRAIGHT = "low_when_straight"
    ONE_SIDE_LOW = "one_side_low"
    BOTH_LOW = "both_low"
    UNEQUAL = "unequal"
    NOTHING_LOW = "nothing_low"
    NOTHING_KNOWN = "nothing_known"


@dataclass(frozen=True, slots=True)
class KindWords:
    """One kind of exercises: its title, and what is known of it, with the source."""

    title: str
    known: str
    source: str


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise in words.

    `place` is how to sit, lie or stand, `kit` what it takes, "" for nothing. `dose_ours`: the dose is the product's own
    proposal. `known` is what is known of it beside its kind, with its source, "" for nothing. `suits` are the patterns
    that it is offered for, `gates` the answers that close it. `drawing` is its drawing's name, "" without one.
    """

    id: str
    name: str
    kind: Kind
    place: str
    dose: str
    cues: tuple[str, ...]
    grade: Grade
    suits: tuple[Pattern, ...]
    gates: frozenset[Gate]
    kit: str = ""
    dose_ours: bool = False
    caution: str = ""
    known: str = ""
    drawing: str = ""

    def open_to(self, screened: Screened) -> bool:
        """Whether somebody with these answers may be shown it.

        Examples
        --------
        >>> from hipcv.evidence.screening import judge
        >>> from hipcv.words import Answer
        >>> knee = exercise_named("str-ir-lie")
        >>> knee.open_to(judge([])), knee.open_to(judge([Answer.KNEE_PAIN])), knee.open_to(judge([Answer.FEVER]))
        (True, False, False)
        """
        return screened.exercises_allowed and not self.gates & screened.gates


@dataclass(frozen=True, slots=True)
class Popular:
    """A popular sentence, what to say instead, and who says so."""

    heard: str
    instead: str
    source: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one test of one person shows.

    Attributes
    ----------
    hip_flexion_deg : how far the hip is bent in this test.
    passive : whether somebody else moved the leg.
    end_range_deg : degrees of each side that was measured.
    low : sides below the range of people who were measured for a publication.
    judged : sides that such a range judges at all.
    helped : sides on which the rest of the body moved before the end.
    asymmetry : what the left–right difference amounts to, None where it is not known.
    doubtful : whether the test is to be repeated before its numbers are used.
    """

    hip_flexion_deg: float
    passive: bool = False
    end_range_deg: Mapping[Side, float] = field(default_factory=dict)
    low: frozenset[Side] = frozenset()
    judged: frozenset[Side] = frozenset()
    helped: frozenset[Side] = frozenset()
    asymmetry: AsymmetryVerdict | None = None
    doubtful: bool = False

    @property
    def bent(self) -> bool:
        """Whether the hip is bent."""
        return self.hip_flexion_deg >= BENT_DEG

    @property
    def unequal(self) -> bool:
        """Whether the sides differ by more than the published tolerance."""
        return self.asymmetry in (AsymmetryVerdict.NOTABLE, AsymmetryVerdict.LARGE)


@dataclass(frozen=True, slots=True)
class Told:
    """One pattern in words, with its source where it has one."""

    pattern: Pattern
    title: str
    say: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do next.

    `told` is what the tests show; `exercises` at most three, none where `withheld` says why not, or where nothing is
    low; `weeks` how to go about it, empty without exercises.
    """

    told: tuple[Told, ...]
    exercises: tuple[Exercise, ...] = ()
    weeks: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()


# --------------------------------------------------------------------------------------------------- the catalogue


@cache
def all_exercises() -> tuple[Exercise, ...]:
    """Return the whole catalogue, kind by kind in the order of a plan.

    Examples
    --------
    >>> len({exercise.id for exercise in all_exercises()}) == len(all_exercises())
    True
    """
    return tuple(_exercise(row) for row in _words()["exercise"])


def exercise_named(name: str) -> Exercise:
    """Return one exercise by its id; ValueError for an unknown one.

    Examples
    --------
    >>> exercise_named("gen-leg-roll").name
    'Roll the straight leg'
    """
    found = next((exercise for exercise in all_exercises() if exercise.id == name), None)
    if found is None:
        raise ValueError(f"a known exercise is needed, found {name!r}")
    return found


def kind_words(kind: Kind) -> KindWords:
    """Return what is known of a kind of exercises.

    Examples
    --------
    >>> kind_words(Kind.HABIT).source
    'Opinion.'
    """
    return KindWords(**_words()["kind"][kind])


def grade_words(grade: Grade) -> str:
    """Return what a grade means.

    Examples
    --------
    >>> grade_words(Grade.D)
    'reasoning and opinion; nobody has measured it'
    """
    return str(_words()["grade"][grade])


@cache
def popular_advice() -> tuple[Popular, ...]:
    """Return what is often heard, and what to say instead.

    Examples
    --------
    >>> popular_advice()[0].instead[:41]
    'These two look at turning outwards. They '
    """
    return tuple(Popular(**row) for row in _words()["popular"])


def common_rules() -> dict[str, str]:
    """Return the rules that hold for every exercise, by name; a name with `_origin` holds the source of the other.

    Examples
    --------
    >>> common_rules()["test_first"]
    'Test first, then exercise: an exercise shortly before a test changes it.'
    """
    rules: dict[str, str] = dict(_words()["rules"])
    return {**rules, "build": rules["build"].format(mdc=detectable_deg())}


def detectable_deg() -> float:
    """Return the smallest difference that two good tests of one person can tell apart, degrees.

    Examples
    --------
    >>> round(detectable_deg(), 1)
    9.0
    """
    return fallback_error(TRIALS_FOR_A_MEAN, doubtful=False).mdc95_deg


def plan_order() -> tuple[str, str]:
    """Return in which order and how often, and where that comes from.

    Examples
    --------
    >>> plan_order()[0][:39]
    'Ease, stretch, move gently, strengthen,'
    """
    return _words()["plan"]["order"], _words()["plan"]["order_origin"]


def drawing_of(exercise: Exercise) -> str | None:
    """Return the drawing of an exercise as SVG; None where it has none.

    Examples
    --------
    >>> drawing_of(exercise_named("hab-pillow")) is None
    True
    """
    if not exercise.drawing:
        return None
    return files("hipcv.evidence").joinpath(f"data/drawings/{exercise.drawing}.svg").read_text("utf-8")


# ------------------------------------------------------------------------------------------------------ the choice


def find_patterns(readings: Sequence[Reading]) -> dict[Pattern, frozenset[Side]]:
    """Return what the tests of one person show, and on which sides, the first to be served first.

    Parameters
    ----------
    readings : one test, or several: bent and straight, active and passive are then held against each other.

    Examples
    --------
    >>> left = frozenset({Side.LEFT})
    >>> seated = Reading(90, low=left, judged=frozenset(Side), asymmetry=AsymmetryVerdict.LARGE)
    >>> find_patterns([seated])
    {<Pattern.ONE_SIDE_LOW: 'one_side_low'>: frozenset({<Side.LEFT: 'left'>})}
    """
    sides: dict[Pattern, set[Side]] = {}
    for side in SIDES:
        for pattern in _patterns_of(side, readings):
            sides.setdefault(pattern, set()).add(side)
    if not sides:
        judged = any(reading.judged for reading in readings)
        sides[Pattern.NOTHING_LOW if judged else Pattern.NOTHING_KNOWN] = set()
    return {pattern: frozenset(sides[pattern]) for pattern in Pattern if pattern in sides}


def make_plan(readings: Sequence[Reading], screened: Screened) -> Plan:
    """Return what to do next: at most three exercises, each of another kind, for what the tests show.

    Nothing is offered where an answer closes it, where nobody answered, and where a test is to be repeated first.

    Examples
    --------
    >>> from hipcv.evidence.screening import judge
    >>> both = frozenset(Side)
    >>> plan = make_plan([Reading(90, low=both, judged=both)], judge([]))
    >>> [exercise.id for exercise in plan.exercises]
    ['rel-glute-med', 'str-ir-lie', 'stg-seated']
    >>> make_plan([Reading(90, low=both, judged=both)], judge(None)).exercises
    ()
    """
    if not screened.exercises_allowed:
        return Plan((), withheld=screened.say)
    if not readings or any(reading.doubtful for reading in readings):
        return Plan((), withheld=(_words()["plan"]["repeat"],))
    patterns = find_patterns(readings)
    chosen = _chosen(patterns, screened)
    weeks = tuple(_words()["plan"]["weeks"]) if chosen else ()
    return Plan(_told(patterns), chosen, weeks)


def _chosen(patterns: Iterable[Pattern], screened: Screened) -> tuple[Exercise, ...]:
    wanted = [exercise_named(name) for pattern in patterns for name in _words()["pattern"][pattern]["first"]]
    chosen: dict[Kind, Exercise] = {}
    for exercise in wanted:
        if len(chosen) < MOST_EXERCISES and exercise.open_to(screened):
            chosen.setdefault(exercise.kind, exercise)
    return tuple(chosen[kind] for kind in Kind if kind in chosen)


def _told(patterns: Mapping[Pattern, frozenset[Side]]) -> tuple[Told, ...]:
    told = []
    for pattern, sides in patterns.items():
        row = _words()["pattern"][pattern]
        side = " and ".join(side for side in SIDES if side in sides)
        told.append(Told(pattern, row["title"], row["say"].format(side=side), row.get("origin", "")))
    return tuple(told)


def _patterns_of(side: Side, readings: Sequence[Reading]) -> Iterable[Pattern]:
    if any(side in reading.helped for reading in readings):
        yield Pattern.BODY_HELPS
    if _passive_more(side, readings):
        yield Pattern.PASSIVE_MORE
    low = [reading for reading in readings if side in reading.low]
    bent = {reading.bent: side in reading.low for reading in readings if side in reading.judged}
    if len(bent) > 1 and bent[True] != bent[False]:
        yield Pattern.LOW_WHEN_BENT if bent[True] else Pattern.LOW_WHEN_STRAIGHT
    elif low:
        one = any(reading.unequal and side.other not in reading.low for reading in low)
        yield Pattern.ONE_SIDE_LOW if one else Pattern.BOTH_LOW
    elif any(reading.unequal and not reading.low for reading in readings):
        yield Pattern.UNEQUAL


def _passive_more(side: Side, readings: Sequence[Reading]) -> bool:
    """Whether a passive test of the same position goes further than an active one by more than both can err."""
    values = {(r.bent, r.passive): r.end_range_deg[side] for r in readings if side in r.end_range_deg}
    return any(
        values[bent, True] - values[bent, False] >= detectable_deg()
        for bent in (True, False)
        if (bent, True) in values and (bent, False) in values
    )


def _exercise(row: Mapping[str, Any]) -> Exercise:
    words: dict[str, Any] = {"kind": Kind(row["kind"]), "grade": Grade(row["grade"]), "cues": tuple(row["cues"])}
    words["suits"] = tuple(map(Pattern, row["suits"]))
    words["gates"] = frozenset(map(Gate, row["gates"]))
    return Exercise(**{**row, **words})


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files("hipcv.evidence").joinpath("data/exercises.toml").read_text("utf-8"))
