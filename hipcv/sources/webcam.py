"""A webcam as frames, the newest one at a time; a recorded file stands in for it."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from hipcv.core.errors import SourceError
from hipcv.sources.recording import Frame
from hipcv.sources.video import open_video

#: A camera that delivers nothing for so long is gone.
SILENCE_S = 5.0
_WIDTH_PX, _HEIGHT_PX = 640, 480


class Camera:
    """A camera of this machine; iterate it for its frames.

    Frames are fetched on a thread of their own and only the newest one is handed on, so a slow reader never falls
    behind. `Frame.time_s` is the clock at which it was fetched, from the first frame on.

    Parameters
    ----------
    number : 0 for the first camera of the machine, 1 for the next.

    Raises
    ------
    SourceError
        Where there is no such camera, or another program holds it.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.n_skipped = 0
        # a camera that is not there is told in one sentence
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError(
                f"Wanted camera {number}, found none that opens: plug it in, close other programs that use it, "
                "or give another number with --camera."
            )
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, _WIDTH_PX)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, _HEIGHT_PX)
        self._newest: Frame | None = None
        self._fresh = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._fetch, name=f"camera {number}", daemon=True)
        self._thread.start()

    def _fetch(self) -> None:
        index, began_s = 0, 0.0
        while not self._ended:
            got, bgr = self._capture.read()
            now_s = time.monotonic()
            if not got:
                break
            began_s = began_s or now_s
            frame = Frame(index, now_s - began_s, np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8))
            index += 1
            with self._fresh:
                self.n_skipped += self._newest is not None
                self._newest = frame
                self._fresh.notify()
        with self._fresh:
            self._ended = True
            self._fresh.notify()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the newest frame again and again until the camera is closed.

        Raises
        ------
        SourceError
            Where the camera falls silent.
        """
        last_s = -1.0
        while True:
            with self._fresh:
                self._fresh.wait_for(lambda: self._newest is not None or self._ended, timeout=SILENCE_S)
                frame, self._newest = self._newest, None
            if frame is None:
                raise SourceError(
                    f"Wanted pictures from camera {self.number}, found none for {SILENCE_S:g} s: check its cable."
                )
            if frame.time_s > last_s:
                last_s = frame.time_s
                yield frame

    def close(self) -> None:
        """Free the camera."""
        self._ended = True
        self._thread.join(timeout=SILENCE_S)
        self._capture.release()

    def __enter__(self) -> "Camera":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Stand:
    """A recorded file in place of a camera: every frame at its own time, and then the end."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.n_skipped = 0
        self._video = open_video(path)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the recording's frames."""
        return iter(self._video)

    def close(self) -> None:
        """End a running pass."""
        self._video.close()

    def __enter__(self) -> "Stand":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_camera(camera: str) -> Camera | Stand:
    """Open a camera by its number, or a recorded file by its path.

    Raises
    ------
    SourceError
        Where it cannot be opened.
    """
    return Camera(int(camera)) if camera.isdecimal() else Stand(Path(camera))
