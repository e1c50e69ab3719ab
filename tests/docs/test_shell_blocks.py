"""Every `hythe …` line that the README and the docs show in a block runs, in order, where it says it does."""

import contextlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from hythe.testing.command import said
from hythe.testing.services import docker_registry, or_skip
from hythe.testing.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^(?:\$ )?(hythe .*?)(?:\s+#.*)?$", re.MULTILINE)
_FREE_PORTS = {"serve": ("--port", "0"), "up": ("--port", "0", "--control-port", "0")}
PACK = "hythe pack model.joblib --name churn --examples rows.parquet --target churned"
REGISTRY, SERVER = "127.0.0.1:5000", "127.0.0.1:8080"
LOAD, LONG = "90s", "900s"
"""Load of which evidence is made lasts until that is there, and ends with the page."""


def lines_of(page: Path) -> list[str]:
    blocks = [
        body for kind, body in BLOCK.findall(page.read_text()) if kind in {"", "sh", "console", "shell"}
    ]
    return [line for block in blocks for line in LINE.findall(block)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of someone who has just trained a model."""
    folder = tmp_path_factory.mktemp("trained")
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        {"tenure": rng.integers(1, 60, 60), "contract": rng.choice(["monthly", "yearly"], 60)}
    )
    churned = np.where((rows["tenure"] < 20) & (rows["contract"] == "monthly"), "yes", "no")
    encode = ColumnTransformer([("words", OneHotEncoder(), ["contract"])], remainder="passthrough")
    joblib.dump(make_pipeline(encode, LogisticRegression()).fit(rows, churned), folder / "model.joblib")
    rows.assign(churned=churned).to_parquet(folder / "rows.parquet")
    rows.head(3).to_json(folder / "rows.json", orient="records")
    return folder


@pytest.fixture(scope="module")
def packed(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder, with churn 1.0.0 in its home."""
    desk = tmp_path_factory.mktemp("packed") / "desk"
    Shell(Path(shutil.copytree(trained, desk))).run(PACK)
    return desk


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    with or_skip(), docker_registry(tmp_path / "registry") as address:
        yield address


class Shell:
    """Runs lines one after the other in a folder; servers, and lines that end in &, go on until its end.

    Those have processes of their own, the others run in this one.
    """

    def __init__(self, desk: Path, registry: str = REGISTRY) -> None:
        self.desk, self.registry = desk, registry
        self.address = SERVER
        self.behind: list[subprocess.Popen[str]] = []

    def run(self, line: str) -> None:
        words = shlex.split(line.replace(REGISTRY, self.registry).replace(SERVER, self.address))[1:]
        words = [LONG if word == LOAD else word for word in words]
        behind = words[-1] == "&"
        words = [*(word for word in words if word != "&"), "--home", str(self.desk / "home")]
        if words[0] in _FREE_PORTS:
            self._serve([*words, *_FREE_PORTS[words[0]], "--json"])
        elif behind:
            self._behind(words, subprocess.DEVNULL)
        else:
            with contextlib.chdir(self.desk):
                done = said(*words)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

    def _serve(self, words: list[str]) -> None:
        server = self._behind(words, subprocess.PIPE)
        assert server.stdout is not None
        found = re.search(r"http://([\d.]+:\d+)", server.stdout.readline())
        assert found is not None
        self.address = found.group(1)

    def _behind(self, words: list[str], out: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "hythe.cli.main", *words]
        process = subprocess.Popen(command, cwd=self.desk, stdout=out, stderr=subprocess.DEVNULL, text=True)
        self.behind.append(process)
        return process

    def close(self) -> None:
        for process in self.behind[::-1]:
            process.terminate()
        for process in self.behind:
            process.communicate(timeout=PATIENCE_S)


@pytest.mark.integration
@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if lines_of(page)], ids=lambda page: page.name)
def test_every_command_that_a_page_shows_runs(
    page: Path, trained: Path, packed: Path, registry: str, tmp_path: Path
) -> None:
    lines = lines_of(page)
    begins = lines[0].startswith("hythe pack")
    shell = Shell(Path(shutil.copytree(trained if begins else packed, tmp_path / "desk")), registry)
    if not begins and any("churn:1.1.0" in line for line in lines):
        shell.run(f"{PACK} --version 1.1.0 --tag trained=tuesday")
    try:
        for line in lines:
            shell.run(line)
    finally:
        shell.close()


def test_the_readme_shows_the_way_from_packing_to_serving() -> None:
    verbs = {line.split()[1] for line in lines_of(ROOT / "README.md")}
    assert {"pack", "check", "show", "list", "alias", "approve", "push", "pull", "serve", "predict"} <= verbs
