"""What has to hold of the versions that a plan names before any of them takes traffic."""

from __future__ import annotations

from collections.abc import Iterable

from hythe.base.errors import Conflict, Denied, Invalid, NotFound
from hythe.bundle.bundle import Bundle
from hythe.bundle.manifest import MANIFEST, Manifest
from hythe.bundle.schema import Schema
from hythe.operations.endpoints.callers import breaks
from hythe.registry.reader import Reader
from hythe.registry.records import VersionRecord
from hythe.registry.refs import Ref
from hythe.registry.registry import Registry
from hythe.registry.versions import Version
from hythe.rollout.sticky import Sticky


def version_of(reader: Reader, model: str, number: str) -> VersionRecord:
    """Find a version of a model by its number; raises Invalid for no number, NotFound naming those known."""
    if not Version.fits(number):
        raise Invalid(f"the plan names version {number!r}; give a number such as 1.4.2")
    return reader.resolve(Ref(model, version=number))


def schema_of(registry: Registry, record: VersionRecord) -> Schema:
    """Read what a version takes and gives; raises NotFound or Corrupt where its bytes are not whole."""
    return Manifest.decode(Bundle.open(registry.blobs, record.digest).read(MANIFEST)).schema


def check_model(reader: Reader, model: str) -> None:
    """Refuse a model that is not there; raises NotFound naming those that are."""
    known = reader.models()
    if model not in known:
        shown = ", ".join(known) or "none yet"
        raise NotFound(
            f"the plan is of model {model!r}, which is not in the registry; known models: {shown}; say which "
            'with: model = "NAME"'
        )


def check_alone(reader: Reader, endpoint: str) -> None:
    """Refuse a change while a rollout is under way; raises Conflict."""
    for rollout in reader.rollouts(endpoint, running=True):
        raise Conflict(
            f"endpoint {endpoint!r} is in rollout {rollout.id}, which is {rollout.status}; end it first: "
            f"hythe rollout abort {endpoint}, or promote"
        )


def check_review(endpoint: str, records: Iterable[VersionRecord], *, approval: bool) -> None:
    """Refuse versions that may not take traffic: rejected ones, and where asked, those not approved.

    Raises:
        Denied: naming the first.

    """
    for record in records:
        state = record.approval.state
        if state == "rejected":
            note = f" ({record.approval.note})" if record.approval.note else ""
            raise Denied(
                f"{record.ref} was rejected by {record.approval.by}{note}, and takes no traffic; approve it "
                f"first: hythe approve {record.ref}"
            )
        if approval and state != "approved":
            raise Denied(
                f"endpoint {endpoint!r} asks for approval, and {record.ref} is {state}; approve it first: "
                f"hythe approve {record.ref}"
            )


def check_callers(
    registry: Registry, endpoint: str, callers: VersionRecord, records: Iterable[VersionRecord]
) -> None:
    """Refuse versions whose schema breaks those who call as `callers` takes it.

    Raises:
        Conflict: with every difference of the first.

    """
    fits = schema_of(registry, callers)
    for record in records:
        found = [] if record.digest == callers.digest else breaks(fits, schema_of(registry, record))
        if found:
            raise Conflict(
                f"{record.ref} breaks the callers of endpoint {endpoint!r}, who call as {callers.ref} takes "
                f"it: {'; '.join(found)}. Where they are ready for it, allow the schema change"
            )


def check_sticky(registry: Registry, sticky: Sticky, records: Iterable[VersionRecord]) -> None:
    """Refuse a sticky key that is a feature which a version does not have; raises Invalid, naming columns."""
    if sticky.kind != "feature":
        return
    for record in records:
        names = [column.name for column in schema_of(registry, record).columns]
        if sticky.name not in names:
            known = f"its columns are {', '.join(names)}" if names else "it takes tensors and has no columns"
            raise Invalid(
                f"the sticky key is feature:{sticky.name}, which {record.ref} does not have; {known}"
            )
