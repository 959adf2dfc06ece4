"""Assessments kept for people, listed, and compared over time.

Everything heavy is imported on use: `from hipcv.history import keep` loads no database.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from hipcv.history.entry import Entry


def keep(
    document: "Mapping[str, object]",
    subject: str,
    *,
    visit_date: "date | None" = None,
    url: str | None = None,
) -> "Entry":
    """Keep an assessment's document for a person in the usual history, or in the one at `url`; see `History.keep`.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document import render_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> keep(render_document(assess(empty, Setup())), "S01", url="sqlite://").status
    'not_measured'
    """
    from hipcv.history.store import open_history

    with open_history(url) as history:
        return history.keep(document, subject, visit_date=visit_date)
