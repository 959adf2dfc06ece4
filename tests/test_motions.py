"""The foot swings outwards and inwards: internal and external rotation, each by itself and both in one recording."""

import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kept_poses import SAMPLES
from published import faults
from rich.console import Console
from simulated import prone, seated, swings

from hipcv.assessment import Status, assess
from hipcv.batch.input.clip import Clip
from hipcv.batch.output.contents import Contents
from hipcv.batch.output.redcap import make_dictionary, make_records
from hipcv.batch.output.results import Result, film_again_rows, side_rows, trial_rows
from hipcv.batch.output.summary import render_summary
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.motion.trials import find_trials
from hipcv.core.procedures import PROCEDURES
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.series import ANKLES, KNEES
from hipcv.core.setup import Setup
from hipcv.evidence.guidance import advice_for, filming_guide, note_for
from hipcv.evidence.reference import all_references, find_references
from hipcv.outputs.document import make_document, read_document, read_setup, render_document
from hipcv.outputs.figures import draw_arcs
from hipcv.outputs.html import render_report
from hipcv.outputs.note import render_note
from hipcv.outputs.plan import next_steps
from hipcv.outputs.scene import state_texts
from hipcv.outputs.text import render_text
from hipcv.pose.legs.tracking import ANGLES_DEG, BOTH_WAYS_DEG, CLEAR_PEAK, find_paths
from hipcv.words import SIDES, Effort, Legs, Motion, Motions, Side

BOTH = Setup(motion=Motions.BOTH)
SWUNG = {
    "left": (40.0, -30.0, 38.0, -31.0),
    "right": (25.0, -42.0, 26.0, -43.0),
    "right_start": 15.0,
    "duration_s": 30.0,
}


@pytest.fixture(scope="module")
def both():
    return seated(**SWUNG)


@pytest.fixture(scope="module")
def assessment(both):
    return assess(both, BOTH)


def ends(assessment, motion):
    return [assessment.of(side, motion).end_range_deg for side in SIDES]


def codes(assessment):
    return {(f.code, f.side, f.motion) for f in assessment.findings}


# ------------------------------------------------------------------------------------------------------- the numbers


def test_both_directions_are_read_from_one_recording(assessment):
    assert ends(assessment, Motion.INTERNAL) == pytest.approx([39.0, 25.5], abs=0.5)
    assert ends(assessment, Motion.EXTERNAL) == pytest.approx([30.5, 42.5], abs=0.5)
    for result in assessment.results:
        assert [trial.motion for trial in result.trials] == [result.motion] * 2
        assert result.interval95_deg[0] < result.end_range_deg < result.interval95_deg[1]
        # the relaxed shank stands 2° outwards, which is -2° of external rotation
        assert result.rest_deg == pytest.approx(2.0 * result.motion.sign, abs=0.6)
    assert assessment.external_asymmetry.difference_deg == pytest.approx(-12.0, abs=0.7)
    starts = [trial.start for trial in assessment.trials]
    assert len(starts) == 8
    assert starts == sorted(starts)


def test_internal_rotation_is_the_same_whether_or_not_the_other_direction_is_asked_for(both, assessment):
    alone = assess(both, Setup())
    assert ends(alone, Motion.INTERNAL) == ends(assessment, Motion.INTERNAL)
    assert alone.external is None
    assert alone.results == alone.sides
    assert not alone.of(Side.LEFT, Motion.EXTERNAL).measured


def test_a_foot_that_swings_inwards_is_wrong_only_for_who_asked_for_one_direction(both, assessment):
    inwards = assess(both, Setup(motion=Motions.EXTERNAL))
    assert ends(inwards, Motion.EXTERNAL) == ends(assessment, Motion.EXTERNAL)
    assert [inwards.left.status, inwards.status] == [Status.NOT_MEASURED, Status.MEASURED]
    wrong = {FindingCode.WRONG_DIRECTION}
    assert not wrong & {code for code, _, _ in codes(assessment)}
    for asked, motion in ((assess(both, Setup()), Motion.INTERNAL), (inwards, Motion.EXTERNAL)):
        told = [f for f in asked.findings if f.code in wrong]
        assert [(f.severity, f.side, f.motion) for f in told] == [(Severity.DOUBT, side, motion) for side in SIDES]


