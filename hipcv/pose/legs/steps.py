"""The steps of reading lower legs that can be exchanged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hipcv.core.series import BoolArray, FloatArray, IntArray
from hipcv.pose.legs.colour import LegColour, learn_colour
from hipcv.pose.legs.covered import covered
from hipcv.pose.legs.edges import Ribbon
from hipcv.pose.legs.heatmaps import MapArray
from hipcv.pose.legs.protractor import Aside, measure_shank
from hipcv.pose.legs.seen_before import LOOKS_OF_A_VIEW
from hipcv.pose.legs.tracking import BestPath, LegPath, best_path, doubted_frames


@dataclass(frozen=True, slots=True)
class LegSteps:
    """How heat maps, time, colour and edges make a shank.

    Attributes
    ----------
    looks_of_a_view : how often a picture that stands still is looked at in each view; None: every frame is.
    best_path : the best angle in every frame of a clip (`tracking.best_path`).
    look_again : the frames that are looked at twice (`tracking.doubted_frames`).
    learn_colour : what colour the legs have (`colour.learn_colour`).
    measure_shank : a leg's direction by its joints and the edges along it (`protractor.measure_shank`).
    covered : the frames in which too little of a leg is free (`covered.covered`).
    """

    looks_of_a_view: int | None = LOOKS_OF_A_VIEW
    best_path: BestPath = best_path
    look_again: Callable[[Sequence[FloatArray]], IntArray] = doubted_frames
    learn_colour: Callable[..., LegColour | None] = learn_colour
    measure_shank: Callable[
        [LegPath, Sequence[Ribbon | None], FloatArray, float, FloatArray, Aside],
        tuple[FloatArray, FloatArray, FloatArray],
    ] = measure_shank
    covered: Callable[[Sequence[LegPath], MapArray | None], list[BoolArray]] = covered


LEG_STEPS = LegSteps()
