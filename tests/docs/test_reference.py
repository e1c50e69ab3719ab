"""What exists is in the documentation: every command and option, setting, error code and metric."""

import re
from pathlib import Path

import pytest

from hythe.app import config
from hythe.base.errors import HytheError
from hythe.base.http_errors import STATUS
from hythe.cli.main import _COMMANDS, app
from hythe.operations.monitoring.metrics import MONITOR_METRICS
from hythe.runtime.counters import Metric
from hythe.server.http.metrics import SERVED

DOCS = Path(__file__).parents[2] / "docs"
TEXT = "\n".join(path.read_text() for path in sorted(DOCS.glob("*.md")))
COMMANDS = (DOCS / "commands.md").read_text()


def commands() -> list[str]:
    """List all commands, those of a group as `key create`."""
    found = []
    for name in _COMMANDS:
        members = [member for member in app[name] if not member.startswith("-")]
        found += [f"{name} {member}" for member in members] or [name]
    return found


def options(command: str) -> list[str]:
    found = app
    for word in command.split():
        found = found[word]
    arguments = found.assemble_argument_collection()
    names = [argument.names[0] for argument in arguments]
    positional = [f"--{argument.field_info.name}" for argument in arguments if argument.index is not None]
    return [name for name in names if name.startswith("--") and name not in positional]


@pytest.mark.parametrize("command", commands())
def test_every_command_and_option_is_described(command: str) -> None:
    assert f"`hythe {command}" in COMMANDS
    missing = [option for option in options(command) if f"`{option}`" not in COMMANDS]
    assert missing == []


def test_the_options_are_really_read_from_the_commands() -> None:
    assert {"--examples", "--home", "--json"} <= set(options("pack"))
    assert "--model" not in options("pack")
    assert {"--rate", "--expires", "--json"} <= set(options("key create"))


@pytest.mark.parametrize("setting", config._KEYS)
def test_every_setting_is_described_with_its_environment_variable(setting: str) -> None:
    assert f"`HYTHE_{setting.upper()}`" in COMMANDS
    assert f"`{setting}`" in COMMANDS


def subclasses(kind: type[HytheError]) -> list[type[HytheError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in subclasses(child))]


def test_every_error_code_is_described_with_its_status() -> None:
    table = dict(re.findall(r"\| `(\w+)` \|.*?\| (\d+) \| \d \|", (DOCS / "errors.md").read_text()))
    assert {code: int(status) for code, status in table.items()} == STATUS
    ours = [kind for kind in subclasses(HytheError) if kind.__module__.startswith("hythe.")]
    assert {kind.code for kind in ours} <= set(table)


@pytest.mark.parametrize("metric", [*SERVED, *MONITOR_METRICS], ids=lambda metric: metric.name)
def test_every_metric_is_described(metric: Metric) -> None:
    assert f"`{metric.name}`" in TEXT or f"`{metric.name}{{" in TEXT
