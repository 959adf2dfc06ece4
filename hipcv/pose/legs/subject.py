"""Who is measured: decided once for the whole clip, among all whose lower legs are seen (METHOD S3).

Steps: 1 the person detector looks at some frames, and hips that stay are somebody; 2 the lower legs of each are read
in some frames, which vote; 3 who has legs there, sits, and moves them is the subject. It never changes because somebody
comes, goes, kneels or covers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hipcv.core.motion.angles import hip_flexion_deg
from hipcv.core.series import ANKLES, KNEES, FloatArray
from hipcv.pose.legs.heatmaps import CROP_PX
from hipcv.pose.legs.looking import look_at
from hipcv.pose.legs.network import LandmarkNetwork, Region
from hipcv.pose.legs.people import Somebody
from hipcv.pose.legs.region import (
    HANGING_DEG,
    SIDE_SHANKS,
    Legs,
    Vote,
    agree,
    cut_off,
    elect,
    find_in_clip,
    legs_of,
    sits_in,
)
from hipcv.pose.legs.tracking import find_paths, track_knees

ByteArray = NDArray[np.uint8]

#: Hips nearer than this to where somebody's were, in shares of the body's reach, are the same person's.
SAME_REACH = 0.4
#: Who is seen in fewer of the frames than this is passing by.
MIN_PRESENT = 0.25
#: Somebody seated whose body reaches so far has shanks of this share of it (0.53 to 0.60 on rendered people), and
#: their lower legs lie about a square centred so far below the hips.
SHANK_REACH, BELOW_REACH = 0.57, 0.25
#: A look that sees less of a person sees none; legs that only its landmarks tell of have this quality at most.
MIN_PRESENCE, TOLD_QUALITY = 0.3, 0.6
#: Frames in which one person's legs are sought.
N_LOOKS = 6
#: A subject's merit exceeds anybody else's so many times, or who moves the legs is asked.
CLEARLY = 2.0
#: A swing is larger than what a resting leg seems to do.
MIN_SWING_DEG = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """Whose legs are read.

    vote : where they are; None where nobody is found, or where it cannot be told who is meant. rivals : the others
    between whom it cannot be told. cut_off : whether feet lie outside the picture. rule : why this one, in words.
    """

    vote: Vote | None
    rivals: tuple[Vote, ...] = ()
    cut_off: bool = False
    rule: str = "the only one whose lower legs stay in view"


def gather(people: Sequence[Sequence[Somebody]]) -> list[tuple[FloatArray, float, int]]:
    """Return who there is over several frames: hips (2,), reach and in how many frames, those seen most often first.

    Parameters
    ----------
    people : of each frame.

    Examples
    --------
    >>> here, there = (Somebody(np.array([x, 200.0]), 100.0, 0.9) for x in (100.0, 300.0))
    >>> [(hips.tolist(), n) for hips, _, n in gather([[here], [here, there], [here]])]
    [([100.0, 200.0], 3), ([300.0, 200.0], 1)]
    """
    groups: list[list[Somebody]] = []
    for seen in people:
        for somebody in seen:
            for group in groups:
                if np.hypot(*(somebody.hips_px - group[0].hips_px)) < SAME_REACH * group[0].reach_px:
                    group.append(somebody)
                    break
            else:
                groups.append([somebody])
    groups.sort(key=len, reverse=True)
    return [
        (np.median([s.hips_px for s in group], axis=0), float(np.median([s.reach_px for s in group])), len(group))
        for group in groups
    ]


def find_subject(
    frames: Sequence[ByteArray],
    people: Sequence[Sequence[Somebody]],
    network: LandmarkNetwork,
    *,
    at_px: FloatArray | None = None,
    sees_less: bool = False,
) -> Subject:
    """Find who sits in several frames of one clip and moves the lower legs.

    Parameters
    ----------
    frames : (height, width, 3) each, spread over the clip.
    people : who the person detector sees in each of them.
    at_px : (2,) where the knees of who is meant are, where somebody said so.
    sees_less : as `region.find_in_clip`.

    Examples
    --------
    >>> from hipcv.pose.legs.network import Look
    >>> px, heat = np.full((39, 2), 128.0), np.full((64, 64, 39), -9.0)
    >>> px[[26, 25, 28, 27]] = [[81.5, 81.5], [169.5, 81.5], [81.5, 161.5], [169.5, 161.5]]
    >>> look = Look(px, np.zeros((33, 3)), 1.0, np.zeros((256, 256)), heat, np.ones(33))  # legs, whoever is looked at
    >>> frames, one = [np.zeros((480, 640, 3), np.uint8)] * 4, Somebody(np.array([200.0, 200.0]), 100.0, 0.9)
    >>> two = [one, Somebody(np.array([500.0, 200.0]), 100.0, 0.9)]
    >>> alone = find_subject(frames, [[one]] * 4, lambda crop: look)
    >>> alone.rule, alone.vote.knees_px.round().tolist()
    ('the only one whose lower legs stay in view', [[159.0, 184.0], [237.0, 184.0]])
    >>> alike = find_subject(frames, [two] * 4, lambda crop: look)
    >>> alike.vote is None, len(alike.rivals)  # neither moves the legs: nobody can tell who is meant
    (True, 2)
    >>> find_subject(frames, [two] * 4, lambda crop: look, at_px=np.array([640.0, 240.0])).vote.knees_px[0].round()
    array([459., 184.])
    """
    known, seen = find_people(frames, people, network)
    if not known:
        vote, outside = find_in_clip(frames, network, turn_deg=HANGING_DEG, sees_less=sees_less)
        return Subject(vote, cut_off=outside)
    if at_px is not None:
        nearest = min(known, key=lambda vote: float(np.hypot(*(vote.knees_px.mean(axis=0) - at_px))))
        return Subject(nearest, rule="the person who was pointed at")
    return _choose(known, frames, network, outside=cut_off(seen, frames))


def find_people(
    frames: Sequence[ByteArray], people: Sequence[Sequence[Somebody]], network: LandmarkNetwork
) -> tuple[list[Vote], list[Legs]]:
    """Return where the lower legs of everybody upright are, and all the looks that say so; parameters as above.

    Examples
    --------
    >>> from hipcv.pose.legs.network import Look
    >>> px, heat = np.full((39, 2), 128.0), np.full((64, 64, 39), -9.0)
    >>> px[[26, 25, 28, 27]] = [[81.5, 81.5], [169.5, 81.5], [81.5, 161.5], [169.5, 161.5]]
    >>> look = Look(px, np.zeros((33, 3)), 1.0, np.zeros((256, 256)), heat, np.ones(33))
    >>> frames = [np.zeros((480, 640, 3), np.uint8)] * 4
    >>> one, passing = (Somebody(np.array([x, 200.0]), 100.0, 0.9) for x in (200.0, 500.0))
    >>> known, seen = find_people(frames, [[one], [one, passing], [one], [one]], lambda crop: look)
    >>> [vote.share for vote in known], len(seen)
    ([1.0], 4)
    """
    known: list[Vote] = []
    seen: list[Legs] = []
    for hips_px, reach_px, n in gather(people):
        if n < max(2, MIN_PRESENT * len(frames)):
            continue
        start = square_of(hips_px, reach_px)
        picks = np.unique(np.linspace(0, len(frames) - 1, N_LOOKS).astype(int))
        found = [find_legs(frames[k], network, start) for k in picks]
        seen += [legs for legs in found if legs is not None]
        vote = elect(found, len(picks), start.side_px)
        if vote is not None and vote.carries and not any(_same(vote, other) for other in known):
            known.append(vote)
    return known, seen


def square_of(hips_px: FloatArray, reach_px: float) -> Region:
    """Return the square that shows the lower legs and the trunk of somebody upright.

    Examples
    --------
    >>> square_of(np.array([320.0, 240.0]), 100.0)
    Region(x_px=320.0, y_px=265.0, side_px=228.0, turn_deg=0.0, over=False, lying=False)
    """
    side_px = round(SIDE_SHANKS * SHANK_REACH * reach_px, 6)
    return Region(float(hips_px[0]), float(hips_px[1]) + BELOW_REACH * reach_px, side_px, HANGING_DEG)


def find_posture(
    frames: Sequence[ByteArray], people: Sequence[Sequence[Somebody]], network: LandmarkNetwork
) -> tuple[float, float] | None:
    """Return how far the hips of the surest person are bent, degrees, and how visible knees and ankles are, 0 to 1.

    The median over the frames in which somebody is seen; None where that is less than half of them.

    Examples
    --------
    >>> from hipcv.pose.legs.network import Look
    >>> world_m = np.zeros((33, 3))
    >>> world_m[[11, 12], 1], world_m[[25, 26], 1] = -0.5, 0.4  # a trunk above the hips, knees straight below them
    >>> stands = Look(np.zeros((39, 2)), world_m, 1.0, np.zeros((256, 256)), np.zeros((64, 64, 39)), np.ones(33))
    >>> picture, somebody = np.zeros((480, 640, 3), np.uint8), Somebody(np.array([320.0, 200.0]), 150.0, 0.9)
    >>> find_posture([picture], [[somebody]], lambda crop: stands)
    (0.0, 1.0)
    >>> find_posture([picture], [[]], lambda crop: stands) is None
    True
    """
    told = []
    for rgb, seen in zip(frames, people, strict=True):
        look = network(square_of(seen[0].hips_px, seen[0].reach_px).cut(rgb)) if seen else None
        if look is not None and look.presence >= MIN_PRESENCE:
            told.append((hip_flexion_deg(look.world_m).mean(), look.visibility[[*KNEES, *ANKLES]].mean()))
    if 2 * len(told) < max(len(frames), 1):
        return None
    flexion_deg, visible = np.median(told, axis=0)
    return float(flexion_deg), float(visible)


def find_legs(rgb: ByteArray, network: LandmarkNetwork, start: Region) -> Legs | None:
    """Return the lower legs of somebody upright in a square of their size; None where no person is seen in it.

    The heat maps show where they are; where they show none, or legs of another size than the landmarks that the network
    regresses, these tell. The square is not moved to what is seen: from a gown's hem downwards half a shank looks like
    a whole one, and in a square about it all the more.

    Examples
    --------
    >>> from hipcv.pose.legs.network import Look
    >>> px, heat = np.full((39, 2), 128.0), np.full((64, 64, 39), -9.0)
    >>> px[[26, 25, 28, 27]] = [[81.5, 81.5], [169.5, 81.5], [81.5, 161.5], [169.5, 161.5]]
    >>> look = Look(px, np.zeros((33, 3)), 1.0, np.zeros((256, 256)), heat, np.ones(33))
    >>> legs = find_legs(np.zeros((480, 640, 3), np.uint8), lambda crop: look, Region(320.0, 240.0, 256.0, HANGING_DEG))
    >>> legs.knees_px.tolist(), legs.quality  # the heat maps show nothing: the landmarks tell
    ([[273.5, 193.5], [361.5, 193.5]], 0.6)
    """
    look = network(start.cut(rgb))
    if look.presence < MIN_PRESENCE:
        return None
    knees, ankles = (start.to_picture(look.landmarks_px[list(rows)]) for rows in (KNEES, ANKLES))
    order = np.argsort(knees[:, 0])
    told = Legs(
        region=start,
        knees_px=knees[order],
        ankles_px=ankles[order],
        quality=TOLD_QUALITY * float(look.visibility[[*KNEES, *ANKLES]].min()),
        presence=look.presence,
        in_front=1.0,
        sits=sits_in(look),
    )
    shown = legs_of(look, start)
    return shown if shown is not None and agree(shown, told) else told


def _choose(known: Sequence[Vote], frames: Sequence[ByteArray], network: LandmarkNetwork, *, outside: bool) -> Subject:
    if len(known) == 1:
        return Subject(known[0], cut_off=outside)
    ranked = sorted(known, key=_merit, reverse=True)
    best = ranked[0]
    near = [vote for vote in ranked if _merit(best) < CLEARLY * _merit(vote)]
    if len(near) == 1:
        return Subject(best, rule="the person who sits and whose lower legs are seen best")
    swings = [swing_deg(vote, frames, network) for vote in near]
    order = np.argsort(swings)[::-1]
    most, next_ = swings[order[0]], swings[order[1]]
    if most > MIN_SWING_DEG and most > 2 * next_:
        return Subject(near[order[0]], rule="the person whose lower legs swing")
    return Subject(None, rivals=tuple(near))


def _merit(vote: Vote) -> float:
    return vote.share * vote.quality * (2.0 if vote.sits > 0.5 else 1.0)


def _same(a: Vote, b: Vote) -> bool:
    return bool(np.linalg.norm(a.knees_px.mean(axis=0) - b.knees_px.mean(axis=0)) < 0.5 * max(a.shank_px, b.shank_px))


def swing_deg(vote: Vote, frames: Sequence[ByteArray], network: LandmarkNetwork) -> float:
    """Return how far the lower legs move over several frames, degrees: the larger of both legs' range.

    Examples
    --------
    >>> from hipcv.pose.legs.network import Look
    >>> def look(ankle_column):
    ...     heat = np.full((64, 64, 39), -9.0)
    ...     heat[20, [20, 42], [26, 25]] = heat[40, [20, ankle_column], [28, 27]] = 2.0
    ...     return Look(np.zeros((39, 2)), np.zeros((33, 3)), 1.0, np.ones((256, 256)), heat)
    >>> looks = iter([look(42), look(42), look(50), look(50)])  # one ankle goes 32 pixels outwards, 80 below its knee
    >>> knees = np.array([[81.5, 81.5], [169.5, 81.5]])
    >>> vote = Vote(Region(128.0, 128.0, 256.0, HANGING_DEG), knees, 80.0, share=1.0, presence=1.0, quality=1.0)
    >>> round(swing_deg(vote, [np.zeros((256, 256, 3), np.uint8)] * 4, lambda crop: next(looks)))
    22
    """
    region = vote.region
    shank_px = vote.shank_px * CROP_PX / region.side_px
    views = [look_at(rgb, region, network, 0) for rgb in frames]  # all by one view: another one turns the legs a little
    knees, ankles, masks = np.stack([seen.maps for seen in views], axis=1)
    time_s = np.arange(len(frames), dtype=np.float64)  # far apart: a leg may be anywhere in the next
    at = track_knees(knees, time_s, region.to_crop(vote.knees_px), shank_px)
    paths = find_paths(ankles, masks, time_s, at, shank_px)
    return max(float(np.ptp(path.angle_deg)) for path in paths)
