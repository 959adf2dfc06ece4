"""A file is there whole or not at all, and a disk that refuses is named."""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hipcv.core.errors import OutputError
from hipcv.files import remove_parts, told, try_writing, whole_file, write_whole


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)], capture_output=True).returncode:
        pytest.skip("a small disk needs the right to mount one")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_file_that_fails_half_way_does_not_appear_and_the_old_one_stays(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        with whole_file(target) as part:
            part.write_text("half")
            raise RuntimeError

    write_whole(tmp_path / "old.html", "whole")
    for name in ("new.html", "old.html"):
        with pytest.raises(RuntimeError):
            fail(tmp_path / name)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["whole"]


def test_a_name_as_long_as_the_file_system_takes_can_be_written(tmp_path: Path) -> None:
    longest = tmp_path / ("ü" * 127)
    write_whole(longest, "there")
    assert longest.read_text() == "there"


@pytest.mark.process
def test_what_a_killed_process_left_goes_when_the_file_is_written_again(tmp_path: Path) -> None:
    target = tmp_path / "annotated.mp4"
    code = (
        "import os, sys; from pathlib import Path; from hipcv.files import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as part:\n    part.write_bytes(b'half'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    (left,) = tmp_path.iterdir()
    with whole_file(target) as part:  # that of a process at work stays: this one
        write_whole(target, "the other was faster")
        assert part.exists()
        part.write_bytes(b"whole")
    assert not left.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["annotated.mp4"]
    assert target.read_bytes() == b"whole"


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    for name in (".series.csv.part", ".series.csv.mine.part", ".other.csv.999999999.x.part", "series.csv.1.x.part"):
        (tmp_path / name).touch()
    write_whole(tmp_path / "series.csv", "")
    assert len(list(tmp_path.iterdir())) == 5
    remove_parts(tmp_path)  # in a folder of our own
    assert sorted(path.name for path in tmp_path.iterdir()) == ["series.csv", "series.csv.1.x.part"]


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "is full: free some space"),
        (errno.EDQUOT, "Your share of the disk of .* is used up: free some space"),
        (errno.EROFS, "can only be read: name another folder"),
        (errno.EACCES, "may not be written: ask the folder's owner"),
        (errno.EPERM, "may not be written: ask the folder's owner"),
        (errno.EISDIR, "found a folder of that name"),
        (errno.ENOTDIR, "found a file where a folder of it should be"),
        (errno.EIO, "could not .Input/output error.: check folder and disk"),
    ],
)
def test_every_refusal_is_one_sentence_that_names_place_and_cure(number: int, says: str) -> None:
    with pytest.raises(OutputError, match=says) as caught, told(Path("out/series.csv")):
        raise OSError(number, os.strerror(number))
    assert "series.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_try_tells_what_the_writing_would_and_leaves_nothing_behind(tmp_path: Path) -> None:
    try_writing(tmp_path / "a" / "b" / "series.csv")
    write_whole(tmp_path / "file", "kept")
    try_writing(tmp_path / "file")
    for wrong, says in ((tmp_path / "file" / "series.csv", "found a file where"), (tmp_path, "found a folder of that")):
        with pytest.raises(OutputError, match=says):
            try_writing(wrong)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "kept")]


def test_a_full_disk_is_known_before_anything_is_written(small_disk: Path) -> None:
    try_writing(small_disk / "out" / "series.csv")
    (small_disk / "fill").write_bytes(bytes(16 * 1024))
    with pytest.raises(OutputError, match="is full"):
        try_writing(small_disk / "out" / "series.csv")
    assert [path.name for path in small_disk.iterdir()] == ["fill"]


def test_a_full_disk_loses_neither_the_old_file_nor_its_own_name(small_disk: Path) -> None:
    write_whole(small_disk / "series.csv", "old")
    with pytest.raises(OutputError, match="is full"):
        write_whole(small_disk / "series.csv", bytes(64 * 1024))
    assert [path.read_text() for path in small_disk.iterdir()] == ["old"]


def test_a_disk_too_full_for_a_copy_is_not_blamed_on_the_recording(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fsspec", reason="URLs need the extra 'cluster'")
    from hipcv.batch.input.remote import local_copy

    (tmp_path / "clip.mp4").write_bytes(bytes(64 * 1024))
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    with pytest.raises(OutputError, match="is full"), local_copy((tmp_path / "clip.mp4").as_uri()):
        pass
    assert list(small_disk.iterdir()) == []
