"""A live session that goes on and on."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "server.py"
MAX_MB_A_MINUTE = 0.5
#: With fewer readings a second pictures go on being added for longer than the test looks.
MIN_READINGS_HZ = 10.0


@pytest.mark.process
@pytest.mark.model
def test_a_long_live_session_takes_no_more_and_no_more_memory(tally, often):
    seconds = often(0, 600)
    if not seconds:
        pytest.skip("ten minutes: in the long form only")
    command = [sys.executable, BENCHMARK, "--live", str(seconds)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=3600).stdout
    rate_hz = float(re.search(r"^ +1 +([\d.]+) ", said, re.MULTILINE)[1])
    if rate_hz < MIN_READINGS_HZ:
        pytest.skip(f"the machine was too busy to tell: {rate_hz} readings a second")
    found = re.findall(r"^(.+): memory .* first third ([+-][\d.]+)", said, re.MULTILINE)
    slopes = {name: float(slope) for name, slope in found}
    flat = [name for name, slope in slopes.items() if slope <= MAX_MB_A_MINUTE]
    last = dict(re.findall(r"^(.+): memory .* last third ([+-][\d.]+)", said, re.MULTILINE))
    told = ", ".join(f"{name} {slope:+.2f} ({last[name]} in the last third)" for name, slope in slopes.items())
    tally(len(flat), len(slopes), f"processes; MB a minute: {told}")
    assert set(slopes) >= {"server", "hipcv live"}
    assert len(flat) == len(slopes)
