"""The prone test read by the real network: a rendered clip of known truth, and what spoils it."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from hipcv.assessment import Status, assess
from hipcv.core.camera.pinhole import image_angle_deg
from hipcv.core.checks.limits import UPRIGHT_TRUNK
from hipcv.core.checks.posture import check_end
from hipcv.core.checks.recording import check_recording
from hipcv.core.finding import FindingCode, Severity
from hipcv.core.motion.angles import measure_angles
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS
from hipcv.core.setup import Setup
from hipcv.core.viewing import Viewing
from hipcv.evidence.guidance import advised
from hipcv.measurement import measure_file
from hipcv.models.bundle import read_person_detector
from hipcv.models.store import get_model, landmark_network
from hipcv.pose.legs.edges import TAPER, WIDTH_AT
from hipcv.pose.legs.follower import LegFollower
from hipcv.pose.legs.looking import VIEWS, look_at
from hipcv.pose.legs.network import LandmarkNetwork, Look, Region
from hipcv.pose.legs.people import CELLS_PX, SQUARE_PX, PersonDetector, others, read_guesses
from hipcv.pose.legs.reader import LegReader
from hipcv.pose.legs.reading import read_lower_legs
from hipcv.pose.legs.region import Vote, find_in_clip, trunk_shanks
from hipcv.pose.legs.seen_before import SeenBefore
from hipcv.pose.recognise import recognise_test
from hipcv.session import Session
from hipcv.sources.video import open_video
from hipcv.words import SIDES, CameraSide, ModelName

CLIP = "prone-easy-102-02"
HEAD_CLIP = Path(__file__).parent / "data" / "prone-head-0.mp4"
FROM_THE_FEET = Setup(PRONE)
#: Every so manieth frame of a clip makes four pictures of it: enough to search, where each takes some twenty looks.
FEW = 45


@pytest.fixture(scope="module")
def network():
    return LandmarkNetwork(landmark_network(ModelName.HEAVY))


@pytest.fixture(scope="module")
def frames(samples):
    """Return rest, right hold, rest, left hold of the clip."""
    with open_video(samples / f"{CLIP}.mp4") as video:
        return [frame for frame in islice(video, 0, None) if frame.index in (4, 40, 64, 100)]


@pytest.fixture(scope="module")
def measured(kept):
    return kept(CLIP)


def read(network, pictures, side=CameraSide.FOOT_END):
    reader = LegReader(network, PRONE, side)
    for k, rgb in enumerate(pictures):
        reader.add(rgb, 0.2 * k)
    return reader, reader.series()


def image_angles(series):
    """Return (T, 2) both shanks' angles in the picture, NaN where not read."""
    knees, ankles = series.image_px[:, KNEES], series.image_px[:, ANKLES]
    return image_angle_deg(knees, ankles, np.array([-1, 1]), shank_up=True)


def test_both_hips_are_measured_within_three_degrees_of_the_truth(measured, truth_of):
    truth = truth_of(CLIP)
    assert measured.assessment.status is Status.MEASURED
    for side in SIDES:
        (trial,) = [t for t in truth["trials"] if t["side"] == side[0].upper()]
        result = measured.assessment.of(side)
        assert result.end_range_deg == pytest.approx(trial["end_range_shin_to_vertical_deg"], abs=3.0)
        assert result.interval95_deg[0] < trial["end_range_shin_to_vertical_deg"] < result.interval95_deg[1]


def test_the_shanks_image_angles_follow_the_projected_truth(measured, truth_of):
    truth = truth_of(CLIP)
    series = measured.series
    rows = np.clip(np.rint(series.time_s * truth["spec"]["fps"]).astype(int), 0, len(truth["frames"]) - 1)
    keypoints = [truth["frames"][k]["keypoints"] for k in rows]
    read_deg = image_angles(series)
    for column, letter, lateral in ((0, "L", -1), (1, "R", 1)):
        knee, ankle = (np.array([k[f"{j}.{letter}"] for k in keypoints]) for j in ("knee", "ankle"))
        off = np.abs(read_deg[:, column] - image_angle_deg(knee, ankle, lateral, shank_up=True))
        kept = np.isfinite(off)
        assert kept.mean() > 0.92
        assert np.median(off[kept]) < 1.5
        assert np.percentile(off[kept], 95) < 4.0


