"""What is drawn of a person: each leg the subject's own, and the plumb line where the camera and the test put it."""

import math

import numpy as np
import pytest

from hipcv.core.camera.pinhole import image_angle_deg
from hipcv.core.procedure import Procedure
from hipcv.core.procedures import PROCEDURES
from hipcv.core.series import ANKLES, KNEES, MIRROR_ROWS, SHOULDERS
from hipcv.core.setup import Setup
from hipcv.core.skeleton import find_skeleton
from hipcv.words import CameraSide, Side

EVERYWHERE = [(procedure, side) for procedure in PROCEDURES for side in procedure.camera_sides]


def person(procedure: Procedure, side: CameraSide) -> np.ndarray:
    """Return (33, 2) knees and ankles of somebody at rest, the rows the subject's own, and shoulders above them."""
    px = np.full((33, 2), np.nan)
    for column, lateral in enumerate(procedure.lateral(side)):
        px[KNEES[column]] = 320 + 60 * lateral, 300
        px[ANKLES[column]] = px[KNEES[column]] + (0, -120 if procedure.shank_up else 120)
        px[SHOULDERS[column]] = 320 + 50 * lateral, 100
    return px


@pytest.mark.parametrize(("procedure", "side"), EVERYWHERE)
def test_labels_that_the_pose_model_exchanged_change_nothing(procedure: Procedure, side: CameraSide) -> None:
    """Whose leg it is follows from where the camera stands; the legs and the trunk are those of the sorted labels."""
    setup, px = Setup(procedure, camera_side=side), person(procedure, side)
    right, wrong = (find_skeleton(rows, np.ones(33), setup, 0.0) for rows in (px, px[MIRROR_ROWS]))
    assert np.array_equal(right.legs_px, wrong.legs_px, equal_nan=True)
    assert np.array_equal(right.trunk_px, wrong.trunk_px, equal_nan=True)
    for own in Side:
        assert np.array_equal(right.leg_px(own)[1], px[KNEES[own.column]])


@pytest.mark.parametrize(("procedure", "side"), EVERYWHERE)
@pytest.mark.parametrize("roll_deg", [0.0, 7.0, -12.0])
def test_a_shank_along_the_plumb_line_reads_the_roll_alone(
    procedure: Procedure, side: CameraSide, roll_deg: float
) -> None:
    """Where the picture is turned, the drawn line is off the picture's vertical by just that, on both legs."""
    skeleton = find_skeleton(person(procedure, side), np.ones(33), Setup(procedure, camera_side=side), roll_deg)
    knees = skeleton.legs_px[:, 1]
    lateral = np.array(procedure.lateral(side))
    angles = image_angle_deg(knees, knees + 100 * skeleton.plumb, lateral, shank_up=procedure.shank_up)
    turned = roll_deg * lateral * (1 if procedure.shank_up else -1)
    assert angles == pytest.approx(turned, abs=1e-9)
    assert math.hypot(*skeleton.plumb) == pytest.approx(1.0)


def test_what_is_not_seen_well_is_not_drawn() -> None:
    """A landmark of low visibility has no place, and nobody has none at all."""
    procedure, side = EVERYWHERE[0]
    visibility = np.ones(33)
    visibility[ANKLES[0]] = 0.2
    skeleton = find_skeleton(person(procedure, side), visibility, Setup(procedure, camera_side=side), 0.0)
    assert np.isnan(skeleton.leg_px(Side.LEFT)[2]).all()
    assert skeleton.seen
    assert not find_skeleton(person(procedure, side), np.zeros(33), Setup(procedure, camera_side=side), 0.0).seen
