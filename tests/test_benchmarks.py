"""What the benchmarks make of readings and truths: tables that can be computed by hand."""

import inspect
import json
import math
import sys
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from scipy.special import ndtri
from simulated import seated

from hipcv.assessment import assess
from hipcv.core.camera.pinhole import Pinhole
from hipcv.core.camera.pose import LEVEL, CameraAngle, Cue
from hipcv.core.checks.limits import LIMITS
from hipcv.core.finding import FindingCode
from hipcv.core.procedure import Procedure
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.series import ANKLES, KNEES, PoseSeries
from hipcv.core.setup import Setup
from hipcv.evidence.agreement import MDC95_PER_SEM
from hipcv.pose.legs.edges import Ribbon
from hipcv.pose.legs.protractor import HANGING
from hipcv.pose.legs.tracking import LegPath
from hipcv.pose.method import METHOD
from hipcv.words import SIDES, CameraSide, Side

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import ablation
import accuracy
import limits
import real_clips
import real_photos
import repeatability
import speed
import stages


def truth_for(series: PoseSeries, *, test: str = "seated", level: str = "easy") -> dict:
    """A truth whose joint centres are the series' own landmarks."""
    frames = []
    for k, t in enumerate(series.time_s):
        points = {}
        for joint, rows in (("knee", KNEES), ("ankle", ANKLES)):
            for letter, row in zip("LR", rows, strict=True):
                points[f"{joint}.{letter}"] = series.image_px[k, row].tolist()
        frames.append({"t": round(float(t), 4), "keypoints": points})
    spec = {"name": "clip", "test": test, "level": level, "fault": None}
    return {"spec": spec, "frames": frames, "trials": []}


@pytest.fixture(scope="module")
def series() -> PoseSeries:
    return seated(left=(40.0,), right=(25.0,), duration_s=14.0, fps=15.0, noise_px=0.0)


def side_row(error: float, half_width: float, fault: str = "") -> accuracy.SideRow:
    return accuracy.SideRow(
        *("c", "seated", "easy", fault, "left", 30.0, "measured", 30.0 + error, error, half_width),
        *(abs(error) <= half_width, False, False, 3, 3, 0.0, "", False),
    )


# ------------------------------------------------------------------------------------------------------------ accuracy


def test_a_level_of_the_reliability_curve_scales_the_printed_interval_by_normal_quantiles() -> None:
    # 1 ± 1.96 holds errors of 0.9 from 68 % on (half width 0.994 there, 0.675 at 50 %), of 1.5 from 90 % on
    (row,) = accuracy.reliability([side_row(0.9, 1.96), side_row(-1.5, 1.96), side_row(9.0, 1.96, fault="hike")])
    shares = {"50%": "0%", "68%": "50%", "80%": "50%", "90%": "100%", "95%": "100%"}
    assert row == {"set": "seated, clean", "sides": "2", **shares}


def test_errors_that_are_as_large_as_said_lie_on_the_diagonal_of_the_reliability_curve() -> None:
    errors = 1.5 * ndtri((np.arange(1000) + 0.5) / 1000)
    (row,) = accuracy.reliability([side_row(float(e), 1.5 * 1.96) for e in errors])
    assert [row[f"{p:.0%}"] for p in accuracy.LEVELS] == [f"{p:.0%}" for p in accuracy.LEVELS]


def test_sides_without_a_number_have_no_place_in_the_reliability_curve() -> None:
    assert accuracy.reliability([side_row(math.nan, math.nan)]) == []


def test_landmarks_on_the_joint_centres_have_no_error_in_the_picture(series: PoseSeries) -> None:
    assessment = assess(series, Setup())
    rows = accuracy.score_shanks(assessment, truth_for(series))
    assert len(rows) == 2 * len(series)
    assert max(abs(r.error_deg) for r in rows) < 1e-9


