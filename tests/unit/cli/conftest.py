"""Running a command in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from hythe.cli.main import main
from hythe.registry.registry import Registry
from hythe.testing.versions import add_version

Run: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a home with churn 1.0.0 and 1.1.0."""
    registry = Registry.open(tmp_path / "home")
    for number in ("1.0.0", "1.1.0"):
        add_version(registry, number)
    registry.close()
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on that home; give its exit code and what it said."""

    def run_command(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*words, "--home", str(home), "--actor", "ana"])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run_command
