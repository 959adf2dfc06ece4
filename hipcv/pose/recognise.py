"""Which test a recording shows, by the same evidence as it is read by: seated, supine, prone, or none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hipcv.core.checks.posture import picture_turned
from hipcv.core.procedure import Procedure
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.procedures.supine import SUPINE
from hipcv.evidence.guidance import advice_for
from hipcv.models.bundle import read_landmark_network, read_person_detector
from hipcv.models.store import ModelFile
from hipcv.pose.legs.network import LandmarkNetwork
from hipcv.pose.legs.people import PersonDetector
from hipcv.pose.legs.region import HANGING_DEG, find_in_clip
from hipcv.pose.legs.subject import find_people
from hipcv.words import ModelName

ByteArray = NDArray[np.uint8]

#: Frames looked at, spread over the recording.
N_FRAMES = 6
#: ... of pictures that are turned for trial to look for legs that stand, which takes many looks.
N_TURNED = 3
#: Frames in which somebody must sit.
MIN_SITTING = 0.5


class Picture(Protocol):
    """A frame as the sources hand it out."""

    @property
    def rgb(self) -> ByteArray:
        """(height, width, 3) upright picture."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The test that a recording shows, None for none, and why in one sentence."""

    procedure: Procedure | None
    reason: str


def spread(frames: Iterable[Picture], n: int = N_FRAMES) -> list[ByteArray]:
    """Return at least `n` (fewer where there are fewer) and less than 2 `n` pictures spread over the frames.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> frames = (SimpleNamespace(rgb=np.full((1, 1, 3), k, np.uint8)) for k in range(40))
    >>> [int(picture.mean()) for picture in spread(frames, 4)]
    [0, 8, 16, 24, 32]
    """
    kept: list[ByteArray] = []
    stride = 1
    for k, frame in enumerate(frames):
        if k % stride:
            continue
        if len(kept) == 2 * n - 1:
            kept, stride = kept[::2], stride * 2
            if k % stride:
                continue
        kept.append(frame.rgb)
    return kept


def recognise_test(frames: Iterable[Picture], model: ModelFile, name: ModelName = ModelName.HEAVY) -> Recognised:
    """Say which test a recording shows, by looking for a sitting person and for two lower legs from the foot end.

    Legs that hang clearly from somebody who does not sit are those of somebody on the back. Those of somebody face down
    hang as well where the picture stands on its head: nothing in it tells the two apart, and the reason says so.

    `name` is the model's: one that sees less looks again, and where it finds nothing the reason says which would.
    """
    pictures = spread(frames)
    if not pictures:
        return Recognised(None, "The recording holds no frame.")
    network = LandmarkNetwork(read_landmark_network(model.path))
    detector = PersonDetector(read_person_detector(model.path))
    share = sitting_share(pictures, network, detector)
    if share >= MIN_SITTING:
        return Recognised(SEATED, f"Somebody sits facing the camera in {share:.0%} of the frames looked at.")
    for turn in (90, 180, 270):  # before the tests of somebody who lies, which shanks in a turned picture look like
        upright = [np.ascontiguousarray(np.rot90(rgb, turn // 90)) for rgb in pictures]
        turned = sitting_share(upright, network, detector)
        if turned >= MIN_SITTING:
            where = f"Somebody sits in {turned:.0%} of the frames looked at"
            return Recognised(None, f"{where}, but {_turn_back(turn)}")
    hanging, _ = find_in_clip(pictures, network, turn_deg=HANGING_DEG, sees_less=name.sees_less, lying=True)
    if hanging is not None and hanging.clear:
        return Recognised(
            SUPINE,
            f"Two lower legs hang over a bed's end in {hanging.share:.0%} of the frames looked at, and nobody sits "
            "(face down in a picture that stands on its head looks alike: then say --test prone --rotate 180).",
        )
    vote, _ = find_in_clip(pictures, network, sees_less=name.sees_less)
    if vote is not None:
        return Recognised(
            PRONE,
            f"Two bent lower legs are seen from the foot end in {vote.share:.0%} of the frames looked at.",
        )
    few = few_of(pictures)
    for turn in (180, 90, 270):
        upright = [np.ascontiguousarray(np.rot90(rgb, turn // 90)) for rgb in few]
        vote, _ = find_in_clip(upright, network, sees_less=name.sees_less, both_ways=False)
        if vote is not None and vote.clear:
            return Recognised(None, f"Two bent lower legs may be seen, but {_turn_back(turn)}")
    return Recognised(
        None,
        f"Nobody sits in more than {share:.0%} of the frames, and no two bent lower legs are seen from the foot end"
        + (f" by the {name} model; the heavy model sees more." if name.sees_less else "."),
    )


def few_of(pictures: Sequence[ByteArray]) -> list[ByteArray]:
    """Return some of the pictures of a recording, spread over it: those that are turned for trial.

    Examples
    --------
    >>> [int(rgb[0, 0, 0]) for rgb in few_of([np.full((2, 2, 3), k, np.uint8) for k in range(6)])]
    [0, 2, 4]
    """
    return list(pictures[:: len(pictures) // N_TURNED or 1])


def _turn_back(turned_deg: int) -> str:
    """Return what to do with a picture that is turned clockwise by so many degrees, as the end of a sentence."""
    found = picture_turned(turned_deg)
    advice = advice_for(found.code, cause=found.cause, values=found.values)
    return advice[0].lower() + advice[1:]


def sitting_share(pictures: Sequence[ByteArray], network: LandmarkNetwork, detector: PersonDetector) -> float:
    """Return in which share of the pictures (height, width, 3) the one who sits most is seen to sit.

    Examples
    --------
    >>> from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS
    >>> from hipcv.pose.legs.network import Look
    >>> from hipcv.pose.legs.people import Somebody
    >>> px, world_m = np.zeros((39, 2)), np.zeros((33, 3))
    >>> for rows, y_px in ((SHOULDERS, 20.0), (HIPS, 110.0), (KNEES, 130.0), (ANKLES, 210.0)):
    ...     px[list(rows)] = [[150.0, y_px], [106.0, y_px]]
    >>> world_m[list(SHOULDERS)], world_m[list(KNEES)] = (0.0, -0.5, 0.0), (0.0, 0.0, -0.4)
    >>> sitting = Look(px, world_m, 1.0, np.zeros((256, 256)), np.full((64, 64, 39), -9.0), np.ones(33))
    >>> pictures, one = [np.zeros((480, 640, 3), np.uint8)] * 4, Somebody(np.array([320.0, 200.0]), 100.0, 0.9)
    >>> share = sitting_share(pictures, lambda crop: sitting, lambda rgb: [one])
    >>> share, sitting_share(pictures, lambda crop: sitting, lambda rgb: [])
    (1.0, 0.0)
    """
    known, _ = find_people(pictures, [detector(rgb) for rgb in pictures], network)
    return max((vote.share * vote.sits for vote in known), default=0.0)
