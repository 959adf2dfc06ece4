"""The command line as people use it: what it prints, its exit status, one sentence for bad input."""

import csv
import json
import os
import re
import subprocess
import sys

import pytest
from batch_recordings import write_recording
from published import faults

from hipcv.outputs.document import json_schema
from hipcv.outputs.tables import COLUMNS

pytestmark = pytest.mark.process

CLIP = "seated-easy-101-01.mp4"


def hipcv(*arguments, **kwargs):
    command = [sys.executable, "-m", "hipcv", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **kwargs)


@pytest.fixture(scope="module")
def measured(samples, tmp_path_factory):
    """Run one measurement with JSON and a series."""
    table = tmp_path_factory.mktemp("cli") / "deep" / "series.csv"
    done = hipcv("measure", samples / CLIP, "--test", "seated", "--model", "lite", "--json", "--series", table)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), table


def test_json_on_standard_output_is_the_documented_document(measured):
    document, _ = measured
    assert document["schema"] == "hipcv.assessment/1"
    assert faults(document) == []
    assert document["status"] == "measured"
    assert document["test"] == "seated"
    assert {"sides", "asymmetry", "camera", "findings", "provenance"} <= document.keys()
    for side in ("left", "right"):
        result = document["sides"][side]["motions"]["internal"]
        low, high = result["interval95_deg"]
        assert low < result["end_range_deg"] < high
        assert {
            "pelvis_corrected_deg",
            "raw_peak_deg",
            "trial_sd_deg",
            "trials",
            "reference",
            "status",
        } <= result.keys()
        for trial in result["trials"]:
            assert trial["start_s"] < trial["hold_start_s"] < trial["hold_stop_s"] < trial["stop_s"]
            assert trial["accepted"] is True
        assert result["trial_sd_deg"] is None  # one trial has no spread: missing, not 0
    assert {"roll_deg", "roll_se_deg", "roll_source", "pitch_deg", "yaw_deg"} <= document["camera"].keys()
    origin = document["provenance"]
    assert len(origin["model_sha256"]) == len(origin["clip_sha256"]) == 64
    assert origin["n_frames"] == 52  # eight a second


def test_the_schema_that_is_printed_is_the_one_that_documents_are_held_against():
    done = hipcv("schema")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json_schema()


