"""Runbooks name the endpoint, the evidence, what to check, and commands that exist."""

from __future__ import annotations

import shlex

import pytest
from msgspec.structs import replace
from tests.unit.monitor.alerts.play import Play, finding, report

from hythe.cli.main import app
from hythe.monitor.alerts.advice import ADVICE
from hythe.monitor.alerts.alert import Acknowledged, Alert
from hythe.monitor.alerts.defaults import RULES
from hythe.monitor.alerts.runbook import runbook, runbook_of_rule
from hythe.monitor.finding import Finding, Kind
from hythe.monitor.rule import Rule


def fired(*findings: Finding) -> Alert:
    play = Play([Rule(name="all")])
    play.take(report(0, *findings))
    return play.alerts[0]


def commands(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("hythe ")]


@pytest.mark.parametrize("kind", ADVICE)
def test_every_command_of_a_runbook_is_one_that_hythe_knows(kind: Kind) -> None:
    found = commands(runbook(fired(finding("feature:age", kind=kind)), "churn:1.0.0"))
    assert len(found) >= 5
    for command in found:
        app.parse_args(shlex.split(command)[1:], print_error=False, exit_on_error=False)


def test_the_evidence_is_in_it_with_its_figures() -> None:
    text = runbook(fired(finding("feature:age", p_value=1e-9, value=0.123456)), "churn:1.0.0")
    assert "| age | feature:age alarm | 1 | 1970-01-01 00:00 UTC |" in text
    assert "**age, distribution**: value 0.1235, p-value 1e-09." in text
    assert "scoring 1.0.0" in text.splitlines()[0]


def test_two_kinds_of_findings_are_both_explained() -> None:
    both = finding("feature:age"), finding("feature:pay", kind="quality")
    text = runbook(fired(*both), "churn:1.0.0")
    assert "## What it means (drift)" in text
    assert "## What it means (quality)" in text
    assert len(commands(text)) == len({*commands(text)})


def test_many_features_are_counted_and_not_all_listed() -> None:
    text = runbook(fired(*(finding(f"feature:x{n}") for n in range(300))), "churn:1.0.0")
    assert "| and 280 more | | | |" in text
    assert len(text) < 20_000


def test_who_looks_after_it_is_named() -> None:
    alert = fired(finding("feature:age"))
    text = runbook(replace(alert, acknowledged=Acknowledged("ana", 7200, "the feed")), "churn:1.0.0")
    assert "ana looks after it since 1970-01-01 02:00 UTC: the feed." in text


def test_text_of_a_finding_does_not_break_the_table() -> None:
    text = runbook(fired(finding("feature:a|b")), "churn:1.0.0")
    assert r"| a\|b |" in text


def test_every_kind_of_finding_has_a_usual_rule_and_advice() -> None:
    assert {rule.kind for rule in RULES} == {*ADVICE}
    assert {*Kind.__args__} == {*ADVICE}  # type: ignore[attr-defined]


def test_rules_have_runbooks_before_they_fire() -> None:
    for rule in RULES:
        text = runbook_of_rule(rule, "scoring", "1.0.0", "churn:1.0.0")
        assert text.startswith(f"# Alerts of scoring: {rule.name}\n")
        for command in commands(text):
            app.parse_args(shlex.split(command)[1:], print_error=False, exit_on_error=False)
