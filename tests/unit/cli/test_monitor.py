"""`hythe monitor` shows how an endpoint does, and takes and prints how that is judged."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.unit.operations.monitoring.scene import HOUR, Scene, add, baseline

from hythe.operations.endpoints.create import create
from hythe.operations.monitoring.turn import Monitoring
from hythe.registry.registry import Registry
from hythe.testing.fake_clock import FakeClock

Run: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a home whose endpoint had six quiet hours, and a drift since; the last hour is not looked at."""
    began = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=8)
    clock, reference = FakeClock(began), baseline()
    registry = Registry.open(tmp_path / "home", clock=clock)
    add(registry, "1.0.0", reference)
    create(registry, "scoring", "churn:1.0.0", actor="ana")
    create(registry, "idle", "churn:1.0.0", actor="ana")
    scene = Scene(registry, clock, reference, Monitoring(registry, clock))
    scene.serve(6)
    scene.serve(1, shift=0.6)
    scene.deliver(scene.window(scene.now // HOUR * HOUR, 300, shift=0.6))
    registry.close()
    return tmp_path / "home"


def test_one_screen_shows_traffic_alerts_values_and_what_to_do(run: Run) -> None:
    code, said, _ = run("monitor", "scoring")
    assert code == 0
    assert said.splitlines()[0] == "scoring: 3,100 requests in the last 1d, 1 alarm, 1 alert"
    assert "scoring 1.0.0: drifted: tenure" in said
    first, second = (line for line in said.splitlines() if "feature:" in line and "distribution" in line)
    assert (first.split()[:2], second.split()[0]) == (["!", "feature:tenure"], "feature:contract")
    assert "next: look after alert 1" in said
    assert "what nobody had looked at (1) was looked at now" in said


def test_the_json_document_is_whole(run: Run) -> None:
    code, said, _ = run("monitor", "show", "scoring", "--json", "--since", "12h", "--version", "1.0.0")
    seen = json.loads(said)
    assert (code, seen["endpoint"], seen["computed"], len(seen["reports"])) == (0, "scoring", 1, 8)
    assert seen["policy"]["false_alarms"] == 1.0
    assert {"p_value", "low", "details"} <= set(seen["reports"][0]["findings"][0])
    assert seen["subjects"]["1.0.0"][0]["trend"][-1] > 0.1


def test_a_page_with_plots_is_written(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "monitor.html"
    code, said, _ = run("monitor", "scoring", "--report", str(file))
    assert (code, said.splitlines()[-1]) == (0, f"written: {file}")
    text = file.read_text()
    assert "<svg" in text
    assert "feature:tenure" in text
    code, _, said = run("monitor", "idle", "--report", str(file))
    assert (code, "there is nothing to report" in said) == (2, True)
    code, _, said = run("monitor", "scoring", "--report", str(tmp_path / "nowhere" / "page.html"))
    assert (code, "cannot be written" in said) == (2, True)


def test_an_endpoint_without_traffic_and_one_that_is_not_there_are_clear(run: Run) -> None:
    code, said, _ = run("monitor", "idle")
    assert (code, said.splitlines()[0]) == (0, "idle: 0 requests in the last 1d, nothing alarms")
    assert "next: nothing was observed in this time" in said
    code, _, said = run("monitor", "scorin")
    assert code == 2
    assert "did you mean 'scoring'" in said
    assert run("monitor", "scoring", "--since", "soon")[0] == 2
    assert run("monitor", "scoring", "--watch", "--interval", "0")[0] == 2


def test_what_is_printed_as_settings_can_be_applied(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "scoring.toml"
    code, toml, _ = run("monitor", "settings", "scoring")
    assert code == 0
    assert toml.startswith("# how endpoint scoring is monitored: the usual way")
    file.write_text(toml)
    assert "is monitored so already" in run("monitor", "apply", str(file))[1]
    file.write_text(toml.replace("false_alarms = 1", "false_alarms = 0.25"))
    code, said, _ = run("monitor", "apply", str(file), "--dry-run")
    assert said.splitlines() == ["false_alarms: 1.0 -> 0.25", "nothing was changed: this was a dry run"]
    code, said, _ = run("monitor", "apply", str(file))
    assert (code, said.splitlines()[1]) == (
        0, "endpoint scoring is monitored by revision 1, from the next period on",
    )  # fmt: skip
    code, toml, _ = run("monitor", "settings", "scoring")
    assert toml.splitlines()[0].startswith("# how endpoint scoring is monitored: revision 1, by ana at 2")
    assert "false_alarms = 0.25" in toml
    document = json.loads(run("monitor", "settings", "scoring", "--json")[1])
    assert (document["revision"], document["policy"]["least_rows"]) == (1, 100)
    assert "put monitor" in run("history", "monitor/scoring")[1]


def test_a_policy_with_a_misspelt_field_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "scoring.toml"
    file.write_text("fales_alarms = 2")
    code, _, said = run("monitor", "apply", str(file))
    assert (code, "did you mean 'false_alarms'" in said) == (2, True)


def test_on_a_terminal_the_screen_is_drawn(home: Path) -> None:
    ours, theirs = pty.openpty()
    arguments = [sys.executable, "-m", "hythe.cli.main", "monitor", "scoring", "--home", str(home)]
    environ = {**os.environ, "COLUMNS": "160", "TERM": "xterm"}
    with subprocess.Popen(arguments, stdout=theirs, env=environ) as process:
        os.close(theirs)
        shown = b""
        while part := _read(ours):
            shown += part
        assert process.wait(60) == 0
    os.close(ours)
    assert b"\x1b[31m" in shown
    assert "● ".encode() in shown
    assert "█".encode() in shown


def test_the_screen_is_renewed_until_ctrl_c(home: Path) -> None:
    ours, theirs = pty.openpty()
    arguments = [sys.executable, "-m", "hythe.cli.main", "monitor", "scoring", "--watch", "--interval", "0.1"]
    environ = {**os.environ, "COLUMNS": "160", "LINES": "50", "TERM": "xterm", "HYTHE_HOME": str(home)}
    with subprocess.Popen(arguments, stdout=theirs, env=environ) as process:
        os.close(theirs)
        shown = b""
        while shown.count(b"Ctrl-C ends") < 3:
            part = _read(ours)
            assert part, shown[-2000:]
            shown += part
        process.send_signal(signal.SIGINT)
        while _read(ours):
            pass
        assert process.wait(60) == 0
    os.close(ours)
    assert b"feature:tenure" in shown


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other side has ended
        return b""
