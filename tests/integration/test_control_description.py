"""What the control API says of itself is true: schemathesis sends what fits, and what does not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.test_up import command

from hythe.operations.endpoints.create import create
from hythe.registry.registry import Registry
from hythe.testing.versions import add_version

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "unsupported_method"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a home with two versions and an endpoint."""
    made = Registry.open(tmp_path / "home")
    add_version(made, "1.0.0")
    add_version(made, "1.1.0")
    create(made, "scoring", "churn:1.0.0", actor="ana")
    made.close()
    return made.home


def test_every_answer_is_as_described(home: Path) -> None:
    with command("control", "--port", "0", home=home) as run:
        url = f"{run.document['control']}/schema/openapi.json"
        done = subprocess.run(
            [
                *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
                *("run", url, "--checks", CHECKS, "--seed", "5", "--max-examples", "8"),
                *("--phases", "coverage,fuzzing", "--no-shrink", "--continue-on-failure"),
                *("--request-timeout", "15", "--warnings", "off"),
            ],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            cwd=home.parent,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        sent = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
        assert sent is not None
        assert int(sent[1]) == int(sent[2]) > 100