def test_the_camera_s_pitch_and_yaw_are_found_from_room_and_bed(measured, truth_of):
    camera, true = measured.assessment.camera, truth_of(CLIP)["spec"]["camera"]
    assert camera.pitch.value_deg == pytest.approx(true["pitch"], abs=3)
    assert camera.yaw.value_deg == pytest.approx(true["yaw"], abs=4)


def test_from_the_head_end_left_and_right_change_places(network, frames):
    pictures = [f.rgb for f in frames]
    foot, head = (read(network, pictures, side)[1] for side in (CameraSide.FOOT_END, CameraSide.HEAD_END))
    assert np.array_equal(foot.image_px[:, KNEES[0]], head.image_px[:, KNEES[1]], equal_nan=True)


def test_a_mirrored_recording_gives_mirrored_legs(network, samples):
    # enough of it to know the legs at rest, from which the edges tell the swing
    with open_video(samples / f"{CLIP}.mp4") as video:
        pictures = [frame.rgb for frame in video if frame.index % 6 == 0]
    straight = image_angles(read(network, pictures)[1])
    mirrored = image_angles(read(network, [np.ascontiguousarray(p[:, ::-1]) for p in pictures])[1])
    assert np.nanmedian(np.abs(mirrored[:, ::-1] - straight)) < 1.5


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rgb: (rgb * 0.25).astype(np.uint8),
        lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 2.0),
        lambda rgb: cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    ],
    ids=["dark", "blurred", "half the size"],
)
def test_a_worse_picture_reads_nearly_the_same(network, frames, spoil):
    pictures = [f.rgb for f in frames]
    good = image_angles(read(network, pictures)[1])
    worse = image_angles(read(network, [spoil(p) for p in pictures])[1])
    assert np.isfinite(good).all()
    # of eight shanks most are still read, and none is read otherwise
    assert np.isfinite(worse).sum() >= 6
    assert np.nanmax(np.abs(worse - good)) < 6.0


def test_a_covered_ankle_is_missing_or_right_but_never_wrong(network, frames):
    pictures = [f.rgb for f in frames]
    _, series = read(network, pictures)
    good = image_angles(series)
    covered = [p.copy() for p in pictures]
    x, y = np.nanmedian(series.image_px[:, ANKLES[0]], axis=0)
    for p in covered:
        cv2.circle(p, (round(x), round(y)), 32, (120, 140, 110), -1)
    again = image_angles(read(network, covered)[1])
    assert np.isfinite(again[:, 1]).all()  # the other leg is seen as before
    assert np.abs(again[:, 1] - good[:, 1]).max() < 6.0
    off = np.abs(again[:, 0] - good[:, 0])
    assert (off[np.isfinite(off)] < 8.0).all()


@pytest.fixture(scope="module")
def other(samples):
    """Return a picture of somebody who sits."""
    with open_video(samples / "seated-easy-101-01.mp4") as video:
        return next(iter(video)).rgb[60:460, 220:420]


def beside(picture, other):
    """Return the picture with somebody at its right side."""
    wide = np.full((picture.shape[0], picture.shape[1] + other.shape[1], 3), 110, np.uint8)
    wide[:, : picture.shape[1]] = picture
    wide[80 : 80 + other.shape[0], picture.shape[1] :] = other
    return wide


def test_a_second_person_at_the_side_changes_nothing(network, frames, other):
    pictures = [f.rgb for f in frames]
    good = image_angles(read(network, pictures)[1])
    crowded = image_angles(read(network, [beside(p, other) for p in pictures])[1])
    assert np.isfinite(crowded).all()
    assert np.abs(crowded - good).max() < 5.0


