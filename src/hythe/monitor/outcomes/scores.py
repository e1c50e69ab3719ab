"""How right one answer was: scores of a row's outputs against the outcome that was told.

A classifier's are `accuracy` (1.0 or 0.0) and, where it gave probabilities, `brier` and `log_loss`; a
regressor's are `absolute_error` and `squared_error`. As scikit-learn's metrics have it, of one row.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

METRICS = ("accuracy", "brier", "log_loss", "absolute_error", "squared_error")
"""What there is to score."""
_EPS = sys.float_info.epsilon
"""No probability counts as less, nor as more than 1 less this: a logarithm has to be finite."""
_NEAR = 1e-3


def outcome_scores(
    outputs: Mapping[str, Any], classes: Mapping[str, Sequence[Any]], outcome: Any
) -> dict[str, float]:
    """Score the `outputs` of one row, by name; `classes` name the scores of those outputs that have any.

    The label is `label`, else the class with the highest score. An answer that is no number is as wrong as
    can be: `brier` 1, `log_loss` its greatest, errors infinite. What cannot be compared, such as a text and a
    number, is not scored.

    >>> answer = {"label": "yes", "probabilities": [0.25, 0.75]}
    >>> outcome_scores(answer, {"probabilities": ["no", "yes"]}, "no")
    {'accuracy': 0.0, 'brier': 0.5625, 'log_loss': 1.3862943611198906}
    >>> outcome_scores({"value": 3.0}, {}, 1)
    {'absolute_error': 2.0, 'squared_error': 4.0}
    """
    name = next((name for name in ("label", "value") if name in outputs), next(iter(outputs), ""))
    if not name:
        return {}
    answer, named = outputs[name], classes.get(name)
    if named is not None:
        return _label(_likeliest(answer, named), outcome) | _probabilities(answer, named, outcome)
    if name == "label":
        found = _label(answer, outcome)
        given = classes.get("probabilities")
        return found | _probabilities(outputs["probabilities"], given, outcome) if given and found else found
    return _label(answer, outcome) if _is_label(answer) else _errors(answer, outcome)


def _label(answer: Any, outcome: Any) -> dict[str, float]:
    """Compare labels; of several at once, all have to be right."""
    if isinstance(answer, list):
        if not isinstance(outcome, list) or len(answer) != len(outcome):
            return {}
        parts = [_label(*pair) for pair in zip(answer, outcome, strict=True)]
        return {"accuracy": min(part["accuracy"] for part in parts)} if parts and all(parts) else {}
    if isinstance(answer, str) != isinstance(outcome, str) or isinstance(outcome, list):
        return {}
    return {"accuracy": float(answer == outcome)}


def _probabilities(answer: Any, classes: Sequence[Any], outcome: Any) -> dict[str, float]:
    """Score probabilities; a class that the model does not know had none.

    Source: Brier (1950), halved so that it lies between 0 and 1; both as in scikit-learn.
    """
    if not isinstance(answer, list) or len(answer) != len(classes) or isinstance(outcome, list):
        return {}
    if any(p is None for p in answer):
        return {"brier": 1.0, "log_loss": -math.log(_EPS)}
    if min(answer) < 0 or abs(sum(answer) - 1.0) > _NEAR:
        return {}
    told = list(classes).index(outcome) if outcome in classes else -1
    true = answer[told] if told >= 0 else 0.0
    others = sum(p * p for place, p in enumerate(answer) if place != told)
    brier = ((1.0 - true) ** 2 + others) / 2.0
    return {"brier": min(brier, 1.0), "log_loss": -math.log(min(max(true, _EPS), 1.0 - _EPS))}


def _errors(answer: Any, outcome: Any) -> dict[str, float]:
    """Measure how far off a number is; of several at once, the mean."""
    answers = answer if isinstance(answer, list) else [answer]
    outcomes = outcome if isinstance(outcome, list) else [outcome]
    if len(answers) != len(outcomes) or not answers or any(isinstance(each, str) for each in outcomes):
        return {}
    off = [math.inf if a is None else abs(a - b) for a, b in zip(answers, outcomes, strict=True)]
    return {"absolute_error": sum(off) / len(off), "squared_error": sum(d * d for d in off) / len(off)}


def _likeliest(answer: Any, classes: Sequence[Any]) -> Any:
    known = [-math.inf if p is None else p for p in answer]
    return classes[known.index(max(known))]


def _is_label(answer: Any) -> bool:
    return isinstance(answer[0] if isinstance(answer, list) and answer else answer, str | bool)
