"""A new test of the hip is one file: command line, lists and interface know it without another change."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from third_test import build_house

pytestmark = pytest.mark.process

ASK = """
import json, sys
from pathlib import Path
from fastapi.testclient import TestClient
from hipcv_server.app import create_app
from hipcv_server.settings import JobLimits, Settings

app = create_app(Settings(Path(sys.argv[1]), jobs=JobLimits(n_workers=0)))
with TestClient(app, "http://127.0.0.1:8765") as client:
    answers = [client.get(f"/api/v1/{path}") for path in sys.argv[2:]]
    print(json.dumps([[answer.status_code, answer.json()] for answer in answers]))
"""
GUIDE = """
import json
from hipcv.core.procedures import procedure_named
from hipcv.live.spoken import spoken_for
toy, seated = (spoken_for(procedure_named(name)) for name in ("toy", "seated"))
print(json.dumps([toy.swing.format(side="left", other="right"), toy.posture, seated.posture]))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a product with a third test."""
    return build_house(tmp_path_factory.mktemp("house"))


def run(house: dict[str, str], *arguments: str, cwd: Path) -> str:
    """Run Python there and return what it prints."""
    done = subprocess.run([sys.executable, *arguments], env=house, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", ["measure", "batch", "live", "norms"])
def test_the_command_line_offers_it(house: dict[str, str], command: str, tmp_path: Path) -> None:
    """`--test` takes its name, and help says so."""
    assert "toy" in run(house, "-m", "hipcv", command, "--help", cwd=tmp_path)


def test_a_list_and_a_files_name_tell_it(house: dict[str, str], tmp_path: Path) -> None:
    """A row with `test=toy` is taken, and so is a recording whose name says it."""
    for name in ("a.mp4", "S01_toy.mp4"):
        (tmp_path / name).write_bytes(b"\0")
    (tmp_path / "list.csv").write_text("path,test\na.mp4,toy\nS01_toy.mp4,\n")
    out = run(house, "-m", "hipcv", "batch", "list.csv", "--out", "out", "--dry-run", "--json-lines", cwd=tmp_path)
    told = {(row["test"], row["told_by"]): row["n_clips"] for row in json.loads(out.splitlines()[0])["tests"]}
    assert told == {("toy", "list"): 1, ("toy", "file name"): 1}


def test_the_interface_lists_and_takes_it(house: dict[str, str], tmp_path: Path) -> None:
    """`/procedures` says all about it, the description names it, and what is asked for by test knows it."""
    paths = ("procedures", "openapi.json", "norms?test=toy", "guidance?test=toy")
    out = run(house, "-c", ASK, str(tmp_path / "data"), *paths, cwd=tmp_path)
    (_, listed), (_, described), norms, guidance = json.loads(out)
    toy: dict[str, Any] = next(one for one in listed["procedures"] if one["name"] == "toy")
    assert toy == {
        "name": "toy",
        "label": "Half reclined",
        "words": {
            "title": "Half reclined",
            "how": "The toy test, filmed from the front.",
            "filmed": "filmed from the front",
        },
        "camera_sides": ["front"],
        "rest": "down",
        "hip_flexion_deg": 45.0,
    }
    assert [one["name"] for one in listed["procedures"]] == ["seated", "toy", "prone", "supine"]
    assert described["components"]["schemas"]["TestName"]["enum"] == ["seated", "toy", "prone", "supine"]
    form = described["paths"]["/api/v1/assessments"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["test"]["enum"] == ["seated", "toy", "prone", "supine"]
    assert norms[0] == 200
    assert guidance[0] == 200
    assert len(guidance[1]["film"]) >= 3


def test_the_guide_speaks_without_words_of_its_own(house: dict[str, str], tmp_path: Path) -> None:
    """What it says fits any test, and nobody is told to sit as in another one."""
    swing, posture, seated = json.loads(run(house, "-c", GUIDE, cwd=tmp_path))
    assert "left foot outwards" in swing
    assert posture != seated
