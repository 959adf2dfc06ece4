"""A live session that goes on and on."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "server.py"
MAX_MB_A_MINUTE = 0.5


@pytest.mark.process
@pytest.mark.model
def test_a_long_live_session_takes_no_more_and_no_more_memory(tally, often):
    seconds = often(0, 600)
    if not seconds:
        pytest.skip("ten minutes: in the long form only")
    command = [sys.executable, BENCHMARK, "--live", str(seconds)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=3600).stdout
    slopes = {
        name: float(slope) for name, slope in re.findall(r"^(.+): memory .* first third ([+-][\d.]+)", said, re.M)
    }
    flat = [name for name, slope in slopes.items() if slope <= MAX_MB_A_MINUTE]
    last = dict(re.findall(r"^(.+): memory .* last third ([+-][\d.]+)", said, re.MULTILINE))
    told = ", ".join(f"{name} {slope:+.2f} ({last[name]} in the last third)" for name, slope in slopes.items())
    tally(len(flat), len(slopes), f"processes; MB a minute: {told}")
    assert set(slopes) >= {"server", "hipcv live"}
    assert len(flat) == len(slopes)
