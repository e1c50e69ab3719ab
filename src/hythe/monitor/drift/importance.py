"""How much each feature matters to the model's answers, from 0 to 1."""

from __future__ import annotations

from hythe.bundle.baseline import Baseline


def weights(baseline: Baseline) -> dict[str, float]:
    """Give each feature's importance over the greatest one; what has none gets the mean of the others.

    Importance is how far answers move when the feature is shuffled. Where the baseline has none, or no
    feature moves an answer, all features weigh 1.

    >>> from hythe.bundle.importances import Importances
    >>> known = Importances(100, 0, "value", {"a": 0.4, "b": 0.1})
    >>> weights(Baseline(100, 0, dict.fromkeys("abc"), {}, importances=known))
    {'a': 1.0, 'b': 0.25, 'c': 0.625}
    """
    change = {} if baseline.importances is None else baseline.importances.change
    most = max(change.values(), default=0.0)
    if most <= 0.0:
        return dict.fromkeys(baseline.features, 1.0)
    known = {name: max(found, 0.0) / most for name, found in change.items()}
    usual = sum(known.values()) / len(known)
    return {name: known.get(name, usual) for name in baseline.features}
