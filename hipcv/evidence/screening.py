"""What is asked before the first test, and what each answer calls for (METHOD section 2).

The words live in `data/screening.toml`, each with its source. They never say what somebody may have, only where people
with such an answer should be looked at.
"""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from hipcv.evidence.reference import ADULT_YEARS, known_age
from hipcv.words import Answer

#: Less than this together with pain is shown to somebody (Altman 1991, PMID 2025304).
LITTLE_DEG = 15.0


class Outcome(StrEnum):
    """What the answers together call for, the most urgent first."""

    SEE_NOW = "see_now"
    SEE_THIS_WEEK = "see_this_week"
    NOT_ALONE = "not_alone"
    NO_EXERCISES = "no_exercises"
    GO_ON = "go_on"
    NOT_ASKED = "not_asked"

    @property
    def stops(self) -> bool:
        """Whether no test is done without somebody who knows about it."""
        return self in (Outcome.SEE_NOW, Outcome.SEE_THIS_WEEK, Outcome.NOT_ALONE)


class Gate(StrEnum):
    """What an exercise may have to keep clear of."""

    LOOSE = "loose"
    NERVES = "nerves"
    BONE = "bone"
    PREGNANT = "pregnant"
    KNEE = "knee"
    PINCH = "pinch"


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """One answer in words: what is ticked, what it calls for, what to do, what it closes, and who says so."""

    answer: Answer
    words: str
    outcome: Outcome
    say: str
    origin: str
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question and the answers that can be ticked; none of them is an answer, too."""

    id: str
    ask: str
    answers: tuple[AnswerWords, ...]


@dataclass(frozen=True, slots=True)
class Screened:
    """What the answers of one person call for: what to do, in sentences with their sources, and what stays closed."""

    outcome: Outcome
    say: tuple[str, ...]
    origins: tuple[str, ...]
    gates: frozenset[Gate] = frozenset()

    @property
    def exercises_allowed(self) -> bool:
        """Whether any exercise may be shown."""
        return self.outcome is Outcome.GO_ON


@cache
def questions() -> tuple[Question, ...]:
    """Return the questions in the order in which they are asked.

    Examples
    --------
    >>> [question.id for question in questions()]
    ['age', 'injury', 'operation', 'nerves', 'health', 'pain']
    """
    return tuple(
        Question(row["id"], row["ask"], tuple(_answer_words(**answer) for answer in row["answers"]))
        for row in _words()["question"]
    )


def words_of(answer: Answer) -> AnswerWords:
    """Return an answer in words.

    Examples
    --------
    >>> words_of(Answer.PREGNANT).words
    'I am pregnant.'
    """
    return next(words for question in questions() for words in question.answers if words.answer is answer)


def judge(
    answers: Collection[Answer] | None, *, age_years: float | None = None, screened_by: str | None = None
) -> Screened:
    """Return what the answers of one person call for.

    Parameters
    ----------
    answers : what holds, empty where nothing does; None where nobody answered.
    age_years : an age below 18 counts as the answer `under_18`; an age never takes that answer back.
    screened_by : who judged instead. Without answers that person's judgement stands; what was answered stands anyway.

    Examples
    --------
    >>> judge([]).outcome, judge(None).outcome, judge(None, screened_by="physiotherapist").outcome
    (<Outcome.GO_ON: 'go_on'>, <Outcome.NOT_ASKED: 'not_asked'>, <Outcome.GO_ON: 'go_on'>)
    >>> judge([Answer.LIMP]).outcome, judge([Answer.LIMP], age_years=12).outcome
    (<Outcome.NO_EXERCISES: 'no_exercises'>, <Outcome.SEE_NOW: 'see_now'>)
    """
    held = set(answers or ()) | ({Answer.UNDER_18} if is_young(answers, age_years) else set())
    if not held and answers is None:
        if screened_by is None:
            return Screened(Outcome.NOT_ASKED, (_words()["unasked"],), ())
        return Screened(Outcome.GO_ON, (_words()["skipped"].format(who=screened_by),), ())
    if not held:
        return Screened(Outcome.GO_ON, (_words()["go_on"],), ())
    order = list(Outcome)
    told = [*filter(None, (_together(rule, held) for rule in _words()["together"])), *map(words_of, held)]
    told.sort(key=lambda words: (order.index(words.outcome), list(Answer).index(words.answer)))
    outcome = told[0].outcome
    # beside an emergency nothing else matters
    kept = [words for words in told if words.outcome is outcome or outcome is not Outcome.SEE_NOW]
    gates = frozenset(gate for words in told for gate in words.gates)
    return Screened(outcome, _each_once(w.say for w in kept), _each_once(w.origin for w in kept), gates)


def is_young(answers: Collection[Answer] | None, age_years: float | None) -> bool:
    """Whether somebody is under 18 years, by what was answered or by the age in years, None where unknown.

    Examples
    --------
    >>> is_young([Answer.UNDER_18], None), is_young(None, 17.9), is_young([], 18), is_young(None, None)
    (True, True, False, False)
    """
    age = known_age(age_years)
    return Answer.UNDER_18 in (answers or ()) or (age is not None and age < ADULT_YEARS)


def when_it_hurts() -> str:
    """Return what holds for pain during a test.

    Examples
    --------
    >>> when_it_hurts()[:31]
    'Pain during a test ends it: wri'
    """
    return str(_words()["during_test"])


@dataclass(frozen=True, slots=True)
class Shown:
    """Why a report is shown to somebody, and who says so."""

    say: str
    origin: str


def to_be_shown(*, large_difference: bool, painful_deg: Iterable[float], young: bool = False) -> tuple[Shown, ...]:
    """Return why the report is shown to somebody; nothing where it need not be.

    Under 18 years pain is a matter of the same day. What holds without pain their answers and notes say already.

    Parameters
    ----------
    large_difference : whether the sides differ by 15° or more.
    painful_deg : end range of each hip that hurt, degrees; NaN where it was not measured.
    young : whether the person is under 18 years.

    Examples
    --------
    >>> [shown.say[:20] for shown in to_be_shown(large_difference=False, painful_deg=[12.0])]
    ['It hurt, and the hip']
    >>> to_be_shown(large_difference=False, painful_deg=[])
    ()
    """
    painful = list(painful_deg)
    if young:
        rules = [rule for rule in _words()["together"] if painful and rule["all_of"] == Answer.UNDER_18]
        return tuple(Shown(rule["say"], rule["origin"]) for rule in rules)
    names = ["large_difference"] if large_difference else []
    if painful:
        names.append("little_and_painful" if any(value < LITTLE_DEG for value in painful) else "painful")
    return tuple(Shown(**_words()["show"][name]) for name in names)


def asked_again() -> str:
    """Return why the questions come again.

    Examples
    --------
    >>> asked_again()
    'These answers are asked again after three months: health changes.'
    """
    return str(_words()["again"])


def _together(rule: Mapping[str, Any], held: set[Answer]) -> AnswerWords | None:
    """Return what some answers call for together; None where they do not come together."""
    if rule["all_of"] not in held or not held.intersection(rule["any_of"]):
        return None
    return AnswerWords(Answer(rule["all_of"]), "", Outcome(rule["outcome"]), rule["say"], rule["origin"])


def _answer_words(**row: Any) -> AnswerWords:
    gates = tuple(Gate(gate) for gate in row.pop("gates", ()))
    return AnswerWords(Answer(row.pop("answer")), outcome=Outcome(row.pop("outcome")), gates=gates, **row)


def _each_once(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files("hipcv.evidence").joinpath("data/screening.toml").read_text("utf-8"))
