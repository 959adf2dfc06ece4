"""How often a child tells how far it is: signs of life are cheap, but not one for every frame."""

import time


class Pace:
    """Says when something is due to be told: at once where its kind is new, else no more often than `every_s`.

    Examples
    --------
    >>> pace = Pace(every_s=60.0)
    >>> pace.due("reading"), pace.due("reading"), pace.due("assessing")
    (True, False, True)
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._last: tuple[object, float] | None = None

    def due(self, kind: object = None) -> bool:
        """Tell whether it is time, and count from now on if it is."""
        now_s = time.monotonic()
        if self._last is not None and self._last[0] == kind and now_s - self._last[1] < self._every_s:
            return False
        self._last = kind, now_s
        return True
