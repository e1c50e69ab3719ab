"""What all tests share: their order, quick looks for garbage, few certificates, a new catalog's tables."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, create_engine, text

from hythe.registry import database
from hythe.registry.migrations import NEWEST, migrate, schema_of
from hythe.registry.tables import schema_version
from hythe.testing.waiting import PATIENCE_S

TABLES = text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
# How long an example takes says how busy the machine is.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples every time: what fails then, fails by the change.
settings.register_profile("steady", settings.get_profile("busy"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "busy"))

WAITING = {"acceptance", "integration"}
"""Folders of tests that start servers, and wait for them."""
LAST = 0.9
"""The place among all tests of the last that wait: so no worker is left alone with them at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread files whose tests wait among those whose tests compute: each leaves what the other needs."""
    files = list(dict.fromkeys(item.path for item in items))
    waiting = [file for file in files if WAITING & {*file.parts}]
    place = {file: LAST * rank / len(waiting) for rank, file in enumerate(waiting)}
    computing = [file for file in files if file not in place]
    place |= {file: rank / len(computing) for rank, file in enumerate(computing)}
    items.sort(key=lambda item: place[item.path])


def pytest_collection_finish() -> None:
    """Leave what was imported and collected, millions of objects, out of every later look for garbage.

    Packing looks for garbage six times: half of its time, where so much stays for good.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def one_authority_is_known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let clients of HTTP read one certificate where they read 140 before, which takes each 25 ms.

    Nobody but this machine is spoken to, and tests of TLS name their own authorities.
    """
    first, end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----\n")
    file = tmp_path_factory.mktemp("authority") / "one.pem"
    file.write_text(first + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield


@pytest.fixture(scope="session", autouse=True)
def clients_are_patient() -> Iterator[None]:
    """Have clients that name no time-out wait as long as tests do: httpx gives a crowded machine 5 s."""
    with pytest.MonkeyPatch.context() as patch:
        for what in ("connect", "read", "write", "pool"):
            patch.setattr(DEFAULT_TIMEOUT_CONFIG, what, PATIENCE_S)
        yield


@pytest.fixture(scope="session")
def new_tables() -> list[str]:
    """Run every migration on an empty SQLite; give the statements that make the tables it has then."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrate(connection)
        found = [str(row.sql) for row in connection.execute(TABLES)]
    engine.dispose()
    return found


@pytest.fixture(scope="session", autouse=True)
def a_new_catalog_is_made_at_once(new_tables: list[str]) -> Iterator[None]:
    """Give an empty SQLite its tables in 1 ms where all migrations take 40; any other database migrates."""

    def make(connection: Connection) -> None:
        if connection.dialect.name != "sqlite" or schema_of(connection) > 0:
            migrate(connection)
            return
        for statement in new_tables:
            connection.exec_driver_sql(statement)
        connection.execute(schema_version.insert().values(version=NEWEST))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "migrate", make)
        yield
