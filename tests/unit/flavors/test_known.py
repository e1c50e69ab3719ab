from __future__ import annotations

import pickle
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import pytest
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from tests.unit.flavors.estimators import VALUES, fitted
from xgboost import XGBClassifier

from hythe.flavors import canonical_pickle
from hythe.flavors.known import known
from hythe.security.globals import Use
from hythe.security.scan import scan

_TARGET = VALUES[:, 0] > 0.7


@cache
def _models() -> dict[str, Any]:
    boosters = {
        "xgboost": XGBClassifier(n_estimators=2),
        "lightgbm": LGBMClassifier(n_estimators=2, min_child_samples=3, verbose=-1),
        "catboost": CatBoostClassifier(iterations=2, verbose=0, allow_writing_files=False),
    }
    models = dict(fitted()) | {name: model.fit(VALUES, _TARGET) for name, model in boosters.items()}
    return models | {
        "xgboost booster": models["xgboost"].get_booster(),
        "lightgbm booster": models["lightgbm"].booster_,
    }


def test_nearly_every_estimator_is_among_the_specimens() -> None:
    assert len(_models()) > 195


def test_ordinary_pickles_of_every_estimator_pass() -> None:
    refused = {name: scan(pickle.dumps(model), known).refused for name, model in _models().items()}
    assert {name: what for name, what in refused.items() if what} == {}


def test_joblib_files_of_every_estimator_pass(tmp_path: Path) -> None:
    refused = {}
    for index, (name, model) in enumerate(_models().items()):
        path = tmp_path / "model.joblib"
        joblib.dump(model, path, compress=(0, 3, ("xz", 1))[index % 3])
        refused[name] = scan(path, known).refused
    assert {name: what for name, what in refused.items() if what} == {}


@pytest.mark.filterwarnings("ignore:.*is deprecated:FutureWarning")
def test_canonical_pickles_of_every_estimator_pass_and_come_back_as_they_were() -> None:
    for name, model in _models().items():
        data = canonical_pickle.dumps(model)
        assert scan(data, known).refused == (), name
        if not name.endswith("SearchCV"):  # numpy's masked arrays change their fill value on the way
            assert canonical_pickle.dumps(pickle.loads(data)) == data, name


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sklearn", "os"),
        ("sklearn.utils", "os"),
        ("sklearn.datasets._base", "load_files"),
        ("sklearn.externals._packaging", "version"),
        ("sklearn.tests.test_base", "MyEstimator"),
        ("sklearn.utils._testing", "raises"),
        ("sklearn.no.such.module", "X"),
        ("sklearn.ensemble", "RandomForestClassifier"),  # defined elsewhere: pickles name that place
        ("xgboost.core", "ctypes"),
        ("lightgbm.basic", "_load_lib"),
        ("catboost.core", "os"),
        ("unknown", "X"),
        ("builtins", "type"),
        ("functools", "partial"),
    ],
)
def test_what_is_no_class_of_a_model_is_refused(module: str, name: str) -> None:
    assert known(module, name) == Use.REFUSED


def test_estimators_may_be_made_and_metrics_only_held() -> None:
    assert known("sklearn.ensemble._forest", "RandomForestClassifier") == Use.MAKE
    assert known("sklearn.metrics._classification", "accuracy_score") == Use.HOLD
