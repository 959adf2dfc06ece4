"""A list of recordings is understood as people write it, or all that is wrong with it is told at once."""

import csv
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from batch_recordings import write_recording
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from hipcv.batch.input.clip import Clip, Reference, ToldBy
from hipcv.batch.input.length import find_shares, length_s
from hipcv.batch.input.listing import find_recordings, procedure_in_name
from hipcv.batch.input.manifest import (
    Defaults,
    ListError,
    carried_sentence,
    find_carried,
    parse_number,
    read_clips,
    read_manifest,
)
from hipcv.batch.run.scoring import identify
from hipcv.core.errors import BatchError, SourceError
from hipcv.core.procedure import Procedure
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.procedures.supine import SUPINE
from hipcv.core.viewing import Viewing
from hipcv.words import CameraSide, Effort, Sex, Side


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files that stand for recordings: a list is checked without decoding any."""
    for name in ("a.mp4", "b.mov", "c seated.mp4"):
        (tmp_path / name).write_bytes(b"bytes")
    return tmp_path


def write_csv(folder: Path, *rows: Sequence[object], name: str = "list.csv") -> Path:
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder / name


def write_xlsx(folder: Path, *rows: Sequence[object]) -> Path:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    book.save(folder / "list.xlsx")
    return folder / "list.xlsx"


def read_one(path: Path, defaults: Defaults | None = None) -> Clip:
    (clip,) = read_manifest(path, defaults or Defaults())
    return clip


# ----------------------------------------------------------------------------------------------------- understanding

HEADER = (
    *("path", "subject", "test", "side order", "age", "sex", "effort", "visit date"),
    *("goniometer_left_deg", "goniometer_right_deg", "site"),
)
ROW = ("a.mp4", "007", "Prone", "right, left", 34, "F", "passive", "2026-03-01", 31.5, 28, "north")


def test_every_column_is_understood(folder: Path) -> None:
    clip = read_one(write_csv(folder, HEADER, ROW))
    assert clip.source == str(folder / "a.mp4")
    assert (clip.subject, clip.test, clip.test_told_by) == ("007", PRONE, ToldBy.LIST)
    assert clip.side_order == (Side.RIGHT, Side.LEFT)
    assert (clip.age_years, clip.sex, clip.effort) == (34.0, Sex.FEMALE, Effort.PASSIVE)
    assert clip.visit_date == "2026-03-01"
    assert clip.references == (Reference("goniometer", 31.5, 28.0),)
    assert clip.carried == {"site": "north"}


def test_what_is_said_of_turn_shape_and_seconds_is_understood_or_a_fault(folder: Path) -> None:
    header = ("path", "rotate", "aspect", "from", "to")
    clip = read_one(write_csv(folder, header, ("a.mp4", "180", "4:3", "2", "9.5")))
    assert clip.viewing == Viewing(180, 4 / 3, 2.0, 9.5)
    for row, column in (
        (("45", "4:3", "2", "9"), "rotate"),
        (("0", "wide", "2", "9"), "aspect"),
        (("0", "", "9", "2"), "to"),
    ):
        with pytest.raises(ListError, match=rf"row 2, {column}: wanted"):
            read_one(write_csv(folder, header, ("a.mp4", *row)))


def test_an_excel_table_means_the_same_as_a_csv_table(folder: Path) -> None:
    typed = [date(2026, 3, 1) if cell == "2026-03-01" else cell for cell in ROW]
    assert read_one(write_xlsx(folder, HEADER, typed)) == read_one(write_csv(folder, HEADER, ROW))


def test_an_excel_date_with_a_clock_keeps_its_day(folder: Path) -> None:
    path = write_xlsx(folder, ("path", "visit_date"), ("a.mp4", datetime(2026, 3, 1, 14, 30)))  # noqa: DTZ001
    assert read_one(path).visit_date == "2026-03-01"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_csv_table_is_read_in_the_encodings_that_spreadsheets_write(folder: Path, encoding: str) -> None:
    path = folder / "list.csv"
    path.write_bytes("path,subject\na.mp4,Jürgen\n".encode(encoding))
    assert read_one(path).subject == "Jürgen"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_table_is_read_with_the_delimiters_that_spreadsheets_write(folder: Path, delimiter: str) -> None:
    path = folder / "list.csv"
    path.write_text(delimiter.join(("path", "subject")) + "\n" + delimiter.join(("a.mp4", "x")) + "\n")
    assert read_one(path).subject == "x"


def test_a_table_with_semicolons_may_have_decimal_commas(folder: Path) -> None:
    path = folder / "list.csv"
    path.write_text("path;age;inclinometer_left_deg\na.mp4;34,5;31,25°\n")
    clip = read_one(path)
    assert (clip.age_years, clip.references) == (34.5, (Reference("inclinometer", 31.25, None),))


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("left", (Side.LEFT,)),
        ("R", (Side.RIGHT,)),
        ("RL", (Side.RIGHT, Side.LEFT)),
        ("left then right", (Side.LEFT, Side.RIGHT)),
        ("Right first", (Side.RIGHT, Side.LEFT)),
        ("both", ()),
        ("", ()),
        ("n/a", ()),
    ],
)
def test_the_order_of_the_sides_is_understood(folder: Path, text: str, order: tuple[Side, ...]) -> None:
    assert read_one(write_csv(folder, ("path", "order"), ("a.mp4", text))).side_order == order


def test_one_row_a_side_is_as_good_as_one_row_a_recording(folder: Path) -> None:
    path = write_csv(
        folder, ("path", "side", "goniometer_deg"), ("a.mp4", "left", 31), ("a.mp4", "right", 28), ("b.mov", "left", "")
    )
    clips = read_manifest(path, Defaults())
    assert [clip.expected_sides for clip in clips] == [(Side.LEFT,), (Side.RIGHT,), (Side.LEFT,)]
    assert [clip.references[0].of(clip.expected_sides[0]) for clip in clips] == [31, 28, None]


def test_a_column_that_only_looks_like_a_reading_is_carried(folder: Path) -> None:
    clip = read_one(
        write_csv(folder, ("path", "ache_left", "rater_2_left", "knee_left_deg"), ("a.mp4", "7", "30", "31"))
    )
    assert clip.carried == {"ache_left": "7"}
    assert {reference.method for reference in clip.references} == {"rater_2", "knee"}


@pytest.mark.parametrize(
    ("column", "meant"),
    [("sx", "sex"), ("Gendr", "gender"), ("agee", "age"), ("aeg", "age"), ("patint_id", "patient_id")]
    + [("mirorred", "mirrored"), ("goniometr_left", "goniometer_left"), ("inclinometr_r", "inclinometer_r")],
)
def test_a_column_that_nobody_knows_and_that_resembles_a_known_one_is_a_fault(
    folder: Path, column: str, meant: str
) -> None:
    path = write_csv(folder, ("path", column), ("a.mp4", "f"), ("b.mov", "m"))
    with pytest.raises(ListError) as caught:
        read_manifest(path, Defaults())
    (fault,) = caught.value.faults
    assert (fault.row, fault.column) == (1, column)
    assert f"did you mean {meant!r}?" in str(fault)
    assert all(known in fault.wanted for known in ("path", "subject", "sex", "visit_date", "goniometer_left_deg"))


def test_a_column_that_looks_like_a_known_one_is_carried_where_that_one_is_there_or_its_name_says_so(
    folder: Path,
) -> None:
    path = write_csv(folder, ("path", "sex", "sx", "list_agee"), ("a.mp4", "f", "groin pain", "7"))
    assert read_one(path).carried == {"sx": "groin pain", "list_agee": "7"}


def test_columns_that_are_carried_along_are_named_in_one_sentence(folder: Path) -> None:
    path = write_csv(folder, ("path", "site", "Geschlecht"), ("a.mp4", "north", "w"), ("b.mov", "south", "m"))
    clips = read_manifest(path, Defaults())
    assert find_carried(clips) == ("site", "Geschlecht")
    sentence = carried_sentence(find_carried(clips))
    assert "site, Geschlecht; understood are path, subject, test" in sentence
    assert sentence.count(".") == 1


def test_empty_rows_and_the_row_numbers_of_a_spreadsheet_agree(folder: Path) -> None:
    path = write_csv(folder, ("path",), ("a.mp4",), ("",), (), ("b.mov",))
    assert [clip.row for clip in read_manifest(path, Defaults())] == [2, 5]


def test_the_test_is_told_by_list_then_option_then_name(folder: Path) -> None:
    path = write_csv(folder, ("path", "test"), ("a.mp4", "prone"), ("b.mov", ""), ("c seated.mp4", ""))
    option = [(c.test, c.test_told_by) for c in read_manifest(path, Defaults(test=PRONE))]
    assert option == [(PRONE, ToldBy.LIST), (PRONE, ToldBy.OPTION), (PRONE, ToldBy.OPTION)]
    none = [(c.test, c.test_told_by) for c in read_manifest(path, Defaults())]
    assert none[1:] == [(None, ToldBy.RECORDING), (SEATED, ToldBy.NAME)]


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("S01_seated.mp4", SEATED),
        ("prone/left.mov", PRONE),
        ("sitting-2.mp4", SEATED),
        ("unseated.mp4", None),
        ("seated-or-prone.mp4", None),
        ("visit.mp4", None),
    ],
)
def test_a_name_tells_the_test_by_a_word_of_its_own(name: str, position: Procedure | None) -> None:
    assert procedure_in_name(name) is position


def test_a_recording_of_unknown_test_may_be_of_any(folder: Path) -> None:
    clip = read_one(write_csv(folder, ("path",), ("a.mp4",)))
    assert [setup.procedure for setup in clip.setups()] == [SEATED, PRONE, SUPINE]
    ends = [CameraSide.FOOT_END] * 2
    assert [setup.camera_side for setup in clip.setups()] == [CameraSide.FRONT, *ends]


@given(value=st.floats(-90, 120).map(lambda v: round(v, 2)))
def test_a_number_is_read_however_it_is_written(value: float) -> None:
    comma = str(value).replace(".", ",")
    for text in (str(value), f"{value}°", comma, str(value).replace("-", "\N{MINUS SIGN}")):
        assert parse_number(text) == value


# ------------------------------------------------------------------------------------------------------------ faults


def test_all_faults_are_told_at_once_with_row_column_wanted_and_found(folder: Path) -> None:
    (folder / "empty.mp4").touch()
    path = write_csv(
        folder,
        ("path", "test", "age", "sex", "visit_date", "order", "goniometer_left_deg"),
        ("a.mp4", "standing", 34, "f", "", "", ""),
        ("missing.mp4", "seated", 340, "f", "", "", ""),
        ("b.mov", "seated", "old", "x", "1.3.2026", "up", "300"),
        ("", "seated", "", "", "", "", ""),
        ("empty.mp4", "prone", "", "", "", "", ""),
        ("a.mp4", "seated", "", "", "", "", ""),
    )
    with pytest.raises(ListError) as caught:
        read_manifest(path, Defaults())
    told = {(fault.row, fault.column) for fault in caught.value.faults}
    assert told == {
        *((2, "test"), (3, "path"), (3, "age"), (4, "age"), (4, "sex"), (4, "visit_date"), (4, "order")),
        *((4, "goniometer_left_deg"), (5, "path"), (6, "path"), (7, "path")),
    }
    lines = str(caught.value).splitlines()
    assert "11 faults" in lines[0]
    assert "nothing was started" in lines[0]
    assert "row 2, test: wanted seated, prone or supine, found 'standing'" in lines[1]
    assert any("row 7" in line and "row 2 again" in line for line in lines)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(good=st.lists(st.booleans(), min_size=1, max_size=30))
def test_exactly_the_bad_rows_are_told(folder: Path, good: list[bool]) -> None:
    for at in range(len(good)):
        (folder / f"{at}.mp4").write_bytes(b"x")
    rows = [(f"{at}.mp4", "seated" if fine else "neither") for at, fine in enumerate(good)]
    path = write_csv(folder, ("path", "test"), *rows)
    bad = [at + 2 for at, fine in enumerate(good) if not fine]
    if bad:
        with pytest.raises(ListError) as caught:
            read_manifest(path, Defaults())
        assert [fault.row for fault in caught.value.faults] == bad
    else:
        assert len(read_manifest(path, Defaults())) == len(good)


def test_a_reading_without_a_side_is_a_fault(folder: Path) -> None:
    path = write_csv(folder, ("path", "goniometer_deg"), ("a.mp4", "31"))
    with pytest.raises(ListError, match="goniometer_left_deg"):
        read_manifest(path, Defaults())


def test_a_list_without_paths_says_which_column_is_missing(folder: Path) -> None:
    with pytest.raises(ListError, match="row 1, path: wanted a column that gives each recording's path"):
        read_manifest(write_csv(folder, ("who", "what"), ("a", "b")), Defaults())


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("list.csv", b"", "no rows"),
        ("list.csv", b"path,subject\n", "a header and no rows"),
        ("list.xlsx", b"not a workbook", "something else"),
        ("list.ods", b"x", "save it in one of these formats"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BatchError, match=told) as caught:
        read_clips([str(tmp_path / name)], Defaults())
    assert "\n" not in str(caught.value)


def test_a_list_that_is_not_there_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BatchError, match="no such file"):
        read_clips([str(tmp_path / "none.csv")], Defaults())


def test_a_list_comes_alone(folder: Path) -> None:
    path = write_csv(folder, ("path",), ("a.mp4",))
    with pytest.raises(BatchError, match="Wanted one list"):
        read_clips([str(path), str(folder / "a.mp4")], Defaults())


# ----------------------------------------------------------------------------------------------------------- folders


def test_a_folder_is_searched_with_everything_below_but_not_the_hidden_or_the_results(tmp_path: Path) -> None:
    for name in ("b.mp4", "A.MOV", "deep/er/c.webm", "notes.txt", "._b.mp4", ".trash/d.mp4", "out/clips/e.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = find_recordings([str(tmp_path)], leave_out=tmp_path / "out")
    assert [listed.name for listed in found] == ["A.MOV", "b.mp4", "deep/er/c.webm"]


def test_a_linked_folder_is_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.mp4").write_bytes(b"x")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "b.mp4").write_bytes(b"x")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
    assert [listed.name for listed in find_recordings([str(tmp_path / "inside")])] == ["b.mp4"]


def test_a_glob_means_the_recordings_it_matches_each_once(tmp_path: Path) -> None:
    for name in ("S1/a.mp4", "S1/a.txt", "S2/b.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = find_recordings([str(tmp_path / "S*" / "*"), str(tmp_path / "S2" / "b.mp4")])
    assert [listed.name for listed in found] == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize("asked", ["nowhere", "*.mp4", "."])
def test_where_there_is_no_recording_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BatchError, match=r"Wanted .*found no"):
        find_recordings([asked])


# -------------------------------------------------------------------------------------------------------------- URLs


def test_recordings_are_found_and_identified_by_url(tmp_path: Path) -> None:
    """A zip archive is a storage like any other that is reached by URL."""
    pytest.importorskip("fsspec", reason="URLs need the extra 'cluster'")
    recording = write_recording(tmp_path / "a-seated.mp4", seed=1)
    with ZipFile(tmp_path / "clips.zip", "w") as archive:
        archive.write(recording, "visit/a-seated.mp4")
        archive.writestr("visit/notes.txt", "x")
    (clip,) = read_clips([f"zip://visit/*::file://{tmp_path / 'clips.zip'}"], Defaults())
    assert clip.name.endswith("a-seated.mp4")
    assert clip.test is SEATED
    inside, outside = identify(clip.source), identify(str(recording))
    assert inside.clip_sha256 == outside.clip_sha256  # type: ignore[union-attr]


def test_a_url_that_cannot_be_reached_is_refused_in_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("fsspec", reason="URLs need the extra 'cluster'")
    with pytest.raises((SourceError, BatchError)) as caught:
        read_clips([f"zip://*::file://{tmp_path / 'none.zip'}"], Defaults())
    assert "\n" not in str(caught.value)


# ----------------------------------------------------------------------------------------------------------- lengths


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_the_length_is_read_from_the_files_own_header(tmp_path: Path, suffix: str) -> None:
    for n_frames in (15, 60):
        recording = write_recording(tmp_path / f"a{suffix}", seed=1, n_frames=n_frames)
        assert length_s(recording) == pytest.approx(n_frames / 30, abs=0.05)


def test_a_file_that_does_not_tell_its_length_has_none(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "a.mp4", seed=1)
    whole = recording.read_bytes()
    for name, content in (("b.mkv", b"\x1a\x45\xdf\xa3"), ("c.mp4", whole[: whole.index(b"moov")]), ("d.mp4", b"")):
        (tmp_path / name).write_bytes(content)
        assert length_s(tmp_path / name) is None
    assert length_s(tmp_path / "none.mp4") is None


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=80), at=st.integers(0, 400))
def test_no_damage_to_a_header_does_more_than_hide_the_length(tmp_path: Path, content: bytes, at: int) -> None:
    recording = tmp_path / "a.mp4"
    if not recording.exists():
        write_recording(recording, seed=1)
    whole = recording.read_bytes()
    at += whole.index(b"moov") - 8
    (tmp_path / "torn.mp4").write_bytes(whole[:at] + content + whole[at + len(content) :])
    told_s = length_s(tmp_path / "torn.mp4")
    assert told_s is None or told_s > 0


def test_shares_of_the_work_add_up_and_follow_the_length(tmp_path: Path) -> None:
    for seed, n_frames in enumerate((10, 20, 40)):
        write_recording(tmp_path / f"{seed}.mp4", seed, n_frames)
    shares = find_shares(read_clips([str(tmp_path)], Defaults()))
    assert sum(shares.values()) == pytest.approx(1)
    assert [shares[row] * 7 for row in (1, 2, 3)] == pytest.approx([1, 2, 4], rel=0.02)


def test_a_folder_of_pictures_is_a_recording_where_its_rate_is_told_or_each_is_a_still(folder: Path) -> None:
    (folder / "frames").mkdir()
    for k in range(3):
        (folder / "frames" / f"{k}.png").write_bytes(b"bytes")
    told = write_csv(
        folder, ("path", "fps", "still"), ("frames", "12.5", ""), ("frames/*.png", "", "yes"), name="p.csv"
    )
    series, stills = read_manifest(told, Defaults())
    assert (series.source, series.viewing) == (str(folder / "frames"), Viewing(pictures_hz=12.5))
    assert (stills.source, stills.viewing) == (str(folder / "frames" / "*.png"), Viewing(still=True))


@pytest.mark.parametrize(
    ("row", "column", "wanted"),
    [
        (("frames", "", ""), "path", "a recording"),
        (("none/*.png", "8", ""), "path", "a picture, or a folder or pattern of pictures"),
        (("frames", "0", ""), "fps", "a rate of 0.1 to 1000 pictures a second"),
        (("frames", "8", "yes"), "still", "stills without a rate or a stretch"),
        (("frames", "", "perhaps"), "still", "yes or no"),
    ],
)
def test_pictures_of_which_a_list_does_not_say_what_they_are_are_faults(folder: Path, row, column, wanted) -> None:
    (folder / "frames").mkdir()
    (folder / "frames" / "0.png").write_bytes(b"bytes")
    with pytest.raises(ListError) as refused:
        read_manifest(write_csv(folder, ("path", "fps", "still"), row), Defaults())
    assert (column, wanted) in [(fault.column, fault.wanted) for fault in refused.value.faults]


def test_answers_hold_for_three_months_before_the_day_of_the_test(folder: Path) -> None:
    def read(screened_on: str, visit_date: str) -> Clip:
        row = ("a.mp4", "none", screened_on, visit_date)
        return read_one(write_csv(folder, ("path", "screening", "screened_on", "visit_date"), row))

    assert read("2020-01-10", "2020-03-01").screened_on == "2020-01-10"
    assert read("2020-01-10", "2020-01-10").screened_on == "2020-01-10"
    for screened_on, visit_date in (("2020-01-10", "2020-06-01"), ("2020-03-01", "2020-01-10"), ("2020-01-10", "")):
        with pytest.raises(ListError) as refused:
            read(screened_on, visit_date)
        (fault,) = refused.value.faults
        assert fault.column == "screened_on"
        assert fault.wanted.startswith("answers of at most three months before ")
