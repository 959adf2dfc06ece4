"""Exercises are offered for what a test shows, behind the answers before it, and promise nothing."""

import io
import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from simulated import seated

from hipcv.assessment import assess
from hipcv.core.setup import Setup
from hipcv.evidence.exercises import (
    MOST_EXERCISES,
    Exercise,
    Kind,
    Pattern,
    Reading,
    all_exercises,
    common_rules,
    detectable_deg,
    drawing_of,
    exercise_named,
    find_patterns,
    grade_words,
    kind_words,
    make_plan,
    plan_order,
    popular_advice,
)
from hipcv.evidence.knowledge import all_cards, all_looks
from hipcv.evidence.reference import AsymmetryVerdict
from hipcv.evidence.screening import Gate, Outcome, judge, words_of
from hipcv.outputs.advice_text import render_cards
from hipcv.outputs.html import render_report
from hipcv.words import SIDES, Answer, Motion, Side

WORDS = {
    name: tomllib.loads(files("hipcv.evidence").joinpath(f"data/{name}.toml").read_text("utf-8"))
    for name in ("exercises", "knowledge", "screening")
}
LEFT, BOTH = frozenset({Side.LEFT}), frozenset(SIDES)
sides = st.frozensets(st.sampled_from(SIDES))
readings = st.lists(
    st.builds(
        Reading,
        hip_flexion_deg=st.sampled_from([0.0, 90.0]),
        passive=st.booleans(),
        end_range_deg=st.dictionaries(st.sampled_from(SIDES), st.floats(-10, 80)),
        low=sides,
        judged=st.just(BOTH),
        helped=sides,
        asymmetry=st.none() | st.sampled_from(AsymmetryVerdict),
    ),
    max_size=3,
)
STOPPING = {answer for answer in Answer if judge([answer]).outcome is not Outcome.GO_ON}


# --------------------------------------------------------------------------------------------------------- the gates


@given(readings, st.sets(st.sampled_from(Answer)), st.none() | st.floats(0, 120), st.none() | st.just("Anna"))
@settings(max_examples=400)
def test_no_answer_that_speaks_against_it_ever_shows_an_exercise(tests, answers, age, screened_by):
    screened = judge(answers, age_years=age, screened_by=screened_by)
    plan = make_plan(tests, screened)
    if answers & STOPPING or (age is not None and age < 18):
        assert plan.exercises == ()
        assert plan.weeks == ()
        assert plan.withheld == screened.say
        assert not any(exercise.open_to(screened) for exercise in all_exercises())
    assert all(not exercise.gates & screened.gates for exercise in plan.exercises)


@pytest.mark.parametrize("answer", sorted(STOPPING))
def test_a_single_answer_closes_the_whole_catalogue(answer):
    screened = judge([answer])
    assert [exercise for exercise in all_exercises() if exercise.open_to(screened)] == []


def test_who_did_not_answer_is_shown_none():
    plan = make_plan([Reading(90, low=BOTH, judged=BOTH)], judge(None))
    assert plan.exercises == ()
    assert "answered" in plan.withheld[0]


@given(readings)
@settings(max_examples=200)
def test_there_are_at_most_three_each_of_another_kind_in_the_order_of_a_plan(tests):
    chosen = make_plan(tests, judge([])).exercises
    kinds = [exercise.kind for exercise in chosen]
    assert len(chosen) <= MOST_EXERCISES
    assert kinds == sorted(set(kinds), key=list(Kind).index)


@given(readings, st.sets(st.sampled_from([a for a in Answer if judge([a]).outcome is Outcome.GO_ON])))
@settings(max_examples=200)
def test_whoever_may_exercise_finds_something_for_what_is_low(tests, answers):
    screened = judge(answers)
    plan = make_plan(tests, screened)
    nothing = not tests or {told.pattern for told in plan.told} <= {Pattern.NOTHING_LOW}
    assert bool(plan.exercises) == (screened.exercises_allowed and not nothing)


@pytest.mark.parametrize("gate", Gate)
def test_each_gate_closes_something(gate):
    assert any(gate in exercise.gates for exercise in all_exercises())


