"""The coach leads through a test: places the person, watches one leg, captures what is held still."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import seated

from hipcv.core.camera.body_cues import yaw_from_body
from hipcv.core.camera.pose import LEVEL
from hipcv.core.motion.angles import measure_angles
from hipcv.core.motion.trials import find_trials
from hipcv.core.procedures import PROCEDURES
from hipcv.core.procedures.prone import PRONE
from hipcv.core.series import ANKLES, FEET, HIPS, KNEES, MIRROR_ROWS, SHOULDERS
from hipcv.core.setup import Setup
from hipcv.live.coach import Coach, Coaching, Phase, Plan
from hipcv.live.placement import MAX_YAW_DEG, CheckCode, Placement, Posture, Sight
from hipcv.live.spoken import spoken_for
from hipcv.words import Effort, Legs, Motion, Motions, Side

FPS = 25.0
SITTING = Setup()
LEFT_ONCE = Plan((Side.LEFT,), n_trials=1, hold_s=1.5, countdown_s=0.0)


@dataclass(frozen=True)
class Body:
    """A person on a chair as the camera sees them; everything right unless told otherwise."""

    shank_px: float = 90.0
    shift_px: tuple[float, float] = (0.0, 0.0)
    yaw_deg: float = 0.0
    flexion_deg: float = 85.0
    seen: bool = True
    n_people: int = 1
    brightness: float = 0.5

    def at(self, time_s: float, left_deg: float = 0.0, right_deg: float = 0.0) -> Sight:
        px, world = np.zeros((33, 2)), np.zeros((33, 3))
        scale = self.shank_px / 90.0
        for column, lateral in ((0, 1.0), (1, -1.0)):
            angle = math.radians((left_deg, right_deg)[column])
            knee = np.array([320 + lateral * 48, 285.0])
            down = np.array([lateral * math.sin(angle), math.cos(angle)])
            px[SHOULDERS[column]] = (320 + lateral * 40, 150)
            px[HIPS[column]] = (320 + lateral * 30, 250)
            px[KNEES[column]], px[ANKLES[column]] = knee, knee + 90 * down
            px[FEET[column]] = knee + 105 * down
            flexion = math.radians(self.flexion_deg)
            world[HIPS[column]] = (lateral * 0.1, 0, 0)
            world[SHOULDERS[column]] = (lateral * 0.2, -0.5, 0)
            world[KNEES[column]] = (lateral * 0.12, 0.4 * math.cos(flexion), -0.4 * math.sin(flexion))
        c, s = math.cos(math.radians(self.yaw_deg)), math.sin(math.radians(self.yaw_deg))
        world = world @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
        px = (px - (320, 240)) * scale + (320, 240) + np.array(self.shift_px)
        angles = (left_deg, right_deg)
        if not self.seen:
            px, world, angles = np.full((33, 2), np.nan), np.full((33, 3), np.nan), (math.nan, math.nan)
        visibility = np.full(33, float(self.seen))
        return Sight(time_s, px, world, visibility, (640, 480), angles, self.n_people, self.brightness)


def curve(*stretches: tuple[float, float]) -> Iterator[tuple[float, float]]:
    """Yield time and angle: from angle to angle in so many seconds, one after the other; starts at 0°."""
    time_s, angle = 0.0, 0.0
    for duration_s, target in stretches:
        for k in range(round(duration_s * FPS)):
            yield time_s, angle + (target - angle) * (k + 1) / round(duration_s * FPS)
            time_s += 1 / FPS
        angle = target


def lead(coach: Coach, angles: Iterable[tuple[float, float]], side: Side = Side.LEFT) -> list[Coaching]:
    """Show a coach one leg's curve while the other leg hangs."""
    body = Body()
    return [coach.see(body.at(t, **{"left_deg" if side is Side.LEFT else "right_deg": angle})) for t, angle in angles]


TRIAL = ((2.0, 0.0), (1.0, 35.0), (2.5, 35.0), (1.0, 0.0), (0.5, 0.0))


def test_a_held_swing_is_captured_with_its_angle() -> None:
    """Rest, swing, hold and return make one trial, and the angle is that of the hold."""
    seen = lead(Coach(LEFT_ONCE, SITTING), curve(*TRIAL))
    holds = [c.hold for c in seen if c.hold is not None]
    assert len(holds) == 1
    assert holds[0].side is Side.LEFT
    assert holds[0].trial == 1
    assert holds[0].angle_deg == pytest.approx(35.0, abs=0.2)
    assert holds[0].stop_s - holds[0].start_s == pytest.approx(1.5, abs=0.1)
    assert seen[-1].phase is Phase.COMPLETE
    assert seen[-1].captured == {Side.LEFT: (holds[0].angle_deg,), Side.RIGHT: ()}


