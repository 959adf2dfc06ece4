"""Lines drawn over or around the picture lie along it whatever the roll: they are never taken for the room's."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from filmed_room import SIZE, film_edges, room_segments
from simulated import seated

from hipcv.assessment import assess
from hipcv.core.camera import drawn_lines
from hipcv.core.camera.drawn_lines import (
    MAX_EXACT_SHARE,
    Whose,
    count_lines_across,
    exact_share,
    on_drawn_lines,
    read_room,
)
from hipcv.core.camera.pose import Cue
from hipcv.core.finding import Cause, FindingCode, Severity
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.setup import Setup

WIDTH, HEIGHT = SIZE
CAMERA = (-4.0, 12.0, 9.0)


def grid(step_px=160):
    """Return a grid over the whole picture, each line in pieces as an edge detector finds it: people are in front."""
    cuts = np.linspace(0, 1, 5)
    rows = [[a * WIDTH, y, b * WIDTH, y] for y in range(step_px, HEIGHT, step_px) for a, b in pairwise(cuts)]
    rows += [[x, a * HEIGHT, x, b * HEIGHT] for x in range(step_px, WIDTH, step_px) for a, b in pairwise(cuts)]
    return np.array(rows, dtype=np.float64)


def window(left=200.0, top=100.0, right=1080.0, bottom=640.0):
    """Return the frame of a window, and of the title bar in it, around the recording."""
    return np.array(
        [
            [left, top, right, top],
            [left, top + 40, right, top + 40],
            [left, bottom, right, bottom],
            [left, top, left, bottom],
            [right, top, right, bottom],
        ]
    )


def bars():
    """Return the borders of the bars left and right of an upright picture."""
    return np.array([[437.0, 0, 437, HEIGHT], [843.0, 0, 843, HEIGHT]])


DRAWN = {"grid": grid(), "window": window(), "bars": bars()}


@pytest.mark.parametrize("drawn", DRAWN.values(), ids=DRAWN)
@pytest.mark.parametrize("procedure", [SEATED, PRONE])
def test_a_rolled_room_under_drawn_lines_is_not_read_as_a_level_one(drawn, procedure):
    edges = np.concatenate([film_edges(room_segments(), *CAMERA), drawn])
    room = read_room(edges, SIZE, procedure).room
    assert room is None or room.roll_deg == pytest.approx(CAMERA[0], abs=1.0)


@pytest.mark.parametrize("drawn", DRAWN.values(), ids=DRAWN)
def test_drawn_lines_alone_are_nobodys_room(drawn):
    reading = read_room(drawn, SIZE, SEATED)
    assert reading.room is None
    assert reading.sign is not None


@pytest.mark.parametrize("camera", [CAMERA, (0.0, 10.0, 6.0), (1.5, 20.0, -12.0), (-13.0, 22.0, 5.0)])
def test_a_room_without_drawn_lines_is_heard_as_it_was(camera):
    edges = film_edges(room_segments(), *camera)
    reading = read_room(edges, SIZE, SEATED)
    assert reading.whose is Whose.ROOM
    assert not reading.set_aside.any()
    assert reading.room is not None
    assert reading.room.roll_deg == pytest.approx(camera[0], abs=0.6)


def test_the_share_along_the_picture_is_measured_in_length_and_not_in_number():
    short_and_exact, long_and_tilted = [0.0, 0, 10, 0], [0.0, 0, 300, 30]
    edges = np.array([short_and_exact, short_and_exact, long_and_tilted])
    assert exact_share(edges) == pytest.approx(20 / (20 + np.hypot(300, 30)))
    assert exact_share(np.empty((0, 4))) == 0.0
    assert exact_share(grid()) == 1.0 > MAX_EXACT_SHARE


def test_a_line_from_border_to_border_is_one_line_however_many_pieces_it_is_found_in():
    assert count_lines_across(grid(), SIZE) == len(range(160, HEIGHT, 160)) + len(range(160, WIDTH, 160))
    assert count_lines_across(film_edges(room_segments(), *CAMERA), SIZE) == 0


@pytest.mark.parametrize(("other_x", "n"), [(WIDTH - 80.0, 2), (WIDTH - 140.0, 1)])
def test_the_second_bar_counts_where_it_mirrors_the_first_though_half_of_it_is_not_found(other_x, n):
    found = np.array([[80.0, 0, 80, HEIGHT], [other_x, 60, other_x, 300], [other_x, 400, other_x, 580]])
    assert count_lines_across(found, SIZE) == n


@pytest.mark.parametrize(("apart_deg", "whose"), [(0.5, Whose.ROOM), (3.0, Whose.SCREEN)])
def test_lines_that_spoil_the_pitch_alone_are_set_aside_without_a_doubt(monkeypatch, apart_deg, whose):
    """The other edges know the roll by themselves; where all together say another one, the lines are a screen's."""
    room = film_edges(room_segments(), *CAMERA)
    edges = np.concatenate([room, [[300.0 + 200 * k, 100, 300 + 200 * k, 500] for k in range(3)]])
    fit = drawn_lines.fit_room

    def fit_all_askew(given, *rest):
        found = fit(given, *rest)
        all_deg = fit(room, *rest).roll_deg + apart_deg, found.pitch_deg + 20.0
        return replace(found, roll_deg=all_deg[0], pitch_deg=all_deg[1]) if len(given) == len(edges) else found

    monkeypatch.setattr(drawn_lines, "fit_room", fit_all_askew)
    reading = read_room(edges, SIZE, SEATED)
    assert reading.whose is whose
    assert reading.set_aside[-3:].all()
    if whose is Whose.ROOM:
        assert reading.sign is None
        assert reading.room.roll_deg == pytest.approx(CAMERA[0], abs=0.6)


