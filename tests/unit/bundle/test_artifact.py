from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.artifact import Artifact, Source, artifact
from hythe.bundle.descriptor import Manifest

FILES = {"model/model.bin": b"weights", "hythe.json": b"{}", "card.md": b"# Card", "code/__init__.py": b""}

# schema/config-schema.json of the ModelPack specification (github.com/modelpack/model-spec, Apache-2.0).
MODELPACK_CONFIG = json.loads((Path(__file__).parent / "modelpack_config_schema.json").read_bytes())


def config_of(made: Artifact) -> dict[str, Any]:
    source = made.sources[made.manifest.config.digest]
    assert isinstance(source, bytes)
    found: dict[str, Any] = json.loads(source)
    return found


def test_the_manifest_is_what_modelpack_requires() -> None:
    manifest = json.loads(artifact(FILES).manifest.raw)
    assert manifest["schemaVersion"] == 2
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.model.config.v1+json"
    layers = {layer["annotations"]["org.cncf.model.filepath"]: layer for layer in manifest["layers"]}
    assert layers["model/model.bin"] == {
        "mediaType": "application/vnd.cncf.model.weight.v1.raw",
        "digest": "sha256:" + sha256(b"weights").hexdigest(),
        "size": 7,
        "annotations": {"org.cncf.model.filepath": "model/model.bin"},
    }


def test_the_configuration_fits_the_schema_of_modelpack() -> None:
    made = artifact(FILES, config={"format": "skops", "precision": "float64"})
    jsonschema.validate(config_of(made), MODELPACK_CONFIG)
    assert config_of(made)["config"] == {"format": "skops", "precision": "float64"}


def test_the_diff_ids_are_the_digests_of_the_layers_in_their_order() -> None:
    made = artifact(FILES)
    assert config_of(made)["modelfs"]["diffIds"] == [layer.digest for layer in made.manifest.layers]


def test_the_digest_is_that_of_the_manifest_bytes() -> None:
    made = artifact(FILES)
    assert made.digest == "sha256:" + sha256(made.manifest.raw).hexdigest()


def test_the_order_and_the_source_of_the_files_do_not_change_the_digest(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"weights")
    other: dict[str, Source] = {**dict(reversed(FILES.items())), "model/model.bin": tmp_path / "model.bin"}
    assert artifact(other).digest == artifact(FILES).digest


def test_no_time_and_no_name_is_in_the_artifact() -> None:
    text = artifact(FILES).manifest.raw.decode() + json.dumps(config_of(artifact(FILES)))
    assert re.search(r"created|20\d\d-|version\"", text.replace("schemaVersion", "")) is None


def test_a_bundle_of_no_files_is_refused() -> None:
    with pytest.raises(Invalid, match="no files"):
        artifact({})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"'model/m' cannot be read from .*No such file"):
        artifact({"model/m": tmp_path / "absent"})


def test_a_manifest_with_unknown_fields_keeps_its_bytes() -> None:
    raw = json.dumps({**json.loads(artifact(FILES).manifest.raw), "newField": {"x": [1]}}, indent=3).encode()
    assert Manifest.parse(raw).raw == raw


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'{"layers": []}', b'{"config": {"mediaType": "x", "digest": "md5:1", "size": 1}}']
)
def test_what_is_no_manifest_is_refused(raw: bytes) -> None:
    with pytest.raises(Corrupt):
        Manifest.parse(raw)
