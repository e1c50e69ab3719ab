"""JSON documents made wrong: in structure, in values, and in ways that no writer of JSON allows."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from fuzzing.havoc import havoc


class Raw(bytes):
    """Bytes that stand in a document as they are."""


class Pairs(list[Any]):
    """An object as a list of pairs, so that a key can come twice."""


STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**400, 0.1, -0.0, 1e308,
    5e-324,
    "", " ", "0", "NaN", "monthly", "x" * 5000, "\u0000", "\ufeff", "\u202e", "🦀" * 50, "9" * 5000, [],
    {}, [[]],
    [None], {"": None}, {"b64": ""}, {"b64": "=="}, {"b64": "AAAA"}, {"b64": None}, {"b64": "/////w=="},
    {"b64": "AACAPwAAgD8AAIA/"},
)  # fmt: skip
SPELLED = tuple(
    Raw(raw)
    for raw in (
        b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e-999", b"-0", b"01", b"+1", b".5",
        b"1.", b"0x10",
        b"1e5", b"1E+2", b"4.0", b"1e+400000", b"tru", b"'a'", b"", b"//", b'"\\ud800"', b'"\\udfff\\ud800"',
        b'"\\u0000"', b'"\\x41"', b'"\xff"', b'"\xed\xa0\x80"', b'"\t"', b'"a\nb"', b"9" * 5000,
        b"-" + b"9" * 400,
        b"0." + b"1" * 5000, b"[" * 500, b"[" * 20000 + b"]" * 20000, b'{"a":' * 3000 + b"1" + b"}" * 3000,
        b"[1,]", b"{,}", b"\xef\xbb\xbf1", b"null null",
    )
)  # fmt: skip
KEYS = (
    "", "rows", "columns", "instances", "inputs", "b64", "data", "shape", "datatype", "name",
    "parameters", "outputs",
    "binary_data_size", "__class__", "tenure", "a\u0000", "x" * 3000, "\ud7ff",
)  # fmt: skip
_REPEATS = (2, 50, 3000, 20_000)
_MOST_BYTES = 60_000


def write(document: Any) -> bytes:
    """Write a document that may hold `Raw` and `Pairs`."""
    if isinstance(document, Raw):
        return bytes(document)
    if isinstance(document, (Pairs, dict)):
        pairs = document if isinstance(document, Pairs) else document.items()
        return b"{" + b",".join(json.dumps(key).encode() + b":" + write(value) for key, value in pairs) + b"}"
    if isinstance(document, (list, tuple)):
        return b"[" + b",".join(map(write, document)) + b"]"
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


def spoil(rng: Random, document: Any) -> tuple[bytes, str]:
    """Make a document wrong; gives its bytes and what was done."""
    done = []
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        change = rng.choice(CHANGES)
        document = _somewhere(rng, document, change)
        done.append(change.__name__.strip("_"))
    body = write(document)
    if rng.random() < 0.15:
        body, done = havoc(rng, body), [*done, "havoc"]
    return body, "+".join(done)


Change = Callable[[Random, Any], Any]


def _somewhere(rng: Random, node: Any, change: Change) -> Any:
    """Apply a change at a random place below, or here."""
    if isinstance(node, dict) and node and rng.random() < 0.8:
        key = rng.choice(list(node))
        return {**node, key: _somewhere(rng, node[key], change)}
    if isinstance(node, list) and not isinstance(node, Pairs) and node and rng.random() < 0.8:
        at = rng.randrange(len(node))
        return [*node[:at], _somewhere(rng, node[at], change), *node[at + 1 :]]
    return change(rng, node)


def _replaced(rng: Random, _node: Any) -> Any:
    return rng.choice(STRANGE)


def _misspelt(rng: Random, _node: Any) -> Any:
    return rng.choice(SPELLED)


def _wrapped(rng: Random, node: Any) -> Any:
    for _ in range(rng.choice((1, 2, 9, 200))):
        node = [node] if rng.random() < 0.7 else {rng.choice(KEYS): node}
    return node


def _repeated(rng: Random, node: Any) -> Any:
    times = min(rng.choice(_REPEATS), _MOST_BYTES // (len(write(node)) + 1))
    if isinstance(node, list):
        return node * (times // max(len(node), 1) + 1)
    if isinstance(node, str):
        return (node or "x") * times
    return [node] * times


def _emptied(_rng: Random, node: Any) -> Any:
    return type(node)() if isinstance(node, (list, dict, str)) else []


def _less(rng: Random, node: Any) -> Any:
    if isinstance(node, dict) and node:
        key = rng.choice(list(node))
        return {name: value for name, value in node.items() if name != key}
    return node[1:] if isinstance(node, (list, str)) else None


def _more(rng: Random, node: Any) -> Any:
    if isinstance(node, dict):
        return {**node, rng.choice(KEYS): rng.choice(STRANGE)}
    return [*node, rng.choice(STRANGE)] if isinstance(node, list) else [node, rng.choice(STRANGE)]


def _twice(rng: Random, node: Any) -> Any:
    if not isinstance(node, dict) or not node:
        return Pairs([("a", node), ("a", node)])
    key = rng.choice(list(node))
    return Pairs([*node.items(), (key, rng.choice(STRANGE) if rng.random() < 0.5 else node[key])])


def _renamed(rng: Random, node: Any) -> Any:
    if not isinstance(node, dict) or not node:
        return node
    key, name = rng.choice(list(node)), rng.choice(KEYS)
    return {name if each == key else each: value for each, value in node.items()}


CHANGES: tuple[Change, ...] = (
    _replaced, _replaced, _misspelt, _wrapped, _repeated, _emptied, _less, _more, _twice, _renamed,
)  # fmt: skip
