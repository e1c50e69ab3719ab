"""The types that a skops archive would load, read off its schema without skops."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hythe.security.globals import Allow, Use

_PLAIN = {"JsonNode", "CachedNode"}
_NODES = {
    "RandomStateNode": {("numpy.random.mtrand", "RandomState")},
    "RandomGeneratorNode": {("numpy.random._generator", "Generator")},
    "MaskedArrayNode": {("numpy.ma", "MaskedArray"), ("numpy.ma.core", "MaskedArray")},
    "PartialNode": {("functools", "partial")},
}
"""The only types that these kinds of node may have; what they contain is judged by itself."""
_NEEDS = {
    **dict.fromkeys(("TypeNode", "FunctionNode", "NdArrayNode"), Use.HOLD),
    **dict.fromkeys(("ConstructorFromReduceNode", "LossNode", "TreeNode"), Use.CALL),
}
_GENERATORS = {"MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"}
_REFUSED = {"MethodNode": "a bound method", "OperatorFuncNode": "a function of the module operator"}


def refused_types(schema: Any, allow: Allow) -> Iterator[str]:
    """Name what in `schema` is beyond `allow`: types, and kinds of node that run more than their type."""
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack += node
        elif isinstance(node, dict):
            if "__loader__" in node:
                yield from _judge(node, allow)
            stack += node.values()


def _judge(node: dict[str, Any], allow: Allow) -> Iterator[str]:
    loader, module, name = (node.get(key) for key in ("__loader__", "__module__", "__class__"))
    if loader in _PLAIN:
        return
    if not isinstance(module, str) or not isinstance(name, str) or not isinstance(loader, str):
        yield "a node without a type"
    elif loader in _REFUSED:
        yield f"{_REFUSED[loader]} ({module}.{name})"
    elif (loader == "RandomGeneratorNode" and _generator(node) not in _GENERATORS) or not _granted(
        allow, loader, module, name
    ):
        yield f"{module}.{name}"


def _granted(allow: Allow, loader: str, module: str, name: str) -> bool:
    if loader in _NODES:
        return (module, name) in _NODES[loader]
    return "." not in name and allow(module, name) >= _NEEDS.get(loader, Use.MAKE)


def _generator(node: dict[str, Any]) -> Any:
    """Read the name of the bit generator, which skops looks up and calls."""
    try:
        return json.loads(node["content"]["bit_generator"]["content"]["bit_generator"]["content"])
    except (KeyError, TypeError, ValueError):
        return None
