"""`hythe up` and `hythe control` as people run them: endpoints, answers, a rollout, the way back."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from tests.integration.certificates import Authority
from tests.integration.test_serving import until

import hythe
from hythe.operations.keys import create_key
from hythe.operations.rollouts.controller import LEASE
from hythe.registry.registry import Registry
from hythe.security.keys import Permit

pytestmark = pytest.mark.integration

ROW = {"rows": [{"a": 0.5, "b": -1.0}]}
PATIENCE_S = 120.0
EVERYWHERE = "0.0.0.0"  # noqa: S104 - refused before anything listens


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home with churn 1.0.0 and 1.1.0."""
    home = tmp_path_factory.mktemp("packed")
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(50, 2)), columns=list("ab"))
    for strength, version in ((1.0, "1.0.0"), (0.5, "1.1.0")):
        model = LogisticRegression(C=strength).fit(rows, rows.a > 0)
        hythe.pack(model, "churn", examples=rows, version=version, home=home)
    return home


@pytest.fixture
def home(packed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packed, tmp_path / "home"))


@dataclass(frozen=True)
class Command:
    """A command that runs, and the document that it printed when it was ready."""

    process: subprocess.Popen[str]
    document: dict[str, Any]

    def children(self, module: str) -> list[int]:
        """Give the process ids of the children that run `module`."""
        pid = self.process.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return [int(child) for child in children if module in _arguments(child)]
        except OSError:
            return []

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, and give the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


def _arguments(pid: str) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


@contextlib.contextmanager
def command(*words: str, home: Path) -> Iterator[Command]:
    """Run `hythe` until the block ends."""
    arguments = [sys.executable, "-m", "hythe.cli.main", *words, "--json", "--home", str(home)]
    with (home.parent / "log").open("ab") as log:
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, text=True)
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (home.parent / "log").read_text()[-3000:]
            yield Command(process, json.loads(line))
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            finally:
                process.kill()


def up(home: Path) -> contextlib.AbstractContextManager[Command]:
    return command("up", "--port", "0", "--control-port", "0", "--workers", "1", home=home)


async def asked(client: httpx.AsyncClient, method: str, path: str, document: Any = None) -> Any:
    reply = await client.request(method, path, json=document)
    assert reply.status_code < 300, reply.text
    return reply.json() if reply.content else None


async def versions(serving: httpx.AsyncClient, times: int = 20) -> set[str]:
    """Ask some times, and give the versions that answered; nothing where there is no endpoint."""
    found = set()
    for _ in range(times):
        reply = await serving.post("/predict/scoring", json=ROW)
        found |= {str(reply.json()["version"])} if reply.status_code == 200 else set()
    return found


async def test_from_nothing_to_an_endpoint_a_rollout_the_way_back_and_nothing(home: Path) -> None:
    with up(home) as run:
        async with (
            httpx.AsyncClient(base_url=run.document["url"]) as serving,
            httpx.AsyncClient(base_url=run.document["control"]) as control,
        ):
            assert run.document["endpoints"] == []
            assert (await serving.get("/health/ready")).status_code == 200
            reply = await serving.post("/predict/scoring", json=ROW)
            assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
            assert "hythe endpoint create scoring" in reply.json()["error"]
            assert "/predict/scoring" not in (await serving.get("/openapi.json")).text

            await asked(control, "POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"})
            await until(lambda: _answers(serving, {"1.0.0"}))
            assert "/predict/scoring" in (await serving.get("/openapi.json")).text

            policy = {"strategy": "canary", "steps": [0.5], "step_s": 3600}
            await asked(
                control, "POST", "/endpoints/scoring/rollouts", {"ref": "churn:1.1.0", "policy": policy}
            )
            await until(lambda: _answers(serving, {"1.0.0", "1.1.0"}))
            latest = await asked(control, "GET", "/endpoints/scoring/rollouts/latest")
            assert (latest["rollout"]["status"], latest["share"]) == ("running", 0.5)
            assert latest["controller"]

            await asked(control, "POST", "/endpoints/scoring/rollback", {"why": "as a test"})
            await until(lambda: _answers(serving, {"1.0.0"}))
            latest = await asked(control, "GET", "/endpoints/scoring/rollouts/latest")
            assert latest["rollout"]["status"] == "rolled_back"

            await asked(control, "DELETE", "/endpoints/scoring")
            await until(lambda: _answers(serving, set()))
            moves = await asked(control, "GET", "/endpoints/scoring/history")
            arms = [len(move["arms"]) for move in moves]
            assert (arms[0], {*arms[1:-2]}, arms[-2:]) == (1, {2}, [1, 0])
        assert run.end() == 0
    assert run.children("hythe") == []


