from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hythe.base.errors import Busy, Corrupt, Invalid, Unavailable, Unsupported
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.tables import METADATA

DIGEST = "sha256:" + "1" * 64


def made(path: Path) -> Path:
    catalog = Catalog.of_file(path)
    with catalog.edit(actor="ana") as tx:
        tx.add_version("churn", "1.0.0", DIGEST)
        tx.alias("churn:champion", "1.0.0")
    catalog.close()
    return path


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_catalog_in_a_file_outlives_its_process(tmp_path: Path) -> None:
    path = made(tmp_path / "catalog.db")
    program = f"""
from pathlib import Path
from hythe.registry.catalog import Catalog
print(Catalog.of_file(Path({str(path)!r})).resolve("churn:champion").ref)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "churn:1.0.0\n"


def test_the_migrations_make_the_tables_that_the_code_reads() -> None:
    database = Database("sqlite://")
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    database.close()


def test_a_catalog_from_a_newer_hythe_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "catalog.db")
    change(path, "UPDATE hythe_schema SET version = 99")
    with pytest.raises(
        Unsupported, match=r"schema 99 and was written by a newer Hythe; .* install the newer"
    ):
        Catalog.of_file(path).models()


def test_a_file_that_is_no_database_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(Corrupt, match="not a database; put a backup"):
        Catalog.of_file(tmp_path / "catalog.db").models()


def test_a_home_that_cannot_be_made_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="set HYTHE_HOME"):
        Catalog.of_file(tmp_path / "file" / "catalog.db").models()


def test_a_writer_that_waits_too_long_is_told_who_is_in_the_way(tmp_path: Path) -> None:
    path = made(tmp_path / "catalog.db")
    hasty = Catalog(Database(f"sqlite:///{path}", busy_timeout_s=0.01))
    slow = Catalog.of_file(path)
    with (
        slow.edit(actor="ana"),
        pytest.raises(Busy, match="another process is writing; try again"),
        hasty.edit(actor="bo"),
    ):
        pass


def test_readers_never_wait_and_see_nothing_unfinished(tmp_path: Path) -> None:
    path = made(tmp_path / "catalog.db")
    reader = Catalog(Database(f"sqlite:///{path}", busy_timeout_s=0.01))
    with Catalog.of_file(path).edit(actor="ana") as tx:
        tx.add_version("fraud", "1.0.0", DIGEST)
        assert reader.models() == ["churn"]
    assert reader.models() == ["churn", "fraud"]


@pytest.mark.parametrize(("url", "said"), [("nonsense", "is no database URL"), ("mysql://h/d", "in 'mysql'")])
def test_another_url_is_refused(url: str, said: str) -> None:
    with pytest.raises((Invalid, Unsupported), match=said):
        Database(url)


def test_a_password_never_shows() -> None:
    database = Database("postgresql://hythe:secret@127.0.0.1:1/none", busy_timeout_s=0.1)
    assert "secret" not in database.name
    with pytest.raises(Unavailable) as caught:
        Catalog(database).models()
    assert "secret" not in str(caught.value)
    database.close()


def test_a_changed_log_entry_is_found(tmp_path: Path) -> None:
    path = made(tmp_path / "catalog.db")
    change(path, "UPDATE log SET document = replace(document, 'ana', 'eve') WHERE seq = 2")
    assert Catalog.of_file(path).faults() == ["the change log is broken at entry 2; compare it with a backup"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE versions SET digest = 'sha256:2222'", "version 'churn:1.0.0' is 'sha256:2222'"),
        (
            "DELETE FROM aliases",
            "alias 'churn:champion' is absent in the catalog and '1.0.0' in the change log",
        ),
        ("INSERT INTO trust VALUES ('sha256:33', '', 'eve', '')", "trust 'sha256:33' is True in the catalog"),
        (
            """UPDATE versions SET approval = '{"state":"approved"}'""",
            "'approved' in the catalog and 'pending'",
        ),
        ("INSERT INTO plans VALUES ('e', 1, '{}', '', 'eve')", "plan 'e' is {} in the catalog and absent"),
    ],
)
def test_a_row_changed_behind_the_log_is_found(tmp_path: Path, statement: str, said: str) -> None:
    path = made(tmp_path / "catalog.db")
    change(path, statement)
    faults = Catalog.of_file(path).faults()
    assert len(faults) == 1
    assert said in faults[0]
