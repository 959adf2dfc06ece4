"""Where clips are joined is found to the picture; people who come and go cut nothing."""

import numpy as np
import pytest
from field_frames import SAMPLES, frames_of

from hipcv.sources.cuts import find_stretches, small_grey
from hipcv.sources.survey import Survey

EVERY = 4
#: Of the seated sample that is made others of.
RATE_HZ, N_FRAMES = 24, 156


def stretches(name, kind="as it is"):
    pictures = [small_grey(rgb) for rgb in frames_of(name, kind, every=EVERY)]
    return find_stretches(pictures, np.arange(len(pictures)) * EVERY / 30)


@pytest.mark.parametrize("clip", sorted(path.stem for path in SAMPLES.glob("*.mp4")))
def test_no_sample_is_cut_whoever_helps_and_whatever_moves(clip):
    assert stretches(clip) == [(0.0, float("inf"))]


def test_clips_that_are_joined_are_parted_where_they_are():
    n_before = len(frames_of("seated-easy-101-01", every=EVERY))
    (_, first_s), (second_s, end_s) = stretches("seated-easy-101-01", "two tests joined")
    assert first_s == second_s == pytest.approx(n_before * EVERY / 30, abs=0.2)
    assert end_s == float("inf")


@pytest.mark.parametrize("kind", ["frozen at the end", "face in a corner", "grey"])
def test_what_is_done_to_one_scene_cuts_nothing(kind):
    assert len(stretches("seated-easy-101-01", kind)) == 1


def whole(kind):
    """Return the stretches of a kind that counts the frames of its clip."""
    pictures = [small_grey(rgb) for rgb in frames_of("seated-easy-101-01", kind)[::EVERY]]
    return find_stretches(pictures, np.arange(len(pictures)) * EVERY / RATE_HZ)


def test_a_camera_that_is_knocked_parts_the_clip_where_it_is():
    (_, first_s), (second_s, _) = whole("camera knocked")
    assert first_s == second_s == pytest.approx(N_FRAMES / RATE_HZ / 2, abs=0.2)


def test_a_count_before_the_test_is_a_part_of_its_own():
    assert whole("counted down")[-1][0] == pytest.approx(3.0, abs=0.2)


def test_another_light_is_no_cut():
    pictures = [small_grey(rgb) for rgb in frames_of("seated-easy-101-01", every=EVERY)]
    half = len(pictures) // 2
    dimmed = [(0.6 * p).astype(np.uint8) if k < half else p for k, p in enumerate(pictures)]
    assert len(find_stretches(dimmed, np.arange(len(dimmed)) / 8)) == 1


def test_what_is_left_of_a_cut_is_told_without_its_scraps():
    noise = np.random.default_rng(1)
    one, other = noise.normal(120, 30, (2, 48, 64)).clip(0, 255).astype(np.uint8)
    assert find_stretches([one] * 6 + [other] * 40, np.arange(46) / 8) == [(0.75, float("inf"))]
    assert find_stretches([], np.empty(0)) == []


def test_a_survey_keeps_no_more_than_it_may_of_an_hour():
    survey, picture = Survey(), np.zeros((48, 64, 3), np.uint8)
    for second in range(600):
        survey.add(picture, float(second))
    assert len(survey.pictures(0.0, float("inf"), 1000)) <= 120
    assert survey.length_s == 599.0
    assert len(survey.pictures(100.0, 200.0, 6)) == 6
