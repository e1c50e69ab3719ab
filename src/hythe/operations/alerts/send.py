"""One message to one receiver, whatever kind it is."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event as Flag

import msgspec
from msgspec.structs import replace

from hythe.base.errors import Invalid
from hythe.bundle.canonical import canonical
from hythe.monitor.alerts.alert import Alert
from hythe.monitor.delivery import Delivery
from hythe.monitor.retrain import Retrain
from hythe.operations.alerts import alertmanager, command, logbook, retrain, webhook
from hythe.operations.alerts.message import message_of
from hythe.operations.alerts.outbox import outgoing_in
from hythe.operations.alerts.receivers import Logbook, Receiver
from hythe.registry.alerts import DeliveryRecord
from hythe.registry.catalog import Catalog

COMMAND_LIMIT_S = 60.0


class Sender:
    """Sends messages; secrets are in `environ`, and a command ends when `ending` is set."""

    def __init__(self, catalog: Catalog, environ: Mapping[str, str], ending: Flag) -> None:
        self._catalog = catalog
        self._environ = environ
        self._ending = ending

    def send(self, record: DeliveryRecord, alert: Alert, receiver: Receiver, now: int) -> None:
        """Send what a delivery says; returns when its receiver has taken it.

        Raises:
            Busy, Invalid, NotFound, TimedOut, Unavailable: when it has not.

        """
        message = outgoing_in(record).message
        if isinstance(receiver, Logbook):
            logbook.write(alert, record.event, message)
        elif isinstance(receiver, Retrain):
            self._claim(record, now)
            retrain.start(self._catalog, record, alert, receiver, self._environ, self._ending)
        elif receiver.to == "alertmanager":
            alertmanager.send(receiver.url, alert, now, self._secret(receiver))
        else:
            self._tell(record, alert, receiver, now)

    def _tell(self, record: DeliveryRecord, alert: Alert, receiver: Delivery, now: int) -> None:
        message = outgoing_in(record).message
        if receiver.to == "webhook":
            body = canonical(message_of(alert, record.event))
            webhook.send(receiver.url, body, message, now, self._secret(receiver))
            return
        body = canonical({"id": message, **msgspec.to_builtins(message_of(alert, record.event))})
        command.run(receiver.command, body, COMMAND_LIMIT_S, self._ending, self._environ)

    def _claim(self, record: DeliveryRecord, now: int) -> None:
        """Write down that it was tried before it is: another controller leaves it alone for as long."""
        self._catalog.alerts.keep(replace(record, due=now + round(retrain.LIMIT_S) + 60))

    def _secret(self, receiver: Delivery) -> str:
        if not receiver.secret_env:
            return ""
        found = self._environ.get(receiver.secret_env, "")
        if not found:
            raise Invalid(
                f"the secret of the {receiver.to} is missing: set the environment variable "
                f"{receiver.secret_env} for hythe up or hythe control"
            )
        return found
