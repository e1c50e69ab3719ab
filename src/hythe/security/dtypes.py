"""numpy dtypes in a walked pickle: only those that numpy itself would have written are sound.

A dtype's state is trusted by numpy. One that calls objects plain bytes (or plain bytes objects) makes numpy
take an attacker's bytes for addresses, or makes joblib read a nested pickle where a scanner sees an array; so
each state is checked against what its name says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hythe.security.stand_ins import Mapping, Thing

_HAS_OBJECT = 0x01
_BY_REFERENCE = 0x05
_LENGTHS = (8, 9)


class Unsound(Exception):
    """A dtype is not what numpy would have written."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What reading an array needs to know of its dtype."""

    itemsize: int
    objects: bool


def made_of(args: Any) -> np.dtype[Any]:
    """Read the arguments `numpy.dtype` is called with: a type string, and two flags.

    Raises:
        Unsound: when the first is no type string.

    """
    if not isinstance(args, tuple) or not args or not isinstance(args[0], str):
        raise Unsound("it makes a numpy dtype from something other than a type string")
    try:
        return np.dtype(args[0])
    except TypeError as err:
        raise Unsound(f"it names the numpy dtype {args[0]!r}, which does not exist") from err


def check_state(made: Thing, state: Any) -> None:
    """Check a dtype's state: version, order, subarray, names, fields, itemsize, alignment, flags[, metadata].

    Raises:
        Unsound: when it contradicts the dtype's name, or is given twice.

    """
    dtype = made_of(made.args)
    if made.states:
        raise Unsound("it changes a numpy dtype twice")
    if not isinstance(state, tuple) or len(state) not in _LENGTHS:
        raise Unsound("a numpy dtype has a state of an unknown form")
    _, _, subarray, names, fields, itemsize, _, flags = state[:8]
    if type(itemsize) is not int or type(flags) is not int:
        raise Unsound("a numpy dtype has a state of an unknown form")
    if subarray is not None:
        raise Unsound("a numpy dtype is a subarray, which no model needs")
    if itemsize not in {-1, dtype.itemsize}:
        raise Unsound(f"a numpy dtype {dtype} claims {itemsize} bytes")
    if dtype.kind == "V" and names is not None:
        _check_fields(dtype, names, fields, flags)
    elif names is not None or fields is not None or bool(flags & _HAS_OBJECT) != dtype.hasobject:
        raise Unsound(f"a numpy dtype {dtype} claims to be another")


def _check_fields(dtype: np.dtype[Any], names: Any, fields: Any, flags: int) -> None:
    known = isinstance(names, tuple) and all(type(name) is str for name in names)
    if not isinstance(fields, Mapping) or not known or flags & _BY_REFERENCE:
        raise Unsound("a numpy dtype has fields of an unknown form")
    if set(names) != set(fields.known):
        raise Unsound("a numpy dtype names other fields than it has")
    for entry in fields.known.values():
        if not isinstance(entry, tuple) or len(entry) != 2 or type(entry[1]) is not int:  # noqa: PLR2004 - type, offset
            raise Unsound("a numpy dtype has fields of an unknown form")
        inner = layout(entry[0])
        if inner.objects or not 0 <= entry[1] <= dtype.itemsize - inner.itemsize:
            raise Unsound("a numpy dtype has a field of objects, or one outside of itself")


def layout(value: Any) -> Layout:
    """Read size and kind off a walked dtype.

    Raises:
        Unsound: when `value` is no dtype.

    """
    if not isinstance(value, Thing) or value.key != ("numpy", "dtype"):
        raise Unsound("an array has something other than a numpy dtype")
    dtype = made_of(value.args)
    return Layout(dtype.itemsize, dtype.hasobject)
