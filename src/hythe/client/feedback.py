"""What became of predictions, as the body of a request."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Real
from typing import Any, TypeAlias

import msgspec

from hythe.base.errors import Invalid
from hythe.client.rows import Body, is_table, json_body, table_body

Feedback: TypeAlias = Sequence[Mapping[str, Any]] | Mapping[str, Any] | Any
"""Items, or one, with `prediction_id`, `row`, `outcome`, `values`; or a table with such columns, and a column
for each value: pandas, polars, Arrow, and whatever else speaks Arrow's PyCapsule interface."""


class Taken(msgspec.Struct, frozen=True):
    """How many rows a server took feedback for."""

    taken: int


def feedback_body(data: Feedback) -> Body:
    """Write feedback as the server reads it.

    >>> feedback_body({"prediction_id": "a", "outcome": "yes"}).content
    b'{"feedback":[{"prediction_id":"a","outcome":"yes"}]}'

    Raises:
        Invalid: when it is none of what is taken, or a number is not finite, which JSON cannot say.

    """
    if is_table(data):
        return table_body(data)
    items = [data] if isinstance(data, Mapping) else data
    if not isinstance(items, Sequence) or not all(isinstance(item, Mapping) for item in items):
        raise Invalid(f"the feedback is a {type(data).__name__}; give a list of dictionaries, or a table")
    for place, item in enumerate(items):
        for name, value in _numbers(item.items()):
            if not math.isfinite(value):
                raise Invalid(f"feedback[{place}].{name} is {value}; give a finite number, or leave it out")
    return json_body({"feedback": items})


def _numbers(named: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, float]]:
    """Find the numbers that might not be finite, as Python's or numpy's float."""
    for name, value in named:
        if isinstance(value, Mapping):
            yield from _numbers(value.items())
        elif isinstance(value, list | tuple):
            yield from _numbers((name, each) for each in value)
        elif isinstance(value, Real):
            yield name, float(value)