def test_a_pinch_a_knee_and_a_pregnancy_leave_out_what_goes_into_them():
    for answer, names in {
        Answer.PINCH: {"str-ir-lie", "str-ir-wall", "str-capsule", "mob-heel-wall"},
        Answer.KNEE_PAIN: {"str-ir-prone", "str-fig4-sit", "str-9090", "gen-knee-drop"},
        Answer.PREGNANT: {"str-ir-prone", "gen-feet-open", "rel-deep-rotators"},
        Answer.FRAGILE: {"rel-glute-med", "stg-band-ankle", "mob-band-side"},
        Answer.VERY_MOBILE: {"mob-band-long", "str-ir-lie", "str-contract-relax"},
    }.items():
        assert not any(exercise_named(name).open_to(judge([answer])) for name in names), answer


def test_face_down_or_on_a_ball_is_nothing_for_who_is_pregnant():
    for exercise in all_exercises():
        if re.search(r"face down", exercise.place) or exercise.kind is Kind.RELEASE:
            assert Gate.PREGNANT in exercise.gates, exercise.id


def test_bands_and_balls_are_nothing_for_thin_bones():
    for exercise in all_exercises():
        if re.search(r"band|cable", exercise.kit):
            assert {Gate.BONE, Gate.LOOSE} <= exercise.gates, exercise.id
        if exercise.kind is Kind.RELEASE:
            assert Gate.BONE in exercise.gates, exercise.id


# -------------------------------------------------------------------------------------------------------- the choice


@pytest.mark.parametrize(
    ("tests", "patterns"),
    [
        ([Reading(90, low=LEFT, judged=BOTH, asymmetry=AsymmetryVerdict.LARGE)], [Pattern.ONE_SIDE_LOW]),
        ([Reading(90, low=LEFT, judged=BOTH, asymmetry=AsymmetryVerdict.SMALL)], [Pattern.BOTH_LOW]),
        ([Reading(90, low=BOTH, judged=BOTH)], [Pattern.BOTH_LOW]),
        ([Reading(90, judged=BOTH, asymmetry=AsymmetryVerdict.NOTABLE)], [Pattern.UNEQUAL]),
        ([Reading(90, judged=BOTH, helped=LEFT)], [Pattern.BODY_HELPS]),
        ([Reading(90, low=BOTH, judged=BOTH, helped=LEFT)], [Pattern.BODY_HELPS, Pattern.BOTH_LOW]),
        ([Reading(90, judged=BOTH)], [Pattern.NOTHING_LOW]),
        ([Reading(90)], [Pattern.NOTHING_KNOWN]),
        ([], [Pattern.NOTHING_KNOWN]),
        ([Reading(90, low=BOTH, judged=BOTH), Reading(0, judged=BOTH)], [Pattern.LOW_WHEN_BENT]),
        ([Reading(90, judged=BOTH), Reading(0, low=BOTH, judged=BOTH)], [Pattern.LOW_WHEN_STRAIGHT]),
        ([Reading(90, low=BOTH, judged=BOTH), Reading(0, low=BOTH, judged=BOTH)], [Pattern.BOTH_LOW]),
    ],
)
def test_what_tests_show_is_named(tests, patterns):
    assert list(find_patterns(tests)) == patterns


def test_a_helper_who_gets_further_than_two_tests_can_err_shows_strength():
    def pair(passive_deg: float) -> list[Reading]:
        active = Reading(90, end_range_deg={Side.LEFT: 25.0}, judged=BOTH)
        return [active, Reading(90, passive=True, end_range_deg={Side.LEFT: passive_deg}, judged=BOTH)]

    assert Pattern.PASSIVE_MORE in find_patterns(pair(25.0 + detectable_deg() + 0.1))
    assert Pattern.PASSIVE_MORE not in find_patterns(pair(25.0 + detectable_deg() - 0.1))
    straight = Reading(0, passive=True, end_range_deg={Side.LEFT: 60.0}, judged=BOTH)
    assert Pattern.PASSIVE_MORE not in find_patterns([pair(25.0)[0], straight])


