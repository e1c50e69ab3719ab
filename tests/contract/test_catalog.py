"""Every catalog keeps the same promises, in memory, in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from hythe.base.clock import SystemClock
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.testing.catalog_checks import CHECKS, Check, Open


@pytest.fixture
def opened_catalogs() -> Iterator[list[Catalog]]:
    catalogs: list[Catalog] = []
    yield catalogs
    for catalog in catalogs:
        catalog.close()


def opening(catalogs: list[Catalog], make: Callable[[], Catalog]) -> Open:
    def opened() -> Catalog:
        catalogs.append(make())
        return catalogs[-1]

    return opened


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_catalog_in_memory_keeps_its_promises(check: Check, opened_catalogs: list[Catalog]) -> None:
    catalog = Catalog(Database("sqlite://"))
    check(opening(opened_catalogs, lambda: catalog))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_catalog_in_sqlite_keeps_its_promises(
    check: Check, opened_catalogs: list[Catalog], tmp_path: Path
) -> None:
    check(opening(opened_catalogs, lambda: Catalog.of_file(tmp_path / "new" / "catalog.db")))


@pytest.mark.integration
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_catalog_in_postgresql_keeps_its_promises(
    check: Check, opened_catalogs: list[Catalog], postgres_url: str
) -> None:
    url = own_schema(postgres_url, check.__name__)
    check(opening(opened_catalogs, lambda: Catalog(Database(url), SystemClock())))


def own_schema(url: str, name: str) -> str:
    schema = name[:60]
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    engine.dispose()
    return f"{url}?options=-csearch_path%3D{schema}"
