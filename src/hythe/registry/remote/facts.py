"""The facts of a version as an artifact that refers to its bundle: name, version, approval, timings.

The artifact is found through its `subject` (OCI image specification 1.1), and where a registry does not
list referrers, through the tag `sha256-<hex>`, an index of all that refers to the bundle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hythe.base.errors import Corrupt, NotFound
from hythe.bundle.canonical import canonical
from hythe.bundle.descriptor import OCI_EMPTY, OCI_INDEX, OCI_MANIFEST, Descriptor, Manifest
from hythe.bundle.digests import digest_of
from hythe.registry.records import Approval, VersionRecord
from hythe.registry.refs import check_name
from hythe.registry.remote.client import RegistryClient
from hythe.registry.versions import Version

FACTS = "application/vnd.hythe.facts.v1+json"
CHANGED = "org.opencontainers.image.created"
"""The annotation that tells which of several facts is the newest."""
_EMPTY = b"{}"


class Facts(msgspec.Struct, frozen=True):
    """What travels beside a bundle. `others` is every field that is not named here, kept as it came."""

    name: str
    version: str
    approval: Approval = Approval()
    others: Mapping[str, Any] = {}

    @classmethod
    def of(cls, record: VersionRecord) -> Facts:
        """Take the facts of a version."""
        return cls(record.name, record.version, record.approval, record.facts)

    def write(self) -> bytes:
        """Write the document: one flat object."""
        named = {"name": self.name, "version": self.version, "approval": self.approval}
        return canonical({**self.others, **msgspec.to_builtins(named)})

    @classmethod
    def read(cls, raw: bytes) -> Facts:
        """Read a document; fields of newer Hythes stay in `others`."""
        try:
            fields = msgspec.json.decode(raw, type=dict[str, Any])
            named = msgspec.convert(fields, cls)
            others = {
                key: value for key, value in fields.items() if key not in {"name", "version", "approval"}
            }
            check_name(named.name)
            Version.parse(named.version)
        except (msgspec.MsgspecError, ValueError) as err:
            raise Corrupt(
                f"the facts beside the bundle cannot be read ({err}); push the version again"
            ) from err
        return msgspec.structs.replace(named, others=others)


def facts_manifest(facts: bytes, subject: Descriptor, changed_at: str) -> Manifest:
    """Make the manifest of the artifact that holds `facts` and refers to `subject`."""
    return Manifest.parse(
        canonical(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "artifactType": FACTS,
                "config": Descriptor(OCI_EMPTY, digest_of(_EMPTY), len(_EMPTY)),
                "layers": [Descriptor(FACTS, digest_of(facts), len(facts))],
                "subject": Descriptor(subject.media_type, subject.digest, subject.size),
                "annotations": {CHANGED: changed_at},
            }
        )
    )


def facts_blobs(facts: bytes) -> Mapping[str, bytes]:
    """Give the blobs that `facts_manifest` names, by digest."""
    return {digest_of(_EMPTY): _EMPTY, digest_of(facts): facts}


def referrers_tag(digest: str) -> str:
    """Give the tag under which registries without a referrers API list what refers to `digest`.

    >>> referrers_tag("sha256:e3b0")
    'sha256-e3b0'
    """
    return digest.replace(":", "-")


def list_under_tag(client: RegistryClient, subject: str, facts: Manifest) -> None:
    """Add the facts to the index under the fallback tag, in the place of earlier facts."""
    tag = referrers_tag(subject)
    try:
        index: dict[str, Any] = msgspec.json.decode(client.get_manifest(tag))
    except NotFound:
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX}
    others = [item for item in index.get("manifests", ()) if item.get("artifactType") != FACTS]
    entry = {**msgspec.to_builtins(facts.descriptor), "annotations": dict(facts.annotations)}
    client.put_manifest(tag, canonical({**index, "manifests": [*others, entry]}), OCI_INDEX)


def find_facts(client: RegistryClient, subject: str) -> Facts | None:
    """Fetch the newest facts that refer to `subject`, or None where there are none."""
    listed = [item for item in _referrers(client, subject) if item.artifact_type == FACTS]
    if not listed:
        return None
    newest = max(listed, key=lambda item: (item.annotations.get(CHANGED, ""), item.digest))
    manifest = Manifest.parse(client.get_manifest(newest.digest))
    layer = next((item for item in manifest.layers if item.media_type == FACTS), None)
    if layer is None or manifest.subject is None or manifest.subject.digest != subject:
        raise Corrupt(f"{newest.digest} does not hold the facts of {subject}; push the version again")
    return Facts.read(client.get_blob(layer))


def _referrers(client: RegistryClient, subject: str) -> list[Descriptor]:
    try:
        raw = client.ask("GET", client.url(f"referrers/{subject}"), {"Accept": OCI_INDEX}).content
    except NotFound:
        try:
            raw = client.get_manifest(referrers_tag(subject))
        except NotFound:
            return []
    try:
        return msgspec.json.decode(raw, type=_Index).manifests
    except msgspec.MsgspecError as err:
        raise Corrupt(f"the list of what refers to {subject} cannot be read ({err}); push again") from err


class _Index(msgspec.Struct):
    manifests: list[Descriptor] = []
