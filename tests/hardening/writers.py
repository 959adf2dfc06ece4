"""Eight who keep results in one history at once. Run as a program: `python writers.py URL N_WRITERS N_EACH`.

The program loads everything once and is forked, as in `isolated.py`: all begin to write in the same moment.
"""

import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path
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


def write_all(url: str, n_writers: int, n_each: int) -> tuple[int, str]:
    """Let them write at once; return how many rows there are, and what they complained of."""
    command = [sys.executable, str(Path(__file__)), url, str(n_writers), str(n_each)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=surroundings(), timeout=3600, check=False)
    assert done.stderr or done.returncode == 0
    with open_history(url) as history:
        return len(history), done.stderr


def main() -> int:
    """Fork the writers, and return how many of them failed."""
    url, n_writers, n_each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    forked = get_context("fork")
    writers = [forked.Process(target=write, args=(url, k, n_each)) for k in range(n_writers)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return sum(writer.exitcode != 0 for writer in writers)


if __name__ == "__main__":
    sys.exit(main())
