"""A copy of the product with one file more: a third test of the hip, as somebody might add it."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOY = '''"""The toy test: half reclined, the shanks hanging over the edge of a table; filmed from the front."""

from hipcv.core.procedure import PelvisCue, Procedure, Rest, YawCue
from hipcv.words import CameraSide

PROCEDURE = Procedure(
    name="toy",
    label="Half reclined",
    hip_flexion_deg=45.0,
    rest=Rest.DOWN,
    left_lateral={CameraSide.FRONT: 1},
    pitch_prior_deg=(7.0, 9.0),
    yaw_from=YawCue.BODY,
    pelvis_from=PelvisCue.HIPS,
    anatomy_se_deg=0.3,
)
'''


def build_house(folder: Path) -> dict[str, str]:
    """Copy the packages into a folder, add the test, and return the environment in which Python finds them there."""
    for package in (ROOT / "hipcv", ROOT / "server" / "hipcv_server"):
        shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "models" / "manifest.toml", folder / "hipcv" / "models" / "models.toml")  # as a wheel has it
    (folder / "hipcv" / "core" / "procedures" / "toy.py").write_text(TOY, "utf-8")
    return {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
