from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from hythe.base.errors import Conflict, Corrupt, Invalid, NotFound
from hythe.bundle.canonical import canonical
from hythe.bundle.digests import digest_of
from hythe.registry.registry import Registry
from hythe.registry.remote.client import RegistryClient
from hythe.registry.remote.pull import pull
from hythe.registry.remote.push import push
from hythe.testing.memory_registry import MemoryRegistry

Connect = Callable[..., RegistryClient]
Registries = Callable[[str], Registry]
PLACE = "oci://registry.example.com/models/churn"
FILES = {"hythe.json": b"{}", "model/m.bin": b"weights", "code/__init__.py": b""}


@pytest.fixture
def here(registries: Registries) -> Registry:
    registry = registries("here")
    registry.add("churn", FILES, actor="ana", facts={"timings": {"onnx": {"p50_us": 12.5}}}, trust=True)
    with registry.catalog.edit(actor="bo") as tx:
        tx.approve("churn:1.0.0", note="passed review")
    return registry


@pytest.fixture
def there(registries: Registries) -> Registry:
    return registries("there")


def test_what_was_pushed_is_pulled_the_same(here: Registry, there: Registry, connect: Connect) -> None:
    pushed = push(here, "churn", connect(), actor="ana")
    pulled = pull(there, connect(), actor="cy")
    assert pulled.record.ref == "churn:1.0.0"
    assert pulled.record.digest == pushed.digest == here.resolve("churn").digest
    assert {path: there.bundle("churn").read(path) for path in FILES} == FILES
    assert there.fsck() == []


@pytest.mark.parametrize("lists_referrers", [True, False])
def test_facts_travel_beside_the_bundle(
    here: Registry, there: Registry, connect: Connect, server: MemoryRegistry, lists_referrers: bool
) -> None:
    server.lists_referrers = lists_referrers
    push(here, "churn", connect(), actor="ana")
    record = pull(there, connect(), actor="cy").record
    assert record.facts == {"timings": {"onnx": {"p50_us": 12.5}}}
    assert (record.approval.state, record.approval.by, record.approval.note) == (
        "approved", "bo", "passed review",
    )  # fmt: skip
    fallback = f"sha256-{record.digest.removeprefix('sha256:')}"
    assert (fallback in server.tags) is not lists_referrers


def test_a_pulled_bundle_is_not_trusted(here: Registry, there: Registry, connect: Connect) -> None:
    push(here, "churn", connect(), actor="ana")
    record = pull(there, connect(), actor="cy").record
    assert here.catalog.trusted(record.digest) is not None
    assert there.catalog.trusted(record.digest) is None


def test_both_sides_write_down_what_travelled(here: Registry, there: Registry, connect: Connect) -> None:
    push(here, "churn", connect(), actor="ana", why="release")
    pull(there, connect(), actor="cy", why="deploy")
    last = [registry.history("churn")[-1] for registry in (here, there)]
    assert [(entry.actor, entry.action, entry.why) for entry in last] == [
        ("ana", "push", "release"), ("cy", "pull", "deploy"),
    ]  # fmt: skip
    assert last[0].after["to"] == last[1].after["from"] == f"{PLACE}:1.0.0"


def test_only_missing_blobs_travel(here: Registry, there: Registry, connect: Connect) -> None:
    assert push(here, "churn", connect(), actor="ana").sent_blobs == 4
    here.add("churn", {**FILES, "card.md": b"# Card"}, actor="ana")
    second = push(here, "churn:1.0.1", connect(), actor="ana")
    assert (second.sent_blobs, second.present_blobs) == (2, 3)  # the card and the configuration
    assert pull(there, connect(f"{PLACE}:1.0.0"), actor="cy").received_blobs == 4
    assert pull(there, connect(f"{PLACE}:1.0.1"), actor="cy").received_blobs == 2
    assert pull(there, connect(f"{PLACE}:1.0.1"), actor="cy").received_bytes == 0


