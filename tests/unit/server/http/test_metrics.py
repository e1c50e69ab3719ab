"""What Prometheus reads."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families


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
