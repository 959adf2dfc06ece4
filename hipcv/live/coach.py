"""The online side of a test: what phase it is in, when a hold is captured, and what to say next.

Rest, swing out, hold still, back, so many times a side. Nothing here decides on the result: that is `assess` over the
whole series. The coach leads a person through a test so that there is something to assess.
"""

import math
import statistics
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

import numpy as np

from hipcv.core.checks.limits import LIMITS
from hipcv.core.finding import FindingCode
from hipcv.core.motion.trials import HOLD_BAND_DEG, MIN_HOLD_S, MIN_SWING_DEG, RETURN_SHARE, find_hold
from hipcv.core.setup import Setup
from hipcv.live.placement import MAX_REST_DEG, Check, CheckCode, Placement, Sight
from hipcv.live.spoken import Spoken, spoken_for
from hipcv.words import SIDES, Legs, Motion, Side

#: All is in its place for so long before the test starts, and at the end of it the legs are still.
READY_AFTER_S = 1.0
#: A shank stands still while it stays within this range; a held leg trembles by 1–2° to either side.
STILL_BAND_DEG = 4.0
#: Nobody, or a leg, unseen for so long: the test is interrupted.
LOST_AFTER_S = 1.0
#: Between the sides.
CHANGE_S = 2.0
#: The other leg, or the wrong way, counts from here on.
OTHER_LEG_DEG = LIMITS[FindingCode.OTHER_LEG_MOVES].value
OTHER_WAY_DEG = LIMITS[FindingCode.WRONG_DIRECTION].value
#: Faster than this is a kick: momentum carries the leg beyond what the hip holds.
FAST_DEG_S = 150.0
#: The same words are not said again before.
SAY_AGAIN_S = 5.0
#: Advice on the placement must have been due for so long before it is said.
ADVISE_AFTER_S = 1.0
#: The resting angle is the median over at least this time of stillness.
REST_WINDOW_S = 0.5
#: A leg that has been still for so long while it was to rest hangs where it is; no hold lasts as long.
MOVED_AFTER_S = 4.0
#: Angles are kept for so long: the longest hold that can be asked for, and some.
_KEPT_S = 8.0
_LONGEST_S = 5.5


class Phase(StrEnum):
    """Where the test stands."""

    PLACING = "placing"
    READY = "ready"
    COUNTDOWN = "countdown"
    REST = "rest"
    SWING = "swing"
    HOLD = "hold"
    BACK = "back"
    CHANGE = "change"
    COMPLETE = "complete"


#: Phases before the first trial, and phases in which a leg is watched.
PREPARING = (Phase.PLACING, Phase.READY, Phase.COUNTDOWN)
TRYING = (Phase.REST, Phase.SWING, Phase.HOLD, Phase.BACK)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: sides in their order, trials a side, how long a hold, how long the count-down.

    `hold_s` is what is asked for. What counts is what the measurement counts (`core.trials.find_hold`, from
    `MIN_HOLD_S` on): a hold given up earlier is a trial all the same. More is asked for because a longer hold averages
    more frames, and because people let go on hearing that it was enough.
    """

    sides: tuple[Side, ...] = SIDES
    n_trials: int = 3
    hold_s: float = 1.5
    countdown_s: float = 3.0
    hands_free: bool = True

    def __post_init__(self) -> None:
        if not 1 <= len(self.sides) <= 2 or len(set(self.sides)) != len(self.sides):
            raise ValueError(f"sides must be one or two different sides, found {[str(s) for s in self.sides]}")
        for name, low, high in (("n_trials", 1, 10), ("hold_s", 0.5, 5.0), ("countdown_s", 0.0, 10.0)):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must lie between {low} and {high}, found {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Cue:
    """Something to say; `number` rises with every new thing."""

    number: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A captured hold: the side's `trial` (from 1) of one motion, from when to when, and its median angle.

    `angle_deg` counts in the direction of the motion.
    """

    side: Side
    trial: int
    start_s: float
    stop_s: float
    angle_deg: float
    motion: Motion = Motion.INTERNAL


@dataclass(frozen=True, slots=True)
class Coaching:
    """What there is to show and say after one frame.

    `captured` holds the angle of every captured trial of the `motion` whose turn it is, in its own direction; `hold` is
    set on the one frame that completes a hold.
    """

    phase: Phase
    side: Side
    trial: int
    n_trials: int
    checks: tuple[Check, ...]
    cue: Cue | None
    countdown_s: float | None
    hold_share: float
    captured: dict[Side, tuple[float, ...]]
    hold: Hold | None = None
    motion: Motion = Motion.INTERNAL