def test_who_only_swings_the_other_way_is_refused():
    told = assess(seated(), Setup(motion=Motions.EXTERNAL))
    assert told.status is Status.NOT_MEASURED
    assert (FindingCode.WRONG_DIRECTION, Side.LEFT, Motion.EXTERNAL) in codes(told)


def test_what_spoils_one_direction_leaves_the_other(both):
    few = assess(seated(left=(40.0, -30.0), right=(25.0, 24.0, 26.0)), BOTH)
    told = {f.motion for f in few.findings if f.code is FindingCode.TOO_FEW_TRIALS and f.side is Side.LEFT}
    assert told == {Motion.INTERNAL, Motion.EXTERNAL}
    far = assess(seated(left=(40.0, -95.0), right=()), BOTH)
    assert [far.left.measured, far.of(Side.LEFT, Motion.EXTERNAL).measured] == [True, False]


@pytest.mark.parametrize("roll_deg", [-6.0, 6.0])
def test_a_roll_that_nobody_knows_pushes_the_directions_opposite_ways(roll_deg):
    """What one gains the other loses: their sum is right."""
    told = assess(seated(**SWUNG, roll=roll_deg), replace(BOTH, roll_deg=0.0))
    inner, outer = (np.array(ends(told, motion)) for motion in Motion)
    assert np.abs(inner - [39.0, 25.5]).min() > 4
    assert inner + outer == pytest.approx([69.5, 68.0], abs=1.0)


def test_a_pelvis_that_lifts_adds_to_the_one_direction_and_takes_from_the_other():
    told = assess(seated(**SWUNG, hike=4.0), BOTH)
    inner, outer = (told.of(Side.RIGHT, motion) for motion in Motion)
    # in proportion to the swing: all of it at 43° inwards, half at 25° outwards
    assert inner.pelvis_corrected_deg - inner.end_range_deg == pytest.approx(-2.1, abs=0.7)
    assert outer.pelvis_corrected_deg - outer.end_range_deg == pytest.approx(3.9, abs=0.7)


@pytest.mark.parametrize("roll_deg", [0.0, 6.0])
def test_the_total_arc_needs_no_known_roll_and_the_difference_does(roll_deg):
    """Without a room nothing settles the roll: the arc is right all the same, and nearly as sure."""
    blind = assess(seated(**SWUNG, roll=roll_deg, room=False), BOTH)
    assert FindingCode.GRAVITY_UNKNOWN in {f.code for f in blind.findings}
    for side, truth_deg in zip(SIDES, (69.5, 68.0), strict=True):
        arc = blind.arc_of(side)
        low, high = arc.total_interval95_deg
        assert arc.total_deg == pytest.approx(truth_deg, abs=1.0)
        assert low < truth_deg < high
        assert (arc.balance_deg, arc.balance_interval95_deg) == (None, None)
        each = [blind.of(side, motion).interval95_deg for motion in Motion]
        assert high - low < min(above - below for below, above in each)


def test_the_difference_of_the_directions_counts_roll_and_zero_twice(assessment):
    for side, truth_deg in zip(SIDES, (8.5, -17.0), strict=True):
        arc = assessment.arc_of(side)
        low, high = arc.balance_interval95_deg
        assert arc.balance_deg == pytest.approx(truth_deg, abs=0.7)
        assert low < truth_deg < high
        assert high - low > 2**0.5 * max(np.diff(assessment.of(side, motion).interval95_deg)[0] for motion in Motion)
    assert assess(seated(), Setup()).arc_of(Side.LEFT) is None


def test_much_more_one_way_than_the_other_is_told_with_the_hip_straight_and_never_as_a_verdict():
    swung = {"left": (45.0, -14.0), "right": (), "duration_s": 12.0}
    lying, sitting = (
        assess(prone(**swung), replace(BOTH, procedure=PRONE, camera_side=None)),
        assess(seated(**swung), BOTH),
    )
    assert note_for("twist") in lying.notes
    assert note_for("twist") not in sitting.notes
    assert "only imaging can tell" in note_for("twist")


