"""What is answered before a test decides what every door shows after it."""

import io
import json
import re
from dataclasses import replace

import pytest
from documents import internal_parts
from hypothesis import given, settings
from hypothesis import strategies as st
from published import faults
from rich.console import Console
from simulated import seated
from typer.testing import CliRunner

from hipcv.assessment import assess
from hipcv.batch.input.clip import Clip
from hipcv.batch.input.manifest import Defaults, read_manifest
from hipcv.batch.output.results import Result, side_rows
from hipcv.cli import app
from hipcv.core.answers import SidePain, read_pain
from hipcv.core.procedures.seated import SEATED
from hipcv.core.setup import Setup
from hipcv.evidence.exercises import all_exercises, exercise_named
from hipcv.evidence.screening import Outcome, judge
from hipcv.live.admission import NotAdmittedError, admit
from hipcv.live.coach import Plan as LivePlan
from hipcv.live.commands import _ask_pain
from hipcv.live.screen import _with_pain
from hipcv.outputs.document import read_document, render_document
from hipcv.outputs.html import render_report
from hipcv.outputs.plan import next_steps, next_together, reading_of
from hipcv.outputs.text import render_text
from hipcv.words import Answer, Effort, PainPlace, Sex
from hipcv_server.schemas import MeasureOptions, StartMessage

some_answers = st.none() | st.sets(st.sampled_from(Answer)).map(tuple)


@pytest.fixture(scope="module")
def little():
    """A man of 30 whose two hips turn by 10°: below the range of young men, on both sides."""
    setup = Setup(age_years=30, sex=Sex.MALE, roll_deg=0.0)
    few = {"left": (10.0,) * 3, "right": (10.0,) * 3}
    return assess(seated(**few, fps=15.0), setup)


def told(assessment, **changed):
    return replace(assessment, setup=replace(assessment.setup, **changed))


def text_of(assessment) -> str:
    page = io.StringIO()
    render_text(assessment, Console(file=page, width=200))
    return page.getvalue()


# ------------------------------------------------------------------------------------------------------ what is shown


def test_who_answered_that_nothing_holds_gets_a_plan(little):
    steps = next_steps(told(little, screening=()))
    assert [exercise.id for exercise in steps.plan.exercises] == ["rel-glute-med", "str-ir-lie", "stg-seated"]
    text = text_of(told(little, screening=()))
    assert "Knee falls in, on the back, 60 seconds a side (str-ir-lie)" in text
    assert "How: hipcv exercises rel-glute-med str-ir-lie stg-seated --screening none" in text
    by_anna = text_of(told(little, screened_by="Anna B"))
    assert "stg-seated --screened-by 'Anna B'" in by_anna
    report = render_report(told(little, screening=()), [])
    assert report.count('class="exercise"') == 3
    assert "Bone, or soft tissue?" in report


@given(some_answers, st.sampled_from([12.0, 30.0, None]), st.none() | st.just("Anna"))
@settings(max_examples=60, deadline=None)
def test_no_door_shows_an_exercise_against_an_answer(little, answers, age, by):
    assessment = told(little, screening=answers, age_years=age, screened_by=by)
    screened = judge(answers, age_years=age, screened_by=by)
    document, text, report = render_document(assessment), text_of(assessment), render_report(assessment, [])
    assert faults(document) == []
    assert document["screening"]["outcome"] == screened.outcome
    if not screened.exercises_allowed:
        assert document["plan"]["exercises"] == []
        assert document["plan"]["weeks"] == []
        assert 'class="exercise"' not in report
        for exercise in all_exercises():
            assert exercise.id not in text
            assert exercise.cues[0] not in report
    if screened.outcome.stops:
        flat = " ".join(text.replace("│", " ").split())
        assert flat.index(screened.say[0]) < flat.index("end range")
        assert report.index('class="stop"') < report.index('class="headline"')
        assert "What to do next" not in text + report


