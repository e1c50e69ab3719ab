from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from hythe.base.errors import Denied, Invalid
from hythe.registry.remote.credentials import Credentials, find_credentials


def docker(home: Path, settings: object) -> None:
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps(settings))


def encoded(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


def test_the_environment_comes_first(tmp_path: Path) -> None:
    docker(tmp_path, {"auths": {"host": {"auth": encoded("file:x")}}})
    environment = {"HYTHE_REGISTRY_USER": "ana", "HYTHE_REGISTRY_PASSWORD": "s"}
    assert find_credentials("host", environment, tmp_path) == Credentials("ana", "s")


def test_the_environments_password_is_kept_from_other_registries_when_it_names_one(tmp_path: Path) -> None:
    environment = {"HYTHE_REGISTRY_USER": "a", "HYTHE_REGISTRY_PASSWORD": "s", "HYTHE_REGISTRY_HOST": "ours"}
    assert find_credentials("ours", environment, tmp_path) == Credentials("a", "s")
    assert find_credentials("theirs", environment, tmp_path) is None


def test_dockers_file_is_read_for_the_host_that_is_asked(tmp_path: Path) -> None:
    docker(tmp_path, {"auths": {"host:5000": {"auth": encoded("ana:pass:word")}}})
    assert find_credentials("host:5000", {}, tmp_path) == Credentials("ana", "pass:word")
    assert find_credentials("other", {}, tmp_path) is None


def test_an_identity_token_is_known_as_one(tmp_path: Path) -> None:
    docker(tmp_path, {"auths": {"host": {"identitytoken": "tok"}}})
    found = find_credentials("host", {}, tmp_path)
    assert found is not None
    assert found.is_token
    assert found.password == "tok"


def test_a_credential_helper_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = tmp_path / "docker-credential-test"
    helper.write_text('#!/bin/sh\nread host\necho "{\\"Username\\": \\"$host\\", \\"Secret\\": \\"s\\"}"\n')
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    docker(tmp_path, {"credHelpers": {"host": "test"}})
    assert find_credentials("host", {}, tmp_path) == Credentials("host", "s")


def test_a_helper_that_is_absent_is_named(tmp_path: Path) -> None:
    docker(tmp_path, {"credHelpers": {"host": "absent"}})
    with pytest.raises(Denied, match="'docker-credential-absent' gave no credentials"):
        find_credentials("host", {}, tmp_path)


@pytest.mark.parametrize("text", ["{", '{"auths": {"host": {"auth": "???"}}}'])
def test_a_broken_file_is_said_clearly(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(Invalid, match=r"config\.json"):
        find_credentials("host", {"DOCKER_CONFIG": str(tmp_path)}, tmp_path)


def test_a_password_never_shows() -> None:
    assert "secret" not in repr(Credentials("ana", "secret"))
