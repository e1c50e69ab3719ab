"""One way to SQLite and PostgreSQL: connections, write transactions, and their errors in Hythe's words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from threading import RLock
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, IntegrityError, NoSuchModuleError
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

from hythe.base.errors import Busy, Conflict, Corrupt, HytheError, Invalid, Unavailable, Unsupported
from hythe.bundle.storage import storage_errors
from hythe.registry.changes import CHANNEL
from hythe.registry.durable import make_folder
from hythe.registry.locks import alone
from hythe.registry.migrations import NEWEST, migrate, schema_of
from hythe.registry.tables import log

_WRITES = "hythe_writes"


class Database:
    """A catalog's database. Nothing is opened before the first use.

    `url` is `sqlite:///FILE`, `sqlite://` (in memory, for this object alone) or `postgresql://…`. A writer
    waits `busy_timeout_s` for another to finish. Unless it `makes` a SQLite file that is not there, that
    raises Unavailable. A process that comes back each second `keeps` the file open.
    """

    def __init__(
        self, url: str, busy_timeout_s: float = 30.0, *, makes: bool = True, keeps: bool = False
    ) -> None:
        self._url = _parsed(url)
        self._makes = makes
        self._keeps = keeps
        self._busy_timeout_s = busy_timeout_s
        self._opened: Engine | None = None
        # One connection serves all threads of an in-memory database, so they take turns, and a read inside
        # a write sees what is being written.
        self._turn: AbstractContextManager[Any] = RLock() if self._memory else nullcontext()
        self._shared: Connection | None = None

    @property
    def name(self) -> str:
        """The URL without its password."""
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for reads that belong together."""
        with self._turn, self._translated():
            if self._shared is not None:
                yield self._shared
                return
            engine = self._engine()
            if self._url.get_backend_name() == "postgresql":
                engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with engine.connect() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection inside the one write transaction that runs at a time; it commits at the end.

        Writers are lined up before they read (SQLite: BEGIN IMMEDIATE; PostgreSQL: a lock on the change log,
        which readers do not feel), because each extends the one hash chain.
        """
        with self._turn, self._translated():
            engine = self._engine().execution_options(**{_WRITES: True})
            with engine.connect() as connection, connection.begin():
                self._line_up(connection)
                self._shared = connection if self._memory else None
                try:
                    yield connection
                finally:
                    self._shared = None

    def notify(self, connection: Connection) -> None:
        """Have PostgreSQL tell whoever listens of a change, when and if the transaction commits."""
        if self._url.get_backend_name() == "postgresql":
            connection.execute(text(f"NOTIFY {CHANNEL}"))

    def check(self) -> str | None:
        """Ask SQLite whether its file is sound; give what it says when it is not."""
        if self._url.get_backend_name() != "sqlite":
            return None
        with self.reading() as connection:
            said = str(connection.exec_driver_sql("PRAGMA integrity_check").scalar_one())
        return None if said == "ok" else said

    def close(self) -> None:
        """Let go of all connections; an in-memory database ends."""
        if self._opened is not None:
            self._opened.dispose()
            self._opened = None

    @property
    def _memory(self) -> bool:
        return self._url.get_backend_name() == "sqlite" and not self._url.database

    def _engine(self) -> Engine:
        if self._opened is None:
            engine = self._made()
            try:
                self._prepare(engine)
            except BaseException:
                engine.dispose()
                raise
            self._opened = engine
        return self._opened

    def _made(self) -> Engine:
        if self._url.get_backend_name() == "postgresql":
            return _postgresql(self._url)
        if self._memory:
            return _sqlite(self._url, self._busy_timeout_s, poolclass=StaticPool, pool_reset_on_return=None)
        url = _readable(self._url) if self._makes else _standing(_readable(self._url))
        if self._keeps:
            return _noticing(_sqlite(url, self._busy_timeout_s, poolclass=QueuePool), str(self._url.database))
        return _sqlite(url, self._busy_timeout_s, poolclass=NullPool)

    def _prepare(self, engine: Engine) -> None:
        if self._memory:
            _upgrade(engine)
        elif self._url.get_backend_name() == "sqlite":
            self._prepare_file(engine, Path(str(self._url.database)))
        elif not _current(engine):
            with engine.begin() as connection:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('hythe_schema'))")
                migrate(connection)

    def _prepare_file(self, engine: Engine, path: Path) -> None:
        if (path.exists() or not self._makes) and _current(engine):
            return
        with storage_errors(path):
            make_folder(path.parent)
            with alone(path.with_name(f".{path.name}.lock")):
                with closing(engine.raw_connection()) as raw:
                    raw.cursor().execute("PRAGMA journal_mode=WAL")
                _upgrade(engine)

    def _line_up(self, connection: Connection) -> None:
        if self._url.get_backend_name() == "postgresql":
            wait_ms = int(self._busy_timeout_s * 1000)
            connection.execute(text(f"SET LOCAL lock_timeout = {wait_ms}"))
            connection.execute(text(f"LOCK TABLE {log.name} IN SHARE ROW EXCLUSIVE MODE"))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as err:
            raise _translation(err, self.name) from err


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as err:
        raise Invalid(f"{url!r} is no database URL; write sqlite:///FILE or postgresql://HOST/NAME") from err
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        name = parsed.get_backend_name()
        raise Unsupported(f"a catalog in '{name}' is not supported; use sqlite:///FILE or postgresql://…")
    return parsed


def _readable(url: URL) -> URL:
    """Give the URL by which a catalog in a read-only place can still be read.

    SQLite must make files beside one that is in WAL mode, unless it is told that nobody writes.
    """
    path = Path(str(url.database))
    if not path.exists() or os.access(path.parent, os.W_OK) or path.with_name(f"{path.name}-wal").exists():
        return url
    query = {"mode": "ro", "immutable": "1", "uri": "true"}
    return url.set(database=f"file:{quote(str(path))}", query=query)


def _standing(url: URL) -> URL:
    """Give the URL by which a catalog is opened where it stands, and never made."""
    if "mode" in url.query:
        return url
    return url.set(database=f"file:{quote(str(url.database))}", query={"mode": "rw", "uri": "true"})


def _sqlite(url: URL, busy_timeout_s: float, **pool: Any) -> Engine:
    engine = create_engine(url, connect_args={"timeout": busy_timeout_s, "check_same_thread": False}, **pool)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        # SQLAlchemy's own advice: the driver must not begin transactions by itself.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        # FULL: a commit that was answered stands after a power cut, too.
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif url.database:
            connection.exec_driver_sql("BEGIN")

    return engine


def _noticing(engine: Engine, path: str) -> Engine:
    """Have kept connections to a file opened anew where another file, or none, is in its place now."""

    def identity() -> tuple[int, int] | None:
        try:
            found = Path(path).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @event.listens_for(engine, "connect")
    def opened(_connection: Any, record: Any) -> None:
        record.info["file"] = identity()

    @event.listens_for(engine, "checkout")
    def used(_connection: Any, record: Any, _proxy: object) -> None:
        if record.info["file"] != identity():
            raise DisconnectionError(f"{path} is another file now")

    return engine


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=8)
    except (ModuleNotFoundError, NoSuchModuleError) as err:
        raise Unsupported("PostgreSQL needs psycopg; install 'hythe[postgres]'") from err


def _current(engine: Engine) -> bool:
    with engine.connect() as connection:
        return schema_of(connection) == NEWEST


def _upgrade(engine: Engine) -> None:
    with engine.execution_options(**{_WRITES: True}).begin() as connection:
        migrate(connection)


def _translation(err: DBAPIError, name: str) -> HytheError:
    said = str(err.orig).strip().splitlines()[0] if err.orig else str(err)
    if isinstance(err, IntegrityError):
        return Conflict(f"the catalog changed meanwhile ({said}); look again and repeat")
    for sign, fault in _SIGNS:
        if sign in said.lower():
            return fault(f"the catalog {name}: {said}; {_REMEDIES[fault]}")
    return Unavailable(f"the catalog {name} does not answer: {said}; {_REMEDIES[Unavailable]}")


_SIGNS: tuple[tuple[str, type[HytheError]], ...] = (
    ("locked", Busy),
    ("lock timeout", Busy),
    ("deadlock", Conflict),
    ("could not serialize", Conflict),
    ("malformed", Corrupt),
    ("not a database", Corrupt),
    ("disk i/o", Unavailable),
    ("full", Unavailable),
    ("readonly", Unavailable),
    ("unable to open", Unavailable),
)
_REMEDIES: dict[type[HytheError], str] = {
    Busy: "another process is writing; try again",
    Conflict: "look again and repeat",
    Corrupt: "put a backup of it back, or set HYTHE_HOME to another home",
    Unavailable: "see that it is running, writable and has room, or set HYTHE_HOME or the database URL",
}