def test_nobody_who_did_not_answer_is_shown_an_exercise(little):
    assert "exercises are only shown to people who have answered them" in text_of(little)
    assert "`hipcv questions` lists them" in text_of(little)


def test_a_doubt_calls_for_the_test_once_more(little):
    few = {"left": (10.0,) * 3, "right": (10.0,) * 3}
    nowhere = replace(little.setup, screening=(), roll_deg=None)
    doubtful = assess(seated(**few, fps=15.0, room=False, roll=8.0), nowhere)
    assert "doubt" in {finding.severity for finding in doubtful.findings}
    assert next_steps(doubtful).plan.exercises == ()
    assert "repeat the test first" in text_of(doubtful)


def test_a_large_difference_and_pain_are_shown_to_somebody():
    setup = Setup(age_years=30, sex=Sex.MALE, roll_deg=0.0)
    unequal = assess(seated(left=(40.0,) * 3, right=(20.0,) * 3, fps=15.0), setup)
    assert [shown.say[:30] for shown in next_steps(unequal).shown] == ["If the sides still differ by 1"]
    hurt = told(unequal, pain_right=SidePain(4, PainPlace.GROIN))
    assert ["It hurt during" in shown.say for shown in next_steps(hurt).shown] == [False, True]


def test_little_turning_that_hurts_is_shown_to_somebody(little):
    for changed in ({"pain_left": SidePain(3)}, {"pain": 3}):
        assert "turned less than 15°" in next_steps(told(little, **changed)).shown[0].say
    assert next_steps(told(little, pain_left=SidePain(0), pain_right=SidePain(0), pain=3)).shown == ()


def test_under_18_years_pain_is_a_matter_of_the_same_day_and_nothing_less(little):
    for young in ({"age_years": 12}, {"screening": (Answer.UNDER_18,)}):
        (shown,) = next_steps(told(little, **young, pain_left=SidePain(3))).shown
        assert "seen by a doctor the same day" in shown.say
        assert next_steps(told(little, **young)).shown == ()


def test_a_result_without_a_number_offers_no_exercise(little):
    empty = assess(seated(left=(), right=(), fps=15.0), little.setup)
    alone = next_together([(empty, empty.setup)], answers=())
    assert (alone.plan.exercises, len(alone.plan.withheld)) == ((), 1)
    assert next_together([(empty, empty.setup), (little, little.setup)], answers=()).plan.exercises


def test_a_document_shows_the_same_as_what_it_was_made_of(little):
    document = read_document(render_document(little))
    one, other = (reading_of(result, SEATED, Effort.ACTIVE) for result in (little, document))
    assert one.end_range_deg == pytest.approx(other.end_range_deg, abs=0.01)
    assert replace(one, end_range_deg={}) == replace(other, end_range_deg={})


def test_what_was_told_comes_back_from_the_document(little):
    answers = (Answer.KNEE_PAIN, Answer.PINCH)
    document = render_document(
        told(little, screening=answers, screened_on="2026-11-27", pain_left=read_pain("3,groin"))
    )
    assert document["setup"]["screening"] == ["knee_pain", "pinch"]
    assert document["setup"]["pain_left"] == {"level": 3, "place": "groin"}
    assert "pain on the left 3 of 10 (groin)" in document["how_done"]


# ---------------------------------------------------------------------------------------------------- the command line


def run(*words: str, status: int = 0) -> str:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, words)
    assert done.exit_code == status, done.output
    return done.output


def test_the_questions_are_printed_with_the_words_that_answer_them():
    printed = run("questions")
    assert all(answer in printed for answer in Answer)


def test_exercises_are_listed_behind_the_answers():
    assert "str-ir-lie" in run("exercises", "--screening", "none")
    assert "str-ir-lie" not in run("exercises", "--screening", "knee_pain")
    for words in ((), ("--screening", "fever"), ("--screening", "none", "--age", "12"), ("str-ir-lie",)):
        assert "str-ir-lie" not in run("exercises", *words)
    assert "Let the bent knee fall" in run("exercises", "str-ir-lie", "--screening", "none")
    assert "is left out" in run("exercises", "str-ir-lie", "--screening", "pinch")


