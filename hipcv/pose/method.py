"""The steps of the reading that can be exchanged. What a piece is worth is found by handing over another one."""

from dataclasses import dataclass

from hipcv.pose.landmarker import FuseOutline
from hipcv.pose.legs.steps import LEG_STEPS, LegSteps
from hipcv.pose.silhouette import fuse_axis


@dataclass(frozen=True, slots=True)
class Method:
    """How joints, outline, edges, colour and time make a shank.

    Attributes
    ----------
    fuse_outline : the pose graph's knee and ankle with the silhouette's axis (`silhouette.fuse_axis`).
    legs : the steps of the legs' reader.

    Examples
    --------
    >>> from dataclasses import replace
    >>> colourless = replace(METHOD, legs=replace(METHOD.legs, learn_colour=lambda on_leg, anywhere: None))
    >>> colourless.legs.best_path is METHOD.legs.best_path
    True
    """

    fuse_outline: FuseOutline = fuse_axis
    legs: LegSteps = LEG_STEPS


METHOD = Method()
#: ... and with a look at every frame, whatever was seen before.
EXHAUSTIVE = Method(legs=LegSteps(looks_of_a_view=None))
