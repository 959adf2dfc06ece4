"""Gets a list of recordings measured: what is finished is left alone, what dies is tried once more, the rest go on."""

import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

from hipcv.batch.input.clip import Clip, Key
from hipcv.batch.input.length import find_shares
from hipcv.batch.input.remote import is_url
from hipcv.batch.run.engine import WORKER_PATIENCE_S, WorkEngine, lost
from hipcv.batch.run.job import Identity, Refusal, Refused, Reply, Scored
from hipcv.batch.run.plan import Plan
from hipcv.batch.run.scoring import file_stamp
from hipcv.batch.run.tally import Tally
from hipcv.core.errors import BatchError

#: A recording that crashes or hangs its worker is tried so often before it is set aside.
N_ATTEMPTS = 2
_LOOK_AGAIN_S = 2.0


class Book(Protocol):
    """Where a run looks up what is finished and writes down what comes; `Ledger` is one on the disk."""

    def files(self) -> Mapping[str, Identity]:
        """Return every file that was read before, by its path or URL."""

    def add_file(self, source: str, identity: Identity) -> None:
        """Remember what bytes a file holds."""

    def keys(self) -> Collection[Key]:
        """Return the keys of all recordings that are finished."""

    def add(self, key: Key, answer: Scored | Refused) -> bool:
        """Write down what came of a recording; False where nothing was: the same bytes are measured again."""

    def begin_run(self) -> bool:
        """Note a start; return whether the run before was killed."""

    def end_run(self) -> None:
        """Note that the run came to its end."""


#: Told of every recording that was read, before it counts as finished: the time to write its files.
OnScored = Callable[[Clip, Key, Scored], None]


class Listener(Protocol):
    """Told how a batch goes."""

    def carried(self, columns: tuple[str, ...]) -> None:
        """Before anything starts: columns of the list that are not understood and only carried along."""

    def begun(self, tally: Tally, place: str, *, was_killed: bool) -> None:
        """Start: `place` is where the work is done; `was_killed` says that the run before ended abruptly."""

    def finished(self, clip: Clip, answer: Scored | Refused, tally: Tally) -> None:
        """One more recording is finished and on the disk."""

    def tried_again(self, clip: Clip, refused: Refused) -> None:
        """One more try: a recording killed or hung its worker."""


@dataclass(slots=True)
class Finished:
    """What a batch knows at its end: each row's key, and why the rows without one have none."""

    keys: dict[int, Key] = field(default_factory=dict)
    unread: dict[int, Refused] = field(default_factory=dict)


@dataclass(slots=True)
class _Work:
    clip: Clip
    key: Key | None = None
    identity: Identity | None = None
    attempt: int = 1


