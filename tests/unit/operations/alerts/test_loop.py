"""One process delivers at a time; another takes over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.unit.monitor.alerts.play import finding
from tests.unit.operations.alerts.scene import Scene

from hythe.base.clock import SystemClock
from hythe.monitor.delivery import Delivery
from hythe.operations.alerts.loop import LEASE, run
from hythe.registry.catalog import Catalog
from hythe.testing.fake_clock import FakeClock
from hythe.testing.receiver import receiver


@contextmanager
def running(path: Path, holder: str) -> Iterator[None]:
    catalog, stop = Catalog.of_file(path), threading.Event()
    words = {"holder": holder, "environ": {}, "turn_s": 0.02, "lease_s": 1.0}
    thread = threading.Thread(target=run, args=(catalog, SystemClock(), stop), kwargs=words)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)
        catalog.close()


def test_of_two_processes_one_delivers_and_the_other_takes_over(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    catalog = Catalog.of_file(path)
    scene = Scene(catalog, FakeClock(datetime.now(UTC) - timedelta(hours=6)))
    with receiver() as hook:
        scene.policy(deliver=(Delivery(to="webhook", url=hook.url),))
        with running(path, "two"):
            with running(path, "one"):
                scene.hour(finding("feature:age"))
                hook.until(1)
            scene.hour(finding("feature:age"), finding("requests", kind="errors"))
            sent = hook.until_messages(2)
    assert [each.document["data"]["rule"] for each in sent] == ["drift", "errors"]
    assert catalog.leases.read(LEASE).holder == ""
    scene.deliverer.close()
    catalog.close()
