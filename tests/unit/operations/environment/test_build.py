"""An environment is built once, whole or not at all."""

import fcntl
import os
import platform
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from hythe.base.errors import Unavailable, Unsupported
from hythe.base.progress import Quiet
from hythe.bundle.lock import Lock
from hythe.operations.environment.build import FOLDER, built, interpreter
from hythe.operations.environment.install import install
from hythe.operations.environment.recipe import Recipe
from hythe.runtime.native.in_use import MARK, hold_environment, in_use

EMPTY = Recipe.of(Lock(platform.python_version(), {}))


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.told = Event()

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        del done, total
        self.steps.append(what)
        self.told.set()


@pytest.fixture(autouse=True)
def _only_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep away from any index: what is asked for comes from nowhere."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "uv" else found(name))


def bare(python: str = EMPTY.python) -> Recipe:
    return Recipe(python, ())


def test_equal_locks_share_an_environment_and_others_do_not() -> None:
    lock = Lock("3.11.2", {"six": "1.16.0", "hythe": "0.1.0"})
    assert Recipe.of(lock).key == Recipe.of(Lock("3.11.9", {"six": "1.16.0", "hythe": "9.9.9"})).key
    assert Recipe.of(lock).key != Recipe.of(Lock("3.12.2", {"six": "1.16.0"})).key
    assert Recipe.of(lock).key != Recipe.of(Lock("3.11.2", {"six": "1.17.0"})).key


def test_a_lock_gets_what_a_child_needs_unless_it_names_another_version() -> None:
    pins = dict(pin.split("==") for pin in Recipe.of(Lock("3.11.2", {"numpy": "2.0.0"})).pins)
    assert pins["numpy"] == "2.0.0"
    assert {"msgspec", "pyarrow"} < set(pins)


def test_an_environment_is_an_interpreter_of_its_own(tmp_path: Path) -> None:
    folder = built(bare(), tmp_path, Quiet())
    program = "import sys; print(sys.prefix)"
    told = subprocess.run([interpreter(folder), "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str(folder)
    assert built(bare(), tmp_path, Quiet()) == folder


def test_builders_at_the_same_time_build_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hythe.operations.environment import build

    installs: list[Path] = []

    def counting(recipe: Recipe, folder: Path, progress: Quiet) -> None:
        installs.append(folder)
        install(recipe, folder, progress)

    monkeypatch.setattr(build, "install", counting)
    with ThreadPoolExecutor(4) as threads:
        folders = set(threads.map(lambda _: built(bare(), tmp_path, Quiet()), range(4)))
    assert len(folders) == len(installs) == 1


def test_who_waits_for_another_builder_says_so(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    heard = Heard()
    with (tmp_path / FOLDER / f"{bare().key}.lock").open("w") as other, ThreadPoolExecutor(1) as thread:
        fcntl.flock(other, fcntl.LOCK_EX)
        building = thread.submit(built, bare(), tmp_path, heard)
        assert heard.told.wait(30)
        assert "waiting" in heard.steps[0]
        fcntl.flock(other, fcntl.LOCK_UN)
        assert (building.result(60) / MARK).is_file()


def test_what_a_killed_builder_left_is_built_anew(tmp_path: Path) -> None:
    half = tmp_path / FOLDER / f"{bare().key}.building"
    half.mkdir(parents=True)
    (half / "junk").write_text("half")
    folder = built(bare(), tmp_path, Quiet())
    assert not half.exists()
    assert not (folder / "junk").exists()


def test_a_version_that_no_index_has_leaves_nothing_and_says_what_pip_said(tmp_path: Path) -> None:
    recipe = Recipe(EMPTY.python, ("no-such-thing==1.0",))
    with pytest.raises(Unavailable, match=r"pip ended with 1: .*no-such-thing==1\.0.*environment='here'"):
        built(recipe, tmp_path, Quiet())
    assert [path.suffix for path in (tmp_path / FOLDER).iterdir()] == [".lock"]


def test_a_python_that_is_not_here_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match=r"wants Python 3\.99, which is not on this machine .*install uv"):
        built(bare("3.99"), tmp_path, Quiet())


def test_an_environment_is_in_use_while_somebody_holds_it(tmp_path: Path) -> None:
    assert hold_environment(tmp_path) is None
    (tmp_path / MARK).touch()
    assert not in_use(tmp_path)
    held = hold_environment(tmp_path)
    assert held is not None
    assert in_use(tmp_path)
    os.close(held)
    assert not in_use(tmp_path)
