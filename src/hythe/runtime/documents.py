"""JSON documents from outside: reading them, and naming places inside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hythe.base.errors import Invalid, Malformed
from hythe.runtime.cells import show


def parse(body: bytes | memoryview) -> Any:
    """Read JSON.

    Raises:
        Malformed: when `body` is no JSON, or a number is beyond float64.

    >>> parse(b'{"rows": [')
    Traceback (most recent call last):
    ...
    hythe.base.errors.Malformed: the body cannot be read as JSON: Input data was truncated; send JSON in UTF-8
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise malformed(err) from err


def malformed(err: Exception) -> Malformed:
    """Say why a body is no JSON."""
    reason = "it is nested too deep" if isinstance(err, RecursionError) else str(err)
    return Malformed(f"the body cannot be read as JSON: {reason}; send JSON in UTF-8")


def step(name: str, *, first: bool = False) -> str:
    """Write one step of a path.

    >>> "rows[3]" + step("tenure"), "rows[3]" + step("total charges")
    ('rows[3].tenure', 'rows[3]["total charges"]')
    """
    if name.isidentifier():
        return name if first else f".{name}"
    return f"[{show(name)}]"


def only(document: Mapping[str, Any], key: str) -> None:
    """Refuse a document that holds more than `key`.

    Raises:
        Invalid: naming the other key.

    """
    for other in document:
        if other != key:
            raise Invalid(f"beside {show(key)} stands {show(other)}; send {show(key)} alone")
