"""Looking ahead: the looks of a live test that are taken while it goes on, and what becomes of them at the end."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipcv.core.errors import ModelError
from hipcv.pose.legs.ahead import FIRST_AFTER_S, Ahead, ReadAhead, join, same_place
from hipcv.pose.legs.looking import Views
from hipcv.pose.legs.network import Region
from hipcv.pose.legs.region import Vote

HERE = Vote(
    Region(320.0, 240.0, 400.0, 0.0),
    np.array([[300.0, 200.0], [340.0, 200.0]]),
    100.0,
    share=1.0,
    presence=0.9,
    quality=0.8,
)
ELSEWHERE = replace(HERE, region=replace(HERE.region, x_px=450.0), knees_px=HERE.knees_px + [130.0, 0.0])
LOOK_EVERY_S = 0.125


class Scripted:
    """A scout that finds what it is told, one answer a search, and notes what it looks at."""

    def __init__(self, *answers: Vote | None) -> None:
        self.answers = iter(answers)
        self.n_pictures: list[int] = []
        self.looked_at: list[tuple[float, Region]] = []

    def search(self, pictures: Sequence[np.ndarray]) -> Vote | None:
        self.n_pictures.append(len(pictures))
        return next(self.answers)

    def look(self, rgb: np.ndarray, region: Region, time_s: float) -> Views:
        self.looked_at.append((time_s, region))
        return Views(np.zeros((3, 64, 64), np.float32), 1.0, ())

    def wait_for_looks(self, n: int, at: Vote = HERE) -> None:
        for _ in range(1000):
            if sum(region == at.region for _, region in self.looked_at) >= n:
                return
            time.sleep(0.01)
        raise AssertionError(f"looked at {len(self.looked_at)} frames")


@pytest.fixture
def read_ahead() -> Iterator[ReadAhead]:
    """A reader-ahead of pictures that are all alike; the test sets who looks."""
    ahead = ReadAhead(Scripted, lambda n: [0, n // 2, n - 1], lambda packed: np.zeros((48, 64, 3), np.uint8))
    yield ahead
    ahead.stop()


def led_by(ahead: ReadAhead, scout: object) -> None:
    """Have this one look."""
    ahead._open_scout = lambda: scout  # type: ignore[assignment, return-value]


def feed(ahead: ReadAhead, n: int, start: int = 0) -> list[float]:
    """Add n frames from a number on, eight a second; return their times."""
    times_s = [k * LOOK_EVERY_S for k in range(start, start + n)]
    for time_s in times_s:
        ahead.add(time_s, b"a picture")
    return times_s


ENOUGH = round(FIRST_AFTER_S / LOOK_EVERY_S) + 1


def test_every_frame_is_looked_at_once_where_the_legs_are(read_ahead: ReadAhead) -> None:
    """One search in three pictures, then one look a frame at the square that it found, in their order."""
    scout = Scripted(HERE)
    led_by(read_ahead, scout)
    times_s = feed(read_ahead, ENOUGH)
    scout.wait_for_looks(ENOUGH)
    seen = read_ahead.stop()
    assert scout.n_pictures == [3]
    assert scout.looked_at == [(time_s, HERE.region) for time_s in times_s]
    assert list(seen.looks) == times_s
    assert seen.vote is HERE


def test_before_a_test_has_begun_nothing_is_searched(read_ahead: ReadAhead) -> None:
    """Somebody who fidgets with the camera for long costs no look: no more than a lead is ever kept."""
    led_by(read_ahead, Scripted())
    for k in range(20):
        times_s = feed(read_ahead, 24, 24 * k)
        read_ahead.keep_only(set(times_s))
    assert read_ahead.stop().looks == {}


def test_forgotten_frames_are_forgotten_with_their_looks(read_ahead: ReadAhead) -> None:
    """What the session drops is no part of what was seen."""
    scout = Scripted(HERE)
    led_by(read_ahead, scout)
    times_s = feed(read_ahead, ENOUGH)
    scout.wait_for_looks(ENOUGH)
    read_ahead.keep_only(set(times_s[30:]))
    assert list(read_ahead.stop().looks) == times_s[30:]


def test_a_later_search_that_finds_other_legs_begins_anew(read_ahead: ReadAhead) -> None:
    """Somebody who has moved is not looked at where they were; who has not keeps the looks."""
    scout = Scripted(HERE, ELSEWHERE, ELSEWHERE)
    led_by(read_ahead, scout)
    feed(read_ahead, ENOUGH)
    scout.wait_for_looks(ENOUGH)
    feed(read_ahead, ENOUGH, ENOUGH)
    scout.wait_for_looks(2 * ENOUGH, ELSEWHERE)
    seen = read_ahead.stop()
    assert seen.vote is not None
    assert seen.vote.region == ELSEWHERE.region
    assert len(seen.looks) == 2 * ENOUGH
    assert len(scout.n_pictures) <= 3


def test_where_nobody_is_found_nothing_is_looked_at(read_ahead: ReadAhead) -> None:
    """The search is repeated as frames come, not all the time."""
    led_by(read_ahead, scout := Scripted(*[None] * 99))
    feed(read_ahead, 4 * ENOUGH)
    assert read_ahead.stop().looks == {}
    assert len(scout.n_pictures) <= 5


def test_without_the_model_nothing_is_looked_at_and_the_test_goes_on() -> None:
    """Where it does not load the frames come and go all the same."""

    def gone() -> Scripted:
        raise ModelError("The model is gone.")

    ahead = ReadAhead(gone, lambda n: range(n), lambda packed: np.zeros((48, 64, 3), np.uint8))
    feed(ahead, 2 * ENOUGH)
    assert ahead.stop().looks == {}


def test_after_the_end_nothing_begins(read_ahead: ReadAhead) -> None:
    """A session that is closed looks at nothing, whatever comes."""
    led_by(read_ahead, scout := Scripted(HERE))
    read_ahead.stop()
    feed(read_ahead, ENOUGH)
    assert read_ahead.stop().looks == {}
    assert scout.n_pictures == []


@given(x=st.floats(-60, 60), y=st.floats(-60, 60), scale=st.floats(0.8, 1.25))
def test_one_place_is_the_same_for_both_of_two_searches(x: float, y: float, scale: float) -> None:
    """Nearly symmetric; legs that lie beyond a few centimetres, or are of another size, are others."""
    moved = replace(
        HERE,
        region=replace(HERE.region, x_px=320 + x, y_px=240 + y, side_px=400 * scale),
        knees_px=HERE.knees_px + [x, y],
        shank_px=100 * scale,
    )
    shift = np.hypot(x, y) / 400 + abs(np.log(scale))
    assert same_place(HERE, HERE)
    assert same_place(HERE, moved) == (bool(shift < 0.1) and bool(np.hypot(x, y) < 35))


def test_looks_count_where_the_whole_clip_shows_the_same_legs() -> None:
    """The square is the one that was looked at; what else is known is what the whole clip says."""
    whole = replace(HERE, region=replace(HERE.region, x_px=326.0), shank_px=103.0)
    looks = {0.0: Views(np.zeros((3, 64, 64), np.float32), 1.0, ())}
    vote, known = join(whole, Ahead(HERE, looks))
    assert (vote.region, vote.shank_px, known) == (HERE.region, 103.0, looks)
    assert join(ELSEWHERE, Ahead(HERE, looks)) == (ELSEWHERE, {})
    assert join(HERE, Ahead(None, {})) == (HERE, {})
