"""What is the same for every recording of a batch, and what a worker is therefore asked."""

from dataclasses import dataclass
from pathlib import Path

from hipcv.batch.input.clip import Clip, Key, digest
from hipcv.batch.run.job import Identity, Job
from hipcv.outputs.artefacts import Artefact, batched
from hipcv.version import __version__


@dataclass(frozen=True, slots=True)
class Plan:
    """What is the same for every recording of a batch.

    Attributes
    ----------
    pose_model, model_path, model_sha256 : the model, where workers look for it first, and the file it has to be.
    wants_reports : whether every recording gets its page.
    wants_assessments : whether the assessment itself comes back beside its document.

    Examples
    --------
    >>> plan, clip = Plan("heavy", "0" * 64), Clip(1, "S01.mp4", "/S01.mp4", roll_deg=2.0)
    >>> plan.key(clip, "a" * 64).clip_sha256 == "a" * 64
    True
    >>> plan.key(clip, "a" * 64) == plan.key(Clip(1, "S01.mp4", "/S01.mp4", roll_deg=3.0), "a" * 64)
    False
    >>> plan.job(clip).setups[0].roll_deg
    2.0
    """

    pose_model: str
    model_sha256: str
    model_path: Path | None = None
    wants_reports: bool = True
    wants_assessments: bool = False

    @property
    def artefacts(self) -> tuple[Artefact, ...]:
        """What is written of every recording beside its document."""
        return () if self.wants_assessments else batched(report=self.wants_reports)

    def key(self, clip: Clip, clip_sha256: str) -> Key:
        """Return under which key the result of a recording is kept."""
        return Key(clip_sha256, digest(clip.parameters(self.pose_model)), self.model_sha256)

    def job(self, clip: Clip, identity: Identity | None = None) -> Job:
        """Return what a worker is asked; `identity` are the recording's bytes where they are known."""
        return Job(
            source=clip.source,
            setups=clip.setups(),
            slow_motion=clip.slow_motion,
            viewing=clip.viewing,
            model_name=self.pose_model,
            model_path=None if self.model_path is None else str(self.model_path),
            model_sha256=self.model_sha256,
            hipcv_version=__version__,
            artefacts=tuple(artefact.name for artefact in self.artefacts),
            wants_assessment=self.wants_assessments,
            identity=identity,
        )
