"""One small fitted model of nearly every estimator that scikit-learn lists."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from inspect import signature
from typing import Any

import numpy as np
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - lists IterativeImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

_RNG = np.random.default_rng(0)
VALUES = np.abs(_RNG.normal(size=(40, 4)))
_LABELS = (VALUES[:, 0] > 0.7).astype(int)
_NUMBERS = VALUES @ np.array([1.0, 2, 3, 4])
_TEXTS = ["a cat sat", "the dog ran", "cats and dogs", "a mat"] * 10
_INPUTS: dict[str, Any] = {
    "CountVectorizer": _TEXTS,
    "TfidfVectorizer": _TEXTS,
    "HashingVectorizer": _TEXTS,
    "DictVectorizer": [{"a": 1}, {"b": 2}],
    "FeatureHasher": [{"a": 1}, {"b": 2}],
    "IsotonicRegression": VALUES[:, 0],
    "KernelCenterer": VALUES @ VALUES.T,
    "LabelBinarizer": _LABELS,
    "LabelEncoder": _LABELS,
    "MultiLabelBinarizer": [["a"], ["a", "b"]],
}
_ALONE = {"LabelBinarizer", "LabelEncoder", "MultiLabelBinarizer"}
_ONE_COMPONENT = {"CCA", "PLSCanonical", "PLSSVD"}
_TWO_COMPONENTS = {"GaussianRandomProjection", "SparseRandomProjection"}


def fitted() -> Iterator[tuple[str, Any]]:
    """Yield name and model; those that fit no example here are left out by `_made`."""
    for name, kind in all_estimators():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of deprecation and of too few iterations
            model = _made(name, kind)
            if model is not None:
                _fit(name, model)
        if model is not None:
            yield name, model


def _made(name: str, kind: Any) -> Any:
    members = [("a", LogisticRegression()), ("b", DecisionTreeClassifier(random_state=0))]
    special: dict[str, Any] = {
        "ColumnTransformer": lambda: kind([("a", StandardScaler(), [0, 1])]),
        "FeatureUnion": lambda: kind([("a", StandardScaler())]),
        "FrozenEstimator": lambda: None,
        "Pipeline": lambda: kind([("a", LogisticRegression())]),
        "SelfTrainingClassifier": lambda: kind(LogisticRegression()),
        "SparseCoder": lambda: kind(np.eye(4)),
        "GridSearchCV": lambda: kind(LogisticRegression(), {"C": [0.1, 1]}),
        "HalvingGridSearchCV": lambda: None,
        "HalvingRandomSearchCV": lambda: None,
        "RandomizedSearchCV": lambda: kind(LogisticRegression(), {"C": [0.1, 1]}, n_iter=2),
        "StackingClassifier": lambda: kind(members),
        "VotingClassifier": lambda: kind(members),
        "StackingRegressor": lambda: kind([("a", Ridge())]),
        "VotingRegressor": lambda: kind([("a", Ridge())]),
    }
    if name in special:
        return special[name]()
    parameter = signature(kind).parameters.get("estimator")
    if parameter is not None and parameter.default is parameter.empty:
        return kind(Ridge() if "Regressor" in name else LogisticRegression())
    return kind()


def _fit(name: str, model: Any) -> Any:
    settings = {"random_state": 0, "n_estimators": 3, "max_iter": 250 if name == "TSNE" else 20}
    if name.startswith("OrthogonalMatchingPursuit"):
        settings["max_iter"] = 2
    if name in _ONE_COMPONENT | _TWO_COMPONENTS:
        settings["n_components"] = 1 if name in _ONE_COMPONENT else 2
    known = model.get_params()
    model.set_params(**{key: value for key, value in settings.items() if key in known})
    inputs = _INPUTS.get(name, VALUES)
    if name in _ALONE:
        return model.fit(inputs)
    target = _NUMBERS if "Regress" in name and name != "LogisticRegression" else _LABELS
    target = _LABELS if name.startswith("LogisticRegression") else target
    if name.startswith(("MultiTask", "MultiOutput")) or "Chain" in name:
        target = np.column_stack([target, target[::-1]])
    return model.fit(inputs, target[: len(inputs)])