def test_the_method_counts_the_catalogue():
    method = (Path(__file__).parents[1] / "METHOD.md").read_text(encoding="utf-8")
    assert f"holds {len(all_exercises())} entries" in " ".join(method.split())


def test_the_side_that_is_low_is_named():
    both = make_plan([Reading(90, low=BOTH, judged=BOTH)], judge([]))
    assert both.told[0].say.startswith("It is so on the left and right side.")
    plan = make_plan([Reading(90, low=LEFT, judged=BOTH, asymmetry=AsymmetryVerdict.LARGE)], judge([]))
    assert "exercises on the left side" in plan.told[0].say


def test_nothing_is_chosen_from_a_doubtful_number():
    plan = make_plan([Reading(90, low=BOTH, judged=BOTH, doubtful=True)], judge([]))
    assert plan.exercises == ()
    assert "repeat the test first" in plan.withheld[0]


def test_where_nobody_can_say_what_is_low_something_for_anybody_is_offered():
    plan = make_plan([Reading(90)], judge([]))
    assert [exercise.id for exercise in plan.exercises] == ["gen-leg-roll", "stg-seated", "int-hinge"]
    assert "not offered because something is low" in plan.told[0].say


def test_nothing_low_calls_for_no_exercise():
    plan = make_plan([Reading(90, judged=BOTH)], judge([]))
    assert plan.exercises == ()
    assert plan.weeks == ()
    assert plan.told[0].say.startswith("The number needs no exercise.")


def test_what_is_offered_first_suits_the_pattern():
    for pattern, row in WORDS["exercises"]["pattern"].items():
        for name in row["first"]:
            assert Pattern(pattern) in exercise_named(name).suits, (pattern, name)


# --------------------------------------------------------------------------------------------------------- the words


def test_the_catalogue_is_whole():
    groups = {
        "rel": "deep-rotators piriformis obturator glute-max glute-med side-hip",
        "str": "fig4-sit fig4-lie capsule ir-lie ir-wall ir-prone 9090 contract-relax",
        "mob": "band-long band-flexion band-side heel-wall",
        "gen": "swivel leg-roll knee-drop feet-open 9090-switch windmill circles",
        "stg": "seated reverse-clam hip-shift 9090-lift band-ankle cable quad-band side-plank one-leg",
        "int": "step-across hinge loaded patterns",
        "hab": "change-position lumbar legs pillow shoes remeasure",
    }
    wanted = {f"{group}-{name}" for group, names in groups.items() for name in names.split()}
    assert {exercise.id for exercise in all_exercises()} == wanted
    assert [exercise.kind for exercise in all_exercises()] == sorted(
        (exercise.kind for exercise in all_exercises()), key=list(Kind).index
    )


def test_pops_and_bands_above_the_knees_are_not_offered():
    for exercise in all_exercises():
        words = " ".join((exercise.name, exercise.place, exercise.kit, *exercise.cues))
        assert not re.search(r"\b(pop|click|squeeze)\b|above the knees", words), exercise.id
    assert sum("not offered here" in popular.instead for popular in popular_advice()) == 2


def _sentences(value: object, path: str = "") -> list[tuple[str, str, dict[str, object]]]:
    """Return every sentence of a data file with the entry that it stands in."""
    found = []
    if isinstance(value, dict):
        for key, inner in value.items():
            texts = inner if isinstance(inner, list) else [inner]
            found += [(f"{path}.{key}", text, value) for text in texts if isinstance(text, str)]
            found += [one for text in texts if isinstance(text, (dict, list)) for one in _sentences(text, path + key)]
    return found


#: Words that speak of what something brings about.
EFFECT = re.compile(
    r"\b(rais(es|ed)|gain|improv|increas|chang(ed|es) (less|by)|lengthened|reliev|relief|benefit|protect|cures?\b"
    r"|heals?\b|works\b|brings?\b(?! (them|it|the))|better than|no effect|[0-9]° further|[0-9]° on average|did better)",
    re.IGNORECASE,
)
#: A study, a guideline, a register or an honest "nobody".
SOURCE = re.compile(r"\b(19|20)\d\d\b|PMC\d+|doi:|NICE|\.(uk|au|com|org)\b|[Oo]pinion|[Gg]eometry|trials?\b|proposal")


