"""The Python side of a boosted model: class, parameters and learned attributes, as JSON beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hythe.base.errors import Corrupt, Unsupported

FILE = "model/wrapper.json"


class NoJson(Exception):
    """A value has no form in JSON."""


def encode(kind: str, state: Mapping[str, Any]) -> tuple[bytes, tuple[str, ...]]:
    """Write a class and a state as canonical JSON, and say which attributes have no such form.

    >>> encode("Booster", {"missing": float("nan"), "callbacks": [object()]})
    (b'{"class":"Booster","state":{"missing":{"float":"nan"}}}', ('not stored: callbacks',))
    """
    kept: dict[str, Any] = {}
    left_out = []
    for name, value in sorted(state.items()):
        try:
            kept[name] = _plain(value)
        except NoJson:
            left_out.append(name)
    text = json.dumps({"class": kind, "state": kept}, sort_keys=True, separators=(",", ":"), allow_nan=False)
    notes = (f"not stored: {', '.join(left_out)}",) if left_out else ()
    return text.encode(), notes


def decode(data: bytes) -> tuple[str, dict[str, Any]]:
    """Read what `encode` wrote.

    Raises:
        Corrupt: when it is something else.

    """
    try:
        stored = json.loads(data)
        return str(stored["class"]), {name: _rich(value) for name, value in stored["state"].items()}
    except (ValueError, AttributeError, KeyError, TypeError) as err:
        raise Corrupt(f"{FILE} cannot be read: {err}; fetch or pack this version again") from err


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.ndarray):
        items = [_plain(item) for item in value.ravel().tolist()]
        return {"array": value.dtype.str, "shape": list(value.shape), "items": items}
    if isinstance(value, list | tuple):
        items = [_plain(item) for item in value]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, Mapping):
        return {"pairs": [[_plain(key), _plain(item)] for key, item in value.items()]}
    if callable(value) and not isinstance(value, type):
        return {"callable": getattr(value, "__name__", type(value).__name__)}
    raise NoJson


class Absent:
    """A function that a model was trained with and that is not stored: it refuses to be called."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        """Refuse."""
        raise Unsupported(f"the function {self.__name__!r} was needed for training and is not in the bundle")


def _rich(value: Any) -> Any:
    if isinstance(value, list):
        return [_rich(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "pairs" in value:
        return {_rich(key): _rich(item) for key, item in value["pairs"]}
    if "array" in value:
        items = [_rich(item) for item in value["items"]]
        return np.array(items, dtype=np.dtype(value["array"])).reshape(value["shape"])
    ((kind, inner),) = value.items()
    makers: dict[str, Callable[[Any], Any]] = {
        "float": float,
        "tuple": lambda items: tuple(_rich(item) for item in items),
        "callable": Absent,
    }
    return makers[kind](inner)
