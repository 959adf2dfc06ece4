"""A TFLite network in the operations that OpenCV's importer knows (METHOD S3).

MediaPipe's person detector has two that it does not know. Of many weights only those that are not zero are kept, row by
row, and DENSIFY writes them out when the network is loaded. And where people are guessed, DEPTH_TO_SPACE spreads
channels over cells of two by two, which a depthwise convolution in steps of two and one of single cells gather again.
That is linear, and one convolution does the same.
"""

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipcv.core.errors import ModelError
from hipcv.models.flat import elements, number, numbers, position, read_model, slot, table_at

if TYPE_CHECKING:
    from flatbuffers.table import Table

_MODEL_CODES, _MODEL_GRAPHS, _MODEL_BUFFERS, _BUFFER_DATA = 1, 2, 4, 0
_GRAPH_TENSORS, _GRAPH_OUTPUTS, _GRAPH_OPERATORS = 0, 2, 3
_CODE, _OPERATOR_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS, _OPERATOR_OPTIONS = 0, 0, 1, 2, 4
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_BUFFER, _TENSOR_SPARSITY = 0, 1, 2, 6
_SPARSITY_ORDER, _SPARSITY_BLOCKS, _SPARSITY_DIMENSIONS = 0, 1, 2
_DIMENSION_FORMAT, _ROW_STARTS, _COLUMNS, _LIST_NUMBERS = 0, 2, 4, 0
_CONV, _DEPTHWISE, _DEPTH_TO_SPACE, _DEQUANTIZE, _PAD, _DENSIFY = 3, 4, 5, 6, 34, 124
#: What the numbers of tensors are kept in, and those of row starts and columns.
_TYPES: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 1: np.dtype("<f2"), 2: np.dtype("<i4")}
_PLACE_TYPES = {1: np.int32, 2: np.uint16, 3: np.uint8}
#: Weights are read where they stand, on borders of so many bytes.
_BORDER = 16
#: One cell more on each side of height and width.
_ONE_AROUND = [[0, 0], [1, 1], [1, 1], [0, 0]]
#: Whether a convolution leaves out the edges, and its steps.
_BY_TWO_INSIDE, _BY_ONE = (1, 2, 2), (0, 1, 1)

Array = NDArray[Any]


def make_plain(network: bytes) -> bytes:
    """Return a network that gives the same without DENSIFY and DEPTH_TO_SPACE; one without them as it is.

    Raises
    ------
    ModelError
        The bytes are no TFLite network, or one in which the two serve for something else.

    Examples
    --------
    >>> make_plain(b"no network")
    Traceback (most recent call last):
        ...
    hipcv.core.errors.ModelError: Wanted a TFLite network, but found bytes that begin with b'no netwo'.
    """
    graph = _Graph(network)
    sparse, spread = graph.of_kind(_DENSIFY), graph.of_kind(_DEPTH_TO_SPACE)
    if not sparse and not spread:
        return network
    graph.write_out(sparse)
    for operator in spread:
        _fold(graph, operator)
    return graph.finish()


def _fold(graph: "_Graph", spread: "Table") -> None:
    """Let the last convolutions behind a DEPTH_TO_SPACE read what it reads: all between them is folded into them.

    Of the three rows (and columns) that a depthwise convolution sees, the first belongs to the cell before, the others
    to the cell itself.
    """
    (pad,) = graph.readers(spread)
    for depthwise in graph.readers(pad):
        (last,) = graph.readers(depthwise)
        near, near_bias, far, far_bias = (
            graph.constant(k) for k in (*graph.inputs(depthwise)[1:], *graph.inputs(last)[1:])
        )
        if (
            [graph.kind(operator) for operator in (pad, depthwise, last)] != [_PAD, _DEPTHWISE, _CONV]
            or graph.values(graph.inputs(pad)[1]).tolist() != _ONE_AROUND
            or (graph.steps(depthwise), graph.steps(last)) != (_BY_TWO_INSIDE, _BY_ONE)
            or (graph.values(near).shape[1:3], graph.values(far).shape[1:3]) != ((3, 3), (1, 1))
        ):
            raise ModelError("Wanted a person detector whose guesses come from cells of two by two, found another one.")
        n_guesses, _, _, n_channels = graph.values(far).shape
        weights = np.zeros((n_guesses, 6, 6, n_channels), np.float32)  # three cells of two rows, and columns
        weights[:, 1:4, 1:4] = graph.values(far).astype(float) * graph.values(near).astype(float)
        cells = weights.reshape(n_guesses, 3, 2, 3, 2, n_channels).transpose(0, 1, 3, 2, 4, 5)
        bias = graph.values(far_bias) + graph.values(far)[:, 0, 0].astype(float) @ graph.values(near_bias)
        graph.put(far, cells.reshape(n_guesses, 3, 3, 4 * n_channels))
        graph.put(far_bias, bias.astype(np.float32))
        graph.inputs(last)[:] = graph.inputs(spread)[0], far, far_bias


