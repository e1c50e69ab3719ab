"""The tables of the catalog, the same on SQLite and PostgreSQL.

Times are RFC 3339 text, documents JSON text. What is observed is counted in seconds since 1970, and the
documents of windows are compressed (zlib).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

METADATA = MetaData()

models = Table(
    "models",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("created_at", Text, nullable=False),
    Column("created_by", Text, nullable=False),
)

versions = Table(
    "versions",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("approval", Text, nullable=False),
    Column("facts", Text, nullable=False),
    ForeignKeyConstraint(["name"], ["models.name"], name="versions_of_models"),
    Index("versions_by_digest", "digest"),
)

aliases = Table(
    "aliases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("alias", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
    ForeignKeyConstraint(
        ["name", "version"], ["versions.name", "versions.version"], name="aliases_of_versions"
    ),
)

trust = Table(
    "trust",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
)

plans = Table(
    "plans",
    METADATA,
    Column("endpoint", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
)

keys = Table(
    "keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("place", Integer, nullable=False, unique=True),
    Column("permit", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("revoked_at", Text, nullable=False),
    Column("revoked_by", Text, nullable=False),
)

key_usage = Table(
    "key_usage",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("period", BigInteger, primary_key=True, autoincrement=False),
    Column("used", BigInteger, nullable=False),
    ForeignKeyConstraint(["id"], ["keys.id"], name="usage_of_keys"),
)

windows = Table(
    "windows",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("endpoint", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("period_s", Integer, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("revision", Integer, nullable=False, server_default="0"),
    Index("windows_by_start", "endpoint", "start"),
    Index("windows_by_revision", "endpoint", "revision"),
    Index("windows_by_period", "period_s", "start"),
)

joins = Table(
    "joins",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("first", Integer, primary_key=True, autoincrement=False),
    Column("rows", Integer, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default="0"),
    Index("joins_by_time", "at_ns"),
)

feedback = Table(
    "feedback",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("endpoint", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("told_ns", BigInteger, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("state", Integer, nullable=False, server_default="0"),
    Index("feedback_by_state", "state", "at_ns"),
)

orphans = Table(
    "orphans",
    METADATA,
    Column("endpoint", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

outcomes = Table(
    "outcomes",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("metric", Text, primary_key=True),
    Column("value", Float, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("share", Float, nullable=False),
    Column("key", Text, nullable=False),
    Column("predicted_ns", BigInteger, nullable=False),
    Column("told_ns", BigInteger, nullable=False),
    Index("outcomes_by_revision", "endpoint", "revision", "metric"),
    Index("outcomes_by_time", "predicted_ns"),
)

differences = Table(
    "differences",
    METADATA,
    Column("endpoint", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("version", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("size", Float, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("differences_by_time", "at_ns"),
)

rollouts = Table(
    "rollouts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("rollouts_by_endpoint", "endpoint"),
)

leases = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("turn", BigInteger, nullable=False),
)

refusals = Table(
    "refusals",
    METADATA,
    Column("endpoint", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("at", Text, nullable=False),
)

monitors = Table(
    "monitors",
    METADATA,
    Column("endpoint", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
)

reports = Table(
    "reports",
    METADATA,
    Column("endpoint", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("period_s", Integer, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("document", LargeBinary, nullable=False),
    Index("reports_by_start", "endpoint", "start"),
)

learned = Table(
    "learned",
    METADATA,
    Column("endpoint", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("period_s", Integer, primary_key=True, autoincrement=False),
    Column("document", LargeBinary, nullable=False),
)

alerts = Table(
    "alerts",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("endpoint", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("alerts_by_key", "endpoint", "key", "state"),
    Index("alerts_by_state", "state", "opened"),
)

alert_deliveries = Table(
    "alert_deliveries",
    METADATA,
    Column("alert", BigInteger, primary_key=True, autoincrement=False),
    Column("event", Text, primary_key=True),
    Column("receiver", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("alert_deliveries_by_state", "state", "due"),
)

silences = Table(
    "silences",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

observers = Table(
    "observers",
    METADATA,
    Column("server", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("positions", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

log = Table(
    "log",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("link", Text, nullable=False),
    Index("log_by_subject", "subject"),
)

schema_version = Table("hythe_schema", METADATA, Column("version", Integer, primary_key=True))
