"""The steps of reading lower legs that can be exchanged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hipcv.core.series import BoolArray, FloatArray, IntArray
from hipcv.pose.legs.colour import LegColour, learn_colour
from hipcv.pose.legs.covered import covered
from hipcv.pose.legs.edges import Ribbon, fuse_ribbon
from hipcv.pose.legs.heatmaps import MapArray
from hipcv.pose.legs.tracking import BestPath, LegPath, best_path, doubted_frames


@dataclass(frozen=True, slots=True)
class LegSteps:
    """How heat maps, time, colour and edges make a shank.

    Attributes
    ----------
    best_path : the best angle in every frame of a clip (`tracking.best_path`).
    look_again : the frames that are looked at twice (`tracking.doubted_frames`).
    learn_colour : what colour the legs have (`colour.learn_colour`).
    fuse_edges : the heat maps' knee and ankle with the edges along the shank (`edges.fuse_ribbon`).
    covered : the frames in which too little of a leg is free (`covered.covered`).
    """

    best_path: BestPath = best_path
    look_again: Callable[[Sequence[FloatArray]], IntArray] = doubted_frames
    learn_colour: Callable[..., LegColour | None] = learn_colour
    fuse_edges: Callable[
        [FloatArray, FloatArray, Ribbon | None, float, float], tuple[FloatArray, FloatArray, float]
    ] = fuse_ribbon
    covered: Callable[[Sequence[LegPath], MapArray | None], list[BoolArray]] = covered


LEG_STEPS = LegSteps()
