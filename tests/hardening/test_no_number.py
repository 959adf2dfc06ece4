"""Recordings that can give no number give none, or one that is doubted: of nobody, of too little, of something else."""

import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from hipcv.core.finding import Severity
from hipcv.core.procedures import procedure_named
from hipcv.core.setup import Setup
from hipcv.measurement import measure_file
from hipcv.words import SIDES, ModelName

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from field_clips import covered_below, every, joined, moved, toned, turned  # noqa: E402
from field_pictures import Change, Picture, each, plain, put, read, resized, write  # noqa: E402

SEATED, PRONE, SUPINE = "seated-easy-101-01", "prone-easy-102-02", "supine_edge-both-135-00"


def of_nobody(made: Callable[[Picture, np.random.Generator], Picture]) -> Change:
    """Return what shows something else in place of every frame."""

    def play(pictures: Iterator[Picture]) -> Iterator[Picture]:
        rng = np.random.default_rng(20)
        return (made(picture, rng) for picture in pictures)

    return play


def part_of(top: float, bottom: float) -> Change:
    """Return what shows a strip of every frame, from and to a share of its height."""
    return each(lambda picture: np.ascontiguousarray(picture[_even(picture, top) : _even(picture, bottom)]))


def _even(picture: Picture, share: float) -> int:
    return round(picture.shape[0] * share) // 2 * 2


def still(n_moving: int) -> Change:
    """Return what stands still after so many frames."""

    def play(pictures: Iterator[Picture]) -> Iterator[Picture]:
        frames = list(pictures)
        return (frames[min(k, n_moving)] for k in range(len(frames)))

    return play


def swung() -> Change:
    """Return what turns and shifts as a camera does that is swung about."""

    def play(pictures: Iterator[Picture]) -> Iterator[Picture]:
        for k, picture in enumerate(pictures):
            yield moved(picture, 25 * np.sin(k / 9), 0.3 * np.sin(k / 7), 1.0)

    return play


def coarse(picture: Picture) -> Picture:
    """Show a picture in squares, 20 to the width."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (20, 15), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def noisy(picture: Picture, rng: np.random.Generator) -> Picture:
    """Drown a picture in noise."""
    return np.clip(picture * 0.15 + rng.normal(110, 90, picture.shape), 0, 255).astype(np.uint8)


#: By what is the matter with it: the sample, what is done to it, and which test it is handed in as.
CASES: dict[str, tuple[str, Change, str]] = {
    "noise": (SEATED, of_nobody(lambda p, rng: rng.integers(0, 255, p.shape, np.uint8)), "seated"),
    "black": (SEATED, each(lambda p: np.zeros_like(p)), "seated"),
    "white": (SEATED, each(lambda p: np.full_like(p, 255)), "seated"),
    "a wall": (SEATED, each(lambda p: plain(p.shape[1], p.shape[0], (180, 170, 150))), "seated"),
    "too dark": (SEATED, toned(0.02), "seated"),
    "drowned in noise": (SEATED, of_nobody(noisy), "seated"),
    "out of focus": (SEATED, each(lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 40), np.uint8)), "seated"),
    "in squares": (SEATED, each(coarse), "seated"),
    "a stamp": (SEATED, each(lambda p: resized(p, 64, 48)), "seated"),
    "a photograph": (SEATED, still(0), "seated"),
    "frozen after half a second": (SEATED, still(12), "seated"),
    "a third of a second": (SEATED, lambda pictures: islice(pictures, 8), "seated"),
    "one picture a second": (SEATED, every(30), "seated"),
    "upper half": (SEATED, part_of(0.0, 0.5), "seated"),
    "feet cut off": (SEATED, part_of(0.0, 0.7), "seated"),
    "feet alone": (SEATED, part_of(0.8, 1.0), "seated"),
    "legs behind a banner": (SEATED, covered_below(0.5), "seated"),
    "on its side": (SEATED, turned(1), "seated"),
    "on its head": (SEATED, turned(2), "seated"),
    "a camera that is swung": (SEATED, swung(), "seated"),
    "two tests joined": (SEATED, joined(ROOT / "samples" / "seated-hard-103-00.mp4"), "seated"),
    "small in a corner": (SEATED, each(lambda p: put(np.full_like(p, 60), resized(p, 80, 60), 4, 4)), "seated"),
    "seated, said to be prone": (SEATED, lambda pictures: pictures, "prone"),
    "prone, said to be seated": (PRONE, lambda pictures: pictures, "seated"),
    "supine, said to be prone": (SUPINE, lambda pictures: pictures, "prone"),
    "prone, on its side": (PRONE, turned(3), "prone"),
    "prone, a photograph": (PRONE, still(0), "prone"),
}


#: What is tried in the short form as well.
SHORT = ("a third of a second",)


@pytest.mark.model
@pytest.mark.parametrize(
    "case", [pytest.param(name, marks=() if name in SHORT else pytest.mark.at_length) for name in CASES]
)
def test_what_cannot_be_measured_gives_no_number_that_nothing_doubts(case, tmp_path):
    sample, change, test = CASES[case]
    pictures, rate = read(ROOT / "samples" / f"{sample}.mp4")
    clip = write(tmp_path / "clip.mp4", change(pictures), rate)
    found = measure_file(clip, Setup(procedure=procedure_named(test)), model_name=ModelName.LITE).assessment
    doubted = {finding.side for finding in found.findings if finding.severity is not Severity.NOTE}
    numbers = {side: found.of(side).end_range_deg for side in SIDES if found.of(side).end_range_deg is not None}
    assert None in doubted or not numbers.keys() - doubted, numbers
