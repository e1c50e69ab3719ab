"""schemathesis on the server's own description of its API."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
)  # fmt: skip
FAST = ("--phases", "examples,fuzzing", "--include-path-regex", "mixed|text")
PATIENCE_S = 900.0


@dataclass(frozen=True, slots=True)
class Described:
    """How many requests schemathesis sent, and what it found wrong."""

    cases: int
    failures: list[str]


def schemathesis(port: int, seed: int, examples: int, *, fast: bool = False) -> Described:
    """Run schemathesis with so many examples for each operation; a `fast` run asks one endpoint's.

    Raises:
        RuntimeError: when it does not run to its end.

    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.ndjson")
        command = [
            sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()",
            "run", f"http://127.0.0.1:{port}/openapi.json", "--checks", ",".join(CHECKS), "--seed", str(seed),
            "--max-examples", str(examples), "--continue-on-failure", "--no-shrink", "--request-timeout",
            "15",
            "--warnings", "off", "--report", "ndjson", "--report-ndjson-path", str(report),
            *(FAST if fast else ()),
        ]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd=folder
        )
        if done.returncode not in {0, 1} or not report.exists():
            said = done.stdout[-2000:] + done.stderr[-2000:]
            raise RuntimeError(f"schemathesis ended with {done.returncode}: {said}")
        return _read(report)


def _read(report: Path) -> Described:
    cases, failures = 0, []
    for line in report.read_text().splitlines():
        scenario = json.loads(line).get("ScenarioFinished")
        if scenario is None:
            continue
        recorder = scenario["recorder"]
        cases += len(recorder.get("cases", ()))
        failures += [
            f"{recorder['label']}: {check['name']}"
            for checks in recorder.get("checks", {}).values()
            for check in checks
            if check["status"] == "failure"
        ]
    return Described(cases, failures)