def test_a_rendered_clip_of_both_directions_gives_its_truth(kept, truth_of):
    """In it one foot passes before the other ankle: 33° inwards are seen all the same."""
    told = kept("seated-both-133-00").assessment
    truth_deg = {
        (side, trial["motion"]): abs(trial["end_range_shin_to_vertical_deg"])
        for trial in truth_of("seated-both-133-00")["trials"]
        for side in SIDES
        if side[0].upper() == trial["side"]
    }
    for result in told.results:
        assert result.end_range_deg == pytest.approx(truth_deg[result.side, result.motion], abs=2.0)
    for side in SIDES:
        both_deg = sum(truth_deg[side, motion] for motion in Motion)
        assert told.arc_of(side).total_deg == pytest.approx(both_deg, abs=1.5)
    assert codes(told) == {(FindingCode.TOO_FEW_TRIALS, result.side, result.motion) for result in told.results}


# ------------------------------------------------------------------------------------------------------------- trials


@settings(max_examples=30)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=5), st.floats(-6, 6), st.integers(0, 9))
def test_a_curve_turned_over_gives_external_rotation_for_internal(peaks, rest_deg, seed):
    time_s = np.arange(0, 3.4 * len(peaks) + 2, 1 / 8)
    curve = swings(time_s, peaks, start=1.0, rest=rest_deg) + np.random.default_rng(seed).normal(0, 0.4, len(time_s))
    for one, other in ((Motion.INTERNAL, Motion.EXTERNAL), (Motion.EXTERNAL, Motion.INTERNAL)):
        turned = find_trials(time_s, -curve, Side.LEFT, other)
        assert turned == tuple(replace(t, motion=other) for t in find_trials(time_s, curve, Side.LEFT, one))


@pytest.mark.parametrize(("peak_deg", "hold_s"), [(-6.0, 1.2), (-15.0, 0.0)])
def test_a_foot_that_comes_back_past_rest_has_not_tried_external_rotation(peak_deg, hold_s, monkeypatch):
    """A small swing that was held by chance, or a larger one that was not."""

    def fidget(time_s, peaks, *, start):
        curve = swings(time_s, [peak for peak in peaks if peak > 0], start=start)
        small = [peak for peak in peaks if peak < 0]
        return curve + swings(time_s, small, start=start + 8.0, rest=0.0, hold_s=hold_s)

    monkeypatch.setattr("simulated.swings", fidget)
    told = assess(seated(left=(40.0, 38.0, peak_deg), right=()), BOTH)
    assert told.left.measured
    assert told.of(Side.LEFT, Motion.EXTERNAL).trials == ()
    assert not any(f.motion is Motion.EXTERNAL for f in told.findings)


def test_a_leg_that_makes_way_has_no_trial_and_moves_for_no_fault():
    series = seated(left=(40.0, -30.0), right=(), duration_s=12.0)
    time_s, px, seen = series.time_s, series.image_px.copy(), series.visibility.copy()
    away = (time_s > 4.0) & (time_s < 7.5)  # the right foot is hooked back, and taken for what lies inwards
    knee, ankle = KNEES[Side.RIGHT.column], ANKLES[Side.RIGHT.column]
    shank_px = np.linalg.norm(px[0, ankle] - px[0, knee])
    px[away, ankle] = px[away, knee] + shank_px * np.array([np.sin(np.radians(35)), np.cos(np.radians(35))])
    px[away, ankle] += np.random.default_rng(1).normal(0, 0.4, (int(away.sum()), 2))
    seen[away & (np.arange(len(time_s)) % 3 > 0), ankle] = 0.0
    told = assess(replace(series, image_px=px, visibility=seen), BOTH)
    assert told.of(Side.LEFT, Motion.EXTERNAL).end_range_deg == pytest.approx(30.0, abs=0.6)
    assert told.of(Side.RIGHT, Motion.EXTERNAL).trials == ()
    assert FindingCode.OTHER_LEG_MOVES not in {f.code for f in told.findings}


def test_the_knee_of_a_leg_that_lies_straight_is_no_pelvis_that_rolls():
    series = prone(left=(40.0, -30.0), right=(), duration_s=12.0)
    away = (series.time_s > 4.0) & (series.time_s < 7.5)
    seen, outline = series.visibility.copy(), series.knee_outline_px.copy()
    seen[away, ANKLES[Side.RIGHT.column]] = 0.0
    outline[away, Side.RIGHT.column] += [0.0, 40.0]
    lying = replace(series, visibility=seen, knee_outline_px=outline)
    told = assess(lying, Setup(PRONE, motion=Motions.BOTH))
    assert told.of(Side.LEFT, Motion.EXTERNAL).end_range_deg == pytest.approx(30.0, abs=0.8)
    assert FindingCode.PELVIS_HIKE not in {f.code for f in told.findings}


