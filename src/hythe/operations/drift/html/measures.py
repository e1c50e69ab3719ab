"""What the measures beside a verdict are, in words: how far a feature moved, and what chance would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hythe.operations.drift.html.markup import Markup, tag


class Measure(NamedTuple):
    """A figure, what it is called, and what it says."""

    name: str
    figure: str
    says: str


def measures(details: Mapping[str, Any]) -> tuple[Measure, ...]:
    """Read those measures that a finding's details have.

    >>> [(each.name, each.figure) for each in measures({"kolmogorov_smirnov": 0.25})]
    [('Kolmogorov-Smirnov', '0.25')]
    """
    return tuple(_measures(details))


def listed(found: tuple[Measure, ...]) -> Markup:
    """Write measures as a list of terms."""
    pairs = [
        tag("div", tag("dt", each.name), tag("dd", each.figure, tag("small", each.says))) for each in found
    ]
    return tag("dl", *pairs, class_="measures")


def _measures(details: Mapping[str, Any]) -> Iterator[Measure]:
    if "mean" in details and "mean_baseline" in details:
        yield Measure("Mean", f"{details['mean_baseline']:.4g} → {details['mean']:.4g}", _apart(details))
    if "standard_deviation" in details:
        before, now = details["standard_deviation_baseline"], details["standard_deviation"]
        yield Measure("Standard deviation", f"{before:.4g} → {now:.4g}", _spread(before, now))
    if "kolmogorov_smirnov" in details:
        distance = details["kolmogorov_smirnov"]
        yield Measure("Kolmogorov-Smirnov", f"{distance:.3g}", f"{distance:.1%} of the rows lie elsewhere")
    if "wasserstein" in details:
        yield Measure(
            "Wasserstein",
            f"{details['wasserstein']:.3g} sd",
            "how far a value moved on average, in standard deviations of the baseline",
        )
    if "population_stability_index" in details:
        expected = details.get("population_stability_index_expected", 0.0)
        yield Measure(
            "Population stability index",
            f"{details['population_stability_index']:.3g}",
            f"{expected:.3g} is expected of so many rows where nothing drifts",
        )
    if "jensen_shannon" in details:
        yield Measure(
            "Jensen-Shannon", f"{details['jensen_shannon']:.3g}", "0 is alike, 1 has no value in common"
        )
    if "cramers_v" in details:
        yield Measure("Cramér's V", f"{details['cramers_v']:.3g}", "0 is alike, 1 is told apart by every row")


def _apart(details: Mapping[str, Any]) -> str:
    spread = details.get("standard_deviation_baseline")
    if not spread:
        return "the baseline does not vary"
    return f"{(details['mean'] - details['mean_baseline']) / spread:+.2f} standard deviations"


def _spread(before: float, now: float) -> str:
    return f"{now / before - 1.0:+.0%}" if before else "the baseline does not vary"
