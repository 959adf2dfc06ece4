"""Eight who keep results in one history at once. Run as a program: `python writers.py URL N_WRITERS N_EACH`."""

import os
import subprocess
import sys
import traceback
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
    command = [sys.executable, __file__, url, str(n_writers), str(n_each)]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False, timeout=3600, text=True, env=surroundings())
    with open_history(url) as history:
        return len(history), done.stderr.splitlines()


def main() -> None:
    """Fork the writers, which share nothing but what they have loaded, and wait for them."""
    url, n_writers, n_each = sys.argv[1:]
    for writer in range(int(n_writers)):
        if os.fork() == 0:
            try:
                write(url, writer, int(n_each))
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(0)
    for _ in range(int(n_writers)):
        os.wait()


if __name__ == "__main__":
    main()
