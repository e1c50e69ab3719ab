"""A model file that runs a program is refused, unless exactly its digest is trusted; the log says so."""

import hashlib
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from hythe.base.errors import Untrusted
from hythe.operations.pack import Material, PackOptions, pack
from hythe.registry.registry import Registry

ROWS = np.random.default_rng(0).normal(size=(30, 2))


def test_a_trusted_digest_lets_one_file_run_and_stands_in_the_log(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(lambda rows: rows * 2), Ridge()).fit(ROWS, ROWS[:, 0])
    path = tmp_path / "model.pkl"
    path.write_bytes(cloudpickle.dumps(model))
    digest = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    registry = Registry.open(tmp_path / "home")
    material = Material(path, ROWS)
    for trust in (frozenset[str](), frozenset({"sha256:" + "0" * 64})):
        with pytest.raises(Untrusted, match=digest):
            pack(registry, "doubled", material, PackOptions(trust=trust), actor="ana")
    assert registry.catalog.models() == []
    record = pack(registry, "doubled", material, PackOptions(trust=frozenset({digest})), actor="ana")
    added = next(entry for entry in registry.history("doubled") if entry.action == "add version")
    assert added.after["facts"]["trusted_file"] == digest
    assert registry.catalog.trusted(record.digest) is not None
    registry.close()
