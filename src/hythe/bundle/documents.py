"""Reading a bundle's JSON documents, and writing values that JSON has no form for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from hythe.base.errors import Corrupt

T = TypeVar("T")


def decode(raw: bytes, kind: type[T], what: str) -> T:
    """Read a document of `kind`; fields that it does not name are left alone.

    Raises:
        Corrupt: when `raw` is no JSON or does not fit, naming `what` and the field's path.

    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise Corrupt(f"{what} cannot be read: {err}; fetch or pack this version again") from err


def cell(value: Any) -> Any:
    """Make one value fit for JSON: NaN and infinities become words, numpy's types Python's.

    >>> import numpy as np
    >>> cell(float("-inf")), cell(np.float32(0.5)), cell(np.array([1, 2]))
    ('-Infinity', 0.5, [1, 2])
    """
    if hasattr(value, "dtype"):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    if isinstance(value, list | tuple):
        return [cell(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): cell(item) for key, item in value.items()}
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
