from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import BaseEstimator
from sklearn.cluster import DBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tests.unit.flavors.estimators import VALUES, fitted

from hythe.base.errors import Corrupt, Invalid, Unsupported, Untrusted
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.flavors.canonical_skops import canonical
from hythe.flavors.sklearn import FLAVOR

_LABELS = VALUES[:, 0] > 0.7
_SKOPS_CANNOT = {"Birch"}


def _write(files: Any, folder: Path) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.mark.slow
def test_nearly_every_estimator_is_stored_without_a_program() -> None:
    saved = {name: FLAVOR.save(model) for name, model in fitted()}
    assert {name for name, s in saved.items() if s.program} == _SKOPS_CANNOT
    assert "skops cannot store it" in saved["Birch"].notes[0]


def test_requirements_name_the_distributions_of_every_step() -> None:
    from lightgbm import LGBMClassifier

    model = make_pipeline(StandardScaler(), LGBMClassifier(n_estimators=1, verbose=-1))
    model.fit(VALUES, _LABELS.astype(int))
    assert FLAVOR.save(model).requirements == ("lightgbm", "numpy", "scikit-learn", "scipy", "skops")


def test_a_model_that_skops_would_give_back_changed_is_stored_as_a_pickle(tmp_path: Path) -> None:
    from lightgbm import LGBMClassifier

    # its classes are keys of a dict, and skops reads both False and True back as True
    model = make_pipeline(StandardScaler(), LGBMClassifier(n_estimators=1, verbose=-1)).fit(VALUES, _LABELS)
    saved = FLAVOR.save(model)
    assert saved.notes == ("stored as a pickle: skops does not give back the same model",)
    again = FLAVOR.load(_write(saved.files, tmp_path), saved.format)
    np.testing.assert_array_equal(again.predict(VALUES), model.predict(VALUES))


@pytest.mark.parametrize("compress", [0, 3])
def test_a_joblib_file_is_read(compress: int, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    model = LogisticRegression().fit(VALUES, _LABELS)
    joblib.dump(model, path, compress)
    assert FLAVOR.reads(path)
    assert FLAVOR.runs(path)
    again: Any = FLAVOR.read(path)
    np.testing.assert_array_equal(again.coef_, model.coef_)


def test_a_pickle_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(pickle.dumps(LogisticRegression()))
    assert FLAVOR.reads(path)


def test_a_skops_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(skops.io.dumps(RandomForestClassifier(2, random_state=0).fit(VALUES, _LABELS)))
    assert isinstance(FLAVOR.read(path), RandomForestClassifier)


def test_a_skops_file_with_a_type_of_a_stranger_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(skops.io.dumps(FunctionTransformer(io.open)))
    with pytest.raises(Untrusted, match=r"holds types that are not known: .*open"):
        FLAVOR.read(path)


def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(LogisticRegression())[:-20])
    with pytest.raises(Invalid, match=r"model.pkl cannot be loaded: .*; save it again"):
        FLAVOR.read(path)


def test_a_pickle_of_a_missing_module_names_it(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04\x8c\x06absent\x8c\x01X\x93.")
    with pytest.raises(Unsupported, match="No module named 'absent'"):
        FLAVOR.read(path)


def test_a_damaged_bundle_is_corrupt(tmp_path: Path) -> None:
    saved = FLAVOR.save(LogisticRegression().fit(VALUES, _LABELS))
    folder = _write({path: data[:100] for path, data in saved.files.items()}, tmp_path)
    with pytest.raises(Corrupt, match="the stored model cannot be loaded"):
        FLAVOR.load(folder, saved.format)


@pytest.mark.parametrize("kind", [RandomForestClassifier, HistGradientBoostingClassifier])
@pytest.mark.parametrize(("field", "value"), [("left", 10_000), ("left", 0), ("feature", 99)])
def test_a_tree_that_leads_out_of_itself_is_not_loaded(
    kind: Any, field: str, value: int, tmp_path: Path
) -> None:
    model = kind(max_depth=2, random_state=0).fit(VALUES, _LABELS)
    histogram = kind is HistGradientBoostingClassifier
    nodes = model._predictors[0][0].nodes if histogram else model.estimators_[0].tree_.__getstate__()["nodes"]
    names = {"left": ("left", "left_child"), "feature": ("feature_idx", "feature")}
    nodes[names[field][0 if histogram else 1]][0] = value
    if not histogram:
        tree = model.estimators_[0].tree_
        tree.__setstate__({**tree.__getstate__(), "nodes": nodes})
    path = tmp_path / "model.joblib"
    joblib.dump(model, path)
    with pytest.raises(Corrupt, match="out of range; the file is damaged or hostile"):
        FLAVOR.read(path)


def test_a_class_of_the_users_module_travels_with_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "from sklearn.base import BaseEstimator\nimport helper_of_mine\n\n\nclass Twice(BaseEstimator):\n"
    )
    source += "    def fit(self, X, y=None):\n        return self\n\n"
    source += "    def transform(self, X):\n        return helper_of_mine.twice(X)\n"
    home = tmp_path / "home"
    home.mkdir()
    (home / "steps_of_mine.py").write_text(source)
    (home / "helper_of_mine.py").write_text("def twice(x):\n    return x * 2\n")
    monkeypatch.syspath_prepend(str(home))
    import importlib

    steps = importlib.import_module("steps_of_mine")
    model = make_pipeline(steps.Twice(), LogisticRegression()).fit(VALUES, _LABELS)
    saved = FLAVOR.save(model)
    assert set(saved.files) == {"model/model.pkl", "code/helper_of_mine.py", "code/steps_of_mine.py"}
    assert saved.program
    folder = _write(saved.files, tmp_path / "bundle")
    (home / "helper_of_mine.py").write_text("def twice(x):\n    return x * 0\n")
    again = FLAVOR.load(folder, saved.format)
    np.testing.assert_array_equal(again.predict_proba(VALUES), model.predict_proba(VALUES))
    assert type(again[0]) is not steps.Twice


