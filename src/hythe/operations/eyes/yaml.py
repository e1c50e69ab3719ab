"""Plain data as YAML: blocks for people to read, every text in JSON's quotes, so that nothing is guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_STEP = "  "


def to_yaml(value: Mapping[str, Any]) -> str:
    """Write mappings, lists, texts and numbers as YAML.

    >>> print(to_yaml({"groups": [{"name": "hythe", "rules": [{"expr": "up == 0", "for": "5m"}]}]}), end="")
    groups:
      - name: "hythe"
        rules:
          - expr: "up == 0"
            for: "5m"
    """
    return "".join(f"{line}\n" for line in _mapping(value, ""))


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, item in value.items():
        if isinstance(item, Mapping) and item:
            yield f"{indent}{name}:"
            yield from _mapping(item, indent + _STEP)
        elif isinstance(item, Sequence) and not isinstance(item, str) and item:
            yield f"{indent}{name}:"
            yield from _sequence(item, indent + _STEP)
        else:
            yield f"{indent}{name}: {_scalar(item)}"


def _sequence(value: Sequence[Any], indent: str) -> Iterator[str]:
    for item in value:
        if isinstance(item, Mapping):
            first, *rest = _mapping(item, indent + _STEP)
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {_scalar(item)}"


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
