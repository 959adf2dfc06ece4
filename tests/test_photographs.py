"""Single pictures of sticks: the end of the range against the plumb line, by whatever camera took each."""

from dataclasses import fields, replace

import numpy as np
import pytest
from simulated import prone, seated

from hipcv.assessment import assess
from hipcv.core.finding import Cause, FindingCode, Severity
from hipcv.core.procedures import procedure_named
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.core.uncertainty import JOINTS_SE_DEG, LOOK_SE_DEG
from hipcv.photographs import Photograph, assess_photographs
from hipcv.words import SIDES, Motion, Motions, Side

LOOKS = 4


def picture(series, time_s, start_s):
    """Return a few equal looks at one moment of a scene."""
    at = int(np.searchsorted(series.time_s, time_s))
    columns = {
        f.name: np.repeat(getattr(series, f.name)[at : at + 1], LOOKS, axis=0)
        for f in fields(PoseSeries)
        if isinstance(getattr(series, f.name), np.ndarray) and f.name != "edges_px"
    }
    return Photograph(replace(series, **columns | {"time_s": start_s + np.arange(LOOKS) / 8}))


def pictures(*moments, scene=seated, **how):
    """Return photographs: of each moment the peaks of the left and the right leg, and how it was filmed."""
    taken = []
    for k, (left_deg, right_deg, *own) in enumerate(moments):
        held = scene(
            left=(left_deg,), right=(right_deg,), right_start=1.0, duration_s=6.0, seed=k, **(how | dict(*own))
        )
        taken.append(picture(held, 2.2, 2.0 * k))
    return taken


REST = 2.0
THREE = ((REST, REST), (38.0, REST), (REST, 31.0))


