"""What was read from one recording, made once: checks, error terms and drawings rest on it."""

from dataclasses import dataclass

import numpy as np

from hipcv.core.camera.pose import LEVEL, CameraPose, Cue
from hipcv.core.find_camera import find_camera
from hipcv.core.motion.angles import AngleSeries, measure_angles
from hipcv.core.motion.trials import Trial
from hipcv.core.series import FloatArray, PoseSeries, seal
from hipcv.core.setup import Setup
from hipcv.words import Motion, Side


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """The camera, the angles and the swings of one recording.

    Attributes
    ----------
    camera : from every cue, with the fit of the room.
    angles : of both legs against the plumb line, frame by frame.
    plumb_edges_px : (N, 4) x1, y1, x2, y2 of the edges that the camera's roll rests on: those that the user marked,
        then those of the room. Empty where it rests on none.
    trials : of both legs with their findings, also those that do not count.
    """

    camera: CameraPose
    angles: AngleSeries
    plumb_edges_px: FloatArray
    trials: tuple[Trial, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "plumb_edges_px", seal(self.plumb_edges_px, np.float64, (None, 4), "plumb_edges_px"))

    def trials_of(self, side: Side, motion: Motion = Motion.INTERNAL) -> tuple[Trial, ...]:
        """Return the trials of one leg in one direction.

        Examples
        --------
        >>> from hipcv.core.motion.trials import Trial
        >>> from hipcv.core.camera.pose import LEVEL
        >>> left = Trial(Side.LEFT, 0, 9, 3, 6, 0.0, 35.0, 36.0, 35.5, 0.4)
        >>> analysis = Analysis(LEVEL, angles=None, plumb_edges_px=np.empty((0, 4)), trials=(left,))
        >>> len(analysis.trials_of(Side.LEFT)), len(analysis.trials_of(Side.RIGHT))
        (1, 0)
        """
        return tuple(t for t in self.trials if t.side is side and t.motion is motion)


def analyse(series: PoseSeries, setup: Setup, *, shows_rest: bool = True) -> Analysis:
    """Find the camera and measure the angles; no trials are looked for yet.

    Steps: 1 the shanks against the picture's vertical, for the resting lean; 2 the camera from every cue; 3 the shanks
    against the plumb line.

    Parameters
    ----------
    series : with its sides sorted (`sort_sides`).
    shows_rest : as in `find_camera`.

    Examples
    --------
    >>> nowhere = (np.full((30, 33, n), np.nan) for n in (2, 3))
    >>> unseen = PoseSeries(np.arange(30) / 30, *nowhere, np.zeros((30, 33)), (640, 480))
    >>> analysis = analyse(unseen, Setup(roll_deg=2.0))
    >>> round(analysis.camera.roll.value_deg, 3), bool(np.isnan(analysis.angles.of(Side.LEFT)).all())
    (2.0, True)
    """
    camera = find_camera(series, setup, measure_angles(series, setup, LEVEL), shows_rest=shows_rest)
    return Analysis(
        camera=camera,
        angles=measure_angles(series, setup, camera),
        plumb_edges_px=_plumb_edges_px(series, setup, camera),
    )


def _plumb_edges_px(series: PoseSeries, setup: Setup, camera: CameraPose) -> FloatArray:
    edges = [np.empty((0, 4))]
    if camera.roll.rests_on(Cue.MARKED_EDGES):
        edges.append(series.from_whole_px(setup.vertical_edges_px))
    if camera.room is not None and camera.roll.rests_on(Cue.ROOM_EDGES):
        edges.append(series.edges_px[list(camera.room.plumb_edges)])
    return np.concatenate(edges)
