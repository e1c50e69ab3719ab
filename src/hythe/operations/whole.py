"""Documents for readers who do not know the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


def whole(value: Any) -> Any:
    """Write a struct down with all of its fields, also those that are stored where they are not as usual.

    >>> Point = msgspec.defstruct("Point", [("x", int, 0), ("y", int, 0)], omit_defaults=True)
    >>> msgspec.to_builtins(Point(x=1)), whole([Point(x=1)])
    ({'x': 1}, [{'x': 1, 'y': 0}])
    """
    if isinstance(value, msgspec.Struct):
        return {name: whole(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {name: whole(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [whole(item) for item in value]
    return value
