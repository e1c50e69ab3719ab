"""How much each feature matters to the model's own answers: by shuffling one at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.bundle.outcome import Answers, Outcome
from hythe.bundle.rows import Array, Rows, concat, count, take
from hythe.bundle.truth import PROBABILITIES, Truth
from hythe.statistics.exact import mean
from hythe.statistics.moments import moments

Predict: TypeAlias = Callable[[Rows], Outcome]
ROW_BUDGET = 10_000
"""How many rows the model answers at most (at least one for each feature)."""
_MOST_ROWS = 500
_BATCH = 2_000


class Importances(msgspec.Struct, frozen=True, omit_defaults=True):
    """By feature, what shuffling it changed, on average over `rows` rows and one seeded shuffle.

    `change` is of the answers: total variation distance of probabilities, the share of labels that became
    others, or the absolute change of a number over the standard deviation of the answers. `loss` is the rise
    in log loss, share of wrong labels, or squared error, where targets were given. (Breiman 2001, section 10;
    Fisher, Rudin, Dominici 2019.)
    """

    rows: int
    seed: int
    output: str
    change: dict[str, float]
    loss: dict[str, float] = {}


def importances(
    rows: Rows, outcome: Outcome, predict: Predict, truth: Truth | None, *, seed: int = 0
) -> Importances | None:
    """Shuffle each feature in turn and compare the answers; None where there is nothing to compare.

    All features are tried, on as many rows as the budget allows, the same for all. Rows that the model
    refuses are left out.
    """
    names = list(rows if isinstance(rows, Mapping) else rows.column_names)
    usable = np.flatnonzero(~outcome.refused)
    output = _main_output(outcome.answers)
    if len(names) < 2 or len(usable) < 2 or output is None:  # noqa: PLR2004 - one has nothing beside it
        return None
    random = np.random.default_rng(seed)
    wanted = min(_MOST_ROWS, max(1, ROW_BUDGET // len(names)), len(usable))
    picked = np.sort(random.choice(usable, wanted, replace=False))
    sample, before = take(rows, picked), outcome.answers[output][picked]
    scale = _scale(output, outcome.answers[output][usable])
    change: dict[str, float] = {}
    loss: dict[str, float] = {}
    for name, after in _shuffled(sample, names, predict, random):
        kept = ~after.refused
        if kept.any():
            there = after.answers[output][kept]
            change[name] = mean(_change(output, before[kept], there)) / scale
            if truth is not None:
                loss.update(_rise(name, truth.take(picked[kept]), output, before[kept], there))
    return Importances(wanted, seed, output, change, loss)


def _rise(name: str, truth: Truth, output: str, before: Array, after: Array) -> dict[str, float]:
    """Tell how much worse the answers fit once `name` was shuffled; nothing where there is no measure."""
    old, new = truth.loss(output, before), truth.loss(output, after)
    return {name: new - old} if old is not None and new is not None and math.isfinite(new - old) else {}


def _main_output(answers: Answers) -> str | None:
    """Choose what to compare: probabilities before numbers before labels."""
    for name in (PROBABILITIES, "value", "score", "decision", "label"):
        if name in answers:
            return name
    return next((name for name, values in answers.items() if values.dtype.kind != "O"), None)


def _scale(output: str, values: Array) -> float:
    if values.dtype.kind != "f" or output == PROBABILITIES:
        return 1.0
    return math.sqrt(moments(values.reshape(-1)).variance or 1.0)


def _change(output: str, before: Array, after: Array) -> NDArray[np.float64]:
    """Compare row by row: half the sum over classes, or the mean over cells, or whether any differs."""
    if before.dtype.kind != "f":
        different: Array = np.asarray(before != after).reshape(len(before), -1)
        return np.asarray(different.any(axis=1), dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        moved = np.abs(before.astype(np.float64) - after.astype(np.float64)).reshape(len(before), -1)
    share = 0.5 if output == PROBABILITIES else 1.0 / moved.shape[1]
    total: NDArray[np.float64] = np.where(np.isfinite(moved), moved, 0.0).sum(axis=1) * share
    return total


def _shuffled(
    sample: Rows, names: Sequence[str], predict: Predict, random: np.random.Generator
) -> Iterator[tuple[str, Outcome]]:
    """Answer the sample once for each feature shuffled, several features to a call."""
    size = count(sample)
    at_once = max(1, _BATCH // size)
    for first in range(0, len(names), at_once):
        chosen = names[first : first + at_once]
        together = predict(concat([_with_shuffled(sample, name, random) for name in chosen]))
        for place, name in enumerate(chosen):
            part = slice(place * size, (place + 1) * size)
            answers = {output: values[part] for output, values in together.answers.items()}
            yield name, Outcome(answers, together.refused[part])


def _with_shuffled(sample: Rows, name: str, random: np.random.Generator) -> Rows:
    order = random.permutation(count(sample))
    if isinstance(sample, Mapping):
        return {**sample, name: sample[name][order]}
    place = sample.column_names.index(name)
    return sample.set_column(place, sample.field(place), sample.column(place).take(order))