class Run:
    """One run over a list: `go` does the work, `results` does it step by step and yields what comes.

    Parameters
    ----------
    clips, plan : what is asked for.
    book : what is finished, and where it is written down.
    engine : where the work is done.
    listener : told how it goes.
    on_scored : told of every recording that was read, before the book is.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from hipcv.batch.run.engine import open_local
    >>> from hipcv.batch.run.ledger import open_ledger
    >>> from hipcv.batch.run.progress import Silence
    >>> with TemporaryDirectory() as folder, open_local(1) as engine, open_ledger(Path(folder, "ledger")) as ledger:
    ...     clip = Clip(1, "gone.mp4", str(Path(folder, "gone.mp4")))
    ...     run = Run([clip], Plan("heavy", "0" * 64), ledger, engine, Silence())
    ...     [(clip.name, answer.refusal) for clip, answer in run.results()]
    ...     Run([], run.plan, ledger, engine, Silence()).go()
    [('gone.mp4', <Refusal.GONE: 'gone'>)]
    >>> run.tally.n_set_aside
    1
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        plan: Plan,
        book: Book,
        engine: WorkEngine,
        listener: Listener,
        on_scored: OnScored = lambda clip, key, answer: None,
    ) -> None:
        self.plan, self.book, self.engine, self.listener = plan, book, engine, listener
        self._on_scored = on_scored
        self.clips = clips
        self.finished = Finished()
        self.tally = Tally(len(clips))
        self._files = book.files()
        self._done = set(book.keys())
        self._shares = find_shares(clips)
        self._followers: dict[Key, list[Clip]] = {}
        self._in_flight: dict[Future[Reply], _Work] = {}
        self._ready: SimpleQueue[Future[Reply]] = SimpleQueue()
        self._fresh: deque[tuple[Clip, Scored | Refused]] = deque()

    def go(self) -> None:
        """Get everything measured that is not finished yet; errors as in `results`."""
        with closing(self.results()) as results:
            deque(results, maxlen=0)

    def results(self) -> Generator[tuple[Clip, Scored | Refused], None, None]:
        """Yield every recording that was not finished before, with what came of it, as it is finished.

        Raises
        ------
        BatchError, OutputError
            Where it cannot go on: the disk is full, a share or the cluster has vanished, workers lack the model. What
            was finished stays finished.
        """
        was_killed = self.book.begin_run()
        try:
            yield from self._go(was_killed=was_killed)
        finally:
            with suppress(BatchError):  # a full disk has been told already
                self.book.end_run()

    def _go(self, *, was_killed: bool) -> Generator[tuple[Clip, Scored | Refused], None, None]:
        todo = deque(self._find_unfinished())
        self.tally.n_before = self.tally.n_done
        self._left = self._to_do = sum(self._shares[clip.row] for clip in todo)
        self.tally.started_s = time.monotonic()
        self.listener.begun(self.tally, self.engine.label, was_killed=was_killed)
        last_slot_s = time.monotonic()
        while todo or self._in_flight:
            n_slots = self.engine.count_slots()
            self.tally.n_workers = max(self.tally.n_workers, n_slots)
            last_slot_s = time.monotonic() if n_slots else last_slot_s
            if time.monotonic() - last_slot_s > WORKER_PATIENCE_S:
                sentence = f"No worker is left on {self.engine.label}: start some and run the same command again."
                raise BatchError(sentence)
            while todo and len(self._in_flight) < n_slots:
                clip = todo.popleft()
                self._watch(self.engine.identify(clip.source, self._files.get(clip.source)), _Work(clip))
            with suppress(Empty):
                future = self._ready.get(timeout=_LOOK_AGAIN_S)
                self._take(future, self._in_flight.pop(future))
                del future  # results are large
            while self._fresh:
                yield self._fresh.popleft()

    def _watch(self, future: Future[Reply], work: _Work) -> None:
        self._in_flight[future] = work
        future.add_done_callback(self._ready.put)

    def _find_unfinished(self) -> list[Clip]:
        """Return what is not known to be finished, the longest first so that no long one is left for the end."""
        unfinished = []
        for clip in self.clips:
            known = self._files.get(clip.source)
            if known is not None and not is_url(clip.source) and known.stamp == _stamp(clip.source):
                key = self.plan.key(clip, known.clip_sha256)
                if key in self._done:
                    self._count_finished_before(clip, key)
                    continue
            unfinished.append(clip)
        return sorted(unfinished, key=lambda clip: (-self._shares[clip.row], clip.row))

    def _count_finished_before(self, clip: Clip, key: Key) -> None:
        self.finished.keys[clip.row] = key
        self.tally.n_done += 1

    # ------------------------------------------------------------------------------------------------------- answers

    def _take(self, future: Future[Reply], work: _Work) -> None:
        answer = self._result(future)
        match answer:
            case Identity():
                self._identified(work, answer)
            case Scored():
                self._scored(work, answer)
            case Refused():
                self._refused(work, answer)

    def _result(self, future: Future[Reply]) -> Reply:
        try:
            return future.result()
        except CancelledError as error:
            raise lost(self.engine.label) from error
        except Exception as error:
            # Dask gives up on a call after several of its workers died under it
            if type(error).__name__ == "KilledWorker":
                return Refused(
                    Refusal.CRASHED, "Several workers of the cluster died while they measured it.", str(error)
                )
            sentence = f"Could not run hipcv with {self.engine.label} ({type(error).__name__}: {error}): check it."
            raise BatchError(sentence) from error

    def _identified(self, work: _Work, identity: Identity) -> None:
        clip = work.clip
        if identity != self._files.get(clip.source):
            self.book.add_file(clip.source, identity)
        work.identity = identity
        key = work.key = self.plan.key(clip, identity.clip_sha256)
        if key in self._done:
            self._count_finished_before(clip, key)
            self.tally.n_before += 1
            self._to_do -= self._shares[clip.row]
            self._count_share(clip)
        elif key in self._followers:
            self._followers[key].append(clip)
        else:
            self._followers[key] = []
            self._watch(self.engine.score(self.plan.job(clip, identity)), work)

    def _scored(self, work: _Work, answer: Scored) -> None:
        assert work.key is not None
        self.tally.busy_s += answer.wall_s
        self.tally.cpu_s += answer.cpu_s
        self.tally.clip_s += answer.clip_s
        self.tally.peak_memory_mb = max(self.tally.peak_memory_mb, answer.peak_memory_mb)  # a NaN changes nothing
        for clip in (work.clip, *self._followers[work.key]):
            self._on_scored(clip, work.key, answer)
        self._finish(work.clip, work.key, answer)

    def _refused(self, work: _Work, answer: Refused) -> None:
        self.tally.busy_s += answer.wall_s
        if answer.refusal is Refusal.WORKER_UNFIT:
            raise BatchError(answer.sentence)
        if answer.refusal.worth_another_try and work.attempt < N_ATTEMPTS:
            self.listener.tried_again(work.clip, answer)
            work.attempt += 1
            self._watch(self.engine.score(self.plan.job(work.clip, work.identity)), work)
            return
        if answer.refusal in (Refusal.GONE, Refusal.UNREADABLE) and not is_url(work.clip.source):
            self._check_folder(work.clip)
        if work.key is None or answer.refusal is Refusal.GONE:
            # what could not be read has no bytes to be known by: it is looked at again next time
            for clip in (work.clip, *self._followers.pop(work.key, ())) if work.key else (work.clip,):
                self.finished.unread[clip.row] = answer
                self._count(clip, answer)
        else:
            self._finish(work.clip, work.key, answer)

    def _check_folder(self, clip: Clip) -> None:
        folder = Path(clip.source).parent
        try:
            next(folder.iterdir(), None)
        except OSError as error:
            sentence = f"The folder {folder} was there when the batch began and cannot be reached any more: connect it"
            raise BatchError(f"{sentence} again and run the same command; what is finished stays finished.") from error

    def _finish(self, clip: Clip, key: Key, answer: Scored | Refused) -> None:
        """Put a result on the disk, then count it."""
        if self.book.add(key, answer):
            self._done.add(key)
        for same in (clip, *self._followers.pop(key)):
            self.finished.keys[same.row] = key
            self._count(same, answer)

    def _count(self, clip: Clip, answer: Scored | Refused) -> None:
        tally = self.tally
        tally.n_done += 1
        if isinstance(answer, Refused):
            tally.n_set_aside += 1
        elif answer.document["status"] == "measured":
            tally.n_measured += 1
        else:
            tally.n_not_measured += 1
        self._count_share(clip)
        self.listener.finished(clip, answer, tally)
        self._fresh.append((clip, answer))

    def _count_share(self, clip: Clip) -> None:
        self._left -= self._shares[clip.row]
        self.tally.share_left = max(self._left, 0.0) / max(self._to_do, 1e-12)


def _stamp(source: str) -> str:
    try:
        return file_stamp(source)
    except OSError:
        return ""