def codes(assessment, severity=None):
    return {f.code for f in assessment.findings if severity in (None, f.severity)}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_each_leg_is_measured_in_the_picture_in_which_it_is_turned(order):
    seen = assess_photographs(pictures(*(THREE[k] for k in order)), Setup())
    assert [seen.of(side).end_range_deg for side in SIDES] == pytest.approx([38.0, 31.0], abs=0.5)
    assert [seen.of(side).rest_deg for side in SIDES] == pytest.approx([REST, REST], abs=1.0)
    assert codes(seen) == {FindingCode.FROM_STILLS}
    assert [t.start // LOOKS for t in seen.trials] == sorted(order.index(k) for k in (1, 2))


def test_one_picture_of_the_end_alone_is_read_against_the_plumb_line():
    seen = assess_photographs(pictures((38.0, REST), roll=4.0), Setup())
    assert seen.left.end_range_deg == pytest.approx(38.0, abs=0.7)
    assert seen.left.rest_deg is None
    (told,) = [f for f in seen.findings if f.code is FindingCode.NO_END_SHOWN]
    assert (told.side, told.severity) == (Side.RIGHT, Severity.REJECT)
    assert not seen.right.measured


def test_both_feet_out_in_one_picture_are_both_ends():
    seen = assess_photographs(pictures((38.0, 31.0), scene=prone), Setup(procedure_named("prone")))
    assert [seen.of(side).end_range_deg for side in SIDES] == pytest.approx([38.0, 31.0], abs=0.7)


def test_every_picture_has_a_camera_of_its_own():
    askew = pictures((38.0, REST, {"roll": 6.0}), (REST, 31.0, {"roll": -5.0, "yaw": 10.0}))
    seen = assess_photographs(askew, Setup())
    assert [seen.of(side).end_range_deg for side in SIDES] == pytest.approx([38.0, 31.0], abs=1.0)
    assert not codes(seen, Severity.DOUBT)


def test_the_interval_is_wider_than_that_of_a_clip_and_never_narrower_than_a_look_deserves():
    clip = assess(seated(left=(38.0, 38.0, 38.0), right=(31.0, 31.0, 31.0)), Setup())
    seen = assess_photographs(pictures(*THREE), Setup())
    for side in SIDES:
        (clip_low, clip_high), (low, high) = clip.of(side).interval95_deg, seen.of(side).interval95_deg
        assert high - low > 1.2 * (clip_high - clip_low)
        assert (high - low) / 2 > 1.96 * np.hypot(LOOK_SE_DEG, JOINTS_SE_DEG)
    assert seen.asymmetry.mdc95_deg > clip.asymmetry.mdc95_deg


def test_pictures_of_one_end_are_averaged_and_their_spread_is_told():
    seen = assess_photographs(pictures((36.0, REST), (40.0, REST), (REST, 31.0)), Setup())
    assert seen.left.end_range_deg == pytest.approx(38.0, abs=0.5)
    assert seen.left.trial_sd_deg == pytest.approx(np.sqrt(8.0), abs=0.5)


def test_a_leg_that_turns_less_than_a_trial_does_is_no_end():
    seen = assess_photographs(pictures((REST + 5.0, REST), (REST, 31.0)), Setup())
    assert not seen.left.measured
    assert seen.right.measured


def test_what_cannot_be_read_is_left_out_and_named():
    whole = pictures(*THREE)
    nobody = np.full_like(whole[0].series.image_px, np.nan)
    lost = Photograph(replace(whole[0].series, image_px=nobody, visibility=np.zeros((LOOKS, 33))))
    seen = assess_photographs([lost, *whole[1:]], Setup())
    assert [seen.of(side).end_range_deg for side in SIDES] == pytest.approx([38.0, 31.0], abs=0.5)
    (told,) = [f for f in seen.findings if f.code is FindingCode.FROM_STILLS]
    assert told.cause is Cause.SOME_LEFT_OUT
    assert told.advice.startswith("Measured in 2 of 3 still pictures, without picture 1 (")


def test_where_no_picture_can_be_read_that_is_the_result():
    whole = pictures(*THREE[:1])
    nobody = np.full_like(whole[0].series.image_px, np.nan)
    seen = assess_photographs([replace(whole[0], series=replace(whole[0].series, image_px=nobody))], Setup())
    assert codes(seen) == {FindingCode.NO_PERSON}


def test_an_angle_beyond_all_that_was_ever_printed_is_doubted_and_no_other_test():
    seen = assess_photographs(pictures((REST, REST), (75.0, REST), (REST, 31.0)), Setup())
    assert codes(seen, Severity.DOUBT) == {FindingCode.BEYOND_JOINT}
    assert seen.left.end_range_deg == pytest.approx(75.0, abs=1.0)


def test_a_body_that_leans_in_the_picture_of_the_end_is_told_where_a_picture_shows_it_at_rest():
    leaning = {"lean": 12.0}
    with_rest = assess_photographs(pictures((REST, REST), (38.0, REST, leaning), (REST, 31.0)), Setup())
    assert FindingCode.TRUNK_LEAN in codes(with_rest, Severity.DOUBT)
    alone = assess_photographs(pictures((38.0, REST, leaning)), Setup())
    assert FindingCode.TRUNK_LEAN not in codes(alone)


def test_external_rotation_is_read_from_the_picture_with_the_foot_inwards():
    seen = assess_photographs(pictures(*THREE, (-24.0, REST), (REST, -20.0)), Setup(motion=Motions.BOTH))
    outwards = [seen.of(side, Motion.EXTERNAL).end_range_deg for side in SIDES]
    assert outwards == pytest.approx([24.0, 20.0], abs=0.7)
    assert seen.arc_of(Side.LEFT).total_deg == pytest.approx(62.0, abs=1.0)


@pytest.mark.model
def test_photographs_given_by_hand_are_measured_and_drawn(samples, truth_of, tmp_path, capsys):
    """The one path through files, model and artefacts: a picture of each end, in the middle of its hold."""
    import json
    from itertools import islice

    from PIL import Image

    from hipcv.cli import app
    from hipcv.sources.video import open_video

    name = "seated-easy-101-01"
    trials = truth_of(name)["trials"]
    taken = []
    for trial in trials:
        with open_video(samples / f"{name}.mp4") as video:
            frame = next(islice(video, (trial["hold_start"] + trial["hold_end"]) // 2, None))
        taken.append(tmp_path / f"{trial['side']}.png")
        Image.fromarray(frame.rgb).save(taken[-1])
    out = tmp_path / "out"
    arguments = ["measure", "--still", "--test", "seated", "--json", "--quiet", "--out", str(out), *map(str, taken)]
    assert app(arguments, standalone_mode=False) == 0
    document = json.loads(capsys.readouterr().out)
    ends = {"L": "left", "R": "right"}
    for trial in trials:
        side = document["sides"][ends[trial["side"]]]["motions"]["internal"]
        assert side["end_range_deg"] == pytest.approx(trial["end_range_shin_to_vertical_deg"], abs=3.0)
        low, high = side["interval95_deg"]
        assert 3.0 < (high - low) / 2 < 8.0
    assert document["setup"]["still"] is True
    assert {"report.html", "annotated.mp4"} <= {path.name for path in out.iterdir()}


def test_a_picture_that_cannot_be_puts_the_others_in_doubt_and_does_not_count():
    taken = pictures((38.0, REST), (39.0, REST), (REST, 31.0))
    px = taken[1].series.image_px.copy()
    knee, ankle = px[:, 25], px[:, 27]
    turn = np.radians(100.0)
    px[:, 27] = knee + np.linalg.norm(ankle - knee, axis=1, keepdims=True) * [np.sin(turn), np.cos(turn)]
    seen = assess_photographs([taken[0], Photograph(replace(taken[1].series, image_px=px)), taken[2]], Setup())
    assert FindingCode.BEYOND_JOINT in codes(seen, Severity.DOUBT)
    assert seen.left.end_range_deg == pytest.approx(38.0, abs=0.7)
