"""What a result rests on, in words: how many pictures were read, and what left and right were told by."""

from hipcv.assessment import Provenance
from hipcv.core.setup import Setup
from hipcv.words import CameraSide

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


def sides_text(setup: Setup) -> str:
    """Return what left and right rest on, in words that follow "rest on".

    Examples
    --------
    >>> sides_text(Setup(mirrored=True))
    'the camera in front, a mirrored picture, turned back (as told)'
    """
    return f"{_STANDS[setup.camera_side]}, {_SHOWS[setup.mirrored]}"


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
        return f"{n} frames"
    if read_hz is None or abs(read_hz - recorded_hz) <= SAME_RATE_SHARE * recorded_hz:
        return f"{n} frames at {recorded_hz:.4g} Hz"
    return f"{n} frames read at {read_hz:.3g} Hz from a recording at {recorded_hz:.4g} Hz"
