"""What is kept: nothing is lost where many write; a recording gives one result, by whatever door, in whatever order,
and once more from its document alone.
"""

import json
import random
import time
from pathlib import Path

import pytest
from batch_recordings import Ear, write_recording
from excerpts import write_excerpts
from fastapi.testclient import TestClient
from writers import write_all

from hipcv import replay
from hipcv.batch.input.manifest import Defaults
from hipcv.batch.order import Order, carry_out
from hipcv.core.procedures.seated import SEATED
from hipcv.core.setup import Setup
from hipcv.measurement import measure_file
from hipcv.outputs.document import document_text
from hipcv.words import ModelName
from hipcv_server.app import create_app
from hipcv_server.settings import JobLimits, Settings

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.process
@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_eight_who_write_at_once_lose_nothing(database, tmp_path, tally, often, request):
    sqlite = f"sqlite:///{tmp_path / 'history.sqlite'}"
    url = sqlite if database == "SQLite" else str(request.getfixturevalue("postgresql"))
    n_each = often(5, 250)
    n_rows, complaints = write_all(url, 8, n_each)
    tally(n_rows, 8 * n_each, database)
    assert complaints == []
    assert n_rows == 8 * n_each


@pytest.mark.model
def test_results_are_replayed_byte_by_byte(tmp_path, tally, often):
    """The samples in the long form, and short recordings that show nobody up to twenty."""
    n = often(2, 20)
    clips = sorted(SAMPLES.glob("*.mp4"))[: 3 if n == 20 else 0]
    clips += [write_recording(tmp_path / f"{seed}.mp4", seed) for seed in range(n - len(clips))]
    same = 0
    for clip in clips:
        kept = document_text(measure_file(clip, Setup(roll_deg=0.5), model_name=ModelName.LITE).assessment)
        same += replay(json.loads(kept), clip.parent).text == kept
    tally(same, n, f"{len(clips)} recordings")
    assert same == n


def measured(clip: Path) -> str:
    return document_text(measure_file(clip, Setup(), model_name=ModelName.LITE).assessment)


@pytest.mark.model
@pytest.mark.process
def test_one_recording_by_every_door_is_one_document(tmp_path, tally, often):
    """Alone, in a batch of two workers, as an upload, and replayed: byte by byte."""
    n = often(0, 8)
    if not n:
        pytest.skip("each is measured four times: in the long form only")
    clips = write_excerpts(tmp_path / "clips", n)
    alone = [measured(clip) for clip in clips]
    batch = Order(
        (str(tmp_path / "clips"),), tmp_path / "out", model_name=ModelName.LITE, n_workers=2, defaults=Defaults(SEATED)
    )
    carry_out(batch, Ear())
    in_batch = {}
    for path in (tmp_path / "out" / "clips").glob("*.json"):
        document = json.loads(path.read_text("utf-8"))
        in_batch[document["provenance"]["clip_sha256"]] = document
    settings = Settings(tmp_path / "data", jobs=JobLimits(n_workers=1))
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8765") as client:
        uploaded = [_handed_in(client, clip) for clip in clips]
    same = 0
    for clip, text, upload in zip(clips, alone, uploaded, strict=True):
        document = json.loads(text)
        again = json.loads(replay(document, clip.parent).text)
        others = [in_batch[document["provenance"]["clip_sha256"]], upload, again]
        same += all(other == document for other in others)
    tally(same, n, f"{sum(json.loads(text)['status'] == 'measured' for text in alone)} with a number")
    assert same == n


def _handed_in(client: TestClient, clip: Path) -> dict:
    form = {"test": "seated", "model": "lite"}
    made = client.post("/api/v1/assessments", data=form, files={"file": clip.read_bytes()}).json()
    end_s = time.monotonic() + 1200.0
    while time.monotonic() < end_s:
        found = client.get(f"/api/v1/assessments/{made['id']}").json()
        if found["state"] not in ("queued", "running"):
            return found["assessment"]
        time.sleep(0.2)
    raise AssertionError(f"still {found['state']}")


@pytest.mark.model
def test_what_was_measured_before_changes_nothing(tmp_path, tally, often):
    """Twenty recordings in one process: as they come, the other way round, and shuffled."""
    n = often(0, 20)
    if not n:
        pytest.skip("sixty measurements: in the long form only")
    clips = write_excerpts(tmp_path / "clips", n)
    first = {clip: measured(clip) for clip in clips}
    orders = [clips[::-1], random.Random(20).sample(clips, n)]
    same = n + sum(measured(clip) == first[clip] for order in orders for clip in order)
    n_numbers = sum(json.loads(text)["status"] == "measured" for text in first.values())
    tally(same, 3 * n, f"{n_numbers} of {n} with a number")
    assert same == 3 * n