@pytest.fixture(scope="module")
def detector():
    return PersonDetector(read_person_detector(get_model(ModelName.HEAVY).path))


def test_who_is_beside_the_subject_is_counted_and_the_subject_once(network, detector, frames, other):
    def people(pictures):
        reader = LegReader(network, PRONE, CameraSide.FOOT_END, detector=detector)
        for k, rgb in enumerate(pictures):
            reader.add(rgb, 0.2 * k)
        counted = reader.series().n_people
        return counted[counted >= 0]

    pictures = [f.rgb for f in frames]
    assert set(people(pictures)) == {1}
    assert set(people([beside(p, other) for p in pictures])) == {2}


def test_without_a_detector_nobody_is_counted(network, frames):
    assert (read(network, [frames[0].rgb])[1].n_people == -1).all()


def test_somebody_who_lies_alone_is_not_several_people(kept):
    told = [kept(name).assessment for name in (CLIP, HEAD_CLIP.stem)]
    assert not any(f.code is FindingCode.SEVERAL_PEOPLE for a in told for f in a.findings)


def test_the_detector_says_where_hips_lie_in_the_picture_s_own_pixels(detector, other):
    """The picture is shown smaller and with a margin; the same place comes out."""
    (alone,) = detector(other)
    wide = np.full((600, 900, 3), 110, np.uint8)
    wide[100 : 100 + other.shape[0], 500 : 500 + other.shape[1]] = other
    (moved,) = detector(wide)
    assert moved.hips_px - [500, 100] == pytest.approx(alone.hips_px, abs=0.1 * alone.reach_px)


def guess(k, hips_px, reach_px, logit, guesses, logits):
    """Write a guess of somebody into the detector's outputs."""
    guesses[k, 4:6] = hips_px - CELLS_PX[k]
    guesses[k, 6:8] = guesses[k, 4:6] + [0, -reach_px]
    logits[k] = logit


def test_two_guesses_of_one_person_are_one_and_a_doubtful_one_is_none():
    guesses, logits = np.zeros((len(CELLS_PX), 12)), np.full(len(CELLS_PX), -8.0)
    for k, x, logit in ((10, 60.0, 1.0), (900, 66.0, 3.0), (1700, 160.0, 2.0), (2200, 110.0, -0.5)):
        guess(k, np.array([x, 120.0]), 40.0, logit, guesses, logits)
    people = read_guesses(guesses, logits)
    assert [p.hips_px[0] for p in people] == pytest.approx([66.0, 160.0])
    assert [p.reach_px for p in people] == pytest.approx([40.0, 40.0])


def test_guesses_are_made_from_the_middles_of_the_cells():
    assert len(CELLS_PX) == 2254
    assert CELLS_PX.min(axis=0) == pytest.approx([4, 4])
    assert CELLS_PX.max(axis=0) == pytest.approx([SQUARE_PX - 4] * 2)
    assert CELLS_PX[2:4] == pytest.approx(np.array([[12.0, 4.0]] * 2))  # along the row first


@pytest.mark.parametrize(("away", "n"), [(0.9, 1), (1.1, 2)])
def test_hips_further_from_the_knees_than_a_thigh_is_long_are_somebody_else_s(away, n):
    knees = np.array([[300.0, 250.0], [340.0, 250.0]])
    vote = Vote(Region(320.0, 240.0, 400.0), knees, 100.0, share=1.0, presence=0.9, quality=0.8)
    hips = SimpleNamespace(hips_px=np.array([320.0, 250.0 - 100 * away]))
    assert 1 + len(others([hips], vote)) == n


