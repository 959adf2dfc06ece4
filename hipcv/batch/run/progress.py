"""Tells a person, or a program, how a batch goes."""

import json
import sys
import time
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hipcv.batch.input.clip import Clip
from hipcv.batch.input.manifest import COLUMNS, carried_sentence
from hipcv.batch.run.job import Refused, Scored
from hipcv.batch.run.tally import Tally
from hipcv.printable import printable

#: Where nobody watches a terminal, a line is printed this often.
LINE_INTERVAL_S = 30.0


class Silence:
    """Says nothing.

    Examples
    --------
    >>> from hipcv.batch.run.job import Refusal
    >>> clip, refused, tally = Clip(1, "S01.mp4", "/S01.mp4"), Refused(Refusal.HUNG, "It hung."), Tally(n_clips=1)
    >>> silence = Silence()
    >>> silence.carried(("clinic",))
    >>> silence.begun(tally, "1 worker on this machine", was_killed=False)
    >>> silence.tried_again(clip, refused)
    >>> silence.finished(clip, refused, tally)
    """

    def carried(self, columns: tuple[str, ...]) -> None:
        """Say nothing."""

    def begun(self, tally: Tally, place: str, *, was_killed: bool) -> None:
        """Say nothing."""

    def finished(self, clip: Clip, answer: Scored | Refused, tally: Tally) -> None:
        """Say nothing."""

    def tried_again(self, clip: Clip, refused: Refused) -> None:
        """Say nothing."""


class Bar:
    """A bar with rate and time left on a terminal; elsewhere a line every half minute.

    Examples
    --------
    >>> import io
    >>> from hipcv.batch.run.job import Refusal
    >>> clip, refused, tally = Clip(1, "S01.mp4", "/S01.mp4"), Refused(Refusal.HUNG, "It hung."), Tally(n_clips=1)
    >>> page = io.StringIO()
    >>> bar = Bar(Console(file=page))
    >>> bar.carried(("clinic",))
    >>> bar.begun(tally, "1 worker on this machine", was_killed=False)
    >>> bar.tried_again(clip, refused)
    >>> bar.finished(clip, refused, tally)
    >>> for line in page.getvalue().splitlines()[1:4]:
    ...     print(line)
    1 recording; measuring with 1 worker on this machine.
    Trying S01.mp4 once more. It hung.
    Set aside: S01.mp4. It hung.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("Measuring", total=None, pace="")
        self._next_line_s = 0.0

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def carried(self, columns: tuple[str, ...]) -> None:
        """Name the columns that are not understood."""
        self._say(carried_sentence(columns))

    def begun(self, tally: Tally, place: str, *, was_killed: bool) -> None:
        """Say what is to be done, and what an earlier run left."""
        if was_killed:
            self._say("The last run of this batch ended abruptly; what it had finished is kept.")
        before = f", {tally.n_before} of them finished before" if tally.n_before else ""
        self._say(f"{_count(tally.n_clips, 'recording')}{before}; measuring with {place}.")
        self._progress.update(self._task, total=tally.n_clips, completed=tally.n_before)

    def finished(self, clip: Clip, answer: Scored | Refused, tally: Tally) -> None:
        """Move the bar, and name what was set aside."""
        if isinstance(answer, Refused):
            self._say(f"Set aside: {clip.name}. {answer.sentence}")
        pace = _pace(tally)
        self._progress.update(self._task, completed=tally.n_done, pace=pace)
        now_s = time.monotonic()
        if not self._console.is_terminal and (now_s >= self._next_line_s or tally.n_done == tally.n_clips):
            self._next_line_s = now_s + LINE_INTERVAL_S
            self._say(f"{tally.n_done} of {tally.n_clips}, {pace}")

    def tried_again(self, clip: Clip, refused: Refused) -> None:
        """Say which recording gets its second try."""
        self._say(f"Trying {clip.name} once more. {refused.sentence}")

    def _say(self, line: str) -> None:
        self._console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


class JsonLines:
    """One JSON object a line for every event.

    Examples
    --------
    >>> import io
    >>> from hipcv.batch.run.job import Refusal
    >>> clip, refused, tally = Clip(1, "S01.mp4", "/S01.mp4"), Refused(Refusal.HUNG, "It hung."), Tally(n_clips=1)
    >>> page = io.StringIO()
    >>> lines = JsonLines(page)
    >>> lines.carried(("clinic",))
    >>> lines.begun(tally, "1 worker", was_killed=False)
    >>> lines.tried_again(clip, refused)
    >>> lines.finished(clip, refused, tally)
    >>> lines.say("ended", n=1)
    >>> [json.loads(line)["event"] for line in page.getvalue().splitlines()]
    ['carried', 'begun', 'tried_again', 'finished', 'ended']
    """

    def __init__(self, out: IO[str] | None = None) -> None:
        self._out = out or sys.stdout

    def say(self, event: str, **fields: object) -> None:
        """Write one event at once."""
        print(printable(json.dumps({"event": event, **fields}, ensure_ascii=False)), file=self._out, flush=True)

    def carried(self, columns: tuple[str, ...]) -> None:
        """Write which columns are not understood."""
        self.say("carried", columns=columns, known=tuple(COLUMNS))

    def begun(self, tally: Tally, place: str, *, was_killed: bool) -> None:
        """Write what is to be done."""
        self.say("begun", n_clips=tally.n_clips, n_before=tally.n_before, place=place, last_run_was_killed=was_killed)

    def finished(self, clip: Clip, answer: Scored | Refused, tally: Tally) -> None:
        """Write what came of one recording."""
        refused = isinstance(answer, Refused)
        self.say(
            "finished",
            row=clip.row,
            clip=clip.name,
            subject=clip.subject,
            status="set_aside" if isinstance(answer, Refused) else answer.document["status"],
            reason=answer.sentence if isinstance(answer, Refused) else None,
            wall_s=None if refused else round(answer.wall_s, 3),
            n_done=tally.n_done,
            n_clips=tally.n_clips,
            clips_per_hour=_rounded(tally.clips_per_hour),
            left_s=_rounded(tally.left_s),
        )

    def tried_again(self, clip: Clip, refused: Refused) -> None:
        """Write which recording gets its second try."""
        self.say("tried_again", row=clip.row, clip=clip.name, reason=refused.sentence)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _pace(tally: Tally) -> str:
    if tally.clips_per_hour is None or tally.left_s is None:
        return ""
    minutes, seconds = divmod(round(tally.left_s), 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{tally.clips_per_hour:.0f} an hour, {left} left"


def _count(n: int, noun: str) -> str:
    return f"1 {noun}" if n == 1 else f"{n} {noun}s"