def test_results_of_one_person_make_one_plan(little, tmp_path):
    low, usual = tmp_path / "seated.json", tmp_path / "prone.json"
    document = render_document(told(little, screening=()))
    low.write_text(json.dumps(document))
    printed = run("exercises", str(low))
    assert exercise_named("str-ir-lie").name in printed
    other = json.loads(json.dumps(document))
    other["test"] = other["setup"]["test"] = "prone"
    other["setup"]["camera_side"] = "foot end"
    for side in internal_parts(other):
        for row in side["reference"]:
            row["verdict"] = row["verdict"] and "within"
    usual.write_text(json.dumps(other))
    assert "not with the hip straight" in run("exercises", str(low), str(usual))
    other["setup"]["screening"] = ["fever"]
    usual.write_text(json.dumps(other))
    printed = run("exercises", str(low), str(usual))
    assert printed.startswith("Go to an emergency department")
    assert not any(exercise.name in printed for exercise in all_exercises())


def test_the_youngest_age_of_the_results_counts(little, tmp_path):
    young = tmp_path / "young.json"
    young.write_text(json.dumps(render_document(told(little, screening=(), age_years=12))))
    assert "are for adults" in run("exercises", str(young), "--age", "40")


def test_what_is_known_is_printed():
    assert "Back pain" in run("known")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("exercises", "nothing", "--screening", "none"), "a known exercise is needed"),
        (("exercises", "--screening", "healthy"), "found 'healthy'"),
        (
            ("measure", "a.mp4", "--test", "seated", "--screening", "none", "--screened-on", "2020-01-01"),
            "three months",
        ),
        (("measure", "a.mp4", "--test", "seated", "--screened-on", "yesterday"), "YYYY-MM-DD"),
        (("measure", "a.mp4", "--test", "seated", "--pain-left", "11"), "0 to 10"),
        (("measure", "a.mp4", "--test", "seated", "--pain-right", "3,toe"), "groin"),
        (("measure", "a.mp4", "--test", "seated", "--screened-by", " "), "a name or a role"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(words, fault):
    assert fault in " ".join(run(*words, status=2).replace("│", " ").split())


def test_a_file_that_holds_no_result_is_told(tmp_path):
    (tmp_path / "a.json").write_text("[1, 2]")
    done = CliRunner().invoke(app, ["exercises", str(tmp_path / "a.json")])
    assert done.exit_code == 3
    assert "as `hipcv measure --json` prints it" in done.output


# -------------------------------------------------------------------------------------------------- lists, and live


def test_a_list_holds_answers_and_each_sides_pain(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"film")
    columns = "path,pain_left,pain_right,screening,screened_on,screened_by"
    (tmp_path / "list.csv").write_text(f'{columns}\na.mp4,"3,groin",0,"pinch,knee pain",2026-11-01,Anna\n')
    (clip,) = read_manifest(tmp_path / "list.csv", Defaults())
    assert (clip.pain_left, clip.screening) == (SidePain(3, PainPlace.GROIN), (Answer.KNEE_PAIN, Answer.PINCH))
    rows = list(side_rows(Result(clip)))
    assert [(row["side_pain"], row["side_pain_place"]) for row in rows] == [(3, "groin"), (0, None)]
    assert {row["screening_outcome"] for row in rows} == {"go_on"}
    assert clip.setups()[0].screened_by == "Anna"


@pytest.mark.parametrize(("cell", "answers"), [("none", ()), ("", None), ("n/a", None), ("limp", (Answer.LIMP,))])
def test_none_is_an_answer_and_an_empty_cell_is_not(tmp_path, cell, answers):
    (tmp_path / "a.mp4").write_bytes(b"film")
    (tmp_path / "list.csv").write_text(f"path,screening\na.mp4,{cell}\n")
    assert read_manifest(tmp_path / "list.csv", Defaults())[0].screening == answers


def test_a_row_without_answers_says_so():
    assert next(side_rows(Result(Clip(1, "a.mp4", "/a.mp4"))))["screening_outcome"] == Outcome.NOT_ASKED


@given(st.sets(st.sampled_from(Answer)).map(tuple), st.none() | st.floats(0, 120))
def test_nobody_is_let_into_a_live_test_against_an_answer(answers, age):
    setup = Setup(screening=answers, age_years=age)
    if judge(answers, age_years=age).outcome.stops:
        with pytest.raises(NotAdmittedError, match="No test was begun"):
            admit(setup)
    else:
        admit(setup)
    admit(replace(setup, screened_by="Anna"))


def test_the_interface_takes_answers_and_pain_as_words():
    given_ = {"screening": "none", "screened_on": "2026-11-27", "pain_left": "10,outer_hip", "test": "seated"}
    for setup in (MeasureOptions(**given_).setup(), StartMessage(type="start", **given_).setup()):
        assert (setup.screening, setup.screened_on) == ((), "2026-11-27")
        assert setup.pain_left == SidePain(10, PainPlace.OUTER_HIP)


@pytest.mark.parametrize("model", [MeasureOptions, StartMessage])
def test_what_a_server_keeps_of_the_answers_makes_the_same_setup_again(model):
    first = {"type": "start"} if model is StartMessage else {}
    told_ = model(**first, test="seated", screening="limp", screened_on="2026-11-27", pain_right="3,groin")
    kept = json.loads(json.dumps(told_.model_dump(mode="json")))
    assert model.model_validate(kept).setup() == told_.setup()


# ---------------------------------------------------------------------------------------------------- note to paste


def test_a_note_holds_what_a_record_needs(tmp_path):
    setup = Setup(
        age_years=30,
        sex=Sex.MALE,
        roll_deg=0.0,
        pain_right=SidePain(2, PainPlace.OUTER_HIP),
        screening=(),
        screened_on="2026-11-27",
    )
    unequal = assess(seated(left=(40.0,) * 3, right=(20.0,) * 3, fps=15.0), setup)
    document = render_document(unequal)
    document["provenance"] |= {"hipcv_version": "0.1.0", "clip_sha256": "ab" * 32}
    (tmp_path / "a.json").write_text(json.dumps(document))
    note = run("note", str(tmp_path / "a.json"))
    right, left = (round(side.end_range_deg) for side in (unequal.right, unequal.left))
    assert note.startswith("O: Hip IR AROM, seated (hip 90°, knee 90°), video (hipcv 0.1.0): R ")
    assert f"R {right}° (95 % " in note
    assert f"L {left}° (95 % " in note
    assert "; R–L −20°, MDC95 " in note
    for part in ("Trials: R 3, L 3; SD R ", "Pain R 2/10 (outer hip).", "End point: not told.", "camera roll ±0.6°"):
        assert part in note
    assert re.search(r"Ref: .*\(Hilfiker 2022\): R \w+ \(percentile \d+; protocols differ by about 6°\), L", note)
    assert "posture not printed" not in note
    assert "Questions before the test: go on, 2026-11-27." in note
    assert "Recording abababababab (SHA-256)." in note


def test_a_note_of_a_woman_who_sat_says_that_the_posture_is_not_printed(tmp_path):
    woman = assess(seated(fps=15.0), Setup(age_years=30, sex=Sex.FEMALE))
    (tmp_path / "a.json").write_text(json.dumps(render_document(woman)))
    caveat = "posture not printed: by Gradoz 2018 seated and supine differ by up to about 3°"
    note = run("note", str(tmp_path / "a.json"))
    assert re.search(rf"Ref: .*\(Czuppon 2017\): R \w+ .*; other ages; {caveat}\.", note)


def test_a_note_of_nothing_says_so(tmp_path):
    nobody = assess(seated(left=(), right=(), fps=15.0), Setup(effort=Effort.PASSIVE))
    (tmp_path / "a.json").write_text(json.dumps(render_document(nobody)))
    note = run("note", str(tmp_path / "a.json"))
    assert "Hip IR PROM" in note
    assert "R not measured, L not measured; R–L not compared." in note
    assert note.splitlines()[0] in render_report(nobody, []).replace("&#39;", "'")


# ------------------------------------------------------------------------------- test, one thing, test again


def test_a_pair_is_judged_within_the_sitting_and_no_change_is_the_usual_answer(little, tmp_path):
    few = {"right": (10.0,) * 3, "fps": 15.0}
    after = assess(seated(left=(16.0,) * 3, **few), little.setup)
    for name, one in (("before", little), ("after", after)):
        (tmp_path / f"{name}.json").write_text(json.dumps(render_document(one)))
    before, later = (str(tmp_path / f"{name}.json") for name in ("before", "after"))
    told_ = json.loads(run("compare", "--pair", "--json", before, later))
    assert [side["verdict"] for side in told_] == ["increased", "no change detected"]
    several = json.loads(run("compare", "--pair", "--json", *(before, later) * 4))
    assert several[0]["n_pairs"] == 4
    assert several[0]["change_deg"] == pytest.approx(told_[0]["change_deg"])
    assert several[0]["mdc95_deg"] == pytest.approx(told_[0]["mdc95_deg"] / 2)
    printed = " ".join(run("compare", "--pair", before, later).split())
    assert "no detectable change is the usual answer, and no failure" in printed
    days = json.loads(run("compare", "--json", before, later))
    assert [side["verdict"] for side in days] == ["no change detected"] * 2
    assert days[0]["mdc95_deg"] == pytest.approx(9.0, abs=0.05)


def test_results_that_are_no_pairs_are_told_in_one_sentence(little, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(render_document(little)))
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "c.json").write_text("[]")
    a, b, c = (str(tmp_path / name) for name in ("a.json", "b.json", "c.json"))
    assert "two by two" in run("compare", "--pair", a, status=3)
    assert "two results" in run("compare", a, a, a, a, status=3)
    for other in (b, c):
        assert "found none in" in " ".join(run("compare", a, other, status=3).split())


