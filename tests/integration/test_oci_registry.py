"""Pushes and pulls against Debian's docker-registry, and what skopeo and umoci make of the artifacts."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hythe.base.errors import Denied
from hythe.registry.image import export_image
from hythe.registry.registry import Registry
from hythe.registry.remote.client import RegistryClient
from hythe.registry.remote.credentials import Credentials
from hythe.registry.remote.pull import pull
from hythe.registry.remote.push import push
from hythe.registry.remote.reference import parse_remote
from hythe.testing.cut_proxy import CutProxy
from hythe.testing.services import or_skip, program

pytestmark = pytest.mark.integration

MODEL = random.Random(11).randbytes(3 << 20)
FILES = {
    "hythe.json": b"{}",
    "model/m.bin": MODEL,
    "model/same.bin": MODEL,
    "code/__init__.py": b"",
    "card.md": b"#",
}
CHUNK = 1 << 20
Open = Callable[[str], Registry]
Connect = Callable[..., RegistryClient]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    registries: dict[str, Registry] = {}
    yield lambda name: registries.setdefault(name, Registry.open(tmp_path / name))
    for registry in registries.values():
        registry.close()


@pytest.fixture
def here(opened: Open) -> Registry:
    registry = opened("here")
    registry.add("churn", FILES, actor="ana", facts={"chosen": "onnx"})
    with registry.catalog.edit(actor="bo") as tx:
        tx.approve("churn:1.0.0", note="passed review")
    return registry


@pytest.fixture
def connect() -> Iterator[Connect]:
    clients: list[RegistryClient] = []

    def connected(place: str, credentials: Credentials | None = None) -> RegistryClient:
        clients.append(RegistryClient(parse_remote(place), credentials, sleep=lambda _: None))
        return clients[-1]

    yield connected
    for client in clients:
        client.close()


@pytest.fixture
def place(oci_host: str, request: pytest.FixtureRequest) -> str:
    return f"oci://{oci_host}/models/{request.node.name.replace('_', '-')}"


def run(tool: str, *arguments: object) -> str:
    with or_skip():
        command = [program(tool), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_a_version_goes_to_the_registry_and_comes_back(
    here: Registry, opened: Open, connect: Connect, place: str
) -> None:
    pushed = push(here, "churn", connect(place), actor="ana", chunk=CHUNK)
    assert pushed.sent_bytes == len(MODEL) + 3 + here.bundle("churn").manifest.config.size
    assert push(here, "churn", connect(place), actor="ana").sent_blobs == 0
    there = opened("there")
    record = pull(there, connect(place), actor="cy").record
    assert (record.ref, record.digest) == ("churn:1.0.0", pushed.digest)
    assert (record.approval.state, record.approval.note) == ("approved", "passed review")
    assert record.facts == {"chosen": "onnx"}
    assert {path: there.bundle("churn").read(path) for path in FILES} == FILES
    assert there.catalog.trusted(record.digest) is None
    assert there.fsck() == []


def test_a_password_is_asked_for_and_given(
    here: Registry, opened: Open, connect: Connect, guarded_oci_host: str
) -> None:
    place = f"oci://{guarded_oci_host}/models/churn"
    with pytest.raises(Denied, match="docker login"):
        push(here, "churn", connect(place), actor="ana")
    with pytest.raises(Denied):
        push(here, "churn", connect(place, Credentials("hythe", "wrong")), actor="ana")
    right = Credentials("hythe", "landing")
    push(here, "churn", connect(place, right), actor="ana")
    assert pull(opened("there"), connect(place, right), actor="cy").record.ref == "churn:1.0.0"


def test_a_push_survives_a_cut_in_the_middle_of_a_chunk(
    here: Registry, opened: Open, connect: Connect, oci_host: str
) -> None:
    with CutProxy.running(oci_host) as proxy:
        proxy.cut_after_sent = int(1.5 * CHUNK)
        place = f"oci://{proxy.host}/models/cut-push"
        push(here, "churn", connect(place), actor="ana", chunk=CHUNK)
        assert proxy.cuts == 1
    record = pull(opened("there"), connect(f"oci://{oci_host}/models/cut-push"), actor="cy").record
    assert record.digest == here.resolve("churn").digest


def test_a_pull_goes_on_after_a_cut_without_fetching_anything_twice(
    here: Registry, opened: Open, connect: Connect, oci_host: str
) -> None:
    push(here, "churn", connect(f"oci://{oci_host}/models/cut-pull"), actor="ana")
    with CutProxy.running(oci_host) as proxy:
        proxy.cut_after_received = len(MODEL) // 2
        pulled = pull(opened("there"), connect(f"oci://{proxy.host}/models/cut-pull"), actor="cy")
        assert proxy.cuts == 1
        assert proxy.received < len(MODEL) * 1.1
    assert pulled.received_bytes == len(MODEL) + 3 + here.bundle("churn").manifest.config.size
    assert opened("there").fsck() == []


KILLED_PUSH = """
import os, signal, sys
from pathlib import Path
from hythe.registry.registry import Registry
from hythe.registry.remote import upload
from hythe.registry.remote.client import RegistryClient
from hythe.registry.remote.push import push
from hythe.registry.remote.reference import parse_remote