# ------------------------------------------------------------------------------------------------------------- reading


def drawn_leg(angle_deg):
    """Return ankle maps and masks of a left leg at this angle and a right one at rest, both knees in their place."""
    row, column = np.mgrid[0:64, 0:64]
    knees = np.array([[81.5, 81.5], [201.5, 81.5]])
    turns = np.radians([angle_deg, 0.0])
    ways = np.stack([[-1.0, 1.0] * np.sin(turns), np.cos(turns)], axis=-1)
    ankles, maps, mask = knees + 80.0 * ways, np.zeros((64, 64)), np.zeros((64, 64))
    for knee, ankle in zip(knees, ankles, strict=True):
        maps += 0.8 * np.exp(-0.5 * ((4 * column + 1.5 - ankle[0]) ** 2 + (4 * row + 1.5 - ankle[1]) ** 2) / 36)
        for share in np.linspace(0, 1, 40):
            x, y = knee + share * (ankle - knee)
            mask[np.hypot(4 * column + 1.5 - x, 4 * row + 1.5 - y) < 9] = 1.0
    return np.stack([maps] * 4), np.stack([mask] * 4), np.stack([knees] * 4)


def test_a_foot_far_inwards_is_looked_for_only_where_it_may_swing_there():
    maps, masks, knees = drawn_leg(-45.0)
    time_s = np.arange(4) / 8
    usual, _ = find_paths(maps, masks, time_s, knees, 80.0)
    wide, other = find_paths(maps, masks, time_s, knees, 80.0, angles_deg=BOTH_WAYS_DEG)
    assert wide.angle_deg == pytest.approx(-45.0, abs=1.5)
    assert other.angle_deg == pytest.approx(0.0, abs=1.5)
    assert (usual.angle_deg > -30).all()


def test_one_peak_for_both_ankles_is_taken_by_the_leg_that_shows_nothing_else_and_is_faint():
    """A foot that passes before the other ankle: the maps show one joint there."""
    maps, masks, knees = drawn_leg(-49.0)  # 60 px aside in a shank of 80: the other knee stands 120 px away
    knees[:, 1, 0] = 141.5
    left, right = find_paths(
        maps * (np.arange(64) < 40), masks, np.arange(4) / 8, knees, 80.0, angles_deg=BOTH_WAYS_DEG
    )
    for leg in (left, right):
        assert leg.ankle_px == pytest.approx(np.repeat([[141.9, 134.0]], 4, axis=0), abs=1.5)
        assert (leg.peak < CLEAR_PEAK).all()
    assert left.angle_deg == pytest.approx(-49.0, abs=1.5)


@pytest.mark.parametrize("angle_deg", [-15.0, 0.0, 40.0])
def test_the_wider_range_reads_the_usual_angles_alike(angle_deg):
    maps, masks, knees = drawn_leg(angle_deg)
    usual, wide = (
        find_paths(maps, masks, np.arange(4) / 8, knees, 80.0, angles_deg=a) for a in (ANGLES_DEG, BOTH_WAYS_DEG)
    )
    for one, other in zip(usual, wide, strict=True):
        assert one.ankle_px.tolist() == other.ankle_px.tolist()
    assert set(ANGLES_DEG) < set(BOTH_WAYS_DEG)


# ------------------------------------------------------------------------------------------------- words and documents


def test_the_document_holds_the_other_direction_beside_what_it_always_held(both, assessment):
    document = json.loads(json.dumps(render_document(assessment)))
    assert faults(document) == []
    left = document["sides"]["left"]
    assert left["motions"]["internal"]["end_range_deg"] == pytest.approx(39.0, abs=0.5)
    assert left["motions"]["external"]["end_range_deg"] == pytest.approx(30.5, abs=0.5)
    assert left["arc"]["total_deg"] == pytest.approx(69.5, abs=0.7)
    assert left["arc"]["balance_deg"] == pytest.approx(8.5, abs=0.7)
    assert document["asymmetry"]["external"]["difference_deg"] == pytest.approx(-12.0, abs=0.7)
    assert read_setup(document) == BOTH
    read = read_document(document)
    assert [read.of(Side.LEFT, motion).n_accepted for motion in Motion] == [2, 2]
    assert read.asked == tuple(Motion)
    alone = render_document(assess(both, Setup()))
    assert alone["sides"]["left"]["motions"]["external"] is alone["asymmetry"]["external"] is None


