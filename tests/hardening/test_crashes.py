"""Kill -9 at any moment."""

import json
import sys
from pathlib import Path

import pytest
from isolated import run_script

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform == "win32", reason="processes are forked"),
]
HERE = Path(__file__).parent


def test_a_batch_that_is_killed_ends_as_if_it_had_not_been(tmp_path, tally, often):
    """Measuring is stood in for; ledger, files and tables are the real ones."""
    n_kills = often(8, 200)
    faults = json.loads(run_script(HERE / "crashes.py", str(n_kills), "20", tmp_path))
    harmed = [found for found in faults if found]
    tally(n_kills if not harmed else 0, n_kills, f"kills of {len(faults)} batches with a stand-in for measuring")
    assert harmed == []
    assert faults


def test_a_batch_that_lost_something_is_found(tmp_path):
    """The comparison has no hole of its own."""
    code = """
import sys
from pathlib import Path
from batch_recordings import Ear
from crashes import *
folder = Path(sys.argv[1])
clips, out = clips_in(folder / "clips"), folder / "out"
carry_out(order(clips, out), Ear())
wanted = tables(out)
assert faults_of(out, wanted) == []
next((out / "clips").glob("*.json")).unlink()
(out / "results.csv").write_bytes((out / "results.csv").read_bytes()[:-40])
(out / "x.part").touch()
print(len(faults_of(out, wanted)))
"""
    assert int(run_script("-c", code, tmp_path)) == 3
