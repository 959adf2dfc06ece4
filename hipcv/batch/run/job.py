"""What a worker is asked, and what it answers: plain values that travel between processes and machines."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hipcv.core.setup import Setup
from hipcv.core.viewing import AS_STORED, Viewing

if TYPE_CHECKING:
    from hipcv.assessment import Assessment

#: An assessment as JSON (design: `hipcv.assessment/2`).
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """One recording to be measured.

    Attributes
    ----------
    source : absolute path or URL, as the worker's machine sees it.
    setups : how to measure it; with several, the one whose test the recording shows, else the first.
    model_name, model_path, model_sha256 : the pose model, where to look first, and the file it has to be.
    hipcv_version : the version that asks; another one would give other numbers under the same name.
    viewing : which part of it is looked at, and how.
    artefacts, wants_assessment : what to send back besides the document, artefacts by their names.
    identity : the recording's bytes where they were looked at; they hold as long as the file's stamp is the same.
    """

    source: str
    setups: tuple[Setup, ...]
    slow_motion: float
    model_name: str
    model_path: str | None
    model_sha256: str
    hipcv_version: str
    artefacts: tuple[str, ...] = ()
    wants_assessment: bool = False
    viewing: Viewing = AS_STORED
    identity: "Identity | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A recording that was read: its document, measured or not.

    `files` are its artefacts by their names, `wall_s` and `cpu_s` what it took on the worker, `clip_s` the recording's
    length and `peak_memory_mb` the worker's largest memory so far, NaN where its system does not say.
    """

    document: Document
    files: Mapping[str, bytes] = field(default_factory=dict)
    assessment: "Assessment | None" = None
    wall_s: float = 0.0
    cpu_s: float = 0.0
    clip_s: float = 0.0
    peak_memory_mb: float = math.nan


class Refusal(StrEnum):
    """Why there is no document."""

    UNREADABLE = "unreadable"
    GONE = "gone"
    CRASHED = "crashed"
    HUNG = "hung"
    FAILED = "failed"
    WORKER_UNFIT = "worker unfit"

    @property
    def worth_another_try(self) -> bool:
        """Whether the same recording may do better the second time."""
        return self in (Refusal.CRASHED, Refusal.HUNG, Refusal.FAILED)


@dataclass(frozen=True, slots=True)
class Refused:
    """A recording that could not be tried: one sentence for people, and what a developer would want to see."""

    refusal: Refusal
    sentence: str
    detail: str = ""
    wall_s: float = 0.0


Answer = Scored | Refused


@dataclass(frozen=True, slots=True)
class Identity:
    """A recording's bytes by their SHA-256, and the stamp (size and time of change) under which they were read."""

    clip_sha256: str
    stamp: str


#: Whatever an engine's call may come back with.
Reply = Identity | Scored | Refused
