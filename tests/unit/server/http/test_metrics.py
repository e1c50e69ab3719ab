"""What Prometheus reads."""

import os
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from tests.unit.server.http.conftest import Caller

from hythe.dataplane.admit import Limits
from hythe.dataplane.gate import Gate
from hythe.runtime import counters, limiter
from hythe.security.keys import KeyEntry, new_key
from hythe.server.http.doors import make_app
from hythe.testing.plane import make_plane
from hythe.testing.tiny import tiny_endpoint


async def test_prometheus_reads_exact_counts(call: Any, row: dict[str, Any]) -> None:
    for _ in range(3):
        await call("POST", "/predict/churn", {"rows": [row, row]})
    await call("POST", "/predict/churn", {"rows": [{}]})
    reply = await call("GET", "/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(reply.body.decode())
        for sample in family.samples
    }
    version = (("endpoint", "churn"), ("version", "1.0.0"))
    assert samples["hythe_rows_total", version] == 6
    assert samples["hythe_inference_duration_seconds_count", version] == 3
    answered = (("endpoint", "churn"), ("outcome", "answered"), ("reason", ""), ("version", "1.0.0"))
    refused = (("endpoint", "churn"), ("outcome", "refused"), ("reason", "invalid"), ("version", "1.0.0"))
    assert samples["hythe_requests_total", answered] == 3
    assert samples["hythe_requests_total", refused] == 1
    assert samples["hythe_batch_rows_bucket", (("endpoint", "churn"), ("le", "1"), ("version", "1.0.0"))] == 0
    assert samples["hythe_batch_rows_bucket", (("endpoint", "churn"), ("le", "2"), ("version", "1.0.0"))] == 3
    assert samples["hythe_in_flight", (("endpoint", "churn"),)] == 0


async def test_only_a_key_for_metrics_sees_them_and_health_takes_none(tmp_path: Path) -> None:
    watching, asking = new_key(), new_key()
    memory, places = counters.create(slots=1), limiter.create(columns=1)
    gate = Gate(limiter.Limiter(places, 0))
    gate.update(
        [
            KeyEntry(digest=watching.digest, id=watching.id, place=1, verbs=("metrics",)),
            KeyEntry(digest=asking.digest, id=asking.id, place=2, verbs=("predict", "admin")),
        ]
    )
    counted = counters.Counters(memory, 0)
    plane = make_plane(tiny_endpoint(tmp_path), counters=counted, gate=gate)
    await plane.start()
    call = Caller(make_app(plane, counted, gate), Limits())
    try:
        seen = await call("GET", "/metrics", x_api_key=watching.text)
        refused = await call("GET", "/metrics", x_api_key=asking.text)
        nobody = await call("GET", "/metrics")
        health = await call("GET", "/health/ready")
    finally:
        await plane.close()
        for descriptor in (memory, places):
            os.close(descriptor)
    assert [seen.status, refused.status, nobody.status, health.status] == [200, 403, 401, 200]
    assert "not for the verb 'metrics'" in refused.document["error"]
