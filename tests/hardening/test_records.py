"""What is kept: nothing is lost where many write, and a result is measured again from its document alone."""

import json
from pathlib import Path

import pytest
from batch_recordings import write_recording
from writers import write_all

from hipcv import replay
from hipcv.core.setup import Setup
from hipcv.measurement import measure_file
from hipcv.outputs.document import document_text
from hipcv.words import ModelName

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.process
@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_eight_who_write_at_once_lose_nothing(database, tmp_path, tally, often, request):
    sqlite = f"sqlite:///{tmp_path / 'history.sqlite'}"
    url = sqlite if database == "SQLite" else str(request.getfixturevalue("postgresql"))
    n_each = often(5, 250)
    n_rows, complaints = write_all(url, 8, n_each)
    tally(n_rows, 8 * n_each, database)
    assert complaints == ""
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
