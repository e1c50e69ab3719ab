"""The mutable facts: models, versions, approvals, trust, plans, rollouts, keys, and the log of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import Conflict, Invalid
from hythe.registry.alerts import Alerts
from hythe.registry.database import Database
from hythe.registry.differences import Differences
from hythe.registry.edit import Edit
from hythe.registry.feedback import Feedback
from hythe.registry.labelled import Labelled
from hythe.registry.leases import Leases
from hythe.registry.outcomes import Outcomes
from hythe.registry.reader import Reader
from hythe.registry.refusals import Refusals
from hythe.registry.replay import disagreements
from hythe.registry.reports import Reports
from hythe.registry.rollouts import RolloutRecord, read_rollout, write_rollout
from hythe.registry.usage import Spent, add_usage
from hythe.registry.windows import Observations
from hythe.security.audit import first_break


class Catalog(Reader):
    """A catalog in a database; questions are methods, changes go through `edit`.

    >>> catalog = Catalog(Database("sqlite://"))
    >>> with catalog.edit(actor="ana", why="first model") as tx:
    ...     _ = tx.add_version("churn", "1.0.0", "sha256:" + "0" * 64)
    ...     tx.approve("churn:1.0.0", note="passed review")
    >>> catalog.resolve("churn").ref, [entry.action for entry in catalog.history("churn")]
    ('churn:1.0.0', ['add version', 'approved'])
    >>> catalog.close()
    """

    def __init__(
        self,
        database: Database,
        clock: Clock | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(database.reading)
        self._database = database
        self._clock = clock or SystemClock()
        self._on_change = on_change
        self.observations = Observations(database)
        self.outcomes = Outcomes(database)
        self.differences = Differences(database)
        self.feedback = Feedback(database)
        self.labelled = Labelled(database)
        self.leases = Leases(database)
        self.refusals = Refusals(database, self._clock)
        self.reports = Reports(database)
        self.alerts = Alerts(database)

    @classmethod
    def of_file(cls, path: Path, clock: Clock | None = None) -> Catalog:
        """Name a catalog in a SQLite file, which is made when it is first used."""
        return cls(Database(f"sqlite:///{path}"), clock)

    @property
    def name(self) -> str:
        """Where the catalog is, without a password."""
        return self._database.name

    @contextmanager
    def edit(self, *, actor: str, why: str = "") -> Iterator[Edit]:
        """Change the catalog: all of the block with its log entries in one transaction, or nothing.

        Edits run one after the other; raises `Busy` when another takes too long. After each, whoever listens
        is told: by `on_change`, and by PostgreSQL itself.
        """
        if not actor:
            raise Invalid("a change has no actor; say who makes it")
        with self._database.writing() as connection:
            yield Edit(connection, self._clock, actor, why)
            self._database.notify(connection)
        self._on_change()

    def keep_rollout(self, record: RolloutRecord, expected_turn: int) -> RolloutRecord:
        """Write down what a rollout has seen so far, where it did not move, so that nothing is logged.

        Raises:
            Conflict: when it moved meanwhile.

        """
        with self._database.writing() as connection:
            known = read_rollout(connection, record.id)
            if known.state != record.state:
                raise Conflict(f"rollout {record.id} is {known.status}, not {record.status}; look again")
            return write_rollout(connection, record, expected_turn)

    def add_usage(self, spent: Iterable[Spent]) -> None:
        """Write down what keys used of their quotas, all or nothing; nobody acts, so nothing is logged."""
        with self._database.writing() as connection:
            add_usage(connection, spent)

    @contextmanager
    def snapshot(self) -> Iterator[Reader]:
        """Ask several questions of one moment."""
        with self._database.reading() as connection:
            yield Reader(lambda: nullcontext(connection))

    def faults(self) -> list[str]:
        """Check the database file, the log's hash chain, that it leads to what stands, and reports."""
        if (said := self._database.check()) is not None:
            return [f"the database {self.name} is damaged: {said}; put a backup back"]
        with self.snapshot() as seen:
            broken = first_break(seen.links())
            if broken is not None:
                return [f"the change log is broken at entry {broken + 1}; compare it with a backup"]
            found = disagreements(seen)
        return found + self.reports.faults()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()
