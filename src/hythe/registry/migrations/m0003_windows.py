"""Windows of observations, join records, and how far each server's observations are stored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

_ROW = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade(op: Operations) -> None:
    """Make the tables."""
    op.create_table(
        "windows",
        sa.Column("id", _ROW, primary_key=True, autoincrement=True),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("period_s", sa.Integer, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_index("windows_by_start", "windows", ["endpoint", "start"])
    op.create_index("windows_by_period", "windows", ["period_s", "start"])
    op.create_table(
        "joins",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("first", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("joins_by_time", "joins", ["at_ns"])
    op.create_table(
        "observers",
        sa.Column("server", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("positions", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
