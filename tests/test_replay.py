"""From its document alone a result gives the same bytes again; what hipcv rests on is what is installed."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from batch_recordings import write_recording
from typer.testing import CliRunner

from hipcv import replay
from hipcv.cli import app
from hipcv.core.answers import SidePain
from hipcv.core.errors import HistoryError, ModelError, SourceError
from hipcv.core.procedures.prone import PRONE
from hipcv.core.setup import Setup
from hipcv.core.viewing import Viewing
from hipcv.measurement import measure_file
from hipcv.native.software import installed, parts
from hipcv.outputs.document import document_text, render_document
from hipcv.upkeep.doctor import examine
from hipcv.words import CameraSide, Effort, HandPlace, Legs, ModelName, Motions, Sex

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A recording that shows nobody: what is told of it comes back all the same."""
    return write_recording(tmp_path_factory.mktemp("clips") / "noise.mp4", 7)


@pytest.fixture(scope="module")
def document(clip):
    return render_document(measure_file(clip, Setup(roll_deg=2.5), model_name=ModelName.LITE).assessment)


TOLD = {
    "nothing": (Setup(), Viewing(), 1.0),
    "camera": (Setup(roll_deg=1.23456789, pitch_deg=-3.0, yaw_deg=12.5, mirrored=True), Viewing(), 1.0),
    "edges": (Setup(vertical_edges_px=((1.5, 2.0, 3.0, 90.0),), subject_at=(0.25, 0.75)), Viewing(), 4.0),
    "the part": (Setup(motion=Motions.BOTH, legs=Legs.ONE), Viewing(90, 4 / 3, 0.01, 0.12), 1.0),
    "a helper": (
        Setup(PRONE, Effort.PASSIVE, CameraSide.HEAD_END, helper="Anna", hand_place=HandPlace.SHIN, pain=3),
        Viewing(180),
        0.5,
    ),
    "the person": (Setup(age_years=30.5, sex=Sex.MALE, pain_left=SidePain(2), screened_by="Anna"), Viewing(), 1.0),
}


@pytest.mark.model
@pytest.mark.parametrize("told", TOLD.values(), ids=TOLD)
def test_whatever_was_told_the_same_bytes_come_out_of_the_document_alone(told, clip):
    setup, viewing, slow_motion = told
    first = measure_file(clip, setup, model_name=ModelName.LITE, slow_motion=slow_motion, viewing=viewing)
    kept = document_text(first.assessment)
    again = replay(json.loads(kept), clip.parent)
    assert again.same
    assert again.text == kept
    assert again.otherwise == ()


@pytest.mark.model
def test_what_was_found_of_the_part_is_found_again_and_told_again(clip, document):
    """A stretch that nobody told of stands in the setup; handed in again as told, its finding would be lost."""
    assert document["provenance"]["parameters"]["told_viewing"] == dict.fromkeys(
        ("aspect", "from_s", "to_s", "crop_px", "pictures_hz")
    ) | {"rotate_deg": 0, "still": False}
    changed = json.loads(json.dumps(document))
    changed["setup"]["from_s"] = 0.05
    again = replay(changed, clip)
    assert [d.where for d in again.differences] == ["setup.from_s"]


@pytest.mark.model
def test_the_command_says_the_same_or_what_differs(clip, document, tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(document), "utf-8")
    said = CliRunner().invoke(app, ["replay", str(kept), "--clip", str(clip.parent)])
    assert said.exit_code == 0
    assert re.fullmatch(r"The same again: all \d+ bytes of the result.\n", said.stdout)
    document = json.loads(json.dumps(document))
    document["sides"]["left"]["motions"]["internal"]["end_range_deg"] = 31.0
    document["provenance"]["parameters"]["software"]["av"] = "18.0"
    kept.write_text(json.dumps(document), "utf-8")
    said = CliRunner().invoke(app, ["replay", str(kept), "--clip", str(clip)])
    assert said.exit_code == 1
    assert "sides.left.motions.internal.end_range_deg" in said.stdout
    assert "av was 18.0 then and is" in said.stdout


@pytest.mark.model
def test_what_cannot_be_measured_again_is_said_in_a_sentence(document, clip, tmp_path):
    def without(**changed):
        values = json.loads(json.dumps(document))
        values["provenance"] |= changed
        return values

    with pytest.raises(SourceError, match="found it nowhere"):
        replay(document, tmp_path)
    with pytest.raises(SourceError, match="found other bytes"):
        replay(document, write_recording(tmp_path / "other.mp4", 8))
    with pytest.raises(SourceError, match="found no"):
        replay(document, tmp_path / "none")
    with pytest.raises(SourceError, match="live test"):
        replay(without(clip_sha256=""), clip)
    with pytest.raises(ModelError, match="found another"):
        replay(without(model_sha256="0" * 64), clip)
    with pytest.raises(ModelError, match="none of that name"):
        replay(without(pose_model="colossal"), clip)
    with pytest.raises(HistoryError, match="found one that does not"):
        replay(without(parameters={}), clip)
    with pytest.raises(HistoryError, match="schema"):
        replay({"schema": "x"}, clip)


@pytest.mark.parametrize("content", ["", "[1]", "{", '"x"', "\x00", "[" * 10_000])
def test_a_file_that_holds_no_document_is_named(content, tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text(content, "utf-8")
    said = CliRunner().invoke(app, ["replay", str(kept)])
    assert said.exit_code == 3
    assert "kept.json" in said.stderr.replace("\n", "")


# ----------------------------------------------------------------------------------------------- what it rests on


def test_what_is_installed_is_what_the_table_wants_and_what_was_pinned():
    locked = (ROOT / "requirements" / "all.txt").read_text("utf-8")
    pinned = dict(re.findall(r"^([\w-]+)==([^ ]+)", locked, re.MULTILINE))
    for part in parts():
        assert part.trouble(part.version()) is None
        assert part.trouble(pinned[part.name]) is None
    assert {check.trouble for check in examine()} == {None}


def test_the_table_has_the_bounds_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    bounds = dict(re.fullmatch(r"([\w-]+)>=([^;]+)(?:;.*)?", wanted).groups() for wanted in project)
    for part in parts():
        assert part.trouble(bounds[part.name]) is None, part.name
        assert bounds[part.name].removesuffix(".0") == part.at_least


def test_a_library_that_will_not_do_is_named(monkeypatch):
    monkeypatch.setattr("hipcv.native.software.metadata.version", lambda name: {"av": "17.0.1"}.get(name, "99"))
    assert [check.trouble for check in examine() if check.trouble] == ["wanted 18.1 or newer, found 17.0.1"]
    said = CliRunner().invoke(app, ["doctor"])
    assert said.exit_code == 3


def test_mediapipe_is_no_part_of_a_result_that_its_graph_has_not_read():
    assert "mediapipe" not in installed()
