"""Every finding can be explained to a patient, in plain words, with what to do about it."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipcv.core.finding import Cause, FindingCode
from hipcv.core.procedure import Procedure
from hipcv.core.procedures import PROCEDURES
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.evidence.guidance import (
    advice_for,
    filming_guide,
    known_causes,
    known_codes,
    meaning_for,
    note_for,
    origin_for,
    title_for,
    wording_of,
)
from hipcv.words import SIDES

AVOIDED = re.compile(
    r"\b(normal|abnormal|keypoints?|joint markers?|confidence|diagnos\w*|patholog\w*|disease|score)\b", re.I
)
UNITS = ["", "deg", "°", "s", "px", "frames a second", "of the frames", "° between two sources"]

numbers = st.none() | st.floats(allow_nan=True, allow_infinity=True)


def is_one_sentence(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Z][^.!?]*\.", re.sub(r"(?<=\d)\.(?=\d)", ",", text)))


def test_every_finding_has_words_and_no_words_lack_a_finding() -> None:
    assert set(known_codes()) == {code.value for code in FindingCode}


@pytest.mark.parametrize("code", FindingCode)
def test_title_meaning_and_advice_are_short_plain_and_without_a_diagnosis(code: FindingCode) -> None:
    assert 1 <= len(title_for(code).split()) <= 9
    assert not title_for(code).endswith(".")
    assert is_one_sentence(meaning_for(code))
    assert is_one_sentence(advice_for(code))
    for text in (title_for(code), meaning_for(code), advice_for(code)):
        assert not AVOIDED.search(text), text
        assert len(text.split()) <= 32, text


@pytest.mark.parametrize("code", ["no_age_or_sex", "no_age", "no_sex", "no_spread", "under_18"])
def test_what_stands_beside_a_comparison_is_plain_and_without_a_diagnosis(code: str) -> None:
    assert re.fullmatch(r"[A-Z].*\.", note_for(code))
    assert not AVOIDED.search(note_for(code))
    assert "you have" not in note_for(code)


def test_a_note_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="known note"):
        note_for("no_shoes")


def test_no_two_findings_share_their_words() -> None:
    for words in (title_for, meaning_for, advice_for):
        assert len({words(code) for code in FindingCode}) == len(FindingCode)


@given(st.sampled_from(FindingCode), numbers, numbers, st.sampled_from(UNITS), st.sampled_from([None, *SIDES]))
def test_advice_is_one_clean_sentence_whatever_is_known(code, observed, limit, unit, side) -> None:
    advice = advice_for(code, observed=observed, limit=limit, unit=unit, side=side)
    assert is_one_sentence(advice), advice
    assert not re.search(r"[{}\[\]]|None|nan|inf\b|  | ,| \.", advice), advice


def test_advice_names_the_side() -> None:
    assert "the left knee" in advice_for("thigh_drift", side="left")
    assert "the right knee" in advice_for("thigh_drift", side=SIDES[1])
    assert "Keep the knee" in advice_for("thigh_drift")


def test_a_camera_on_its_right_is_carried_to_its_left_by_as_much() -> None:
    to_left = advice_for("camera_yaw", observed=34.6, limit=30, unit="°")
    to_right = advice_for("camera_yaw", observed=-34.6, limit=30, unit="°")
    assert "to the left by about 35°" in to_left
    assert "to the right by about 35°" in to_right
    for unknown in (None, math.nan):
        assert advice_for("camera_yaw", observed=unknown) == "Put the camera straight in line with the thighs."


def test_numbers_carry_their_unit() -> None:
    assert "with at least 12 frames a second" in advice_for("low_frame_rate", limit=12.0, unit="frames a second")
    assert "about 4.5°" in advice_for("camera_yaw", observed=4.5, unit="deg")


def test_origins_name_a_source_or_a_calculation() -> None:
    origins = {code: origin_for(code) for code in FindingCode}
    assert "10.4085/1062-6050-426-16" in origins[FindingCode.PELVIS_HIKE]
    assert origins[FindingCode.GRAVITY_UNKNOWN].startswith("Geometry")
    assert all(text == "" or text.endswith(".") for text in origins.values())


#: What a finding may carry into the sentence of its cause.
VALUES = {
    "kept": "marked edges",
    "kept_deg": 1.2,
    "dissent": "rest lean",
    "dissent_deg": -7.6,
    "model": "lite",
    "where": "0.31,0.55 or 0.70,0.60",
    "seen": "head",
    "said": "foot",
    "size": "480×480",
    "own": "480:480",
    "from_s": 2.0,
    "to_s": 17.4,
    "missing": "left",
    "seen_leg": "right",
    "rotate": 270,
    "n": 2,
    "of": 3,
    "which": "picture 2 (no person in view)",
    "bent_deg": 118.4,
    "effect_deg": -3.26,
}
CAUSES = [(code, cause) for code in FindingCode for cause in known_causes(code)]


def test_every_cause_has_words_and_no_words_lack_a_cause() -> None:
    assert {cause for _, cause in CAUSES} == set(Cause)


@pytest.mark.parametrize(("code", "cause"), CAUSES)
def test_the_advice_for_a_cause_is_clean_and_differs_from_the_usual_one(code: FindingCode, cause: str) -> None:
    advice = advice_for(code, side="left", cause=cause, values=VALUES)
    assert advice != advice_for(code, side="left")
    assert not re.search(r"[{}\[\]]|None|nan|  | ,| \.$", advice), advice
    assert re.fullmatch(r"[A-Z].*\.", advice)
    assert not AVOIDED.search(advice)


def test_a_contradiction_names_both_sources_and_what_to_do_about_the_one_that_was_kept() -> None:
    told = advice_for("roll_sources_disagree", cause="marked_kept", values=VALUES)
    assert told == (
        "The camera is tilted clockwise by 1° by the edges that were marked, but by -8° by the resting legs: "
        "check the edges that were marked, and measure again."
    )


def test_a_bent_knee_is_told_with_its_angle_and_what_it_costs() -> None:
    told = advice_for("knee_angle", side="right", cause="bent_knee", values=VALUES)
    assert told.startswith("The right knee seems bent by about 118°; with this camera that moves the angle by")
    assert "by about -3.3°. Bend it" in told


def test_a_cause_that_a_finding_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="known cause of wrong_view is needed, found 'way_open'; known are other_end"):
        advice_for("wrong_view", cause=Cause.WAY_OPEN)


def test_a_verdict_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="known verdict is needed, found 'huge'; known are no_difference_detected"):
        wording_of("huge")


@pytest.mark.parametrize("words", [title_for, meaning_for, origin_for, advice_for])
def test_an_unknown_code_is_refused_with_the_known_ones(words) -> None:
    with pytest.raises(ValueError, match=r"found 'hip_hike'; known are pelvis_hike, .*gravity_unknown"):
        words("hip_hike")


@pytest.mark.parametrize("position", PROCEDURES)
def test_the_filming_guide_is_short_and_says_what_makes_a_test_measurable(position: Procedure) -> None:
    steps = filming_guide(position)
    text = " ".join(steps)
    assert 6 <= len(steps) <= 10
    assert all(is_one_sentence(step) for step in steps)
    for wanted in (
        "right angle",
        "camera",
        "knees",
        "feet",
        "outwards",
        "two seconds",
        "three times",
        "upright",
        "alone",
    ):
        assert wanted in text
    assert not AVOIDED.search(text)


def test_each_position_is_filmed_from_its_own_end() -> None:
    assert any("straight in front" in step for step in filming_guide(SEATED))
    assert any("beyond the feet" in step for step in filming_guide(PRONE))
    assert not any("face down" in step for step in filming_guide(SEATED))
