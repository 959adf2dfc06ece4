"""What hipcv rests on, held against what is here: libraries of others, and the pose models by their checksums."""

from dataclasses import dataclass
from pathlib import Path

from hipcv.models.store import ModelState, check_models
from hipcv.native.software import KnownFault, ffmpeg_version, parts


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that hipcv rests on.

    Attributes
    ----------
    name, found : what it is, and which is here.
    trouble : in words what is wrong with it; None where nothing is.
    faults : what is known to be wrong with it in general.
    """

    name: str
    found: str
    trouble: str | None
    faults: tuple[KnownFault, ...] = ()


def examine(models: Path | None = None) -> list[Check]:
    """Return a check of each library and each pose model; a model that is not here yet is fetched when it is needed.

    Raises
    ------
    ModelError
        Where `models` does not exist.

    Examples
    --------
    >>> [check.name for check in examine()][0]
    'av'
    """
    checks = []
    for part in parts():
        version = part.version()
        brings = f"{version} ({ffmpeg_version()})" if part.name == "av" and version else version
        none = f"none: {part.without}" if part.without else "none"
        checks.append(Check(part.name, brings or none, part.trouble(version), part.faults))
    for status in check_models(models):
        trouble = status.detail if status.state is ModelState.DAMAGED else None
        found = status.found.sha256[:12] + "…" if status.found else str(status.state)
        checks.append(Check(f"{status.name} pose model", found, trouble))
    return checks
