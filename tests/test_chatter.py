"""What the C++ libraries write to the terminal's descriptors does not get there; what Python writes does."""

import subprocess
import sys
from pathlib import Path

import pytest

from hipcv.models.store import get_model
from hipcv.words import ModelName

pytestmark = pytest.mark.process

OWN = """
import os, sys
from hipcv.native.chatter import own_process, quiet
own_process()
with quiet():
    os.write(1, b"while it loads\\n"), os.write(2, b"while it loads\\n")
    sys.stderr.write("Python's own, meanwhile\\n")
os.write(1, b"at its end\\n"), os.write(2, b"at its end\\n")
"""


def run(code: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_a_process_of_hipcvs_own_stays_quiet_once_a_library_is_loaded_and_keeps_what_python_writes():
    done = run(OWN + "print('the answer')\nraise ValueError('the fault')")
    assert done.stdout == "the answer\n"
    first, *traceback = done.stderr.splitlines()
    assert first == "Python's own, meanwhile"
    assert traceback[0].startswith("Traceback")
    assert traceback[-1] == "ValueError: the fault"


def test_a_process_that_crashes_says_where_though_the_libraries_are_quiet():
    done = run(OWN + "os.abort()")
    assert "Fatal Python error: Aborted" in done.stderr
    assert "at its end" not in done.stderr


def test_children_started_before_a_library_is_loaded_reach_the_terminal():
    """The server's own workers: they are hipcv's own for themselves, and their tracebacks stand in its log."""
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'raise ValueError(1)'])"
    done = run(f"from hipcv.native.chatter import own_process; own_process(); {child}")
    assert done.stderr.endswith("ValueError: 1\n")


def test_where_standard_output_is_closed_the_file_in_its_place_is_left_alone(tmp_path):
    code = """
import os, sys
os.close(1); sys.stdout = None
file = open(sys.argv[1], "w")
assert file.fileno() == 1
from hipcv.native.chatter import own_process, quiet
own_process()
with quiet():
    file.write("whole")
"""
    run(code, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "whole"


def test_in_anybodys_process_the_engines_load_look_and_close_without_a_word():
    model = get_model(ModelName.LITE).path
    code = """
import sys
from pathlib import Path
import numpy as np
from hipcv.pose.legs.network import LandmarkNetwork
from hipcv.models.bundle import read_landmark_network
from hipcv.pose.landmarker import PoseEstimator
model, blank = Path(sys.argv[1]), np.zeros((256, 256, 3), np.uint8)
with PoseEstimator(model) as estimator:
    estimator(blank, 0.0)
LandmarkNetwork(read_landmark_network(model))(blank)
import os
os.write(2, b"somebody else's")
"""
    done = run(code, model)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "somebody else's")