def test_without_a_tag_the_newest_version_is_pulled(
    here: Registry, there: Registry, connect: Connect
) -> None:
    for number in (9, 10):
        here.add("churn", {**FILES, "n": b"%d" % number}, version=f"1.{number}.0", actor="ana")
        push(here, f"churn:1.{number}.0", connect(), actor="ana")
    assert pull(there, connect(), actor="cy").record.version == "1.10.0"


def test_a_version_is_pulled_by_digest(here: Registry, there: Registry, connect: Connect) -> None:
    digest = push(here, "churn", connect(), actor="ana").digest
    assert pull(there, connect(f"{PLACE}@{digest}"), actor="cy").record.ref == "churn:1.0.0"


def test_a_tag_that_is_no_version_may_move(here: Registry, connect: Connect, server: MemoryRegistry) -> None:
    here.add("churn", {**FILES, "card.md": b"# Card"}, actor="ana")
    push(here, "churn:1.0.0", connect(f"{PLACE}:staging"), actor="ana")
    digest = push(here, "churn:1.0.1", connect(f"{PLACE}:staging"), actor="ana").digest
    assert server.tags["staging"] == digest


def test_a_version_there_with_other_bytes_is_a_conflict(
    here: Registry, there: Registry, connect: Connect
) -> None:
    push(here, "churn", connect(), actor="ana")
    there.add("churn", {**FILES, "model/m.bin": b"other"}, actor="cy")
    with pytest.raises(Conflict, match=r"churn:1\.0\.0' exists already with other bytes"):
        push(there, "churn", connect(), actor="cy")
    with pytest.raises(Conflict, match=r"'churn:1\.0\.0' exists already with other bytes"):
        pull(there, connect(), actor="cy")


def test_name_and_version_may_be_chosen(here: Registry, there: Registry, connect: Connect) -> None:
    push(here, "churn", connect(), actor="ana")
    assert pull(there, connect(), actor="cy", name="mine", version="7.0.0").record.ref == "mine:7.0.0"


def test_later_facts_replace_earlier_ones_and_later_pulls_bring_them(
    here: Registry, there: Registry, connect: Connect, server: MemoryRegistry
) -> None:
    here.add("fraud", FILES, actor="ana")
    push(here, "fraud", connect(), actor="ana")
    assert pull(there, connect(), actor="cy").record.approval.state == "pending"
    with here.catalog.edit(actor="bo") as tx:
        tx.approve("fraud:1.0.0")
    push(here, "fraud", connect(), actor="ana")
    assert pull(there, connect(), actor="cy").record.approval.state == "approved"
    (fallback,) = (tag for tag in server.tags if tag.startswith("sha256-"))
    assert len(json.loads(server.manifests[server.tags[fallback]][1])["manifests"]) == 1


def test_others_in_the_list_of_referrers_are_left_alone(
    here: Registry, connect: Connect, server: MemoryRegistry
) -> None:
    tag = f"sha256-{here.resolve('churn').digest.removeprefix('sha256:')}"
    signature = {"mediaType": "x", "digest": "sha256:" + "5" * 64, "size": 1, "artifactType": "a/signature"}
    index = canonical({"schemaVersion": 2, "manifests": [signature], "annotations": {"kept": "yes"}})
    connect().put_manifest(tag, index, "application/vnd.oci.image.index.v1+json")
    push(here, "churn", connect(), actor="ana")
    found = json.loads(server.manifests[server.tags[tag]][1])
    assert found["manifests"][0] == signature
    assert len(found["manifests"]) == 2
    assert found["annotations"] == {"kept": "yes"}


def test_facts_of_a_newer_hythe_come_through(
    here: Registry, there: Registry, connect: Connect, registries: Registries
) -> None:
    with here.catalog.edit(actor="ana") as tx:
        tx.set_facts("churn:1.0.0", {"invented later": {"deep": [1, None]}})
    push(here, "churn", connect(), actor="ana")
    pull(there, connect(), actor="cy")
    push(there, "churn", connect("oci://registry.example.com/second"), actor="cy")
    third = pull(registries("third"), connect("oci://registry.example.com/second"), actor="di").record
    assert third.facts["invented later"] == {"deep": [1, None]}


