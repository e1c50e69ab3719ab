"""A PostgreSQL for all contract tests of one run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hythe.testing.services import or_skip, postgres


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start PostgreSQL, and stop it after the last test."""
    with or_skip(), postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url
