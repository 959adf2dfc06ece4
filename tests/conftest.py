"""What several test files share: where the clips are, samples read or kept, and what a test must say that it takes."""

import gc
import json
import secrets
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import av
import postgresql as postgresql_programs
import pytest
from groups import GroupScheduling, place_of
from hypothesis import settings
from kept_poses import SAMPLES, kept_measurement
from published import faults

from hipcv.core.setup import Setup
from hipcv.measurement import Measurement, measure_file
from hipcv.models.store import get_model
from hipcv.outputs.document import render_document
from hipcv.words import ModelName

pytest_plugins = ("hardening.tally",)

# Machines are shared and noisy: how long one example takes says nothing about the code. Each run tries other examples.
settings.register_profile("house", deadline=None, max_examples=50)
settings.register_profile("long", deadline=None, max_examples=500)

REAL = Path(__file__).parent / "data" / "real"

# While the tests are found next to nothing can be thrown away; `pytest_collection_finish` begins to look for it.
gc.disable()

#: What takes longer than arithmetic, and is left out by `make test-fast`.
MARKERS = ("model", "process", "browser")
#: Fixtures whose tests need no marker of their own.
MARKED_FIXTURES = {
    "crew": "process",
    "detector": "model",
    "live": "model",
    "measured_clip": "model",
    "measured_sample": "model",
    "network": "model",
    "postgresql_server": "process",
    "small_disk": "process",
}
#: Modules that are loaded when a pose network, or a child process of `multiprocessing`, is started.
ENGINES = {
    "mediapipe": "model",
    "ai_edge_litert": "model",
    "multiprocessing.popen_fork": "process",
    "multiprocessing.popen_spawn_posix": "process",
    "multiprocessing.popen_spawn_win32": "process",
}
_is_arithmetic = False


def _refuse_unsaid(event: str, arguments: tuple[object, ...]) -> None:
    """Stop a test without a marker that loads a model or starts a process; see `ENGINES`.

    Which marker it is, is left to the author: MediaPipe itself starts a process to find a library.
    """
    if not _is_arithmetic or event not in ("import", "subprocess.Popen"):
        return
    needed = "process" if event == "subprocess.Popen" else ENGINES.get(str(arguments[0]))
    if needed is not None:
        raise AssertionError(f"This test needs the marker {needed!r}: it starts {arguments[0]}.")


sys.addaudithook(_refuse_unsaid)


def pytest_configure(config: pytest.Config) -> None:
    """In the long form properties are tried ten times as often, where a test does not say itself how often."""
    settings.load_profile("long" if config.getoption("long") else "house")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Hold every test to what its markers say."""
    global _is_arithmetic
    _is_arithmetic = not any(item.get_closest_marker(name) for name in MARKERS)
    try:
        return (yield)
    finally:
        _is_arithmetic = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of the fixtures that load a model or a browser, before any are deselected; order all.

    What a shorter test stands for is left out but in the long form.
    """
    at_length = [] if config.getoption("long") else [item for item in items if item.get_closest_marker("at_length")]
    if at_length:
        config.hook.pytest_deselected(items=at_length)
        items[:] = [item for item in items if item.get_closest_marker("at_length") is None]
    for item in items:
        for fixture in MARKED_FIXTURES.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKED_FIXTURES[fixture])
    items.sort(key=lambda item: place_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    """Where tests run in several processes, hand them out by groups."""
    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch every pose model before the first test that may load one, so that none depends on what another fetched."""
    twice = sorted(name for name in sys.modules if name.startswith("tests."))
    if twice:
        raise pytest.UsageError(f"{', '.join(twice)}: import it without `tests.`, or it is loaded twice.")
    if any(item.get_closest_marker(name) for item in session.items for name in MARKERS):
        for name in ModelName:
            get_model(name)
    gc.enable()
    gc.freeze()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Path]:
    """A PostgreSQL of the tests' own."""
    if postgresql_programs.find_program("initdb") is None:
        pytest.skip("there is no PostgreSQL here: `make database` installs it on Debian")
    with postgresql_programs.running() as folder:
        yield folder


@pytest.fixture
def postgresql(postgresql_server: Path) -> Iterator[str]:
    """The URL of a new database in it."""
    name = f"hips_{secrets.token_hex(4)}"
    postgresql_programs.execute(postgresql_server, f"CREATE DATABASE {name}")
    yield postgresql_programs.url_of(postgresql_server, name)
    postgresql_programs.execute(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


SEATED = Setup()


@cache
def _measured(path: Path, setup: Setup, model: ModelName) -> Measurement:
    measured = measure_file(path, setup, model_name=model)
    assert faults(render_document(measured.assessment)) == []
    return measured


@pytest.fixture(scope="session")
def measured_clip():
    """Measure a recording with a model, once a run."""
    return lambda path, model, setup=SEATED: _measured(path, setup, model)


@pytest.fixture(scope="session")
def measured_sample():
    """Measure a seated sample with a model, once a run."""
    return lambda name, model: _measured(SAMPLES / f"{name}.mp4", SEATED, model)


@pytest.fixture(scope="session")
def kept():
    """Return what the kept poses of a clip mean, without a model."""
    return kept_measurement


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
