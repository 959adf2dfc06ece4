"""What stands beside a hip's number where the hip alone did not make it: what the body added, and the angle before.

Terminal, report, document and page all show these rows, in this order.
"""

from dataclasses import dataclass

from hipcv.assessment import SideResult
from hipcv.core.finding import FindingCode

_MOVED = {
    FindingCode.PELVIS_HIKE: "the pelvis rolled by",
    FindingCode.TRUNK_LEAN: "the body leaned by",
    FindingCode.THIGH_DRIFT: "the knee moved sideways by",
    FindingCode.BODY_TWISTED: "the body turned by",
}
_BEFORE = {
    FindingCode.PELVIS_HIKE: "before the pelvis moved",
    FindingCode.TRUNK_LEAN: "before the body leaned",
    FindingCode.THIGH_DRIFT: "before the knee moved",
    FindingCode.BODY_TWISTED: "before the body turned",
}


@dataclass(frozen=True, slots=True)
class Beside:
    """One row beside a number: words that go on from it, and degrees."""

    label: str
    value_deg: float


def beside_number(result: SideResult) -> tuple[Beside, ...]:
    """Return what stands beside one hip's end range; nothing where the hip alone made it, as far as the camera tells.

    First what the pelvis made of it and what is left without it (seated), then what else of the body moved, last the
    angle before any of it did.

    Examples
    --------
    >>> from hipcv.assessment import Status
    >>> from hipcv.core.checks.compensation import Compensation
    >>> from hipcv.core.checks.limits import LIMITS
    >>> from hipcv.words import Side
    >>> leaned = Compensation(FindingCode.TRUNK_LEAN, 12.0, LIMITS[FindingCode.TRUNK_LEAN], 20.0)
    >>> result = SideResult(Side.LEFT, Status.MEASURED, end_range_deg=35.0, onset_deg=20.0, compensations=(leaned,))
    >>> [(row.label, row.value_deg) for row in beside_number(result)]
    [('the body leaned by', 12.0), ('before the body leaned', 20.0)]
    >>> beside_number(SideResult(Side.LEFT, Status.MEASURED, end_range_deg=35.0))
    ()
    """
    codes = [c.code for c in result.compensations]
    rows: list[Beside] = []
    for compensation in result.compensations:
        if compensation.code is FindingCode.PELVIS_HIKE and result.pelvis_corrected_deg is not None:
            rows += _pelvis_rows(result, leaned=FindingCode.TRUNK_LEAN in codes)
        else:
            rows.append(Beside(_MOVED[compensation.code], abs(compensation.moved_deg)))
    if result.onset_deg is not None:
        rows.append(Beside(_BEFORE[codes[0]] if len(codes) == 1 else "before the body helped", result.onset_deg))
    return tuple(rows)


def _pelvis_rows(result: SideResult, *, leaned: bool) -> tuple[Beside, ...]:
    if result.end_range_deg is None or result.pelvis_corrected_deg is None:
        return ()
    made_deg = result.end_range_deg - result.pelvis_corrected_deg
    # the model's hips tilt along with a trunk that leans, whether the pelvis does or not
    amount = "up to" if leaned else "about"
    did = "of which the pelvis made" if made_deg > 0 else "what the pelvis took away:"
    return Beside(f"{did} {amount}", abs(made_deg)), Beside("without the pelvis", result.pelvis_corrected_deg)
