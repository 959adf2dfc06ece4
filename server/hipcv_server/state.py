"""What every request can reach: settings, jobs, files, workers, live sessions."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from hipcv_server.files import Shelves
from hipcv_server.settings import Settings
from hipcv_server.store import JobStore
from hipcv_server.workers import Crew

if TYPE_CHECKING:
    from hipcv_server.sessions import Desk


@dataclass(slots=True)
class Rooms:
    """The parts of a running server; `stopping` is set when it begins to stop."""

    settings: Settings
    store: JobStore
    shelves: Shelves
    crew: Crew
    desk: "Desk"
    stopping: asyncio.Event


def rooms_of(connection: HTTPConnection) -> Rooms:
    """Return the parts of the server that answers a request."""
    rooms = connection.app.state.rooms
    assert isinstance(rooms, Rooms)
    return rooms
