"""A process that holds one live session: its estimator, its series, its kept frames."""

import json
import logging
import math
import shutil
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipcv.core.answers import SidePain
from hipcv.core.errors import HipcvError, OutputError, SourceError
from hipcv.native.chatter import own_process
from hipcv.process.inside import Connection
from hipcv.words import SIDES, EndPoint
from hipcv_server import logs
from hipcv_server.disk import disk_trouble
from hipcv_server.problems import ProblemError, disk_full, problem_of
from hipcv_server.schemas import StartMessage
from hipcv_server.settings import Settings

log = logging.getLogger("hipcv.server")

#: So long a result waits for somebody to say whether it hurt: they have to come to the screen first.
PAIN_WITHIN_S = 60.0

if TYPE_CHECKING:
    from hipcv.assessment import Assessment
    from hipcv.core.series import FloatArray
    from hipcv.core.skeleton import Skeleton
    from hipcv.live.coach import Coaching
    from hipcv.live.livetest import LiveReading, LiveTest


@dataclass(frozen=True, slots=True)
class Look:
    """A frame to look at: its number, capture time, gravity if any, and the picture as it came."""

    n: int
    time_s: float
    gravity: dict[str, Any] | None
    picture: bytes


@dataclass(frozen=True, slots=True)
class Command:
    """`go`, `skip` or `finish`; the last with how many frames were skipped."""

    name: str
    n_skipped: int = 0


@dataclass(frozen=True, slots=True)
class Pain:
    """What was said once the test was over, of pain and of what ended the movement; None where nobody said."""

    left: SidePain | None = None
    right: SidePain | None = None
    end_point: EndPoint | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """Where the knees are of who is tested, in shares of the picture's width and height."""

    place: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ready:
    """The models are loaded; frames are welcome."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The answer to one frame; `complete` where nothing is left to record."""

    message: dict[str, Any]
    complete: bool


