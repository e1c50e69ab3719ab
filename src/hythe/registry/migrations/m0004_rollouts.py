"""Rollouts and leases, feedback, outcomes that guards count one by one, differences of shadows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations


def upgrade(op: Operations) -> None:
    """Make the tables, and say of windows and join records which revision of the plan they are of."""
    for table in ("windows", "joins"):
        op.add_column(table, sa.Column("revision", sa.Integer, nullable=False, server_default="0"))
    op.create_index("windows_by_revision", "windows", ["endpoint", "revision"])
    _differences(op)
    _feedback(op)
    _rollouts(op)


def _differences(op: Operations) -> None:
    op.create_table(
        "differences",
        sa.Column("endpoint", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("size", sa.Float, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("differences_by_time", "differences", ["at_ns"])


def _feedback(op: Operations) -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("endpoint", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("told_ns", sa.BigInteger, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_index("feedback_by_state", "feedback", ["state", "at_ns"])
    op.create_table(
        "orphans",
        sa.Column("endpoint", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "outcomes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("metric", sa.Text, primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("predicted_ns", sa.BigInteger, nullable=False),
        sa.Column("told_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("outcomes_by_revision", "outcomes", ["endpoint", "revision", "metric"])
    op.create_index("outcomes_by_time", "outcomes", ["predicted_ns"])


def _rollouts(op: Operations) -> None:
    op.create_table(
        "rollouts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("rollouts_by_endpoint", "rollouts", ["endpoint"])
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
    )
