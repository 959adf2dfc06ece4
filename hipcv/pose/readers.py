"""Which reader a test has: the legs' own, or MediaPipe's graph where somebody asks for it."""

from hipcv.core.setup import Setup
from hipcv.models.store import ModelFile
from hipcv.pose.method import METHOD, Method
from hipcv.pose.seam import PoseReader
from hipcv.words import Engine, ModelName


def open_reader(
    setup: Setup,
    model: ModelFile,
    name: ModelName,
    *,
    method: Method = METHOD,
    guide: tuple[ModelFile, ModelName] | None = None,
    engine: Engine = Engine.LEGS,
) -> PoseReader:
    """Return the reader of a test.

    Parameters
    ----------
    setup : the test and where the camera stands.
    model, name : the pose model that the result comes from: its file, and which it is.
    method : the steps that can be exchanged.
    engine : who reads: the legs' reader, or MediaPipe's graph as a second opinion.
    guide : a faster model that says at once where the legs are, for readers that otherwise know at the end only.

    Raises
    ------
    ModelError
        Where a model does not load.
    """
    if engine is Engine.GRAPH:
        from hipcv.pose.graph import GraphReader

        return GraphReader(model.path, method.fuse_outline)
    from hipcv.pose.legs.reader import open_leg_reader

    return open_leg_reader(setup, model, name, steps=method.legs, guide=guide)