def test_phases_come_in_their_order() -> None:
    """Placing, rest, swing, hold, back, complete: none is skipped and none comes twice."""
    seen = lead(Coach(LEFT_ONCE, SITTING), curve(*TRIAL))
    phases = [c.phase for k, c in enumerate(seen) if k == 0 or seen[k - 1].phase is not c.phase]
    assert phases == [Phase.PLACING, Phase.REST, Phase.SWING, Phase.HOLD, Phase.BACK, Phase.COMPLETE]


def test_the_hold_fills_up_while_the_leg_stands_still() -> None:
    """The share of the hold rises steadily from nothing to all."""
    seen = lead(Coach(LEFT_ONCE, SITTING), curve(*TRIAL))
    shares = [c.hold_share for c in seen if c.phase is Phase.HOLD]
    assert shares == sorted(shares)
    assert 0.2 < shares[0] < 0.4
    assert shares[-1] > 0.9


def test_a_leg_that_turns_back_at_once_is_asked_again() -> None:
    """A swing without a hold is no trial; the next one can be."""
    swing_only = ((2.0, 0.0), (1.0, 35.0), (0.3, 35.0), (1.0, 0.0), (1.0, 0.0))
    coach = Coach(LEFT_ONCE, SITTING)
    seen = lead(coach, curve(*swing_only, *TRIAL[1:]))
    assert sum(c.hold is not None for c in seen) == 1
    assert "again" in {c.cue.code for c in seen if c.cue is not None}
    assert seen[-1].phase is Phase.COMPLETE


@pytest.mark.parametrize("held_s", [0.1, 0.2, 0.6, 0.9, 1.3, 2.0])
def test_the_coach_counts_the_holds_that_the_measurement_counts(held_s: float) -> None:
    """1.5 s are asked for; a hold given up earlier is captured when the leg comes back, where the result counts it."""
    shown = list(curve((2.0, 0.0), (1.0, 35.0), (held_s, 35.0), (1.0, 0.0), (1.0, 0.0)))
    seen = lead(Coach(LEFT_ONCE, SITTING), shown)
    time_s, angle_deg = np.array(shown).T
    measured = [trial for trial in find_trials(time_s, angle_deg, Side.LEFT) if trial.held]
    holds = [c.hold for c in seen if c.hold is not None]
    assert len(holds) == len(measured) == (held_s > 0.4)
    for hold, trial in zip(holds, measured, strict=True):
        assert hold.angle_deg == pytest.approx(trial.end_range_deg, abs=0.5)
    assert ("again" in {c.cue.code for c in seen if c.cue is not None}) == (held_s < 0.4)


def test_a_hold_that_was_let_go_early_is_followed_by_the_next_try() -> None:
    """It says that it counts, and the next one of the plan comes."""
    again = ((1.0, 30.0), (0.8, 30.0), (1.0, 0.0), (1.0, 0.0))
    seen = lead(Coach(replace(LEFT_ONCE, n_trials=2), SITTING), curve((2.0, 0.0), *again, *again))
    assert [c.hold.trial for c in seen if c.hold is not None] == [1, 2]
    assert "that counts" in next(c.cue.text for c in seen if c.cue is not None and c.cue.code == "short")
    assert seen[-1].phase is Phase.COMPLETE


def test_three_trials_a_side_lead_through_both_sides() -> None:
    """After the last trial of a side the other side follows, and after that the end."""
    plan = Plan((Side.RIGHT, Side.LEFT), n_trials=2, hold_s=1.0, countdown_s=0.0)
    coach = Coach(plan, SITTING)
    again = ((1.0, 20.0), (1.5, 20.0), (1.0, 0.0), (1.0, 0.0))
    one_side = list(curve((2.0, 0.0), *again, *again, (2.5, 0.0)))
    seen = lead(coach, one_side, Side.RIGHT)
    assert seen[-1].phase is Phase.REST
    assert seen[-1].side is Side.LEFT
    later = [(t + one_side[-1][0] + 0.04, angle) for t, angle in curve(*again, *again)]
    seen = lead(coach, later, Side.LEFT)
    assert seen[-1].phase is Phase.COMPLETE
    assert [len(v) for v in seen[-1].captured.values()] == [2, 2]


