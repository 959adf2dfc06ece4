"""A PostgreSQL of the tests' own: made in a folder, reached by a socket there, gone afterwards."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Debian keeps its programs here, and not where a shell looks.
_DEBIAN = Path("/usr/lib/postgresql")
_SUPERUSER = "hips"


def find_program(name: str) -> Path | None:
    """Return one of PostgreSQL's programs, the newest where there are several; None where there is none."""
    newest = max(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]), default=None)
    found = shutil.which(name)
    return newest or (None if found is None else Path(found))


@contextmanager
def running() -> Iterator[Path]:
    """Run a server; gives the folder of its socket."""
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    initdb, postgres = find_program("initdb"), find_program("postgres")
    assert initdb is not None
    assert postgres is not None
    with tempfile.TemporaryDirectory(prefix="hipcv-pg-") as made:
        folder = Path(made)
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        as_user = {"user": user, "cwd": folder} if user is not None else {"cwd": folder}
        how = ["--auth=trust", "--no-sync", f"--username={_SUPERUSER}", "--encoding=UTF8", "--locale=C"]
        subprocess.run([initdb, "-D", data, *how], check=True, capture_output=True, **as_user)
        command = [postgres, "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, **as_user)
        try:
            _wait(folder, server)
            yield folder
        finally:
            server.send_signal(signal.SIGINT)  # the fast way down: whoever is still connected is let go
            server.wait()


def _wait(folder: Path, server: "subprocess.Popen[bytes]") -> None:
    import time

    deadline = time.monotonic() + 60
    while not any(folder.glob(".s.PGSQL.*[0-9]")) or not _answers(folder):
        assert server.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _answers(folder: Path) -> bool:
    try:
        execute(folder, "SELECT 1")
    except Exception:
        return False
    return True


def execute(folder: Path, statement: str) -> None:
    """Do one statement in the server's own database."""
    import pg8000.dbapi

    connection = pg8000.dbapi.connect(user=_SUPERUSER, database="postgres", unix_sock=_socket(folder))
    try:
        connection.autocommit = True
        connection.cursor().execute(statement)
    finally:
        connection.close()


def url_of(folder: Path, name: str) -> str:
    """Return the URL of a database."""
    return f"postgresql+pg8000://{_SUPERUSER}@/{name}?unix_sock={_socket(folder)}"


def _socket(folder: Path) -> str:
    return str(folder / ".s.PGSQL.5432")
