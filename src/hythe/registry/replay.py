"""The state that the change log leads to, beside the rows that stand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from hythe.registry.reader import Reader
from hythe.registry.records import LogEntry

State: TypeAlias = dict[tuple[str, ...], Any]
"""Kind and name of each thing, with what matters of it."""


def replay(entries: Iterable[LogEntry]) -> State:
    """Apply every entry of the log, the oldest first, to nothing.

    >>> entry = LogEntry(1, "", "ana", "trust", "sha256:00", None, {"digest": "sha256:00"}, "", "")
    >>> replay([entry])
    {('trust', 'sha256:00'): True}
    """
    state: State = {}
    for entry in entries:
        _apply(state, entry)
    return state


def disagreements(reader: Reader) -> list[str]:
    """Say where the rows differ from what the log leads to."""
    logged, stands = replay(reader.history()), _standing(reader)
    return [
        f"{key[0]} '{':'.join(key[1:])}' is {_said(stands, key)} in the catalog and {_said(logged, key)}"
        " in the change log; it was changed outside Hythe: put a backup back"
        for key in sorted({*logged, *stands})
        if logged.get(key) != stands.get(key)
    ]


def _said(state: State, key: tuple[str, ...]) -> str:
    return repr(state[key]) if key in state else "absent"


def _apply(state: State, entry: LogEntry) -> None:
    _apply_to_model(state, entry)
    _apply_to_others(state, entry)


def _apply_to_model(state: State, entry: LogEntry) -> None:
    name, before, after = entry.subject, entry.before, entry.after
    match entry.action:
        case "add version":
            state["version", name, after["version"]] = after["digest"]
            state["approval", name, after["version"]] = after["approval"].get("state", "pending")
        case "remove version":
            state.pop(("version", name, before["version"]), None)
            state.pop(("approval", name, before["version"]), None)
        case "approved" | "rejected":
            state["approval", name, after["version"]] = entry.action
        case "alias":
            state["alias", name, after["alias"]] = after["version"]
        case "unalias":
            state.pop(("alias", name, before["alias"]), None)
        case _:
            pass


def _apply_to_others(state: State, entry: LogEntry) -> None:
    name, after = entry.subject, entry.after
    match entry.action:
        case "trust":
            state["trust", name] = True
        case "distrust":
            state.pop(("trust", name), None)
        case "put plan" | "add key" | "put monitor":
            state[_kind_and_name(name)] = after
        case "rollout":
            state["rollout", after["id"]] = [name, after["status"]]
        case "alert fired" | "alert acknowledged" | "alert resolved":
            state[_kind_and_name(name)] = after["state"]
        case "remove plan" | "revoke key":
            state.pop(_kind_and_name(name), None)
        case _:
            pass


def _kind_and_name(subject: str) -> tuple[str, str]:
    kind, _, name = subject.partition("/")
    return "plan" if kind == "endpoint" else kind, name


def _standing(reader: Reader) -> State:
    state: State = {}
    for record in reader.all_versions():
        state["version", record.name, record.version] = record.digest
        state["approval", record.name, record.version] = record.approval.state
        state |= {("alias", record.name, alias): record.version for alias in record.aliases}
    state |= {("trust", record.digest): True for record in reader.all_trusted()}
    state |= {("key", key.id): key.state for key in reader.all_keys() if not key.revoked_at}
    state |= {("plan", plan.endpoint): plan.document for plan in reader.plans()}
    state |= {("monitor", item.endpoint): item.document for item in reader.monitors()}
    state |= {("alert", str(alert)): status for alert, status in reader.alert_states().items()}
    state |= {("rollout", item.id): [f"endpoint/{item.endpoint}", item.status] for item in reader.rollouts()}
    return state
