"""Where `hythe serve` listens, and what it says of its surroundings."""

import pytest

from hythe.base.errors import Invalid
from hythe.cli.serve import _port, _vertex_notices


def test_the_port_is_vertex_ais_where_it_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIP_HTTP_PORT", raising=False)
    assert _port() == 8080
    monkeypatch.setenv("AIP_HTTP_PORT", "9090")
    assert _port() == 9090
    monkeypatch.setenv("AIP_HTTP_PORT", "many")
    with pytest.raises(Invalid, match="AIP_HTTP_PORT is 'many'"):
        _port()


def test_files_that_vertex_ai_has_laid_ready_are_not_passed_over_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIP_STORAGE_URI", "")
    assert _vertex_notices() == []
    monkeypatch.setenv("AIP_STORAGE_URI", "gs://caip-tenant/model/")
    [notice] = _vertex_notices()
    assert "AIP_STORAGE_URI is gs://caip-tenant/model/, which is not read" in notice
