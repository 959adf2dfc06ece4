"""What of a live test stays in memory: legs at rest before it, the test, a moment after; of a long one its holds."""

import math

import numpy as np

from hipcv.core.motion.filtering import runs
from hipcv.live.coach import Coaching, Hold, Phase
from hipcv.session import Session

#: Before the first trial no more than this is kept: it shows the legs at rest and the room.
LEAD_S = 3.0
#: After the last trial so much is recorded on: a recording ends at rest.
TAIL_S = 1.0
#: A test takes two minutes. Of one that drags on, what is older than this is forgotten, except around captured holds;
#: looked at so often, for a second of pictures takes half a megabyte.
MAX_KEPT_S, FORGET_EVERY_S = 180.0, 3.0
AROUND_HOLD_S = 4.0


class KeptSpan:
    """Forgets in a session what does not belong to the test, so that memory does not grow."""

    def __init__(self) -> None:
        self._holds: list[Hold] = []
        self._complete_s, self._next_forget_s = math.inf, -math.inf

    def over(self, time_s: float) -> bool:
        """Whether the moment after the last trial has passed.

        Examples
        --------
        >>> KeptSpan().over(10.0)  # no trial is complete
        False
        """
        return time_s - self._complete_s >= TAIL_S

    def trim(self, session: Session, coaching: Coaching, time_s: float, *, started: bool, began: bool) -> float | None:
        """Forget what is not wanted any more after the newest frame, of `time_s`, has come.

        Parameters
        ----------
        session, coaching : what is kept, and where the test stands.
        started, began : whether the first trial is under way, and whether this frame began it.

        Returns
        -------
        Seconds before which readings of other kinds may be forgotten, too; None where nothing was forgotten.
        """
        if coaching.hold is not None:
            self._holds.append(coaching.hold)
        if coaching.phase is Phase.COMPLETE:
            self._complete_s = min(self._complete_s, time_s)
            if time_s - self._complete_s > TAIL_S:
                session.forget(slice(-1, None))
        elif (not started and time_s - session.start_s > 2 * LEAD_S) or began:
            session.forget(slice(0, int(np.searchsorted(session.times_s(), time_s - LEAD_S))))
            return time_s - LEAD_S
        elif time_s - session.start_s > MAX_KEPT_S and time_s >= self._next_forget_s:
            self._next_forget_s = time_s + FORGET_EVERY_S
            self._forget_old(session, time_s - MAX_KEPT_S)
            return time_s - MAX_KEPT_S
        return None

    def _forget_old(self, session: Session, before_s: float) -> None:
        """Drop what is older and not near a captured hold."""
        times = session.times_s()
        kept = times >= before_s
        for hold in self._holds:
            kept |= (times >= hold.start_s - AROUND_HOLD_S) & (times <= hold.stop_s + AROUND_HOLD_S)
        for start, stop in reversed(runs(~kept)):
            session.forget(slice(start, stop))
