"""The Python API of monitoring: the operations, on the registry that the surroundings name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hythe.app import config
from hythe.app.config import Home
from hythe.app.wire import opened
from hythe.base.amounts import seconds
from hythe.base.errors import Invalid
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.monitoring.policy import policy_of, read_policy
from hythe.operations.monitoring.settings import Settings, Settled, apply, settings
from hythe.operations.monitoring.view import MonitorView
from hythe.operations.monitoring.viewer import Viewer


def monitor_status(
    endpoint: str, *, since: str = "1d", version: str | None = None, home: Home = None
) -> MonitorView:
    """Tell how an endpoint does: traffic, findings, reports and alerts since so long ago (15m, 1h, 7d).

    Raises:
        NotFound: when there is no such endpoint.

    """
    with opened(config.load(home=home)) as here:
        return Viewer(here.registry, endpoint).look(seconds(since), version)


def monitor_settings(endpoint: str, *, home: Home = None) -> Settings:
    """Tell by what policy an endpoint is judged; raises NotFound."""
    with opened(config.load(home=home)) as here:
        return settings(here.catalog, endpoint)


def apply_monitor(
    policy: MonitorPolicy | Path | str | Mapping[str, Any],
    *,
    endpoint: str = "",
    expected_revision: int | None = None,
    dry_run: bool = False,
    why: str = "",
    home: Home = None,
) -> Settled:
    """Judge an endpoint by a policy: one, the path of a TOML file, or its fields.

    The endpoint is the one that is given, else the one that the file names.

    Raises:
        Conflict: when the policy is not at `expected_revision`.
        Invalid: when the policy cannot be read, or names what is not known.
        NotFound: when there is no such endpoint.
        Unsupported: when the policy is of a newer form.

    """
    name, found = "", policy
    if isinstance(policy, Path | str):
        name, found = read_policy(Path(policy))
    chosen = found if isinstance(found, MonitorPolicy) else policy_of(found)
    if not (endpoint or name):
        raise Invalid("the policy names no endpoint; give one, such as: endpoint='scoring'")
    with opened(config.load(home=home)) as here:
        return apply(
            here.registry,
            endpoint or name,
            chosen,
            actor=here.actor,
            why=why,
            expected_revision=expected_revision,
            dry_run=dry_run,
        )
