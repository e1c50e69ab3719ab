"""skops archives whose bytes depend on the model alone.

skops names arrays and objects by their addresses, bytes by random ids, writes sets in the order of the hash
seed and stamps its zip members with the time. Here arrays are named by their content, only objects that
really are shared keep a number, sets are sorted, what lasts no longer than a process is left out, and the zip
is stored uncompressed with one fixed time. `skops.io.load` reads the result like any other archive.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hythe.flavors.canonical_pickle import SEARCH_COUNTERS, TRANSIENT, without_padding

_WITHOUT_IDENTITY = {
    "JsonNode",
    "TypeNode",
    "FunctionNode",
    "TupleNode",
    "SliceNode",
    "DTypeNode",
    "BytesNode",
}
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SCHEMA = "schema.json"
_SEARCH_TREES = {"KDTree", "BallTree", "KDTree64", "BallTree64", "KDTree32", "BallTree32"}


def canonical(archive: bytes) -> bytes:
    """Rewrite what `skops.io.dumps` gave; the same model gives the same bytes in every process."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        schema = json.loads(source.read(_SCHEMA))
        names: dict[str, str] = {}
        files: dict[str, bytes] = {}
        for node in nodes(schema):
            file = node.get("file")
            if file is not None and file not in names:
                content = _steady(file, source.read(file))
                names[file] = f"{hashlib.sha256(content).hexdigest()[:32]}{file[file.rindex('.') :]}"
                files[names[file]] = content
    for node in nodes(schema):
        if "file" in node:
            node["file"] = names[node["file"]]
        _drop_transient(node)
    _sort_sets(schema)
    _number_shared(schema)
    text = json.dumps(schema, separators=(",", ":")).encode()
    return zipped({_SCHEMA: text, **dict(sorted(files.items()))})


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Walk a schema's nodes in the order of the document."""
    stack = [schema]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if "__loader__" in item:
                yield item
            stack += reversed(item.values())
        elif isinstance(item, list):
            stack += reversed(item)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Write a zip, uncompressed, in the order given, with nothing of the day or the machine."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3
            info.external_attr = 0o600 << 16
            archive.writestr(info, content)
    return out.getvalue()


def _steady(name: str, content: bytes) -> bytes:
    """Zero the padding of structured arrays; rewrite the zip that scipy stores sparse matrices in."""
    if name.endswith(".npz"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return zipped({member: archive.read(member) for member in sorted(archive.namelist())})
    if name.endswith(".npy"):
        values = np.load(io.BytesIO(content), allow_pickle=False)
        if values.dtype.names:
            out = io.BytesIO()
            np.save(out, without_padding(values), allow_pickle=False)
            return out.getvalue()
    return content


def _drop_transient(node: dict[str, Any]) -> None:
    content: Any = node.get("content")
    if node["__class__"] in _SEARCH_TREES and node["__loader__"] == "ObjectNode":
        for counter in content["content"][SEARCH_COUNTERS] if isinstance(content, dict) else ():
            counter["content"] = "0"
    if node["__loader__"] == "DictNode" and not TRANSIENT.isdisjoint(content):
        kinds = node["key_types"]["content"]
        node["key_types"]["content"] = [
            kind for kind, key in zip(kinds, content, strict=True) if key not in TRANSIENT
        ]
        node["content"] = {key: value for key, value in content.items() if key not in TRANSIENT}


def _sort_sets(schema: Any) -> None:
    for node in reversed(list(nodes(schema))):
        if node["__loader__"] == "SetNode":
            node["content"].sort(key=_text)
        elif node["__class__"] == "frozenset" and node["__loader__"] == "ConstructorFromReduceNode":
            node["content"]["content"][0]["content"].sort(key=_text)


def _text(node: Any) -> str:
    """Write a node without the identities in it, to compare it by."""
    plain = json.loads(json.dumps(node))
    for inner in nodes(plain):
        inner.pop("__id__", None)
    return json.dumps(plain, sort_keys=True)


def _number_shared(schema: Any) -> None:
    """Give numbers to objects that appear more than once, as they appear; drop other identities."""
    seen = Counter(node.get("__id__") for node in nodes(schema))
    numbers: dict[int, int] = {}
    for node in nodes(schema):
        identity = node.pop("__id__", None)
        if seen[identity] > 1 and node["__loader__"] not in _WITHOUT_IDENTITY:
            node["__id__"] = numbers.setdefault(identity, len(numbers) + 1)
