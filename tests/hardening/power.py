"""Power that fails: what a server's data folder may look like then, out of the system calls that its writer made.

A program's calls are watched (strace), and played again up to any of them onto a disk that is as forgetful as POSIX
allows: what was written, and every name that was made, moved or taken away, counts once it was synchronised; of all
later ones none, some, or a torn half may have come to the platter.

Run as a program it is the writer: `python power.py FOLDER` hands recordings in, measures, keeps and deletes, and says
on its output what is done.
"""

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from isolated import surroundings

CALLS = "openat,write,pwrite64,writev,pwritev,copy_file_range,ftruncate,truncate,fallocate,fsync,fdatasync"
CALLS += ",rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink"
_SECTOR = 512
#: Where the writer's own output goes.
SAID = os.devnull
_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)(?:<([^>]*)>)?")
_RESUMED = re.compile(r"^<\.\.\. \w+ resumed>")
_FD = re.compile(r"(?:\d+|AT_FDCWD)<([^>]*)>")
_TEXT = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that went well: its name, the files it names, what it writes, and its last numbers."""

    name: str
    paths: tuple[str, ...]
    content: bytes
    arguments: str


def watch(log: Path, *command: str | Path) -> list[Call]:
    """Run a program to its end and return its calls in their order."""
    traced = ["strace", "-f", "-y", "-xx", "-s", "100000000", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", log]
    subprocess.run([*traced, *command], stdout=subprocess.DEVNULL, check=True, env=surroundings(), timeout=3600)
    return list(_calls(log))


def _calls(log: Path) -> Iterator[Call]:
    begun: dict[str, str] = {}
    with log.open(encoding="ascii") as lines:
        for line in lines:
            thread, text = _LINE.match(line).groups()
            if text.endswith("<unfinished ...>"):
                begun[thread] = text.removesuffix("<unfinished ...>")
                continue
            if _RESUMED.match(text):
                text = begun.pop(thread) + _RESUMED.sub("", text)
            found = _CALL.match(text)
            if found is not None and int(found[3]) >= 0:
                yield _call(*found.groups())


def _call(name: str, arguments: str, _: str, opened: str | None) -> Call:
    texts = [_plain(text) for text in _TEXT.findall(arguments)]
    places = [_plain(text).decode() for text in _FD.findall(arguments)]
    rest = _TEXT.sub("", arguments)
    if name == "openat":
        return Call(name, (_plain(opened or "").decode(),), b"", rest)
    if name in ("write", "pwrite64"):
        return Call(name, (places[0],), texts[0] if texts else b"", rest)
    if name in ("ftruncate", "fsync", "fdatasync", "fallocate"):
        return Call(name, (places[0],), b"", rest)
    if texts:  # a name, below the folder that is given with it
        named = [text.decode() for text in texts]
        within = places or [""]
        paths = [Path(within[min(k, len(within) - 1)], one) for k, one in enumerate(named)]
        return Call(name, tuple(map(os.path.normpath, paths)), b"", rest)
    return Call(name, tuple(places), b"", rest)


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass(eq=False)
class _File:
    """A file or a folder: what is in it, what of that is safe, and what was written since."""

    is_folder: bool = False
    now: bytearray = field(default_factory=bytearray)
    safe: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)
    names: dict[str, "_File"] = field(default_factory=dict)
    safe_names: dict[str, "_File"] = field(default_factory=dict)

    def write(self, at: int, content: bytes) -> None:
        self.since.append((at, content))
        _apply(self.now, at, content)

    def cut(self, size: int) -> None:
        self.since.append((size, None))
        _apply(self.now, size, None)

    def sync(self) -> None:
        self.safe, self.since = bytes(self.now), []
        self.safe_names = dict(self.names)


def _apply(data: bytearray, at: int, content: bytes | None) -> None:
    if content is None:
        del data[at:]
        data.extend(bytes(at - len(data)))
    else:
        data.extend(bytes(max(0, at - len(data))))
        data[at : at + len(content)] = content


class Disk:
    """A folder on a disk that forgets whatever was not synchronised.

    Parameters
    ----------
    root : the folder, which is there and empty.
    deaf : does as if nothing were ever synchronised.
    """

    def __init__(self, root: Path, *, deaf: bool = False) -> None:
        self._root, self._deaf = root, deaf
        self._top = _File(is_folder=True)

    def _find(self, path: Path) -> _File | None:
        found: _File | None = self._top
        for name in path.relative_to(self._root).parts:
            found = None if found is None else found.names.get(name)
        return found

    def _folder_of(self, path: Path) -> _File:
        found = self._find(path.parent)
        assert found is not None, path
        return found

    def play(self, call: Call) -> None:
        """Let a call happen."""
        paths = [path for path in map(Path, call.paths) if path.is_relative_to(self._root)]
        if not paths or paths[0].name.endswith("-shm"):  # which SQLite makes anew
            return
        path, file = paths[0], self._find(paths[0])
        match call.name:
            case "openat":
                if file is None and "O_CREAT" in call.arguments:
                    self._folder_of(path).names[path.name] = _File()
                elif file is not None and "O_TRUNC" in call.arguments:
                    file.cut(0)
            case "mkdir" | "mkdirat":
                self._folder_of(path).names[path.name] = _File(is_folder=True)
            case "rename" | "renameat" | "renameat2":
                self._folder_of(paths[1]).names[paths[1].name] = self._folder_of(path).names.pop(path.name)
            case "unlink" | "unlinkat" | "rmdir":
                self._folder_of(path).names.pop(path.name)
            case "write" | "pwrite64" | "ftruncate" | "fsync" | "fdatasync":
                if file is not None:  # else it is deleted, and still open
                    self._change(file, call)
            case _:
                raise NotImplementedError(call.name)

    def _change(self, file: _File, call: Call) -> None:
        last = call.arguments.rpartition(",")[2]
        match call.name:
            case "write":
                file.write(len(file.now), call.content)
            case "pwrite64":
                file.write(int(last), call.content)
            case "ftruncate":
                file.cut(int(last))
            case _ if not self._deaf:
                file.sync()

    def after_the_cut(self, folder: Path, rng: random.Random | None) -> None:
        """Write what is left into an empty folder: what is safe and nothing more, or with some of what came later."""
        _leave(self._top, folder, rng)


def _leave(file: _File, place: Path, rng: random.Random | None) -> None:
    if not file.is_folder:
        place.write_bytes(_left_of(file, rng))
        return
    place.mkdir(exist_ok=True)
    for name in sorted({*file.safe_names, *file.names}):
        of = file.safe_names if rng is None or rng.random() < 0.5 else file.names
        if name in of:
            _leave(of[name], place / name, rng)


def _left_of(file: _File, rng: random.Random | None) -> bytes:
    data = bytearray(file.safe)
    for at, content in file.since if rng is not None else ():
        chance = rng.random()
        if chance < 0.4:
            _apply(data, at, content)
        elif chance < 0.6 and content is not None:
            _apply(data, at, content[: rng.randrange(0, len(content) + 1, _SECTOR)])
    return bytes(data)


# ----------------------------------------------------------------------------------------------------------- the writer

N_ROUNDS = 6
OPTIONS = {"test": "seated", "keep": "true", "subject": "Anna"}


def clip_of(n: int) -> bytes:
    """Return a recording that is told apart by its bytes."""
    return b"\0\0\0\x18ftypmp42" + bytes([n]) * 30_000


def say(*words: object) -> None:
    """Tell, in one piece, what is done or about to be."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def write(folder: Path) -> None:
    """Do what a server does: take a recording in, keep its result, a live test's, correct one, delete one."""
    from types import SimpleNamespace

    from documents import document_of
    from fastapi.testclient import TestClient

    from hipcv_server.app import create_app
    from hipcv_server.settings import JobLimits, Settings
    from hipcv_server.state import rooms_of
    from hipcv_server.store import new_id, now

    settings = Settings(folder, jobs=JobLimits(n_workers=0))
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8765") as client:
        rooms = rooms_of(SimpleNamespace(app=client.app))
        store = rooms.store
        for n in range(N_ROUNDS):
            made = client.post("/api/v1/assessments", data=OPTIONS, files={"file": clip_of(n)})
            assert made.status_code == 202, made.text
            job_id = made.json()["id"]
            say("clip", job_id, n)
            assert store.claim().id == job_id
            if n % 3 == 2:
                continue  # it is under way
            part = rooms.shelves.begin_result(job_id)
            (part / "report.html").write_bytes(clip_of(100 + n))
            rooms.shelves.settle_result(job_id, part)
            assert store.finish(job_id, document_of(30.0 + n), 10)
            say("result", job_id, 30.0 + n)
            say("report", job_id, 100 + n)
            live = new_id()
            store.add_done(dict(OPTIONS), document_of(60.0 + n), job_id=live, kind="live", n_frames=9, began=now())
            say("result", live, 60.0 + n)
            if n % 2:
                say("deleting", job_id)
                assert client.delete(f"/api/v1/assessments/{job_id}").status_code == 204
                say("deleted", job_id)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
