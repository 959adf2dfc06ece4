"""Who runs MediaPipe's networks: LiteRT, or OpenCV's importer where there is no LiteRT, as on Intel Macs.

The outputs agree to some thousandths of a pixel, so that a result differs in its last digits; a look takes OpenCV three
to five times the processor time.
"""

import struct
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.errors import ModelError
from hipcv.models.flat import output_shapes
from hipcv.models.plain import make_plain
from hipcv.native.chatter import quiet
from hipcv.native.cores import count_threads
from hipcv.native.software import LITERT, runs_networks

FloatPicture = NDArray[np.float32]
#: The outputs of a network, by their shapes.
Outputs = dict[tuple[int, ...], FloatPicture]


class Interpreter(Protocol):
    """A network that is loaded.

    shapes : of its outputs, the picture's number (always 1) first, channels last.
    """

    shapes: frozenset[tuple[int, ...]]

    def __call__(self, picture: FloatPicture) -> Outputs:
        """Run it on a picture (height, width, 3), scaled as it wants it."""
        ...


class LiteRTInterpreter:
    """A network run by LiteRT, with so many threads at most."""

    def __init__(self, network: bytes, n_threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter as LiteRT

        self._net: Any = LiteRT(model_content=network, num_threads=count_threads(n_threads))
        self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        self._outputs = {tuple(int(n) for n in d["shape"]): d["index"] for d in self._net.get_output_details()}
        self.shapes = frozenset(self._outputs)

    def __call__(self, picture: FloatPicture) -> Outputs:
        """Run it on a picture (height, width, 3)."""
        self._net.set_tensor(self._input, picture[None])
        self._net.invoke()
        return {shape: self._net.get_tensor(index) for shape, index in self._outputs.items()}


class OpenCVInterpreter:
    """A network run by OpenCV, with the threads that OpenCV has in this process."""

    def __init__(self, network: bytes) -> None:
        self.shapes = frozenset(output_shapes(network))
        self._net = cv2.dnn.readNetFromTFLite(np.frombuffer(make_plain(network), np.uint8))
        self._names = self._net.getUnconnectedOutLayersNames()

    def __call__(self, picture: FloatPicture) -> Outputs:
        """Run it on a picture (height, width, 3)."""
        self._net.setInput(np.ascontiguousarray(picture.transpose(2, 0, 1))[None])
        outputs = self._net.forward(self._names)
        # it has channels before height and width
        channels_last = [np.moveaxis(out, 1, -1) if out.ndim == 4 else out for out in outputs]
        return {out.shape: out for out in channels_last}


def load_network(network: bytes, name: str, n_threads: int) -> Interpreter:
    """Return one of MediaPipe's networks, ready to run; `name` is what errors call it.

    Raises
    ------
    ModelError
        Where the bytes are no network, or nothing is here that runs one.
    """
    with_litert = runs_networks() == LITERT
    if not with_litert and not hasattr(cv2.dnn, "readNetFromTFLite"):
        raise ModelError(
            f"MediaPipe's {name} needs ai-edge-litert or an OpenCV that reads TFLite, found neither; install "
            "requirements/run.txt, and see `hipcv doctor`."
        )
    try:
        with quiet():
            return LiteRTInterpreter(network, n_threads) if with_litert else OpenCVInterpreter(network)
    except (ValueError, RuntimeError, LookupError, struct.error, ModelError, cv2.error) as error:
        raise ModelError(
            f"MediaPipe's {name} was wanted, but these bytes do not load ({error}); run `hipcv models check`."
        ) from error
