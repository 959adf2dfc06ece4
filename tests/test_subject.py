"""Who is measured, on real networks: rendered people side by side."""

from itertools import islice

import cv2
import numpy as np
import pytest

from hipcv.core.finding import FindingCode, Severity
from hipcv.core.procedures.seated import SEATED
from hipcv.core.setup import Setup, read_place
from hipcv.models.bundle import read_person_detector
from hipcv.models.store import get_model, landmark_network
from hipcv.pose.legs.network import LandmarkNetwork
from hipcv.pose.legs.people import PersonDetector
from hipcv.pose.legs.reader import LegReader
from hipcv.pose.legs.subject import find_subject
from hipcv.words import CameraSide, ModelName

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("subject")]

#: Rest, the left leg out, rest, the right leg out: six pictures of `seated-easy-101-01`.
PICKS = (5, 45, 50, 75, 110, 118)
SIZE = (360, 480)


@pytest.fixture(scope="module")
def network():
    return LandmarkNetwork(landmark_network(ModelName.HEAVY))


@pytest.fixture(scope="module")
def detector():
    return PersonDetector(read_person_detector(get_model(ModelName.HEAVY).path))


@pytest.fixture(scope="module")
def alone(samples):
    """Return six pictures of somebody who does the test, the person in their middle."""
    from hipcv.sources.video import open_video

    with open_video(samples / "seated-easy-101-01.mp4") as video:
        pictures = [frame.rgb for frame in islice(video, 0, max(PICKS) + 1) if frame.index in PICKS]
    middle = [rgb[:, rgb.shape[1] // 2 - 180 : rgb.shape[1] // 2 + 180] for rgb in pictures]
    return [np.asarray(cv2.resize(rgb, SIZE), np.uint8) for rgb in middle]


def beside(left, right):
    return [np.ascontiguousarray(np.hstack(pair)) for pair in zip(left, right, strict=True)]


def look_for(pictures, network, detector, at_px=None):
    return find_subject(pictures, [detector(rgb) for rgb in pictures], network, at_px=at_px)


def test_somebody_alone_is_the_subject(alone, network, detector):
    subject = look_for(alone, network, detector)
    assert subject.vote is not None
    assert subject.rivals == ()
    assert subject.vote.sits > 0.5


@pytest.mark.parametrize("swings_at_left", [True, False])
def test_of_two_who_sit_the_one_whose_legs_swing_is_the_subject(alone, network, detector, swings_at_left):
    still = [alone[0]] * len(alone)
    pictures = beside(alone, still) if swings_at_left else beside(still, alone)
    subject = look_for(pictures, network, detector)
    assert subject.vote is not None
    assert "swing" in subject.rule
    assert (subject.vote.knees_px[:, 0].mean() < SIZE[0]) == swings_at_left


def test_two_who_cannot_be_told_apart_are_asked_about_and_the_answer_is_heard(alone, network, detector):
    twins = beside(alone, alone)
    subject = look_for(twins, network, detector)
    assert subject.vote is None
    assert len(subject.rivals) == 2
    for place in (0.25, 0.75):
        told = look_for(twins, network, detector, at_px=np.array([place * 2 * SIZE[0], 0.6 * SIZE[1]]))
        assert told.vote.knees_px[:, 0].mean() == pytest.approx(place * 2 * SIZE[0], abs=0.2 * SIZE[0])


def test_the_refusal_says_where_the_two_are(alone, network, detector):
    reader = LegReader(network, SEATED, CameraSide.FRONT, detector=detector)
    for k, rgb in enumerate(beside(alone, alone) * 2):
        reader.add(rgb, k / 8)
    reader.series()
    (finding,) = reader.findings()
    assert (finding.code, finding.severity) == (FindingCode.SUBJECT_UNCLEAR, Severity.REJECT)
    places = [float(place.split(",")[0]) for place in str(finding.values["where"]).split(" or ")]
    assert sorted(places) == pytest.approx([0.25, 0.75], abs=0.1)


@pytest.mark.parametrize("place", [(-0.1, 0.5), (0.5, 1.2)])
def test_a_place_outside_the_picture_is_refused(place):
    with pytest.raises(ValueError, match="two shares of the picture from 0 to 1"):
        Setup(subject_at=place)


@pytest.mark.parametrize("text", ["middle", "0.3", "0.3,1.2", "a,b"])
def test_a_place_that_is_none_is_told_with_what_is_wanted(text):
    with pytest.raises(ValueError, match=r"left, right or two shares .* is wanted, found"):
        read_place(text)
