"""What is counted of a server as a whole, beside its requests."""

from __future__ import annotations

from hythe.runtime.counters import Metric

RESTARTS = Metric("hythe_worker_restarts_total", "counter", "Processes started again after they died.")
POISON = Metric("hythe_poison_requests_total", "counter", "Requests refused since, because they killed two.")
REACHABLE = Metric("hythe_catalog_reachable", "gauge", "1 while the steward can ask the catalog, else 0.")
POSTINGS = Metric("hythe_postings", "gauge", "How many times what to serve was published.")
WINDOWS_WAITING = Metric(
    "hythe_windows_waiting", "gauge", "Windows that are counted and not yet in the catalog."
)
OBSERVATIONS_LOST = Metric(
    "hythe_observations_lost_total",
    "counter",
    "Requests, windows, joins, feedback, log lines and spans that were observed and not kept, by why.",
)
FEEDBACK = Metric("hythe_feedback_total", "counter", "Rows that feedback was taken for.")
FEEDBACK_ORPHANS = Metric(
    "hythe_feedback_orphans_total",
    "counter",
    "Rows whose feedback never met its prediction, and was removed.",
)
SERVER_METRICS = (
    RESTARTS, POISON, REACHABLE, POSTINGS, WINDOWS_WAITING, OBSERVATIONS_LOST, FEEDBACK, FEEDBACK_ORPHANS,
)  # fmt: skip
