"""Runbooks of alerts, and of the rules that may raise some."""

from __future__ import annotations

from typing import Any

from hythe.base.errors import NotFound
from hythe.monitor.alerts.defaults import RULES
from hythe.monitor.alerts.runbook import runbook, runbook_of_rule
from hythe.operations.alerts.stored import alert_in
from hythe.operations.monitoring.policy import policy_in
from hythe.registry.catalog import Catalog


def runbook_text(catalog: Catalog, alert_id: int) -> str:
    """Write the runbook of an alert, as Markdown; raises NotFound when there is no such alert."""
    alert = alert_in(catalog.alerts.one(alert_id))
    return runbook(alert, _ref(_plan(catalog, alert.endpoint), alert.endpoint, alert.version))


def runbooks(catalog: Catalog) -> dict[str, str]:
    """Write a runbook for each rule of each endpoint, and for each alert that fires, by file name."""
    found = {}
    for plan in catalog.plans():
        version = _first_version(plan.document)
        ref = _ref(plan.document, plan.endpoint, version)
        for rule in policy_in(catalog.monitor(plan.endpoint)).rules or RULES:
            text = runbook_of_rule(rule, plan.endpoint, version, ref)
            found[f"{plan.endpoint}-{_file_name(rule.name)}.md"] = text
    for record in catalog.alerts.read(states=("firing",)):
        found[f"alert-{record.id}.md"] = runbook_text(catalog, record.id)
    return found


def _plan(catalog: Catalog, endpoint: str) -> Any:
    try:
        return catalog.plan(endpoint).document
    except NotFound:
        return {}


def _ref(document: Any, endpoint: str, version: str) -> str:
    model = document.get("model") if isinstance(document, dict) else None
    return f"{model or endpoint}:{version}"


def _first_version(document: Any) -> str:
    arms = document.get("arms", []) if isinstance(document, dict) else []
    return str(arms[0].get("version", "")) if arms else ""


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)
