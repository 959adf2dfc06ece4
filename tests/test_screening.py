"""Answers before a test call for the right thing, whatever they are together."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipcv.core.answers import VALID_FOR, read_answers, too_old
from hipcv.evidence.guidance import note_for
from hipcv.evidence.screening import Gate, Outcome, asked_again, judge, questions, when_it_hurts, words_of
from hipcv.words import Answer

ORDER = list(Outcome)
some_answers = st.sets(st.sampled_from(Answer))
ages = st.none() | st.floats(0, 120)
CHILDS_PAIN = {
    *(Answer.HIP_PAIN, Answer.THIGH_PAIN, Answer.KNEE_PAIN, Answer.LIMP, Answer.PINCH, Answer.CATCHING),
    *(Answer.LASTING, Answer.RUNNING_PAIN, Answer.SUDDENLY_WORSE, Answer.NIGHT_PAIN),
}


def test_six_questions_hold_every_answer_once():
    listed = [words.answer for question in questions() for words in question.answers]
    assert sorted(listed) == sorted(Answer)
    assert len(questions()) == 6


@pytest.mark.parametrize(
    ("outcome", "answers"),
    [
        (Outcome.SEE_NOW, {"cannot_stand", "saddle_numb", "fever", "infection_risk"}),
        (Outcome.SEE_THIS_WEEK, {"night_pain", "illness", "running_pain", "suddenly_worse"}),
        (Outcome.NOT_ALONE, {"operation", "loose_hip"}),
        (Outcome.NO_EXERCISES, {"under_18", "leg_numb", "back_pain", "catching", "lasting", "limp"}),
        (Outcome.GO_ON, {"very_mobile", "fragile", "pregnant", "hip_pain", "thigh_pain", "knee_pain", "pinch"}),
    ],
)
def test_each_answer_alone_calls_for_what_its_source_says(outcome, answers):
    assert {answer.value for answer in Answer if judge([answer]).outcome is outcome} == answers


@given(some_answers, ages)
def test_the_most_urgent_answer_decides_and_none_is_forgotten(answers, age):
    screened = judge(answers, age_years=age)
    assert all(ORDER.index(screened.outcome) <= ORDER.index(judge([answer]).outcome) for answer in answers)
    assert screened.say
    if screened.outcome is not Outcome.SEE_NOW:
        assert {words_of(answer).say for answer in answers} <= set(screened.say)
    assert screened.gates == {gate for answer in answers for gate in words_of(answer).gates}


@given(some_answers, some_answers, ages)
def test_one_more_answer_never_makes_it_less_urgent(answers, more, age):
    one, other = judge(answers, age_years=age), judge(answers | more, age_years=age)
    assert ORDER.index(other.outcome) <= ORDER.index(one.outcome)
    assert other.gates >= one.gates


@given(some_answers, st.floats(0, 17.99))
def test_a_child_that_hurts_is_seen_the_same_day_and_never_exercises(answers, age):
    screened = judge(answers, age_years=age)
    assert not screened.exercises_allowed
    if answers & CHILDS_PAIN:
        assert screened.outcome is Outcome.SEE_NOW
        assert any("same day" in sentence for sentence in screened.say)


@given(some_answers, ages)
def test_who_answers_for_somebody_takes_no_answer_back(answers, age):
    told = judge(answers, age_years=age), judge(answers, age_years=age, screened_by="physiotherapist")
    assert told[0] == told[1]


def test_without_answers_nothing_is_taken_for_granted():
    assert judge(None).outcome is Outcome.NOT_ASKED
    assert not judge(None).exercises_allowed
    assert judge(None, age_years=40, screened_by="Anna").say == ("The questions were left to the judgement of Anna.",)
    assert judge(None, age_years=12, screened_by="Anna").outcome is Outcome.NO_EXERCISES
    assert judge([], age_years=float("nan")).outcome is Outcome.GO_ON


def test_thin_bones_and_a_painful_hip_together_are_seen_this_week():
    assert judge([Answer.FRAGILE]).outcome is Outcome.GO_ON
    assert judge([Answer.FRAGILE, Answer.HIP_PAIN]).outcome is Outcome.SEE_THIS_WEEK


def test_nobody_is_told_what_they_may_have_and_everything_has_its_origin():
    sentences = [words.say for question in questions() for words in question.answers]
    sentences += [sentence for age in (12, 40) for sentence in judge(list(Answer), age_years=age).say]
    for sentence in (*sentences, when_it_hurts()):
        assert not re.search(r"you (may|might|could|probably) have|diagnos(e|is) of|normal", sentence), sentence
        assert sentence.endswith(".")
    assert all(words.origin for question in questions() for words in question.answers)
    assert "same day" in note_for("under_18")
    assert "three months" in asked_again()


def test_what_closes_an_exercise_is_asked():
    assert {gate for question in questions() for words in question.answers for gate in words.gates} == set(Gate)


@pytest.mark.parametrize("text", ["none", "pinch", "knee_pain,pinch", "Knee pain, PINCH"])
def test_answers_are_read_as_they_are_written(text):
    assert {answer.value for answer in read_answers(text)} == {
        word.strip().lower().replace(" ", "_") for word in text.split(",")
    } - {"none"}


@pytest.mark.parametrize("text", ["", "healthy", "none,pinch", "pinch,,limp"])
def test_anything_else_is_told_with_what_is_wanted(text):
    with pytest.raises(ValueError, match="none, or answers of `hipcv questions`"):
        read_answers(text)


def test_answers_hold_for_three_months():
    today = date(2026, 11, 27)
    assert too_old((today - VALID_FOR).isoformat(), today) is None
    assert "answer the questions again" in too_old("2026-08-26", today)
    assert "A day that has been" in too_old("2026-12-24", today)
    with pytest.raises(ValueError, match="YYYY-MM-DD"):
        too_old("24.12.2026", today)