def test_the_other_leg_is_not_taken_for_the_one_that_was_asked() -> None:
    """A swing of the wrong leg is no trial, and the coach says which leg is meant."""
    seen = lead(Coach(LEFT_ONCE, SITTING), curve(*TRIAL), Side.RIGHT)
    assert all(c.hold is None for c in seen)
    said = {c.cue.code: c.cue.text for c in seen if c.cue is not None}
    assert "right leg" in said["other_leg"]


def test_turning_inwards_is_not_a_trial() -> None:
    """External rotation is told apart, and said."""
    inwards = ((2.0, 0.0), (1.0, -20.0), (2.0, -20.0), (1.0, 0.0))
    seen = lead(Coach(LEFT_ONCE, SITTING), curve(*inwards))
    assert all(c.hold is None for c in seen)
    assert "other_way" in {c.cue.code for c in seen if c.cue is not None}


def test_a_kick_is_answered_with_slowly() -> None:
    """A swing of more than 150° a second is told to slow down."""
    seen = lead(Coach(LEFT_ONCE, SITTING), curve((2.0, 0.0), (0.2, 40.0), (0.2, 40.0), (1.0, 0.0)))
    assert "slowly" in {c.cue.code for c in seen if c.cue is not None}


def test_a_leg_that_creeps_outwards_still_sets_out() -> None:
    """A very slow swing counts from where the leg hung, not from where it crept."""
    seen = lead(Coach(LEFT_ONCE, SITTING), curve((2.0, 0.0), (15.0, 30.0), (2.0, 30.0), (1.0, 0.0), (0.5, 0.0)))
    holds = [c.hold for c in seen if c.hold is not None]
    assert len(holds) == 1
    assert any(c.phase is Phase.SWING for c in seen)


def test_the_countdown_runs_and_a_leg_that_moves_early_begins_the_test() -> None:
    """Three seconds count down; who does not wait has begun."""
    plan = replace(LEFT_ONCE, countdown_s=3.0)
    patient = lead(Coach(plan, SITTING), curve((6.0, 0.0)))
    left = [c.countdown_s for c in patient if c.countdown_s is not None]
    assert left[0] == pytest.approx(3.0, abs=0.1)
    assert left == sorted(left, reverse=True)
    assert patient[-1].phase is Phase.REST
    hasty = lead(Coach(plan, SITTING), curve((2.0, 0.0), (1.0, 35.0), (2.5, 35.0), (1.0, 0.0)))
    assert sum(c.hold is not None for c in hasty) == 1


def test_without_hands_free_it_waits_for_go() -> None:
    """All green is not enough where the person wants to start by hand."""
    coach = Coach(replace(LEFT_ONCE, hands_free=False), SITTING)
    seen = lead(coach, curve((4.0, 0.0)))
    assert seen[-1].phase is Phase.READY
    coach.go()
    assert lead(coach, [(4.1, 0.0)])[-1].phase is Phase.REST


def test_who_goes_out_of_sight_is_called_back_and_keeps_what_was_captured() -> None:
    """A second without the person leads back to placing; captured trials stay."""
    plan = replace(LEFT_ONCE, n_trials=2)
    coach = Coach(plan, SITTING)
    seen = lead(coach, curve(*TRIAL))
    gone = Body(seen=False)
    lost = [coach.see(gone.at(7.0 + k / FPS)) for k in range(60)]
    assert lost[-1].phase is Phase.PLACING
    assert lost[-1].captured[Side.LEFT] == seen[-1].captured[Side.LEFT]
    back = [coach.see(Body().at(10.0 + k / FPS)) for k in range(60)]
    assert back[-1].phase is Phase.REST


def test_skip_goes_on_to_the_other_side_and_then_to_the_end() -> None:
    """A side that cannot be done is passed over."""
    coach = Coach(Plan(countdown_s=0.0), SITTING)
    lead(coach, curve((2.0, 0.0)))
    coach.skip(2.0)
    assert coach.side is Side.RIGHT
    coach.skip(2.1)
    assert coach.phase is Phase.COMPLETE


