"""A catalog that an earlier Hythe wrote is brought up to date, with all that is in it."""

from contextlib import closing
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine

from hythe.registry.catalog import Catalog
from hythe.registry.migrations import m0001_first
from hythe.registry.tables import models, plans, schema_version
from hythe.security.keys import Permit, new_key


def first_catalog(file: Path) -> None:
    """Write a catalog with the first schema, as it was."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        m0001_first.upgrade(Operations(MigrationContext.configure(connection)))
        connection.execute(schema_version.insert().values(version=1))
        connection.execute(models.insert().values(name="churn", created_at="", created_by="ana"))
        row = {"endpoint": "churn", "revision": 4, "document": '{"arms": []}', "at": "", "by": "ana"}
        connection.execute(plans.insert().values(**row))
    engine.dispose()


def test_a_catalog_of_the_first_schema_keeps_what_it_holds_and_takes_keys(tmp_path: Path) -> None:
    first_catalog(tmp_path / "catalog.db")
    with closing(Catalog.of_file(tmp_path / "catalog.db")) as catalog:
        assert catalog.models() == ["churn"]
        assert (catalog.plan("churn").revision, catalog.plan("churn").document) == (4, {"arms": []})
        key = new_key()
        with catalog.edit(actor="ana") as tx:
            tx.add_key(key, "ci", Permit(quota=5))
        assert [record.id for record in catalog.all_keys()] == [key.id]
