"""What the samples gave when it was last looked at: a change here is a change for users and belongs in the changelog.

From kept poses every number is the same to the last printed digit: 0.011°, because sums in another order may round the
last one the other way. What the model itself gives today is compared in `test_kept_poses.py`.
`python tests/kept_poses.py --golden` writes the goldens anew.
"""

import json

import pytest
from kept_poses import CLIPS, GOLDEN, golden

LAST_DIGIT_DEG = 0.011


@pytest.mark.parametrize("name", CLIPS)
def test_the_kept_poses_of_a_clip_mean_what_they_meant(name):
    expected, found = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8")), golden(name)
    assert found["findings"] == expected["findings"]
    assert found["roll_deg"] == pytest.approx(expected["roll_deg"], abs=LAST_DIGIT_DEG)
    for side, wanted in expected["sides"].items():
        assert_same(found["sides"][side], wanted, side)


def assert_same(found, wanted, where):
    for key, value in wanted.items():
        if isinstance(value, dict):
            assert_same(found[key], value, f"{where} {key}")
        else:
            assert found[key] == pytest.approx(value, abs=LAST_DIGIT_DEG), (where, key)
