"""Straight edges of the still room are found in drawn pictures whose edges are known."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hipcv.sources.edges import MAX_FRAMES, StillRoom

NOBODY = np.empty((0, 2, 2))
SIZE = (960, 540)


def room_picture(size: tuple[int, int] = SIZE, shift_px: tuple[float, float] = (0, 0)) -> NDArray[np.uint8]:
    """Draw a dark cupboard and a picture frame on a grained wall, moved by `shift_px`."""
    width, height = size
    scale = width / 960
    grain = np.random.default_rng(1).normal(0, 3, (height, width, 1))
    picture = np.full((height, width, 3), 190.0) + grain
    for (x1, y1), (x2, y2), grey in (((100, 120), (260, 480), 60), ((700, 80), (860, 200), 110)):
        corner, opposite = (int(x1 * scale), int(y1 * scale)), (int(x2 * scale), int(y2 * scale))
        cv2.rectangle(picture, corner, opposite, (grey, grey, grey), -1)
    move = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]]], dtype=np.float64)
    shifted = cv2.warpAffine(picture.clip(0, 255).astype(np.uint8), move, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(shifted, dtype=np.uint8)


def filmed(*pictures: NDArray[np.uint8]) -> StillRoom:
    room = StillRoom()
    for i, picture in enumerate(pictures):
        room.add(picture, i / 25)
    return room


def has_plumb_edge_at(edges: NDArray[np.float64], x: float, tolerance_px: float = 2.0) -> bool:
    upright = np.abs(edges[:, 0] - edges[:, 2]) < 2
    return bool((upright & (np.abs(edges[:, 0] - x) < tolerance_px)).any())


def test_the_edges_of_a_cupboard_are_found_where_they_are() -> None:
    edges = filmed(*[room_picture()] * 3).find_edges(NOBODY, 100.0)
    assert all(has_plumb_edge_at(edges, x) for x in (100, 260, 700, 860))
    length = np.hypot(edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1])
    assert np.all(np.diff(length) <= 0)
    assert length.max() == pytest.approx(360, abs=8)


def test_edges_in_dim_light_are_found_as_well() -> None:
    """A cupboard and a frame 13 and 8 grey levels darker than the wall: less than the detector notices by itself."""
    dim = (90 + (room_picture().astype(np.float64) - 190) * 13 / 130).round().astype(np.uint8)
    edges = filmed(*[dim] * 3).find_edges(NOBODY, 100.0)
    assert all(has_plumb_edge_at(edges, x) for x in (100, 260, 700, 860))


def test_the_blocks_of_a_compressed_wall_are_no_edges() -> None:
    """A shaded, tilted wall packed so badly that its blocks show: they run along the picture, whatever the roll is."""
    y, x = np.mgrid[:540, :960]
    grain = np.random.default_rng(2).normal(0, 4, (540, 960))
    wall = (120 + 40 * np.sin(x / 300 + y / 200) + grain).clip(0, 255).astype(np.uint8)
    packed = cv2.imencode(".jpg", cv2.merge([wall] * 3), [cv2.IMWRITE_JPEG_QUALITY, 25])[1]
    blocky = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    assert len(filmed(*[blocky] * 3).find_edges(NOBODY, 100.0)) == 0


def test_edges_come_in_pixels_of_the_full_picture() -> None:
    small, large = (filmed(*[room_picture(s)] * 3).find_edges(NOBODY, 100.0) for s in ((640, 360), (1920, 1080)))
    assert has_plumb_edge_at(small, 100 * 640 / 960)
    assert has_plumb_edge_at(large, 100 * 1920 / 960, tolerance_px=4)


def test_edges_on_the_person_are_left_out() -> None:
    room = filmed(*[room_picture()] * 3)
    person = np.array([[[100.0, 120], [100, 480]], [[np.nan, 0], [3, 4]]])
    edges = room.find_edges(person, 100.0)
    assert not has_plumb_edge_at(edges, 100)
    assert has_plumb_edge_at(edges, 260)


def test_what_moves_leaves_no_edge() -> None:
    pictures = []
    for i in range(20):
        picture = room_picture()
        cv2.rectangle(picture, (300 + 18 * i, 200), (330 + 18 * i, 500), (20, 20, 20), -1)
        pictures.append(picture)
    edges = filmed(*pictures).find_edges(NOBODY, 100.0)
    in_the_way = (edges[:, [0, 2]].mean(1) > 290) & (edges[:, [0, 2]].mean(1) < 680)
    assert not in_the_way.any()


def test_memory_stays_flat_and_the_kept_frames_span_the_recording() -> None:
    room = StillRoom()
    for i in range(1000):
        room.add(np.full((36, 64, 3), i * 255 // 1000, dtype=np.uint8), i / 25)
        assert room.n_kept <= MAX_FRAMES
    assert room.n_kept > MAX_FRAMES // 2 - 1
    greys = [int(frame[0, 0]) for frame in room._frames]
    assert greys[0] == 0
    assert greys[-1] > 225
    assert np.ptp(np.diff(greys)) <= 1


def test_a_still_camera_does_not_move() -> None:
    assert filmed(*[room_picture()] * 6).camera_motion_px(NOBODY, 100.0) < 0.3


def test_a_camera_that_drifts_is_noticed_by_about_its_way() -> None:
    drift = [room_picture(shift_px=(0.8 * i, 0.3 * i)) for i in range(16)]
    moved = filmed(*drift).camera_motion_px(NOBODY, 100.0)
    assert 4 < moved < 10


def test_a_person_who_moves_is_not_taken_for_a_moving_camera() -> None:
    pictures = []
    for i in range(12):
        picture = room_picture()
        cv2.rectangle(picture, (400 + 10 * i, 200), (460 + 10 * i, 500), (20, 20, 20), -1)
        pictures.append(picture)
    assert filmed(*pictures).camera_motion_px(NOBODY, 100.0) < 0.5


def test_somebody_who_goes_for_good_is_not_taken_for_a_moving_camera() -> None:
    rng = np.random.default_rng(3)
    dress = np.kron(rng.integers(0, 2, (20, 20)), np.ones((12, 18)))[..., None].astype(np.uint8) * [250, 240, 230]
    pictures = [room_picture() for _ in range(12)]
    for picture in pictures[:7]:  # longer there than not: in the middle picture, too
        picture[150 : 150 + dress.shape[0], 220 : 220 + dress.shape[1]] = dress
    assert filmed(*pictures).camera_motion_px(NOBODY, 100.0) < 0.5


def test_a_blank_wall_has_no_edges_and_no_measure_of_motion() -> None:
    room = filmed(*[np.full((360, 640, 3), 128, dtype=np.uint8)] * 3)
    assert room.find_edges(NOBODY, 100.0).shape == (0, 4)
    assert np.isnan(room.camera_motion_px(NOBODY, 100.0))


def test_no_frame_at_all_gives_no_edges() -> None:
    assert StillRoom().find_edges(NOBODY, 100.0).shape == (0, 4)
    assert np.isnan(StillRoom().camera_motion_px(NOBODY, 100.0))


def test_frames_of_another_size_or_without_a_time_are_passed_over() -> None:
    room = filmed(room_picture())
    room.add(room_picture((640, 360)), 1.0)
    room.add(room_picture(), float("nan"))
    assert room.n_kept == 1


def test_the_same_frames_give_the_same_edges() -> None:
    first, second = (filmed(*[room_picture()] * 4).find_edges(NOBODY, 100.0) for _ in range(2))
    assert np.array_equal(first, second)