def test_a_class_made_here_is_stored_by_value(tmp_path: Path) -> None:
    class Shift(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, _values: Any, _target: Any = None) -> Any:
            self.by_ = {"a", "b", "c"}
            return self

        def transform(self, values: Any) -> Any:
            return values + len(self.by_)

    Shift.__module__ = "__main__"
    model = make_pipeline(Shift(), LogisticRegression()).fit(VALUES, _LABELS)
    saved = FLAVOR.save(model)
    assert saved.format == "cloudpickle"
    again = FLAVOR.load(_write(saved.files, tmp_path), saved.format)
    np.testing.assert_array_equal(again.predict_proba(VALUES), model.predict_proba(VALUES))


def test_what_cannot_be_pickled_is_refused_with_the_part() -> None:
    model = LogisticRegression()
    model.hook = (n for n in [1])
    with pytest.raises(Unsupported, match=r"LogisticRegression cannot be pickled: .*generator"):
        FLAVOR.save(model)


@pytest.mark.parametrize(
    ("model", "output", "method"),
    [(KMeans(2, n_init=1, random_state=0), "label", "predict"), (PCA(2), "value", "transform")],
)
def test_clusterers_and_transformers_answer(model: Any, output: str, method: str) -> None:
    model.fit(VALUES)
    answers = FLAVOR.predict(model, to_rows(VALUES), infer(VALUES))
    np.testing.assert_array_equal(answers[output], getattr(model, method)(VALUES))


def test_a_model_that_takes_no_new_rows_is_refused() -> None:
    with pytest.raises(Unsupported, match="DBSCAN has neither predict nor transform for new rows"):
        FLAVOR.predict(DBSCAN().fit(VALUES), to_rows(VALUES), infer(VALUES))


def test_the_model_sees_the_frame_that_it_was_fitted_on() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": pd.Categorical(["x", "y", "x", "y"])})
    seen: list[pd.DataFrame] = []

    def look(given: pd.DataFrame) -> Any:
        seen.append(given)
        return given[["a"]]

    model = make_pipeline(FunctionTransformer(look), LogisticRegression()).fit(frame, [0, 1, 0, 1])
    FLAVOR.predict(model, to_rows(frame), infer(frame))
    pd.testing.assert_frame_equal(seen[-1], frame)


def test_the_refusal_of_the_framework_comes_through() -> None:
    model = LogisticRegression().fit(VALUES, _LABELS)
    broken = VALUES.copy()
    broken[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        FLAVOR.predict(model, to_rows(broken), infer(VALUES))


def test_two_skops_archives_of_one_model_become_the_same_bytes() -> None:
    model = RandomForestClassifier(2, random_state=0).fit(VALUES, _LABELS)
    first, second = skops.io.dumps(model), skops.io.dumps(model)
    assert first != second
    assert canonical(first) == canonical(second)


def test_skops_itself_reads_a_canonical_archive() -> None:
    model = LogisticRegression().fit(VALUES, _LABELS)
    again = skops.io.loads(canonical(skops.io.dumps(model)))
    np.testing.assert_array_equal(again.coef_, model.coef_)