@pytest.mark.model
def test_feet_outside_the_picture_are_refused_with_the_reason(samples, tmp_path):
    """The picture is cut just above the knees' height: what is left cannot be measured, and is not."""
    import av

    clip = tmp_path / "cut.mp4"
    with open_video(samples / f"{CLIP}.mp4") as video, av.open(str(clip), "w") as out:
        stream = out.add_stream("libx264", rate=24, options={"crf": "16"})
        stream.pix_fmt = "yuv420p"
        for frame in islice(video, 0, 80):
            picture = np.ascontiguousarray(frame.rgb[230:])
            if frame.index == 0:
                stream.height, stream.width = picture.shape[0] // 2 * 2, picture.shape[1]
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture[: picture.shape[0] // 2 * 2], "rgb24")))
        out.mux(stream.encode())
    assessment = measure_file(clip, FROM_THE_FEET, model_name=ModelName.HEAVY).assessment
    assert assessment.status is Status.NOT_MEASURED
    codes = {f.code for f in assessment.findings if f.severity is Severity.REJECT}
    assert codes & {FindingCode.LEGS_NOT_SEEN, FindingCode.OUT_OF_FRAME}


SITTERS = {
    ("seated-easy-101-01", ModelName.HEAVY): (),
    ("seated-easy-101-01", ModelName.FULL): (),
    ("seated-hard-103-00", ModelName.LITE): (),
    ("seated-easy-101-01", ModelName.LITE): pytest.mark.at_length,
    ("seated-hard-103-00", ModelName.FULL): pytest.mark.at_length,
    ("seated-hard-103-00", ModelName.HEAVY): pytest.mark.at_length,
}


@pytest.mark.model
@pytest.mark.parametrize(("name", "model"), [pytest.param(*who, marks=form) for who, form in SITTERS.items()])
def test_seated_people_are_not_read_as_prone(samples, name, model):
    """By heat maps alone the smaller networks see two lower legs in seated people too; who sits is told by the look
    that is not turned.
    """
    with open_video(samples / f"{name}.mp4") as video:
        pictures = [frame.rgb for frame in islice(video, 0, 120, 15)]
    vote, _ = find_in_clip(pictures, LandmarkNetwork(landmark_network(model)), sees_less=model.sees_less)
    assert vote is None


@pytest.mark.parametrize("model", [ModelName.LITE, ModelName.FULL])
def test_the_smaller_models_find_the_legs_where_the_heavy_one_does(network, samples, model):
    with open_video(samples / f"{CLIP}.mp4") as video:
        pictures = [frame.rgb for frame in islice(video, 7, 140, 16)]
    best, _ = find_in_clip(pictures, network)
    vote, _ = find_in_clip(pictures, LandmarkNetwork(landmark_network(model)), sees_less=model.sees_less)
    assert vote.knees_px == pytest.approx(best.knees_px, abs=0.15 * best.shank_px)
    assert vote.shank_px == pytest.approx(best.shank_px, rel=0.15)


@pytest.mark.model
def test_the_lite_model_measures_both_hips_within_three_degrees_of_the_truth(samples, truth_of):
    assessment = measure_file(samples / f"{CLIP}.mp4", FROM_THE_FEET, model_name=ModelName.LITE).assessment
    for side in SIDES:
        held = [t for t in truth_of(CLIP)["trials"] if t["side"] == side[0].upper()]
        truth = np.mean([t["end_range_shin_to_vertical_deg"] for t in held])
        assert assessment.of(side).end_range_deg == pytest.approx(truth, abs=3.0)


@pytest.mark.parametrize(("by_maps", "n_tries"), [(True, 1), (False, 2)])
def test_the_lite_model_follows_prone_legs_live(network, frames, by_maps, n_tries):
    """By heat maps at once; where its landmarks were tried first and found nobody, by heat maps at the next try."""
    end = CameraSide.FOOT_END
    follow = LegFollower(LandmarkNetwork(landmark_network(ModelName.LITE)), PRONE, end, by_maps=by_maps)
    picture = frames[1].rgb
    knees_px = [follow(picture, float(k))[0].image_px[list(KNEES)] for k in range(n_tries)][-1]
    expected = LegFollower(network, PRONE, end)(picture, 0.0)[0].image_px[list(KNEES)]
    assert knees_px == pytest.approx(expected, abs=20.0)


@pytest.mark.model
@pytest.mark.parametrize("model", [ModelName.LITE, ModelName.HEAVY])
def test_legs_that_a_smaller_model_does_not_see_are_not_blamed_on_the_clothes(model):
    with Session(FROM_THE_FEET, get_model(model), model) as session:
        for k in range(12):
            session.add(np.full((240, 320, 3), 120, np.uint8), k / 8)
        _, assessment = session.finish()
    (finding,) = [f for f in assessment.findings if f.code is FindingCode.LEGS_NOT_SEEN]
    assert (f"The {model} model" in finding.advice and "heavy" in finding.advice) == model.sees_less
    assert ("shorts" in finding.advice) != model.sees_less


@pytest.mark.parametrize(
    ("shoulders_y", "hips_y", "upright"),
    [(81.0, 137.0, True), (125.0, 158.0, False), (119.0, 136.0, False)],
)
def test_a_trunk_foreshortened_behind_the_thighs_is_none_of_somebody_who_sits(shoulders_y, hips_y, upright):
    """What a sitter on their head shows in the turned square, and what a bed shows that is seen from its corner."""
    points = np.zeros((39, 2))
    for rows, y in ((SHOULDERS, shoulders_y), (HIPS, hips_y), (KNEES, 157.0), (ANKLES, 212.0)):
        points[list(rows)] = [(100.0, y), (140.0, y)]
    empty = np.zeros(1)
    look = Look(points, np.zeros((33, 3)), 1.0, empty, empty)
    assert (trunk_shanks(look) >= UPRIGHT_TRUNK.value) == upright


@pytest.mark.parametrize(("name", "expected"), [(CLIP, PRONE), ("seated-hard-103-00", SEATED)])
@pytest.mark.model
def test_the_test_is_recognised_from_the_pictures(samples, name, expected):
    with open_video(samples / f"{name}.mp4") as video:
        assert recognise_test(islice(video, 0, None, FEW), get_model(ModelName.HEAVY)).procedure is expected


@pytest.mark.parametrize(
    ("quarters", "told"), [(2, "on its head"), (1, " clockwise by 90°"), (3, "counter-clockwise by 90°")]
)
@pytest.mark.model
def test_somebody_who_sits_in_a_turned_picture_is_neither_test_and_the_turn_is_named(samples, quarters, told):
    with open_video(samples / "seated-hard-103-00.mp4") as video:
        pictures = [frame.rgb for frame in islice(video, 0, 120, 20)]
    turned = [SimpleNamespace(rgb=np.ascontiguousarray(np.rot90(rgb, quarters))) for rgb in pictures]
    seen = recognise_test(turned, get_model(ModelName.HEAVY))
    assert seen.procedure is None
    assert told in seen.reason
    assert "measure it again" in seen.reason


@pytest.mark.model
def test_a_prone_clip_from_the_head_end_is_prone_and_not_a_turned_picture():
    with open_video(HEAD_CLIP) as video:
        assert recognise_test(islice(video, 0, None, FEW), get_model(ModelName.HEAVY)).procedure is PRONE


def test_somebody_who_sits_upside_down_is_refused_as_prone_and_not_sent_to_the_other_end(network, samples):
    with open_video(samples / "seated-easy-101-01.mp4") as video:
        pictures = [np.ascontiguousarray(frame.rgb[::-1, ::-1]) for frame in islice(video, 0, 120, 15)]
    reader, _ = read(network, pictures)
    assert reader.vote is not None  # the legs look like those of somebody prone
    for end in (CameraSide.FOOT_END, CameraSide.HEAD_END):
        (finding,) = check_end(reader.share_in_front, reader.flexion_deg, end)
        assert (finding.code, finding.severity) == (FindingCode.PICTURE_TURNED, Severity.REJECT)
        assert "on its head" in advised(finding).advice
        assert "--camera-end" not in advised(finding).advice


@pytest.mark.model
def test_somebody_who_stands_is_neither_test(real):
    with open_video(real / "balancing_front.mp4") as video:
        assert recognise_test(islice(video, 0, 40, 15), get_model(ModelName.HEAVY)).procedure is None


@pytest.mark.model
def test_a_prone_clip_fed_as_seated_is_refused(samples):
    assessment = measure_file(samples / f"{CLIP}.mp4", Setup(), model_name=ModelName.LITE).assessment
    assert assessment.status is Status.NOT_MEASURED


def test_region_maps_there_and_back():
    region = Region(300.0, 200.0, 380.0, 172.0)
    points = np.array([[0.0, 0.0], [256.0, 10.0], [128.0, 128.0]])
    assert region.to_crop(region.to_picture(points)) == pytest.approx(points)
    assert region.to_picture(np.array([128.0, 128.0])) == pytest.approx([300.0, 200.0])
    assert replace(region, turn_deg=180.0).to_picture(np.array([128.0, 256.0]))[1] == pytest.approx(10.0)


# ------------------------------------------------------------------------------------------------- the camera's end


def test_from_the_head_end_left_is_left(kept):
    trials = json.loads(HEAD_CLIP.with_suffix(".truth.json").read_text())["trials"]
    for side in SIDES:
        (trial,) = [t for t in trials if t["side"] == side[0].upper()]
        result = kept(HEAD_CLIP.stem).assessment.of(side)
        assert result.end_range_deg == pytest.approx(trial["end_range_shin_to_vertical_deg"], abs=3)


@pytest.mark.model
def test_a_camera_at_the_other_end_than_stated_is_questioned(kept):
    def questioned(assessment):
        return [f for f in assessment.findings if f.code is FindingCode.WRONG_VIEW]

    assert questioned(kept(HEAD_CLIP.stem).assessment) == []
    first = Viewing(to_s=3.5)  # in which one leg moves
    mistaken = measure_file(HEAD_CLIP, FROM_THE_FEET, model_name=ModelName.HEAVY, viewing=first).assessment
    (finding,) = questioned(mistaken)
    assert finding.severity is Severity.DOUBT
    assert "--camera-end head" in finding.advice


def test_hips_that_are_bent_make_an_upside_down_sitter_of_a_trunk_beyond_the_knees():
    assert [f.code for f in check_end(0.9, 20.0, CameraSide.FOOT_END)] == [FindingCode.WRONG_VIEW]
    assert [f.code for f in check_end(0.9, 70.0, CameraSide.FOOT_END)] == [FindingCode.PICTURE_TURNED]
    assert check_end(0.1, 70.0, CameraSide.FOOT_END) == ()
    assert check_end(0.9, float("nan"), CameraSide.HEAD_END) == ()


def test_a_camera_at_the_foot_end_is_not_questioned(measured):
    assert FindingCode.WRONG_VIEW not in {f.code for f in measured.assessment.findings}


def smear(share, turn_deg):
    """Return what a shutter makes of a picture whose legs move by so many shanks of 120 pixels while it is open."""
    reach = round(share * 60)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    along = np.rint(reach * np.array([np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))])).astype(int)
    cv2.line(kernel, *(np.array([reach, reach]) + [[-along], [along]]).reshape(2, 2).tolist(), 1.0)
    return lambda rgb: cv2.filter2D(rgb, -1, kernel / kernel.sum())


