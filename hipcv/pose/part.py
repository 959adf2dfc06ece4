"""Which part of a file is the recording of the test: the picture within the picture, the stretch between cuts.

METHOD S17, S18. The reader's own search (METHOD S3 to S5) is asked, in small pictures spread over the recording.
Nothing is looked for that was told.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hipcv.core.checks.limits import found
from hipcv.core.finding import Cause, Finding, FindingCode, Severity
from hipcv.core.setup import Setup
from hipcv.core.viewing import Viewing
from hipcv.models.store import ModelFile
from hipcv.pose.legs.reader import LegReader, open_leg_reader
from hipcv.pose.legs.region import HANGING_DEG, STANDING_DEG, find_each
from hipcv.pose.legs.subject import Subject, find_legs, square_of
from hipcv.pose.recognise import few_of, sitting_share
from hipcv.sources.recording import VideoInfo
from hipcv.sources.survey import Survey
from hipcv.sources.within import Box
from hipcv.words import ModelName

ByteArray = NDArray[np.uint8]

#: Pictures of each part that are searched.
N_SEARCHED = 6
#: Of those in which anybody's legs are found, in so many somebody must sit.
MIN_SITTING = 0.5
#: The turns that are tried, the most frequent first.
TURNS = (180, 90, 270)
#: The test may be missed for so long; a stretch of it is at least so long, and leaves out so much.
MISSED_S, SHOWN_S, LEFT_OUT_S = 1.6, 3.0, 2.0


@dataclass(slots=True)
class PartFinder:
    """Looks for the test in parts of a recording; the model is loaded once it is asked."""

    setup: Setup
    model: ModelFile
    name: ModelName
    _reader: LegReader | None = field(default=None, init=False)

    @property
    def reader(self) -> LegReader:
        """The reader whose search is asked."""
        if self._reader is None:
            self._reader = open_leg_reader(self.setup, self.model, self.name)
        return self._reader

    def search(self, pictures: Sequence[ByteArray]) -> Subject:
        """Return who is measured, by some pictures (height, width, 3) of one part."""
        if len(pictures) < 2:
            return Subject(None)
        detector = self.reader.detector
        people = [detector(rgb) for rgb in pictures] if detector and self.setup.procedure.body_seen else []
        return self.reader.search_in(pictures, people)

    def shows_test(self, pictures: Sequence[ByteArray]) -> bool:
        """Whether somebody does the test in some pictures of one part, or several of whom one may."""
        subject = self.search(pictures)
        votes = [vote for vote in (subject.vote, *subject.rivals) if vote is not None]
        if not self.setup.procedure.body_seen:
            return bool(votes)
        return any(vote.sits >= MIN_SITTING for vote in votes)

    def knees_at(self, pictures: Sequence[ByteArray]) -> tuple[float, float] | None:
        """Return where the subject's knees are, shares of the picture's width and height; None where nobody is."""
        vote = self.search(pictures).vote
        if vote is None:
            return None
        height, width = pictures[0].shape[:2]
        x_px, y_px = vote.knees_px.mean(axis=0)
        return float(x_px / width), float(y_px / height)

    def doing_stretch(self, timed: Sequence[tuple[float, ByteArray]]) -> tuple[float, float] | None:
        """Return the longest stretch in which the test is done, from and to in seconds; None where it is nearly all.

        Somebody who sits is looked for picture by picture; legs that stand are those that most pictures agree on.
        """
        if self.setup.procedure.body_seen:
            shown = [self._sits(rgb) for _, rgb in timed]
        else:
            shown = self._lie([rgb for _, rgb in timed])
        return longest_stretch([time_s for time_s, _ in timed], shown)

    def _lie(self, pictures: Sequence[ByteArray]) -> list[bool]:
        """Return in which pictures the legs of somebody who lies are seen.

        Shanks that stand are looked for as they are, and where none are seen, of a body that is seen head up.
        """
        network, up = self.reader.network, self.setup.procedure.shank_up
        shown = find_each(pictures, network, turn_deg=STANDING_DEG if up else HANGING_DEG, lying=not up)
        if any(shown) or self.name.sees_less or not up:
            return shown
        return find_each(pictures, network, over=True)

    def turned_deg(self, pictures: Sequence[ByteArray]) -> int:
        """Return by how many quarters, degrees clockwise, the pictures of a test are turned; 0 where they are not."""
        reader = self.reader
        if len(pictures) < 2 or reader.detector is None:
            return 0
        if not self.setup.procedure.body_seen and self._sit_share(pictures) >= MIN_SITTING:
            return 0  # shanks of somebody who sits would stand in a picture on its head
        for turn in TURNS:
            upright = [np.ascontiguousarray(np.rot90(rgb, turn // 90)) for rgb in pictures]
            if self.setup.procedure.body_seen:
                seen = self._sit_share(upright) >= MIN_SITTING
            else:
                vote = self.search(few_of(upright)).vote
                seen = vote is not None and vote.clear
            if seen:
                return turn
        return 0

    def _sit_share(self, pictures: Sequence[ByteArray]) -> float:
        assert self.reader.detector is not None
        return sitting_share(pictures, self.reader.network, self.reader.detector)

    def _sits(self, rgb: ByteArray) -> bool:
        assert self.reader.detector is not None
        seen = [
            find_legs(rgb, self.reader.network, square_of(s.hips_px, s.reach_px)) for s in self.reader.detector(rgb)
        ]
        return any(legs is not None and legs.sits for legs in seen)


def longest_stretch(times_s: Sequence[float], shown: Sequence[bool]) -> tuple[float, float] | None:
    """Return the longest stretch in which something is shown, from and to in seconds; None where it is nearly all.

    Parameters
    ----------
    times_s : of each picture, rising.
    shown : whether it is to be seen there; it may be missed for a moment.

    Examples
    --------
    >>> longest_stretch([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], [False] * 3 + [True] * 5)
    (3.0, 7.0)
    >>> longest_stretch([0.0, 4.0], [True, True]), longest_stretch([0.0, 4.0], [False, False])
    (None, None)
    """
    runs: list[list[float]] = []
    for time_s in (time_s for time_s, there in zip(times_s, shown, strict=True) if there):
        if runs and time_s - runs[-1][-1] <= MISSED_S:
            runs[-1].append(time_s)
        else:
            runs.append([time_s])
    if not runs:
        return None
    longest = max(runs, key=lambda run: run[-1] - run[0])
    from_s, to_s = longest[0], longest[-1]
    left_out_s = (times_s[-1] - times_s[0]) - (to_s - from_s)
    return (from_s, to_s) if to_s - from_s >= SHOWN_S and left_out_s >= LEFT_OUT_S else None


@dataclass(frozen=True, slots=True)
class Part:
    """How the part is looked at, and what is to be told of that."""

    viewing: Viewing
    findings: tuple[Finding, ...] = ()


def find_part(viewing: Viewing, survey: Survey, finder: PartFinder, info: VideoInfo, setup: Setup) -> Part:
    """Return the part of what was just looked at that is the test; the same viewing where it is all of it.

    First the picture within, then, in that, the stretch.
    """
    if viewing.crop_px is None:
        box = _choose(survey.boxes(), survey, finder, info, setup)
        if box is not None:
            crop_px = (box.left, box.top, box.width, box.height)
            share = box.width * box.height / (info.width_px * info.height_px)
            return Part(replace(viewing, crop_px=crop_px), (found(FindingCode.PICTURE_WITHIN, Severity.NOTE, share),))
    if viewing.from_s is not None or viewing.to_s is not None:
        return Part(viewing)
    stretches = survey.stretches()
    length_s = survey.length_s
    if len(stretches) == 1:
        whole = stretches[0][0] <= 0.0 and math.isinf(stretches[0][1])
        return Part(viewing) if whole else only_seconds(viewing, stretches[0], info.slow_motion, length_s)
    showing = [part for part in stretches if finder.shows_test(survey.pictures(*part, N_SEARCHED))]
    if len(showing) == 1:
        return only_seconds(viewing, showing[0], info.slow_motion, length_s)
    if showing:
        cause = Cause.KNOCKED if all(survey.same_scene_at(part[0]) for part in stretches[1:]) else Cause.JOINED
        return Part(viewing, (several_tests(showing, info.slow_motion, length_s, cause),))
    return Part(viewing)


def only_seconds(viewing: Viewing, seconds: tuple[float, float], slow_motion: float, length_s: float) -> Part:
    """Return the part of a recording between two of its true seconds, and the note that says which they are.

    Examples
    --------
    >>> part = only_seconds(Viewing(), (2.0, math.inf), 1.0, 12.0)
    >>> part.viewing.from_s, part.viewing.to_s, dict(part.findings[0].values)
    (2.0, None, {'from_s': 2.0, 'to_s': 12.0})
    """
    from_s, to_s = (second * slow_motion for second in seconds)
    narrowed = replace(viewing, from_s=from_s, to_s=None if math.isinf(to_s) else to_s)
    end_s = min(to_s, length_s * slow_motion)
    share = (end_s - from_s) / max(length_s * slow_motion, 1e-9)
    values: dict[str, float | str] = {"from_s": round(from_s, 1), "to_s": round(end_s, 1)}
    return Part(narrowed, (found(FindingCode.PART_MEASURED, Severity.NOTE, share, cause=Cause.STRETCH, values=values),))


def several_tests(showing: Sequence[tuple[float, float]], slow_motion: float, length_s: float, cause: Cause) -> Finding:
    """Return the refusal of a recording that shows tests in several of its true seconds, with those a player shows.

    Examples
    --------
    >>> told = several_tests([(0.0, 9.0), (9.0, math.inf)], 1.0, 20.0, Cause.KNOCKED)
    >>> told.code.value, dict(told.values)
    ('moving_camera', {'where': '0.0 to 9.0 and 9.0 to 20.0'})
    """
    spans = [(a * slow_motion, min(b, length_s) * slow_motion) for a, b in showing]
    where = " and ".join(f"{a:.1f} to {b:.1f}" for a, b in spans)
    if cause is Cause.KNOCKED:
        return Finding(FindingCode.MOVING_CAMERA, Severity.REJECT, cause=cause, values={"where": where})
    return found(FindingCode.SEVERAL_TESTS, Severity.REJECT, len(showing), cause=cause, values={"where": where})


def _choose(boxes: list[Box], survey: Survey, finder: PartFinder, info: VideoInfo, setup: Setup) -> Box | None:
    """Return the picture within in which the subject is: the only one, the one pointed at, else the one with legs."""
    if len(boxes) < 2:
        return next(iter(boxes), None)
    told = setup.subject_at
    at = told or finder.knees_at(survey.pictures(0.0, math.inf, N_SEARCHED))
    if at is None:
        return None
    x_px, y_px = at[0] * info.width_px, at[1] * info.height_px
    if told is not None:  # "left" is a place at the border, which may lie in none of them
        return min(boxes, key=lambda box: box.distance_px(x_px, y_px))
    return next((box for box in boxes if box.distance_px(x_px, y_px) == 0), None)