@pytest.mark.parametrize(
    ("asked", "named", "turned"),
    [
        (Motions.INTERNAL, "internal rotation", "left hip turned inwards by 39° and the right hip turned inwards by 2"),
        (Motions.EXTERNAL, "external rotation", "left hip turned outwards by 3"),
        (Motions.BOTH, "internal and external rotation", ", the left hip turned outwards by 3"),
    ],
)
def test_terminal_and_report_show_what_was_asked_for(both, asked, named, turned):
    told = assess(both, Setup(motion=asked))
    page = io.StringIO()
    render_text(told, Console(file=page, width=160))
    assert f"Hip {named}, seated test" in page.getvalue()
    assert page.getvalue().count("end range") == len(asked.each)
    report = render_report(told, [])
    assert f"<h1>Hip {named}, seated test</h1>" in report
    assert turned in report
    assert report.count('<section class="card left"') == len(asked.each)
    assert ("<h2>External rotation</h2>" in report) == (asked is Motions.BOTH)
    assert ("Total arc" in report) == ("total arc" in page.getvalue()) == (asked is Motions.BOTH)


def test_a_note_holds_both_directions_and_exercises_are_for_the_one(both, assessment):
    note = render_note(make_document(assessment)).splitlines()[0]
    assert re.search(r": R 2\d° .*, L 39° .*; ER R 4\d° .*, L 3\d° .*; total arc R 68° .*, L 7\d° ", note)
    assert "ER" not in render_note(make_document(assess(both, Setup()))).splitlines()[0]
    alone = assess(both, Setup(motion=Motions.EXTERNAL))
    first, trials = render_note(make_document(alone)).splitlines()[:2]
    assert first.startswith("O: Hip ER AROM, seated")
    assert ("not measured" in first, "R–L not compared" in first) == (False, alone.external_asymmetry is None)
    assert "Trials: R 2, L 2;" in trials
    screened = replace(BOTH, screening=(), age_years=30.0)
    assert next_steps(assess(both, screened)).plan is not None
    assert next_steps(assess(both, replace(screened, motion=Motions.EXTERNAL))).plan is None


def test_the_video_names_the_direction_that_was_held(assessment):
    trial = assessment.of(Side.LEFT, Motion.EXTERNAL).trials[-1]
    now, done = state_texts(assessment, trial.hold_stop, Side.LEFT)
    assert now == "swing"
    assert done.startswith(("end range external 30°", "end range external 31°"))


@pytest.mark.parametrize("procedure", PROCEDURES)
@pytest.mark.parametrize("effort", Effort)
def test_the_filming_guide_has_the_other_leg_out_of_the_way_where_a_foot_swings_inwards(procedure, effort):
    inward, outward, each = (
        " ".join(filming_guide(procedure, effort, asked))
        for asked in (Motions.EXTERNAL, Motions.INTERNAL, Motions.BOTH)
    )
    assert [words.count("to make room") for words in (inward, outward, each)] == [1, 0, 1]
    assert [words.count("slowly outwards") for words in (inward, outward, each)] == [0, 1, 1]


def test_advice_sends_the_foot_the_way_that_was_asked_for():
    for code in ("wrong_direction", "no_hold", "uneven_trials"):
        assert " in" in advice_for(code, motion=Motion.EXTERNAL)
        assert advice_for(code, motion=Motion.INTERNAL) == advice_for(code)


def test_a_range_of_one_direction_is_never_held_against_the_other():
    for procedure in PROCEDURES:
        for motion in Motion:
            rows = find_references(procedure, age_years=20, motion=motion)
            assert rows
            assert {row.motion for row in rows} == {motion}
    outer = [row for row in all_references() if row.motion is Motion.EXTERNAL]
    # external rotation falls with age, and no source prints both its posture and its spread
    assert all(row.reach_years is None and row.no_verdict is not None for row in outer)