@pytest.mark.parametrize("turn_deg", [4.0, -7.0])
def test_a_shank_that_is_seen_turned_is_off_by_the_turn(series: PoseSeries, turn_deg: float) -> None:
    seen = series.image_px.copy()
    turn = np.radians(turn_deg)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])  # clockwise, y down
    for knee, ankle in zip(KNEES, ANKLES, strict=True):
        seen[:, ankle] = seen[:, knee] + (seen[:, ankle] - seen[:, knee]) @ spin.T
    rows = accuracy.score_shanks(assess(replace(series, image_px=seen), Setup()), truth_for(series))
    # clockwise takes the ankle to the picture's left: inwards for the left leg, which is on the right
    for side, sign in (("left", -1), ("right", 1)):
        errors = [r.error_deg for r in rows if r.side == side]
        assert errors == pytest.approx([sign * turn_deg] * len(errors))


def test_in_prone_an_angle_is_compared_with_a_shank_that_points_up(series: PoseSeries) -> None:
    flipped = series.image_px * [1, -1] + [0, 480]
    setup = Setup(procedure=PRONE, camera_side=CameraSide.HEAD_END)
    prone = replace(series, image_px=flipped)
    rows = accuracy.score_shanks(assess(prone, setup), truth_for(prone, test="prone"))
    assert max(abs(r.error_deg) for r in rows) < 1e-9