def blurred(series):
    angles = measure_angles(series, FROM_THE_FEET, assess(series, FROM_THE_FEET).camera)
    return [f for f in check_recording(series, angles, FROM_THE_FEET) if f.code is FindingCode.MOTION_BLUR]


@pytest.mark.parametrize(
    "spoil",
    [smear(0.2, 0), smear(0.3, 90), lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 4.0)],
    ids=["moved across", "moved along", "out of focus"],
)
def test_blurred_legs_are_told(network, frames, spoil):
    (told,) = blurred(read(network, [spoil(f.rgb) for f in frames])[1])
    assert told.severity is Severity.DOUBT


def test_legs_that_are_no_more_than_a_smear_are_not_read(network, frames):
    reader, series = read(network, [smear(0.45, 0)(f.rgb) for f in frames])
    assert reader.vote is None
    assert not series.visibility.any()


def test_sharp_legs_are_not_called_blurred(network, frames, kept):
    series = read(network, [f.rgb for f in frames])[1]
    assert np.isfinite(series.sharpness).any()
    assert blurred(series) == []
    told = [kept(name).assessment for name in (CLIP, HEAD_CLIP.stem)]
    assert not any(f.code is FindingCode.MOTION_BLUR for a in told for f in a.findings)


@pytest.mark.parametrize("fps", [15, 24, 25, 30, 59.94])
def test_eight_frames_a_second_are_kept_at_whatever_rate_they_come(fps):
    reader = LegReader(see_colours, PRONE, CameraSide.FOOT_END)
    rgb = np.zeros((32, 32, 3), np.uint8)
    for k in range(round(8 * fps)):
        reader.add(rgb, round(k / fps, 3))
    assert reader.n_kept == pytest.approx(64, abs=1)
    assert np.diff(reader.times_s()).max() < 1 / 8 + 1 / fps


