"""How far a batch has come."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """How far a batch has come; times in seconds.

    `n_done` counts what is finished, `n_before` of these by an earlier run; `share_left` is the share of this
    run's work that is still to do, by the length of the recordings. `busy_s` is the time that workers spent measuring,
    `cpu_s` what the processors worked for it, and `peak_memory_mb` the largest memory that one of them held, 0 where
    no system says it; `n_workers` is the most that there were at once.
    """

    n_clips: int
    n_before: int = 0
    n_done: int = 0
    n_measured: int = 0
    n_not_measured: int = 0
    n_set_aside: int = 0
    share_left: float = 1.0
    busy_s: float = 0.0
    cpu_s: float = 0.0
    clip_s: float = 0.0
    peak_memory_mb: float = 0.0
    n_workers: int = 0
    started_s: float = field(default_factory=time.monotonic)

    @property
    def wall_s(self) -> float:
        """Time since the run began."""
        return time.monotonic() - self.started_s

    @property
    def clips_per_hour(self) -> float | None:
        """Recordings finished an hour by this run, None before the first."""
        n = self.n_done - self.n_before
        return n / self.wall_s * 3600 if n else None

    @property
    def left_s(self) -> float | None:
        """Time that the rest will take, None before the first recording is finished."""
        done = 1 - self.share_left
        return self.wall_s / done * self.share_left if done > 0 and self.n_done > self.n_before else None
