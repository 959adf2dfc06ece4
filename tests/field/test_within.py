"""The picture within the picture is found whatever is around it, and never in a picture that is all there is."""

import numpy as np
import pytest
from field_frames import SAMPLES, frames_of, grey_frames

from hipcv.sources.within import Box, find_pictures

#: What frames a picture, and where it lies then: left, top, right, bottom in shares of the whole one.
SEATED = "seated-hard-103-00"
PLACES = {
    "title bar": (0.0, 32 / 712, 1.0, 672 / 712),
    "black bars": (0.0, 160 / 1280, 1.0, 1120 / 1280),
    "white bars": (370 / 1280, 0.0, 910 / 1280, 1.0),
    "blurred bars": (0.0, 160 / 1280, 1.0, 1120 / 1280),
    "desktop": (770 / 1280, 96 / 800, 1190 / 1280, 656 / 800),
    "phone screen": (0.0, 184 / 1168, 1.0, 904 / 1168),
    "web page": (40 / 1280, 84 / 720, 385 / 1280, 544 / 720),
    "round corners": (80 / 640, 80 / 800, 560 / 640, 720 / 800),
    "bars in bars": (208 / 720, 157 / 720, 512 / 720, 562 / 720),
}
NOT_FRAMED = (
    *("as it is", "grid", "coarse grid", "viewfinder", "captions", "date stamp", "jumping mark", "face in a corner"),
    *("face hidden", "grey", "camera knocked", "dark at first"),
)


def found(name: str, kind: str) -> tuple[list[Box], tuple[int, int]]:
    grey = grey_frames(frames_of(name, kind, every=30))
    return find_pictures(grey), grey[0].shape[::-1]


@pytest.mark.parametrize("kind", PLACES)
def test_a_screen_or_bars_around_a_recording_are_cut_off_to_a_few_pixels(kind):
    (box,), (width, height) = found(SEATED, kind)
    sides = np.array([box.left / width, box.top / height, box.right / width, box.bottom / height])
    assert np.abs(sides - PLACES[kind]).max() < 0.02


@pytest.mark.parametrize("name", [SEATED, "prone-easy-102-02"])
def test_the_pictures_of_a_call_are_told_apart(name):
    boxes, (width, _) = found(name, "call")
    assert len(boxes) == 2
    left, right = sorted(boxes, key=lambda box: box.left)
    assert left.right <= width / 2 <= right.left + 8


@pytest.mark.parametrize("kind", NOT_FRAMED)
@pytest.mark.parametrize("name", [SEATED, "prone-easy-102-02"])
def test_lines_over_a_picture_and_the_rooms_own_edges_frame_nothing(name, kind):
    assert found(name, kind)[0] == []


@pytest.mark.parametrize("clip", sorted(path.stem for path in SAMPLES.glob("*.mp4")))
def test_no_sample_has_a_picture_within(clip):
    assert found(clip, "as it is")[0] == []


def test_a_single_frame_tells_nothing():
    assert find_pictures([np.zeros((48, 64), np.uint8)]) == []