def test_a_strangers_artifact_without_facts_gets_the_name_of_its_path(
    here: Registry, there: Registry, connect: Connect, server: MemoryRegistry
) -> None:
    push(here, "churn", connect(), actor="ana")
    server.tags = {"3.1.0": server.tags["1.0.0"]}
    assert pull(there, connect(), actor="cy").record.ref == "churn:3.1.0"
    server.tags = {"latest": server.tags["3.1.0"]}
    pulled = pull(there, connect(f"{PLACE}:latest"), actor="cy", name="other").record
    assert pulled.ref == "other:1.0.0"


def test_a_layer_that_arrives_damaged_is_refused_and_nothing_is_registered(
    here: Registry, there: Registry, connect: Connect, server: MemoryRegistry
) -> None:
    push(here, "churn", connect(), actor="ana")
    server.blobs[digest_of(b"weights")] = b"WEIGHTS"
    with pytest.raises(Corrupt, match=f"has the digest {digest_of(b'WEIGHTS')}"):
        pull(there, connect(), actor="cy")
    assert there.catalog.models() == []
    server.blobs[digest_of(b"weights")] = b"weights"
    pull(there, connect(), actor="cy")
    there.gc()
    assert there.fsck() == []


def test_a_path_that_leaves_the_bundle_is_refused_and_nothing_is_registered(
    here: Registry, there: Registry, connect: Connect, server: MemoryRegistry
) -> None:
    push(here, "churn", connect(), actor="ana")
    manifest = json.loads(server.manifests[server.tags["1.0.0"]][1])
    manifest["layers"][0]["annotations"]["org.cncf.model.filepath"] = "../evil"
    connect().put_manifest("2.0.0", canonical(manifest))
    with pytest.raises(Invalid, match="no path inside a bundle"):
        pull(there, connect(f"{PLACE}:2.0.0"), actor="cy")
    assert there.catalog.models() == []


def test_an_image_that_is_no_model_is_refused(there: Registry, connect: Connect) -> None:
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(b""), "size": 0}
    connect().put_manifest("1.0.0", canonical({"schemaVersion": 2, "config": config, "layers": []}))
    with pytest.raises(Invalid, match="not a model; name a model's repository"):
        pull(there, connect(), actor="cy")


def test_an_empty_repository_is_said_clearly(there: Registry, connect: Connect) -> None:
    with pytest.raises(NotFound, match="has no version; its tags: none"):
        pull(there, connect(), actor="cy")


def test_a_damaged_blob_is_not_pushed(here: Registry, connect: Connect, server: MemoryRegistry) -> None:
    path = here.bundle("churn").paths["model/m.bin"]
    path.chmod(0o644)
    path.write_bytes(b"WEIGHTS")
    with pytest.raises(Corrupt):
        push(here, "churn", connect(), actor="ana")
    assert server.tags == {}


def test_the_tag_appears_last(here: Registry, connect: Connect, server: MemoryRegistry) -> None:
    push(here, "churn", connect(), actor="ana")
    assert server.requests[-1] == "PUT /v2/models/churn/manifests/1.0.0"


def test_a_push_to_a_digest_is_refused(here: Registry, connect: Connect) -> None:
    with pytest.raises(Invalid, match="push to a tag"):
        push(here, "churn", connect(f"{PLACE}@sha256:{'0' * 64}"), actor="ana")


def test_a_cut_in_the_middle_of_a_pull_keeps_what_arrived(
    here: Registry, there: Registry, connect: Connect, server: MemoryRegistry
) -> None:
    push(here, "churn", connect(), actor="ana")
    fetched = iter(range(100))

    def down(request: httpx.Request) -> None:
        if "/blobs/" in request.url.path and next(fetched) >= 2:
            raise httpx.ConnectError("down", request=request)

    server.faults.append(down)
    with pytest.raises(Exception, match="down"):
        pull(there, connect(), actor="cy")
    assert there.catalog.models() == []
    server.faults.clear()
    assert pull(there, connect(), actor="cy").received_blobs < 4
