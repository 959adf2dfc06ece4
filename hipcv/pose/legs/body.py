"""The body that the lower legs belong to: shoulders, hips and thighs out of the same looks (METHOD S13).

A look at the subject may show somebody who leans before them, or take front for back: what counts are the looks whose
knees are the subject's own, and of these the ones that name left and right as the camera's place demands.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hipcv.core.series import KNEES, MIRROR_ROWS, N_LANDMARKS, BoolArray, FloatArray
from hipcv.pose.legs.tracking import median_filter_nan
from hipcv.pose.person import Pose

#: A look's body is the subject's where its knees lie within this many lengths of a shank of theirs.
OWN_KNEES_SHANKS = 0.4
#: Where the network's own landmarks have a shank further from what was read than this, or no knee where it was read,
#: one of the two follows something else. On rendered people who sit they do so in less than 1 % of the frames.
MAX_APART_DEG, APART_FRAMES = 15.0, 3
#: A leg of which more frames than this are so is not known in the others either: of those who walk and balance it was a
#: third or more, of those who are tested, with a helper and in loose clothes, a tenth at most.
MAX_CONTRADICTED = 0.25
#: No knee is moved further than makes its shank so many times longer or shorter.
MAX_SLIDE = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """The subject's body over T frames, NaN and unseen where no look shows it.

    image_px : (T, 33, 2) frame pixels; world_m : (T, 33, 3) metres around the hips; visibility : (T, 33) 0 to 1;
    swapped : (T,) whether every look named the sides the wrong way round.
    """

    image_px: FloatArray
    world_m: FloatArray
    visibility: FloatArray
    swapped: BoolArray


def put_knees(knees_px: FloatArray, ankles_px: FloatArray, body_knees_px: FloatArray) -> FloatArray:
    """Return knees (T, 2) moved along their shanks to beside the body's own: a heat map's peak slides down a leg.

    Parameters
    ----------
    knees_px, ankles_px, body_knees_px : (T, 2) of one leg; where the body is NaN the knee stays.

    Examples
    --------
    >>> knee, ankle, body = np.array([[0.0, 30.0]]), np.array([[0.0, 100.0]]), np.array([[5.0, 10.0]])
    >>> put_knees(knee, ankle, body).tolist(), put_knees(knee, ankle, body * np.nan).tolist()
    ([[0.0, 10.0]], [[0.0, 30.0]])
    """
    shank_px = knees_px - ankles_px
    length_px = np.linalg.norm(shank_px, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        along = ((body_knees_px - ankles_px) * shank_px).sum(axis=1) / length_px**2
    along = np.where(np.isfinite(along), np.clip(along, 1 / MAX_SLIDE, MAX_SLIDE), 1.0)
    return ankles_px + along[:, None] * shank_px


def contradicted(turn_deg: FloatArray) -> BoolArray:
    """Return (T,) the frames in which the network's own landmarks show a shank elsewhere than it was read, or none.

    All of them where these are many. A leg that walks or balances takes its knee along; what is then followed may be
    the other leg, or a rail.

    Parameters
    ----------
    turn_deg : (T,) as `protractor.landmarks_turn_deg`.

    Examples
    --------
    >>> contradicted(np.array([1.0, 1.0, 40.0, -2.0, -2.0, 1.0, 1.0, 3.0, 30.0, 30.0])).astype(int).tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    >>> contradicted(np.array([1.0, 1.0, 30.0, 30.0, np.nan, np.nan, np.nan, -2.0])).all()
    np.True_
    """
    # one look may err
    elsewhere = ~(np.abs(median_filter_nan(turn_deg, APART_FRAMES)) <= MAX_APART_DEG)
    return np.asarray(elsewhere | (elsewhere.mean() > MAX_CONTRADICTED))


def own_body(bodies: Sequence[Sequence[Pose]], knees_px: FloatArray, shank_px: float) -> Body:
    """Return the subject's body, the mean of the looks that show it.

    Parameters
    ----------
    bodies : of each of T frames what each look shows.
    knees_px : (T, 2, 2) left and right knee as they were read, and the length of a shank.

    Examples
    --------
    >>> def seen(left_x, right_x):
    ...     px = np.zeros((33, 2))
    ...     px[list(KNEES)] = [[left_x, 200.0], [right_x, 200.0]]
    ...     return Pose(px, np.zeros((33, 3)), np.ones(33), np.full(2, np.nan))
    >>> frames = [[seen(360.0, 300.0), seen(300.0, 362.0)], [seen(301.0, 359.0)], [seen(90.0, 30.0)]]
    >>> own = own_body(frames, np.array([[[361.0, 200.0], [301.0, 200.0]]] * 3), 100.0)
    >>> own.image_px[:, KNEES[0], 0].tolist(), own.swapped.tolist()
    ([360.0, 359.0, nan], [False, True, False])
    """
    n = len(bodies)
    body = Body(
        np.full((n, N_LANDMARKS, 2), np.nan),
        np.full((n, N_LANDMARKS, 3), np.nan),
        np.zeros((n, N_LANDMARKS)),
        np.zeros(n, np.bool_),
    )
    for t, looks in enumerate(bodies):
        named: dict[bool, list[Pose]] = {False: [], True: []}
        for pose in looks:
            away = [
                np.linalg.norm(pose.image_px[list(rows)] - knees_px[t], axis=1).mean() for rows in (KNEES, KNEES[::-1])
            ]
            if min(away) < OWN_KNEES_SHANKS * shank_px:
                named[away[1] < away[0]].append(pose)
        swapped = not named[False]
        own = named[swapped]
        if own:
            rows = MIRROR_ROWS if swapped else np.arange(N_LANDMARKS)
            body.image_px[t] = np.mean([pose.image_px[rows] for pose in own], axis=0)
            body.world_m[t] = np.mean([pose.world_m[rows] for pose in own], axis=0)
            body.visibility[t] = np.mean([pose.visibility[rows] for pose in own], axis=0)
            body.swapped[t] = swapped
    return body
