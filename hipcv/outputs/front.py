"""What the first page of a report says of each hip: one sentence of meaning, the ranges in one, the change since."""

from collections.abc import Sequence

from hipcv.assessment import SideResult
from hipcv.evidence.guidance import note_for
from hipcv.evidence.reference import NoVerdict, Verdict
from hipcv.outputs.visit import SideSince, Since
from hipcv.words import Motion, Side

_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_LIES = {
    Verdict.WITHIN: "within",
    Verdict.BELOW: "below",
    Verdict.ABOVE: "above",
    Verdict.BORDERLINE: "on the border of",
}


#: These do not say why nobody judges.
_NO_REASON = (None, NoVerdict.OFTEN_QUOTED, NoVerdict.NO_SPREAD)


def meaning_text(result: SideResult) -> str:
    """Return where one hip's number lies, in one sentence; "" where there is no number.

    Examples
    --------
    >>> from hipcv.assessment import Status
    >>> from hipcv.words import Side
    >>> meaning_text(SideResult(Side.LEFT, Status.NOT_MEASURED))
    ''
    """
    if not result.measured:
        return ""
    first = next((c for c in result.reference if c.verdict is not None), None)
    if first is None or first.verdict is None:
        why = next((f": {c.no_verdict}" for c in result.reference if c.no_verdict not in _NO_REASON), "")
        return f"No published range judges this number{why}."
    limits = "" if first.low_deg is None else f", {first.low_deg:.0f} to {first.high_deg:.0f}°"
    return f"That is {_LIES[first.verdict]} the range of these people: {first.label}{limits}."


def ranges_text(sides: Sequence[SideResult]) -> str:
    """Return in one sentence how each hip lies against all ranges that judge; what borderline means, where one is.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from hipcv.assessment import Status
    >>> from hipcv.evidence.reference import Comparison
    >>> from hipcv.words import Side
    >>> ranges_text([SideResult(Side.LEFT, Status.NOT_MEASURED)])
    ''
    >>> judged = Comparison("a", "Men", 20.0, 40.0, None, Verdict.BELOW, None, None, None, False, None)
    >>> result = SideResult(Side.LEFT, Status.MEASURED, 15.0, (12.0, 18.0), reference=(judged,) * 2)
    >>> ranges_text([result, replace(result, side=Side.RIGHT)])
    'Of two published ranges that judge, the left hip lies below both; the right hip lies below both.'
    """
    judged = [(r.side, [c.verdict for c in r.reference if c.verdict is not None]) for r in sides if r.measured]
    n = max((len(found) for _, found in judged), default=0)
    if n == 0:
        return ""
    told = "; ".join(f"the {side} hip lies {_counted(found)}" for side, found in judged if found)
    ranges = "range that judges" if n == 1 else "ranges that judge"
    borderline = any(Verdict.BORDERLINE in found for _, found in judged)
    return f"Of {_number(n)} published {ranges}, {told}." + (f" {note_for('borderline')}" if borderline else "")


def _counted(found: Sequence[Verdict]) -> str:
    if len(found) > 1 and len(set(found)) == 1:
        return f"{_LIES[found[0]]} {'both' if len(found) == 2 else f'all {_number(len(found))}'}"
    counts = {verdict: found.count(verdict) for verdict in _LIES}
    return " and ".join(f"{_LIES[verdict]} {_number(n)}" for verdict, n in counts.items() if n)


def _number(n: int) -> str:
    return _NUMBERS[n] if n < len(_NUMBERS) else str(n)


def since_text(since: Since | None, whose: Side, motion: Motion = Motion.INTERNAL) -> str:
    """Return what changed in one hip since the last test, in one sentence; "" where nobody knows of one.

    Examples
    --------
    >>> from datetime import date
    >>> left = SideSince(Side.LEFT, 31.0, -2.0, 9.0, detected=False)
    >>> since_text(Since(date(2026, 10, 20), (left,)), Side.LEFT)
    'Since 2026-10-20: −2°, from 31°; no change detected, which takes 9.0°.'
    """
    side: SideSince | None = None if since is None else since.of(whose, motion)
    if since is None or side is None:
        return ""
    change = f"{round(side.change_deg):+d}".replace("-", "−") if round(side.change_deg) else "0"
    verdict = "more than error" if side.detected else "no change detected"
    return (
        f"Since {since.day.isoformat()}: {change}°, from {side.earlier_deg:.0f}°; {verdict}, "
        f"which takes {side.mdc95_deg:.1f}°."
    )
