"""Drawn pictures of the end ranges, picked from the frames of a recording as they go by."""

from collections.abc import Iterable, Iterator, Sequence

import cv2

from hipcv.assessment import Assessment
from hipcv.core.series import PoseSeries
from hipcv.outputs.basis import rotation_text
from hipcv.outputs.html import Still
from hipcv.outputs.overlay import Picture, draw_still
from hipcv.words import Motion, Motions, Side


def take_stills(frames: Iterable[Picture], series: PoseSeries, assessment: Assessment) -> list[Still]:
    """Return a drawn picture of each side's best hold, one for a motion that was asked for; none without such a hold.

    `frames` is a second pass over the recording; it is read no further than to the last of these pictures.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> take_stills([], empty, assess(empty, Setup()))
    []
    """
    n_wanted = len(_still_rows(assessment))
    stills: list[Still] = []
    if n_wanted:
        for _ in keep_stills(frames, series, assessment, stills):
            if len(stills) == n_wanted:
                break
    return stills


def keep_stills(
    frames: Iterable[Picture], series: PoseSeries, assessment: Assessment, stills: list[Still]
) -> Iterator[Picture]:
    """Pass the frames on, and put a drawn picture of each side's best hold into `stills` as it goes by.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> stills = []
    >>> list(keep_stills(iter(["a frame"]), empty, assess(empty, Setup()), stills)), stills
    (['a frame'], [])
    """
    wanted = _still_rows(assessment)
    for frame in frames:
        for side, motion in list(wanted):
            row = wanted[side, motion]
            if frame.time_s >= series.time_s[row] - 1e-6:
                drawn = draw_still(frame.rgb, row, series, assessment)
                done, jpeg = cv2.imencode(
                    ".jpg", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85]
                )
                if done:
                    caption = _caption(assessment, side, motion)
                    stills.append(Still(side, float(series.time_s[row]), jpeg.tobytes(), caption, motion))
                del wanted[side, motion]
        yield frame


def _still_rows(assessment: Assessment) -> dict[tuple[Side, Motion], int]:
    """Return the middle of the hold with the largest end range of each side and motion."""
    rows = {}
    for result in assessment.results:
        held: Sequence[tuple[float, int]] = [
            (t.end_range_deg, (t.hold_start + t.hold_stop) // 2) for t in result.trials if t.held and t.accepted
        ]
        if held:
            rows[result.side, result.motion] = max(held)[1]
    return rows


def _caption(assessment: Assessment, side: Side, motion: Motion) -> str:
    best = max(t.end_range_deg for t in assessment.of(side, motion).trials if t.held and t.accepted)
    which = f" of {rotation_text(motion)}" if assessment.done.motion is Motions.BOTH else ""
    return f"{side} hip at its largest end range{which}: {best:.1f}°"
