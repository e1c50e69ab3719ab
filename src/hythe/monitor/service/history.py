"""What earlier reports say of service, as later periods are compared with it."""

from __future__ import annotations

from hythe.monitor.finding import Report
from hythe.monitor.service.limits import QUANTILES
from hythe.monitor.service.served import Served


def served_in(report: Report) -> Served:
    """Read the figures of service back out of a report."""
    found = {finding.check: finding for finding in report.findings if finding.subject == "requests"}
    requests, failed = found.get("requests"), found.get("error_rate")
    values = {name: found.get(f"latency_{name}") for name in QUANTILES}
    return Served(
        start=report.start,
        period_s=report.period_s,
        requests=requests.n if requests else 0,
        whole=float(requests.details.get("whole", requests.n)) if requests else 0.0,
        tried=failed.n if failed else 0,
        failed=int(failed.details.get("failed", 0)) if failed else 0,
        quantiles_s={
            name: finding.value for name, finding in values.items() if finding and finding.value is not None
        },
    )
