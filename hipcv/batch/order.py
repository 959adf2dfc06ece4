"""A batch as it is asked for, and how it is carried out from the list to the tables."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from hipcv.batch.input.clip import Clip, Key
from hipcv.batch.input.manifest import Defaults, find_carried, read_clips
from hipcv.batch.output.contents import Contents
from hipcv.batch.output.outcome_files import write_clip
from hipcv.batch.output.result_folder import LEDGER, LOCK, clean, write_results
from hipcv.batch.run.engine import WorkEngine, count_workers, open_cluster, open_local
from hipcv.batch.run.job import Scored
from hipcv.batch.run.ledger import Ledger, open_ledger
from hipcv.batch.run.plan import Plan
from hipcv.batch.run.run import Listener, Run
from hipcv.batch.run.worker import Limits
from hipcv.core.errors import BatchError, HipcvError
from hipcv.core.procedures import TestName
from hipcv.files import told, try_writing
from hipcv.models.store import Progress, find_model, get_model
from hipcv.words import ModelName


@dataclass(frozen=True, slots=True)
class Order:
    """What a user wants measured.

    Attributes
    ----------
    asked : one list, or folders, globs, files and URLs.
    out : the folder of the results.
    defaults : what holds where the list says nothing.
    model_name, model_path : which pose model, and where to look for it first.
    n_workers : None for as many as this machine feeds.
    scheduler : address of a Dask scheduler; None for this machine.
    wants_reports : whether every recording gets its page.
    retry : whether recordings that an earlier run set aside are tried again.
    """

    asked: tuple[str, ...]
    out: Path
    defaults: Defaults = field(default_factory=Defaults)
    model_name: ModelName = ModelName.HEAVY
    model_path: Path | None = None
    n_workers: int | None = None
    scheduler: str | None = None
    limits: Limits = field(default_factory=Limits)
    wants_reports: bool = True
    retry: bool = False

    def clips(self) -> list[Clip]:
        """Return every recording that is meant; errors as in `read_clips`.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Path(folder, "S01_seated.mp4").touch()
        ...     [clip.name for clip in Order((folder,), out=Path(folder, "results")).clips()]
        ['S01_seated.mp4']
        """
        return read_clips(self.asked, self.defaults, leave_out=self.out)

    def open_engine(self) -> WorkEngine:
        """Return where the work is to be done.

        Examples
        --------
        >>> with Order((), Path("results"), n_workers=1).open_engine() as engine:  # starts no process yet
        ...     engine.label
        '1 worker on this machine'
        """
        return open_cluster(self.scheduler, self.limits) if self.scheduler else open_local(self.n_workers, self.limits)


@dataclass(frozen=True, slots=True)
class Overview:
    """What a batch would do: recordings by test and by who says so, and what is still missing to begin.

    `carried` are columns of the list that are not understood and go along into the results.
    """

    n_clips: int
    tests: Counter[tuple[str, str]]
    n_subjects: int
    n_with_readings: int
    carried: tuple[str, ...]
    place: str
    model_found: bool


def look_over(order: Order) -> Overview:
    """Read and check the list without measuring anything or writing a file; errors as in `carry_out`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "S01_seated.mp4").touch()
    ...     overview = look_over(Order((folder,), out=Path(folder, "results"), n_workers=2))
    >>> overview.n_clips, dict(overview.tests), overview.place
    (1, {('seated', 'file name'): 1}, '2 workers on this machine')
    """
    clips = order.clips()
    n_workers = order.n_workers or count_workers()
    workers = "1 worker" if n_workers == 1 else f"{n_workers} workers"
    return Overview(
        n_clips=len(clips),
        tests=Counter((str(clip.test or " or ".join(TestName)), str(clip.test_told_by)) for clip in clips),
        n_subjects=len({clip.subject for clip in clips if clip.subject}),
        n_with_readings=sum(bool(clip.references) for clip in clips),
        carried=find_carried(clips),
        place=f"the cluster at {order.scheduler}" if order.scheduler else f"{workers} on this machine",
        model_found=find_model(order.model_name, order.model_path) is not None,
    )


def carry_out(order: Order, listener: Listener, on_fetch: Progress | None = None) -> Contents:
    """Get every recording measured that is not finished yet, and write the results.

    The same order given again after whatever ended it goes on where it was: nothing is lost and nothing done twice.

    Raises
    ------
    ListError
        With every fault of the list, before anything is started.
    BatchError, SourceError, ModelError, OutputError
        Where it cannot begin or go on; what was finished is kept, and the tables tell it.
    """
    clips = order.clips()
    if carried := find_carried(clips):
        listener.carried(carried)
    model = get_model(order.model_name, order.model_path, on_fetch)
    plan = Plan(str(order.model_name), model.sha256, order.model_path, order.wants_reports)

    def write_files(clip: Clip, key: Key, answer: Scored) -> None:
        write_clip(order.out, clip, key, answer.document, answer.files)

    with _alone(order.out), open_ledger(order.out / LEDGER) as ledger:
        clean(order.out)
        if order.retry:
            ledger.forget_refused()
        with order.open_engine() as engine:
            run = Run(clips, plan, ledger, engine, listener, write_files)
            started_at = _now()

            def write() -> Contents:
                return write_results(
                    order.out, plan, clips, run.finished, ledger, _facts(order, run, ledger, started_at)
                )

            try:
                run.go()
            except (HipcvError, KeyboardInterrupt):
                engine.close()
                with suppress(HipcvError):  # the first error is the one to tell
                    write()
                raise
        return write()


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep a second batch out of the folder; the lock vanishes with the process that holds it."""
    try_writing(out / LOCK)
    with told(out):
        out.mkdir(parents=True, exist_ok=True)
        try:
            held = FileLock(out / LOCK).acquire(timeout=0)
        except Timeout as error:
            sentence = f"Another batch is writing to {out}: wait for it, or name another folder with -o."
            raise BatchError(sentence) from error
    with held:
        yield


def _facts(order: Order, run: Run, ledger: Ledger, started_at: str) -> dict[str, Any]:
    tally, defaults = run.tally, order.defaults
    n_new = tally.n_done - tally.n_before
    return {
        "parameters": {
            "test": None if defaults.test is None else str(defaults.test),
            "effort": str(defaults.effort),
            "legs": None if defaults.legs is None else str(defaults.legs),
            "motion": str(defaults.motion),
            "mirrored": defaults.mirrored,
            "slow_motion": defaults.slow_motion,
        },
        "measuring_s": round(ledger.measuring_s(), 3),
        "limits": {
            "stall_s": order.limits.stall_s,
            "memory_mb": order.limits.memory_mb,
            "recordings_per_process": order.limits.jobs_per_process,
        },
        "this_run": {
            "place": run.engine.label,
            "workers": tally.n_workers,
            "started_at": started_at,
            "ended_at": _now(),
            "wall_s": round(tally.wall_s, 3),
            "finished_before": tally.n_before,
            "finished": n_new,
            "measuring_s": round(tally.busy_s, 3),
            "processor_s": round(tally.cpu_s, 3),
            "recorded_s": round(tally.clip_s, 3),
            "peak_worker_memory_mb": round(tally.peak_memory_mb, 1) or None,
        },
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
