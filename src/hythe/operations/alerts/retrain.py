"""The retraining trigger: a command that is given the evidence, or an event in the log.

It is at least once: the start is written down first, so that a controller that dies while the command runs
leaves it to be started again, as a second `attempt` with the same id. A lost training would be silent; one
that is started twice is seen by its id.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hythe.bundle.canonical import canonical
from hythe.monitor.alerts.alert import Alert
from hythe.monitor.alerts.words import title
from hythe.monitor.retrain import Retrain
from hythe.operations.alerts import command
from hythe.operations.alerts.message import time_of, told
from hythe.operations.alerts.outbox import outgoing_in
from hythe.operations.alerts.take import said
from hythe.operations.leading import Stop
from hythe.registry.alerts import DeliveryRecord
from hythe.registry.catalog import Catalog
from hythe.runtime.log import Log

LIMIT_S = 600.0
"""A command hands the work to whatever trains, and ends."""
_LOG = Log("hythe.retrain")


def start(
    catalog: Catalog,
    record: DeliveryRecord,
    alert: Alert,
    trigger: Retrain,
    environ: Mapping[str, str],
    stop: Stop,
) -> None:
    """Start what an alert calls for; returns when the command has ended well.

    Raises:
        TimedOut, Unavailable: when it did not.

    """
    body = evidence(record, alert)
    with catalog.edit(actor="controller", why=title(alert)) as tx:
        begun = {**said(alert), "attempt": record.tries, "command": list(trigger.command[:1])}
        tx.note("retraining started", f"alert/{alert.id}", begun)
    if trigger.command:
        command.run(trigger.command, body, LIMIT_S, stop, environ)
    fields = {"event.action": "retraining-due", "hythe.endpoint": alert.endpoint, "hythe.alert": alert.id}
    given = {} if trigger.command else {"event.original": body.decode()}
    _LOG.info(f"retraining is due: {title(alert)}", **fields, **given)


def evidence(record: DeliveryRecord, alert: Alert) -> bytes:
    """Write down why: the alert as receivers see it, and each finding in full."""
    return canonical(
        {
            "id": outgoing_in(record).message,
            "type": "retraining.due",
            "timestamp": time_of(alert.opened),
            "attempt": record.tries,
            "data": told(alert),
            "findings": [msgspec.to_builtins(finding) for finding in alert.findings],
        }
    )
