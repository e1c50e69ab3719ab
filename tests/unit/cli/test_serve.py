"""Where `hythe serve` listens."""

import pytest

from hythe.base.errors import Invalid
from hythe.cli.serve import _port


def test_the_port_is_vertex_ais_where_it_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIP_HTTP_PORT", raising=False)
    assert _port() == 8080
    monkeypatch.setenv("AIP_HTTP_PORT", "9090")
    assert _port() == 9090
    monkeypatch.setenv("AIP_HTTP_PORT", "many")
    with pytest.raises(Invalid, match="AIP_HTTP_PORT is 'many'"):
        _port()
