"""A real Prometheus scrapes a live server and control plane; by its rules an alert reaches somebody."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.integration.test_serving import until
from tests.integration.test_up import ROW, asked, home, packed, up
from tests.unit.monitor.alerts.play import HOUR, finding, report

from hythe.monitor.policy import MonitorPolicy
from hythe.operations.alerts.act import resolve
from hythe.operations.alerts.take import take
from hythe.operations.eyes.prometheus_rules import prometheus_rules
from hythe.operations.eyes.yaml import to_yaml
from hythe.operations.monitoring.stored import record_of
from hythe.registry.registry import Registry
from hythe.testing.receiver import Receiver, receiver
from hythe.testing.services import alertmanager, or_skip, prometheus

__all__ = ["home", "packed"]
pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def pager() -> Iterator[Receiver]:
    """Give whom the Alertmanager calls."""
    with receiver() as found:
        yield found


def configuration(manager: str, *targets: str) -> str:
    """Write how Prometheus scrapes and judges each second."""
    return to_yaml(
        {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [
                {"job_name": "hythe", "static_configs": [{"targets": [_host(url) for url in targets]}]}
            ],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [_host(manager)]}]}]},
        }
    )


async def test_what_is_scraped_can_be_asked_for_and_an_alert_that_fires_is_told_until_it_is_over(
    home: Path, tmp_path: Path, pager: Receiver
) -> None:
    folder = tmp_path / "prometheus"
    folder.mkdir()
    (folder / "rules.yml").write_text(prometheus_rules().replace('interval: "30s"', 'interval: "1s"'))
    with up(home) as run, or_skip(), alertmanager(tmp_path / "manager", pager.url) as manager:
        server, control = run.document["url"], run.document["control"]
        with prometheus(folder, configuration(manager, server, control)) as url:
            async with (
                httpx.AsyncClient(base_url=server) as serving,
                httpx.AsyncClient(base_url=control) as controlling,
                httpx.AsyncClient(base_url=url) as asking,
            ):
                await asked(controlling, "POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"})

                async def counted() -> bool:
                    await serving.post("/predict/scoring", json=ROW)
                    found = await value(asking, 'endpoint_version:hythe_requests:rate5m{endpoint="scoring"}')
                    return found is not None and found > 0

                await until(counted)
                alert = fire(home)

                async def drift() -> bool:
                    return await value(asking, 'hythe_monitor_drift{subject="feature:a"}') == 0.4

                await until(drift)

                async def told(n: int) -> bool:
                    return len(of_rule(pager)) >= n

                await until(lambda: told(1))
                end(home, alert)
                await until(lambda: told(2))
                rules = (await asking.get("/api/v1/rules")).json()["data"]["groups"]
    first, last = of_rule(pager)[:2]
    assert (first["status"], last["status"]) == ("firing", "resolved")
    assert first["labels"]["rule"] == "drift"
    assert first["annotations"]["summary"] == "1 alerts of scoring by the rule drift"
    assert [rule["lastError"] for group in rules for rule in group["rules"] if "lastError" in rule] == []
    assert {rule["health"] for group in rules for rule in group["rules"]} == {"ok"}


def of_rule(pager: Receiver) -> list[dict[str, Any]]:
    """Give what the Alertmanager told of Hythe's alerts, one for each time."""
    told = [alert for each in pager.received for alert in each.document["alerts"]]
    return [alert for alert in told if alert["labels"]["alertname"] == "HytheAlertFires"]


async def value(asking: httpx.AsyncClient, expression: str) -> float | None:
    """Ask Prometheus for one number, None for none."""
    reply = (await asking.get("/api/v1/query", params={"query": expression})).json()
    found = reply["data"]["result"]
    return float(found[0]["value"][1]) if found else None


def fire(home: Path) -> int:
    """Store a report of the last hour in which a feature drifted; give the alert that fires."""
    now = int(time.time())
    drifted = report(now // HOUR * HOUR - HOUR, finding("feature:a", value=0.4, p_value=1e-9))
    with contextlib.closing(Registry.open(home)) as registry, registry.catalog.edit(actor="test") as tx:
        assert tx.put_report(record_of(drifted))
        [event] = take(tx, drifted, MonitorPolicy(), now)
    return event.alert.id


def end(home: Path, alert: int) -> None:
    with contextlib.closing(Registry.open(home)) as registry:
        resolve(registry.catalog, alert, actor="ana")


def _host(url: str) -> str:
    return urlsplit(url).netloc
