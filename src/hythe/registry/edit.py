"""Changes to the catalog: each with its entry in the change log, all of one edit or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hythe.base.errors import Conflict, NotFound
from hythe.bundle.canonical import canonical
from hythe.bundle.digests import check_digest
from hythe.registry.alert_edits import AlertEdits
from hythe.registry.mentions import mentions, serves
from hythe.registry.monitor_edits import MonitorEdits
from hythe.registry.records import Approval, ApprovalState, KeyRecord, VersionRecord
from hythe.registry.refs import Ref, check_alias, check_name, parse_ref
from hythe.registry.rollouts import RolloutRecord, write_rollout
from hythe.registry.tables import aliases, keys, models, plans, trust, versions
from hythe.registry.versions import Version
from hythe.security.keys import NewKey, Permit


class Edit(AlertEdits, MonitorEdits):
    """What may be done inside `with catalog.edit(actor=…, why=…)`."""

    def add_version(
        self,
        name: str,
        version: str,
        digest: str,
        *,
        facts: Mapping[str, Any] | None = None,
        approval: Approval | None = None,
    ) -> VersionRecord:
        """Register `digest` as a version; the same again changes nothing.

        Raises `Conflict` when the version stands for other bytes already.
        """
        check_name(name)
        Version.parse(version)
        known = next((record for record in self.versions(name) if record.version == version), None)
        if known is not None:
            return _same(known, digest)
        if name not in self.models():
            self._run(models.insert().values(name=name, created_at=self._now, created_by=self._actor))
        row = {
            "name": name,
            "version": version,
            "digest": check_digest(digest),
            "created_at": self._now,
            "created_by": self._actor,
            "changed_at": self._now,
        }
        given = {"approval": approval or Approval(), "facts": dict(facts or {})}
        self._run(
            versions.insert().values(**row, **{key: canonical(item).decode() for key, item in given.items()})
        )
        self._log("add version", name, None, {"version": version, "digest": digest, **given})
        return self.resolve(Ref(name, version=version))

    def remove_version(self, ref: str) -> None:
        """Forget a version; raises `Conflict` while an alias, a plan or a rollout under way names it."""
        record = self._named(ref)
        if record.aliases:
            raise Conflict(f"'{record.ref}' is {record.name}:{record.aliases[0]}; move that alias first")
        for plan in self.plans():
            if serves(plan, record):
                raise Conflict(f"endpoint '{plan.endpoint}' serves '{record.ref}'; change its plan first")
        for rollout in self.rollouts(running=True):
            if mentions(rollout.document, {record.ref, record.digest}):
                raise Conflict(
                    f"endpoint '{rollout.endpoint}' is in a rollout with '{record.ref}'; end that first"
                )
        self._run(versions.delete().where(*_row_of(record)))
        if not self.versions(record.name):
            self._run(models.delete().where(models.c.name == record.name))
        before = {"version": record.version, "digest": record.digest, "facts": record.facts}
        self._log("remove version", record.name, before, None)

    def set_facts(self, ref: str, facts: Mapping[str, Any]) -> None:
        """Put facts beside those that stand there; a value of None takes one away."""
        record = self._named(ref)
        merged = {key: value for key, value in {**record.facts, **facts}.items() if value is not None}
        if merged != record.facts:
            self._change(record, "facts", merged)
            before = {key: record.facts.get(key) for key in facts}
            self._log("set facts", record.name, before, {"version": record.version, **facts})

    def merge(self, ref: str, facts: Mapping[str, Any], approval: Approval | None) -> None:
        """Take over facts that are unknown here, and a decision where none was made here."""
        record = self._named(ref)
        unknown = {key: value for key, value in facts.items() if key not in record.facts}
        if unknown:
            self.set_facts(record.ref, unknown)
        if approval is not None and approval.state != "pending" and record.approval.state == "pending":
            self._approval(record, approval)

    def alias(self, ref: str, version: str) -> None:
        """Point an alias (`churn:champion`) at a version; the same again changes nothing."""
        wanted = _alias_of(ref)
        name, alias = wanted.name, str(wanted.alias)
        target = self.resolve(Ref(name, version=str(Version.parse(version))))
        before = next((item.version for item in self.aliases(name) if item.alias == alias), None)
        if before == target.version:
            return
        self._run(aliases.delete().where(aliases.c.name == name, aliases.c.alias == alias))
        row = {"name": name, "alias": alias, "version": target.version, "at": self._now, "by": self._actor}
        self._run(aliases.insert().values(**row))
        self._log("alias", name, before and {"alias": alias, "version": before}, _pointed(alias, version))

    def unalias(self, ref: str) -> None:
        """Take an alias away."""
        wanted = _alias_of(ref)
        record = self.resolve(wanted)
        self._run(aliases.delete().where(aliases.c.name == record.name, aliases.c.alias == wanted.alias))
        self._log("unalias", record.name, _pointed(str(wanted.alias), record.version), None)

    def approve(self, ref: str, note: str = "") -> None:
        """Say that people stand behind a version."""
        self._decide(ref, "approved", note)

    def reject(self, ref: str, note: str = "") -> None:
        """Say that a version must not be used."""
        self._decide(ref, "rejected", note)

    def trust(self, digest: str, note: str = "") -> None:
        """Allow the programs in the bundle or file with this digest to run here."""
        if self.trusted(check_digest(digest)) is None:
            self._run(trust.insert().values(digest=digest, at=self._now, by=self._actor, note=note))
            self._log("trust", digest, None, {"digest": digest, "note": note})

    def distrust(self, digest: str) -> None:
        """Take trust away."""
        known = self.trusted(check_digest(digest))
        if known is None:
            raise NotFound(f"{digest} is not trusted here; there is nothing to take away")
        self._run(trust.delete().where(trust.c.digest == digest))
        self._log("distrust", digest, {"digest": digest, "note": known.note}, None)

    def put_plan(self, endpoint: str, document: Any, expected_revision: int | None = None) -> int:
        """Store an endpoint's plan and give its revision, counted from 1.

        No revision of an endpoint ever comes back, also when it is removed and made again. With
        `expected_revision` (0 where there is no such endpoint), raises `Conflict` when the plan changed
        meanwhile.
        """
        check_name(endpoint)
        before = next((plan for plan in self.plans() if plan.endpoint == endpoint), None)
        revision = before.revision if before else 0
        if expected_revision is not None and expected_revision != revision:
            raise Conflict(
                f"the plan of '{endpoint}' is at revision {revision}, not {expected_revision}; look again"
            )
        self._run(plans.delete().where(plans.c.endpoint == endpoint))
        revision = (revision or self._put_before(endpoint)) + 1
        row = {"endpoint": endpoint, "revision": revision, "at": self._now, "by": self._actor}
        self._run(plans.insert().values(**row, document=canonical(document).decode()))
        self._log("put plan", f"endpoint/{endpoint}", before and before.document, document)
        return revision

    def remove_plan(self, endpoint: str) -> None:
        """Take an endpoint away."""
        before = self.plan(endpoint)
        self._run(plans.delete().where(plans.c.endpoint == endpoint))
        self._log("remove plan", f"endpoint/{endpoint}", before.document, None)

    def put_rollout(
        self, record: RolloutRecord, expected_turn: int, said: Mapping[str, Any] | None = None
    ) -> RolloutRecord:
        """Store where a rollout stands (`expected_turn` 0 for a new one), and give it with its new turn.

        `said` is what the log keeps of it, beside its id and status: what moved it, and on what evidence.

        Raises:
            Conflict: when it moved meanwhile, or another one is running or paused on the endpoint.

        """
        before = next((known for known in self.rollouts(record.endpoint) if known.id == record.id), None)
        written = write_rollout(self._connection, record, expected_turn)
        after = {**(said or {}), **record.state}
        self._log("rollout", f"endpoint/{record.endpoint}", before and before.state, after)
        return written

    def add_key(self, key: NewKey, name: str, permit: Permit, expires_at: str = "") -> KeyRecord:
        """Let whoever holds `key` do what `permit` says, until `expires_at` (RFC 3339; empty for ever)."""
        place = max((known.place for known in self.all_keys()), default=-1) + 1
        record = KeyRecord(key.id, key.digest, name, place, permit, expires_at, self._now, self._actor)
        row = {**msgspec.structs.asdict(record), "permit": canonical(permit).decode()}
        self._run(keys.insert().values(**row))
        self._log("add key", f"key/{key.id}", None, record.state)
        return record

    def revoke_key(self, key_id: str) -> KeyRecord:
        """End a key now; the same again changes nothing."""
        record = self.key(key_id)
        if not record.revoked_at:
            ended = {"revoked_at": self._now, "revoked_by": self._actor}
            self._run(keys.update().where(keys.c.id == key_id).values(**ended))
            self._log("revoke key", f"key/{key_id}", record.state, None)
        return self.key(key_id)

    def _named(self, ref: str) -> VersionRecord:
        wanted = parse_ref(ref)
        if wanted == Ref(wanted.name):
            raise NotFound(f"'{ref}' names no version; say which, for example {ref}:1.0.0")
        return self.resolve(wanted)

    def _decide(self, ref: str, state: ApprovalState, note: str) -> None:
        self._approval(self._named(ref), Approval(state, self._actor, self._now, note))

    def _approval(self, record: VersionRecord, approval: Approval) -> None:
        self._change(record, "approval", approval)
        self._log(
            approval.state, record.name, {"version": record.version, **msgspec.to_builtins(record.approval)},
            {"version": record.version, **msgspec.to_builtins(approval)},
        )  # fmt: skip

    def _put_before(self, endpoint: str) -> int:
        """Count the plans that were put on an endpoint that has none."""
        entries = self.history(f"endpoint/{endpoint}")
        return sum(entry.action == "put plan" for entry in entries)

    def _change(self, record: VersionRecord, column: str, value: Any) -> None:
        changed = {column: canonical(value).decode(), "changed_at": self._now}
        self._run(versions.update().where(*_row_of(record)).values(**changed))


def _same(known: VersionRecord, digest: str) -> VersionRecord:
    if known.digest != digest:
        raise Conflict(
            f"'{known.ref}' exists already with other bytes ({known.digest}); give another version, or none"
        )
    return known


def _row_of(record: VersionRecord) -> tuple[Any, Any]:
    return versions.c.name == record.name, versions.c.version == record.version


def _alias_of(ref: str) -> Ref:
    name, _, alias = ref.partition(":")
    return Ref(check_name(name), alias=check_alias(alias))


def _pointed(alias: str, version: str) -> dict[str, str]:
    return {"alias": alias, "version": version}