def test_the_series_has_one_row_a_frame_and_units_in_its_names(measured):
    document, table = measured
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == document["provenance"]["n_frames"]
    trial = document["sides"]["left"]["motions"]["internal"]["trials"][0]
    held = [float(r["left_deg"]) for r in rows if trial["hold_start_s"] <= float(r["time_s"]) < trial["hold_stop_s"]]
    assert sorted(held)[len(held) // 2] == pytest.approx(trial["end_range_deg"], abs=0.5)


def test_the_table_on_a_terminal_names_both_sides_and_says_what_it_is_not(samples):
    done = hipcv("measure", samples / CLIP, "--test", "seated", "--model", "lite", "--age", "30", "--sex", "female")
    assert done.returncode == 0, done.stderr
    for words in ("left", "right", "end range", "95 % interval", "It informs; it does not diagnose."):
        assert words in done.stdout
    assert "College women" in done.stdout
    assert "College men" not in done.stdout


def test_a_stated_roll_moves_the_two_sides_apart_by_twice_as_much(measured, samples):
    document, _ = measured
    roll = f"{document['camera']['roll_deg'] + 6:.2f}"
    done = hipcv("measure", samples / CLIP, "--test", "seated", "--model", "lite", "--json", "--roll", roll)
    before, after = (
        [told["sides"][s]["motions"]["internal"]["end_range_deg"] for s in ("left", "right")]
        for told in (document, json.loads(done.stdout))
    )
    changes = [there - here for here, there in zip(before, after, strict=True)]
    assert abs(changes[0]) == pytest.approx(6, abs=0.5)
    assert changes[0] == pytest.approx(-changes[1], abs=0.7)


def test_a_recording_without_the_test_exits_with_one_and_says_how_to_film_it(real):
    done = hipcv("measure", real / "no_legs.mp4", "--test", "seated", "--model", "lite")
    assert done.returncode == 1
    assert "Not measured" in done.stdout
    assert "How to film it" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (None, "missing.mp4"),
        (b"", "empty.mp4"),
        (b"hello", "text.mp4"),
        (b"\x00\x00\x00\x20ftypisom" + b"\x00" * 64, "cut.mp4"),
    ],
)
def test_a_file_that_cannot_be_read_exits_with_three_and_one_sentence(tmp_path, content, name):
    clip = tmp_path / name
    if content is not None:
        clip.write_bytes(content)
    done = hipcv("measure", clip, "--test", "seated", "--model", "lite")
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("hipcv: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_a_camera_that_is_not_there_exits_with_three_and_one_sentence():
    done = hipcv("live", "--camera", "99", "--no-window")
    assert done.returncode == 3
    assert done.stderr.startswith("hipcv: Wanted camera 99, ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("measure", "clip.mp4"),
        ("measure", "clip.mp4", "--test", "standing"),
        ("measure", "clip.mp4", "--test", "seated", "--age", "-3"),
        ("measure", "clip.mp4", "--test", "seated", "--roll", "100"),
        ("measure", "clip.mp4", "--test", "seated", "--vertical", "1,2,3"),
        ("measure", "clip.mp4", "--test", "seated", "--slow-motion", "0"),
        ("measure", "clip.mp4", "--test", "seated", "--rotate", "45"),
        ("measure", "clip.mp4", "--test", "seated", "--aspect", "wide"),
        ("measure", "clip.mp4", "--test", "seated", "--from", "9", "--to", "3"),
        ("nonsense",),
    ],
)
def test_wrong_arguments_exit_with_two(arguments):
    done = hipcv(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_result_that_cannot_be_written_is_told_before_the_recording_is_even_opened(tmp_path):
    (tmp_path / "file").touch()
    for option in ("--out", "--series"):
        done = hipcv("measure", tmp_path / "missing.mp4", "--test", "seated", option, tmp_path / "file" / "x")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
        assert "found a file where a folder of it should be" in done.stderr
    done = hipcv("measure", tmp_path / "missing.mp4", "--test", "seated", "--out", tmp_path / "new")
    assert "no such file" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_disk_that_fills_takes_neither_the_result_nor_the_blame_to_the_recording(tmp_path):
    clip, disk = write_recording(tmp_path / "clip.mp4", seed=1), tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk], capture_output=True).returncode:
        pytest.skip("a small disk needs the right to mount one")
    try:
        done = hipcv("measure", clip, "--test", "seated", "--model", "lite", "--out", disk / "out")
        written = sorted(path.name for path in (disk / "out").iterdir())
    finally:
        subprocess.run(["umount", disk], check=True)
    assert done.returncode == 3
    assert "Not measured" in done.stdout
    assert "It informs; it does not diagnose." in done.stdout
    (told,) = [line for line in done.stderr.splitlines() if line.startswith("hipcv: ")]
    assert told.startswith(f"hipcv: The disk of {disk}")
    assert "is full: free some space" in told
    assert written == ["assessment.json", "series.csv"]


def test_what_nobody_foresaw_is_one_sentence_and_never_says_not_measured():
    """A module is broken in the child: norms has no door of its own that could catch it."""
    code = (
        "import sys, hipcv.cli, hipcv.evidence.norms\n"
        "hipcv.evidence.norms.norms_table = None; sys.argv = ['hipcv', 'norms']; hipcv.cli.main()"
    )
    for shown in ("", "1"):
        environment = {**os.environ, "HIPCV_TRACEBACK": shown}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
        )
        assert (done.returncode, done.stdout) == (3, "")
        assert ("Traceback" in done.stderr) == bool(shown)
        assert "TypeError" in done.stderr
    assert hipcv("norms", "--test", "prone").returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="names cannot hold control characters there")
def test_a_hostile_file_name_commands_no_terminal(tmp_path):
    name = "next\nline \x1b[2J\x1b]0;owned\x07\x9b31m\u202eseated.mp4"
    (tmp_path / name).write_bytes(b"text")
    for done in (
        hipcv("measure", tmp_path / name, "--test", "auto"),
        hipcv("measure", tmp_path / name / "nothing", "--test", "seated"),
        hipcv("batch", tmp_path / name, "-o", tmp_path / f"out {name}", "--workers", "1", "--model", "lite"),
        hipcv("history", "forget", name, "--yes", "--database", f"sqlite:///{tmp_path}/h.sqlite"),
    ):
        said = done.stdout + done.stderr
        assert "u001b" in said
        assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", said) is None
        assert not [line for line in said.splitlines() if line.startswith("line ")]


def test_norms_are_printed_with_their_sources():
    done = hipcv("norms", "--test", "prone", "--sex", "male")
    assert done.returncode == 0
    assert "doi:10." in done.stdout
    assert "women" not in done.stdout


def test_models_are_listed():
    done = hipcv("models", "list")
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("lite", "full", "heavy"))
