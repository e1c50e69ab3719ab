"""Real servers, started once for all integration tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hythe.testing.services import docker_registry, or_skip

collect_ignore = ["clients/kserve_calls.py"]
"""Run by an interpreter of its own, which has kserve."""
# The user `hythe` with the password `landing`, as `htpasswd -nbB -C 4` writes it.
HTPASSWD = "hythe:$2b$04$EDoQ8jmDQfNqhAxKSKlx0e4ldwobdGJqaeMdnHI.WRV6PjHI4Qc.m"


@pytest.fixture(scope="session")
def oci_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start Debian's docker-registry; give `127.0.0.1:PORT`."""
    with or_skip(), docker_registry(tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture(scope="session")
def guarded_oci_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a docker-registry that asks for the user `hythe` with the password `landing`."""
    with or_skip(), docker_registry(tmp_path_factory.mktemp("guarded"), HTPASSWD) as host:
        yield host
