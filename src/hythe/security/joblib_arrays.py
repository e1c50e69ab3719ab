"""The arrays that joblib writes between the opcodes of its pickles."""

from __future__ import annotations

from math import prod
from typing import Any

from hythe.security.dtypes import Unsound, layout
from hythe.security.globals import Use
from hythe.security.stand_ins import Global, Mapping, Thing

_CHUNK = 1 << 20


def skip_array(wrapper: Thing, stream: Any) -> bool:
    """Pass over the cells that follow `wrapper`; tell whether they are a nested pickle, which is not read.

    This is `NumpyArrayWrapper.read_array` of joblib with the reading of values left out.

    Raises:
        Unsound: when the wrapper does not describe an array as joblib does, or the cells are cut short.

    """
    if len(wrapper.states) != 1 or not isinstance(wrapper.states[0], Mapping) or wrapper.args != ():
        raise Unsound("an array wrapper of joblib has an unusual state")
    state = wrapper.states[0].known
    shape = state.get("shape")
    kind = state.get("subclass")
    if not isinstance(shape, tuple) or any(type(n) is not int or n < 0 for n in shape):
        raise Unsound("an array of joblib has no shape of whole numbers")
    if not isinstance(kind, Global) or kind.use < Use.HOLD:
        raise Unsound("an array of joblib has no known class")
    cells = layout(state.get("dtype"))
    if cells.objects:
        return True
    alignment = state.get("numpy_array_alignment_bytes")
    if alignment is not None:
        padding = stream.read(1)
        skip(stream, padding[0] if padding else 0)
    skip(stream, prod(shape) * cells.itemsize)
    return False


def skip(stream: Any, size: int) -> None:
    """Pass over `size` bytes.

    Raises:
        Unsound: when the stream ends before.

    """
    while size > 0:
        got = len(stream.read(min(size, _CHUNK)))
        if got == 0:
            raise Unsound("it ends within the cells of an array")
        size -= got
