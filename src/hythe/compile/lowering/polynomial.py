"""Products of columns."""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement
from typing import Any

from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame, held
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.scaling import alike, checked

Term = tuple[int, ...]


@lowers("sklearn.PolynomialFeatures")
def polynomial_features(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower all products up to the degree, each multiplied in the original's order.

    Dense input multiplies the product of a term's later factors by its first, sparse input that of the
    earlier ones by the last.
    """
    value = checked(frame, lowerer)
    low, high = _degrees(model)
    choose = combinations if model.interaction_only else combinations_with_replacement
    blocks: list[Value] = []
    width = int(model.n_output_features_)
    if model.include_bias:
        blocks.append(value.columns([0]) * 0.0 + 1.0)
    before: list[Term] = [(column,) for column in range(frame.width)]
    power = value
    if low <= 1 <= high:
        blocks.append(value)
    for degree in range(2, high + 1):
        terms = list(choose(range(frame.width), degree))
        if not terms:
            break
        place = {term: index for index, term in enumerate(before)}
        rest, factor = (slice(0, -1), -1) if frame.sparse else (slice(1, None), 0)
        products = power.columns([place[term[rest]] for term in terms])
        power = held(products * value.columns([term[factor] for term in terms]), single=frame.single)
        before = terms
        if degree >= low:
            blocks.append(power)
    if not blocks:
        raise CannotLower("PolynomialFeatures gives no column at all")
    return alike(frame, value.graph.concat(blocks), width)


def _degrees(model: Any) -> tuple[int, int]:
    if isinstance(model.degree, int):
        return 1, model.degree
    low, high = model.degree
    return max(int(low), 1), int(high)
