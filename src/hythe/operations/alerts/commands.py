"""Commands in policies: programs that run where the control plane does, so that no key may bring one."""

from __future__ import annotations

from hythe.base.errors import Denied
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.monitoring.policy import policy_in
from hythe.registry.catalog import Catalog


def check_no_new_command(catalog: Catalog, endpoint: str, policy: MonitorPolicy) -> None:
    """See that a policy names no command but those that stand already; raises Denied."""
    fresh = _commands(policy) - _commands(policy_in(catalog.monitor(endpoint)))
    if fresh:
        program = min(fresh)[0]
        raise Denied(
            f"the policy would run '{program}' on the control plane's machine, which takes a command there: "
            "hythe monitor apply FILE"
        )


def _commands(policy: MonitorPolicy) -> set[tuple[str, ...]]:
    told = (delivery.command for delivery in policy.deliver)
    trained = (trigger.command for trigger in policy.retrain)
    return {command for command in (*told, *trained) if command}