@pytest.mark.parametrize("name", WORDS)
def test_no_sentence_promises_an_effect_without_its_source(name):
    told = 0
    for where, sentence, entry in _sentences(WORDS[name]):
        if not EFFECT.search(sentence):
            continue
        told += 1
        key = where.rpartition(".")[2]
        beside = [entry.get(k) for k in ("source", "origin", f"{key}_origin", "known") if entry.get(k)]
        assert SOURCE.search(" ".join(map(str, (*beside, sentence)))), (where, sentence)
    assert told or name == "screening"


@pytest.mark.parametrize("name", WORDS)
def test_nothing_is_called_normal_and_nobody_is_told_what_they_have(name):
    for where, sentence, _ in _sentences(WORDS[name]):
        assert not re.search(
            r"\b(ab)?normal|you (may|might) have|guarantee|will (improve|help|fix)|healthy range", sentence
        ), where


def test_cues_place_and_cautions_claim_no_effect():
    for exercise in all_exercises():
        for sentence in (exercise.name, exercise.place, exercise.dose, *exercise.cues):
            assert not EFFECT.search(sentence), (exercise.id, sentence)


def test_every_exercise_says_how_sure_it_is():
    for exercise in all_exercises():
        assert grade_words(exercise.grade)
        assert kind_words(exercise.kind).source
        assert exercise.cues
    assert [e.id for e in all_exercises() if e.grade == "B"] == ["str-ir-lie"]


def test_common_rules_carry_the_sources_of_what_they_say():
    rules = common_rules()
    assert "9°" in rules["build"]
    for name in ("expect", "at_once", "build"):
        assert rules[f"{name}_origin"]
    assert "proposal" in plan_order()[1]


def test_cards_say_how_sure_they_are():
    assert len({card.id for card in all_cards()}) == len(all_cards())
    for card in all_cards():
        assert card.sure.wording
        assert card.source.endswith(".")
        assert 1 <= len(re.findall(r"[.:](?= |$)", card.text)) <= 7


def test_a_look_has_a_question_and_says_what_it_does_not_tell():
    """Figure four and butterfly look at turning outwards, the one on the back compares the sides."""
    looks = {look.id: look for look in all_looks()}
    assert {name for name, look in looks.items() if look.motion is Motion.EXTERNAL} == {"figure-four", "butterfly"}
    for look in looks.values():
        assert look.ask.endswith("?")
        assert len(look.answers) >= 3
        assert look.source.endswith(".")
    for name in ("figure-four", "butterfly"):
        assert "cannot tell how far a hip turns inwards" in looks[name].tells
    assert "no range for it was found" in looks["hook-lying"].tells


def test_looks_are_told_wherever_cards_are():
    page = io.StringIO()
    render_cards(Console(file=page, width=400))
    nobody = render_report(assess(seated(left=(30.0,), fps=15.0), Setup(screening=())), [])
    for look in all_looks():
        assert look.ask in page.getvalue()
        assert look.ask in nobody


def _drawn() -> list[Exercise]:
    return [exercise for exercise in all_exercises() if exercise.drawing]


def test_the_dozen_most_used_are_drawn():
    assert len(_drawn()) >= 12
    offered = {name for row in WORDS["exercises"]["pattern"].values() for name in row["first"][:2]}
    assert {e.id for e in _drawn()} >= offered - {"rel-side-hip"}


@pytest.mark.parametrize("exercise", _drawn(), ids=lambda exercise: exercise.id)
def test_a_drawing_says_what_it_shows_and_takes_nothing_from_elsewhere(exercise):
    svg = drawing_of(exercise)
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200" role="img">\n<title>')
    assert not re.search(r"href|<script|<style|url\(|style=", svg)


def test_words_of_every_answer_are_there():
    assert all(words_of(answer).words for answer in Answer)
