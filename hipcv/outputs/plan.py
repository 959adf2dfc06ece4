"""What to do after a test: the exercises of `hipcv.evidence.exercises`, chosen for what was measured and answered."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hipcv.assessment import Assessment
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.procedure import Procedure
from hipcv.core.setup import Setup
from hipcv.evidence.exercises import Plan, Reading, make_plan
from hipcv.evidence.reference import AsymmetryVerdict, Verdict
from hipcv.evidence.screening import Screened, Shown, is_young, judge, to_be_shown
from hipcv.words import SIDES, Answer, Effort, Motion, Side

#: Doubts that exercises answer; any other calls for the test once more, and for no exercise.
HELPED_CODES = frozenset(
    {FindingCode.PELVIS_HIKE, FindingCode.TRUNK_LEAN, FindingCode.THIGH_DRIFT, FindingCode.BODY_TWISTED}
)


class _Compared(Protocol):
    @property
    def verdict(self) -> str | None: ...


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


class _Found(_Coded, Protocol):
    @property
    def severity(self) -> str: ...
    @property
    def motion(self) -> str | None: ...


class _Judged(Protocol):
    @property
    def verdict(self) -> str: ...


class _Measured(Protocol):
    @property
    def end_range_deg(self) -> float | None: ...
    @property
    def reference(self) -> Sequence[_Compared]: ...
    @property
    def compensations(self) -> Sequence[_Coded]: ...


class Tested(Protocol):
    """A result as it was assessed, or as it stands in its document."""

    @property
    def findings(self) -> Sequence[_Found]:
        """What was found."""

    def of(self, side: Side, motion: Motion) -> _Measured | None:
        """Return the result of one motion of one side; None where nobody asked for it."""

    def asymmetry_of(self, motion: Motion) -> _Judged | None:
        """Return the difference between the sides in one motion; None where there is none."""


@dataclass(frozen=True, slots=True)
class NextSteps:
    """What the answers before a test call for, and what to do next; no plan where there is no number.

    `shown` says why the report is shown to somebody.
    """

    screened: Screened
    plan: Plan | None
    shown: tuple[Shown, ...] = ()


def reading_of(result: Tested, procedure: Procedure, effort: Effort) -> Reading:
    """Return what a result shows as far as exercises are concerned.

    A side is low where the first range that gives a verdict has it below; a range that gives none judges nobody. It is
    internal rotation that exercises are for: what spoils the other direction is no doubt of it.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> setup = Setup()
    >>> reading = reading_of(assess(empty, setup), setup.procedure, setup.effort)
    >>> reading.bent, reading.low, reading.judged
    (True, frozenset(), frozenset())
    """
    found = {side: part for side in SIDES if (part := result.of(side, Motion.INTERNAL)) is not None}
    verdicts = {side: next((c.verdict for c in part.reference if c.verdict), None) for side, part in found.items()}
    values = {side: part.end_range_deg for side, part in found.items()}
    asymmetry = result.asymmetry_of(Motion.INTERNAL)
    inner = [f for f in result.findings if f.motion != Motion.EXTERNAL]
    doubts = [f.code for f in inner if f.severity == Severity.DOUBT]
    return Reading(
        hip_flexion_deg=procedure.hip_flexion_deg,
        passive=effort is Effort.PASSIVE,
        end_range_deg={side: value for side, value in values.items() if value is not None},
        low=frozenset(side for side, verdict in verdicts.items() if verdict == Verdict.BELOW),
        judged=frozenset(side for side, verdict in verdicts.items() if verdict),
        helped=frozenset(side for side, part in found.items() if {c.code for c in part.compensations} & HELPED_CODES),
        asymmetry=None if asymmetry is None else AsymmetryVerdict(asymmetry.verdict),
        doubtful=any(code not in HELPED_CODES for code in doubts),
    )


def next_steps(assessment: Assessment) -> NextSteps:
    """Return what to do after a test.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> steps = next_steps(assess(empty, Setup(screening=())))
    >>> steps.screened.outcome, steps.plan is None
    (<Outcome.GO_ON: 'go_on'>, True)
    """
    setup = assessment.setup
    screened = judge(setup.screening, age_years=setup.age_years, screened_by=setup.screened_by)
    shown = _shown(assessment)
    if not any(result.measured for result in assessment.sides):
        return NextSteps(screened, None, shown)
    return NextSteps(screened, make_plan([reading_of(assessment, setup.procedure, setup.effort)], screened), shown)


def _shown(assessment: Assessment) -> tuple[Shown, ...]:
    """Return why the report is shown to somebody; pain of the whole test may be either side's."""
    whole, setup = assessment.setup.pain or 0, assessment.setup
    young = is_young(setup.screening, setup.age_years)
    pains = {Side.LEFT: setup.pain_left, Side.RIGHT: setup.pain_right}
    hurt = [side for side in SIDES if (whole if (pain := pains[side]) is None else pain.level)]
    ends = [assessment.of(side).end_range_deg for side in hurt]
    large = assessment.asymmetry is not None and assessment.asymmetry.verdict is AsymmetryVerdict.LARGE
    painful_deg = [math.nan if end is None else end for end in ends]
    return to_be_shown(large_difference=large, painful_deg=painful_deg, young=young)


def next_together(
    results: Sequence[tuple[Tested, Setup]],
    *,
    answers: Sequence[Answer] | None = None,
    age_years: float | None = None,
    screened_by: str | None = None,
) -> NextSteps:
    """Return what to do after several tests of one person, held against each other.

    Every answer before any of the tests stands, beside those that are given here; the youngest age counts. A result
    without a number shows nothing.

    Examples
    --------
    >>> from hipcv.words import Answer
    >>> next_together([], answers=[Answer.FEVER]).screened.outcome
    <Outcome.SEE_NOW: 'see_now'>
    """
    setups = [setup for _, setup in results]
    told = [*(answers or ()), *(answer for setup in setups for answer in setup.screening or ())]
    asked = answers is not None or any(setup.screening is not None for setup in setups)
    ages = [age for age in (age_years, *(setup.age_years for setup in setups)) if age is not None]
    by = screened_by or next((setup.screened_by for setup in setups if setup.screened_by), None)
    screened = judge(told if asked else None, age_years=min(ages, default=None), screened_by=by)
    readings = [reading_of(result, setup.procedure, setup.effort) for result, setup in results]
    return NextSteps(screened, make_plan([reading for reading in readings if reading.end_range_deg], screened))
