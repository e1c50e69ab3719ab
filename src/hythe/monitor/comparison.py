"""How two versions' answers to the same rows differ: labels changed, scores moved, and how far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Array
from hythe.bundle.schema import Output

if TYPE_CHECKING:
    from hythe.bundle.baseline import Baseline

_Gap = Callable[[Answers, Answers], "NDArray[np.float64]"]
_Tell = Callable[[Answers, Answers], "NDArray[np.bool_]"]


class Differences(NamedTuple):
    """Of each row: whether its label changed, whether a score moved, and how far (1 is the whole range)."""

    changed: NDArray[np.bool_]
    moved: NDArray[np.bool_]
    gap: NDArray[np.float64]

    @property
    def size(self) -> NDArray[np.float64]:
        """How bad each row is, to order them: a changed label is worse than any score that moved."""
        size: NDArray[np.float64] = self.gap + self.changed
        return size


class Comparison:
    """Compares the answers of a champion with those of a shadow, all rows at once.

    Outputs that are no floats are labels; without any, the class with the highest score is the label. Floats
    are scores. One that differs by more than `margin` has moved: absolutely where classes name the scores
    (probabilities), by its share of the output's width in `widths` where that is known, else by its share of
    the champion's value. Classes are matched by name; one that a version does not know has the score 0 there.
    An output that only one of them has, or has in another shape, differs in every row.

    >>> outputs = [Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes"))]
    >>> champion = {"label": np.array(["no", "no"]), "probabilities": np.array([[0.9, 0.1], [0.51, 0.49]])}
    >>> shadow = {"label": np.array(["no", "yes"]), "probabilities": np.array([[0.9, 0.1], [0.49, 0.51]])}
    >>> found = Comparison(outputs, outputs, margin=0.01)(champion, shadow)
    >>> found.changed.tolist(), found.moved.tolist(), found.gap.round(2).tolist()
    ([False, True], [False, True], [0.0, 0.02])
    """

    def __init__(
        self,
        champion: Sequence[Output],
        shadow: Sequence[Output],
        margin: float,
        widths: Mapping[str, float] | None = None,
    ) -> None:
        self._margin = margin
        theirs = {output.name: output for output in shadow}
        both = [(output, theirs[output.name]) for output in champion if output.name in theirs]
        self._alike = len(both) == len(champion) == len(shadow) and all(_alike(*pair) for pair in both)
        labels = [one.name for one, other in both if _alike(one, other) and not _is_score(one)]
        scores = [(one, other) for one, other in both if _alike(one, other) and _is_score(one)]
        self._changes: list[_Tell] = [_label(name) for name in labels]
        if not labels:
            self._changes = [_greatest(*pair) for pair in scores if pair[0].classes]
        self._gaps: list[_Gap] = [_score(*pair, (widths or {}).get(pair[0].name)) for pair in scores]

    @property
    def labelled(self) -> bool:
        """Whether there are labels that can change."""
        return bool(self._changes)

    def __call__(self, champion: Answers, shadow: Answers) -> Differences:
        """Compare answers to the same rows, the first axis of each array."""
        rows = len(next(iter(champion.values())))
        changed = np.full(rows, not self._alike)
        for change in self._changes:
            changed |= change(champion, shadow)
        gap = np.zeros(rows)
        for measure in self._gaps:
            np.maximum(gap, measure(champion, shadow), out=gap)
        return Differences(changed, gap > self._margin, np.minimum(gap, 1.0, out=gap.copy()))


def widths(outputs: Sequence[Output], baseline: Baseline | None) -> dict[str, float]:
    """Give how far the values of each score without classes lie apart in a baseline, where that is known.

    Of an output with several columns it is the widest one's.
    """
    if baseline is None:
        return {}
    found: dict[str, float] = {}
    for output in outputs:
        if _is_score(output) and not output.classes:
            columns = range(output.shape[0]) if len(output.shape) == 1 else ()
            parts = [output.name, *(f"{output.name}[{place}]" for place in columns)]
            width = max([_width(baseline, part) for part in parts])
            if width > 0.0:
                found[output.name] = width
    return found


def _width(baseline: Baseline, part: str) -> float:
    summary = baseline.outputs.get(part)
    moments = None if summary is None else summary.moments
    if moments is None or moments.minimum is None or moments.maximum is None:
        return 0.0
    return moments.maximum - moments.minimum


def _is_score(output: Output) -> bool:
    return output.dtype.startswith("float")


def _alike(one: Output, other: Output) -> bool:
    """Tell whether two outputs of one name can be compared cell by cell."""
    named = one.classes is not None and other.classes is not None and len(one.shape) == len(other.shape) == 1
    return _is_score(one) == _is_score(other) and (one.shape == other.shape or named)


def _label(name: str) -> _Tell:
    def changed(champion: Answers, shadow: Answers) -> NDArray[np.bool_]:
        one, other = champion[name], shadow[name]
        if one.shape != other.shape:
            return np.ones(len(one), dtype=np.bool_)
        return _any_cell(np.asarray(one != other, dtype=np.bool_))

    return changed


def _greatest(one: Output, other: Output) -> _Tell:
    match = _matched(one, other)

    def changed(champion: Answers, shadow: Answers) -> NDArray[np.bool_]:
        left, right = match(champion[one.name], shadow[one.name])
        return _any_cell(left.argmax(axis=-1) != right.argmax(axis=-1))

    return changed


def _any_cell(marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the rows of which any cell is marked."""
    return np.asarray(marks.reshape(len(marks), -1).any(axis=1))


def _score(one: Output, other: Output, width: float | None) -> _Gap:
    match = _matched(one, other)

    def gap(champion: Answers, shadow: Answers) -> NDArray[np.float64]:
        left, right = match(champion[one.name], shadow[one.name])
        if left.shape != right.shape:
            return np.full(len(left), np.inf)
        cells = _apart(left, right)
        if not one.classes:
            cells = _shares(cells, np.abs(left) if width is None else width)
        return cells if cells.ndim == 1 else cells.reshape(len(cells), -1).max(axis=1, initial=0.0)

    return gap


def _matched(one: Output, other: Output) -> Callable[[Array, Array], tuple[Array, Array]]:
    """Put the scores of both under the same classes."""
    if one.classes == other.classes or one.classes is None or other.classes is None:
        return lambda left, right: (left, right)
    names = list(dict.fromkeys((*one.classes, *other.classes)))
    places = [[_place(output.classes or (), name) for name in names] for output in (one, other)]

    def matched(left: Array, right: Array) -> tuple[Array, Array]:
        return _picked(left, places[0]), _picked(right, places[1])

    return matched


def _place(classes: Sequence[object], name: object) -> int:
    """Find a class, or the place behind the last."""
    return classes.index(name) if name in classes else len(classes)


def _picked(scores: Array, places: Sequence[int]) -> Array:
    return np.concatenate([scores, np.zeros((len(scores), 1))], axis=1)[:, places]


def _apart(left: Array, right: Array) -> NDArray[np.float64]:
    """Give how far cells are apart: nothing between two NaN, everything between one and a number."""
    with np.errstate(invalid="ignore"):
        cells: NDArray[np.float64] = np.abs(left.astype(np.float64) - right)
    if np.isfinite(cells).all():
        return cells
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    return np.where(same, 0.0, np.where(np.isnan(cells), np.inf, cells))


def _shares(cells: NDArray[np.float64], width: Array | float) -> NDArray[np.float64]:
    """Divide by what is the whole; of nothing, any gap is all of it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shares: NDArray[np.float64] = np.divide(cells, width)
    return np.where(cells == 0.0, 0.0, np.where(np.isnan(shares), np.inf, shares))
