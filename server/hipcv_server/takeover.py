"""The results that servers of before kept beside their jobs: taken over into the history, then taken out."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, inspect, text

from hipcv.core.errors import HistoryError
from hipcv.database import fold_in
from hipcv.history.entry import Origin
from hipcv.history.store import History

_COLUMNS = ("document", "summary")


def take_over(engine: Engine, history: History) -> None:
    """Move every result from the jobs to the history; what was moved already, by somebody killed since, stays as it is.

    Raises
    ------
    HistoryError
        Where a result cannot be read: nothing is taken out then.
    """
    names = {column["name"] for column in inspect(engine).get_columns("jobs")}
    if not names.issuperset(_COLUMNS):
        return
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM jobs WHERE document IS NOT NULL ORDER BY number")).all()
    for row in rows:
        _keep(history, dict(row._mapping))
    with engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET options = '{}', subject = NULL WHERE document IS NOT NULL"))
        for name in _COLUMNS:
            connection.execute(text(f"ALTER TABLE jobs DROP COLUMN {name}"))
    fold_in(engine)


def _keep(history: History, row: dict[str, Any]) -> None:
    began, ended = (datetime.fromisoformat(row[name]) for name in ("created_at", "finished_at"))
    try:
        history.keep(
            json.loads(row["document"]),
            row["subject"],
            visit_date=began.astimezone().date(),
            recorded_at=began if row["kind"] == Origin.LIVE else None,
            origin=Origin(row["kind"]),
            token=row["id"],
            kept_at=ended,
        )
    except (HistoryError, ValueError) as error:
        raise HistoryError(
            f"Wanted to take over the result {row['id']} of an older hipcv, but it cannot be read ({error}): "
            "nothing was changed; put a backup in place, or name another --data folder."
        ) from error
