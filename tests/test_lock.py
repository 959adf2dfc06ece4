"""What gets installed is pinned, with checksums, and agrees with what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ("run", "all", "lock")
ASKED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = ASKED["project"]["optional-dependencies"]
RUN = [*ASKED["project"]["dependencies"], *EXTRAS["server"], *ASKED["dependency-groups"]["build"]]
WANTED = {
    "run": RUN,
    "all": [*RUN, *(line for extra in EXTRAS.values() for line in extra)],
    "lock": ASKED["dependency-groups"]["lock"],
}


def entries(name: str) -> dict[str, tuple[Requirement, frozenset[str]]]:
    """Return what a file pins, by name: the requirement with its marker, and its checksums."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if not line.startswith("#") and line.strip() and not line.lstrip().startswith("#"):
            pin, *checksums = re.split(r"\s+--hash=", line.strip())
            requirement = Requirement(pin)
            assert canonicalize_name(requirement.name) not in found, "one version for all systems and Pythons"
            found[canonicalize_name(requirement.name)] = requirement, frozenset(checksums)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_entry_is_one_version_with_checksums_and_nothing_names_a_place(name):
    for requirement, checksums in entries(name).values():
        assert [bound.operator for bound in requirement.specifier] == ["=="]
        assert requirement.url is None
        assert checksums
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", checksum) for checksum in checksums)
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|^\s*#?\s*-(i|f|-index|-extra-index|-find-links)\b", text, re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_what_pyproject_asks_for_is_pinned_within_its_bounds(name):
    pinned = entries(name)
    for line in WANTED[name]:
        asked = Requirement(line)
        requirement, _ = pinned[canonicalize_name(asked.name)]
        (bound,) = requirement.specifier
        assert asked.specifier.contains(bound.version), line
        assert requirement.marker == asked.marker, "asked for on the same machines"


def test_an_intel_mac_is_asked_for_nothing_that_is_not_published_for_it():
    mac = {"sys_platform": "darwin", "platform_machine": "x86_64", "extra": ""}
    for name in ("run", "all"):
        left_out = {pin for pin, (one, _) in entries(name).items() if one.marker and not one.marker.evaluate(mac)}
        assert {"ai-edge-litert", "mediapipe"} <= left_out
        assert left_out.isdisjoint({"opencv-contrib-python", "flatbuffers", "numpy", "scipy", "av"})


def test_the_tools_that_pyproject_builds_with_are_pinned():
    asked = {Requirement(line).name for line in ASKED["build-system"]["requires"]}
    assert asked <= entries("run").keys()


def test_who_only_runs_hipcv_gets_what_the_tests_run_with_and_none_of_their_tools():
    runs, everything = entries("run"), entries("all")
    for name, (requirement, checksums) in runs.items():
        assert everything[name][0].specifier == requirement.specifier
        assert everything[name][1] == checksums
    assert runs.keys().isdisjoint({"pytest", "mypy", "ruff", "playwright", "schemathesis", "distributed"})


def test_every_plain_line_for_installing_takes_the_pinned_versions():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^ {4}\S*python -m pip install (.*?)(?: {2,}.*)?$", readme, re.MULTILINE)
    assert len(lines) == 4, "Windows and everywhere else, two steps each"
    assert set(lines) == {
        "--require-hashes -r requirements/run.txt",
        "--no-deps --no-build-isolation --editable .",
    }
