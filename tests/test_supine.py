"""On the back at the end of a bed, lower legs hanging over it: the seated geometry with a straight hip."""

from dataclasses import replace

import numpy as np
import pytest
from simulated import seated

from hipcv.assessment import assess
from hipcv.core.finding import FindingCode
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.procedures.supine import SUPINE
from hipcv.core.setup import Setup
from hipcv.evidence.guidance import filming_guide
from hipcv.live.placement import CheckCode, Placement, Sight
from hipcv.live.spoken import spoken_for
from hipcv.pose.legs.network import Look, Region
from hipcv.pose.legs.reader import LegReader
from hipcv.pose.legs.region import HANGING_DEG, STANDING_DEG, Legs, elect
from hipcv.words import SIDES, Motion

LYING = Region(200.0, 200.0, 320.0, HANGING_DEG, lying=True)
KNEES = np.array([[160.0, 150.0], [240.0, 150.0]])


def legs(*, up: int | None = None, region: Region = LYING, in_front: float = 0.0) -> Legs:
    """Two shanks of 80 pixels that hang, or of which one foot stands on the bed."""
    knees = KNEES.copy()
    if up is not None:
        knees[up, 1] -= 80.0
    return Legs(region, knees, knees + [0.0, 80.0], 0.9, 1.0, in_front)


def test_the_same_swings_give_the_same_numbers_seated_and_on_the_back():
    """Where the camera is told: what a test adds is where it looks for the camera, and whom it compares with."""
    series = seated(left=(35.0, 33.0), right=(25.0, 27.0), duration_s=20.0)
    sat, lay = (
        assess(series, Setup(procedure, roll_deg=0.0, pitch_deg=0.0, yaw_deg=0.0)) for procedure in (SEATED, SUPINE)
    )
    for side in SIDES:
        assert lay.of(side).end_range_deg == pytest.approx(sat.of(side).end_range_deg, abs=1e-9)
        assert lay.of(side).pelvis_corrected_deg is None  # from the foot end nothing shows it
    assert {row.id for row in lay.left.reference} != {row.id for row in sat.left.reference}
    assert all(row.verdict is None for row in lay.left.reference)


def test_a_rendered_clip_of_both_directions_gives_its_truth(kept, truth_of):
    told = kept("supine_edge-both-135-00").assessment
    for trial in truth_of("supine_edge-both-135-00")["trials"]:
        side = next(side for side in SIDES if side[0].upper() == trial["side"])
        motion = Motion(trial["motion"])
        truth_deg = motion.sign * trial["end_range_shin_to_vertical_deg"]
        result = told.of(side, motion)
        assert result.end_range_deg == pytest.approx(truth_deg, abs=4.0)
        low, high = result.interval95_deg
        assert low < truth_deg < high
    assert FindingCode.PELVIS_HIKE not in {finding.code for finding in told.findings}


@pytest.mark.parametrize("up", [0, 1])
def test_a_foot_that_stands_on_the_bed_in_half_of_a_clip_is_looked_for_where_it_hangs(up):
    """One leg is measured while the other foot is up, then the other way round: both hang somewhere."""
    vote = elect([legs(up=up)] * 5 + [legs(up=1 - up)] * 3, 8)
    assert vote.knees_px.tolist() == KNEES.tolist()
    assert vote.share == 1.0
    still = elect([legs(up=up)] * 8, 8)
    assert np.ptp(still.knees_px[:, 1]) == 80.0  # nothing says where that leg hangs


def test_whose_thighs_go_on_before_the_knees_counts_for_less_on_the_back_and_face_down_not_seated():
    """Half a shank looks like a leg; seated a trunk stands above the knees in any case."""
    for region, share in (
        (LYING, 0.5),
        (replace(LYING, turn_deg=STANDING_DEG), 0.5),
        (replace(LYING, lying=False), 1.0),
    ):
        assert legs(region=region, in_front=0.5).merit == pytest.approx(0.9 * share)


@pytest.mark.parametrize("procedure", [SUPINE, PRONE])
def test_only_hanging_shanks_are_read_as_those_of_somebody_on_the_back(procedure):
    """Face down the outline's end says where knees are, and they are followed."""
    heat = np.full((64, 64, 39), -9.0)
    heat[20, [20, 42], [26, 25]] = heat[40, [20, 42], [28, 27]] = 2.0
    mask = np.zeros((256, 256))
    mask[70:170, 70:180] = 1.0
    look = Look(np.full((39, 2), 128.0), np.zeros((33, 3)), 1.0, mask, heat, np.ones(33))
    reader = LegReader(lambda _: look, procedure, procedure.usual_camera_side)
    vote = reader.search_in([np.zeros((480, 640, 3), np.uint8)] * 4, []).vote
    assert (vote.region.lying, vote.region.turn_deg) == ((True, 0.0) if procedure is SUPINE else (False, 180.0))


def test_the_guide_wants_lower_legs_that_hang_and_says_so():
    for procedure, feet_y_px, right in ((SUPINE, 380.0, True), (SUPINE, 120.0, False), (PRONE, 120.0, True)):
        px = np.full((33, 2), np.nan)
        px[[25, 26]], px[[27, 28]] = [[360.0, 250.0], [280.0, 250.0]], [[360.0, feet_y_px], [280.0, feet_y_px]]
        seen = np.where(np.isfinite(px[:, 0]), 1.0, 0.0)
        placement = Placement(Setup(procedure))
        for k in range(30):
            checks = placement.see(
                Sight(k / 10, px, np.full((33, 3), np.nan), seen, (640, 480), (0.0, 0.0), brightness=0.5)
            )
        told = next(check for check in checks if check.code is CheckCode.POSTURE)
        assert told.ok is right
        if not right:
            assert "hanging over the end of the bed" in told.advice


def test_how_to_film_it_and_what_the_guide_says_are_its_own():
    steps = " ".join(filming_guide(SUPINE))
    assert "Lie on your back" in steps
    assert "beyond the feet" in steps
    assert "face down" not in spoken_for(SUPINE).posture
