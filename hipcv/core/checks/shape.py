"""Whether pictures were squeezed or stretched and do not say so: a body's own proportions, sizes and shapes."""

import numpy as np

from hipcv.core.checks.limits import BROAD, LIMITS, found
from hipcv.core.finding import Cause, Finding, FindingCode, Severity
from hipcv.core.motion.angles import seen_px
from hipcv.core.motion.filtering import median_of
from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS, PoseSeries
from hipcv.core.setup import Setup

#: Sizes in which tape, disc and capture cards store pixels that are not square (ITU-R BT.601 and its halves, SVCD,
#: HDV), width and height of a lying picture.
STORED_OBLONG = {
    *((720, 576), (720, 480), (704, 576), (704, 480), (352, 576), (352, 480), (352, 288), (352, 240)),
    *((480, 576), (480, 480), (544, 576), (544, 480), (1440, 1080), (1280, 1080), (960, 1080)),
}

#: Sizes that converters make of a lying picture of 4:3 as well as of one of 16:9, where they are to fill the frame.
FILLED = {(854, 480), (852, 480)}

#: Longer side through shorter one of what webcams, cameras and phones record.
RECORDED = (5 / 4, 4 / 3, 3 / 2, 16 / 10, 16 / 9, 17 / 9, 18 / 9, 18.5 / 9, 19 / 9, 19.5 / 9, 20 / 9, 21 / 9)
#: Sides are rounded to whole blocks of pixels; squeezed by so much, 40° become 40.7° at most.
ROUNDED = 0.025

#: A camera further to the side than 60° sees no breadth of shoulders.
MIN_FACED = 0.5


def breadth(series: PoseSeries) -> float:
    """Return how broad the shoulders of somebody seated are against trunk and shank; NaN where not seen.

    The breadth over the geometric mean of both lengths.

    Examples
    --------
    >>> px = np.full((1, 33, 2), np.nan)
    >>> for rows, y_px in ((SHOULDERS, 100.0), (HIPS, 200.0), (KNEES, 220.0), (ANKLES, 320.0)):
    ...     px[0, list(rows)] = [[336.0, y_px], [264.0, y_px]]
    >>> breadth(PoseSeries([0.0], px, np.full((1, 33, 3), np.nan), np.ones((1, 33)), (640, 480)))
    0.72
    """
    px = seen_px(series)
    across = np.linalg.norm(px[:, SHOULDERS[0]] - px[:, SHOULDERS[1]], axis=1)
    trunk = np.linalg.norm(px[:, SHOULDERS].mean(axis=1) - px[:, HIPS].mean(axis=1), axis=1)
    left_px, right_px = (median_of(length) for length in np.linalg.norm(px[:, KNEES] - px[:, ANKLES], axis=2).T)
    shank_px = float(np.fmax(left_px, right_px))  # the one that is seen less foreshortened
    return float(median_of(across) / np.sqrt(median_of(trunk) * shank_px))


def check_shape(series: PoseSeries, setup: Setup, yaw_deg: float = 0.0, pitch_deg: float = 0.0) -> list[Finding]:
    """Doubt a picture in which somebody seated is far slimmer or broader than people are.

    Parameters
    ----------
    yaw_deg : how far the camera stands to the side of the body, which makes shoulders look narrower.
    pitch_deg : how far it looks down, which makes trunk and shanks look shorter.

    Examples
    --------
    >>> nowhere = (np.full((3, 33, n), np.nan) for n in (2, 3))
    >>> check_shape(PoseSeries(np.arange(3) / 30, *nowhere, np.zeros((3, 33)), (640, 480)), Setup())
    []
    """
    if not setup.procedure.body_seen:
        return []
    share = breadth(series) * float(np.cos(np.radians(pitch_deg)))
    faced = share / max(float(np.cos(np.radians(yaw_deg))), MIN_FACED)
    if faced < LIMITS[FindingCode.PIXEL_SHAPE].value:
        return [found(FindingCode.PIXEL_SHAPE, Severity.DOUBT, faced)]
    return [found(FindingCode.PIXEL_SHAPE, Severity.DOUBT, share, limit=BROAD)] if share > BROAD.value else []


def check_stored_size(stored_px: tuple[int, int], setup: Setup) -> tuple[Finding, ...]:
    """Doubt a size whose pixels are seldom square, or a shape in which nothing records, where no body tells.

    `stored_px` : width and height of a recording that says nothing of its pixels' shape.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> prone = Setup(procedure_named("prone"))
    >>> sizes = ((480, 480), (854, 480), (480, 854), (512, 480), (640, 480))
    >>> [[finding.cause.value for finding in check_stored_size(size, prone)] for size in sizes]
    [['stored_size'], ['stored_size'], [], ['odd_shape'], []]
    """
    if setup.procedure.body_seen:
        return ()
    width, height = stored_px
    if {(width, height), (height, width)} & STORED_OBLONG or (width, height) in FILLED:
        cause = Cause.STORED_SIZE
    elif not is_recorded(stored_px):
        cause = Cause.ODD_SHAPE
    else:
        return ()
    values: dict[str, float | str] = {"size": f"{width}×{height}", "own": f"{width}:{height}"}
    # nothing was measured that the limits of a body's breadth could be held against
    return (Finding(FindingCode.PIXEL_SHAPE, Severity.DOUBT, cause=cause, values=values),)


def is_recorded(size_px: tuple[int, int]) -> bool:
    """Whether a picture, lying or standing, has a shape in which cameras record.

    Examples
    --------
    >>> [is_recorded(size) for size in ((1080, 1920), (640, 352), (800, 480), (720, 720))]
    [True, True, False, False]
    """
    shape = max(size_px) / max(min(size_px), 1)
    return any(abs(shape / recorded - 1) <= ROUNDED for recorded in RECORDED)
