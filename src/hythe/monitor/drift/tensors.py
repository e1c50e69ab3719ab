"""Drift of tensors: many values a row, which are no independent draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from hythe.monitor.drift import jensen_shannon, wasserstein
from hythe.monitor.drift.pair import Floats, Pair
from hythe.monitor.period import Period
from hythe.monitor.quality.subjects import Subject


def averaged(period: Period) -> Iterator[tuple[Subject, Pair, Mapping[str, Floats]]]:
    """Test each tensor of several values a row: its subject, its counts by row, and log p-values.

    A row counts once, with the shares of its values in the cells. Both tests bound an average of convex
    functions of what a row holds, which is no greater for averages than for single values picked at random
    (Jensen 1906); so they hold however alike the values of one row are, with as many draws as rows. Tests
    of whole counts do not, and are left out.
    """
    rows, rows_before = period.window.counted_rows, period.baseline.rows
    for tensor in period.schema.tensors:
        summary, tally = period.baseline.features.get(tensor.name), period.window.features.get(tensor.name)
        if not tensor.shape or summary is None or tally is None:
            continue
        before, now = summary.counts.cells, tally.cells
        if len(before) != len(now) or not min(sum(before), sum(now), rows, rows_before):
            continue
        bins = summary.counts.bins
        pair = Pair.of(bins, _scaled(before, rows_before), _scaled(now, rows))
        subject = Subject(
            name=f"feature:{tensor.name}", bins=bins, before=before, now=now,
            moments=summary.moments, powers=tally.powers,
        )  # fmt: skip
        yield subject, pair, log_p_averages(pair)


def log_p_averages(pair: Pair) -> dict[str, Floats]:
    """Bound log p-values of counts that are averages over rows, and add up to the number of rows."""
    logs = {"jensen_shannon": jensen_shannon.log_p(pair)}
    if pair.ordered:
        logs["wasserstein"] = wasserstein.log_p(pair, averages=True)
    return {name: np.minimum(log + np.log(len(logs)), 0.0) for name, log in logs.items()}


def _scaled(cells: tuple[int, ...], rows: int) -> list[float]:
    """Scale counts so that they add up to the rows, or stay where there are fewer values than rows."""
    total = sum(cells)
    return [cell * min(rows, total) / total for cell in cells]