def see_colours(crop):
    """A network that takes red for knees, green for ankles and blue for the person."""
    colours = crop.astype(float) / 255
    cells = colours.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    heat = np.full((64, 64, 39), -20.0)
    for rows, channel in ((KNEES, 0), (ANKLES, 1)):
        heat[..., rows[0]] = 12 * cells[..., channel] - 8
    return Look(np.zeros((39, 2)), np.zeros((33, 3)), 1.0, colours[..., 2], heat)


def test_every_view_of_a_frame_puts_things_where_they_are():
    region = Region(300.0, 260.0, 400.0, 175.0)
    places = {0: (80.0, 170.0), 1: (150.0, 60.0), 2: (200.0, 200.0)}  # no two alike when mirrored or turned
    rgb = np.zeros((520, 640, 3), np.uint8)
    for channel, place in places.items():
        x, y = region.to_picture(np.array(place))
        spot = np.zeros((520, 640), np.uint8)
        cv2.circle(spot, (round(x), round(y)), 16, 255, -1)
        rgb[..., channel] = spot
    for k in range(2 * len(VIEWS)):
        first, second = (look_at(rgb, region, see_colours, k, again=again) for again in (False, True))
        for views in (first, second, first + second):
            for seen, place in zip(views.maps, places.values(), strict=True):
                rows, columns = np.mgrid[0:64, 0:64]
                weight = np.where(seen > 0.3 * seen.max(), seen, 0.0)
                centre = np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()
                assert 4 * centre + 1.5 == pytest.approx(place, abs=3.0)


