"""`hythe alerts` says what stands, and who looks after it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.unit.monitor.alerts.play import DAY, HOUR, finding, report

from hythe.monitor.policy import MonitorPolicy
from hythe.operations.alerts.take import take
from hythe.registry.registry import Registry

Run: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def alarmed(home: Path, run: Run) -> Run:
    """Give commands on a home where drift fires as alert 1, and failures fire as alert 2."""
    run("endpoint", "create", "scoring", "churn:1.0.0")
    registry = Registry.open(home)
    for start, found in ((DAY, finding("feature:age")), (DAY + HOUR, finding("requests", kind="errors"))):
        with registry.catalog.edit(actor="monitor") as tx:
            take(tx, report(start, found), MonitorPolicy(), start + HOUR)
    registry.close()
    return run


def test_nothing_to_do_is_said(run: Run) -> None:
    idle = "nobody monitors now, so nothing new is found: start hythe up, or hythe control\n"
    assert run("alerts") == (0, f"nothing needs you; past alerts: hythe alerts --all\n{idle}", "")
    assert run("alerts", "--all")[1] == f"there was no alert yet\n{idle}"
    assert json.loads(run("alerts", "--json")[1]) == []


def test_what_matters_most_comes_first(alarmed: Run) -> None:
    code, said, _ = alarmed("alerts")
    lines = said.splitlines()
    assert (code, lines[0].split()) == (0, ["alert", "severity", "what", "since", "who"])
    assert lines[1].split()[:2] == ["2", "critical"]
    assert "scoring 1.0.0: drifted: age" in lines[2]
    assert lines[-2] == "what to do: hythe alerts runbook 2"
    assert json.loads(alarmed("alerts", "--endpoint", "other", "--json")[1]) == []


def test_looking_after_one_and_ending_it_is_in_the_history(alarmed: Run) -> None:
    assert alarmed("alerts", "ack", "1", "--note", "the feed")[1] == "ana looks after alert 1\n"
    assert "ana: the feed" in alarmed("alerts")[1]
    assert alarmed("alerts", "resolve", "1", "--note", "mended")[1] == "alert 1 is over\n"
    assert [line["id"] for line in json.loads(alarmed("alerts", "--json")[1])] == [2]
    assert [line["state"] for line in json.loads(alarmed("alerts", "--all", "--json")[1])] == [
        "firing",
        "resolved",
    ]
    history = alarmed("history", "alert/1")[1].splitlines()
    assert ["mended" in history[-1], "the feed" in history[-2]] == [True, True]


def test_one_is_shown_with_its_evidence(alarmed: Run) -> None:
    _, said, _ = alarmed("alerts", "show", "1")
    assert said.splitlines()[0] == "alert 1: scoring 1.0.0: drifted: age"
    assert "feature:age  1970-01-02 00:00  feature:age alarm" in said
    assert json.loads(alarmed("alerts", "show", "1", "--json")[1])["evidence"][0]["name"] == "feature:age"


def test_a_silence_is_shown_beside_what_it_keeps_silent(alarmed: Run) -> None:
    code, said, _ = alarmed("alerts", "silence", "scoring", "--for", "2h", "--rule", "drift")
    name = said.split()[1]
    assert (code, f"hythe alerts unsilence {name}" in said) == (0, True)
    assert [bool(line["silent_until"]) for line in json.loads(alarmed("alerts", "--json")[1])] == [
        False,
        True,
    ]
    assert name in alarmed("alerts", "silences")[1]
    assert alarmed("alerts", "unsilence", name)[1] == "the silence of scoring is over\n"
    assert alarmed("alerts", "silences")[1] == "nothing is silent\n"


def test_a_silence_of_an_unknown_endpoint_is_refused(alarmed: Run) -> None:
    code, _, fault = alarmed("alerts", "silence", "skoring", "--for", "2h")
    assert (code, "known endpoints: scoring" in fault) == (2, True)


def test_the_runbook_is_printed(alarmed: Run) -> None:
    _, said, _ = alarmed("alerts", "runbook", "2")
    assert said.startswith("# Alert 2: scoring 1.0.0: too many failures: requests\n")
    assert "hythe rollback scoring" in said


def test_an_unknown_alert_is_asked_wrongly(run: Run) -> None:
    for words in (("show", "7"), ("ack", "7"), ("resolve", "7"), ("runbook", "7")):
        code, _, fault = run("alerts", *words)
        assert (code, fault) == (2, "hythe: there is no alert 7; see: hythe alerts --all\n")
