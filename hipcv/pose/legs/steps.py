"""The steps of reading lower legs that can be exchanged."""

from collections.abc import Callable
from dataclasses import dataclass

from hipcv.core.series import FloatArray
from hipcv.pose.legs.colour import LegColour, learn_colour
from hipcv.pose.legs.edges import Ribbon, fuse_ribbon
from hipcv.pose.legs.tracking import BestPath, best_path


@dataclass(frozen=True, slots=True)
class LegSteps:
    """How heat maps, time, colour and edges make a shank.

    Attributes
    ----------
    best_path : the best angle in every frame of a clip (`tracking.best_path`).
    learn_colour : what colour the legs have (`colour.learn_colour`).
    fuse_edges : the heat maps' knee and ankle with the edges along the shank (`edges.fuse_ribbon`).
    """

    best_path: BestPath = best_path
    learn_colour: Callable[..., LegColour | None] = learn_colour
    fuse_edges: Callable[
        [FloatArray, FloatArray, Ribbon | None, float, float], tuple[FloatArray, FloatArray, float]
    ] = fuse_ribbon


LEG_STEPS = LegSteps()
