"""What checks of other packages give, in numbers of Python's own."""

from __future__ import annotations

from typing import Any

import msgspec

from hythe.monitor.finding import Finding
from hythe.monitor.period import Candidate


def plain(found: Candidate | Finding) -> Candidate | Finding:
    """Give what a check found in numbers of Python's own, where some of it is in numpy's; else as it is.

    Raises:
        TypeError: when it holds what no report can.

    >>> import numpy as np
    >>> raw = {"value": np.float32(0.5), "details": {"bars": np.arange(3)}}
    >>> found = plain(Finding(kind="drift", check="a", subject="joint", verdict="ok", message="-", **raw))
    >>> found.value, found.details
    (0.5, {'bars': [0, 1, 2]})
    """
    try:
        msgspec.json.encode(found)
    except TypeError:
        return msgspec.convert(msgspec.to_builtins(found, enc_hook=plain_number), type(found))
    return found


def plain_number(value: Any) -> Any:
    """Give a number, or an array of them, of numpy as Python's own; a hook for msgspec's encoders.

    Raises:
        TypeError: when it is neither.

    """
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is nothing that a report can hold")
