"""The report of a load test, for people."""

from __future__ import annotations

from hythe.cli.common import say, table
from hythe.cli.draw import bar, log_bins, spark
from hythe.operations.pressure.report import Report
from hythe.operations.pressure.run import Search

_FIGURES = {
    "p50": "p50",
    "p90": "p90",
    "p95": "p95",
    "p99": "p99",
    "p99_9": "p99.9",
    "max": "max",
    "mean": "mean",
}


def print_report(found: Report) -> None:
    """Print figures, failures, two plots, and what to make of them."""
    say(
        f"{found.url}: {found.rate:,g} requests/s ({found.arrivals}) for {found.elapsed_s:.1f} s "
        f"over {found.connections} connections",
        "",
        f"offered   {found.offered:>10,}   {found.offered / found.elapsed_s:>10,.1f}/s",
        f"sent      {found.sent:>10,}",
        f"answered  {found.answered:>10,}   {found.achieved:>10,.1f}/s",
        f"failed    {found.failed:>10,}   {100 * found.failure_share:>10.2f}%",
        "",
    )
    _latency(found)
    _failures(found)
    _plots(found)
    for line in remarks(found):
        say(line)


def remarks(found: Report) -> list[str]:
    """Say what the figures do not: the objective, the generator's own limits, a missing key.

    A generator that could not keep up is named, because then the latencies are its own in part.
    """
    said = []
    if found.holds is not None:
        said.append(f"{found.objective} {'holds' if found.holds else 'does not hold'}")
    own = found.generator
    if not own.kept_pace:
        said.append(
            f"note: the generator itself was late with {own.late:,} of {found.offered:,} requests (by "
            f"{own.late_ms:g} to {own.lag_max_ms:.3g} ms; it used {own.processor:.0%} of a core); "
            "higher latencies are partly its own: lower --rate, or run it on another machine"
        )
    if own.waited:
        said.append(
            f"note: {own.waited:,} requests were due while all {found.connections} connections were taken; "
            "their wait is in the latencies: the server is slower than the rate, or --connections is too low"
        )
    if any(failure.kind.startswith("401") for failure in found.failures):
        said.append(
            "the server wants to know who asks: give --key, or set HYTHE_API_KEY (hythe key create makes one)"
        )
    return said


def trial_line(found: Report) -> str:
    """Sum up one trial of a search in a line."""
    verdict = "holds" if found.holds else "fails"
    p99 = found.latency_ms["p99"]
    return f"{found.rate:,.0f}/s {verdict}: p99 {_ms(p99)} ms, {found.failed:,} failed"


def print_search(found: Search) -> None:
    """Print every trial and the rate that was found."""
    rows = [
        [
            f"{trial.rate:,.0f}",
            f"{trial.achieved:,.0f}",
            *(_ms(trial.latency_ms[name]) for name in ("p50", "p99", "p99_9")),
            f"{trial.failed:,}",
            "holds" if trial.holds else "fails",
        ]
        for trial in found.trials
    ]
    table(["rate/s", "answered/s", "p50 ms", "p99 ms", "p99.9 ms", "failed", found.objective], rows)
    say("")
    if not found.rate:
        say(f"no rate held {found.objective}; start lower with --rate")
    else:
        say(f"{found.objective} holds up to {found.rate:,.0f} requests/s")
    if found.limited_by == "generator":
        say("note: the generator could not keep up beyond that; the server may do more")


def _latency(found: Report) -> None:
    rows = [
        [since, *(_ms(figures[name]) for name in _FIGURES)]
        for since, figures in (("it was due", found.latency_ms), ("it left", found.service_ms))
    ]
    table(["latency in ms, since", *_FIGURES.values()], rows)
    say("")


def _failures(found: Report) -> None:
    if found.failures:
        rows = [[failure.kind, f"{failure.count:,}", failure.said] for failure in found.failures]
        table(["failed as", "times", "what was said first"], rows)
        say("")


def _plots(found: Report) -> None:
    if not found.answered:
        return
    bins = log_bins([(item.up_to_ms, item.count) for item in found.histogram])
    most = max(count for _, count in bins)
    passed = 0
    say("how long answers took")
    for bound, count in bins:
        passed += count
        share = 100 * passed / found.answered
        say(f"  ≤ {_ms(bound):>8} ms {bar(count / most):<40} {count:>9,}  {share:6.2f}%")
    whole = found.moments[: max(1, int(found.elapsed_s))]
    say(
        "",
        f"each second: answers, at most {max(moment.answered for moment in whole):,}",
        f"  {spark([moment.answered for moment in whole])}",
        f"each second: p99, at most {_ms(max((m.p99_ms or 0.0 for m in whole), default=0.0))} ms",
        f"  {spark([moment.p99_ms for moment in whole])}",
        "",
    )


def _ms(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"  # noqa: PLR2004 - no powers of ten from there
