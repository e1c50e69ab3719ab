"""Every catalog keeps rollouts and leases, in memory, in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.testing.catalog_checks import Check
from hythe.testing.rollout_checks import CHECKS


@pytest.fixture
def catalogs() -> Iterator[list[Catalog]]:
    opened: list[Catalog] = []
    yield opened
    for catalog in opened:
        catalog.close()


def opening(catalogs: list[Catalog], url: str) -> Catalog:
    catalogs.append(Catalog(Database(url)))
    return catalogs[-1]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_catalog_in_memory_keeps_rollouts(check: Check, catalogs: list[Catalog]) -> None:
    only = opening(catalogs, "sqlite://")
    check(lambda: only)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_catalog_in_sqlite_keeps_rollouts(check: Check, catalogs: list[Catalog], tmp_path: Path) -> None:
    check(lambda: opening(catalogs, f"sqlite:///{tmp_path / 'catalog.db'}"))


@pytest.mark.integration
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_catalog_in_postgresql_keeps_rollouts(
    check: Check, catalogs: list[Catalog], postgres_url: str
) -> None:
    schema = f"rollouts_{check.__name__}"[:60]
    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    engine.dispose()
    check(lambda: opening(catalogs, f"{postgres_url}?options=-csearch_path%3D{schema}"))
