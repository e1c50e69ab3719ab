"""Everything that a process needs to serve an endpoint, as data: nothing is asked of the catalog later."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.schema import Schema
from hythe.monitor.records.observing import Observing
from hythe.rollout.plan import Plan
from hythe.rollout.sticky import Sticky
from hythe.runtime.unread import unread
from hythe.security.keys import KeyEntry
from hythe.security.tokens import Issuer

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class OnnxFiles(msgspec.Struct, frozen=True, tag_field="kind", tag="onnx"):
    """A proven variant: the paths of its graph, beside which large weights lie, and of `variant.json`."""

    graph: str
    variant: str


class NativeFiles(msgspec.Struct, frozen=True, tag_field="kind", tag="native"):
    """A native model for a child process: flavor, format, and the folder where its files are unpacked.

    `python` is the interpreter of the environment that it runs in, "" for the server's own.
    """

    flavor: str
    format: str
    folder: str
    python: str = ""


class VersionSpec(msgspec.Struct, frozen=True):
    """One version, ready to load: SemVer number, bundle digest, schema, the chosen variant's files.

    `baseline` is the path of the baseline whose bins observations are counted into, "" for none, and
    `observing` what serving processes read for it beside the model's input. `widths` say how far the values
    of an output lie apart in it, by which a change of them is measured.
    """

    version: str
    digest: str
    schema: Schema
    files: OnnxFiles | NativeFiles
    baseline: str = ""
    observing: Observing = Observing()
    widths: dict[str, float] = {}


class EndpointSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """An endpoint: its name, its plan, and every version that the plan names; it checks itself.

    `example` is one row that the model answers, shown in the API's description. `revision` is the plan's in
    the catalog, 0 where it stands in none.
    """

    name: str
    plan: Plan
    versions: tuple[VersionSpec, ...]
    example: dict[str, Any] | None = None
    revision: int = 0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise Invalid(f"endpoint {self.name!r}; use letters, digits, '.', '_' and '-'")
        known = {item.version: item.schema for item in self.versions}
        for version in self.plan.digests:
            if version not in known:
                raise Invalid(
                    f"the plan of endpoint {self.name!r} names {version}, but it has not that version"
                )
        self._check_sticky([known[arm.version] for arm in self.plan.arms])
        self._check_shadows(known)
        if self.plan.constant is not None:
            from hythe.dataplane.constant import constant_answers

            for item in self.versions:
                constant_answers(item.schema.outputs, self.plan.constant, 1)

    def _check_sticky(self, schemas: Sequence[Schema]) -> None:
        sticky = Sticky.parse(self.plan.sticky)
        for schema in schemas if sticky.kind == "feature" else ():
            columns = [column.name for column in schema.columns]
            if sticky.name not in columns:
                raise Invalid(
                    f"endpoint {self.name!r} is sticky by the feature {sticky.name!r}, which its schema does "
                    f"not have; columns: {', '.join(columns) or 'none, for it takes tensors'}"
                )

    def _check_shadows(self, known: Mapping[str, Schema]) -> None:
        """See that each shadow reads all rows that its champions read: it gets them as those read them."""
        for shadow in self.plan.shadows:
            for arm in self.plan.arms:
                said = unread(known[arm.version], known[shadow.version])
                if said:
                    raise Invalid(
                        f"shadow {shadow.version} of endpoint {self.name!r} does not read every row that "
                        f"{arm.version} reads: {'; '.join(said)}. Shadow a version that does"
                    )

    @property
    def schema(self) -> Schema:
        """What clients send: the schema of the first arm's version."""
        first = self.plan.arms[0].version
        return next(item.schema for item in self.versions if item.version == first)


class Posting(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a server's processes serve from now on, whole; the steward publishes it, all others apply it.

    `notices` are sentences for operators: what was not switched in and why. `catalog_reachable` is false
    while the steward cannot ask the catalog, so that this may be old. `keys` and `issuers` say who may ask.
    """

    endpoints: tuple[EndpointSpec, ...]
    notices: tuple[str, ...] = ()
    catalog_reachable: bool = True
    keys: tuple[KeyEntry, ...] = ()
    issuers: tuple[Issuer, ...] = ()

    def __post_init__(self) -> None:
        names = [endpoint.name for endpoint in self.endpoints]
        if len(set(names)) < len(names):
            repeated = next(name for name in names if names.count(name) > 1)
            raise Invalid(f"endpoint {repeated!r} is given twice; give each a name of its own")

    def encode(self) -> bytes:
        """Write it as JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> Posting:
        """Read what `encode` wrote; raises Corrupt."""
        try:
            return msgspec.json.decode(data, type=cls)
        except msgspec.DecodeError as err:
            raise Corrupt(f"what is to be served cannot be read: {err}") from err