class _Graph:
    """The one graph of a network, changed where it stands; what does not fit there is appended."""

    def __init__(self, network: bytes) -> None:
        self._bytes = bytearray(network + bytes(-len(network) % _BORDER))
        model = read_model(self._bytes)
        self._kinds = [number(code, _CODE, "Int8") for code in elements(model, _MODEL_CODES)]
        self._buffers = elements(model, _MODEL_BUFFERS)
        (self._graph,) = elements(model, _MODEL_GRAPHS)
        self._tensors = elements(self._graph, _GRAPH_TENSORS)
        self._operators = elements(self._graph, _GRAPH_OPERATORS)
        self._new: dict[int, Array] = {}

    def kind(self, operator: "Table") -> int:
        return self._kinds[number(operator, _OPERATOR_CODE)]

    def of_kind(self, kind: int) -> "list[Table]":
        return [operator for operator in self._operators if self.kind(operator) == kind]

    def inputs(self, operator: "Table") -> Array:
        """Return which tensors an operation reads; they can be set."""
        return numbers(operator, _OPERATOR_INPUTS, np.int32)

    def output(self, operator: "Table") -> int:
        return int(numbers(operator, _OPERATOR_OUTPUTS, np.int32)[0])

    def readers(self, operator: "Table") -> "list[Table]":
        return [reader for reader in self._operators if self.output(operator) in self.inputs(reader)]

    def steps(self, convolution: "Table") -> tuple[int, int, int]:
        """Return whether a convolution leaves out the edges, and its steps across and down."""
        options = table_at(convolution, _OPERATOR_OPTIONS)
        return number(options, 0, "Int8"), number(options, 1), number(options, 2)

    def constant(self, k: int) -> int:
        """Return the tensor of numbers that a DEQUANTIZE makes another one of; else that one itself."""
        return next((int(self.inputs(o)[0]) for o in self.of_kind(_DEQUANTIZE) if self.output(o) == k), int(k))

    def values(self, k: int) -> Array:
        """Return the numbers of a constant tensor in its shape, zeros that are not kept among them."""
        if k in self._new:
            return self._new[k]
        tensor = self._tensors[k]
        shape = numbers(tensor, _TENSOR_SHAPE, np.int32)
        kept: Array = numbers(self._buffer(k), _BUFFER_DATA, np.uint8).view(
            _TYPES[number(tensor, _TENSOR_TYPE, "Int8")]
        )
        if position(tensor, _TENSOR_SPARSITY) is None:
            return kept.reshape(*shape)
        return _dense(table_at(tensor, _TENSOR_SPARSITY), kept, shape)

    def put(self, k: int, values: Array) -> None:
        """Give a constant tensor other numbers, in as many dimensions."""
        self._new[k] = values

    def write_out(self, densify: "list[Table]") -> None:
        """Write sparse tensors out: who read what DENSIFY makes of them reads them."""
        sparse = {self.output(operator): int(self.inputs(operator)[0]) for operator in densify}
        for k in sparse.values():
            self.put(k, self.values(k))
        for operator in self._operators:
            inputs = self.inputs(operator)
            inputs[:] = [sparse.get(int(k), k) for k in inputs]

    def finish(self) -> bytes:
        """Return the bytes of the changed network, without operations whose outcome nobody reads."""
        appended = bytearray()
        for k, values in self._new.items():
            tensor, data, points = self._tensors[k], values.tobytes(), _place(self._buffer(k), _BUFFER_DATA)
            numbers(tensor, _TENSOR_SHAPE, np.int32)[:] = values.shape
            (code,) = (code for code, dtype in _TYPES.items() if dtype == values.dtype)
            struct.pack_into("<b", self._bytes, _place(tensor, _TENSOR_TYPE), code)
            struct.pack_into("<I", self._bytes, points, len(self._bytes) + len(appended) + _BORDER - 4 - points)
            appended += struct.pack("<I", len(data)).rjust(_BORDER, b"\0") + data + bytes(-len(data) % _BORDER)
            if position(tensor, _TENSOR_SPARSITY) is not None:  # tensors that are alike share one list of their fields
                fields = tensor.Pos - struct.unpack_from("<i", self._bytes, tensor.Pos)[0]
                struct.pack_into("<H", self._bytes, fields + slot(_TENSOR_SPARSITY), 0)
        self._drop_unread()
        return bytes(self._bytes + appended)

    def _drop_unread(self) -> None:
        read = set(numbers(self._graph, _GRAPH_OUTPUTS, np.int32).tolist())
        kept: list[int] = []
        for operator in reversed(self._operators):
            if self.output(operator) in read:
                read |= set(self.inputs(operator).tolist())
                kept.insert(0, int(operator.Pos))
        start = _place(self._graph, _GRAPH_OPERATORS)
        start += struct.unpack_from("<I", self._bytes, start)[0]
        ahead = [operator - (start + 4 * k) for k, operator in enumerate(kept, start=1)]
        struct.pack_into(f"<{1 + len(kept)}I", self._bytes, start, len(kept), *ahead)

    def _buffer(self, k: int) -> "Table":
        return self._buffers[number(self._tensors[k], _TENSOR_BUFFER)]


def _place(table: "Table", field: int) -> int:
    place = position(table, field)
    assert place is not None, "a field that cannot be absent"
    return place


def _dense(sparsity: "Table", kept: Array, shape: Array) -> Array:
    """Return weights in their shape; `kept` are those that are not zero."""
    dimensions = elements(sparsity, _SPARSITY_DIMENSIONS)
    if (
        [number(dimension, _DIMENSION_FORMAT, "Int8") for dimension in dimensions] != [0] * (len(shape) - 1) + [1]
        or numbers(sparsity, _SPARSITY_ORDER, np.int32).tolist() != list(range(len(shape)))
        or numbers(sparsity, _SPARSITY_BLOCKS, np.int32).size
    ):
        raise ModelError("Wanted a network whose sparse weights are kept row by row, found them kept otherwise.")
    starts, columns = (
        numbers(table_at(dimensions[-1], kind + 1), _LIST_NUMBERS, _PLACE_TYPES[number(dimensions[-1], kind, "Uint8")])
        for kind in (_ROW_STARTS, _COLUMNS)
    )
    weights = np.zeros((len(starts) - 1, shape[-1]), kept.dtype)
    weights[np.repeat(np.arange(len(weights)), np.diff(starts.astype(int))), columns] = kept
    return weights.reshape(shape)
