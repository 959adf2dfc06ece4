"""The server keeps to its own OpenAPI description, whatever it is sent."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2 as httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from hipcv_server.app import create_app
from hipcv_server.settings import JobLimits, Settings, UploadLimits

pytestmark = pytest.mark.process

VIDEO = b"\0\0\0\x18ftypmp42" + bytes(5000)


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The description of a server that scores nothing and holds a few assessments."""
    limits = UploadLimits(max_bytes=50_000, max_waiting=10**6)
    app = create_app(Settings(tmp_path_factory.mktemp("data"), upload=limits, jobs=JobLimits(n_workers=0)))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.05)
    home = f"http://127.0.0.1:{listening.getsockname()[1]}"
    for _ in range(3):
        made = httpx.post(f"{home}/api/v1/assessments", data={"test": "seated"}, files={"file": VIDEO})
        assert made.status_code == 202
    whole = schemathesis.openapi.from_url(f"{home}/api/v1/openapi.json")
    yield whole.exclude(path_regex="/events$")  # a stream without an end
    server.should_exit = True
    thread.join()
    listening.close()


def _has_letters_of_the_world(case: Any) -> bool:
    given = [part for part in (case.query, case.path_parameters, case.body) if isinstance(part, dict)]
    words = [value for part in given for value in part.values() if isinstance(value, str)]
    return any(letter.isalnum() and not letter.isascii() for word in words for letter in word)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_described(schema: Any, mode: GenerationMode, tally: Any, often: Any) -> None:
    """Status, headers and body of whatever comes back are as the description says, and never a server error."""
    n_cases = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=often(12, 160),
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def keep_to_it(case: Any) -> None:
            nonlocal n_cases
            n_cases += 1
            if isinstance(case.body, dict) and "file" in case.body and mode is GenerationMode.POSITIVE:
                case.body["file"] = VIDEO  # the description cannot say what makes a file a video
                for name in ("vertical", "aspect", "to_s", "date"):  # nor that ends lie apart, and no day is to come
                    case.body.pop(name, None)
                case.body.pop("still", None)  # nor that a photograph is no video
            if mode is GenerationMode.NEGATIVE and _has_letters_of_the_world(case):
                return  # which \w means in Python, and not in a JSON Schema
            case.call_and_validate()

        with suppress(Unsatisfiable):  # nothing can be wrong about a request without arguments
            keep_to_it()
    tally(n_cases, n_cases, f"{mode.value} cases")
    assert n_cases > 100
