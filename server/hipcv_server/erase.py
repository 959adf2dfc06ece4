"""What lies about deleted assessments in a data folder, taken away by whoever deletes them, the server or not."""

from collections.abc import Collection
from pathlib import Path

from hipcv_server.files import Shelves
from hipcv_server.store import FILE_NAME, JobStore


def erase(folder: Path, tokens: Collection[str], person: str | None) -> None:
    """Delete the files and the jobs of assessments, and with a name what waits or failed of this person as well.

    A server may be at work in the same folder: what it has of this it gives up.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     shelves = Shelves(Path(folder))
    ...     shelves.make()
    ...     n = shelves.begin_result("7r2m").joinpath("report.html").write_text("<!doctype html>")
    ...     erase(Path(folder), ["7r2m"], "Anna")
    ...     list(shelves.results.iterdir())
    []
    """
    shelves, wanted = Shelves(folder), set(tokens)
    if (folder / FILE_NAME).is_file():
        store = JobStore(folder)
        try:
            wanted = store.with_replays(wanted) | (set() if person is None else store.ids_of(person))
            for token in wanted:
                shelves.drop(token)
                store.drop_job(token)
        finally:
            store.close()
    for token in wanted:
        shelves.drop(token)
