"""All live sessions of a server: who holds a place, and for how long after the connection broke."""

import asyncio
import time

from hipcv.history.person import same_person
from hipcv_server.disk import disk_trouble
from hipcv_server.files import Shelves
from hipcv_server.live_session import LiveSession
from hipcv_server.problems import ProblemError, disk_full
from hipcv_server.schemas import StartMessage
from hipcv_server.settings import Settings
from hipcv_server.store import JobStore


class Desk:
    """All live sessions."""

    def __init__(self, settings: Settings, shelves: Shelves, store: JobStore) -> None:
        self._settings, self._shelves, self._store = settings, shelves, store
        self._sessions: dict[str, LiveSession] = {}

    @property
    def n_sessions(self) -> int:
        """How many sessions hold a place."""
        return len(self._sessions)

    def open(self, start: StartMessage) -> LiveSession:
        """Begin a session.

        Raises
        ------
        ProblemError
            busy where every place is taken, disk_full where the disk has no room for a session.
        """
        limit = self._settings.live.max_sessions
        if self.n_sessions >= limit:
            detail = f"All {limit} live places of this server are taken: try again in a few minutes."
            raise ProblemError("busy", detail, more={"max_sessions": limit})
        try:
            session = LiveSession(start, self._settings, self._shelves, self._store)
        except OSError as error:
            trouble = disk_trouble(error)
            if trouble is not None:
                raise disk_full(trouble) from error
            detail = f"The server could not begin a session ({error.strerror}): try again in a minute."
            raise ProblemError("internal", detail) from error
        self._sessions[session.token] = session
        return session

    def find(self, token: str) -> LiveSession | None:
        """Return the session with this resume token."""
        return self._sessions.get(token)

    async def close(self, session: LiveSession) -> None:
        """End a session and free its place."""
        if self._sessions.pop(session.token, None) is not None:
            await asyncio.to_thread(session.close)

    async def forget(self, subject: str) -> None:
        """End the sessions of a person and keep nothing of them; what is kept already is the store's to forget."""
        detail = "Everything of this person was deleted, this test with it: start a new one."
        problem = ProblemError("not_found", detail)
        for session in list(self._sessions.values()):
            if same_person(session.start.subject, subject):
                await session.give_up(problem)
                await self.close(session)

    def leave(self, session: LiveSession, owner: object) -> None:
        """Begin the time within which a session without connection can be resumed."""
        if session.owner is not owner:
            return
        session.owner = None
        asyncio.get_running_loop().create_task(self._expire(session))

    async def _expire(self, session: LiveSession) -> None:
        deadline_s = time.monotonic() + self._settings.live.resume_within_s
        while session.token in self._sessions and session.owner is None:
            await asyncio.sleep(0.1)
            working = session.finishing and not session.ended
            if time.monotonic() > deadline_s and not working and session.owner is None:
                await self.close(session)

    async def close_all(self) -> None:
        """End every session."""
        for session in list(self._sessions.values()):
            await self.close(session)
