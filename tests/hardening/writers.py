"""Eight who keep results in one history at once. Run as a program: `python writers.py URL N_WRITERS N_EACH`."""

import subprocess
import sys
from typing import Any

from isolated import surroundings
from simulated import seated

from hipcv.assessment import assess
from hipcv.core.setup import Setup
from hipcv.history.store import open_history
from hipcv.outputs.document import render_document

DOCUMENT = render_document(assess(seated(left=(40.0,), right=(30.0,), duration_s=5.0, fps=15.0), Setup()))


def write(url: str, writer: int, n: int) -> None:
    """Keep so many results, no two of which are the same."""
    with open_history(url) as history:
        for k in range(n):
            document: dict[str, Any] = DOCUMENT | {"provenance": DOCUMENT["provenance"] | {"fps": 1000.0 * writer + k}}
            history.keep(document, f"S{writer}")


def write_all(url: str, n_writers: int, n_each: int) -> tuple[int, list[str]]:
    """Let them write at once; return how many rows there are, and what any of them complained of."""
    command = [sys.executable, __file__, url]
    started = [
        subprocess.Popen([*command, str(k), str(n_each)], stderr=subprocess.PIPE, text=True, env=surroundings())
        for k in range(n_writers)
    ]
    complaints = [process.communicate(timeout=3600)[1] for process in started]
    with open_history(url) as history:
        return len(history), [text.splitlines()[-1] for text in complaints if text]


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
