"""Which part of a file is measured: what is told is kept, what is found is told, and what is unclear is asked."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from hipcv.core.finding import Cause, FindingCode, Severity
from hipcv.core.setup import Setup
from hipcv.core.viewing import Viewing
from hipcv.pose.part import find_part, only_seconds
from hipcv.session import Session
from hipcv.sources.within import Box

INFO = SimpleNamespace(width_px=1280, height_px=720, slow_motion=1.0)
LEFT, RIGHT = Box(10, 100, 630, 620), Box(650, 100, 1270, 620)
HALVES = [(0.0, 12.0), (12.0, math.inf)]


def survey(boxes=(), stretches=((0.0, math.inf),), length_s=30.0, *, knocked=False):
    """Return what a recording shows at a glance; pictures of a stretch are named by its start."""
    return SimpleNamespace(
        boxes=lambda: list(boxes),
        stretches=lambda: list(stretches),
        length_s=length_s,
        pictures=lambda from_s, to_s, n: [from_s],
        same_scene_at=lambda cut_s: knocked,
    )


def finder(knees=None, testing=()):
    return SimpleNamespace(knees_at=lambda pictures: knees, shows_test=lambda pictures: pictures[0] in testing)


def test_all_of_a_plain_recording_is_measured_and_nothing_told():
    part = find_part(Viewing(), survey(), finder(), INFO, Setup())
    assert (part.viewing, part.findings) == (Viewing(), ())


def test_the_picture_within_is_cropped_to_and_told():
    part = find_part(Viewing(rotate_deg=90), survey([LEFT]), finder(), INFO, Setup())
    assert part.viewing == Viewing(rotate_deg=90, crop_px=(10, 100, 620, 520))
    assert [(f.code, f.severity) for f in part.findings] == [(FindingCode.PICTURE_WITHIN, Severity.NOTE)]


@pytest.mark.parametrize(
    ("setup", "knees", "chosen"),
    [
        (Setup(), (0.8, 0.6), RIGHT),
        (Setup(), (0.2, 0.6), LEFT),
        (Setup(subject_at=(1.0, 0.5)), (0.2, 0.6), RIGHT),  # as "right" is read
        (Setup(), (0.5, 0.99), None),  # beside both: nobody is cropped away
        (Setup(subject_at=(0.3, 0.5)), (0.8, 0.6), LEFT),  # what is told goes before what is found
        (Setup(), None, None),
    ],
)
def test_of_several_pictures_the_one_with_the_subjects_legs_counts(setup, knees, chosen):
    part = find_part(Viewing(), survey([LEFT, RIGHT]), finder(knees), INFO, setup)
    assert part.viewing.crop_px == (None if chosen is None else (chosen.left, chosen.top, chosen.width, chosen.height))


@pytest.mark.parametrize(("testing", "seconds"), [((0.0,), (0.0, 12.0)), ((12.0,), (12.0, None))])
def test_the_one_scene_that_shows_the_test_is_measured(testing, seconds):
    part = find_part(Viewing(), survey(stretches=HALVES), finder(testing=testing), INFO, Setup())
    assert (part.viewing.from_s, part.viewing.to_s) == seconds
    assert [(f.code, f.cause) for f in part.findings] == [(FindingCode.PART_MEASURED, Cause.STRETCH)]


def test_several_scenes_that_show_a_test_are_refused_with_the_seconds_of_each():
    part = find_part(Viewing(), survey(stretches=HALVES), finder(testing=(0.0, 12.0)), INFO, Setup())
    (finding,) = part.findings
    assert part.viewing == Viewing()
    assert (finding.code, finding.severity) == (FindingCode.SEVERAL_TESTS, Severity.REJECT)
    assert dict(finding.values) == {"where": "0.0 to 12.0 and 12.0 to 30.0"}


def test_a_camera_that_was_knocked_is_called_that():
    shown = survey(stretches=HALVES, knocked=True)
    (finding,) = find_part(Viewing(), shown, finder(testing=(0.0, 12.0)), INFO, Setup()).findings
    assert (finding.code, finding.cause, finding.severity) == (
        *(FindingCode.MOVING_CAMERA, Cause.KNOCKED),
        Severity.REJECT,
    )
    assert dict(finding.values) == {"where": "0.0 to 12.0 and 12.0 to 30.0"}
    one = find_part(Viewing(), shown, finder(testing=(12.0,)), INFO, Setup())
    assert [f.code for f in one.findings] == [FindingCode.PART_MEASURED]


def test_seconds_that_are_told_are_not_questioned():
    told = Viewing(from_s=3.0)
    assert find_part(told, survey(stretches=HALVES), finder(testing=(0.0, 12.0)), INFO, Setup()).viewing == told
    cropped = Viewing(crop_px=(0, 0, 100, 100))
    assert find_part(cropped, survey([LEFT]), finder(), INFO, Setup()).viewing == cropped


def test_scenes_none_of_which_shows_the_test_are_left_to_the_reader_to_refuse():
    assert find_part(Viewing(), survey(stretches=HALVES), finder(), INFO, Setup()).findings == ()


def test_a_black_second_before_the_test_is_left_out():
    part = find_part(Viewing(), survey(stretches=[(1.0, math.inf)]), finder(), INFO, Setup())
    assert (part.viewing.from_s, part.viewing.to_s) == (1.0, None)


def test_seconds_are_the_players_in_slow_motion():
    part = only_seconds(Viewing(), (2.0, 5.0), 4.0, 10.0)
    assert (part.viewing.from_s, part.viewing.to_s) == (8.0, 20.0)


def test_who_is_pointed_at_in_the_whole_picture_is_the_same_in_the_part():
    viewing = Viewing(crop_px=(650, 100, 620, 520))
    session = SimpleNamespace(setup=Setup(subject_at=(0.75, 0.5)), viewing=viewing, whole_px=(1280, 720))
    at = Session._seen_setup(session).subject_at
    assert np.allclose(at, ((960 - 650) / 620, (360 - 100) / 520))
    plain = SimpleNamespace(setup=session.setup, viewing=Viewing(), whole_px=(1280, 720))
    assert Session._seen_setup(plain) is session.setup
