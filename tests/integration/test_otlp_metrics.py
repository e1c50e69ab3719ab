"""A server's counts and what monitoring found reach a collector through a real one, Rotel."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from tests.integration.test_prometheus import fire
from tests.integration.test_serving import until
from tests.integration.test_up import ROW, asked, home, packed, up

from hythe.testing.collector import attributes, collecting
from hythe.testing.services import or_skip, rotel

__all__ = ["home", "packed"]
pytestmark = pytest.mark.integration


async def test_counts_and_findings_reach_a_collector(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector, or_skip(), rotel(tmp_path / "rotel", collector.url) as between:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", between)
        monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "500")
        with up(home) as run:
            async with (
                httpx.AsyncClient(base_url=run.document["url"]) as serving,
                httpx.AsyncClient(base_url=run.document["control"]) as control,
            ):
                await asked(control, "POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"})

                async def answers() -> bool:
                    return (await serving.post("/predict/scoring", json=ROW)).status_code == 200

                await until(answers)
                fire(home)

                async def told() -> bool:
                    return {"hythe_requests_total", "hythe_alerts_firing"} <= {*collector.metrics}

                await until(told)
        requests = collector.metrics["hythe_requests_total"].sum
        assert requests.is_monotonic
        assert {attributes(point)["endpoint"] for point in requests.data_points} == {"scoring"}
        [firing] = collector.metrics["hythe_alerts_firing"].gauge.data_points
        assert (attributes(firing)["rule"], firing.as_double) == ("drift", 1.0)
        assert collector.metrics["hythe_request_duration_seconds"].unit == "s"
