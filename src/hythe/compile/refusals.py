"""Ask a model for many rows when some of them make it raise: a refusal belongs to a row, not to a batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.bundle.outcome import Answers, Outcome
from hythe.bundle.rows import Array, Rows, count, take

Predict = Callable[[Rows], Answers]
"""The original: answers a batch, or raises."""

BATCH_ROWS = 4096
MOST_CALLS = 2000
_MOST_ALONE = 600


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the original's warnings, and numpy's, out of the way: a warning is no refusal."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@dataclass(slots=True)
class Asked:
    """The answers gathered so far: parts by position, the refusals with what the original said."""

    predict: Predict
    rows: Rows
    calls_left: int
    parts: list[tuple[NDArray[np.int64], Answers]] = field(default_factory=list)
    refusals: dict[int, str] = field(default_factory=dict)

    def ask(self, positions: NDArray[np.int64]) -> None:
        """Answer these rows together or, where that raises, by halves down to the rows that raise alone."""
        waiting = [positions]
        while waiting:
            batch = waiting.pop()
            answers = self._call(batch)
            if answers is None and batch.size > 1:
                middle = batch.size // 2
                waiting += [batch[middle:], batch[:middle]]

    def _call(self, positions: NDArray[np.int64]) -> Answers | None:
        if self.calls_left <= 0:
            raise Invalid(
                f"the original raises on so many of its examples ({len(self.refusals)} rows alone) that they "
                "cannot be told apart; pass examples that it answers"
            )
        self.calls_left -= 1
        try:
            answers = _checked(self.predict(take(self.rows, positions)), positions.size)
        except Exception as err:  # noqa: BLE001 - whatever the original raises is its refusal
            if positions.size == 1:
                self.refusals[int(positions[0])] = reason(err)
            return None
        self.parts.append((positions, answers))
        return answers

    def outcome(self, total: int) -> Outcome:
        """Put together what was gathered for `total` rows."""
        refused = np.zeros(total, dtype=np.bool_)
        refused[list(self.refusals)] = True
        names = list(self.parts[0][1]) if self.parts else []
        return Outcome({name: _joined(name, self, total) for name in names}, refused)


def original_outcome(
    predict: Predict,
    rows: Rows,
    *,
    likely: NDArray[np.bool_] | None = None,
    kinds: NDArray[np.str_] | None = None,
    calls: int = MOST_CALLS,
) -> Outcome:
    """Find what the original does with each row: its answer, or a refusal when it raises on the row alone.

    Rows go in batches; one that raises is halved until the rows that raise stand alone. Rows marked `likely`
    (to be refused, as another model told) are asked alone at once, which saves the halving, unless they are
    very many. Rows of different `kinds` never share a batch: a missing boolean turns the column of its whole
    batch into objects.

    >>> def root(rows):
    ...     if (rows["x"] < 0).any():
    ...         raise ValueError("negative")
    ...     return {"value": np.sqrt(rows["x"])}
    >>> original_outcome(root, {"x": np.array([4.0, -1.0, 9.0])}).refused.tolist()
    [False, True, False]

    Raises:
        Invalid: when the original refuses every row, or so many that `calls` calls do not tell them apart.

    """
    outcome, said = ask(predict, rows, likely=likely, kinds=kinds, calls=calls)
    if outcome.refused.all():
        message = next(iter(said.values()), "no rows")
        raise Invalid(
            f"the original answers none of {len(said)} rows ({message}); pass examples that it answers"
        )
    return outcome


def ask(
    predict: Predict,
    rows: Rows,
    *,
    likely: NDArray[np.bool_] | None = None,
    kinds: NDArray[np.str_] | None = None,
    calls: int = MOST_CALLS,
) -> tuple[Outcome, Mapping[int, str]]:
    """Do as `original_outcome`, and tell what the original said of each row that it refused.

    When it refuses every row, the outcome has no outputs.
    """
    total = count(rows)
    alone = likely is not None and likely.sum() <= _MOST_ALONE
    suspects = likely if likely is not None and alone else np.zeros(total, dtype=np.bool_)
    asked = Asked(predict, rows, calls)
    with undisturbed():
        for batch in _batches(np.flatnonzero(~suspects), kinds):
            asked.ask(batch)
        for position in np.flatnonzero(suspects):
            asked.ask(np.array([position]))
    return asked.outcome(total), asked.refusals


def reason(err: BaseException) -> str:
    """Say in one line what was raised."""
    lines = str(err).strip().splitlines()
    return f"{type(err).__name__}: {lines[0].strip()}" if lines else type(err).__name__


def _batches(positions: NDArray[np.int64], kinds: NDArray[np.str_] | None) -> Iterator[NDArray[np.int64]]:
    if kinds is not None:
        for kind in dict.fromkeys(kinds[positions].tolist()):
            yield from _batches(positions[kinds[positions] == kind], None)
        return
    for start in range(0, positions.size, BATCH_ROWS):
        yield positions[start : start + BATCH_ROWS]


def _checked(answers: Answers, rows: int) -> Answers:
    """Hold the answers as arrays with one entry a row."""
    arrays = {name: np.asarray(values) for name, values in answers.items()}
    for name, values in arrays.items():
        if values.ndim == 0 or len(values) != rows:
            raise Invalid(f"output {name!r} has shape {values.shape} for {rows} rows; give one entry a row")
    return arrays


def _joined(name: str, asked: Asked, total: int) -> Array:
    """Put the parts of one output in their places; refused rows hold zeros or empty values."""
    parts = [answers[name] for _, answers in asked.parts]
    kinds = {part.dtype.kind for part in parts}
    dtype = np.dtype(object) if kinds & set("OUS") else np.result_type(*parts)
    joined = np.zeros((total, *parts[0].shape[1:]), dtype=dtype)
    if dtype.hasobject:
        joined[...] = ""
    for positions, answers in asked.parts:
        joined[positions] = answers[name]
    return joined