def test_a_leg_that_rests_turned_inwards_is_captured_all_the_same() -> None:
    """Rest at -10°, end at 0°: the hold is more plumb than the rest, and is still no rest."""
    trial = ((0.04, -10.0), (2.0, -10.0), (1.0, 0.0), (3.0, 0.0), (1.0, -10.0), (0.5, -10.0))
    holds = [c.hold for c in lead(Coach(LEFT_ONCE, SITTING), curve(*trial)) if c.hold is not None]
    assert [round(hold.angle_deg) for hold in holds] == [0]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(peak=st.floats(10, 70), rest=st.floats(-10, 10), tremor=st.floats(0, 1.5), seed=st.integers(0, 1000))
def test_any_steady_hold_is_captured_near_its_angle(peak: float, rest: float, tremor: float, seed: int) -> None:
    """Whatever the range, the resting angle and the tremor: one trial, at the held angle."""
    noise = np.random.default_rng(seed)
    trial = ((0.04, rest), (2.0, rest), (1.0, rest + peak), (2.2, rest + peak), (1.0, rest), (0.5, rest))
    shaky = [(t, a + tremor * float(np.clip(noise.normal() / 2, -1, 1))) for t, a in curve(*trial)]
    holds = [c.hold for c in lead(Coach(LEFT_ONCE, SITTING), shaky) if c.hold is not None]
    assert len(holds) == 1
    assert abs(holds[0].angle_deg - (rest + peak)) < 2.0


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.floats(-90, 90) | st.just(math.nan), st.floats(-90, 90) | st.just(math.nan)), max_size=80))
def test_whatever_the_legs_do_the_coach_stays_in_its_plan(angles: list[tuple[float, float]]) -> None:
    """Noise never breaks the coach: shares stay in 0 to 1, trials in the plan, cue numbers rise."""
    coach, last = Coach(replace(LEFT_ONCE, hold_s=0.5), SITTING), 0
    for k, (left, right) in enumerate(angles):
        seen = coach.see(replace(Body().at(k / FPS), angles_deg=(left, right)))
        assert 0.0 <= seen.hold_share <= 1.0
        assert sum(map(len, seen.captured.values())) <= 1
        assert 1 <= seen.trial <= seen.n_trials
        if seen.cue is not None:
            assert seen.cue.number >= last
            last = seen.cue.number


@pytest.mark.parametrize(
    ("body", "code", "word"),
    [
        (Body(seen=False), CheckCode.PERSON, "Nobody"),
        (Body(n_people=2), CheckCode.PERSON, "one person"),
        (Body(shift_px=(0, 120)), CheckCode.IN_FRAME, "feet"),
        (Body(shift_px=(-290, 0)), CheckCode.IN_FRAME, "left edge"),
        (Body(shift_px=(290, 0)), CheckCode.IN_FRAME, "right edge"),
        (Body(shank_px=40), CheckCode.DISTANCE, "closer"),
        (Body(flexion_deg=10), CheckCode.POSTURE, "You seem to stand. For this test sit upright"),
        (Body(yaw_deg=30), CheckCode.FACING, "your left"),
        (Body(yaw_deg=-30), CheckCode.FACING, "your right"),
        (Body(brightness=0.05), CheckCode.LIGHT, "light"),
    ],
)
def test_each_fault_of_the_placement_turns_its_own_check_red(body: Body, code: CheckCode, word: str) -> None:
    """One fault, one red check, and advice that names the way out."""
    placement = Placement(SITTING)
    checks = [placement.see(body.at(k / FPS)) for k in range(60)][-1]
    found = next(check for check in checks if check.code is code)
    assert not found.ok
    assert word in found.advice


@pytest.mark.parametrize("yaw_deg", [-24.0, -19.0, -12.0, 0.0, 12.0, 19.0, 24.0])
@pytest.mark.parametrize("hips_turned_deg", [-15.0, 0.0, 15.0])
def test_the_guide_nags_about_the_turn_that_the_verdict_will_find(yaw_deg: float, hips_turned_deg: float) -> None:
    """Both read the body in one way; hips that the pose model turns on somebody who sits square fool neither."""
    series = seated(yaw=yaw_deg, duration_s=2.0)
    turn = math.radians(hips_turned_deg)
    around = np.array([[math.cos(turn), 0, math.sin(turn)], [0, 1, 0], [-math.sin(turn), 0, math.cos(turn)]])
    world = series.world_m.copy()
    world[:, HIPS] = world[:, HIPS] @ around.T
    verdict = yaw_from_body(measure_angles(replace(series, world_m=world), SITTING, LEVEL).body_yaw_deg)
    assert verdict is not None
    placement = Placement(SITTING)
    for k, time_s in enumerate(series.time_s):
        rows = MIRROR_ROWS if k % 3 == 0 else np.arange(33)  # the model exchanges left and right now and then
        sight = replace(Body().at(float(time_s)), world_m=world[k][rows], image_px=series.image_px[k][rows])
        checks = placement.see(sight)
    facing = next(check for check in checks if check.code is CheckCode.FACING)
    assert facing.ok == (abs(verdict.value_deg) <= MAX_YAW_DEG)
    assert abs(verdict.value_deg - yaw_deg) < 3.0