def tapered(knee, ankle):
    """Return (4, 2) the corners of a lower leg that tapers as real ones do."""
    half = 0.145 * (1 - TAPER * (np.array([0.0, 1.0]) - WIDTH_AT))
    across = np.array([-1, 1]) * (ankle - knee)[::-1]
    return np.array(
        [knee - half[0] * across, knee + half[0] * across, ankle + half[1] * across, ankle - half[1] * across]
    )


def drawn_legs(angles_deg, region, shank_px):
    """Draw two lower legs on knees at rest, as `see_colours` sees them: outwards from straight up, (2,) degrees."""
    rgb = np.zeros((520, 640, 3), np.uint8)
    knees = np.array([[100.0, 95.0], [156.0, 95.0]])
    turn = np.radians(angles_deg)
    ankles = knees + shank_px * np.stack([[-1, 1] * np.sin(turn), np.cos(turn)], axis=-1)
    for channel, spots in ((2, None), (0, knees), (1, ankles)):
        layer = np.zeros((520, 640), np.uint8)
        if spots is None:
            for knee, ankle in region.to_picture(np.stack([knees, ankles], axis=1)):
                cv2.fillPoly(layer, [np.rint(tapered(knee, ankle)).astype(np.int32)], 255)
        else:
            for x, y in region.to_picture(spots):
                cv2.circle(layer, (round(x), round(y)), 7, 255, -1)
        rgb[..., channel] = layer
    return rgb, knees


