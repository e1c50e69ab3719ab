"""The places that a catalog may be in, each empty for each test; one PostgreSQL for all tests of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.migrations import schema_of
from hythe.registry.tables import METADATA, schema_version
from hythe.testing.catalog_checks import Open
from hythe.testing.services import or_skip, postgres


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start PostgreSQL, and stop it after the last test."""
    with or_skip(), postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Open a catalog, the same one as often as it is asked for."""
    make, catalogs = making(request, tmp_path), list[Catalog]()

    def opening() -> Catalog:
        catalogs.append(make())
        return catalogs[-1]

    yield opening
    for catalog in catalogs:
        catalog.close()


def making(request: pytest.FixtureRequest, folder: Path) -> Callable[[], Catalog]:
    if request.param == "memory":
        only = Catalog(Database("sqlite://"))
        return lambda: only
    if request.param == "sqlite":
        return lambda: Catalog.of_file(folder / "new" / "catalog.db")
    url = emptied(request.getfixturevalue("postgres_url"))
    return lambda: Catalog(Database(url))


def emptied(url: str) -> str:
    """Leave nothing in the tables, where there are any: to make them again takes longer than most tests."""
    tables = ", ".join(table.name for table in METADATA.sorted_tables if table is not schema_version)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        if schema_of(connection):
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
    engine.dispose()
    return url
