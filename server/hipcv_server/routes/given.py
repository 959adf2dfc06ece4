"""What a route is handed: the parts of the server, and the assessment that its path names."""

import asyncio
from typing import Annotated

from fastapi import Depends, Request

from hipcv_server.problems import ProblemError
from hipcv_server.state import Rooms, rooms_of
from hipcv_server.store import Job


async def _rooms(request: Request) -> Rooms:
    return rooms_of(request)


In = Annotated[Rooms, Depends(_rooms)]


async def _job(job_id: str, rooms: In) -> Job:
    job = await asyncio.to_thread(rooms.store.get, job_id)
    if job is None:
        raise ProblemError("not_found", f"There is no assessment {job_id[:40]}; it may have been deleted.")
    return job


Known = Annotated[Job, Depends(_job)]
