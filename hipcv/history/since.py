"""What changed since the last test of the same person: what the first page of a report says."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from hipcv.core.errors import HistoryError
from hipcv.history.comparison import Change, SideChange, compare_documents
from hipcv.history.store import History, open_history
from hipcv.outputs.visit import SideSince, Since
from hipcv.words import Measure, Motion


def since_last(document: Mapping[str, Any], person: str, day: date, *, url: str | None = None) -> Since | None:
    """Return what changed since the person's last kept test that this one can be compared with; None without one.

    Parameters
    ----------
    document : the assessment of `day`, kept already or not; it is not compared with itself.
    url : of the history, the usual one by default.

    Examples
    --------
    >>> since_last({"test": "seated"}, "S01", date(2025, 1, 31), url="sqlite://") is None
    True
    """
    with open_history(url) as history:
        return since_last_in(history, document, person, day)


def since_last_in(history: History, document: Mapping[str, Any], person: str, day: date) -> Since | None:
    """Return the same by a history that is open.

    Examples
    --------
    >>> with open_history("sqlite://") as history:
    ...     since_last_in(history, {"test": "seated"}, "S01", date(2025, 1, 31)) is None
    True
    """
    for entry in reversed(history.list(person, test=document["test"])):
        earlier = history.get(entry.id).document
        if entry.visit_date > day or earlier == document:
            continue
        with suppress(HistoryError):  # passive after active: another measure, there may be a like one before
            changes = (compare_documents(earlier, document, measure=Measure(motion)) for motion in Motion)
            return Since(entry.visit_date, tuple(side for pair in changes for side in _sides(pair)))
    return None


def _sides(changes: tuple[SideChange, ...]) -> tuple[SideSince, ...]:
    return tuple(
        SideSince(
            change.side,
            change.earlier_deg,
            change.change_deg,
            change.mdc95_deg,
            detected=change.verdict in (Change.INCREASED, Change.DECREASED),
            motion=Motion(change.measure),
        )
        for change in changes
        if change.earlier_deg is not None and change.change_deg is not None and change.mdc95_deg is not None
    )
