"""What a result rests on, in words: how the test was done, how many pictures were read, what sides and shape rest on.

And what a percentile does: how such a group was measured.
"""

from hipcv.assessment import Provenance
from hipcv.core.finding import Finding
from hipcv.core.setup import Setup
from hipcv.core.viewing import Viewing
from hipcv.words import CameraSide, EndPoint, HandPlace, Legs, Motion, Motions, Side

#: Two frame rates nearer than this print as one.
SAME_RATE_SHARE = 0.05

_STANDS = {
    CameraSide.FRONT: "the camera in front",
    CameraSide.FOOT_END: "the camera at the foot end",
    CameraSide.HEAD_END: "the camera at the head end",
}
_SHOWS = {
    None: "a picture that is not mirrored (assumed, nobody said so)",
    False: "a picture that is not mirrored (as told)",
    True: "a mirrored picture, turned back (as told)",
}
_AT_ONCE = {
    Legs.ONE: "one leg at a time",
    Legs.BOTH: "both legs at once",
    Legs.AUTO: "legs at once as the recording shows",
}
_HAND = {
    HandPlace.SHIN: "hand on the shin above the ankle",
    HandPlace.FOOT: "hand on the foot",
    HandPlace.GRAVITY: "by the leg's own weight",
}
_END = {
    EndPoint.PELVIS_MOVED: "until the pelvis moved",
    EndPoint.FIRM: "to a firm end",
    EndPoint.PAIN: "until it hurt",
    EndPoint.HELPER_STOPPED: "until the helper stopped",
}


def rotation_text(motion: Motion | Motions) -> str:
    """Return which way the hip turns, as a heading goes on.

    Examples
    --------
    >>> rotation_text(Motion.EXTERNAL), rotation_text(Motions.BOTH)
    ('external rotation', 'internal and external rotation')
    """
    return "internal and external rotation" if motion == Motions.BOTH else f"{motion} rotation"


def concerns_text(finding: Finding, asked: Motions) -> str:
    """Return what a finding concerns, in brackets after it: the side, and the motion where several were asked for.

    Examples
    --------
    >>> from hipcv.core.finding import FindingCode, Severity
    >>> from hipcv.words import Side
    >>> few = Finding(FindingCode.NO_HOLD, Severity.NOTE, Side.LEFT, motion=Motion.EXTERNAL)
    >>> concerns_text(few, Motions.BOTH), concerns_text(few, Motions.EXTERNAL)
    (' (left, external rotation)', ' (left)')
    """
    motion = rotation_text(finding.motion) if finding.motion and asked is Motions.BOTH else None
    concerned = [str(word) for word in (finding.side, motion) if word]
    return f" ({', '.join(concerned)})" if concerned else ""


def effort_text(setup: Setup) -> str:
    """Return who moved the leg and which legs moved at once, in a few words.

    Examples
    --------
    >>> from hipcv.words import Effort
    >>> effort_text(Setup()), effort_text(Setup(effort=Effort.PASSIVE, legs=Legs.BOTH))
    ('active', 'passive, both legs at once')
    """
    return str(setup.effort) if setup.legs is None else f"{setup.effort}, {_AT_ONCE[setup.legs]}"


def done_text(setup: Setup) -> str:
    """Return all that was said of how a test was done; what nobody said is left out.

    Examples
    --------
    >>> from hipcv.words import Effort
    >>> done_text(Setup(effort=Effort.PASSIVE, helper="physiotherapist", end_point=EndPoint.FIRM, pain=2))
    'passive, moved by physiotherapist, to a firm end, pain 2 of 10'
    >>> done_text(Setup())
    'active'
    """
    parts = [effort_text(setup)]
    if setup.helper is not None:
        parts.append(f"moved by {setup.helper}")
    if setup.hand_place is not None:
        parts.append(_HAND[setup.hand_place])
    if setup.end_point is not None:
        parts.append(_END[setup.end_point])
    if setup.pain is not None:
        parts.append(f"pain {setup.pain} of 10")
    for side, pain in ((Side.LEFT, setup.pain_left), (Side.RIGHT, setup.pain_right)):
        if pain is not None:
            parts.append(f"pain on the {side} {pain}")
    return ", ".join(parts)


def sides_text(setup: Setup) -> str:
    """Return what left and right rest on, in words that follow "rest on".

    Examples
    --------
    >>> sides_text(Setup(mirrored=True))
    'the camera in front, a mirrored picture, turned back (as told)'
    """
    return f"{_STANDS[setup.camera_side]}, {_SHOWS[setup.mirrored]}"


def shape_text(setup: Setup, viewing: Viewing) -> str:
    """Return what the shape of the picture rests on, in words that follow "rests on".

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> shape_text(Setup(), Viewing()), shape_text(Setup(), Viewing(aspect=4 / 3))
    ("the file, and the body's own proportions", 'what was told')
    >>> shape_text(Setup(procedure_named("prone")), Viewing())
    'the file alone (nobody said so, and who lies shows no body that would tell)'
    """
    if viewing.aspect is not None:
        return "what was told"
    if setup.procedure.body_seen:
        return "the file, and the body's own proportions"
    return "the file alone (nobody said so, and who lies shows no body that would tell)"


def readings_text(provenance: Provenance) -> str:
    """Return how many frames were read and how fast they follow each other, apart from the recording's own rate.

    Examples
    --------
    >>> readings_text(Provenance(n_frames=900, fps=60.0, readings_hz=15.0))
    '900 frames read at 15 Hz from a recording at 60 Hz'
    >>> readings_text(Provenance(n_frames=30))
    '30 frames'
    """
    n, recorded_hz, read_hz = provenance.n_frames, provenance.fps, provenance.readings_hz
    if recorded_hz is None:
        return f"{n} pictures" if provenance.viewing.still else f"{n} frames"
    if read_hz is None or abs(read_hz - recorded_hz) <= SAME_RATE_SHARE * recorded_hz:
        return f"{n} frames at {recorded_hz:.4g} Hz"
    return f"{n} frames read at {read_hz:.3g} Hz from a recording at {recorded_hz:.4g} Hz"


def protocols_text(spread_deg: float) -> str:
    """Return what is said beside a percentile: how far its people's middle shifts with how they were measured.

    Examples
    --------
    >>> protocols_text(6.0)
    'protocols differ by about 6°'
    """
    return f"protocols differ by about {spread_deg:g}°"
