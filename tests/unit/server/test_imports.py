"""What the processes of a server may not import: each of these costs start-up time and megabytes of all."""

import subprocess
import sys

import pytest

FRAMEWORKS = {"onnx", "pandas", "scipy", "sklearn", "torch", "xgboost"}
TABLES = {"pyarrow"}
ARRAYS = {"numpy", "onnxruntime"}
CATALOG = {"alembic", "sqlalchemy"}
TOOLS = {"cryptography", "cyclopts", "httpx", "opentelemetry", "packaging", "rich", "structlog"}

FORBIDDEN = {
    "hythe.server.worker": FRAMEWORKS | TABLES | CATALOG | TOOLS | {"grpc"},
    "hythe.server.grpc.worker": FRAMEWORKS | TABLES | CATALOG | TOOLS,
    "hythe.server.sidecar": FRAMEWORKS | TABLES | TOOLS | {"alembic", "grpc", "onnxruntime"},
    "hythe.server.steward_main": FRAMEWORKS | TABLES | ARRAYS | TOOLS | {"alembic", "grpc"},
}


def imported_by(*modules: str) -> set[str]:
    program = f"import sys, {', '.join(modules)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", FORBIDDEN)
def test_a_process_of_a_server_starts_without_what_it_does_not_need(module: str) -> None:
    assert imported_by(module) & FORBIDDEN[module] == set()


def test_hythe_serve_starts_its_processes_before_it_imports_arrays_and_tables() -> None:
    first = ("hythe.cli.serve", "hythe.app.wire", "hythe.operations.size", "hythe.server.serve")
    assert imported_by(*first) & (FRAMEWORKS | TABLES | ARRAYS) == set()