def test_a_person_with_the_back_to_the_camera_is_told_to_turn_round() -> None:
    """Seen from behind, the knees stand the other way round than the model's labels say, as for the verdict."""
    placement = Placement(SITTING)
    away = Body(yaw_deg=180.0)
    sights = [away.at(k / FPS) for k in range(60)]
    checks = [placement.see(replace(s, image_px=s.image_px[MIRROR_ROWS])) for s in sights][-1]
    facing = next(check for check in checks if check.code is CheckCode.FACING)
    assert not facing.ok
    assert "face the camera" in facing.advice


def test_a_person_well_placed_turns_every_check_green() -> None:
    """Nothing is red, and nothing is advised, once all is well."""
    placement = Placement(SITTING)
    checks = [placement.see(Body().at(k / FPS)) for k in range(60)][-1]
    assert [check.code for check in checks] == list(CheckCode)
    assert all(check.ok and not check.advice for check in checks)


def test_one_bad_frame_does_not_switch_a_check() -> None:
    """Landmarks flicker: a check follows what lasts."""
    placement = Placement(SITTING)
    for k in range(60):
        placement.see(Body().at(k / FPS))
    flicker = placement.see(Body(shift_px=(0, 200)).at(60 / FPS))
    assert all(check.ok for check in flicker)


def test_a_prone_body_with_soles_up_is_well_placed() -> None:
    """In the prone test the shanks point up, and the yaw is left to the bed's edges."""
    setup = Setup(PRONE)
    sight = Body().at(0.0)
    flipped = sight.image_px * (1, -1) + (0, 480)
    placement = Placement(setup)
    checks = [placement.see(replace(sight, time_s=k / FPS, image_px=flipped)) for k in range(60)][-1]
    red = {check.code for check in checks if not check.ok}
    assert CheckCode.POSTURE not in red
    assert CheckCode.FACING not in red


LYING = Setup(PRONE)
SEATED_WORDS = re.compile(r"\b(hang\w*|sit|seat\w*|step|stand|come closer|upright on|head to foot)\b", re.IGNORECASE)


def prone_at(time_s: float, left_deg: float = 0.0, right_deg: float = 0.0, body: Body | None = None) -> Sight:
    """Show knees and ankles only, shanks up, as the prone reader does."""
    sight = (body or Body()).at(time_s, left_deg, right_deg)
    legs = np.full((33, 2), np.nan)
    legs[[*KNEES, *ANKLES]] = (sight.image_px * (1, -1) + (0, 480))[[*KNEES, *ANKLES]]
    return replace(sight, image_px=legs, world_m=np.full((33, 3), np.nan))


def test_a_prone_person_hears_of_soles_and_beds_and_nothing_of_seats() -> None:
    """From nobody in view to the last trial: every sentence fits somebody who lies face down."""
    coach = Coach(Plan(n_trials=1, hold_s=1.5, countdown_s=0.0), LYING)
    told, now_s = [], 0.0
    for wrong in (
        Body(seen=False),
        Body(shift_px=(0, -400)),
        Body(shift_px=(0, 300)),
        Body(shift_px=(-300, 0)),
        Body(shift_px=(300, 0)),
        Body(shank_px=40),
        Body(shank_px=330),
        Body(brightness=0.05),
    ):
        for _ in range(50):
            now_s += 1 / FPS
            seen = coach.see(prone_at(now_s, body=wrong))
            told += [seen.cue.text] if seen.cue is not None else []
            told += [check.advice for check in seen.checks]
    trial = ((2.0, 0.0), (1.0, 30.0), (2.5, 30.0), (1.0, 0.0), (0.5, 0.0))
    wrong_way = ((3.0, 0.0), (1.0, -20.0), (1.0, -20.0), (1.0, 0.0))
    for side, moves in ((Side.RIGHT, trial), (Side.LEFT, wrong_way), (Side.LEFT, trial), (Side.RIGHT, trial)):
        start_s = now_s
        for t, angle in curve(*moves):
            now_s = start_s + t + 1 / FPS
            seen = coach.see(prone_at(now_s, **{f"{side}_deg": angle}))
            told += [seen.cue.text] if seen.cue is not None else []
    assert seen.phase is Phase.COMPLETE
    assert {len(values) for values in seen.captured.values()} == {1}
    assert len(set(told)) >= 12
    assert [text for text in set(told) if SEATED_WORDS.search(text)] == []
    assert any("sink" in text for text in told)


