"""Whether work can be taken: each thing that it needs, and what is wrong with it."""

from typing import Any

from hipcv_server.disk import free_bytes
from hipcv_server.state import Rooms


def check_all(rooms: Rooms) -> list[dict[str, Any]]:
    """Return a check each of database, disk, model and workers: `name`, `ok`, and `detail` where something is wrong."""
    return [_check_database(rooms), _check_disk(rooms), _check_model(rooms), _check_workers(rooms)]


def _check_database(rooms: Rooms) -> dict[str, Any]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        rooms.store.n_waiting()
    except SQLAlchemyError as error:
        return {"name": "database", "ok": False, "detail": type(error).__name__}
    return {"name": "database", "ok": True, "detail": ""}


def _check_disk(rooms: Rooms) -> dict[str, Any]:
    free = free_bytes(rooms.shelves.root)
    ok = free > 2 * rooms.settings.upload.max_bytes
    return {"name": "disk", "ok": ok, "detail": "" if ok else f"{free // 1_000_000} MB are free"}


def _check_model(rooms: Rooms) -> dict[str, Any]:
    from hipcv.core.errors import ModelError
    from hipcv.models.store import find_model
    from hipcv.words import ModelName

    try:
        found = find_model(ModelName.FULL, rooms.settings.models)
    except ModelError as error:
        return {"name": "model", "ok": False, "detail": str(error)}
    missing = "the full pose model is not here yet; `hipcv models get` fetches it"
    return {"name": "model", "ok": found is not None, "detail": "" if found is not None else missing}


def _check_workers(rooms: Rooms) -> dict[str, Any]:
    ok = rooms.crew.alive
    return {"name": "workers", "ok": ok, "detail": "" if ok else "a worker's guard has ended"}
