"""Many recordings from Python: `hipcv.score(paths, test="seated")` yields each result as it is finished."""

import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hipcv.batch.input.clip import Clip, Key
from hipcv.batch.input.manifest import Defaults, read_clips
from hipcv.batch.run.engine import WorkEngine, open_cluster, open_local
from hipcv.batch.run.job import Document, Identity, Refused, Scored
from hipcv.batch.run.plan import Plan
from hipcv.batch.run.progress import Silence
from hipcv.batch.run.run import Run
from hipcv.batch.run.worker import Limits
from hipcv.core.procedures import procedure_named
from hipcv.models.store import get_model
from hipcv.words import USUAL_MOTIONS, Effort, Legs, ModelName, Motions

if TYPE_CHECKING:
    from hipcv.assessment import Assessment


@dataclass(frozen=True, slots=True, eq=False)
class ScoredClip:
    """One recording and what came of it.

    Attributes
    ----------
    path : the recording as it was found: an absolute path, or a URL.
    subject : who it shows, where a list says so.
    assessment : measured or not; None where the recording could not be tried.
    document : the same as JSON values (schema `hipcv.assessment/2`).
    reason : why there is no assessment, in one sentence; "" where there is one.
    """

    path: str
    subject: str
    assessment: "Assessment | None"
    document: Document | None
    reason: str


def score(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    test: str | None = None,
    effort: str = "active",
    legs: str | None = None,
    motion: str = USUAL_MOTIONS,
    mirrored: bool | None = None,
    slow_motion: float = 1.0,
    model: str = "heavy",
    model_path: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    limits: Limits | None = None,
) -> Generator[ScoredClip, None, None]:
    """Measure many recordings and yield each as it is finished; nothing is written.

    In a script on Windows or macOS no `if __name__ == "__main__"` is needed: workers do not import it.

    Parameters
    ----------
    paths : recordings, folders, globs or URLs, or one list (.csv, .xlsx).
    test : "seated" or "prone", where neither list nor file name says it; None leaves it to the recording.
    effort, legs, motion, mirrored, slow_motion : as for `hipcv measure`, where the list says nothing else.
    model, model_path : which pose model, and where to look for it first.
    workers : recordings at once; None for as many as this machine's cores and memory feed.
    scheduler : address of a Dask scheduler, to measure on its cluster instead.
    limits : how workers are watched.

    Yields
    ------
    One `ScoredClip` for every recording; one that cannot be read, or that kills its worker twice, comes with a reason.

    Raises
    ------
    HipcvError
        Where it cannot begin: faults in the list, no model, no cluster.
    ValueError
        If test, effort, legs, motion or model is not one of those named.
    """
    asked = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    named = None if test is None else procedure_named(test)
    at_once = None if legs is None else Legs(legs)
    defaults = Defaults(named, Effort(effort), mirrored, slow_motion, at_once, Motions(motion))
    clips = read_clips([os.fspath(path) for path in asked], defaults)
    folder = None if model_path is None else Path(model_path)
    found = get_model(ModelName(model), folder)
    plan = Plan(model, found.sha256, folder, wants_reports=False, wants_assessments=True)
    engine = open_cluster(scheduler, limits) if scheduler else open_local(workers, limits)
    return yield_all(clips, plan, engine)


def yield_all(clips: Sequence[Clip], plan: Plan, engine: WorkEngine) -> Generator[ScoredClip, None, None]:
    """Measure recordings on an engine and yield each as it is finished; errors as in `score`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     clip = Clip(1, "gone.mp4", os.path.join(folder, "gone.mp4"), subject="S01")
    ...     scored = list(yield_all([clip], Plan("heavy", "0" * 64), open_local(1)))
    >>> scored[0].subject, scored[0].assessment, "no such file" in scored[0].reason
    ('S01', None, True)
    """
    with engine, closing(Run(clips, plan, _Unwritten(), engine, Silence()).results()) as results:
        for clip, answer in results:
            if isinstance(answer, Scored):
                yield ScoredClip(clip.source, clip.subject, answer.assessment, answer.document, "")
            else:
                yield ScoredClip(clip.source, clip.subject, None, None, answer.sentence)


class _Unwritten:
    """A book in which nothing stands: nothing was finished before, and nothing is held once it was yielded."""

    def files(self) -> dict[str, Identity]:
        return {}

    def add_file(self, source: str, identity: Identity) -> None:
        pass

    def keys(self) -> set[Key]:
        return set()

    def add(self, key: Key, answer: Scored | Refused) -> bool:
        return False

    def begin_run(self) -> bool:
        return False

    def end_run(self) -> None:
        pass
