"""How long one recording may hold a worker that others wait for."""

from dataclasses import dataclass, field

from hipcv_server.settings import JobLimits
from hipcv_server.worker import Told

#: So long a worker reads before it is said how long the whole will take.
SURE_AFTER_S = 20.0
#: Only what would take so many times longer than it may is given up early: the machine may be busy just now.
CLEARLY = 2.0


def stalled(told: Told, quiet_s: float, limits: JobLimits) -> bool:
    """Tell whether a worker that has said nothing for `quiet_s` hangs; while it assesses it has nothing to say.

    Examples
    --------
    >>> stalled(Told("reading"), 100.0, JobLimits()), stalled(Told("assessing"), 100.0, JobLimits())
    (True, False)
    """
    return told.stage != "assessing" and quiet_s > limits.stall_s


def work_budget_s(limits: JobLimits, length_s: float | None) -> float:
    """Return how long the work on a recording may take, by its own length; the most where that is not known yet.

    Examples
    --------
    >>> limits = JobLimits()
    >>> work_budget_s(limits, 20.0), work_budget_s(limits, 600.0), work_budget_s(limits, None)
    (460.0, 1200.0, 1200.0)
    """
    if length_s is None:
        return limits.max_work_s
    return min(limits.max_work_s, limits.min_work_s + limits.work_s_per_s * length_s)


@dataclass(slots=True)
class Budget:
    """The wall time of one recording, from its first frame on; opening it and fetching a model do not count.

    Parameters
    ----------
    limits : what the work on one recording may take.

    Examples
    --------
    >>> budget = Budget(JobLimits(max_work_s=1200.0))
    >>> budget.excess(Told("reading", 0, 900), now_s=0.0) is None
    True
    >>> budget.excess(Told("reading", 9, 9000), now_s=30.0)[:58]
    'Wanted a recording that this server measures in 20 minutes'
    """

    limits: JobLimits
    _began_s: float | None = field(default=None, init=False)

    def excess(self, told: Told, now_s: float) -> str | None:
        """Return in a sentence why the work is to end; None where it may go on.

        Parameters
        ----------
        told : how far the worker is.
        now_s : seconds of a clock that never goes back.
        """
        if self._began_s is None:
            if told.stage != "reading":
                return None
            self._began_s = now_s
        limit_s, worked_s = work_budget_s(self.limits, told.length_s), now_s - self._began_s
        if worked_s > limit_s:
            return _sentence(limit_s, "found one that takes longer")
        if told.stage != "reading" or not told.n_total or not told.n_done or worked_s < SURE_AFTER_S:
            return None
        whole_s = worked_s * told.n_total / told.n_done
        if whole_s <= CLEARLY * limit_s:
            return None
        return _sentence(limit_s, f"found one that would take about {whole_s / 60:.0f} minutes")


def _sentence(limit_s: float, found: str) -> str:
    return (
        f"Wanted a recording that this server measures in {limit_s / 60:g} minutes, {found}: "
        "cut it to the test itself, or export it with 1080p and 30 frames a second."
    )