def turns_of(plan: Plan, setup: Setup) -> tuple[tuple[Side, Motion], ...]:
    """Return what is asked for, one after the other: each foot outwards, then the same one inwards.

    Both feet that go outwards at once take one turn; inwards they go one by one.

    Examples
    --------
    >>> from hipcv.words import Motions
    >>> [f"{side} {motion}" for side, motion in turns_of(Plan(), Setup(motion=Motions.BOTH))]
    ['left internal', 'left external', 'right internal', 'right external']
    >>> both = Setup(motion=Motions.BOTH, legs=Legs.BOTH)
    >>> [f"{side} {motion}" for side, motion in turns_of(Plan(), both)]
    ['left internal', 'left external', 'right external']
    """
    turns = [(side, motion) for side in plan.sides for motion in setup.motion.each]
    if setup.legs is not Legs.BOTH:
        return tuple(turns)
    return tuple(turn for turn in turns if turn[1] is Motion.EXTERNAL or turn[0] is plan.sides[0])


@dataclass(slots=True)
class Coach:
    """Leads through one test.

    Parameters
    ----------
    plan : what is to be done; where both legs move at once, one round of it counts for both.
    setup : which test, which motions (each foot outwards, then the same one inwards; inwards one at a time in any
        case), how it is done, and where the camera stands.

    Examples
    --------
    >>> from hipcv.core.series import N_LANDMARKS
    >>> nowhere = (np.full((N_LANDMARKS, n), np.nan) for n in (2, 3))
    >>> unseen = Sight(0.0, *nowhere, np.zeros(N_LANDMARKS), (640, 480), (math.nan, math.nan))
    >>> coach = Coach(Plan(hands_free=False), Setup())
    >>> coach.go()  # nobody is there yet
    >>> coach.see(unseen).phase, coach.rest_deg(Side.LEFT)
    (<Phase.PLACING: 'placing'>, nan)
    >>> coach.skip(1.0)
    >>> coach.side
    <Side.RIGHT: 'right'>
    """

    plan: Plan
    setup: Setup
    phase: Phase = field(default=Phase.PLACING, init=False)
    _placement: Placement = field(init=False)
    _turns: tuple[tuple[Side, Motion], ...] = field(init=False)
    _turn: int = field(default=0, init=False)
    _captured: dict[tuple[Side, Motion], list[float]] = field(
        default_factory=lambda: {(side, motion): [] for side in SIDES for motion in Motion}, init=False
    )
    _rest_deg: dict[Side, float] = field(default_factory=lambda: dict.fromkeys(SIDES, math.nan), init=False)
    _angles: dict[Side, deque[tuple[float, float]]] = field(
        default_factory=lambda: {s: deque() for s in SIDES}, init=False
    )
    _since_s: float = field(default=math.nan, init=False)
    _out_s: float = field(default=math.nan, init=False)
    _peak_deg: float = field(default=math.nan, init=False)
    _low_deg: float = field(default=0.0, init=False)
    _green_since_s: float = field(default=math.nan, init=False)
    _seen_s: float = field(default=math.nan, init=False)
    _started: bool = field(default=False, init=False)
    _go: bool = field(default=False, init=False)
    _hold_share: float = field(default=0.0, init=False)
    _cue: Cue | None = field(default=None, init=False)
    _cue_s: float = field(default=-math.inf, init=False)
    _advice_since: tuple[str, float] = field(default=("", math.nan), init=False)

    def __post_init__(self) -> None:
        self._placement = Placement(self.setup)
        self._turns = turns_of(self.plan, self.setup)

    # ------------------------------------------------------------------------------------------------- what is asked

    @property
    def side(self) -> Side:
        """The side whose turn it is."""
        return self._turns[self._turn][0]

    @property
    def motion(self) -> Motion:
        """The motion whose turn it is."""
        return self._turns[self._turn][1]

    def rest_deg(self, side: Side) -> float:
        """Return where the leg of one side hangs at rest, degrees; NaN before the first rest."""
        return self._rest_deg[side]

    @property
    def started(self) -> bool:
        """Whether the first rest has been reached."""
        return self._started

    def go(self) -> None:
        """Start without hands-free: leave `ready` at the next frame."""
        self._go = True

    def skip(self, time_s: float) -> None:
        """Go on to the next side or motion, or to the end."""
        if self.phase is not Phase.COMPLETE:
            self._next_turn(time_s)

    # ------------------------------------------------------------------------------------------------------ each frame

    def see(self, sight: Sight) -> Coaching:
        """Take in one frame and return what there is to show and say."""
        now_s = sight.time_s
        checks = self._placement.see(sight)
        self._remember(sight)
        hold: Hold | None = None
        if self.phase in TRYING and self._is_lost(sight):
            self._enter(Phase.PLACING, now_s)
            self._say("lost", self._spoken.lost, now_s)
        elif self.phase in PREPARING:
            self._place(checks, now_s)
        elif self.phase is Phase.CHANGE and now_s - self._since_s >= CHANGE_S:
            self._begin_rest(now_s)
        elif self.phase in TRYING:
            hold = self._watch(now_s)
        if self.phase not in PREPARING:  # moving is what is asked for now
            checks = tuple(Check(c.code, True) if c.code is CheckCode.STILL else c for c in checks)
        left_s = self.plan.countdown_s - (now_s - self._since_s) if self.phase is Phase.COUNTDOWN else None
        return Coaching(
            phase=self.phase,
            side=self.side,
            trial=min(len(self._mine) + 1, self.plan.n_trials),
            n_trials=self.plan.n_trials,
            checks=checks,
            cue=self._cue,
            countdown_s=None if left_s is None else max(0.0, left_s),
            hold_share=self._hold_share,
            captured={side: tuple(self._captured[side, self.motion]) for side in SIDES},
            hold=hold,
            motion=self.motion,
        )

    def _remember(self, sight: Sight) -> None:
        for side in SIDES:
            kept, value = self._angles[side], sight.angles_deg[side.column]
            if math.isfinite(value):
                kept.append((sight.time_s, value))
            while kept and kept[0][0] < sight.time_s - _KEPT_S:
                kept.popleft()
            self._note_rest(side)
        if sight.somebody and math.isfinite(sight.angles_deg[self.side.column]):
            self._seen_s = sight.time_s

    def _is_lost(self, sight: Sight) -> bool:
        return sight.time_s - self._seen_s > LOST_AFTER_S

    def _enter(self, phase: Phase, now_s: float) -> None:
        self.phase, self._since_s = phase, now_s
        self._hold_share = 0.0
        self._green_since_s = math.nan

    # --------------------------------------------------------------------------------------------------------- placing

    def _place(self, checks: tuple[Check, ...], now_s: float) -> None:
        if self.phase is not Phase.PLACING and self._moves():  # whoever does not wait has begun
            self._begin_rest(now_s)
            return
        wrong = next((check for check in checks if not check.ok), None)
        if wrong is not None and wrong.code is not CheckCode.STILL:
            self._green_since_s = math.nan
        elif math.isnan(self._green_since_s):
            self._green_since_s = now_s
        if wrong is not None:
            if self.phase is not Phase.PLACING:
                self._enter(Phase.PLACING, now_s)
            # what nothing can be said about yet does not keep back what can
            self._advise(next((c for c in checks if not c.ok and c.advice), wrong), now_s)
            return
        if self.phase is Phase.PLACING and now_s - self._green_since_s >= READY_AFTER_S:
            self._enter(Phase.READY, now_s)
            if not self.plan.hands_free and not self._started:
                self._say("ready", self._spoken.ready, now_s)
        if self.phase is Phase.READY and (self.plan.hands_free or self._started or self._go):
            if self._started or self.plan.countdown_s <= 0:
                self._begin_rest(now_s)
            else:
                self._enter(Phase.COUNTDOWN, now_s)
                self._say("count", self._spoken.count, now_s)
        elif self.phase is Phase.COUNTDOWN and now_s - self._since_s >= self.plan.countdown_s:
            self._begin_rest(now_s)

    def _moves(self) -> bool:
        """Whether the leg whose turn it is has left its rest."""
        kept, rest_deg = self._angles[self.side], self._rest_deg[self.side]
        waits = not (self.plan.hands_free or self._started or self._go)
        return not waits and bool(kept) and self.motion.sign * (kept[-1][1] - rest_deg) > MIN_SWING_DEG

    def _advise(self, wrong: Check, now_s: float) -> None:
        if self._advice_since[0] != wrong.advice:
            self._advice_since = (wrong.advice, now_s)
        if wrong.advice and now_s - self._advice_since[1] >= ADVISE_AFTER_S:
            self._say(str(wrong.code), wrong.advice, now_s)

    def _begin_rest(self, now_s: float) -> None:
        self._enter(Phase.REST, now_s)
        self._started, self._low_deg = True, 0.0
        self._ask_to_swing(now_s)

    def _ask_to_swing(self, now_s: float) -> None:
        way = self._spoken.again if self._mine else self._spoken.swing
        self._say("swing", way, now_s, anew=True)

    # ---------------------------------------------------------------------------------------------------------- trying

    def _watch(self, now_s: float) -> Hold | None:
        """Follow the leg whose turn it is through one trial."""
        own, rest_deg = self._angles[self.side], self._rest_deg[self.side]
        if not own or own[-1][0] < now_s or not math.isfinite(rest_deg):
            return None
        height_deg = self.motion.sign * (own[-1][1] - rest_deg)
        if self.phase is Phase.REST:
            self._watch_rest(height_deg, now_s)
            return None
        self._peak_deg = max(self._peak_deg, height_deg)
        if height_deg < max(HOLD_BAND_DEG, RETURN_SHARE * self._peak_deg):
            return self._come_back(now_s)
        return self._watch_hold(height_deg, now_s) if self.phase is not Phase.BACK else None

    def _watch_rest(self, height_deg: float, now_s: float) -> None:
        # a leg that is still coming back does not set out again
        self._low_deg = max(0.0, min(self._low_deg, height_deg))
        if height_deg > self._low_deg + MIN_SWING_DEG:
            self._enter(Phase.SWING, now_s)
            self._peak_deg, self._out_s = height_deg, now_s
            return
        other = self.side.other
        values = self._angles[other]
        other_deg = values[-1][1] - self._rest_deg[other] if values else math.nan
        makes_way = self.motion is Motion.EXTERNAL
        if other_deg > OTHER_LEG_DEG and not (self._both or makes_way):
            self._say("other_leg", self._spoken.other_leg, now_s)
        elif height_deg < -OTHER_WAY_DEG:
            self._say("other_way", self._spoken.other_way, now_s)
        elif now_s - self._since_s > SAY_AGAIN_S:
            self._ask_to_swing(now_s)

    def _watch_hold(self, height_deg: float, now_s: float) -> Hold | None:
        still_s, level_deg = self._stand_still(self.side)
        near_top = height_deg >= self._peak_deg - max(HOLD_BAND_DEG, 0.25 * self._peak_deg)
        holding = near_top and still_s >= MIN_HOLD_S
        self._hold_share = min(1.0, still_s / self.plan.hold_s) if holding else 0.0
        if not holding:
            if self.phase is Phase.HOLD:
                self.phase = Phase.SWING
            outwards = height_deg >= self._peak_deg
            if outwards and self._speed_deg_s(self.side) > FAST_DEG_S:
                self._say("slowly", self._spoken.slowly, now_s)
            return None
        if self.phase is Phase.SWING:
            self.phase = Phase.HOLD
            self._say("hold", self._spoken.hold, now_s)
        if still_s < self.plan.hold_s:
            return None
        level_deg *= self.motion.sign
        trials = self._mine
        trials.append(level_deg)
        self._capture_other(now_s - still_s, now_s)
        self._enter(Phase.BACK, now_s)
        self._say("back", self._spoken.back, now_s, anew=True)
        return Hold(self.side, len(trials), now_s - still_s, now_s, level_deg, self.motion)

    def _come_back(self, now_s: float) -> Hold | None:
        """Begin anew after a leg came back; return its hold where it was let go early and counts all the same."""
        captured, hold = self.phase is Phase.BACK, None
        trials = self._mine
        if not captured:
            hold = self._short_hold(len(trials) + 1)
            if hold is not None:
                trials.append(hold.angle_deg)
                self._capture_other(hold.start_s, hold.stop_s)
        if (captured or hold) and len(trials) >= self.plan.n_trials:
            self._next_turn(now_s)
            return hold
        self._enter(Phase.REST, now_s)
        self._low_deg = self.motion.sign * (self._angles[self.side][-1][1] - self._rest_deg[self.side])
        if captured:
            self._ask_to_swing(now_s)
        elif hold is not None:
            self._say("short", self._spoken.short, now_s, anew=True)
        else:
            self._say("again", self._spoken.not_held, now_s)
        return hold

    def _short_hold(self, trial: int) -> Hold | None:
        """Return what the measurement will take for the hold of the swing that has just ended."""
        kept = [(t, a) for t, a in self._angles[self.side] if t >= self._out_s - REST_WINDOW_S]
        if len(kept) < 3:
            return None
        time_s, angle_deg = np.array(kept, dtype=np.float64).T
        angle_deg, rest_deg = self.motion.sign * angle_deg, self.motion.sign * self._rest_deg[self.side]
        start, stop = find_hold(time_s, angle_deg, (0, int(angle_deg.argmax()), len(kept)), rest_deg)
        if stop <= start:
            return None
        level_deg = float(np.median(angle_deg[start:stop]))
        return Hold(self.side, trial, float(time_s[start]), float(time_s[stop - 1]), level_deg, self.motion)

    def _capture_other(self, start_s: float, stop_s: float) -> None:
        """Note where the other leg was during a hold, where both move at once and it was out."""
        if not self._both:
            return
        other = self.side.other
        held = [angle_deg for time_s, angle_deg in self._angles[other] if start_s <= time_s <= stop_s]
        if held and statistics.median(held) - self._rest_deg[other] > MIN_SWING_DEG:
            self._captured[other, self.motion].append(statistics.median(held))

    def _next_turn(self, now_s: float) -> None:
        if self._turn + 1 < len(self._turns):
            before = self.side
            self._turn += 1
            self._enter(Phase.CHANGE, now_s)
            same = self.side is before and self.motion is Motion.EXTERNAL
            self._say("change", self._spoken.same_foot if same else self._spoken.change, now_s, anew=True)
        else:
            self._enter(Phase.COMPLETE, now_s)
            self._say("complete", self._spoken.complete, now_s, anew=True)

    # -------------------------------------------------------------------------------------------------------- measures

    def _note_rest(self, side: Side) -> None:
        """Learn where a leg hangs: where it is still near the plumb line, and again wherever it hangs more plumb.

        A leg that creeps outwards, is held or is turned inwards does not take its rest along; one that hangs anew does,
        once it has been still for longer than anybody holds it.
        """
        if not self._angles[side]:
            return
        still_s, found = self._stand_still(side)
        known = self._rest_deg[side]
        if still_s < REST_WINDOW_S or abs(found) > MAX_REST_DEG:
            return
        near = abs(found - known) <= STILL_BAND_DEG and self.phase is not Phase.REST
        waiting = self.phase in PREPARING or self.phase is Phase.REST
        moved = waiting and (still_s >= MOVED_AFTER_S or abs(found) < abs(known) - STILL_BAND_DEG)
        if math.isnan(known) or near or moved:
            self._rest_deg[side] = found

    def _stand_still(self, side: Side) -> tuple[float, float]:
        """Return for how long the leg has kept within `STILL_BAND_DEG` (seconds), and its median angle over it."""
        low, high = math.inf, -math.inf
        since_s = last_s = self._angles[side][-1][0]
        held: list[float] = []
        for time_s, value in reversed(self._angles[side]):
            low, high = min(low, value), max(high, value)
            # what lies beyond the longest hold changes nothing
            if high - low > STILL_BAND_DEG or since_s - time_s > LOST_AFTER_S or last_s - time_s > _LONGEST_S:
                break
            since_s = time_s
            held.append(value)
        return last_s - since_s, statistics.median(held)

    def _speed_deg_s(self, side: Side) -> float:
        """Return the median speed over the last few frames, degrees a second, without sign."""
        last = list(self._angles[side])[-6:]
        speeds = [abs(b - a) / (end - start) for (start, a), (end, b) in pairwise(last) if end > start]
        return statistics.median(speeds) if speeds else 0.0

    @property
    def _both(self) -> bool:
        """Whether both legs move at once: inwards they would be in each other's way."""
        return self.setup.legs is Legs.BOTH and self.motion is Motion.INTERNAL

    @property
    def _mine(self) -> list[float]:
        """The captured trials of the leg and the motion whose turn it is."""
        return self._captured[self._turns[self._turn]]

    @property
    def _spoken(self) -> Spoken:
        """What is said in this test, of the leg whose turn it is."""
        legs = Legs.BOTH if self._both else Legs.ONE
        return spoken_for(self.setup.procedure, self.setup.effort, legs, self.motion).about(self.side)

    def _say(self, code: str, text: str, now_s: float, *, anew: bool = False) -> None:
        same = self._cue is not None and self._cue.text == text
        if same and not anew and now_s - self._cue_s < SAY_AGAIN_S:
            return
        number = 1 if self._cue is None else self._cue.number + 1
        self._cue, self._cue_s = Cue(number, code, text), now_s
