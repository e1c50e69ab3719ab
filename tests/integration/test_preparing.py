"""Versions that are packed are prepared in a process of their own, and refused when they do not hold."""

import asyncio
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import hythe
from hythe.dataplane.spec import NativeFiles, OnnxFiles
from hythe.operations.prepare import remove_unpacked
from hythe.registry.registry import Registry
from hythe.server.prepare import Ready, Refused, Wanted, prepare_apart
from hythe.server.worker_spec import Source

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pack `churn` 1.0.0 and 1.1.0, and put together a 6.6.6: the goldens of one, the graph of the other."""
    home = tmp_path_factory.mktemp("home")
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    labels = (rows.a + rows.b > 0).astype(int)
    for version, strength in (("1.0.0", 1.0), ("1.1.0", 0.01)):
        model = LogisticRegression(C=strength).fit(rows, labels)
        hythe.pack(model, "churn", examples=rows, version=version, home=home)
    registry = Registry.open(home)
    first, second = (registry.bundle(f"churn:{version}").paths for version in ("1.0.0", "1.1.0"))
    graph = next(path for path in first if path.endswith("model.onnx"))
    mixed = {path: blob.read_bytes() for path, blob in first.items()} | {graph: second[graph].read_bytes()}
    registry.add("churn", mixed, version="6.6.6", actor="mallory")
    registry.close()
    return home


def prepared(home: Path, version: str, digest: str = "", variant: str | None = None) -> Ready | Refused:
    source = Source(str(home), f"sqlite:///{home / 'catalog.db'}", variant)
    return asyncio.run(prepare_apart(Wanted(source, f"churn:{version}", digest, os.getpid())))


def test_a_version_that_holds_is_ready(home: Path) -> None:
    outcome = prepared(home, "1.1.0")
    assert isinstance(outcome, Ready)
    assert outcome.prepared.version.version == "1.1.0"
    assert isinstance(outcome.prepared.version.files, OnnxFiles)
    assert set(outcome.prepared.example or {}) == {"a", "b", "c"}


def test_a_native_model_is_unpacked_for_the_server_until_that_ends(home: Path) -> None:
    outcome = prepared(home, "1.0.0", variant="native")
    assert isinstance(outcome, Ready)
    files = outcome.prepared.version.files
    assert isinstance(files, NativeFiles)
    assert Path(files.folder, "model").is_dir()
    remove_unpacked(home, os.getpid())
    assert not Path(files.folder).exists()


def test_a_version_whose_goldens_fail_is_refused(home: Path) -> None:
    outcome = prepared(home, "6.6.6")
    assert isinstance(outcome, Refused)
    assert "churn:6.6.6 does not answer as it did when packed" in outcome.reason
    assert not outcome.again


def test_another_digest_than_the_plans_is_refused(home: Path) -> None:
    outcome = prepared(home, "1.0.0", "sha256:" + "0" * 64)
    assert isinstance(outcome, Refused)
    assert "but the plan says sha256:0000" in outcome.reason


def test_damaged_bytes_are_refused(home: Path) -> None:
    registry = Registry.open(home)
    graph = next(
        blob for path, blob in registry.bundle("churn:1.1.0").paths.items() if path.endswith("model.onnx")
    )
    registry.close()
    whole = graph.read_bytes()
    graph.chmod(0o644)
    try:
        graph.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        outcome = prepared(home, "1.1.0")
    finally:
        graph.write_bytes(whole)
    assert isinstance(outcome, Refused)
    assert "digest" in outcome.reason or "damaged" in outcome.reason