advanced = upload._advanced
def dies_after_two_chunks(client, blob, source, session, chunk):
    if session.offset == 2 * chunk:
        os.kill(os.getpid(), signal.SIGKILL)
    return advanced(client, blob, source, session, chunk)
upload._advanced = dies_after_two_chunks
client = RegistryClient(parse_remote(sys.argv[2]))
push(Registry.open(Path(sys.argv[1])), "churn", client, actor="ana", chunk=1 << 20)
"""


def test_a_push_that_was_killed_goes_on_from_the_last_chunk(
    here: Registry, connect: Connect, oci_host: str
) -> None:
    with CutProxy.running(oci_host) as proxy:
        place = f"oci://{proxy.host}/models/killed"
        killed = subprocess.run([sys.executable, "-c", KILLED_PUSH, here.home, place], check=False)
        assert killed.returncode == -signal.SIGKILL
        before = proxy.sent
        assert 2 * CHUNK < before < 2.1 * CHUNK
        push(here, "churn", connect(place), actor="ana", chunk=CHUNK)
        assert proxy.sent - before < 1.1 * CHUNK
    assert here.fsck() == []


def test_skopeo_reads_the_artifact_from_the_home_and_from_the_registry(
    here: Registry, opened: Open, connect: Connect, place: str, tmp_path: Path
) -> None:
    manifest = here.bundle("churn").manifest.raw.decode()
    local = f"oci:{here.blobs.root}:churn:1.0.0"
    assert run("skopeo", "inspect", "--raw", local) == manifest
    push(here, "churn", connect(place), actor="ana")
    remote = place.replace("oci://", "docker://") + ":1.0.0"
    assert run("skopeo", "inspect", "--raw", "--tls-verify=false", remote) == manifest
    run("skopeo", "copy", "--src-tls-verify=false", remote, f"oci:{tmp_path / 'copied'}:t")
    index = json.loads((tmp_path / "copied" / "index.json").read_bytes())
    assert index["manifests"][0]["digest"] == here.resolve("churn").digest


def test_what_skopeo_copies_from_the_home_hythe_pulls(
    here: Registry, opened: Open, connect: Connect, place: str
) -> None:
    source, target = f"oci:{here.blobs.root}:churn:1.0.0", place.replace("oci://", "docker://") + ":1.0.0"
    run("skopeo", "copy", "--dest-tls-verify=false", source, target)
    record = pull(opened("there"), connect(place), actor="cy", name="churn").record
    assert (record.digest, record.version) == (here.resolve("churn").digest, "1.0.0")
    assert opened("there").bundle("churn").read("model/m.bin") == MODEL


def test_umoci_unpacks_the_exported_image_and_skopeo_copies_it(here: Registry, tmp_path: Path) -> None:
    export_image(here.bundle("churn"), tmp_path / "image", "churn:1.0.0")
    run(
        "umoci", "unpack", "--rootless", "--image", f"{tmp_path / 'image'}:churn:1.0.0", tmp_path / "unpacked"
    )
    root = tmp_path / "unpacked" / "rootfs" / "bundle"
    found = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert found == FILES
    run("skopeo", "copy", f"oci:{tmp_path / 'image'}:churn:1.0.0", f"oci:{tmp_path / 'copy'}:churn:1.0.0")
    config: dict[str, Any] = json.loads(
        run("skopeo", "inspect", "--config", f"oci:{tmp_path / 'copy'}:churn:1.0.0")
    )
    assert config["config"]["Labels"]["dev.hythe.bundle"] == here.resolve("churn").digest
