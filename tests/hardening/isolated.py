"""Cases each in a process of its own, forked from one that has everything loaded: thousands of them in minutes.

Run as a program, for a process with threads is not to be forked: `python isolated.py MODULE FUNCTION JSON SECONDS`
calls a function with the values of a JSON object; each case that it yields is a name and something to call. What the
calls return, and how each process ended, comes out as JSON.
"""

import importlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Case = tuple[str, Callable[[], Any]]
_MEMORY_BYTES = 3 << 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case.

    Attributes
    ----------
    name : of the case.
    answer : what it returned, or {"raised": "…"}; None where it never came to that.
    ended_by : the signal that ended the process; 0 for none, and -1 where it took too long.
    took_s, memory_mb : wall time, and the most memory that it took beyond what it began with.
    """

    name: str
    answer: Any
    ended_by: int
    took_s: float
    memory_mb: float


def run_apart(module: str, function: str, *, limit_s: float = 10.0, **given: Any) -> list[Outcome]:
    """Run the cases of a function in processes of their own, and return what became of each."""
    said = run_script(Path(__file__), module, function, json.dumps(given), str(limit_s))
    return [Outcome(**values) for values in json.loads(said.splitlines()[-1])]


def run_script(*arguments: str | Path) -> str:
    """Run a script of the tests, or code after "-c", as a program, and return what it printed."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=surroundings(), check=True, timeout=7200, text=True)
    return done.stdout


def surroundings() -> dict[str, str]:
    """Return an environment in which the tests' own modules are found."""
    here = Path(__file__).parent
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent), *sys.path])}


def _fork(case: Case, limit_s: float) -> Outcome:
    name, call = case
    ours, theirs = os.pipe()
    began_s, pid = time.monotonic(), os.fork()
    if pid == 0:
        os.close(ours)
        _answer(call, theirs)
    os.close(theirs)
    said = b""
    while True:
        left_s = limit_s - (time.monotonic() - began_s)
        if left_s <= 0 or not select.select([ours], [], [], left_s)[0]:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(ours)
            return Outcome(name, None, -1, time.monotonic() - began_s, 0.0)
        piece = os.read(ours, 65536)
        if not piece:
            break
        said += piece
    os.close(ours)
    _, status = os.waitpid(pid, 0)
    told = json.loads(said) if said else {"answer": None, "memory_mb": 0.0}
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Outcome(name, told["answer"], ended_by, time.monotonic() - began_s, told["memory_mb"])


def _answer(call: Callable[[], Any], pipe: int) -> None:
    """In the child: say what the case gives, and end without anything that the parent has begun."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    before_mb = _memory_mb()
    try:
        answer = call()
    except BaseException as error:
        answer = {"raised": f"{type(error).__name__}: {error}"}
    said = json.dumps({"answer": answer, "memory_mb": _memory_mb() - before_mb}).encode()
    while said:
        said = said[os.write(pipe, said) :]
    os._exit(0)


def _memory_mb() -> float:
    """Return the most memory that this process has had since it was forked."""
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1000


def main() -> None:
    """Run the cases."""
    module, function, given, limit_s = sys.argv[1:]
    cases: Iterator[Case] = getattr(importlib.import_module(module), function)(**json.loads(given))
    sys.stdout.write("\n" + json.dumps([asdict(_fork(case, float(limit_s))) for case in cases]) + "\n")


if __name__ == "__main__":
    main()
