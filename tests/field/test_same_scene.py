"""A camera that was knocked shows the scene it showed before; another clip shows another one."""

from itertools import combinations

import pytest
from field_frames import SAMPLES, frames_of

from field_clips import moved  # isort: skip
from hipcv.sources.same_scene import same_scene
from hipcv.sources.survey import Survey

CLIPS = sorted(path.stem for path in SAMPLES.glob("*.mp4"))


@pytest.fixture(scope="module")
def pictures():
    return {clip: frames_of(clip, every=40)[1:3] for clip in CLIPS}


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize(("turn_deg", "shift", "zoom"), [(4.0, 0.05, 1.0), (8.0, 0.1, 1.0), (0.0, 0.0, 1.3)])
def test_a_knock_shows_the_same_scene(pictures, clip, turn_deg, shift, zoom):
    before, after = pictures[clip]
    assert same_scene(before, moved(after, turn_deg, shift, zoom))


def test_another_clip_shows_another_scene(pictures):
    for one, other in combinations(CLIPS, 2):
        assert not same_scene(pictures[one][0], pictures[other][0]), (one, other)


def test_a_survey_says_so_of_the_pictures_on_either_side_of_a_cut(pictures):
    def same_at(*shown):
        survey = Survey()
        for second, rgb in enumerate(shown):
            survey.add(rgb, float(second))
        return survey.same_scene_at(1.0)

    before, after = pictures["seated-hard-103-00"]
    assert same_at(before, moved(after, 4.0, 0.05, 1.0))
    assert not same_at(before, pictures["prone-easy-102-02"][0])
    assert not same_at(before)
