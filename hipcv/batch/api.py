"""Many recordings from Python: `hipcv.score(paths, test="seated")` yields each result as it is finished."""

import os
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hipcv.batch.input.clip import Clip
from hipcv.batch.input.manifest import Defaults, read_clips
from hipcv.batch.run.engine import WorkEngine, open_cluster, open_local
from hipcv.batch.run.job import Document, Job, Refusal, Refused, Reply, Scored
from hipcv.batch.run.run import N_ATTEMPTS, Plan
from hipcv.batch.worker import Limits
from hipcv.core.errors import BatchError
from hipcv.core.procedures import procedure_named
from hipcv.models.store import get_model
from hipcv.words import Effort, ModelName

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
    document : the same as JSON values (schema `hipcv.assessment/1`).
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
    effort, mirrored, slow_motion : as for `hipcv measure`, where the list says nothing else.
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
        If test, effort or model is not one of those named.
    """
    asked = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    defaults = Defaults(None if test is None else procedure_named(test), Effort(effort), mirrored, slow_motion)
    clips = read_clips([os.fspath(path) for path in asked], defaults)
    folder = None if model_path is None else Path(model_path)
    found = get_model(ModelName(model), folder)
    plan = Plan(Path(), model, found.sha256, folder, wants_reports=False)
    engine = open_cluster(scheduler, limits) if scheduler else open_local(workers, limits)
    return _yield_all(clips, plan, engine)


def _yield_all(clips: Iterable[Clip], plan: Plan, engine: WorkEngine) -> Generator[ScoredClip, None, None]:
    todo = deque((clip, _job(plan, clip), 1) for clip in clips)
    in_flight: dict[Future[Reply], tuple[Clip, Job, int]] = {}
    with engine:
        while todo or in_flight:
            while todo and len(in_flight) < max(1, engine.count_slots()):
                work = todo.popleft()
                in_flight[engine.score(work[1])] = work
            for future in wait(in_flight, return_when=FIRST_COMPLETED).done:
                clip, job, attempt = in_flight.pop(future)
                answer = future.result()
                if isinstance(answer, Refused) and answer.refusal.worth_another_try and attempt < N_ATTEMPTS:
                    in_flight[engine.score(job)] = clip, job, attempt + 1
                elif isinstance(answer, Refused) and answer.refusal is Refusal.WORKER_UNFIT:
                    raise BatchError(answer.sentence)
                elif isinstance(answer, Refused):
                    yield ScoredClip(clip.source, clip.subject, None, None, answer.sentence)
                elif isinstance(answer, Scored):
                    yield ScoredClip(clip.source, clip.subject, answer.assessment, answer.document, "")


def _job(plan: Plan, clip: Clip) -> Job:
    return replace(plan.job(clip), artefacts=(), wants_assessment=True)