def test_edges_that_are_less_sure_contradict_beyond_their_errors():
    """Four short edges of a tilted room, unsure by themselves, beside a frame whose lines are found a little askew."""
    size = (640, 360)
    whole = seated(roll=7.0, pitch=12.0, yaw=8.0, size=size).edges_px[[0, 4, 5, 6]]
    middle = np.tile((whole[:, :2] + whole[:, 2:]) / 2, 2)
    own = middle + 0.25 * (whole - middle)
    lone = read_room(own, size, SEATED).fit
    assert lone.usable
    assert not lone.accepted
    askew = np.array([[x, y, x + 0.8, y + 90] for x in (60, 150, 480, 570) for y in (40, 300)], dtype=np.float64)
    askew[:2, 2] -= 0.8
    edges = np.concatenate([own, askew])
    assert exact_share(edges) < MAX_EXACT_SHARE
    assert read_room(edges, size, SEATED).whose is Whose.SCREEN


def test_a_mark_on_a_drawn_line_is_told_from_a_mark_on_a_door():
    marks = np.array([[438.0, 100, 439, 600], [600.0, 100, 620, 600]])
    assert on_drawn_lines(marks, bars(), SIZE).tolist() == [True, False]


def filmed(edges, **told):
    """Return the assessment of somebody who sits in a room of these edges."""
    series = seated(left=(35.0,), right=(35.0,), roll=CAMERA[0], size=SIZE, duration_s=8.0)
    return assess(replace(series, edges_px=edges), Setup(**told))


@pytest.mark.parametrize("drawn", DRAWN.values(), ids=DRAWN)
def test_without_a_plumb_line_there_is_a_doubt_that_says_why_and_no_difference_between_the_legs(drawn):
    assessment = filmed(drawn)
    doubts = {f.code for f in assessment.findings if f.severity is Severity.DOUBT}
    assert {FindingCode.GRAVITY_UNKNOWN, FindingCode.DRAWN_LINES} <= doubts
    assert assessment.asymmetry is None
    assert not assessment.camera.roll.rests_on(Cue.ROOM_EDGES)


def test_marks_on_drawn_lines_are_what_the_finding_speaks_of():
    marked = filmed(grid(), vertical_edges_px=((320.0, 40.0, 320.0, 700.0), (960.0, 40.0, 960.0, 700.0)))
    told = [f for f in marked.findings if f.code is FindingCode.DRAWN_LINES]
    assert [f.cause for f in told] == [Cause.MARKED_DRAWN]
    assert not marked.camera.roll_known


def test_a_stated_roll_needs_no_edges_and_is_not_doubted_for_drawn_ones():
    assessment = filmed(grid(), roll_deg=CAMERA[0])
    assert FindingCode.GRAVITY_UNKNOWN not in {f.code for f in assessment.findings}
    assert not [f for f in assessment.findings if f.code is FindingCode.DRAWN_LINES and f.severity is Severity.DOUBT]
    assert assessment.camera.roll_known