@dataclass(frozen=True, slots=True)
class Say:
    """A message for the browser that is no answer to a frame."""

    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """The end: the assessment as JSON text, from how many frames, and whether its pictures are kept."""

    document: str
    n_frames: int
    kept: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The session cannot go on, as a problem."""

    problem: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Shot:
    """A kept frame as the outputs want it."""

    time_s: float
    rgb: NDArray[np.uint8]


@dataclass(slots=True)
class _Tape:
    """The recorded frames of a session whose person wants to keep them, one after the other in a file."""

    file: IO[bytes]
    _places: list[tuple[float, int, int]] = field(default_factory=list)
    _end: int = 0

    def add(self, time_s: float, picture: bytes) -> None:
        """Append a frame; it is on the disk at once, so that a full one is noticed here."""
        self.file.write(picture)
        self.file.flush()
        self._places.append((time_s, self._end, len(picture)))
        self._end += len(picture)

    def frames(self, times_s: NDArray[np.float64]) -> Iterator[_Shot]:
        """Yield the frames of these times."""
        from hipcv.sources.stills import decode_still

        wanted = set(times_s.tolist())
        for time_s, start, length in self._places:
            if time_s in wanted:
                self.file.seek(start)
                yield _Shot(time_s, decode_still(self.file.read(length)))


def attend(connection: Connection, settings: Settings, start: StartMessage, folder: Path) -> None:
    """Hold one session until it is finished, as long as the server lives."""
    own_process()
    logs.set_up()

    def send(message: object) -> None:
        try:
            connection.send(message)
        except OSError:  # the server is gone: nobody listens any more
            raise SystemExit from None

    try:
        _Attendant(send, settings, start, folder).attend(connection)
    except Exception as error:
        send(Failed(_failure(error).document()))


def _failure(error: Exception) -> ProblemError:
    """Return why a session cannot go on, whatever it was."""
    trouble = disk_trouble(error)
    if trouble is not None:
        return disk_full(trouble)
    if isinstance(error, HipcvError):
        return problem_of(error)
    if isinstance(error, MemoryError):
        return ProblemError("internal", "The session ran out of memory: choose a smaller picture.")
    log.error("A live session failed, for a reason that nobody foresaw", exc_info=error)
    detail = f"The session failed, for a reason that nobody foresaw ({type(error).__name__}): start again."
    return ProblemError("internal", detail)


class _Attendant:
    def __init__(self, send: Any, settings: Settings, start: StartMessage, folder: Path) -> None:
        self._send, self._settings, self._start, self._folder = send, settings, start, folder
        self._tape: _Tape | None = None
        self._pain: Pain | None = None

    def attend(self, connection: Connection) -> None:
        from hipcv.live.livetest import LiveTest
        from hipcv.words import ModelName

        start = self._start
        if start.keep:
            try:
                self._tape = _Tape((self._folder / "frames.bin").open("w+b"))
            except OSError as error:
                self._lose_pictures(error)
        with LiveTest(
            start.setup(),
            start.plan(),
            guide=ModelName(start.model),
            precise=ModelName.HEAVY if start.model != "heavy" else None,
            model_path=self._settings.models,
        ) as test:
            self._send(Ready())
            while True:
                asked = connection.recv()
                if isinstance(asked, Look):
                    self._look(test, asked)
                elif isinstance(asked, Who):
                    self._point(test, asked)
                elif isinstance(asked, Pain):
                    self._pain = asked
                elif asked.name == "go":
                    test.coach.go()
                elif asked.name == "skip":
                    test.skip()
                else:
                    self._finish(test, asked.n_skipped, connection)
                    return

    def _point(self, test: "LiveTest", asked: Who) -> None:
        try:
            test.point_at(asked.place)
        except SourceError as error:
            problem = ProblemError("bad_request", str(error)).document()
            self._send(Say({"type": "problem", "fatal": False, "problem": problem}))

    def _look(self, test: "LiveTest", asked: Look) -> None:
        from hipcv.live.device_gravity import DeviceGravity, Facing
        from hipcv.sources.stills import decode_still

        try:
            rgb = decode_still(asked.picture)
            gravity = None
            if asked.gravity is not None:
                given = asked.gravity
                gravity = DeviceGravity(
                    given["x"], given["y"], given["z"], given["screen_angle"], Facing(given["facing"])
                )
            seen = test.look(rgb, asked.time_s, gravity=gravity)
        except SourceError as error:
            problem = ProblemError("bad_request", str(error)).document()
            self._send(Seen({"type": "problem", "fatal": False, "problem": problem, "n": asked.n}, False))
            return
        if self._tape is not None and seen.recorded:
            try:
                self._tape.add(seen.reading.time_s, asked.picture)
            except OSError as error:
                self._lose_pictures(error)
        hold = seen.coaching.hold
        if hold is not None:
            self._send(
                Say(
                    {
                        "type": "captured",
                        "side": str(hold.side),
                        "motion": str(hold.motion),
                        "trial": hold.trial,
                        "angle_deg": _number(hold.angle_deg, 2),
                        "hold_s": round(hold.stop_s - hold.start_s, 2),
                    }
                )
            )
        self._send(Seen(reading_message(asked.n, asked.time_s, (rgb.shape[1], rgb.shape[0]), seen), test.complete))

    def _lose_pictures(self, error: Exception) -> None:
        """Go on without the pictures that were to be kept, and say so: the trials count for more."""
        if self._tape is not None:
            with suppress(OSError):  # what did not fit cannot be written now either
                self._tape.file.close()
        self._tape = None
        shutil.rmtree(self._folder, ignore_errors=True)  # makes room for what is smaller
        with suppress(OSError):
            self._folder.mkdir(mode=0o700)
        trouble = disk_trouble(error)
        if trouble is None:
            log.error("The pictures of a live session could not be kept", exc_info=error)
        why = type(error).__name__ if trouble is None else f"the server's disk takes nothing more: {trouble}"
        detail = f"The pictures of this test cannot be kept ({why}); the test goes on, and its result counts."
        self._send(Say({"type": "problem", "fatal": False, "problem": ProblemError("disk_full", detail).document()}))

    def _finish(self, test: "LiveTest", n_skipped: int, connection: Connection) -> None:
        from hipcv.assessment import Status
        from hipcv.outputs.document import render_document
        from hipcv.outputs.folder import write_folder

        def tell(stage: str, n_done: int, n_total: int) -> None:
            self._send(Say({"type": "working", "stage": stage, "n_done": n_done, "n_total": n_total}))

        test.n_skipped = n_skipped
        series, assessment = test.finish(tell)
        if self._start.asks_pain and assessment.status is Status.MEASURED:
            tell("asking", 0, 0)
            assessment = _with_pain(assessment, self._pain or _hear_pain(connection))
        if self._tape is not None:
            tell("drawing", 0, len(series))
            try:
                frames, show_face = self._tape.frames(series.time_s), self._start.show_face
                write_folder(self._folder, frames, series, assessment, show_face=show_face)
                self._tape.file.close()
                (self._folder / "frames.bin").unlink()
            except Exception as error:
                self._lose_pictures(error)
        kept = self._tape is not None
        if not kept:
            self._write_numbers(assessment)
        tell("saving", len(series), len(series))
        self._send(Result(json.dumps(render_document(assessment), allow_nan=False), len(series), kept))

    def _write_numbers(self, assessment: "Assessment") -> None:
        """Write what needs no pictures; where not even that fits, the result is told all the same."""
        from hipcv.outputs.folder import write_numbers

        try:
            write_numbers(self._folder, assessment)
        except OutputError as error:
            log.warning("Curves and report of a live session could not be written (%s)", error)


def _hear_pain(connection: Connection) -> Pain:
    """Wait until somebody says whether it hurt, but not for ever: they may have gone."""
    until_s = time.monotonic() + PAIN_WITHIN_S
    while (asked := connection.recv_within(until_s - time.monotonic())) is not None:
        if isinstance(asked, Pain):
            return asked
    return Pain()


def _with_pain(assessment: "Assessment", pain: Pain) -> "Assessment":
    """Return the assessment with what was said; what was said at the start stays where nothing was said since."""
    setup = assessment.setup
    told = replace(
        setup,
        pain_left=pain.left or setup.pain_left,
        pain_right=pain.right or setup.pain_right,
        end_point=pain.end_point or setup.end_point,
    )
    return replace(assessment, setup=told)


def reading_message(n: int, time_s: float, size_px: tuple[int, int], seen: "LiveReading") -> dict[str, Any]:
    """Return the `reading` message of one frame, without what only the server knows."""
    left, right = seen.angles_deg
    return {
        "type": "reading",
        "n": n,
        "t": time_s,
        "frame_size_px": list(size_px),
        "skeleton": skeleton_message(seen.skeleton),
        "left_deg": _number(left, 1),
        "right_deg": _number(right, 1),
        "n_people": seen.reading.n_people,
        "roll_deg": None if seen.roll_deg is None else _number(seen.roll_deg, 2),
        "coach": coach_message(seen.coaching),
    }


def skeleton_message(skeleton: "Skeleton") -> dict[str, Any] | None:
    """Return what is drawn of the person; None where nothing is seen.

    Examples
    --------
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.core.skeleton import find_skeleton
    >>> px = np.full((33, 2), np.nan)
    >>> skeleton_message(find_skeleton(px, np.ones(33), Setup(), 0.0)) is None
    True
    >>> px[25] = 360.0, 240.0  # the left knee
    >>> skeleton_message(find_skeleton(px, np.ones(33), Setup(), 0.0))["left"]
    [None, [360.0, 240.0], None, None]
    """
    if not skeleton.seen:
        return None

    def points(px: "FloatArray") -> list[list[float] | None]:
        return [[round(float(x), 1), round(float(y), 1)] if math.isfinite(x + y) else None for x, y in px]

    return {
        "trunk": [points(line) for line in skeleton.trunk_px if np.isfinite(line).all()],
        **{str(side): points(skeleton.leg_px(side)) for side in SIDES},
        "plumb": [round(float(part), 4) for part in skeleton.plumb],
    }


def coach_message(coaching: "Coaching") -> dict[str, Any]:
    """Return where the test stands, as the page shows it.

    Examples
    --------
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.live.coach import Coach, Plan
    >>> from hipcv.live.placement import Sight
    >>> nowhere = (np.full((33, n), np.nan) for n in (2, 3))
    >>> unseen = Sight(0.0, *nowhere, np.zeros(33), (640, 480), (math.nan, math.nan))
    >>> message = coach_message(Coach(Plan(), Setup()).see(unseen))
    >>> message["phase"], message["trial"], message["captured"]
    ('placing', 1, {'left': [], 'right': []})
    """
    cue = coaching.cue
    return {
        "phase": str(coaching.phase),
        "side": str(coaching.side),
        "motion": str(coaching.motion),
        "trial": coaching.trial,
        "n_trials": coaching.n_trials,
        "checks": [{"code": str(c.code), "ok": c.ok, "advice": c.advice} for c in coaching.checks],
        "say": None if cue is None else {"n": cue.number, "code": cue.code, "text": cue.text},
        "countdown_s": None if coaching.countdown_s is None else round(coaching.countdown_s, 2),
        "hold_share": round(coaching.hold_share, 3),
        "captured": {str(side): [_number(v, 2) for v in values] for side, values in coaching.captured.items()},
    }


def _number(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


def split_frame(message: bytes) -> tuple[bytes, bytes]:
    """Return head (JSON) and picture of a binary message.

    Raises
    ------
    ProblemError
        bad_request where the message is not built like that.

    Examples
    --------
    >>> split_frame(struct.pack("<I", 7) + b'{"n":1}' + b"picture")
    (b'{"n":1}', b'picture')
    """
    if len(message) < 8:
        raise ProblemError("bad_request", "Wanted a frame (4 bytes, head, picture), found fewer than 8 bytes.")
    (length,) = struct.unpack_from("<I", message)
    if not 2 <= length <= 1024 or 4 + length >= len(message):
        raise ProblemError("bad_request", f"Wanted a frame with a head of 2 to 1024 bytes, found one of {length}.")
    return message[4 : 4 + length], message[4 + length :]
