"""Makes the deliveries that are due: each receiver in a thread of its own, so that none holds up another.

A message is sent at least once. Who sends it writes down afterwards that it was taken; whoever dies in
between leaves it to be sent again, with the same id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event as Flag

import msgspec
from msgspec.structs import replace

from hythe.base.clock import Clock, unix_s
from hythe.base.errors import Busy, HytheError, NotFound, Unavailable
from hythe.bundle.canonical import canonical
from hythe.monitor.alerts.alert import Alert
from hythe.operations.alerts import cooling
from hythe.operations.alerts.alertmanager import RESEND_S
from hythe.operations.alerts.due import Ended, Later, Now, Over, after_failure, look
from hythe.operations.alerts.outbox import outgoing_in
from hythe.operations.alerts.receivers import Receiver, receivers_of
from hythe.operations.alerts.send import Sender
from hythe.operations.alerts.stored import alert_in, silence_in
from hythe.operations.monitoring.policy import policy_in
from hythe.registry.alerts import DeliveryRecord
from hythe.registry.catalog import Catalog
from hythe.runtime.log import Log

_WORKERS = 8
_LATER_S = 60
_LOG = Log("hythe.alerts")


class Deliverer:
    """Makes deliveries, a `turn` at a time; what takes long goes on meanwhile. `close` ends what runs."""

    def __init__(self, catalog: Catalog, clock: Clock, environ: Mapping[str, str]) -> None:
        self._catalog = catalog
        self._clock = clock
        self._ending = Flag()
        self._sender = Sender(catalog, environ, self._ending)
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="hythe-deliver")
        self._under_way: dict[str, Future[None]] = {}

    def turn(self) -> None:
        """Begin what is due, where nothing is under way to the same receiver.

        Raises:
            Unavailable: when the catalog is gone.

        """
        self._under_way = {key: made for key, made in self._under_way.items() if not made.done()}
        waiting: dict[str, list[DeliveryRecord]] = defaultdict(list)
        for record in self._catalog.alerts.due(self._now()):
            waiting[record.receiver].append(record)
        for receiver, records in waiting.items():
            if receiver not in self._under_way:
                self._under_way[receiver] = self._pool.submit(self._deliver_all, records)

    def settle(self, limit_s: float = 60.0) -> None:
        """Wait until what was begun has ended."""
        wait(self._under_way.values(), timeout=limit_s)

    def close(self) -> None:
        """End what runs, and let go of the threads; what was not taken stays to be sent."""
        self._ending.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _deliver_all(self, records: list[DeliveryRecord]) -> None:
        """Deliver to one receiver in turn; after a failure the others wait as long as the failed one."""
        failed: Later | None = None
        for record in records:
            if self._ending.is_set():
                return
            try:
                if failed is not None:
                    self._catalog.alerts.keep(replace(record, due=failed.due))
                else:
                    failed = self._deliver(record)
            except (Busy, Unavailable):
                return  # the catalog is away, and the loop says so
            except HytheError as err:
                _LOG.warning("a delivery is left for later", alert=record.alert, reason=str(err))
                self._catalog.alerts.keep(replace(record, due=self._now() + _LATER_S))
            except Exception:  # noqa: BLE001 - a fault in one delivery must not end the others
                _LOG.exception("a delivery cannot be made", alert=record.alert, receiver=record.receiver)
                self._catalog.alerts.keep(_ended(record, "given up", self._now(), "a fault; see the log"))

    def _deliver(self, record: DeliveryRecord) -> Later | None:
        """Make one delivery; give when to come again where its receiver failed."""
        now, alerts = self._now(), self._catalog.alerts
        alert = alert_in(alerts.one(record.alert))
        receiver = receivers_of(policy_in(self._catalog.monitor(alert.endpoint))).get(record.receiver)
        silences = [silence_in(each) for each in alerts.silences(alert.endpoint)]
        verdict = look(record, alert, receiver, alerts.deliveries(alert.id), silences, now)
        if isinstance(verdict, Now) and receiver is not None:
            verdict = cooling.look(self._catalog, record, alert, receiver, now)
        if isinstance(verdict, Later):
            alerts.keep(replace(record, due=verdict.due))
        elif isinstance(verdict, Over):
            alerts.keep(_ended(record, verdict.state, now, verdict.why))
        elif receiver is not None:
            return self._send(record, alert, receiver)
        return None

    def _send(self, record: DeliveryRecord, alert: Alert, receiver: Receiver) -> Later | None:
        record = replace(record, tries=record.tries + 1)
        try:
            self._sender.send(record, alert, receiver, self._now())
        except NotFound as err:
            self._catalog.alerts.keep(_ended(record, "gone", self._now(), str(err)))
            return None
        except HytheError as err:
            return self._failed(record, receiver, err)
        now = self._now()
        taken = _ended(record, "sent", now)
        if alert.state == "firing" and record.receiver.startswith("alertmanager:"):
            taken = replace(taken, state=record.state, tries=0, due=now + RESEND_S)
        self._catalog.alerts.keep(taken)
        return None

    def _failed(self, record: DeliveryRecord, receiver: Receiver, err: HytheError) -> Later | None:
        now = self._now()
        if self._ending.is_set():
            return None
        again = after_failure(record, receiver, now, err.retry_after_s if isinstance(err, Busy) else None)
        if again is None:
            self._give_up(record, now, str(err))
            return None
        if record.tries == 1:
            _LOG.warning("an alert was not taken", alert=record.alert, to=_to(record), reason=str(err))
        self._catalog.alerts.keep(replace(record, due=again.due, document=_document(record, fault=str(err))))
        return again

    def _give_up(self, record: DeliveryRecord, now: int, fault: str) -> None:
        _LOG.error("an alert was never taken", alert=record.alert, to=_to(record), reason=fault)
        with self._catalog.edit(actor="controller", why=fault) as tx:
            tx.note("delivery given up", f"alert/{record.alert}", {"to": _to(record), "tries": record.tries})
        self._catalog.alerts.keep(_ended(record, "given up", now, fault))

    def _now(self) -> int:
        return unix_s(self._clock)


def _ended(record: DeliveryRecord, state: Ended, now: int, why: str = "") -> DeliveryRecord:
    sent = {"sent_at": now, "since": now} if state == "sent" and not why else {}
    return replace(record, state=state, due=now, document=_document(record, fault=why, **sent))


def _document(record: DeliveryRecord, **changes: str | int) -> str:
    return canonical(msgspec.structs.replace(outgoing_in(record), **changes)).decode()


def _to(record: DeliveryRecord) -> str:
    return outgoing_in(record).to