async def _answers(serving: httpx.AsyncClient, wanted: set[str]) -> bool:
    return await versions(serving) == wanted


async def test_endpoints_that_stand_are_served_from_the_first_moment_and_a_bad_one_is_told(
    home: Path,
) -> None:
    registry = Registry.open(home)
    digest = registry.resolve("churn:1.0.0").digest
    with registry.catalog.edit(actor="ana") as tx:
        tx.put_plan("bad", {"model": "churn", "arms": [{"version": "1.0.0", "digest": "sha256:0"}]})
        tx.put_plan("scoring", {"model": "churn", "arms": [{"version": "1.0.0", "digest": digest}]})
    registry.close()
    with up(home) as run:
        assert run.document["endpoints"] == [{"endpoint": "scoring", "versions": {"1.0.0": 1.0}}]
        (notice,) = run.document["notices"]
        assert notice.startswith("endpoint 'bad' is not served: ")
        async with httpx.AsyncClient(base_url=run.document["url"]) as serving:
            assert await versions(serving, 1) == {"1.0.0"}

            async def told() -> bool:
                return "'bad' at revision 1" in (await serving.get("/health/ready")).text

            await until(told)


@pytest.mark.slow
async def test_what_dies_beside_serving_is_started_again(home: Path) -> None:
    with up(home) as run:
        async with httpx.AsyncClient(base_url=run.document["control"]) as control:

            async def controller(before: str = "") -> bool:
                with contextlib.suppress(httpx.HTTPError):
                    holder = (await control.get("/health/ready")).json()["controller"]
                    return bool(holder) and holder != before
                return False

            await until(controller)
            before = (await control.get("/health/ready")).json()["controller"]
            (api,) = run.children("hythe.control.worker")
            os.kill(api, signal.SIGKILL)
            await until(controller)
            (killed,) = run.children("hythe.control.controller")
            os.kill(killed, signal.SIGKILL)
            await until(lambda: controller(before))
            assert run.children("hythe.control.controller") != [killed]


async def test_of_two_control_planes_one_moves_rollouts_and_the_other_takes_over(home: Path) -> None:
    registry = Registry.open(home)

    def holder() -> str:
        return registry.catalog.leases.read(LEASE).holder

    async def held(by: list[int]) -> bool:
        return any(f" {pid} " in holder() for pid in by)

    with command("control", "--no-api", home=home) as first:
        assert first.document["control"] is None
        await until(lambda: held(first.children("hythe.control.controller")))
        with command("control", "--port", "0", home=home) as second:
            assert (await _live(second))["live"]
            assert await held(first.children("hythe.control.controller"))
            assert await asyncio.to_thread(first.end) == 0
            await until(lambda: held(second.children("hythe.control.controller")))
            assert await asyncio.to_thread(second.end, signal.SIGTERM) == 0
    assert holder() == ""
    registry.close()


async def test_with_certificates_the_api_speaks_https_to_those_who_show_a_key(home: Path) -> None:
    authority = Authority.made(home.parent / "tls")
    cert, key = (str(path) for path in authority.issue("control"))
    registry = Registry.open(home)
    shown = create_key(registry.catalog, "ci", Permit(verbs=("view",)), actor="ana").key
    registry.close()
    words = ("control", "--port", "0", "--no-anonymous", "--tls-cert", cert, "--tls-key", key)
    with command(*words, home=home) as run:
        trusted = ssl.create_default_context(cafile=authority.cert)
        async with httpx.AsyncClient(base_url=run.document["control"], verify=trusted) as control:
            assert (await control.get("/models")).status_code == 401
            reply = await control.get("/models", headers={"X-API-Key": shown})
            assert (reply.status_code, reply.json()) == (200, ["churn"])


def test_nothing_starts_that_nobody_could_ask_or_that_anybody_could_change(home: Path) -> None:
    for words, reason in (
        (("control", "--host", EVERYWHERE), "nobody could ask the control API"),
        (("control", "--host", EVERYWHERE, "--anonymous"), "anybody could change what is served"),
        (("control", "--port", "70000"), "control_port is 70000"),
        (("up", "--host", EVERYWHERE, "--port", "0", "--control-port", "0"), "nobody could ask a server"),
        (("up", "--tls-cert", "cert.pem"), "TLS needs a certificate and its key"),
    ):
        arguments = [sys.executable, "-m", "hythe.cli.main", *words, "--home", str(home)]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert reason in done.stderr


async def _live(run: Command) -> Any:
    async with httpx.AsyncClient(base_url=run.document["control"]) as control:
        return await asked(control, "GET", "/health/live")
