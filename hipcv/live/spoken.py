"""What the guide says that differs between the tests: hanging legs when seated, soles to the ceiling when prone."""

from dataclasses import dataclass

from hipcv.core.procedure import Procedure
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED


@dataclass(frozen=True, slots=True)
class Spoken:
    """One test's sentences; `{side}` and `{other}` stand for the leg whose turn it is and the other one."""

    swing: str
    again: str
    back: str
    short: str
    other_leg: str
    other_way: str
    lost: str
    change: str
    nobody: str
    dark: str
    posture: str
    near: str
    far: str
    too_low: str
    too_high: str
    too_left: str
    too_right: str
    at_rest: str


SPOKEN: dict[Procedure, Spoken] = {
    SEATED: Spoken(
        swing="Slowly turn your {side} foot outwards as far as it goes, and keep the knee where it is.",
        again="Once more: slowly outwards.",
        back="Good. Let it come back.",
        short="Good, that counts. Hold it a little longer next time.",
        other_leg="That is your {other} leg. Move the {side} one, and let the other one hang.",
        other_way="The other way: the foot goes outwards, away from the other leg.",
        lost="You are out of sight: come back into the picture and let both legs rest.",
        change="Well done. Now the {side} leg; let both legs rest.",
        nobody="Nobody is seen: place yourself before the camera, from head to foot.",
        dark="Switch on more light, and do not sit against a window.",
        posture="sit upright on the front of a high seat, thighs level, lower legs hanging down.",
        near="Step back from the camera.",
        far="Come closer to the camera.",
        too_low="Step back or tip the camera down: your feet are out of the picture.",
        too_high="Step back or tip the camera up: a part of you is out of the picture.",
        # the camera is opposite: its left is the subject's right when seated
        too_left="Move sideways towards the middle: you are at the left edge of what the camera sees.",
        too_right="Move sideways towards the middle: you are at the right edge of what the camera sees.",
        at_rest="Let both lower legs hang down at rest.",
    ),
    PRONE: Spoken(
        swing="Let your {side} foot sink slowly outwards as far as it goes, and keep the pelvis flat.",
        again="Once more: let it sink slowly outwards.",
        back="Good. Bring it back up.",
        short="Good, that counts. Hold it a little longer next time.",
        other_leg="That is your {other} leg. Move the {side} one, and keep the other one upright.",
        other_way="The other way: the foot sinks outwards, away from the other leg.",
        lost="Your legs are out of sight: bend both knees to a right angle again, soles up, and keep them still.",
        change="Well done. Now the {side} leg; bring both lower legs upright and keep them still.",
        nobody="No lower legs are seen: lie face down with your feet towards the camera, knees bent, soles up.",
        dark="Have more light switched on, and no bright window in the picture.",
        posture="lie face down with your feet towards the camera and bend both knees to a right angle, soles up.",
        near="Have the camera moved further away.",
        far="Have the camera moved closer.",
        too_low="Have the camera moved back or tipped down: your knees are out of the picture.",
        too_high="Have the camera moved back or tipped up: your feet are out of the picture.",
        too_left="Have the camera turned: your legs are at the left edge of what it sees.",
        too_right="Have the camera turned: your legs are at the right edge of what it sees.",
        at_rest="Keep both lower legs upright, soles to the ceiling.",
    ),
}
