"""A native model that was packed beside other versions answers as it did then, in its lock's environment."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hythe.base.errors import Corrupt, Unsupported
from hythe.bundle.goldens import Goldens
from hythe.bundle.lock import Lock
from hythe.bundle.manifest import GOLDENS, LOCK, Manifest, ModelFiles, VariantEntry
from hythe.bundle.outcome import Outcome
from hythe.dataplane.spec import NativeFiles
from hythe.operations.check import check
from hythe.operations.collect import collect
from hythe.operations.environment.build import FOLDER
from hythe.operations.find import find
from hythe.operations.load import attempt, load
from hythe.operations.placing import Placing
from hythe.operations.prepare import prepare, remove_unpacked
from hythe.registry.registry import Registry
from hythe.testing.native import SCHEMA
from hythe.testing.services import or_skip

OTHER = "1.16.0"
"""A version of six, a small distribution, that is not the one here."""
_CODE = """
import six

def predict(rows):
    minor = int(six.__version__.split(".")[1])
    return [minor * row["x"] for row in rows]
"""
pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one home for all tests here, so that its environment is built once; skip without an index."""
    folder = tmp_path_factory.mktemp("home")
    assert version("six") != OTHER
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder / "probe")]
    probe = subprocess.run([*pip, f"six=={OTHER}"], capture_output=True, check=False)
    with or_skip():
        if probe.returncode:
            raise Unsupported(f"pip finds no six {OTHER}; give it an index that has it")
    return folder


@pytest.fixture
def registry(home: Path) -> Iterator[Registry]:
    registry = Registry.open(home)
    yield registry
    registry.close()


def add(registry: Registry, name: str, factor: float, six: str = OTHER) -> str:
    """Store a version whose stored answers are `factor` times its rows, locked beside a version of six."""
    numbers = np.arange(5, dtype=np.float64)
    goldens = Goldens(
        pa.table({"x": numbers}), Outcome.answered({"value": factor * numbers}), ("example",) * 5
    )
    manifest = Manifest(
        flavor=ModelFiles("python", "source", program=True),
        schema=SCHEMA,
        variants=(VariantEntry("native", "proven", "model"),),
        goldens=GOLDENS,
        lock=LOCK,
    )
    files = {
        "hythe.json": manifest.encode(),
        GOLDENS: goldens.encode(),
        LOCK: Lock(platform.python_version(), {"six": six}, ("six",)).encode(),
        "model/python.json": b'{"module": "minor", "name": "predict"}',
        "code/minor.py": _CODE.encode(),
    }
    return registry.add(name, files, actor="ana", trust=True).ref


def test_a_model_that_answers_otherwise_here_answers_in_the_environment_of_its_lock(
    registry: Registry,
) -> None:
    ref = add(registry, "locked", factor=16)
    with load(registry, ref) as predictor:
        assert predictor.predict({"x": 2.0}) == {"value": 32.0}
    with attempt(find(registry, ref), registry.home) as tried:
        assert tried.place.python.startswith(str(registry.home / FOLDER))
        assert "as locked" in tried.place.notice


def test_it_is_refused_where_only_this_environment_is_allowed(registry: Registry) -> None:
    ref = add(registry, "locked", factor=16)
    with pytest.raises(
        Corrupt, match=rf"does not answer as it did.*six is {version('six')} here, and was {OTHER}"
    ):
        load(registry, ref, placing=Placing(environment="here"))


def test_a_model_whose_goldens_hold_here_stays_here_with_a_notice(registry: Registry) -> None:
    ref = add(registry, "alike", factor=float(version("six").split(".")[1]))
    with attempt(find(registry, ref), registry.home) as tried:
        assert tried.place.python == ""
        assert "its stored rows hold here" in tried.place.notice


def test_a_model_that_holds_nowhere_is_refused(registry: Registry) -> None:
    ref = add(registry, "wrong", factor=99)
    with pytest.raises(Corrupt, match="does not answer as it did when packed: 4 of 5 goldens broke"):
        load(registry, ref)


def test_a_lock_that_is_this_environment_builds_nothing(registry: Registry) -> None:
    here = version("six")
    ref = add(registry, "same", factor=float(here.split(".")[1]), six=here)
    with attempt(find(registry, ref), registry.home, Placing(environment="lock")) as tried:
        assert (tried.place.python, tried.place.notice) == ("", "")


def test_checking_stays_here_unless_told_otherwise(registry: Registry) -> None:
    ref = add(registry, "locked", factor=16)
    assert not check(registry, ref).passed
    result = check(registry, ref, placing=Placing(environment="auto"))
    assert result.passed
    assert "runs in an environment as locked" in result.variants[0].finding


def test_a_server_is_told_the_interpreter(registry: Registry) -> None:
    ref = add(registry, "locked", factor=16)
    prepared = prepare(registry, ref)
    remove_unpacked(registry.home, os.getpid())
    assert isinstance(prepared.version.files, NativeFiles)
    assert prepared.version.files.python.startswith(str(registry.home / FOLDER))
    assert prepared.notices


def test_environments_go_when_no_version_needs_them_and_nobody_runs_there(registry: Registry) -> None:
    ref = add(registry, "locked", factor=16)
    found = find(registry, ref)
    tried = attempt(found, registry.home)
    folder = Path(tried.place.python).parents[1]
    collect(registry)
    assert folder.is_dir()
    for record in registry.catalog.all_versions():
        registry.remove(record.ref, actor="ana")
    collect(registry)
    assert folder.is_dir(), "somebody still runs there"
    tried.predictor.close()
    collect(registry)
    assert not folder.exists()
