"""One command of hipcv with a clock in its stages; prints as JSON the processor time that each one took, seconds.

    python benchmarks/stages.py measure CLIP --test seated --json --quiet

Time is that of the thread that works, and what a stage calls that is a stage of its own is taken off it. Give it
OMP_NUM_THREADS=1: then every library works on the thread that calls it, but for the encoder of the annotated video, to
which what no other thread spent is counted.
"""

import importlib
import json
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any

START, DECODE, CONVERT, KEEP, ROOM, LOAD, SEARCH, NETWORK, PEOPLE, NUMBERS, DRAW, ENCODE, WRITE = STAGES = (
    *("start-up", "decoding", "converting", "keeping", "room and cuts", "loading", "search", "network", "people"),
    *("numbers", "drawing", "encoding", "documents"),
)
#: What belongs to a stage: module, name in it, stage.
CLOCKED = (
    ("hipcv.sources.readahead", "_fill", DECODE),
    ("hipcv.measurement", "open_video", DECODE),
    ("hipcv.sources.picture", "RgbMaker.make", CONVERT),
    ("hipcv.pose.legs.reader", "encode_still", KEEP),
    ("hipcv.pose.legs.reader", "_unpack", KEEP),
    ("hipcv.sources.survey", "encode_still", KEEP),
    ("hipcv.sources.survey", "_unpack", KEEP),
    ("hipcv.sources.survey", "Survey.add", ROOM),
    ("hipcv.measurement", "find_part", ROOM),
    ("hipcv.sources.edges", "StillRoom.add", ROOM),
    ("hipcv.sources.edges", "StillRoom.find_edges", ROOM),
    ("hipcv.sources.edges", "StillRoom.camera_motion_px", ROOM),
    ("hipcv.pose.legs.network", "load_network", LOAD),
    ("hipcv.pose.legs.people", "load_network", LOAD),
    ("hipcv.pose.legs.reader", "LegReader._search", SEARCH),
    ("hipcv.pose.legs.network", "LandmarkNetwork.__call__", NETWORK),
    ("hipcv.pose.legs.people", "PersonDetector._look", PEOPLE),
    ("hipcv.session", "Session.finish", NUMBERS),
    ("hipcv.outputs.overlay", "Overlay.draw", DRAW),
    ("hipcv.outputs.faces", "FaceCover.__call__", DRAW),
    ("hipcv.outputs.stills", "draw_still", DRAW),
    ("hipcv.outputs.overlay", "_write_video", ENCODE),
    ("hipcv.cli", "_write", WRITE),
    ("hipcv.cli", "_print", WRITE),
)


class _Own(threading.local):
    """The stages that a thread is in, and until when its time is counted."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.since_s = 0.0


class StageClock:
    """Adds up what each stage spends on every thread, and the looks that are taken in it."""

    def __init__(self) -> None:
        self.spent_s: defaultdict[str, float] = defaultdict(float)
        self.n_looks: Counter[str] = Counter()
        self._own = _Own()
        self._lock = threading.Lock()

    def clocked(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with its time counted to a stage."""

        @wraps(function)
        def counted(*args: Any, **kwargs: Any) -> Any:
            now = self._charge()
            # looks that search are the search's
            now.append(SEARCH if stage == NETWORK and SEARCH in now else stage)
            with self._lock:
                self.n_looks[now[-1]] += stage == NETWORK
            try:
                return function(*args, **kwargs)
            finally:
                self._charge()
                now.pop()

        return counted

    def _charge(self) -> list[str]:
        """Count what this thread spent since the last call to the stage that it is in; return the stages it is in."""
        spent_s, own = time.thread_time(), self._own
        with self._lock:
            self.spent_s[own.stages[-1] if own.stages else START] += spent_s - own.since_s
        own.since_s = spent_s
        return own.stages

    def report(self) -> dict[str, float]:
        """Return the seconds of every stage, and how many looks the network took; call it on the main thread."""
        self._charge()
        total_s = time.process_time()
        self.spent_s[ENCODE] += max(0.0, total_s - sum(self.spent_s.values()))
        looks = {f"looks, {stage}": self.n_looks[stage] for stage in (SEARCH, NETWORK)}
        return {"total": total_s, **{stage: self.spent_s[stage] for stage in STAGES}, **looks}


def main() -> None:
    """Run the command under the clock."""
    import cv2

    cv2.setNumThreads(1)
    clock = StageClock()
    for module, name, stage in CLOCKED:
        owner: Any = importlib.import_module(module)
        *path, last = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, last, clock.clocked(stage, getattr(owner, last)))
    from hipcv.cli import app

    try:
        app(sys.argv[1:])
    except SystemExit as left:
        print("\n" + json.dumps(clock.report()))
        sys.exit(left.code)


if __name__ == "__main__":
    main()
