"""The application: guard, interface, page."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from filelock import FileLock, Timeout
from starlette.routing import Match, Mount
from starlette.types import Scope

from hipcv.core.errors import HistoryError
from hipcv.version import __version__
from hipcv_server import problems
from hipcv_server.files import Shelves
from hipcv_server.links import PREFIX
from hipcv_server.routes import ROUTERS, results
from hipcv_server.security import Guard
from hipcv_server.sessions import Desk
from hipcv_server.settings import Settings
from hipcv_server.state import Rooms
from hipcv_server.store import JobStore
from hipcv_server.workers import Crew

STATIC = Path(__file__).parent / "static"
#: A form is a little larger than the recording in it.
_FORM_BYTES = 1 << 20


def create_app(settings: Settings) -> FastAPI:
    """Return the application; its workers run from its start to its end.

    Parameters
    ----------
    settings : where it listens, its data folder and its limits.

    Examples
    --------
    >>> app = create_app(Settings(Path("data")))  # nothing is opened before it starts
    >>> f"{PREFIX}/limits" in app.openapi()["paths"]
    True
    """
    app = FastAPI(
        title="hipcv",
        version=__version__,
        summary="Hip internal rotation from a video. It informs; it does not diagnose.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(settings),
        max_body_size=settings.upload.max_bytes + _FORM_BYTES,
    )
    problems.install(app)
    app.add_middleware(Guard, settings=settings)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(results.open_doors())
    if STATIC.is_dir():
        app.router.routes.append(_Page("/", StaticFiles(directory=STATIC, html=True)))
    return app


class _Page(Mount):
    """The page's files, everywhere but under the interface, whose own routes know their methods."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["path"].startswith("/api/"):
            return Match.NONE, {}
        return super().matches(scope)


def _lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with open_data(settings) as (shelves, store):
            crew = Crew(store, shelves, settings)
            rooms = Rooms(settings, store, shelves, crew, Desk(settings, shelves, store), asyncio.Event())
            app.state.rooms = rooms
            crew.start()
            try:
                yield
            finally:
                rooms.stopping.set()
                await rooms.desk.close_all()
                await asyncio.to_thread(crew.stop)

    return lifespan


@contextmanager
def open_data(settings: Settings) -> Iterator[tuple[Shelves, JobStore]]:
    """Open the data folder for one server at a time.

    Raises
    ------
    HistoryError
        Where it cannot be used, or another server works in it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, open_data(Settings(Path(folder))) as (shelves, store):
    ...     shelves.uploads.is_dir(), store.n_waiting()
    (True, 0)
    """
    shelves = Shelves(settings.data)
    lock = FileLock(settings.data / "server.lock")
    try:
        shelves.make()
        lock.acquire(timeout=0)
    except Timeout:
        raise HistoryError(
            f"Another server works in {settings.data}: use that one, or name another folder with --data."
        ) from None
    except OSError as error:
        raise HistoryError(
            f"Wanted to keep assessments in {settings.data}, but could not ({error.strerror}): "
            "name another folder with --data."
        ) from error
    try:
        store = JobStore(settings.data)
        try:
            yield shelves, store
        finally:
            store.close()
    finally:
        lock.release()
