"""A client reads the system's certificates where it may need them, and nowhere else."""

from __future__ import annotations

import ssl

import pytest

from hythe.client.wire import certificates


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_plain_http_loads_no_certificates_and_would_trust_nobody() -> None:
    found = certificates("http://127.0.0.1:8080", None)
    assert isinstance(found, ssl.SSLContext)
    assert found.cert_store_stats()["x509"] == 0
    assert found.verify_mode is ssl.CERT_REQUIRED


def test_an_encrypted_server_is_checked_with_the_systems_certificates() -> None:
    assert certificates("https://models.example", None) is True


def test_so_is_a_proxy_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "https://proxy.example:3128")
    assert certificates("http://models.example", None) is True


def test_what_is_given_is_used() -> None:
    given = ssl.create_default_context()
    assert certificates("https://models.example", given) is given
    assert certificates("http://models.example", given) is given