# -------------------------------------------------------------------------------------------- asked in the terminal


def test_each_side_is_asked_after_a_test_until_it_is_understood(little, monkeypatch):
    said = iter(["much", "3, groin", ""])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(said))
    asked = _with_pain(little, LivePlan(), _ask_pain)
    assert (asked.setup.pain_left, asked.setup.pain_right) == (SidePain(3, PainPlace.GROIN), None)
    assert "turned less than 15°" in next_steps(asked).shown[0].say


def test_what_is_asked_in_a_terminal_stands_beside_the_result_and_not_in_it(little, monkeypatch):
    monkeypatch.setattr("hipcv.live.commands._in_a_terminal", lambda: True)
    done = CliRunner(env={"COLUMNS": "200"}).invoke(
        app, ["live", "--camera", "97", "--json", "--no-window"], input="fever\n"
    )
    for asked in ("It pinches deep in the groin", "What holds"):
        assert (asked in done.stdout, asked in done.stderr) == (False, True)


def test_a_live_test_in_a_terminal_asks_first_and_is_not_begun_against_an_answer(monkeypatch):
    monkeypatch.setattr("hipcv.live.commands._in_a_terminal", lambda: True)
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["live", "--camera", "97", "--no-window"], input="fever\n")
    assert done.exit_code == 3
    assert "It pinches deep in the groin" in done.output
    assert "No test was begun. Go to an emergency department today" in done.output
