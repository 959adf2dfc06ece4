"""Where somebody's lower legs are, found by the landmark network itself (METHOD S4, S5).

From several start squares the network is asked where it sees knees and ankles, the square is moved there, and so on
until it stays (a fix point). A right fix point is told from a wrong one by the network's own presence and by how well
two lower legs come out of its heat maps. Over a clip, frames vote. The landmarks that the smaller networks regress lead
astray while their heat maps show the legs: where the vote fails, theirs is repeated by heat maps alone. Where bodies
are seen the person detector says first where to look (`subject`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from hipcv.core.checks.limits import LEGS_FAINT, LEVEL_THIGH, LIMITS, UPRIGHT_TRUNK
from hipcv.core.finding import FindingCode
from hipcv.core.motion.angles import hip_flexion_deg
from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS, FloatArray
from hipcv.pose.legs.heatmaps import LegPair, find_peaks, joint_maps, pair_legs
from hipcv.pose.legs.looking import unmirrored
from hipcv.pose.legs.network import Look, Looker, Region, even_contrast, show
from hipcv.pose.legs.tracking import share_in_front

ByteArray = NDArray[np.uint8]

#: How the square is turned in which relaxed shanks point down: of shanks that stand, and of shanks that hang.
STANDING_DEG, HANGING_DEG = 180.0, 0.0
#: Start squares: side in shares of the frame's shorter side, centre in shares of width and height.
START_SIDES = (0.75, 1.05, 0.5)
START_CENTRES = ((0.5, 0.5), (0.5, 0.35), (0.5, 0.65), (0.35, 0.45), (0.65, 0.45))
MAX_STARTS = 9
#: So many of them are tried in each frame of a clip, others in each: the legs stay where they are.
STARTS_A_FRAME = 4
#: After so many frames without any legs the rest are not searched.
MAX_SEARCHED = 6
#: ... and with so many starts, where the test may fill a part of the recording only.
MAX_SEARCHED_EACH, STARTS_EACH = 10, 2
#: A start in which the network sees so little of anybody leads nowhere.
MIN_START_PRESENCE = 0.01
#: The square is this many shank lengths wide and centred this share of the way from knees to ankles.
SIDE_SHANKS = 4.0
CENTRE_SHARE = 0.4
#: A square smaller than this share of the frame's shorter side is a collapsed search.
MIN_SIDE_SHARE, MAX_SIDE_SHARE = 0.30, 1.5
#: Squares this near each other lead to one fix point.
SAME_SQUARE = 0.1
#: A fix point of this quality is taken without looking further, one below the other is not worth keeping.
GOOD_QUALITY, FAIR_QUALITY = 0.6, 0.15
#: Frames agree when one knee lies within this many shank lengths, the other (its thigh may drift) within that many, and
#: the shanks within this ratio.
AGREE_SHANKS, AGREE_RATIO = (0.35, 0.6), 1.3
#: A knee so many shank lengths above the other one is that of a foot that stands on the bed.
UP_SHANKS = 0.5
#: A region that fewer frames agree on, or of less quality, is not one: in the prone test people who sit end here.
MIN_SHARE, MIN_QUALITY = 0.3, LEGS_FAINT.value
#: Legs that this many frames agree on need no more than this.
MANY_SHARE, MANY_QUALITY = 0.5, 0.25
#: Legs that all frames see this well are not looked for another way. What is seen either way up is believed from there
#: on; so many places are asked, in a square of so many shank lengths where the body is shown head up: it belongs to it.
NO_DOUBT, MIN_BOTH_WAYS = 0.9, 0.4
MAX_PARTIES, BODY_SHANKS = 4, 5.2
#: Legs of this merit in turned squares are read so, and head up where they are worse: joints lie truer in the former.
MIN_TURNED = 0.75
#: In pictures that are turned for trial by a quarter or a half something may look like legs: a clip with feet outside
#: came to 0.2 so, clips that were turned back to 0.8 and 1.0.
CLEAR_MERIT = 0.5
#: What a smaller network finds are limbs of somebody upright where squares about them that are not turned, so many
#: times as wide and so far down, show legs as well as the turned one did, or better than this (the median over the
#: frames, on rendered people: seated 0.6 to 0.99 and never less than the turned one, prone at most 0.64, always less).
UPRIGHT_SQUARES = ((1.0, 0.0), (1.0, 0.4), (1.6, 0.0), (1.6, 0.4))
MAX_UPRIGHT_QUALITY = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """Both lower legs in picture pixels, ordered from left to right of the *crop*, with the region they came from.

    knees_px, ankles_px : (2, 2); quality, presence : 0 to 1; in_front : share of the place before the knees that is
    person (`tracking.share_in_front`); sits : whether the body of the same look sits (`sits_in`).
    """

    region: Region
    knees_px: FloatArray
    ankles_px: FloatArray
    quality: float
    presence: float
    in_front: float
    sits: bool = False

    @property
    def merit(self) -> float:
        """Quality, of somebody who lies less where the legs go on before the knees: half a shank looks like a leg."""
        return self.quality * (1.0 - self.in_front) if self.region.ends else self.quality

    @property
    def shank_px(self) -> float:
        """Length of the longer shank, pixels."""
        return float(np.linalg.norm(self.ankles_px - self.knees_px, axis=1).max())

    @property
    def one_up(self) -> bool:
        """Whether one knee stands far above the other, as that of a foot on the bed does."""
        return float(np.ptp(self.knees_px[:, 1])) >= UP_SHANKS * self.shank_px


def read_legs(look: Look) -> LegPair | None:
    """Return the two lower legs of one look, crop pixels.

    Examples
    --------
    >>> blank = Look(np.zeros((39, 2)), np.zeros((33, 3)), 0.0, np.zeros((256, 256)), np.full((64, 64, 39), -9.0))
    >>> read_legs(blank) is None
    True
    """
    knees, ankles = joint_maps(look.heat)
    return pair_legs(find_peaks(knees), find_peaks(ankles), look.mask)


def region_around(
    knees_px: FloatArray,
    ankles_px: FloatArray,
    turn_deg: float,
    side_shanks: float,
    *,
    over: bool = False,
    lying: bool = False,
) -> Region:
    """Return the square around lower legs given in picture pixels, (2, 2) each.

    Examples
    --------
    >>> knees, ankles = np.array([[300.0, 200.0], [340.0, 200.0]]), np.array([[300.0, 100.0], [340.0, 100.0]])
    >>> region = region_around(knees, ankles, 180.0, 2.5)
    >>> region.x_px, region.side_px
    (320.0, 250.0)
    """
    knee, ankle = knees_px.mean(axis=0), ankles_px.mean(axis=0)
    centre = knee + CENTRE_SHARE * (ankle - knee)
    longest = float(np.linalg.norm(ankles_px - knees_px, axis=1).max())
    return Region(float(centre[0]), float(centre[1]), side_shanks * longest, turn_deg, over, lying)


def _around(knees_px: FloatArray, ankles_px: FloatArray, region: Region, more_shanks: float = 0.0) -> Region:
    """Return a square around lower legs, (2, 2) picture pixels each, in which they are seen as in another one."""
    # a body that is shown head up belongs to what the network goes by
    side_shanks = (BODY_SHANKS if region.over else SIDE_SHANKS) + more_shanks
    flags = {"over": region.over, "lying": region.lying}
    return region_around(knees_px, ankles_px, region.turn_deg, side_shanks, **flags)


def find_in_frame(
    rgb: ByteArray,
    network: Looker,
    hints: Sequence[Region] = (),
    starts: Sequence[int] = range(MAX_STARTS),
    *,
    turn_deg: float = STANDING_DEG,
    over: bool = False,
    by_maps: bool = False,
    lying: bool = False,
) -> Legs | None:
    """Search one picture (height, width, 3); None where nothing like two lower legs is found.

    Parameters
    ----------
    turn_deg : how squares are turned, so that relaxed shanks point down in them.
    hints : squares tried first.
    starts : which of the `MAX_STARTS` start squares are tried after them.
    over : whether the network is shown them upside down.
    by_maps : whether regressed landmarks are passed over.
    lying : whether shanks that hang are those of somebody who lies.
    """
    height, width = rgb.shape[:2]
    shorter = min(height, width)
    # heat maps take half a leg for a leg where only half is in the square
    sides = sorted(START_SIDES, reverse=True) if by_maps else START_SIDES
    squares = [
        Region(x * width, y * height, side * shorter, turn_deg, over, lying) for side in sides for x, y in START_CENTRES
    ]
    best: Legs | None = None
    tried: list[Region] = []
    for start in (*hints, *(squares[k] for k in starts)):
        legs = _settle(rgb, network, start, shorter, tried, by_maps=by_maps)
        if legs is not None and (best is None or legs.merit > best.merit):
            best = legs
        if best is not None and best.merit > GOOD_QUALITY:
            break
    return best if best is not None and best.quality > FAIR_QUALITY else None


def _settle(
    rgb: ByteArray, network: Looker, region: Region, shorter: float, tried: list[Region], *, by_maps: bool
) -> Legs | None:
    """Follow one start to its fix point: first by regressed landmarks, unless `by_maps`, then by heat maps.

    None where it leads to a square that was `tried` before; its own is added.
    """
    for step in range(0 if by_maps else 3):
        look = show(network, region.cut(rgb), region)
        knees, ankles = (region.to_picture(look.landmarks_px[list(rows)]) for rows in (KNEES, ANKLES))
        moved = _kept_in_size(_around(knees, ankles, region, 0.3), shorter)
        if look.presence < (0.02 if step else MIN_START_PRESENCE):
            return None
        still = _distance(region, moved) < 0.06
        region = moved
        if any(_distance(region, other) < SAME_SQUARE for other in tried):
            return None
        if still:
            break
    tried.append(region)
    best: Legs | None = None
    for _ in range(3):
        legs = _legs_in(rgb, network, region)
        if legs is None:
            break
        if best is None or legs.merit >= best.merit:
            best = legs
        moved = _kept_in_size(_around(legs.knees_px, legs.ankles_px, region), shorter)
        if _distance(region, moved) < 0.05:
            break
        region = moved
    return best


def _legs_in(rgb: ByteArray, network: Looker, region: Region, *, mirrored: bool = False) -> Legs | None:
    """Return the legs that one look at a region shows, or at its mirror image."""
    crop = region.cut(rgb)
    if not mirrored:
        return legs_of(show(network, crop, region), region)
    return legs_of(unmirrored(show(network, np.ascontiguousarray(crop[:, ::-1]), region)), region)


def legs_of(look: Look, region: Region) -> Legs | None:
    """Return the legs that the heat maps of a look at a region show.

    Examples
    --------
    >>> blank = Look(np.zeros((39, 2)), np.zeros((33, 3)), 0.0, np.zeros((256, 256)), np.full((64, 64, 39), -9.0))
    >>> legs_of(blank, Region(128.0, 128.0, 256.0)) is None
    True
    """
    pair = read_legs(look)
    if pair is None:
        return None
    in_front = share_in_front(look.mask, pair.knees_px, float(pair.shanks_px.max()))
    knees, ankles = region.to_picture(pair.knees_px), region.to_picture(pair.ankles_px)
    return Legs(region, knees, ankles, pair.quality(look.presence), look.presence, in_front, sits_in(look))


def trunk_shanks(look: Look) -> float:
    """Return how far the shoulders stand above the hips in a look at a whole body, in lengths of its longer shank.

    Examples
    --------
    >>> px = np.zeros((39, 2))
    >>> px[list(SHOULDERS)], px[list(HIPS)], px[list(ANKLES)] = (0.0, 50.0), (0.0, 150.0), (0.0, 80.0)
    >>> trunk_shanks(Look(px, np.zeros((33, 3)), 1.0, np.zeros((256, 256)), np.zeros((64, 64, 39))))
    1.25
    """
    shoulders, hips = (look.landmarks_px[list(rows), 1].mean() for rows in (SHOULDERS, HIPS))
    shanks = np.linalg.norm(look.landmarks_px[list(ANKLES)] - look.landmarks_px[list(KNEES)], axis=1)
    return float((hips - shoulders) / max(shanks.max(), 1e-9))


def sits_in(look: Look) -> bool:
    """Whether a look shows somebody who sits facing the camera: an upright trunk, bent hips, shanks that hang.

    Examples
    --------
    >>> sits_in(Look(np.zeros((39, 2)), np.zeros((33, 3)), 1.0, np.zeros((256, 256)), np.zeros((64, 64, 39))))
    False
    """
    px = look.landmarks_px
    hang = (px[list(ANKLES), 1] > px[list(KNEES), 1]).all()
    if not (hang and trunk_shanks(look) >= UPRIGHT_TRUNK.value):
        return False
    thighs, shanks = (
        np.linalg.norm(px[list(a)] - px[list(b)], axis=1).mean() for a, b in ((HIPS, KNEES), (KNEES, ANKLES))
    )
    bent = hip_flexion_deg(look.world_m).mean() >= LIMITS[FindingCode.WRONG_TEST].value
    return bool(bent and thighs <= LEVEL_THIGH.value * shanks)


def _kept_in_size(region: Region, shorter: float) -> Region:
    return replace(region, side_px=float(np.clip(region.side_px, MIN_SIDE_SHARE * shorter, MAX_SIDE_SHARE * shorter)))


def _distance(a: Region, b: Region) -> float:
    shift = np.hypot(a.x_px - b.x_px, a.y_px - b.y_px) / a.side_px
    return float(shift + abs(np.log(a.side_px / b.side_px)))


@dataclass(frozen=True, slots=True, eq=False)
class Vote:
    """The legs that most frames agree on.

    region : the square for the whole clip; knees_px : (2, 2) picture pixels, left to right of the crop; shank_px : the
    longer shank's length; share : of the searched frames that agree; presence : their median; quality : mean of the
    better half of them; sits : in which share of them somebody sits.
    """

    region: Region
    knees_px: FloatArray
    shank_px: float
    share: float
    presence: float
    quality: float
    sits: float = 0.0

    @property
    def merit(self) -> float:
        """How many see the legs, and how well: share times quality."""
        return self.share * self.quality

    @property
    def clear(self) -> bool:
        """Whether legs are seen so well that they say how a picture is turned."""
        return self.merit >= CLEAR_MERIT

    @property
    def carries(self) -> bool:
        """Whether enough frames agree on legs seen well enough: some that see them well, or many that do faintly."""
        return self.share >= MIN_SHARE and self.quality >= (MIN_QUALITY if self.share < MANY_SHARE else MANY_QUALITY)


def find_in_clip(
    frames: Sequence[ByteArray],
    network: Looker,
    *,
    turn_deg: float = STANDING_DEG,
    sees_less: bool = False,
    both_ways: bool = True,
    lying: bool = False,
) -> tuple[Vote | None, bool]:
    """Search several frames of one clip and let them vote.

    A camera that looks down on standing shanks shows the body they belong to, head up. The network may see them in the
    picture as it is, though less precisely, where it does not in one that is turned until the shanks point down, or
    takes the lower half of a shank for all of it there: where the turned search is not beyond doubt, every place that
    any look saw is asked both ways up, and the one counts that more frames see more clearly and with longer shanks.

    Parameters
    ----------
    sees_less : whether it is one of the smaller networks: these search once more by heat maps alone where the vote does
        not carry, are asked whether they look at somebody upright, and are shown nothing upside down.
    both_ways : whether standing legs are looked for by their body as well.
    lying : whether shanks that hang are those of somebody who lies; one foot may stand on the bed (`put_down`).

    Returns
    -------
    The vote, None where it does not carry; and whether, in most frames in which something was found, an ankle lies at
    or beyond the picture's edge.
    """
    votes = [_vote(frames, network, turn_deg, lying=lying)]
    if sees_less and not _holds(votes[0][0], frames, network, sees_less=True):
        votes.append(_vote(frames, network, turn_deg, by_maps=True, lying=lying))
    vote, seen = next((v for v in votes if _holds(v[0], frames, network, sees_less=sees_less)), (None, votes[0][1]))
    outside = cut_off(seen, frames)
    if turn_deg and both_ways and not sees_less and (vote is None or vote.merit < NO_DOUBT):
        both, seen_over = _vote_both_ways(frames, network, seen)
        faint = vote is None or vote.merit < MIN_BOTH_WAYS
        if vote is None or (both is not None and (faint or not agree(vote, both))):
            vote, outside = both, outside or cut_off(seen_over, frames)
    return vote, outside


def cut_off(seen: Sequence[Legs], frames: Sequence[ByteArray]) -> bool:
    """Whether most of the legs that were seen have an ankle at or beyond the picture's edge.

    Examples
    --------
    >>> knees, ankles = np.array([[80.0, 100.0], [170.0, 100.0]]), np.array([[80.0, 180.0], [170.0, 180.0]])
    >>> legs = Legs(Region(128.0, 128.0, 320.0, HANGING_DEG), knees, ankles, 0.8, 1.0, 0.0)
    >>> cut_off([legs], [np.zeros((256, 256, 3), np.uint8)]), cut_off([legs], [np.zeros((184, 256, 3), np.uint8)])
    (False, True)
    """
    outside = [_at_edge(legs, frames[0].shape[1], frames[0].shape[0]) for legs in seen]
    return bool(outside) and float(np.mean(outside)) > 0.5


def _holds(vote: Vote | None, frames: Sequence[ByteArray], network: Looker, *, sees_less: bool) -> bool:
    if vote is None or not vote.carries:
        return False
    return not (vote.region.turn_deg and sees_less and upright(frames, network, vote))


def upright(frames: Sequence[ByteArray], network: Looker, found: "Legs | Vote") -> bool:
    """Whether what was found are limbs of somebody who sits or stands."""
    region = found.region
    squares = [
        replace(region, turn_deg=0.0, side_px=wide * region.side_px, y_px=region.y_px + down * region.side_px)
        for wide, down in UPRIGHT_SQUARES
    ]
    looks = [[_legs_in(rgb, network, square) for square in squares] for rgb in frames]
    quality = [max((legs.quality for legs in row if legs is not None), default=0.0) for row in looks]
    return float(np.median(quality)) >= min(found.quality, MAX_UPRIGHT_QUALITY)


def _at_edge(legs: Legs, width: int, height: int) -> bool:
    margin = 0.12 * legs.shank_px
    return bool((legs.ankles_px < margin).any() or (legs.ankles_px > np.array([width, height]) - margin).any())


def find_each(
    frames: Sequence[ByteArray],
    network: Looker,
    *,
    turn_deg: float = STANDING_DEG,
    over: bool = False,
    lying: bool = False,
) -> list[bool]:
    """Return for every frame whether the legs are there that most of those agree on in which legs are seen.

    Parameters
    ----------
    frames : (height, width, 3) each, spread over a recording that may show the test for a part of it only.
    turn_deg, over, lying : as in `find_in_frame`.

    Examples
    --------
    >>> blank = Look(np.zeros((39, 2)), np.zeros((33, 3)), 0.0, np.zeros((256, 256)), np.full((64, 64, 39), -9.0))
    >>> find_each([np.zeros((48, 64, 3), np.uint8)] * 2, lambda crop: blank)
    [False, False]
    """
    found = _look_through(
        frames,
        network,
        turn_deg,
        over=over,
        lying=lying,
        max_searched=MAX_SEARCHED_EACH,
        n_starts=STARTS_EACH,
    )
    party = {id(legs) for legs in _largest_party(found)}
    return [legs is not None and id(legs) in party and legs.quality >= MIN_QUALITY for legs in found]


def _vote(
    frames: Sequence[ByteArray],
    network: Looker,
    turn_deg: float,
    *,
    over: bool = False,
    by_maps: bool = False,
    lying: bool = False,
) -> tuple[Vote | None, list[Legs]]:
    found = _look_through(frames, network, turn_deg, over=over, by_maps=by_maps, lying=lying)
    return elect(found, len(frames)), [legs for legs in found if legs is not None]


def _vote_both_ways(
    frames: Sequence[ByteArray], network: Looker, seen: Sequence[Legs]
) -> tuple[Vote | None, list[Legs]]:
    """Return what frames agree on of standing legs that were `seen`, or are seen with the body head up; and the latter.

    What one look shows may be chance: wherever legs were seen every frame is asked, both ways up.
    """
    over = [legs for legs in _look_through(frames, network, STANDING_DEG, over=True) if legs is not None]
    best, most = None, 0.0
    for party in _parties([*seen, *over])[:MAX_PARTIES]:
        turned, head_up = ([_best_look(rgb, network, legs) for rgb in frames] for legs in _both_ways_up(party))
        vote = elect([_best(looks) for looks in zip(turned, head_up, strict=True)], len(frames))
        # half a shank looks like a leg: of two places the longer legs' counts more
        if vote is not None and vote.merit * vote.shank_px > most:
            over_too = _mean_merit(turned) < min(_mean_merit(head_up), MIN_TURNED)
            best, most = replace(vote, region=replace(vote.region, over=over_too)), vote.merit * vote.shank_px
    return (best if best is not None and best.merit > MIN_BOTH_WAYS else None), over


def _mean_merit(looks: Sequence[Legs | None]) -> float:
    return float(np.mean([0.0 if legs is None else legs.merit for legs in looks]))


def _both_ways_up(party: Sequence[Legs]) -> tuple[Legs, Legs]:
    """Return legs that several looks show, each in the square in which they are seen turned and with the body up."""
    knees, ankles = (np.median([getattr(legs, name) for legs in party], axis=0) for name in ("knees_px", "ankles_px"))
    squares = (_around(knees, ankles, replace(party[0].region, over=over)) for over in (False, True))
    turned, up = (replace(party[0], region=square, knees_px=knees, ankles_px=ankles) for square in squares)
    return turned, up


def _look_through(
    frames: Sequence[ByteArray],
    network: Looker,
    turn_deg: float,
    *,
    over: bool = False,
    by_maps: bool = False,
    lying: bool = False,
    max_searched: int = MAX_SEARCHED,
    n_starts: int = STARTS_A_FRAME,
) -> list[Legs | None]:
    """Return the legs in each frame, which are asked in turn: what one knows the next is asked first."""
    found: list[Legs | None] = [None] * len(frames)
    good: list[Legs] = []
    home: Legs | None = None  # once two frames show the same legs well, the others need not be searched
    # from all parts of the clip in turn: somebody may stand before the legs for half of it
    for k, at in enumerate(sorted(range(len(frames)), key=lambda n: f"{n:07b}"[::-1])):
        rgb = frames[at]
        if home is not None or (k >= max_searched and not good):
            legs = _confirm(rgb, network, home) if home is not None else None
        else:
            starts = [(k * n_starts + n) % MAX_STARTS for n in range(n_starts)]
            hints = [g.region for g in good[-1:]]
            legs = find_in_frame(
                rgb, network, hints, starts, turn_deg=turn_deg, over=over, by_maps=by_maps, lying=lying
            )
        found[at] = legs
        if legs is not None and legs.merit > GOOD_QUALITY:
            good.append(legs)
            home = home or next((g for g in good[:-1] if agree(g, legs) and not (lying and g.one_up)), None)
    # what one frame shows well, or several show faintly
    best = _best(found) if good else _best(_largest_party(found))
    if best is not None:
        # Nobody walks away in this test: what one frame shows best is asked of those that show something else.
        for k, legs in enumerate(found):
            if legs is None or not agree(best, legs):
                found[k] = _confirm(frames[k], network, best) or legs
    return found


def elect(found: Sequence[Legs | None], n_frames: int, side_px: float | None = None) -> Vote | None:
    """Return what most of the frames that were looked at agree on; None where hardly two do.

    `side_px` is that of the square for the whole clip, where something else than the legs tells it.

    Examples
    --------
    >>> knees, ankles = np.array([[80.0, 100.0], [170.0, 100.0]]), np.array([[80.0, 180.0], [170.0, 180.0]])
    >>> legs = Legs(Region(128.0, 128.0, 320.0, HANGING_DEG), knees, ankles, 0.8, 1.0, 0.0)
    >>> elect([legs, None, legs, legs], 4).share, elect([legs, None, None], 3)
    (0.75, None)
    """
    party = _largest_party(found)
    if not party or len(party) < min(2, n_frames):
        return None
    knees = np.median([legs.knees_px for legs in party], axis=0)
    ankles = np.median([legs.ankles_px for legs in party], axis=0)
    shank_px = float(np.median([legs.shank_px for legs in party]))
    n_hanging = 0
    if party[0].region.lying:
        knees, ankles, n_hanging = put_down(knees, ankles, [legs for legs in found if legs is not None])
    centre = knees.mean(axis=0) + CENTRE_SHARE * (ankles.mean(axis=0) - knees.mean(axis=0))
    side_px = side_px or SIDE_SHANKS * shank_px
    region = replace(party[0].region, x_px=float(centre[0]), y_px=float(centre[1]), side_px=side_px)
    return Vote(
        region=region,
        knees_px=knees,
        shank_px=shank_px,
        share=(len(party) + n_hanging) / n_frames,
        presence=float(np.median([legs.presence for legs in party])),
        quality=float(np.mean(sorted((legs.quality for legs in party), reverse=True)[: (len(party) + 1) // 2])),
        sits=float(np.mean([legs.sits for legs in party])),
    )


def put_down(knees_px: FloatArray, ankles_px: FloatArray, seen: Sequence[Legs]) -> tuple[FloatArray, FloatArray, int]:
    """Return knees and ankles (2, 2) of somebody on the back, of a leg whose foot stands on the bed where it hangs.

    The number is that of the looks that say where; 0 where both hang. Who turns one leg may draw up the other: its knee
    then stands above the bed. In frames in which that leg hangs its knee is about as high as this one's.

    Examples
    --------
    >>> knees, ankles = np.array([[80.0, 100.0], [170.0, 20.0]]), np.array([[80.0, 180.0], [170.0, 100.0]])
    >>> square = Region(128.0, 128.0, 320.0, HANGING_DEG, lying=True)
    >>> other, its_ankles = np.array([[85.0, 20.0], [165.0, 98.0]]), np.array([[85.0, 99.0], [165.0, 178.0]])
    >>> hangs = Legs(square, other, its_ankles, 0.8, 1.0, 0.0)
    >>> put_down(knees, ankles, [hangs, hangs])[0].tolist(), put_down(knees, ankles, [hangs])[2]
    ([[80.0, 100.0], [165.0, 98.0]], 0)
    """
    shank_px = float(np.linalg.norm(ankles_px - knees_px, axis=1).max())
    up = int(knees_px[:, 1].argmin())
    level_px = knees_px[1 - up, 1]
    if level_px - knees_px[up, 1] < UP_SHANKS * shank_px:
        return knees_px, ankles_px, 0
    hanging = [legs for legs in seen if abs(legs.knees_px[up, 1] - level_px) < AGREE_SHANKS[0] * shank_px]
    if len(hanging) < 2:
        return knees_px, ankles_px, 0
    knees, ankles = knees_px.copy(), ankles_px.copy()
    knees[up] = np.median([legs.knees_px[up] for legs in hanging], axis=0)
    ankles[up] = np.median([legs.ankles_px[up] for legs in hanging], axis=0)
    return knees, ankles, len(hanging)


def _largest_party(found: Sequence[Legs | None]) -> list[Legs]:
    """Return the looks that agree with each other, of the largest group there is."""
    seen = [legs for legs in found if legs is not None]
    parties = [[b for b in seen if agree(a, b)] for a in seen]
    return max(parties, key=lambda p: (len(p), sum(legs.merit for legs in p)), default=[])


def _parties(seen: Sequence[Legs]) -> list[list[Legs]]:
    """Return looks in groups that agree with the clearest of them, the clearest group first."""
    parties: list[list[Legs]] = []
    for legs in sorted(seen, key=lambda one: -one.merit):
        party = next((party for party in parties if agree(party[0], legs)), None)
        if party is None:
            parties.append([legs])
        else:
            party.append(legs)
    return parties


def _best(found: Sequence[Legs | None]) -> Legs | None:
    return max((legs for legs in found if legs is not None), key=lambda legs: legs.merit, default=None)


def _confirm(rgb: ByteArray, network: Looker, legs: Legs) -> Legs | None:
    """Return what one look at the place of known legs shows, if it is legs there."""
    for picture in (rgb, even_contrast(rgb)):
        again = _legs_in(picture, network, legs.region)
        if again is not None and again.quality > FAIR_QUALITY and agree(legs, again):
            return again
    return None


def _best_look(rgb: ByteArray, network: Looker, legs: Legs) -> Legs | None:
    """Return the best that looks at the place of known legs show, if it is legs there.

    What the network hardly sees in a picture it may see well in its mirror image.
    """
    seen: list[Legs] = []
    for picture, mirrored in product((rgb, even_contrast(rgb)), (False, True)):
        again = _legs_in(picture, network, legs.region, mirrored=mirrored)
        if again is not None and again.quality > FAIR_QUALITY and agree(legs, again):
            seen.append(again)
            if again.quality > GOOD_QUALITY:
                break
    return _best(seen)


def agree(a: "Legs | Vote", b: "Legs | Vote") -> bool:
    """Whether two looks show the same legs: knees that stay, shanks of one length.

    Examples
    --------
    >>> knees, ankles = np.array([[80.0, 100.0], [170.0, 100.0]]), np.array([[80.0, 180.0], [170.0, 180.0]])
    >>> legs = Legs(Region(128.0, 128.0, 320.0, HANGING_DEG), knees, ankles, 0.8, 1.0, 0.0)
    >>> agree(legs, legs), agree(legs, replace(legs, knees_px=knees + [0.0, 40.0]))
    (True, False)
    """
    apart = np.sort(np.linalg.norm(a.knees_px - b.knees_px, axis=1)) / a.shank_px
    ratio = max(a.shank_px / b.shank_px, b.shank_px / a.shank_px)
    return bool((apart < AGREE_SHANKS).all() and ratio < AGREE_RATIO)
