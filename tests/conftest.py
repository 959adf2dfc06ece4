"""What several test files share: where the clips are, and the samples measured once."""

import json
from functools import cache
from pathlib import Path

import av
import pytest
from hypothesis import settings
from published import faults

from hipcv.core.setup import Setup
from hipcv.measurement import Measurement, measure_file
from hipcv.models.store import get_model
from hipcv.outputs.document import render_document
from hipcv.words import ModelName

# Machines are shared and noisy: how long one example takes says nothing about the code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

SAMPLES = Path(__file__).parents[1] / "samples"
REAL = Path(__file__).parent / "data" / "real"


def pytest_sessionstart() -> None:
    """Fetch every pose model before the first test, so that no test depends on what another one fetched."""
    for name in ModelName:
        get_model(name)


@cache
def _measured(name: str, model: ModelName) -> Measurement:
    measured = measure_file(SAMPLES / f"{name}.mp4", Setup(), model_name=model)
    assert faults(render_document(measured.assessment)) == []
    return measured


@pytest.fixture(scope="session")
def measured_sample():
    """Measure a seated sample with a model, once a run."""
    return _measured


@pytest.fixture(scope="session")
def truth_of():
    """Return the truth beside a sample."""
    return lambda name: json.loads((SAMPLES / f"{name}.truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def samples() -> Path:
    """Return the folder of sample clips."""
    return SAMPLES


@pytest.fixture(scope="session")
def real() -> Path:
    """Return the folder of real footage."""
    return REAL


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the first second of a seated sample."""
    path = tmp_path_factory.mktemp("short") / "short.mp4"
    with av.open(str(SAMPLES / "seated-easy-101-01.mp4")) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for n, packet in enumerate(source.demux(video=0)):
            if n == 30 or packet.dts is None:
                break
            packet.stream = stream
            target.mux(packet)
    return path.read_bytes()
