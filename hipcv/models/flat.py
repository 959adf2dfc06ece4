"""What stands in a TFLite network, by the field numbers of its schema: a FlatBuffers schema never renumbers a field."""

from typing import TYPE_CHECKING, Any

from hipcv.core.errors import ModelError

if TYPE_CHECKING:
    from flatbuffers.table import Table
    from numpy.typing import NDArray

_GRAPHS, _TENSORS, _OUTPUTS, _SHAPE = 2, 0, 2, 0


def read_model(network: bytes | bytearray) -> "Table":
    """Return the model, the table with which a TFLite network begins.

    Raises
    ------
    ModelError
        The bytes are no TFLite network.
    """
    from flatbuffers import encode, packer
    from flatbuffers.table import Table

    if network[4:8] != b"TFL3":
        raise ModelError(f"Wanted a TFLite network, but found bytes that begin with {bytes(network[:8])!r}.")
    return Table(network, encode.Get(packer.uoffset, network, 0))


def output_shapes(network: bytes) -> list[tuple[int, ...]]:
    """Return the shapes of what a network gives; errors as `read_model`."""
    graph = elements(read_model(network), _GRAPHS)[0]
    tensors = elements(graph, _TENSORS)
    return [tuple(numbers(tensors[k], _SHAPE, "i4").tolist()) for k in numbers(graph, _OUTPUTS, "i4")]


def slot(field: int) -> int:
    """Return where a table's list of fields, which begins with two sizes, says where a field stands."""
    return 4 + 2 * field


def position(table: "Table", field: int) -> int | None:
    """Return where a field stands; None where it is absent."""
    offset = int(table.Offset(slot(field)))
    return int(table.Pos) + offset if offset else None


def table_at(table: "Table", field: int) -> "Table":
    """Return the table that a field points at."""
    from flatbuffers.table import Table

    return Table(table.Bytes, table.Indirect(table.Pos + table.Offset(slot(field))))


def number(table: "Table", field: int, kind: str = "Uint32") -> int:
    """Return the number in a field; 0 where it is absent."""
    from flatbuffers import number_types

    return int(table.GetSlot(slot(field), 0, getattr(number_types, f"{kind}Flags")))


def elements(table: "Table", field: int) -> "list[Table]":
    """Return the tables that a field lists; none where it is absent."""
    from flatbuffers.table import Table

    offset = int(table.Offset(slot(field)))
    if not offset:
        return []
    start = int(table.Vector(offset))
    return [Table(table.Bytes, table.Indirect(start + 4 * i)) for i in range(int(table.VectorLen(offset)))]


def numbers(table: "Table", field: int, dtype: Any) -> "NDArray[Any]":
    """Return the numbers (N,) that a field lists, where they stand; none where it is absent."""
    import numpy as np

    offset = int(table.Offset(slot(field)))
    length, start = (table.VectorLen(offset), table.Vector(offset)) if offset else (0, 0)
    return np.frombuffer(table.Bytes, np.dtype(dtype).newbyteorder("<"), length, start)
