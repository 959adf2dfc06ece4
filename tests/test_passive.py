"""A passive test: somebody else moves the leg, and the result says how that was done."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from simulated import prone, seated
from test_coaching import Body, curve
from typer.testing import CliRunner

from hipcv.assessment import assess
from hipcv.batch.input.clip import Clip, Key
from hipcv.batch.input.manifest import Defaults, ListError, read_manifest
from hipcv.batch.output.redcap import FIELDS, make_records
from hipcv.batch.output.results import Result, side_rows
from hipcv.cli import app
from hipcv.core.answers import SidePain
from hipcv.core.checks.recording import check_recording
from hipcv.core.errors import HistoryError
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.procedures import PROCEDURES
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.setup import MAX_HELPER_CHARACTERS, Setup
from hipcv.evidence.guidance import advice_for, filming_guide, helper_guide, note_for
from hipcv.history.comparison import compare_documents
from hipcv.history.store import open_history
from hipcv.live.coach import Coach, Phase, Plan
from hipcv.live.placement import CheckCode, Placement
from hipcv.live.spoken import spoken_for
from hipcv.outputs.document import make_document, render_document
from hipcv.outputs.html import render_report
from hipcv.outputs.text import render_text
from hipcv.words import Effort, EndPoint, HandPlace, Legs, PainPlace, Side
from hipcv_server.live_worker import Pain, _with_pain
from hipcv_server.schemas import MeasureOptions, StartMessage

STATIC = Path(__file__).parents[1] / "server" / "hipcv_server" / "static"
PASSIVE = Setup(effort=Effort.PASSIVE)
TOLD = Setup(
    effort=Effort.PASSIVE,
    legs=Legs.ONE,
    helper="physiotherapist",
    hand_place=HandPlace.SHIN,
    end_point=EndPoint.PELVIS_MOVED,
    pain=2,
)
IN_WORDS = (
    "passive, one leg at a time, moved by physiotherapist, hand on the shin above the ankle, until the pelvis moved, "
    "pain 2 of 10"
)


def codes(assessment, side=None):
    return {f.code for f in assessment.findings if side is None or f.side is side}


# ------------------------------------------------------------------------------------------------------- what spoils it


@pytest.fixture(scope="module")
def one_round():
    """Both legs out at once; the second time the right one hardly takes part, and is no trial of its own."""
    peaks = (40.0, 39.0, 40.0), (30.0, 13.0, 31.0)
    return seated(*peaks, fps=15.0, duration_s=12.0, right_start=1.0)


def test_the_other_leg_is_no_fault_where_both_are_meant_to_move(one_round):
    assert FindingCode.OTHER_LEG_MOVES in codes(assess(one_round, Setup()))
    assert FindingCode.OTHER_LEG_MOVES not in codes(assess(one_round, Setup(legs=Legs.BOTH)))
    assert FindingCode.OTHER_LEG_MOVES not in codes(assess(one_round, Setup(legs=Legs.AUTO)))
    assert FindingCode.OTHER_LEG_MOVES not in codes(assess(one_round, PASSIVE))


def test_the_number_is_the_same_whoever_moves_the_leg(one_round):
    active, passive = (assess(one_round, setup) for setup in (Setup(legs=Legs.BOTH), PASSIVE))
    for one, other in zip(active.sides, passive.sides, strict=True):
        assert one.end_range_deg == other.end_range_deg


@pytest.mark.parametrize("setup", [PASSIVE, replace(PASSIVE, legs=Legs.BOTH), Setup(legs=Legs.BOTH)])
def test_pelvis_and_trunk_are_watched_all_the_same(setup):
    spoiled = assess(seated(fps=15.0, hike=9.0, lean=12.0), setup)
    assert {FindingCode.PELVIS_HIKE, FindingCode.TRUNK_LEAN} <= codes(spoiled)


def test_a_thigh_that_swings_along_in_a_passive_prone_test_is_told():
    assert FindingCode.THIGH_DRIFT in codes(assess(prone(drift=14.0), Setup(PRONE, effort=Effort.PASSIVE)))


def people_told(n_people, setup):
    series = seated(fps=15.0, duration_s=6.0)
    crowded = replace(series, n_people=np.where(np.arange(len(series)) % 30 == 0, n_people, -1))
    return [f for f in assess(crowded, setup).findings if f.code is FindingCode.SEVERAL_PEOPLE]


def test_a_second_person_is_expected_in_a_passive_test_and_no_third():
    (alone,) = people_told(2, Setup())
    assert "only the person who is tested in the picture" in alone.advice
    assert people_told(2, PASSIVE) == []
    (three,) = people_told(3, PASSIVE)
    assert (three.severity, three.observed, three.limit) == (Severity.NOTE, 3, 2)
    assert three.advice == "Film again with only the person who is tested and one helper in the picture."


def test_the_check_of_a_recording_counts_the_people_of_its_own_effort():
    series = replace(seated(fps=15.0, duration_s=6.0), n_people=np.full(90, 2))
    angles = assess(series, Setup()).angles
    told = [[f.code for f in check_recording(series, angles, setup)] for setup in (Setup(), PASSIVE)]
    assert [FindingCode.SEVERAL_PEOPLE in codes for codes in told] == [True, False]


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"helper": "Anna"}, "Wanted a passive test for the helper, found an active one"),
        ({"hand_place": HandPlace.FOOT}, "Wanted a passive test for the hand place, found an active one"),
        ({"end_point": EndPoint.HELPER_STOPPED}, "Wanted a passive test for the end point, found an active one"),
        ({"effort": Effort.PASSIVE, "helper": " "}, "a name or a role of 1 to 80 letters on one line for the helper"),
        ({"effort": Effort.PASSIVE, "helper": "a\nb"}, "found 'a\\\\nb': say it otherwise or leave it out"),
        ({"effort": Effort.PASSIVE, "helper": "a" * (MAX_HELPER_CHARACTERS + 1)}, "1 to 80 letters"),
        ({"pain": 11}, "Wanted a whole number from 0 to 10 for the pain, found 11: say it otherwise or leave it out"),
        ({"pain": -1}, "found -1"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(told, sentence):
    with pytest.raises(ValueError, match=sentence):
        Setup(**told)


def test_an_active_test_may_end_with_pain():
    assert Setup(end_point=EndPoint.PAIN, pain=4).pain == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--helper", "Anna"], "Wanted a passive test for the helper"),
        (["--pain", "11"], "Wanted a whole number from 0 to 10 for the pain, found 11"),
        (["--legs", "three"], "'three' is not one of 'one', 'both'"),
        (["--end-point", "soft"], "'soft' is not one of"),
    ],
)
def test_the_command_line_says_what_is_wrong_before_it_opens_anything(arguments, sentence, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    ended = CliRunner().invoke(app, ["measure", "nowhere.mp4", "--test", "seated", *arguments])
    assert ended.exit_code == 2
    assert sentence in ended.stderr


def test_the_page_is_told_which_field_is_wrong():
    for model, first in ((MeasureOptions, {}), (StartMessage, {"type": "start"})):
        whole = model.model_validate({**first, "test": "seated", "effort": "passive", "helper": "Anna", "pain": 0})
        assert (whole.setup().helper, whole.setup().pain) == ("Anna", 0)
        with pytest.raises(ValueError, match=r"helper\n.*Wanted a passive test for the helper, found an active one"):
            model.model_validate({**first, "test": "seated", "helper": "Anna"})


def test_what_ended_a_live_test_is_said_once_it_is_over():
    """Pain and end point of the last word stand; where nobody says anything, what was said at the start does."""
    before = assess(seated(fps=15.0), replace(TOLD, end_point=None))
    after = _with_pain(before, Pain(left=SidePain(2), end_point=EndPoint.FIRM)).setup
    assert (after.pain_left, after.end_point) == (SidePain(2), EndPoint.FIRM)
    assert _with_pain(replace(before, setup=TOLD), Pain()).setup == TOLD


# --------------------------------------------------------------------------------------------------- what is told of it


@pytest.fixture(scope="module")
def told():
    return assess(seated(fps=15.0), TOLD)


def test_document_text_and_report_say_how_it_was_done(told):
    document = render_document(told)
    assert document["how_done"] == IN_WORDS
    assert (document["setup"]["end_point"], document["setup"]["pain"]) == ("pelvis_moved", 2)
    page = io.StringIO()
    render_text(told, Console(file=page, width=300))
    assert f"How it was done: {IN_WORDS}." in page.getvalue()
    assert "seated test, passive, one leg at a time" in page.getvalue()
    assert f"How it was done: {IN_WORDS}." in render_report(told, [])


def test_what_nobody_said_is_not_told():
    plain = assess(seated(fps=15.0), Setup())
    page = io.StringIO()
    render_text(plain, Console(file=page, width=300))
    assert "How it was done" not in page.getvalue() + render_report(plain, [])
    assert render_document(plain)["how_done"] == "active"


def test_a_hand_is_a_source_of_error_and_gravity_is_none(told):
    assert note_for("by_hand") in told.notes
    assert "15.9°" in note_for("by_hand")
    for setup in (Setup(), replace(PASSIVE, hand_place=HandPlace.GRAVITY)):
        assert note_for("by_hand") not in replace(told, setup=setup).notes


def test_a_passive_test_that_failed_says_what_the_helper_does():
    still = seated(left=(), right=(), fps=15.0, duration_s=5.0)
    page = io.StringIO()
    render_text(assess(still, PASSIVE), Console(file=page, width=400))
    shown = page.getvalue(), render_report(assess(still, PASSIVE), [])
    for text in shown:
        assert all(step in text for step in helper_guide(SEATED).steps)
    assert "For the helper" not in render_report(assess(still, Setup()), [])


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_the_guides_of_a_passive_test_are_for_two(procedure):
    film, helper = " ".join(filming_guide(procedure, Effort.PASSIVE)), " ".join(helper_guide(procedure).steps)
    assert "helper" in film
    assert "Be alone in the picture," not in film
    for wanted in ("ankle", "slowly", "stop", "two seconds", "pain"):
        assert wanted in helper
    assert len(helper_guide(procedure).steps) <= 9
    assert "Friesenbichler 2020" in helper_guide(procedure).origin
    assert (STATIC / "drawings" / f"{procedure.name}-helper.svg").is_file()


def test_advice_in_a_passive_test_speaks_of_the_hand():
    for code in FindingCode:
        advice = advice_for(code, effort=Effort.PASSIVE, side="left", limit=3.0)
        assert advice.endswith(".")
        assert not set("[]{}") & set(advice)
    assert "hand" in advice_for("thigh_drift", effort=Effort.PASSIVE)
    assert "alone" not in advice_for("no_person", effort=Effort.PASSIVE)


# ----------------------------------------------------------------------------------------------------------- many, kept


def test_a_list_tells_it_row_by_row(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"picture")
    (tmp_path / "list.csv").write_text(
        "path,effort,legs,helper,hand_place,end_point,pain\na.mp4,passive,one,physiotherapist,shin,pelvis moved,2\n"
    )
    (clip,) = read_manifest(tmp_path / "list.csv", Defaults(test=SEATED))
    (setup,) = clip.setups()
    assert setup == TOLD
    row = next(iter(side_rows(Result(clip))))
    done = [row[name] for name in ("effort", "legs", "helper", "hand_place", "end_point", "pain")]
    assert done == ["passive", "one", "physiotherapist", "shin", "pelvis_moved", 2]


@pytest.mark.parametrize(
    ("columns", "cells", "fault"),
    [
        ("pain", "eleven", "row 2, pain: wanted a whole number from 0 to 10, found 'eleven'"),
        ("pain", "11", "row 2, pain: wanted a whole number from 0 to 10, found 11"),
        ("legs", "three", "row 2, legs: wanted one, both or auto, found 'three'"),
        ("end_point", "soft", "wanted pelvis moved, firm, pain or helper stopped, found 'soft'"),
        ("helper", "Anna", "row 2, helper: wanted a passive test, found an active one"),
    ],
)
def test_a_fault_of_a_list_names_row_and_column(tmp_path, columns, cells, fault):
    (tmp_path / "a.mp4").write_bytes(b"picture")
    (tmp_path / "list.csv").write_text(f"path,{columns}\na.mp4,{cells}\n")
    with pytest.raises(ListError, match=fault):
        read_manifest(tmp_path / "list.csv", Defaults())


def test_redcap_takes_the_words_that_its_dictionary_knows(told):
    clip = Clip(1, "a.mp4", "/a.mp4", SEATED, effort=Effort.PASSIVE, end_point=EndPoint.PELVIS_MOVED, pain=2)
    rows = side_rows(Result(clip, Key("c" * 64, "p" * 64, "m" * 64), render_document(told)))
    record = make_records(rows).row(0, named=True)
    choices = {field.name: field.choices for field in FIELDS}
    assert f"{record['hip_end_point']}, pelvis moved" in choices["hip_end_point"]
    assert record["hip_pain"] == 2


def test_redcap_takes_pain_end_point_helper_and_where_the_body_began_to_help():
    """The same words and numbers as the document, side by side."""
    hurt = SidePain(4, PainPlace.GROIN)
    document = render_document(assess(seated(hike=8.0, fps=15.0), replace(TOLD, roll_deg=0.0, pain_left=hurt)))
    clip = Clip(1, "a.mp4", "/a.mp4", SEATED, effort=Effort.PASSIVE, helper=TOLD.helper, end_point=TOLD.end_point)
    clip = replace(clip, pain_left=hurt)
    rows = side_rows(Result(clip, Key("c" * 64, "p" * 64, "m" * 64), document))
    left, right = make_records(rows).rows(named=True)
    assert (left["hip_helper"], left["hip_end_point"]) == (TOLD.helper, TOLD.end_point)
    assert (left["hip_side_pain"], left["hip_side_pain_place"], right["hip_side_pain"]) == (4, "groin", None)
    onset_deg = document["sides"]["left"]["motions"]["internal"]["onset_deg"]
    assert onset_deg is not None
    assert left["hip_ir_onset_deg"] == onset_deg


def test_one_leg_and_both_at_once_are_not_compared(told):
    one = render_document(told)
    both, unsaid = (render_document(replace(told, setup=replace(TOLD, legs=legs))) for legs in (Legs.BOTH, None))
    with pytest.raises(HistoryError, match="the same number of legs at once, found one and both"):
        compare_documents(one, both)
    assert len(compare_documents(one, unsaid)) == len(compare_documents(unsaid, both)) == 2


def test_the_history_lists_how_each_was_done(told, tmp_path):
    address = f"sqlite:///{tmp_path / 'history.sqlite'}"
    with open_history(address) as history:
        entry = history.keep(render_document(told), "S1")
    assert (entry.effort, entry.legs) == ("passive", "one")
    listed = CliRunner().invoke(app, ["history", "list", "--database", address], env={"COLUMNS": "200"})
    assert "passive, one leg" in listed.stdout
    shown = CliRunner().invoke(app, ["history", "show", str(entry.id), "--database", address])
    assert f"How it was done: {IN_WORDS}." in shown.stdout


# ------------------------------------------------------------------------------------------------------------ the guide


@pytest.mark.parametrize("procedure", PROCEDURES)
@pytest.mark.parametrize("effort", Effort)
@pytest.mark.parametrize("legs", [None, *Legs])
def test_every_sentence_of_the_guide_is_whole(procedure, effort, legs):
    told = spoken_for(procedure, effort, legs).about(Side.LEFT)
    for text in (told.swing, told.again, told.hold, told.back, told.short, told.other_leg, told.other_way):
        assert text.endswith(".")
        assert not set("{}") & set(text)
    if legs is Legs.BOTH:
        assert "both" in told.swing
        assert "left" not in told.swing


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_the_helper_is_told_when_to_move_hold_and_let_go(procedure):
    told = spoken_for(procedure, Effort.PASSIVE).about(Side.RIGHT)
    for text in (told.swing, told.hold, told.back):
        assert "Helper:" in text
    assert "right" in told.swing
    assert "Helper:" not in " ".join(map(str, (spoken_for(procedure).swing, spoken_for(procedure).back)))


def test_a_helper_in_the_picture_does_not_hold_up_a_passive_test():
    def person_ok(setup, n_people):
        placement = Placement(setup)
        checks = [placement.see(replace(Body(), n_people=n_people).at(k / 25)) for k in range(50)][-1]
        return next(check for check in checks if check.code is CheckCode.PERSON)

    assert not person_ok(Setup(), 2).ok
    assert person_ok(PASSIVE, 2).ok
    third = person_ok(PASSIVE, 3)
    assert "one helper" in third.advice


def test_both_legs_at_once_are_done_in_one_round():
    coach = Coach(Plan(n_trials=2, countdown_s=0.0), replace(PASSIVE, legs=Legs.BOTH))
    trial = ((1.0, 0.0), (1.0, 35.0), (2.5, 35.0), (1.0, 0.0))
    shown = [(t, angle) for t, angle in curve((2.0, 0.0), *trial, *trial, (1.0, 0.0))]
    seen = [coach.see(Body().at(t, left_deg=angle, right_deg=0.8 * angle)) for t, angle in shown]
    assert seen[-1].phase is Phase.COMPLETE
    assert seen[-1].captured[Side.LEFT] == pytest.approx((35.0, 35.0), abs=0.3)
    assert seen[-1].captured[Side.RIGHT] == pytest.approx((28.0, 28.0), abs=0.3)
    assert "other_leg" not in {c.cue.code for c in seen if c.cue is not None}


def test_one_leg_at_a_time_is_asked_of_each_and_the_wrong_one_is_told():
    coach = Coach(Plan(n_trials=1, countdown_s=0.0), PASSIVE)
    shown = curve((2.0, 0.0), (1.0, 35.0), (1.0, 35.0))
    seen = [coach.see(Body().at(t, right_deg=angle)) for t, angle in shown]
    (wrong,) = {c.cue.text for c in seen if c.cue is not None and c.cue.code == "other_leg"}
    assert wrong == "That is the right leg. Helper: bring the left foot out, and leave the other one at rest."


# ------------------------------------------------------------------------------------------------------ legs at once


@pytest.mark.parametrize(("apart_s", "shown"), [(0.0, Legs.BOTH), (6.0, Legs.ONE)])
def test_the_recording_shows_which_legs_move_at_once_where_it_is_asked(apart_s, shown):
    """Then both are written down, swing without fault, and it is told that the pelvis shows less."""
    series = seated(left=(35.0, 33.0), right=(30.0, 31.0), right_start=1.0 + apart_s * 2, duration_s=30.0)
    told = assess(series, Setup(legs=Legs.AUTO))
    assert told.legs is shown
    assert make_document(told).legs == shown
    assert FindingCode.OTHER_LEG_MOVES not in {f.code for f in told.findings}
    assert (note_for("both_at_once") in told.notes) is (shown is Legs.BOTH)
    assert f"{'both legs at once' if shown is Legs.BOTH else 'one leg at a time'}" in make_document(told).how_done


def test_two_legs_that_swing_at_once_are_a_fault_only_where_one_at_a_time_was_said():
    series = seated(left=(35.0, 33.0), right=(30.0, 31.0), right_start=1.0, duration_s=12.0)
    moved = {
        legs: FindingCode.OTHER_LEG_MOVES in {f.code for f in assess(series, Setup(legs=legs)).findings}
        for legs in (None, Legs.ONE, Legs.BOTH, Legs.AUTO)
    }
    assert moved == {None: False, Legs.ONE: True, Legs.BOTH: False, Legs.AUTO: False}
