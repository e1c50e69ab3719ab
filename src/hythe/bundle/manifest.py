"""`hythe.json`: what a bundle says of itself. Fields that this Hythe does not know come through unharmed."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from hythe.base.errors import Corrupt, NotFound, Unsupported
from hythe.bundle.canonical import canonical
from hythe.bundle.documents import decode
from hythe.bundle.schema import Schema

FORMAT = 1
"""The format that this Hythe writes, and the newest that it reads."""
MANIFEST = "hythe.json"
GOLDENS = "goldens.arrow"
BASELINE = "baseline.json"
LOCK = "lock.json"
CARD = "card.md"
ONNX, NATIVE = "onnx", "native"
"""The names of variants: the proven graph, and the original in its framework."""
Status: TypeAlias = Literal["proven", "refused", "unproven"]


class ModelFiles(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to load the original: the flavor's word and its format; `program` needs trust to be loaded.

    `requirements` name the distributions that loading needs; their versions are in the lock.
    """

    name: str
    format: str
    program: bool = False
    requirements: tuple[str, ...] = ()


class VariantEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One variant: its folder ("" when no files are kept), the path of its proof, and what came of it.

    The native variant is the original itself, which needs no proof: it is `proven`.
    """

    name: str
    status: Status
    folder: str = ""
    proof: str = ""
    reason: str = ""


class Lineage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the version comes from: digests of its data by name, the version before it.

    The git commit that stood there when it was packed is a fact of the version, in the catalog.
    """

    data: dict[str, str] = {}
    parent: str = ""


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The content of `hythe.json`. Paths are those inside the bundle; "" where there is no such file.

    `unknown` holds the fields that a newer Hythe wrote, by their place; `encode` puts them back.

    >>> model = ModelFiles("sklearn", "skops")
    >>> raw = Manifest(flavor=model, schema=Schema(())).encode()
    >>> Manifest.decode(raw).flavor.name
    'sklearn'
    """

    flavor: ModelFiles
    schema: Schema
    variants: tuple[VariantEntry, ...] = ()
    goldens: str = ""
    baseline: str = ""
    lock: str = ""
    card: str = ""
    lineage: Lineage = Lineage()
    metrics: dict[str, float] = {}
    parameters: dict[str, Any] = {}
    tags: dict[str, str] = {}
    unknown: dict[str, Any] = {}

    def variant(self, name: str) -> VariantEntry:
        """Find a variant by name; raises NotFound naming those that there are."""
        for entry in self.variants:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in self.variants) or "none"
        raise NotFound(f"this version has no variant {name!r}; its variants are: {known}")

    def encode(self) -> bytes:
        """Write canonical JSON, unknown fields included.

        Raises:
            Invalid: for metrics or parameters that JSON cannot hold, such as NaN.

        """
        document = msgspec.to_builtins(self)
        document.pop("unknown", None)
        return canonical({"format": FORMAT, **_merged(document, self.unknown)})

    @classmethod
    def decode(cls, raw: bytes) -> Manifest:
        """Read what `encode` wrote.

        Raises:
            Corrupt: when it is no manifest.
            Unsupported: when a newer Hythe wrote it in a format that this one cannot read.

        """
        document = decode(raw, dict[str, Any], MANIFEST)
        version = document.pop("format", None)
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise Corrupt(f"{MANIFEST} names no format ({version!r}); fetch or pack this version again")
        if version > FORMAT:
            raise Unsupported(
                f"{MANIFEST} has format {version}; this Hythe reads up to {FORMAT}; upgrade Hythe to use it"
            )
        document.pop("unknown", None)
        try:
            typed = msgspec.convert(document, cls)
        except msgspec.ValidationError as err:
            raise Corrupt(f"{MANIFEST} cannot be read: {err}; fetch or pack this version again") from err
        known = msgspec.to_builtins(typed)
        return msgspec.structs.replace(typed, unknown=_unknown(document, known))


def _unknown(document: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Collect what `document` has beyond `known`; members of lists are told apart by their names."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key not in known:
            found[key] = value
        elif isinstance(value, dict):
            found[key] = _unknown(value, known[key])
        elif isinstance(value, list):
            members = {
                item["name"]: _unknown(item, twin)
                for item, twin in zip(value, known[key], strict=False)
                if _is_member(item) and _is_member(twin)
            }
            found[key] = {name: more for name, more in members.items() if more}
    return {key: value for key, value in found.items() if value != {} or key not in known}


def _merged(known: dict[str, Any], unknown: dict[str, Any]) -> dict[str, Any]:
    """Put back what `_unknown` collected; what is known wins."""
    whole = dict(known)
    for key, value in unknown.items():
        here = whole.get(key)
        if here is None:
            whole[key] = value
        elif isinstance(here, dict) and isinstance(value, dict):
            whole[key] = _merged(here, value)
        elif isinstance(here, list | tuple) and isinstance(value, dict):
            whole[key] = [
                _merged(item, value.get(item["name"], {})) if _is_member(item) else item for item in here
            ]
    return whole


def _is_member(item: Any) -> bool:
    return isinstance(item, dict) and "name" in item
