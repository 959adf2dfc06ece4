"""A test in front of a camera: guided while it runs, measured precisely once a trial has ended.

Every frame goes through the same `Session` as a recorded file, with a fast pose model. The frames of a swing are kept
in memory, packed, until the leg is back; then those near the end of range are measured again with the precise model, on
a thread of its own, and take the place of the fast ones in the series that is assessed.
"""

from hipcv.live.held_frames import Remeasured
from hipcv.live.livetest import LiveReading, LiveTest, roll_shift_deg
from hipcv.live.swing import MAX_REMEASURED, pick_held

__all__ = ["MAX_REMEASURED", "LiveReading", "LiveTest", "Remeasured", "pick_held", "roll_shift_deg"]
