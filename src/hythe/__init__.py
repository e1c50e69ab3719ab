"""Hythe: where models land.

>>> import hythe
>>> hythe.pack(pipeline, "churn", examples=X_test, targets=y_test)  # doctest: +SKIP
churn:1.0.0
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hythe.base.version import VERSION

if TYPE_CHECKING:
    from hythe.app.alerts import acknowledge_alert as acknowledge_alert
    from hythe.app.alerts import alert as alert
    from hythe.app.alerts import alert_runbook as alert_runbook
    from hythe.app.alerts import alerts as alerts
    from hythe.app.alerts import end_silence as end_silence
    from hythe.app.alerts import resolve_alert as resolve_alert
    from hythe.app.alerts import silence_alerts as silence_alerts
    from hythe.app.api import check as check
    from hythe.app.api import home as home
    from hythe.app.api import load as load
    from hythe.app.api import open_registry as open_registry
    from hythe.app.api import pack as pack
    from hythe.app.drift import drift as drift
    from hythe.app.feedback import feedback as feedback
    from hythe.app.monitoring import apply_monitor as apply_monitor
    from hythe.app.monitoring import monitor_settings as monitor_settings
    from hythe.app.monitoring import monitor_status as monitor_status
    from hythe.app.traffic import abort_rollout as abort_rollout
    from hythe.app.traffic import apply_plan as apply_plan
    from hythe.app.traffic import create_endpoint as create_endpoint
    from hythe.app.traffic import endpoint_history as endpoint_history
    from hythe.app.traffic import endpoints as endpoints
    from hythe.app.traffic import pause_rollout as pause_rollout
    from hythe.app.traffic import promote_rollout as promote_rollout
    from hythe.app.traffic import remove_endpoint as remove_endpoint
    from hythe.app.traffic import resume_rollout as resume_rollout
    from hythe.app.traffic import rollback as rollback
    from hythe.app.traffic import rollout_status as rollout_status
    from hythe.app.traffic import simulate_rollout as simulate_rollout
    from hythe.app.traffic import start_rollout as start_rollout
    from hythe.client import AsyncClient as AsyncClient
    from hythe.client import Client as Client

__version__ = VERSION
_HOMES = {
    "hythe.app.alerts": (
        "acknowledge_alert",
        "alert",
        "alert_runbook",
        "alerts",
        "end_silence",
        "resolve_alert",
        "silence_alerts",
    ),
    "hythe.app.api": ("check", "home", "load", "open_registry", "pack"),
    "hythe.app.drift": ("drift",),
    "hythe.app.feedback": ("feedback",),
    "hythe.app.monitoring": ("apply_monitor", "monitor_settings", "monitor_status"),
    "hythe.app.traffic": (
        "abort_rollout",
        "apply_plan",
        "create_endpoint",
        "endpoint_history",
        "endpoints",
        "pause_rollout",
        "promote_rollout",
        "remove_endpoint",
        "resume_rollout",
        "rollback",
        "rollout_status",
        "simulate_rollout",
        "start_rollout",
    ),
    "hythe.client": ("AsyncClient", "Client"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = [  # noqa: PLE0604 - names, from the table above
    "__version__",
    *_HOME_OF,
]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before: `import hythe` stays quick."""
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    message = f"module 'hythe' has no attribute {name!r}"
    raise AttributeError(message)
