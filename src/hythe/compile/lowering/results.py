"""What a lowered predictor yields; what nobody uses is left out of the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.typing import NDArray

from hythe.compile.graph import Value


@dataclass(frozen=True, slots=True)
class Classified:
    """A classifier: `index` int64 [rows] into `classes`; `probabilities` [rows, classes] where it has them.

    `decision` is the decision function as the original returns it ([rows] for two classes, else
    [rows, classes]). `index` is what `predict` does, which is not always the argmax of the probabilities.
    `quick` are the probabilities within tolerance from fewer nodes, for answers that nothing computes with.
    """

    index: Value
    classes: NDArray[Any]
    probabilities: Value | None = None
    decision: Value | None = None
    quick: Value | None = None


@dataclass(frozen=True, slots=True)
class MultiClassified:
    """Several classifiers side by side, one for each target, as multi-output estimators answer.

    `probabilities` and `decision` [rows, targets] are for those that answer a label indicator with one
    table of scores; the others give their probabilities target by target.
    """

    targets: tuple[Classified, ...]
    probabilities: Value | None = None
    decision: Value | None = None


@dataclass(frozen=True, slots=True)
class Regressed:
    """A regressor: `value` [rows] or [rows, targets], as `predict` returns it."""

    value: Value


@dataclass(frozen=True, slots=True)
class Detected:
    """An outlier detector: `inlier` bool [rows] (`predict` is +1 or -1) and `score` (`decision_function`)."""

    inlier: Value
    score: Value | None = None


Result: TypeAlias = Classified | MultiClassified | Regressed | Detected
