"""How the files of a prediction log are named: by endpoint, day and version, and by what was written when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from hythe.base.clock import DAY_S
from hythe.base.errors import HytheError
from hythe.operations.predictions.store import Store
from hythe.runtime.log import Log

ENDPOINT, DAY, VERSION = "hythe_endpoint", "hythe_day", "hythe_version"
"""The names of the parts of a path; whoever reads the files finds columns of these names."""
_LOG = Log("hythe.predictions")


class Part(NamedTuple):
    """What one file holds: predictions of a version of an endpoint, made on a `day` (UTC, since 1970)."""

    endpoint: str
    day: int
    version: str

    @property
    def folder(self) -> str:
        """Its folder, in the form that Hive, Arrow, DuckDB, Spark and others know.

        >>> Part("churn", 20_000, "1.0.0+a").folder
        'hythe_endpoint=churn/hythe_day=2024-10-04/hythe_version=1.0.0%2Ba'
        """
        day = datetime.fromtimestamp(self.day * DAY_S, UTC).date()
        endpoint, version = quote(self.endpoint, safe=""), quote(self.version, safe="")
        return f"{ENDPOINT}={endpoint}/{DAY}={day}/{VERSION}={version}"


def forget(store: Store, days: int, now: datetime) -> int:
    """Remove the days that ended `days` days ago or earlier; give how many folders those were.

    What cannot be removed stays for the next time, and the log says so. Other folders are left alone.
    """
    oldest = (now.astimezone(UTC) - timedelta(days=days)).date().isoformat()
    removed = 0
    for endpoint in (name for name in store.folders("") if name.startswith(f"{ENDPOINT}=")):
        for day in store.folders(endpoint):
            if day.startswith(f"{DAY}=") and day.removeprefix(f"{DAY}=") < oldest:
                try:
                    store.remove(f"{endpoint}/{day}")
                    removed += 1
                except HytheError as err:
                    _LOG.warning("an old day of the prediction log stays for now", reason=str(err))
    return removed