def test_what_one_frame_shows_stays_in_that_frame():
    """The angle is handed on unfiltered: a leg that jumps for one frame does so in the reading, and alone."""
    region, shank_px = Region(320.0, 260.0, 400.0), 65.0
    true = np.full((9, 2), 10.0)
    true[4, 0] = 22.0
    drawn = [drawn_legs(row, region, shank_px) for row in true]
    vote = Vote(region, region.to_picture(drawn[0][1]), shank_px * 400 / 256, share=1.0, presence=1.0, quality=1.0)
    legs = read_lower_legs(lambda k: drawn[k][0], np.arange(9) / 8, vote, SeenBefore(vote.region, see_colours))
    shank = region.to_crop(legs.ankles_px[:, 0]) - region.to_crop(legs.knees_px[:, 0])
    read_deg = np.degrees(np.arctan2(-shank[:, 0], shank[:, 1]))
    usual = np.median(read_deg)
    assert read_deg[4] - usual == pytest.approx(12, abs=1)
    # one look a frame, each in another view of drawn spots as large as its cells
    assert np.abs(np.delete(read_deg, 4) - usual).max() < 1


def see_legs(crop):
    """The same, which regresses knees and ankles as well."""
    look = see_colours(crop)
    for rows, channel in ((KNEES, 0), (ANKLES, 1)):
        y, x = np.nonzero(crop[..., channel] > 128)
        for row, half in zip(rows, (x < np.median(x), x >= np.median(x)), strict=True) if len(x) else ():
            look.landmarks_px[row] = x[half].mean(), y[half].mean()
    return look


def test_legs_that_a_network_sees_only_in_the_mirror_are_found_there():
    """A stand-in that knows hanging legs only where the right ankle is higher: in one of four frames as it is."""
    region, shank_px = Region(320.0, 260.0, 400.0), 65.0
    (rgb, knees), (turned_about, _) = (
        drawn_legs(np.array(pair), region, shank_px) for pair in ((0.0, 35.0), (35.0, 0.0))
    )

    def one_sided(crop):
        (knee_rows, _), (rows, columns) = (np.nonzero(crop[..., channel] > 128) for channel in (0, 1))
        right = columns >= np.median(columns) if len(columns) else columns
        known = len(rows) and len(knee_rows) and knee_rows.mean() < rows[right].mean() < rows[~right].mean()
        return see_legs(crop if known else np.zeros_like(crop))

    vote, _ = find_in_clip([turned_about, rgb, turned_about, turned_about], one_sided)
    assert vote is not None
    assert vote.share == 1.0
    assert not vote.region.over
    assert vote.knees_px == pytest.approx(region.to_picture(knees), abs=8.0)


def test_legs_that_a_network_sees_only_the_other_way_up_are_found_that_way():
    """A stand-in that knows legs only where ankles are above knees, which is how a body with its head up shows them."""
    region, shank_px = Region(320.0, 260.0, 400.0), 65.0
    rgb, knees = drawn_legs(np.full(2, 5.0), region, shank_px)

    def head_up(crop):
        knee_rows, ankle_rows = (np.nonzero(crop[..., channel] > 128)[0] for channel in (0, 1))
        seen = len(knee_rows) and len(ankle_rows) and ankle_rows.mean() < knee_rows.mean()
        return see_legs(crop if seen else np.zeros_like(crop))

    vote, outside = find_in_clip([rgb] * 4, head_up)
    assert vote is not None
    assert vote.region.over
    assert not outside
    assert vote.knees_px == pytest.approx(region.to_picture(knees), abs=8.0)
    assert find_in_clip([rgb] * 4, head_up, both_ways=False)[0] is None
    assert find_in_clip([rgb] * 4, head_up, sees_less=True)[0] is None
    turned, _ = find_in_clip([rgb] * 4, see_legs)
    assert turned is not None
    assert not turned.region.over