def test_a_leg_that_is_not_seen_counts_as_not_kept(series: PoseSeries) -> None:
    seen = series.image_px.copy()
    seen[: len(series) // 2, ANKLES[0]] = np.nan
    (row,) = accuracy.summarise_shanks(
        accuracy.score_shanks(assess(replace(series, image_px=seen), Setup()), truth_for(series))
    )
    assert row["kept"] == "75.0%"
    assert (row["median °"], row["worst °"]) == ("0.00", "0.00")


def test_frames_that_the_truth_does_not_know_are_left_out(series: PoseSeries) -> None:
    truth = truth_for(series)
    truth["frames"] = truth["frames"][::2]
    assert len(accuracy.score_shanks(assess(series, Setup()), truth)) == 2 * len(truth["frames"])


def doubled(number: int) -> int:
    return 2 * number


@pytest.mark.process
def test_work_spread_over_processes_comes_back_with_its_task() -> None:
    assert dict(accuracy.spread(doubled, [1, 2, 3], jobs=1)) == {1: 2, 2: 4, 3: 6}
    assert dict(accuracy.spread(abs, [-1, 2, -3], jobs=2)) == {-1: 1, 2: 2, -3: 3}


def test_rows_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    row = ablation.Row("c", "s", "p", "seated", "easy", "left", "v", 1.5, 2.25, 0.5)
    accuracy.write_rows([row], ablation.Row, tmp_path / "rows.csv")
    assert ablation.read_rows(tmp_path / "rows.csv", ablation.Row) == [row]
    assert ablation.read_rows(tmp_path / "rows.csv", ablation.VariantShankRow) == []
    assert ablation.read_rows(tmp_path / "none.csv", ablation.Row) == []


# ------------------------------------------------------------------------------------------------------- repeatability


def readings(values: dict[tuple[str, str], list[float]], truth: float = 30.0) -> list[repeatability.Reading]:
    return [
        repeatability.Reading("seated", person, side, f"camera-{k}", value, truth)
        for (person, side), row in values.items()
        for k, value in enumerate(row)
    ]


def test_two_readings_two_degrees_apart_have_the_sem_of_the_textbook() -> None:
    # within-subject SD of (a, a + 2) is √2
    result = repeatability.repeatability(
        readings({("p", "left"): [30.0, 32.0], ("p", "right"): [20.0, 22.0], ("q", "left"): [42.0, 40.0]}), "seated"
    )
    assert (result.n_persons, result.n_cameras, result.sem.n_subjects) == (2, 2, 3)
    assert result.sem.value == pytest.approx(math.sqrt(2))
    assert result.sem.mdc95 == pytest.approx(MDC95_PER_SEM * math.sqrt(2))
    assert result.sem.ci95[0] < result.sem.value < result.sem.ci95[1]


def test_a_bias_between_cameras_counts_as_error() -> None:
    result = repeatability.repeatability(
        readings({(f"p{n}", "left"): [30.0 + 5 * n, 33.0 + 5 * n] for n in range(6)}), "seated"
    )
    assert result.sem.value == pytest.approx(3 / math.sqrt(2))
    assert result.icc.value < 1


def test_the_sem_is_the_error_that_was_put_in() -> None:
    rng = np.random.default_rng(3)
    values = {(f"p{n:03d}", "left"): list(rng.normal(30, 8) + rng.normal(0, 1.2, 4)) for n in range(300)}
    result = repeatability.repeatability(readings(values), "seated")
    assert result.sem.value == pytest.approx(1.2, abs=0.1)
    assert result.icc.value == pytest.approx(64 / (64 + 1.44), abs=0.01)
    low, high = result.sem.ci95
    assert low < 1.2 < high


def test_a_reading_that_is_missing_is_told_and_never_zero() -> None:
    values = {("p", "left"): [30.0, math.nan, 31.0], ("q", "left"): [20.0, 21.0, 22.0], ("r", "left"): [25.0, 25.0]}
    result = repeatability.repeatability(readings(values), "seated")
    assert repeatability.figures_of(result)["no reading"] == "2/9"
    assert result.sem.value == pytest.approx(math.sqrt((0.5 + 2.0 + 0.0) / (1 + 2 + 1)))
    assert result.icc.n_subjects == 1


def test_clips_that_do_not_show_one_movement_are_noticed() -> None:
    told = readings({("p", "left"): [30.0, 31.0]}) + readings({("q", "left"): [30.0, 31.0]}, truth=20.0)
    assert repeatability.repeatability(told, "seated").truth_spread_deg == 0
    mixed = [replace(told[0], truth_deg=27.0), *told[1:]]
    assert repeatability.repeatability(mixed, "seated").truth_spread_deg == pytest.approx(3.0)


def test_only_clips_whose_truth_names_a_person_are_taken(tmp_path: Path, samples: Path) -> None:
    for name, person in (("a", None), ("b", "811-0"), ("c", "811-0")):
        truth = json.loads((samples / "seated-easy-101-00.truth.json").read_text(encoding="utf-8"))
        truth["spec"] |= {"name": name, "person": person} if person else {"name": name}
        (tmp_path / f"{name}.truth.json").write_text(json.dumps(truth), encoding="utf-8")
        (tmp_path / f"{name}.mp4").touch()
    assert [clip.name for clip, _ in repeatability.person_clips(tmp_path)] == ["b.mp4", "c.mp4"]


@pytest.mark.parametrize("position", [SEATED, PRONE])
def test_published_figures_stand_with_their_source_and_for_their_own_position(position: Procedure) -> None:
    rows = repeatability.published(position)
    assert len(rows) >= 3
    assert all(row["source"] for row in rows)
    krause = [row for row in rows if "Krause" in row["source"]]
    assert [row["MDC95 °"] for row in krause] == (["5.4"] if position is SEATED else [])


@pytest.mark.parametrize("name", list(repeatability.TREATMENTS))
def test_a_treatment_changes_the_picture_and_keeps_its_shape(name: str) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    treated = repeatability.TREATMENTS[name](rgb, np.random.default_rng(1))
    assert (treated.shape, treated.dtype) == (rgb.shape, np.uint8)
    assert (treated != rgb).mean() > 0.5


def test_noise_has_the_size_that_it_says_and_brightness_stops_at_white() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    noisy = repeatability.with_noise(grey, np.random.default_rng(0), 6.0)
    assert (noisy.astype(float) - 128).std() == pytest.approx(6.0, abs=0.1)
    assert np.unique(repeatability.with_brightness(grey, np.random.default_rng(0), 0.6)).tolist() == [77]
    assert np.unique(repeatability.with_brightness(2 * (grey // 2), np.random.default_rng(0), 2.5)).tolist() == [255]


def test_a_treated_clip_keeps_its_frames_and_their_times(samples: Path, tmp_path: Path) -> None:
    from hipcv.sources.video import open_video

    clip = samples / "prone-easy-102-02.mp4"
    darker = repeatability.TREATMENTS["brightness × 0.6"]
    with open_video(clip) as video:
        before = [(f.time_s, float(f.rgb.mean())) for f in video]
    with open_video(repeatability.write_treated(clip, tmp_path / "t.mp4", darker)) as video:
        after = [(f.time_s, float(f.rgb.mean())) for f in video]
    assert [t for t, _ in after] == pytest.approx([t for t, _ in before], abs=2e-5)
    assert [mean for _, mean in after] == pytest.approx([0.6 * mean for _, mean in before], rel=0.02)


def test_the_largest_change_is_told_with_what_made_it() -> None:
    rows = [
        repeatability.NoiseRow("c", "left", "as filmed", 30.0, 0.0),
        repeatability.NoiseRow("c", "left", "brightness × 0.6", 31.0, 1.0),
        repeatability.NoiseRow("c", "left", "brightness × 1.4", 28.0, -2.0),
        repeatability.NoiseRow("c", "left", "noise sd 3", math.nan, math.nan),
    ]
    (row,) = repeatability.noise_by_side(rows)
    assert (row["largest change °"], row["by"], row["no reading"]) == ("-2.0", "brightness × 1.4", "1/4")
    assert float(row["SD °"]) == pytest.approx(np.std([30, 31, 28], ddof=1), abs=0.005)


# ------------------------------------------------------------------------------------------------------------ ablation


def test_at_the_truths_own_holds_nothing_is_searched_and_nothing_refused(series: PoseSeries) -> None:
    truth = truth_for(series)
    hold = {"side": "L", "hold_start": 30, "hold_end": 40, "end_range_shin_to_vertical_deg": 40.0}
    truth["trials"] = [hold, {**hold, "side": "R"}]
    raw = np.full(len(series), 5.0)
    raw[30:41] = 42.0
    assert ablation.at_true_holds_deg(truth, Side.LEFT, series.time_s, raw) == 42.0
    raw[30:41] = np.nan
    assert math.isnan(ablation.at_true_holds_deg(truth, Side.LEFT, series.time_s, raw))


def test_clips_with_a_fault_are_left_out_and_levels_take_turns(tmp_path: Path) -> None:
    for name, level, fault in (
        *(("s1", "easy", None), ("s2", "easy", None), ("s3", "hard", None)),
        ("s4", "fault", "hike"),
    ):
        spec = {"test": "seated", "level": level, "fault": fault}
        (tmp_path / f"{name}.truth.json").write_text(json.dumps({"spec": spec}), encoding="utf-8")
        (tmp_path / f"{name}.mp4").touch()
    assert [clip.stem for clip, _ in ablation.choose_clips(tmp_path, 2)] == ["s1", "s3"]
    assert [clip.stem for clip, _ in ablation.choose_clips(tmp_path, None)] == ["s1", "s3", "s2"]


def test_clips_of_other_tests_are_left_out(tmp_path: Path) -> None:
    for name, test, motion in (("a", "seated", None), ("b", "hook_lying", None), ("c", "seated", "external")):
        trial = {"side": "L", **({"motion": motion} if motion else {})}
        (tmp_path / f"{name}.truth.json").write_text(json.dumps({"spec": {"test": test}, "trials": [trial]}))
        (tmp_path / f"{name}.mp4").touch()
    assert [clip.stem for clip, _ in accuracy.find_clips(tmp_path)] == ["a", "c"]


def test_each_motion_has_its_own_truth_and_the_arc_the_sum_of_both(kept, truth_of) -> None:
    truth = truth_of("seated-both-133-00")
    rows = {(row.side, row.motion): row for row in accuracy.score(kept("seated-both-133-00").assessment, truth)}
    assert len(rows) == 6
    for side in SIDES:
        internal, external, arc = (rows[side, motion] for motion in ("internal", "external", "total arc"))
        assert arc.truth_deg == pytest.approx(internal.truth_deg + external.truth_deg)
        assert min(internal.truth_deg, external.truth_deg) > 0
        assert arc.error_deg == pytest.approx(internal.error_deg + external.error_deg)
        assert {row.level for row in (internal, external, arc)} == {"both"}
    sets = [row["set"] for row in accuracy.summarise(list(rows.values()))]
    assert sets == ["seated both, internal", "seated both, external", "seated both, total arc"]


HEAT_MAPS = ablation.methods()[ablation.HEAT].legs
STEPS = [f.name for f in fields(METHOD.legs) if callable(getattr(METHOD.legs, f.name))]


@pytest.mark.parametrize(
    ("step", "stand_in"),
    [
        (METHOD.fuse_outline, ablation.landmarks_only),
        *((getattr(METHOD.legs, name), getattr(HEAT_MAPS, name)) for name in STEPS),
    ],
)
def test_a_stand_in_takes_what_the_step_takes_whose_place_it_has(step, stand_in) -> None:
    """A step that was not exchanged would measure the product twice."""
    assert stand_in is not step
    assert list(inspect.signature(stand_in).parameters) == list(inspect.signature(step).parameters)


def test_each_row_of_the_reader_has_one_step_more_and_the_last_is_the_product() -> None:
    own = [
        {name for name in STEPS if getattr(method.legs, name) is getattr(METHOD.legs, name)}
        for method in ablation.methods().values()
    ]
    # the measuring of a shank has two stand-ins: joints alone, and edges as they lie
    assert [len(steps) for steps in own] == [0, 1, 2, 3, 3, 4, 5]
    assert all(fewer <= more for fewer, more in pairwise(own))
    assert ablation.methods()[ablation.PRODUCT] == METHOD
    assert set(ablation.methods()) < set(ablation.SHANK_VARIANTS) < set(ablation.VARIANTS)


def test_the_stand_ins_leave_joints_where_they_are() -> None:
    knee, ankle = np.array([10.0, 20.0]), np.array([12.0, 120.0])
    leg = LegPath(np.repeat(knee[None], 3, axis=0), np.repeat(ankle[None], 3, axis=0), *[np.ones(3)] * 3)
    for knees, ankles, se_deg in (
        ablation.landmarks_only(knee, ankle, None),
        ablation.heat_maps_only(leg, object(), object(), 100.0, np.ones(3), object()),
    ):
        assert (knees == knee).all()
        assert (ankles == ankle).all()
        assert np.all(np.asarray(se_deg) > 0)
    aside = Ribbon(turn_deg=4.0, offset=0.0, residual=0.0, strength=1.0, half_width=0.14)
    knees, ankles, _ = ablation.edges_as_they_lie(leg, [aside] * 3, np.zeros(3), 100.0, np.ones(3), HANGING)
    turned_deg = real_photos.shank_direction_deg(knees[0], ankles[0]) - real_photos.shank_direction_deg(knee, ankle)
    assert turned_deg == pytest.approx(0.74 * 4.0, abs=0.1)
    assert ablation.each_alone(np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 1.0]]), np.arange(2.0)).tolist() == [1, 0]
    path = LegPath(np.zeros((3, 2)), np.zeros((3, 2)), *[np.zeros(3)] * 3)
    assert ablation.never_covered([path, path], None)[1].tolist() == [False] * 3
    assert ablation.never_again([np.full(3, 9.0)]).tolist() == []


# -------------------------------------------------------------------------------------------------------- real people


def leg(x_px: float, turn_deg: float = 0.0, length_px: float = 100.0) -> list[list[float]]:
    """A knee at height 200 and its ankle, turned clockwise from straight down."""
    turn = math.radians(turn_deg)
    return [[x_px, 200.0], [x_px - length_px * math.sin(turn), 200.0 + length_px * math.cos(turn)]]


def test_a_marked_leg_is_the_nearest_that_was_read_and_no_leg_is_taken_twice() -> None:
    marks = np.array([leg(300.0), leg(330.0)])
    assert real_photos.assign_legs(marks, np.array([leg(335.0), leg(310.0)])) == [1, 0]
    # both were read nearer to the first mark: the other still has its own
    assert real_photos.assign_legs(marks, np.array([leg(302.0), leg(295.0)])) == [1, 0]
    assert real_photos.assign_legs(marks[:1], np.array([leg(360.0), leg(310.0)])) == [1]


def test_a_leg_a_shank_away_is_somebody_elses_and_one_that_is_not_seen_is_nobodys() -> None:
    marks, unseen = np.array([leg(300.0), leg(330.0)]), [[np.nan, np.nan]] * 2
    assert real_photos.assign_legs(marks, np.array([leg(310.0), leg(450.0)])) == [0, None]
    assert real_photos.assign_legs(marks, np.array([unseen, leg(340.0)])) == [None, 1]
    assert real_photos.assign_legs(marks, np.array([unseen, unseen])) == [None, None]


def test_a_difference_from_a_mark_is_a_turn_clockwise_and_is_none_where_a_recording_would_not_keep_the_shank() -> None:
    person = {
        "file": "photos/one.jpg",
        "keypoints": {
            f"{side}_{joint}": [*point, 2]
            for side, points in (("left", leg(300.0, 5.0)), ("right", leg(360.0)))
            for joint, point in zip(("knee", "ankle"), points, strict=True)
        },
        "usable_legs": ["left", "right"],
        "person_bbox": [200.0, 50.0, 200.0, 300.0],
    }
    seen = real_photos.Seen(np.array([leg(361.0, -3.0), leg(301.0, 7.0)]), np.array([9.0, 1.0]))
    rgb = np.zeros((480, 640, 3), np.uint8)

    def turning(picture: np.ndarray, box: np.ndarray) -> dict[str, real_photos.Seen]:
        """A reader that sees the legs where they are at first, and half a degree too little of every turn."""
        turning.calls += 1
        if turning.calls == 1:
            return {real_photos.LEGS: seen}
        turn_deg = real_photos.TURNS_DEG[turning.calls - 2]
        _, matrix = real_photos.turned(rgb, turn_deg - 0.5)
        return {real_photos.LEGS: replace(seen, legs_px=seen.legs_px @ matrix[:, :2].T + matrix[:, 2])}

    turning.calls = 0
    left, right = real_photos.compare(person, rgb, turning)
    assert left.error_deg == pytest.approx(2.0)
    assert left.turn_deg == pytest.approx((-0.5, -0.5))
    assert math.isnan(right.error_deg)
    assert left.kind == "marked by hand, clothes not noted"
    (row,) = [r for r in real_photos.summarise([left, right], "heavy") if r["reader"] == real_photos.LEGS]
    assert (row["shanks"], row["kept"], row["median °"], row["turn median °"]) == ("2", "50%", "2.0", "0.5")
    other = [replace(each, reader=real_photos.LANDMARKS, error_deg=-1.0) for each in (left, right)]
    row = next(r for r in real_photos.on_same_shanks([left, right, *other]) if r["reader"] == real_photos.LANDMARKS)
    assert (row["shanks"], row["mean °"]) == ("1", "1.0")


def test_what_is_misread_is_a_share_of_what_was_kept() -> None:
    row = real_photos.figures([1.0, -2.0, 3.0, 14.0, math.nan, math.nan])
    assert (row["shanks"], row["kept"], row["median °"], row["worst °"]) == ("6", "67%", "2.5", "14.0")
    assert row["beyond 10°"] == "25%"
    assert real_photos.figures([math.nan])["median °"] == "–"


def test_a_direction_that_is_seldom_known_is_not_known() -> None:
    assert real_photos.usual_direction_deg(np.array([179.0, -179.0, np.nan])) == pytest.approx(-180.0)
    assert math.isnan(real_photos.usual_direction_deg(np.array([1.0, np.nan, np.nan])))
    assert math.isnan(real_photos.usual_direction_deg(np.full(4, np.nan)))


def test_a_box_with_its_margin_stays_in_the_picture() -> None:
    part, corner = real_photos.around(np.zeros((100, 200, 3), np.uint8), np.array([10.0, 40.0, 100.0, 50.0]))
    assert corner.tolist() == [0.0, 25.0]
    assert part.shape == (75, 140, 3)


CAMERA = {"roll_deg": 12.0, "pitch_deg": 20.0, "focal_px": 1700.0, "centre_px": [530.0, 950.0]}


def told_frame(known: Pinhole, *, plumb_deg: float) -> dict:
    """A frame of a truth: both shanks in the plane that faces the camera, this far to the picture's right of plumb."""
    turn, position = math.radians(plumb_deg), np.array([0.0, 1.5, 4.0])
    knees = np.array([[-0.2, 0.5, 0.0], [0.2, 0.5, 0.0]])
    ankles = knees + 0.4 * np.array([math.sin(turn), -math.cos(turn), 0.0])
    told = {"frame": 7}
    for side, knee_px, ankle_px in zip(
        real_clips.SIDES, known.project(knees, position), known.project(ankles, position), strict=True
    ):
        told[side] = {"knee_px": knee_px, "ankle_px": ankle_px, "vertical_deg": plumb_deg}
    return told


def test_true_joints_by_the_calibrated_camera_have_the_true_angle_and_by_another_its_error() -> None:
    known = real_clips.calibrated(CAMERA)
    level = replace(LEVEL, roll=CameraAngle(0.0, 1.0))
    cameras = real_clips.Cameras(12.0, 20.0, 59.0, known, level, (1080, 1920))
    frame = told_frame(known, plumb_deg=15.0)
    seen = real_photos.Seen(real_clips.true_legs_px(frame)[::-1], np.array([1.0, 1.0]))
    rows = list(real_clips.compare("clip", "legs", frame, seen, cameras))
    assert [row.error_deg for row in rows] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert [row.known_deg for row in rows] == pytest.approx([0.0, 0.0], abs=1e-9)
    # a picture turned clockwise by 12° turns a hanging shank to its left
    assert all(-14.0 < row.found_deg < -9.0 for row in rows)
    refused = list(real_clips.compare("clip", "legs", frame, None, cameras))
    assert [(row.leg, math.isnan(row.error_deg)) for row in refused] == [("left", True), ("right", True)]


def clip_row(leg: str, reader: str, error: float, se: float = 1.0) -> real_clips.Row:
    return real_clips.Row("clip", leg, reader, 0, error, se, error, 2 * error)


def test_the_part_of_an_error_that_stays_is_the_mean_of_a_cameras_leg() -> None:
    rows = [clip_row("left", "legs", e) for e in (2.0, 4.0, 80.0, math.nan)] + [clip_row("right", "legs", -4.0)]
    assert real_clips.constants_deg(rows, "legs") == {
        ("clip", "left"): (3.0, 1.0, 2),
        ("clip", "right"): (-4.0, 0.0, 1),
    }
    *_, together, within, within_95 = real_clips.constants(rows)
    assert (together["legs"], together["graph"]) == (f"{math.sqrt(12.5):.1f}", "nan")
    # 1° of its own and 1.55° of where a leg's joints are make 1.84°, and 1.96 times as much 3.6°
    assert (within["legs"], within_95["legs"], within["graph"]) == ("0 of 2", "1 of 2", "0 of 0")


def test_a_stated_error_stands_beside_the_one_there_is() -> None:
    rows = [clip_row("left", "legs", e, se) for e, se in ((3.0, 1.0), (-3.0, 1.0), (math.nan, math.nan))]
    row = real_clips.directions(rows)[0]
    assert (row["kept"], row["stated SE °"], row["rms error °"], row["ratio"]) == ("67%", "1.8", "3.0", "1.6")
    table = real_clips.corrected(rows)
    assert [(r["camera"], r["median °"]) for r in table[:2]] == [("known", "3.0"), ("found", "6.0")]


def test_every_cue_of_a_roll_stands_beside_what_was_made_of_them() -> None:
    told = [CameraAngle(13.24, 0.8, (Cue.ROOM_EDGES,)), CameraAngle(-1.0, 2.5, (Cue.REST_LEAN,))]
    assert real_clips.cues(told) == "room edges 13.2 ± 0.8, rest lean -1.0 ± 2.5"
    assert real_clips.against(13.2, 0.8, 14.3) == "13.2 ± 0.8 (14.3)"


def test_what_becomes_of_a_recording_is_told_by_sides_and_by_what_rejects_it(series: PoseSeries) -> None:
    assert real_clips.verdict(assess(series, Setup())) == "measured / measured"
    unseen = replace(series, image_px=np.full_like(series.image_px, np.nan))
    assert real_clips.verdict(assess(unseen, Setup())).startswith("not_measured / not_measured: ")


# --------------------------------------------------------------------------------------------------------------- speed


def test_processor_time_beside_decoding_is_what_is_left_for_a_second_of_the_recording() -> None:
    runs = {
        speed.DECODING: [speed.Spent(2.0, 1.0), speed.Spent(3.0, 1.5), speed.Spent(9.0, 2.0)],
        speed.READER: [speed.Spent(8.0, 9.0), speed.Spent(9.0, 10.5), speed.Spent(30.0, 11.0)],
    }
    decoding, reader = speed.summarise("clip", 6.0, runs)
    assert (decoding["processor for a second of recording"], decoding["beside decoding"]) == ("0.25 s", "0.00 s")
    assert (reader["on the clock"], reader["processor"], reader["beside decoding"]) == ("9.0 s", "10.5 s", "1.50 s")


def test_a_stage_s_time_is_without_that_of_the_stages_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, ticks = stages.StageClock(), iter([1.0, 3.0, 6.0, 10.0])
    monkeypatch.setattr(stages.time, "thread_time", lambda: next(ticks))
    look = clock.clocked(stages.NETWORK, lambda: "seen")
    assert clock.clocked(stages.NUMBERS, look)() == "seen"
    assert clock.spent_s == {stages.START: 1.0, stages.NUMBERS: 2.0 + 4.0, stages.NETWORK: 3.0}
    ticks = iter([10.0, 11.0, 13.0, 14.0])
    clock.clocked(stages.SEARCH, look)()
    assert clock.spent_s[stages.SEARCH] == 4.0  # what is looked at to search is the search's
    assert (clock.n_looks[stages.NETWORK], clock.n_looks[stages.SEARCH]) == (1, 1)


# -------------------------------------------------------------------------------------------------------------- limits


def furthest(series: PoseSeries) -> dict[str, dict[str, str]]:
    assessment = assess(series, Setup(roll_deg=0.0, pitch_deg=6.0, yaw_deg=0.0))
    truth = {"spec": {"camera": {"roll": 0.0, "pitch": 6.0, "yaw": 0.0}}}
    rows = [("seated", row) for row in limits.observe(assessment, series, truth)]
    return {row["quantity"]: row for row in limits.summarise(rows)}


def test_quantities_of_a_clean_clip_are_what_was_simulated(series):
    """Two legs with one trial each, from a rest of 2°, before a camera that looks down by 6°."""
    table = furthest(series)
    assert float(table["start_not_neutral"]["furthest"]) == pytest.approx(2.0, abs=0.1)
    assert float(table["camera_pitch"]["furthest"]) == 6.0
    assert float(table["camera_yaw, error of what it is taken for"]["furthest"]) == 0.0
    assert float(table["legs_not_seen"]["furthest"]) == 1.0
    assert (table["too_fast"]["n"], table["too_fast"]["limit"]) == ("2", "300° a second")
    assert float(table["pelvis_hike"]["furthest"]) < 0.5


def test_a_hip_that_is_lifted_stands_in_the_table_with_its_angle():
    lifted = furthest(seated(left=(40.0,), right=(25.0,), duration_s=14.0, fps=15.0, noise_px=0.0, hike=8.0))
    assert float(lifted["pelvis_hike"]["furthest"]) == pytest.approx(8.0, abs=0.5)


def test_the_value_furthest_towards_a_limit_is_the_lowest_where_low_values_count():
    limit = LIMITS[FindingCode.SHORT_SHANK]
    rows = [("prone", limits.Observed("short_shank", value, limit, below=True)) for value in (90.0, 60.0, 120.0)]
    (row,) = limits.summarise([*rows, ("prone", limits.Observed("short_shank", math.nan, limit, below=True))])
    assert (row["n"], row["median"], row["furthest"]) == ("3", "90", "60")


def test_a_turned_clip_shows_what_a_camera_sees_that_is_rolled(tmp_path: Path) -> None:
    """Clockwise where the angle is positive: what was plumb leans to the right at its upper end by just so much."""
    picture = np.full((240, 320, 3), 255, np.uint8)
    picture[:, 158:162] = 0
    with av.open(str(tmp_path / "clip.mp4"), "w") as target:
        stream = target.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(3):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(stream.encode())
    accuracy.write_turned(tmp_path / "clip.mp4", tmp_path / "turned.mp4", 6.0)
    with av.open(str(tmp_path / "turned.mp4")) as source:
        turned = [frame.to_ndarray(format="gray") for frame in source.decode(video=0)]
    assert len(turned) == 3
    upper, lower = (float(np.mean(np.flatnonzero(turned[0][row] < 128))) for row in (40, 200))
    assert np.degrees(np.arctan2(upper - lower, 160)) == pytest.approx(6.0, abs=0.3)
