"""Picture files are one recording: found, counted, upright whoever wrote them, and refused in one sentence."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hipcv.core.errors import SourceError
from hipcv.core.viewing import Viewing
from hipcv.sources.pictures import LOOKS_HZ, N_LOOKS, STILL_EVERY_S, find_pictures
from hipcv.sources.stillfile import read_still_file
from hipcv.sources.video import open_video

STILL = Viewing(still=True)
ORIENTATION, EXIF, FOCAL_LENGTH = 0x0112, 0x8769, 0xA405


def marked(size=(64, 48)):
    """Return a grey picture with a white upper left corner."""
    picture = Image.new("RGB", size, (90, 90, 90))
    picture.paste((255, 255, 255), (0, 0, 16, 12))
    return picture


def write(folder, *names, size=(64, 48)):
    for name in names:
        marked(size).save(folder / name)
    return folder


def white_corner(rgb):
    """Return where the white corner is: row and column of the picture's quarters."""
    height, width = rgb.shape[:2]
    quarters = rgb.reshape(2, height // 2, 2, width // 2, 3).mean(axis=(1, 3, 4))
    return tuple(int(k) for k in np.unravel_index(np.argmax(quarters), (2, 2)))


#: Orientation tag, and where what is stored in the upper left corner belongs (EXIF 2.32, 4.6.5).
CORNERS = {1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}


@pytest.mark.parametrize("tag", CORNERS)
@pytest.mark.parametrize("ending", ["jpg", "png", "tif"])
def test_the_orientation_tag_is_respected(tmp_path, tag, ending):
    exif = Image.Exif()
    exif[ORIENTATION] = tag
    marked().save(tmp_path / f"one.{ending}", exif=exif)
    seen = read_still_file(tmp_path / f"one.{ending}", 1920)
    assert seen.rgb.shape[:2] == ((48, 64) if tag < 5 else (64, 48))
    assert white_corner(seen.rgb) == CORNERS[tag]
    turned = np.rot90(np.asarray(marked())[:, :: -1 if seen.flipped else 1], -seen.rotation_deg // 90)
    assert white_corner(turned) == CORNERS[tag]  # what is told of it is what was done


def test_the_lens_is_read_where_the_camera_wrote_it(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(EXIF)[FOCAL_LENGTH] = 26
    marked().save(tmp_path / "lens.jpg", exif=exif)
    marked().save(tmp_path / "none.jpg")
    assert read_still_file(tmp_path / "lens.jpg", 1920).focal_length_35mm_mm == 26.0
    assert read_still_file(tmp_path / "none.jpg", 1920).focal_length_35mm_mm is None
    with open_video(tmp_path / "lens.jpg", viewing=STILL) as stills:
        assert stills.info.long_side_fov_deg == pytest.approx(67.3, abs=0.1)  # 2 atan(43.27 · 0.8 / 52)


def test_large_pictures_are_shrunk(tmp_path):
    write(tmp_path, "large.jpg", size=(3000, 2000))
    assert read_still_file(tmp_path / "large.jpg", 1920).rgb.shape == (1280, 1920, 3)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("absent.jpg", "no such file"),
        ("text.jpg", "no picture that can be read"),
        ("half.jpg", "damaged or cut short"),
        ("tiny.png", "20×20 px"),
        ("deep.png", "pixels of the kind I;16"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_sentence(tmp_path, name, found):
    (tmp_path / "text.jpg").write_text("no picture")
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    (tmp_path / "half.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:9000])
    write(tmp_path, "tiny.png", size=(20, 20))
    Image.fromarray(np.zeros((64, 64), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(SourceError, match=r"^Wanted a picture of the test in .*\.$") as refused:
        read_still_file(tmp_path / name, 1920)
    assert found in str(refused.value)


def test_a_picture_of_a_hundred_million_pixels_is_refused_before_it_is_decoded(tmp_path):
    Image.new("1", (10_000, 10_000)).save(tmp_path / "bomb.png")
    with pytest.raises(SourceError, match="10000×10000 px"):
        read_still_file(tmp_path / "bomb.png", 1920)


def test_pictures_are_found_as_people_count_them(tmp_path):
    write(tmp_path, "img9.png", "img10.png", "img11.png", "other1.jpg")
    (tmp_path / "notes.txt").write_text("-")

    def names(clip):
        return [path.name for path in find_pictures(clip)]

    assert names(tmp_path) == ["img9.png", "img10.png", "img11.png", "other1.jpg"]
    assert names(tmp_path / "img*.png") == ["img9.png", "img10.png", "img11.png"]
    assert names(tmp_path / "img%d.png") == ["img9.png", "img10.png", "img11.png"]
    assert names(tmp_path / "img%02d.png") == ["img10.png", "img11.png"]
    assert names(tmp_path / "img9.png") == ["img9.png"]
    assert names((tmp_path / "img11.png", tmp_path / "img9.png")) == ["img9.png", "img11.png"]
    assert find_pictures(tmp_path / "notes.txt") is None
    assert find_pictures(tmp_path / "absent.mp4") is None


def test_a_series_has_the_times_that_its_numbers_and_its_rate_say(tmp_path):
    write(tmp_path, "f003.png", "f005.png", "f007.png", "f013.png")  # every second one, and 9 and 11 are lost
    with open_video(tmp_path, viewing=Viewing(pictures_hz=4.0)) as series:
        assert [frame.time_s for frame in series] == [0.0, 0.25, 0.5, 1.25]
        assert (series.report.n_gaps, series.report.longest_gap_s) == (1, 0.75)
        assert series.notes[0] == "4 pictures, 4 a second, as was stated."
    with open_video(tmp_path, viewing=Viewing(pictures_hz=4.0, from_s=0.25, to_s=1.0), slow_motion=2.0) as part:
        assert [frame.time_s for frame in part] == [0.125, 0.25]


def test_slow_pictures_without_a_number_left_out_have_no_gap(tmp_path):
    write(tmp_path, *(f"{k}.png" for k in range(5)))
    with open_video(tmp_path, viewing=Viewing(pictures_hz=1.0)) as series:
        list(series)
        assert series.report.n_gaps == 0


def test_a_still_is_looked_at_a_few_times_and_the_next_one_later(tmp_path):
    write(tmp_path, "a.png", "b.png")
    with open_video((tmp_path / "b.png", tmp_path / "a.png"), viewing=STILL) as stills:
        times_s = [frame.time_s for frame in stills]
        assert stills.report.n_gaps == 0
    looks_s = [k / LOOKS_HZ for k in range(N_LOOKS)]
    assert times_s == [*looks_s, *(STILL_EVERY_S + look_s for look_s in looks_s)]


def test_what_is_told_of_turn_shape_part_and_mirror_is_done(tmp_path):
    write(tmp_path, "a.png")
    viewing = Viewing(rotate_deg=90, aspect=1.0, crop_px=(0, 0, 40, 64), still=True)
    with open_video(tmp_path / "a.png", viewing=viewing, mirrored=True) as stills:
        (rgb, *_) = [frame.rgb for frame in stills]
        info = stills.info
    assert (info.whole_width_px, info.whole_height_px, info.width_px) == (64, 64, 40)
    assert rgb.shape == (64, 40, 3)
    assert white_corner(rgb) == (0, 0)  # turned it lies on the right, mirrored on the left again


@pytest.mark.parametrize(
    ("names", "viewing", "found"),
    [
        (("a.png",), Viewing(), r"found a picture: say that each is a still, or how many pictures a second"),
        (("a1.png", "a2.png"), Viewing(), "found 2 pictures: say that each is a still"),
        (("a1.png",), Viewing(pictures_hz=8.0), "a single picture"),
        (("a1.png", "b1.png"), Viewing(pictures_hz=8.0), r"several series \(a#\.png and b#\.png\)"),
        (tuple(f"{k}.png" for k in range(30)), STILL, "30 pictures: give up to 24 stills"),
        ((), STILL, "no picture file"),
    ],
)
def test_what_is_not_said_is_asked(tmp_path, names, viewing, found):
    write(tmp_path, *names)
    with pytest.raises(SourceError, match=found):
        open_video(tmp_path, viewing=viewing)


def test_pictures_of_two_shapes_are_refused(tmp_path):
    write(tmp_path, "a.png")
    write(tmp_path, "b.png", size=(48, 64))
    with (
        open_video(tmp_path, viewing=STILL) as stills,
        pytest.raises(SourceError, match="48×64 px beside others of 64×48 px"),
    ):
        list(stills)


def test_a_video_is_no_still_and_has_a_rate_of_its_own(samples):
    for viewing in (STILL, Viewing(pictures_hz=8.0)):
        with pytest.raises(SourceError, match="Wanted pictures of the test"):
            open_video(samples / "seated-easy-101-01.mp4", viewing=viewing)


def test_several_videos_are_refused_by_name(capsys):
    from hipcv.cli import app

    with pytest.raises(SystemExit) as left:
        app(["measure", "--test", "seated", "a.png", "clip.mp4"], standalone_mode=False)
    assert left.value.code == 3
    assert "clip.mp4, found another kind of file among several: give one video" in capsys.readouterr().err


def test_the_hash_is_that_of_all_files_whatever_order_they_are_named_in(tmp_path):
    write(tmp_path, "a.png", "c.png")
    write(tmp_path, "b.png", size=(64, 50))
    a, b, c = (tmp_path / f"{name}.png" for name in "abc")
    with open_video((a, b), viewing=STILL) as one, open_video((b, a), viewing=STILL) as other:
        assert one.sha256 == other.sha256
    with open_video((b, c), viewing=STILL) as another:
        assert another.sha256 != one.sha256


def test_a_list_knows_when_one_picture_of_a_folder_changes(tmp_path):
    from hipcv.batch.run.scoring import file_stamp, identify

    write(tmp_path, "a.png", "b.png")
    before, known = file_stamp(tmp_path), identify(str(tmp_path))
    assert identify(str(tmp_path), known) is known
    write(tmp_path, "b.png", size=(64, 50))
    os.utime(tmp_path / "b.png", ns=(1, 1))
    assert file_stamp(tmp_path) != before
    assert identify(str(tmp_path), known).clip_sha256 != known.clip_sha256


def test_a_heic_of_a_phone_held_upright_is_upright_whatever_it_is_called(tmp_path):
    """The stored picture lies on its side and says so by the box `irot`; its white corner was the upper left one."""
    bytes_ = (Path(__file__).parent / "data" / "turned.heic").read_bytes()
    for name in ("IMG_0001.HEIC", "renamed.jpg"):
        (tmp_path / name).write_bytes(bytes_)
        seen = read_still_file(tmp_path / name, 1920)
        assert (seen.kind, seen.rgb.shape, white_corner(seen.rgb)) == ("HEIF", (64, 48, 3), (0, 1))