@pytest.mark.parametrize(
    ("setup", "posture", "said"),
    [
        (LYING, Posture.SITTING, "You seem to sit. For this test lie face down"),
        (LYING, Posture.STANDING, "You seem to stand. For this test lie face down"),
        (SITTING, Posture.PRONE, "You seem to lie face down. For this test sit upright"),
    ],
)
def test_somebody_placed_for_another_test_is_not_nobody(setup: Setup, posture: Posture, said: str) -> None:
    """The check of the person holds, that of the posture says what is seen and what is wanted."""
    coach = Coach(LEFT_ONCE, setup)
    seen = [coach.see(replace(Body(seen=False).at(k / FPS), elsewhere=posture)) for k in range(80)][-1]
    checks = {check.code: check for check in seen.checks}
    assert checks[CheckCode.PERSON].ok
    assert checks[CheckCode.POSTURE].advice.startswith(said)
    assert seen.cue is not None
    assert seen.cue.text.startswith(said)


@pytest.mark.parametrize(
    "wrong", [{"sides": ()}, {"sides": (Side.LEFT, Side.LEFT)}, {"n_trials": 0}, {"hold_s": 9.0}, {"countdown_s": -1.0}]
)
def test_a_plan_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    """Wanted and found are both named."""
    with pytest.raises(ValueError, match="must"):
        Plan(**wrong)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------- inwards, too


def test_the_same_foot_is_asked_inwards_after_it_went_outwards_and_its_angle_counts_its_own_way() -> None:
    both = replace(SITTING, motion=Motions.BOTH)
    inwards = ((3.0, 0.0), (1.0, -30.0), (2.5, -30.0), (1.0, 0.0), (0.5, 0.0))
    seen = lead(Coach(LEFT_ONCE, both), curve(*TRIAL, *inwards))
    holds = [c.hold for c in seen if c.hold is not None]
    assert [(hold.motion, round(hold.angle_deg), hold.trial) for hold in holds] == [
        (Motion.INTERNAL, 35, 1),
        (Motion.EXTERNAL, 30, 1),
    ]
    assert seen[-1].phase is Phase.COMPLETE
    said = [c.cue.text for c in seen if c.cue is not None and c.cue.code == "change"]
    assert "same foot, the left one, inwards" in said[0]
    assert "back under the seat" in said[0]
    asked = [c.cue.text for c in seen if c.cue is not None and c.cue.code == "swing" and c.motion is Motion.EXTERNAL]
    assert "left foot inwards" in asked[0]


def test_outwards_is_the_other_way_where_the_foot_is_to_go_inwards_and_a_leg_that_makes_way_is_no_fault() -> None:
    coach = Coach(LEFT_ONCE, replace(SITTING, motion=Motions.EXTERNAL))
    body = Body()
    seen = [coach.see(body.at(t, left_deg=angle, right_deg=25.0 if t > 2.5 else 0.0)) for t, angle in curve(*TRIAL)]
    codes = {c.cue.code for c in seen if c.cue is not None}
    assert "other_way" in codes
    assert "other_leg" not in codes
    assert not any(c.hold for c in seen)


@pytest.mark.parametrize("procedure", PROCEDURES)
@pytest.mark.parametrize("effort", Effort)
def test_every_test_asks_for_the_foot_inwards_in_words_of_its_own(procedure, effort) -> None:
    outwards, inwards = (spoken_for(procedure, effort, Legs.ONE, motion) for motion in Motion)
    for name in ("swing", "again", "other_way"):
        assert "inwards" in getattr(inwards, name)
        assert "inwards" not in getattr(outwards, name)
    assert "inwards" in outwards.same_foot or "inwards" in inwards.same_foot
