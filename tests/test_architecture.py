"""The house stands: who imports whom, what a bare import loads, how fast help answers."""

import subprocess
import sys

import pytest

import hipcv
from hipcv.assessment import assess
from hipcv.batch.score import score

pytestmark = pytest.mark.process

HEAVY = ("cv2", "mediapipe", "av", "ai_edge_litert", "fastapi", "sqlalchemy", "plotly", "scipy", "rich", "pydantic")


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_bare_import_loads_no_camera_model_database_or_web_stack():
    assert loaded_after("import hipcv").isdisjoint(HEAVY)


def test_the_package_offers_by_its_own_name_what_a_scientist_needs():
    for name in hipcv.__all__:
        assert getattr(hipcv, name) is not None
    assert hipcv.score is score
    assert hipcv.assess is assess
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        assert hipcv.other


def test_the_command_line_loads_nothing_heavy_before_it_is_needed():
    assert loaded_after("import hipcv.cli").isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "room",
    [
        "core.motion.angles",
        "core.motion.trials",
        "core.camera.edges",
        "core.checks.recording",
        "core.uncertainty",
        "evidence.agreement",
        "evidence.reference",
    ],
)
def test_core_and_evidence_load_only_numbers(room):
    """... and of scipy only its name: each of its parts takes as long to load as everything else."""
    heavy = loaded_after(f"import hipcv.{room}") & {*HEAVY, "jinja2", "typer", "scipy.special", "scipy.ndimage"}
    assert heavy <= {"scipy"}


def test_who_only_hands_recordings_on_loads_no_part_of_scipy():
    """A server and a batch start processes of their own to measure."""
    loaded = loaded_after("import hipcv.batch.order, hipcv_server.app")
    assert not [name for name in loaded if name.startswith(("scipy.special", "scipy.ndimage"))]


def test_a_bare_core_import_needs_no_files_of_the_checkout(tmp_path):
    """The package works from any folder."""
    done = subprocess.run(
        [sys.executable, "-m", "hipcv", "--version"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.startswith("hipcv ")