def test_tables_have_a_row_a_side_and_every_trial_with_its_direction(assessment):
    result = Result(Clip(1, "S01.mp4", "/S01.mp4", SEATED, motion=Motions.BOTH), document=render_document(assessment))
    left, right = side_rows(result)
    assert left["motion"] == "both"
    assert [left["external_end_range_deg"], right["external_end_range_deg"]] == pytest.approx([30.5, 42.5], abs=0.5)
    assert left["external_interval95_low_deg"] < 30.5 < left["external_interval95_high_deg"]
    assert (left["external_n_trials_accepted"], left["film_again"]) == (2, False)
    assert left["arc_total_low_deg"] < left["arc_total_deg"] < left["arc_total_high_deg"]
    assert left["arc_balance_low_deg"] < left["arc_balance_deg"] < left["arc_balance_high_deg"]
    assert [row["motion"] for row in trial_rows(result)] == ["internal"] * 2 + ["external"] * 2 + (
        ["internal"] * 2 + ["external"] * 2
    )
    assert list(film_again_rows(result)) == []


def test_a_side_that_lacks_a_direction_is_filmed_again():
    half = assess(seated(left=(40.0, -30.0), right=(25.0, 24.0)), BOTH)
    result = Result(Clip(1, "S01.mp4", "/S01.mp4", SEATED, motion=Motions.BOTH), document=render_document(half))
    left, right = side_rows(result)
    assert (left["film_again"], right["film_again"], right["status"]) == (False, True, "measured")


@pytest.mark.parametrize("asked", Motions)
def test_the_page_of_a_batch_shows_each_motion_by_itself(both, asked):
    clip = Clip(1, "S01.mp4", "/S01.mp4", SEATED, motion=asked)
    rows = list(side_rows(Result(clip, document=render_document(assess(both, Setup(motion=asked))))))
    page = render_summary(Contents(sides=rows), "heavy")
    drawn = re.findall(r"<h3>([^<]*)</h3>", page)
    assert drawn == [f"Seated test, {motion} rotation" for motion in asked.each]
    wanted = {f"{rows[0][name]:.1f}°" for name in ("end_range_deg", "external_end_range_deg") if rows[0][name]}
    assert set(re.findall(r"<title>S01.mp4: ([^<]*)</title>", page)) >= wanted
    assert len(wanted) == len(asked.each)


def test_redcap_takes_both_motions_and_the_arc(assessment):
    clip = Clip(1, "S01.mp4", "/S01.mp4", SEATED, subject="S01", motion=Motions.BOTH)
    rows = list(side_rows(Result(clip, document=render_document(assessment))))
    (left, _) = make_records(rows).to_dicts()
    assert [left[f"hip_{name}_deg"] for name in ("ir", "er", "arc", "balance")] == pytest.approx(
        [39.0, 30.5, 69.5, 8.5], abs=0.7
    )
    assert left["hip_er_asymmetry_deg"] == pytest.approx(-12.0, abs=0.7)
    assert left["hip_ir_n_trials"] == left["hip_er_n_trials"] == 2
    known = dict(make_dictionary().select("Variable / Field Name", "Field Label").rows())
    assert known.keys() >= {name for name in left if name.startswith("hip_") and not name.endswith("_complete")}
    assert known["hip_er_deg"] == "External rotation at end range (°)"
    labels = [label for name, label in known.items() if "_ir_" in name or "_er_" in name]
    assert len(labels) == len(set(labels))


# ------------------------------------------------------------------------------------- both asked for, one of them done


def told_apart_from_what_was_asked(assessment):
    document = render_document(assessment)
    return {**document, "setup": {**document["setup"], "motion": None}}


@pytest.mark.parametrize(
    "series",
    [
        seated(fps=15.0),
        seated(fps=15.0, hike=8.0, lean=12.0),
        seated(fps=15.0, left=(40.0, -4.0, 38.0), right=(25.0,)),  # a fidget inwards
        prone(twist=9.0),
        prone(left=(25.0, 24.0), right=(25.0, 24.0), drift=16.0),
    ],
    ids=["clean", "the body helps", "a fidget", "the body turns", "thighs drift"],
)
def test_who_was_asked_for_both_and_only_swung_outwards_did_a_test_of_internal_rotation(series):
    """Result, doubts and advice are those of somebody who was asked for nothing else; nothing asks for the rest."""
    procedure = PRONE if np.isnan(series.world_m).all() else SEATED
    told, alone = (assess(series, Setup(procedure, motion=asked)) for asked in (Motions.BOTH, Motions.INTERNAL))
    without = [f for f in alone.findings if f.code is not FindingCode.WRONG_DIRECTION]
    assert list(told.findings) == without
    assert told.done.motion is Motions.INTERNAL
    assert told.results == alone.results
    if len(without) == len(alone.findings):
        assert told_apart_from_what_was_asked(told) == told_apart_from_what_was_asked(alone)
        assert render_report(told, []) == render_report(alone, [])


