"""No face leaves in a picture, whether it was found in that frame or not; what was measured stays to be seen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated import prone, seated

from hipcv.assessment import assess
from hipcv.core.procedures.prone import PRONE
from hipcv.core.series import ANKLES, KNEES, FloatArray, PoseSeries
from hipcv.core.setup import Setup
from hipcv.outputs.artefacts import REPORT, VIDEO, Material
from hipcv.outputs.faces import FACE, HELD_S, FaceCover
from hipcv.outputs.folder import write_folder
from hipcv.outputs.overlay import ByteArray
from hipcv.pose.legs.network import Look
from hipcv.pose.legs.people import CELLS_PX, N_VALUES, REACH_AT, read_guesses
from hipcv.pose.legs.reader import LegReader
from hipcv.words import CameraSide

SIZE = (160, 120)


def noise(size_px: tuple[int, int], seed: int = 1) -> ByteArray:
    """A picture in which no two neighbours are alike: what is covered is another one."""
    return np.random.default_rng(seed).integers(0, 255, (size_px[1], size_px[0], 3), dtype=np.uint8)


def covered(series: PoseSeries, time_s: float) -> np.ndarray:
    """Return (height, width) where a frame is no longer what it was."""
    before = noise(series.frame_size_px)
    return np.asarray((FaceCover(series)(before, time_s) != before).any(axis=-1))


def share_covered(hidden: np.ndarray, points_px: FloatArray, radius_px: float = 2.0) -> float:
    """Return how much is covered of the places around some points, 0 to 1."""
    rows, columns = np.indices(hidden.shape)
    near = np.zeros_like(hidden)
    for x, y in points_px:
        near |= np.hypot(columns - x, rows - y) <= radius_px
    return float(hidden[near].mean())


def faces_of(series: PoseSeries) -> FloatArray:
    return series.image_px[:, FACE]


@pytest.fixture(params=["seated-easy-101-00", "seated-hard-103-00", "seated-passive-121-01"])
def sitting(request: pytest.FixtureRequest, kept: Any) -> PoseSeries:
    found: PoseSeries = kept(request.param).series
    return found


def test_every_landmark_of_a_face_is_covered_and_no_foot(sitting: PoseSeries) -> None:
    for k in range(0, len(sitting), 9):
        hidden = covered(sitting, float(sitting.time_s[k]))
        assert share_covered(hidden, faces_of(sitting)[k], 4.0) > 0.97
        ankles = sitting.image_px[k, ANKLES]
        assert share_covered(hidden, ankles[np.isfinite(ankles).all(axis=1)]) < 0.05


def test_a_face_is_covered_in_frames_in_which_it_was_not_found(sitting: PoseSeries) -> None:
    """Neither the detector nor the landmarks know it there: between, before and after."""
    px = sitting.image_px.copy()
    n = len(px)
    lost = np.zeros(n, bool)
    lost[: n // 6] = lost[n // 3 : n // 2] = lost[-n // 6 :] = True
    px[lost, FACE] = np.nan
    fewer = replace(sitting, image_px=px, heads=np.empty((0, 4)))
    for k in np.flatnonzero(lost)[::7]:
        assert share_covered(covered(fewer, float(sitting.time_s[k])), faces_of(sitting)[k], 4.0) > 0.95


@given(st.floats(0, 1), st.floats(0.0, 6.0))
def test_somebody_who_walks_through_is_covered_on_the_way(share: float, held_s: float) -> None:
    """Two looks half a second apart; the head is somewhere between, and stays where it was seen last for a while."""
    radius, time_s = 12.0, 2.0 + 0.5 * share
    heads = [[2.0, 40.0, 30.0, radius], [2.5, 70.0, 34.0, radius]]
    nobody = empty(heads)
    here = np.array([[40 + 30 * share, 30 + 4 * share]])
    assert share_covered(covered(nobody, time_s), here, 6.0) > 0.9
    assert share_covered(covered(nobody, 2.5 + held_s), np.array([[70.0, 34.0]]), 6.0) == 1.0
    assert not covered(nobody, 2.5 + held_s)[80:].any()


def empty(heads: list[list[float]], image_px: FloatArray | None = None) -> PoseSeries:
    nowhere = np.full((1, 33, 2), np.nan) if image_px is None else image_px
    return PoseSeries(
        [0.0], nowhere, np.full((1, 33, 3), np.nan), np.ones((1, 33)), SIZE, heads=np.array(heads).reshape(-1, 4)
    )


def test_beside_a_known_face_a_bystander_is_covered_no_longer_than_held() -> None:
    own = seated(left=(40.0,), duration_s=8.0, fps=10.0, size=SIZE)
    px = own.image_px.copy()
    px[:, FACE] = (80.0, 20.0)
    passing = replace(own, image_px=px, heads=[[3.0, 20.0, 30.0, 8.0]])
    there = np.array([[20.0, 30.0]])
    assert share_covered(covered(passing, 3.0), there) == 1.0
    assert share_covered(covered(passing, 3.0 - 0.9 * HELD_S), there) == 1.0
    assert share_covered(covered(passing, 3.0 + 2 * HELD_S), there) == 0.0


def test_where_no_head_is_known_everything_but_the_lower_legs_is_covered() -> None:
    lying = prone(left=(30.0,), duration_s=8.0, fps=10.0)
    assert not np.isfinite(lying.image_px[:, FACE]).all(axis=(1, 2)).any()
    hidden = covered(lying, float(lying.time_s[20]))
    legs = lying.image_px[20, [*KNEES, *ANKLES]]
    assert share_covered(hidden, legs) < 0.02
    assert share_covered(hidden, np.array([[20.0, 20.0], [600.0, 30.0]]), 10.0) > 0.9
    assert covered(empty([]), 0.0).mean() > 0.9


def test_a_head_behind_the_legs_does_not_hide_them() -> None:
    lying = prone(left=(30.0,), duration_s=8.0, fps=10.0)
    knees, ankles = lying.image_px[20, KNEES], lying.image_px[20, ANKLES]
    x, y = (knees.mean(axis=0) + ankles.mean(axis=0)) / 2
    reach = float(np.linalg.norm(knees[0] - ankles[0]))
    hidden = covered(replace(lying, heads=[[float(lying.time_s[20]), x, y, reach]]), float(lying.time_s[20]))
    assert share_covered(hidden, (knees + ankles) / 2) < 0.02
    assert hidden[int(y), int(x)]


def test_a_covered_face_cannot_be_told() -> None:
    """Two pictures that differ in the finest detail alone are the same afterwards."""
    one = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
    other = one.copy()
    one[::2, ::2], other[1::2, 1::2] = 220, 220
    cover = FaceCover(empty([[0.0, 80.0, 60.0, 30.0]]))
    left, right = cover(one, 0.0)[40:80, 60:100].astype(int), cover(other, 0.0)[40:80, 60:100].astype(int)
    assert np.abs(left - right).max() <= 12
    assert np.ptp(left) <= 12


@dataclass(frozen=True)
class Shot:
    time_s: float
    rgb: ByteArray


@pytest.mark.parametrize("show_face", [False, True])
def test_what_is_written_has_its_faces_covered_unless_somebody_asks(tmp_path: Path, show_face: bool) -> None:
    own = seated(left=(40.0,), right=(25.0,), duration_s=16.0, fps=6.0, size=(320, 240))
    px = own.image_px.copy()
    px[:, FACE] = (160.0, 60.0)
    series = replace(own, image_px=px)
    assessment = assess(series, Setup())
    pattern = np.full((240, 320, 3), 100, np.uint8)
    pattern[::4], pattern[:, ::4] = 230, 230

    def frames() -> Iterator[Shot]:
        return (Shot(float(t), pattern) for t in series.time_s)

    write_folder(tmp_path, frames(), series, assessment, show_face=show_face)
    with av.open(str(tmp_path / VIDEO.file)) as video:
        shown = next(video.decode(video=0)).to_ndarray(format="gray")
    assert (np.ptp(shown[55:66, 155:166].astype(int)) > 60) == show_face
    assert np.ptp(shown[60:80, 20:40].astype(int)) > 60
    assert (tmp_path / REPORT.file).read_text().count("data:image/jpeg") == 2
    given_frames = Material(assessment, series, frames(), show_face=show_face).frames
    assert given_frames is not None
    assert (next(iter(given_frames)).rgb == pattern).all() == show_face


def test_two_heads_above_one_pair_of_hips_are_two_people_by_their_heads() -> None:
    guesses, logits = np.zeros((len(CELLS_PX), N_VALUES)), np.full(len(CELLS_PX), -9.0)
    for k, (reach, logit) in {500: ((0.0, -60.0), 3.0), 501: ((-50.0, -30.0), -0.5)}.items():
        guesses[k, REACH_AT], logits[k] = reach, logit
    assert len(read_guesses(guesses, logits)) == 1
    assert len(read_guesses(guesses, logits, by_head=True)) == 2


class CountedHeads:
    """A detector that sees one head, and counts how often it looks."""

    def __init__(self) -> None:
        self.n = 0

    def heads(self, rgb: ByteArray) -> FloatArray:
        self.n += 1
        return np.array([[80.0, 60.0, 9.0]])


def test_heads_are_looked_for_again_where_anything_moved() -> None:
    room, came = noise((160, 120)), noise((160, 120))
    came[40:60, 70:90] = 255
    grain = np.random.default_rng(2).integers(-3, 4, (40, *room.shape))
    blank = Look(np.zeros((39, 2)), np.zeros((33, 3)), 0.0, np.zeros((256, 256)), np.full((64, 64, 39), -9.0))
    reader = LegReader(lambda _: blank, PRONE, CameraSide.FOOT_END, detector=(detector := CountedHeads()))
    for k in range(40):
        rgb = np.clip(np.int16(room if k < 24 else came) + grain[k], 0, 255)
        reader.add(rgb.astype(np.uint8), k / 8)
    heads = reader.series().heads
    assert detector.n == 2
    assert heads[:, 0].tolist() == [0.5 * k for k in range(10)]
    assert (heads[:, 1:] == [80.0, 60.0, 9.0]).all()


def test_a_prone_clip_shows_its_shins(kept: Any) -> None:
    """Whatever the detector takes for heads there, the measured legs are seen."""
    for name in ("prone-easy-102-02", "prone-passive-122-01"):
        series = kept(name).series
        assert len(series.heads)
        for k in range(0, len(series), 11):
            middle = (series.image_px[k, KNEES] + series.image_px[k, ANKLES]) / 2
            known = np.isfinite(middle).all(axis=1)
            if known.any():
                assert share_covered(covered(series, float(series.time_s[k])), middle[known]) < 0.05
