"""One way to write JSON, so that equal values are equal bytes."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from hythe.base.errors import Invalid


def canonical(value: Any) -> bytes:
    """Write `value` (plain data or msgspec structs) as canonical JSON: sorted keys, no spaces, UTF-8.

    Floats are written in the shortest form that reads back the same. Raises `Invalid` for what JSON cannot
    hold: NaN, infinities, foreign objects, lone surrogates.

    >>> canonical({"b": [1, 0.1], "a": "é"}).decode()
    '{"a":"é","b":[1,0.1]}'
    >>> canonical({"loss": float("nan")})
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: cannot be written as JSON: NaN and infinities have no JSON form
    """
    try:
        text = json.dumps(
            msgspec.to_builtins(value),
            sort_keys=True,
            ensure_ascii=False,
            allow_nan=False,
            separators=(",", ":"),
        )
        return text.encode()
    except (TypeError, ValueError) as err:
        why = "NaN and infinities have no JSON form" if "Out of range float" in str(err) else str(err)
        raise Invalid(f"cannot be written as JSON: {why}") from err
