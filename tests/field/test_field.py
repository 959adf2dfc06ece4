"""What people really hand in is measured rightly, or refused and doubted for what is the matter with it."""

import json
from dataclasses import replace

import pytest
from field_frames import OTHERS, SAMPLES, kinds, make

from hipcv.core.finding import Cause, FindingCode, Severity
from hipcv.core.setup import Setup
from hipcv.core.viewing import Viewing
from hipcv.measurement import Measurement, measure_file
from hipcv.words import SIDES

pytestmark = pytest.mark.model

SEATED = "seated-hard-103-00"
#: Of two kinds of which one is enough where nothing else is meant to be seen, the other.
AT_LENGTH = pytest.mark.at_length


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Measure a kind of a sample: every other of its pictures, which are still more than are read."""
    folder = tmp_path_factory.mktemp("field")

    def measure(name: str, kind: str, viewing: Viewing | None = None, every_nth: int = 2) -> Measurement:
        made = replace(kinds(SAMPLES / f"{name}.mp4", OTHERS)[kind], every_nth=every_nth)
        place = folder / f"{name}-{kind.replace(' ', '-')}"
        place.mkdir(exist_ok=True)
        path = make(made, SAMPLES / f"{name}.mp4", place)
        return measure_file(path, Setup(), viewing=viewing or made.viewing)

    return measure


def ends_deg(name):
    truth = json.loads((SAMPLES / f"{name}.truth.json").read_text(encoding="utf-8"))
    return [t["end_range_shin_to_vertical_deg"] for side in "LR" for t in truth["trials"] if t["side"] == side]


def weighty(measured, severity=None):
    return {
        f.code
        for f in measured.assessment.findings
        if f.severity is not Severity.NOTE and severity in (None, f.severity)
    }


def test_a_recording_of_a_desktop_is_measured_in_its_window_with_the_cameras_own_roll(measured):
    seen = measured(SEATED, "desktop")
    assert [seen.assessment.of(side).end_range_deg for side in SIDES] == pytest.approx(ends_deg(SEATED), abs=3.0)
    assert seen.assessment.camera.roll.value_deg == pytest.approx(-3.8, abs=1.5)
    assert not weighty(seen)
    assert FindingCode.PICTURE_WITHIN in {f.code for f in seen.assessment.findings}


def test_a_calls_tile_is_chosen_by_whose_legs_are_in_it(measured):
    seen = measured(SEATED, "call")
    left, _, width, _ = seen.assessment.provenance.viewing.crop_px
    assert left + width < 640
    assert [seen.assessment.of(side).end_range_deg for side in SIDES] == pytest.approx(ends_deg(SEATED), abs=3.0)


def test_of_two_tests_that_are_joined_neither_is_measured_and_a_stretch_that_is_told_is(measured):
    name = "seated-easy-101-01"
    both = measured(name, "two tests joined", every_nth=1)
    assert weighty(both) == {FindingCode.SEVERAL_TESTS}
    assert both.assessment.trials == ()
    assert "seconds 0.0 to 6.5 and 6.5 to" in both.assessment.findings[0].advice
    one = measured(name, "two tests, told")
    assert [one.assessment.of(side).end_range_deg for side in SIDES] == pytest.approx(ends_deg(name), abs=3.0)


def test_a_card_before_the_test_is_left_out_and_the_seconds_are_told(measured):
    seen = measured(SEATED, "a card before")
    (told,) = [f for f in seen.assessment.findings if f.code is FindingCode.PART_MEASURED]
    assert (told.severity, told.cause) == (Severity.NOTE, Cause.STRETCH)
    assert told.values["from_s"] == pytest.approx(2.0, abs=0.2)
    assert seen.series.time_s[0] == pytest.approx(2.0, abs=0.2)  # as a player shows it
    assert not weighty(seen)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("upside down", Cause.UPSIDE_DOWN), pytest.param("on its side", Cause.TURNED_CLOCKWISE, marks=AT_LENGTH)],
)
def test_a_turned_clip_is_refused_as_that_and_as_nothing_else(measured, kind, cause):
    seen = measured("seated-easy-101-01", kind)
    assert [(f.code, f.cause) for f in seen.assessment.findings] == [(FindingCode.PICTURE_TURNED, cause)]
    assert "--rotate" in seen.assessment.findings[0].advice


@pytest.mark.parametrize("kind", ["upside down, told", pytest.param("squeezed, told", marks=AT_LENGTH)])
def test_what_is_told_of_turn_and_shape_is_undone(measured, kind):
    seen = measured("seated-easy-101-01", kind)
    assert [seen.assessment.of(side).end_range_deg for side in SIDES] == pytest.approx(
        ends_deg("seated-easy-101-01"), abs=3.0
    )
    assert not weighty(seen)


@pytest.mark.parametrize("kind", ["squeezed", pytest.param("stretched", marks=AT_LENGTH)])
def test_a_picture_of_another_shape_that_does_not_say_so_is_doubted(measured, kind):
    assert weighty(measured("seated-easy-101-01", kind)) == {FindingCode.PIXEL_SHAPE}


def test_somebody_else_who_sits_down_in_the_same_place_is_asked_about(measured):
    seen = measured("seated-easy-101-01", "another person")
    (told,) = [f for f in seen.assessment.findings if f.severity is Severity.REJECT]
    assert (told.code, told.cause) == (FindingCode.SEVERAL_TESTS, Cause.OTHER_PERSON)
    assert "seconds 0.0 to 3." in told.advice


def test_who_has_one_leg_gets_one_number_and_the_other_leg_is_named(measured):
    seen = measured(SEATED, "no left shank")
    assert seen.assessment.right.end_range_deg == pytest.approx(ends_deg(SEATED)[1], abs=4.0)
    (told,) = [f for f in seen.assessment.findings if f.severity is Severity.REJECT]
    assert (told.code, told.cause, str(told.side)) == (FindingCode.LEGS_NOT_SEEN, Cause.LONE_LEG, "left")