def test_the_other_leg_that_moves_is_a_fault_unless_a_foot_went_inwards():
    """Nobody's leg made way in a test of which both directions were asked and one was done."""
    at_once = {"right": (26.0,), "right_start": 1.0, "duration_s": 15.0}
    for left, is_fault in (((40.0,), True), ((40.0, -30.0), False)):
        told = assess(seated(left=left, **at_once), replace(BOTH, legs=Legs.ONE))
        assert (FindingCode.OTHER_LEG_MOVES in {f.code for f in told.findings}) == is_fault


@pytest.mark.parametrize("name", ["seated-easy-101-00", "seated-hard-103-00", "prone-easy-102-02", "prone-head-0"])
def test_in_a_clip_of_internal_rotation_nobody_tried_the_other_way(name, kept):
    seen = kept(name)
    both = assess(
        seen.series, replace(seen.assessment.setup, motion=Motions.BOTH), provenance=seen.assessment.provenance
    )
    assert told_apart_from_what_was_asked(both) == told_apart_from_what_was_asked(seen.assessment)


def test_the_bars_of_the_arcs_are_as_long_as_these_and_lie_on_both_sides_of_zero(assessment):
    drawing = ElementTree.fromstring(draw_arcs(assessment))
    zero = next(float(e.get("x1")) for e in drawing.iter("line") if e.get("class") == "zero")
    ticks = [e for e in drawing.iter("text") if e.get("class") == "tick" and e.get("text-anchor") == "middle"]
    per_deg = (float(ticks[-1].get("x")) - zero) / float(ticks[-1].text.removesuffix("°"))
    for side, group in zip(SIDES, drawing.iter("g"), strict=True):
        bar = next(e for e in group.iter("rect"))
        start, length = float(bar.get("x")), float(bar.get("width"))
        ends = [assessment.of(side, motion).end_range_deg for motion in Motion]
        assert (start + length - zero) / per_deg == pytest.approx(ends[0], abs=0.1)
        assert (zero - start) / per_deg == pytest.approx(ends[1], abs=0.1)
        told = [e.text for e in group.iter("text") if e.get("class") == "value"]
        assert told[:2] == [f"{end:.0f}°" for end in ends]
        assert told[2].startswith(f"{assessment.arc_of(side).total_deg:.0f}° (")
        assert told[2] in drawing.get("aria-label")
    assert draw_arcs(assess(seated(fps=15.0), BOTH)) == ""


def turned(series, by_deg):
    """Return what a camera that is rolled sees of a clip in whose picture nothing is plumb."""
    c, s = np.cos(np.radians(by_deg)), np.sin(np.radians(by_deg))
    turn, middle = np.array([[c, s], [-s, c]]), np.array(series.frame_size_px) / 2
    px = (series.image_px - middle) @ turn + middle
    world = np.concatenate([series.world_m[..., :2] @ turn, series.world_m[..., 2:]], axis=-1)
    return replace(series, image_px=px, world_m=world, edges_px=np.empty((0, 4)))


@pytest.mark.parametrize("roll_deg", [-6.0, 6.0])
def test_the_arc_of_a_clip_holds_where_the_camera_is_rolled_and_nothing_is_plumb(kept, roll_deg):
    """Each direction is off by what of the roll the resting legs do not tell; the arc is not."""
    clip = kept("seated-both-133-00")
    blind = assess(turned(clip.series, roll_deg), clip.assessment.setup)
    assert FindingCode.GRAVITY_UNKNOWN in {f.code for f in blind.findings}
    trials = json.loads((SAMPLES / "seated-both-133-00.truth.json").read_text())["trials"]
    for side in SIDES:
        mine = [t["end_range_shin_to_vertical_deg"] for t in trials if t["side"] == side[0].upper()]
        arc = blind.arc_of(side)
        assert arc.total_deg == pytest.approx(max(mine) - min(mine), abs=1.5)
        assert arc.total_interval95_deg[0] < max(mine) - min(mine) < arc.total_interval95_deg[1]
        assert arc.balance_deg is None
