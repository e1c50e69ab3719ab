"""From kept answers and told outcomes to labelled rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from hythe.bundle.schema import Scalar
from hythe.monitor.performance.labelled import Labelled, LabelledClasses, LabelledNumbers
from hythe.monitor.performance.measured import Floats, Units

_SCORES = "probabilities"


class KnownRow(NamedTuple):
    """One answered row: its `outputs` by name, the `classes` of those that have any, its sticky key's hash.

    `outcome` is what came true, None where nobody told it.
    """

    outputs: Mapping[str, Any]
    classes: Mapping[str, Sequence[Scalar]]
    key: str
    outcome: Any = None


def main_name(outputs: Mapping[str, Any]) -> str:
    """Name the output that an outcome is compared with: `label`, else `value`, else the first."""
    return next((name for name in ("label", "value") if name in outputs), next(iter(outputs), ""))


def labelled(rows: Sequence[KnownRow]) -> tuple[Labelled | None, list[int]]:
    """Make labelled rows of those that can be compared, and say which those are.

    Rows without an outcome, and of several labels or numbers at once, are left out; nothing is left where
    answers and outcomes are of different kinds.

    >>> row = KnownRow({"value": 2.5}, {}, "", 3.0)
    >>> labelled([row, KnownRow({"value": 1.0}, {}, "")])[1]
    [0]
    """
    told = [place for place, row in enumerate(rows) if row.outcome is not None and row.outputs]
    if not told:
        return None, []
    first = rows[told[0]]
    name = main_name(first.outputs)
    if name in first.classes and name != "label":
        return _of_scores(rows, told, name)
    if name == "label" or isinstance(first.outputs[name], str | bool):
        return _of_labels(rows, told, name)
    return _of_numbers(rows, told, name)


def units_of(keys: Sequence[str]) -> Units | None:
    """Give the unit of each row: rows of one key are one; None where no row has a key.

    >>> units_of(["a", "", "a", ""]).tolist()
    [0, 1, 0, 2]
    """
    if not any(keys):
        return None
    known: dict[str | int, int] = {}
    named = [known.setdefault(key or place, len(known)) for place, key in enumerate(keys)]
    return np.array(named, dtype=np.intp)


def _of_labels(rows: Sequence[KnownRow], told: list[int], name: str) -> tuple[Labelled | None, list[int]]:
    """Compare labels; scores are those of `probabilities`, where they name their classes."""
    kept = [place for place in told if _scalars(rows[place].outputs.get(name), rows[place].outcome)]
    if not kept:
        return None, []
    known = next((row.classes[_SCORES] for row in rows if row.classes.get(_SCORES)), ())
    classes = tuple(known) or _seen(rows, kept, name)
    answers = [rows[place].outputs[name] for place in kept]
    scores = [rows[place].outputs.get(_SCORES) for place in kept] if known else None
    return _classes(rows, kept, classes, answers, scores), kept


def _of_scores(rows: Sequence[KnownRow], told: list[int], name: str) -> tuple[Labelled | None, list[int]]:
    """Take the likeliest class for the answer."""
    classes = tuple(rows[told[0]].classes[name])
    kept = [place for place in told if _scalars("", rows[place].outcome, any_kind=True)]
    scores = [rows[place].outputs.get(name) for place in kept]
    matrix = _matrix(scores, len(classes))
    likeliest = np.nan_to_num(matrix, nan=-math.inf).argmax(axis=1)
    return _classes(rows, kept, classes, [classes[place] for place in likeliest], scores), kept


def _classes(
    rows: Sequence[KnownRow],
    kept: Sequence[int],
    classes: tuple[Scalar, ...],
    answers: Sequence[Any],
    scores: Sequence[Any] | None,
) -> LabelledClasses:
    places = {name: place for place, name in enumerate(classes)}
    truth = [places.get(rows[place].outcome, -1) for place in kept]
    return LabelledClasses(
        classes=classes,
        # An answer that is no class is wrong, whatever came true.
        answers=np.array([places.get(answer, -2) for answer in answers], dtype=np.intp),
        truth=np.array(truth, dtype=np.intp),
        scores=None if scores is None else _matrix(scores, len(classes)),
        units=units_of([rows[place].key for place in kept]),
    )


def _of_numbers(rows: Sequence[KnownRow], told: list[int], name: str) -> tuple[Labelled | None, list[int]]:
    kept = [
        place
        for place in told
        if _is_number(rows[place].outcome) and not isinstance(rows[place].outputs.get(name), list | str)
    ]
    if not kept:
        return None, []
    answers = [rows[place].outputs.get(name) for place in kept]
    numbers = LabelledNumbers(
        answers=np.array([math.nan if a is None else a for a in answers], dtype=np.float64),
        truth=np.array([rows[place].outcome for place in kept], dtype=np.float64),
        units=units_of([rows[place].key for place in kept]),
    )
    return numbers, kept


def _matrix(scores: Sequence[Any], classes: int) -> Floats:
    """Give scores as [rows, classes]; a row that has not so many numbers is NaN."""
    found = np.full((len(scores), classes), math.nan)
    for place, row in enumerate(scores):
        if isinstance(row, list) and len(row) == classes:
            found[place] = [math.nan if score is None else score for score in row]
    return found


def _seen(rows: Sequence[KnownRow], kept: Sequence[int], name: str) -> tuple[Scalar, ...]:
    """Name the classes that were answered or came true, in the order of their text."""
    values = {rows[place].outputs[name] for place in kept} | {rows[place].outcome for place in kept}
    return tuple(sorted(values, key=str))


def _scalars(answer: Any, outcome: Any, *, any_kind: bool = False) -> bool:
    """Tell whether both are single labels of one kind."""
    if isinstance(answer, list) or isinstance(outcome, list) or answer is None:
        return False
    return any_kind or isinstance(answer, str) == isinstance(outcome, str)


def _is_number(outcome: Any) -> bool:
    return isinstance(outcome, int | float) and not isinstance(outcome, bool)
