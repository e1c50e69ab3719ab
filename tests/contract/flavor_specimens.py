"""Small fitted models of every flavor, with the answers that their frameworks give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray

from hythe.testing.flavor_checks import Specimen

_ROWS = 60


def table() -> pd.DataFrame:
    """Numbers with missing values, and a category."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(_ROWS, 3)), columns=["age", "pay", "debt"])
    frame.loc[::7, "age"] = np.nan
    frame["plan"] = pd.Categorical(np.where(frame.pay > 0, "gold", "basic"))
    return frame


def three_classes(frame: pd.DataFrame) -> NDArray[Any]:
    index = (frame.pay > 0).to_numpy().astype(int) + (frame.debt > 0).to_numpy()
    words: NDArray[Any] = np.array(["low", "mid", "high"])[index]
    return words


def _classifier(flavor: str, model: Any, frame: Any, **more: Any) -> Specimen:
    expected = {"label": np.asarray(model.predict(frame)), "probabilities": model.predict_proba(frame)}
    if expected["label"].ndim == 2:
        expected["label"] = expected["label"][:, 0]
    columns = tuple(frame.columns) if isinstance(frame, pd.DataFrame) else None
    return Specimen(flavor, model, frame, expected, columns, **more)


def _valued(flavor: str, model: Any, frame: Any, expected: Any, **more: Any) -> Specimen:
    columns = tuple(frame.columns) if isinstance(frame, pd.DataFrame) else None
    return Specimen(flavor, model, frame, {"value": np.asarray(expected)}, columns, **more)


def sklearn_mixed_pipeline() -> Specimen:
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = table()
    columns = make_column_transformer(
        (SimpleImputer(), ["age", "pay", "debt"]), (OneHotEncoder(handle_unknown="ignore"), ["plan"])
    )
    model = make_pipeline(columns, RandomForestClassifier(n_estimators=4, random_state=0))
    return _classifier("sklearn", model.fit(frame, three_classes(frame)), frame)


def sklearn_regressor_on_an_array() -> Specimen:
    from sklearn.ensemble import HistGradientBoostingRegressor

    values = table()[["age", "pay"]].to_numpy()
    model = HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=3, random_state=0)
    model.fit(values, values[:, 1])
    return _valued("sklearn", model, values, model.predict(values))


def sklearn_without_probabilities() -> Specimen:
    from sklearn.svm import LinearSVC

    values = table()[["pay", "debt"]].to_numpy()
    model = LinearSVC(random_state=0).fit(values, three_classes(table()))
    expected = {"label": model.predict(values), "decision": model.decision_function(values)}
    return Specimen("sklearn", model, values, expected)


def sklearn_outliers() -> Specimen:
    from sklearn.ensemble import IsolationForest

    values = table()[["pay", "debt"]].to_numpy()
    model = IsolationForest(n_estimators=4, random_state=0).fit(values)
    expected = {"label": model.predict(values), "score": model.decision_function(values)}
    return Specimen("sklearn", model, values, expected)


def sklearn_several_targets() -> Specimen:
    from sklearn.tree import DecisionTreeClassifier

    values = table()[["pay", "debt"]].to_numpy()
    targets = np.column_stack([values[:, 0] > 0, values[:, 1] > 1]).astype(int)
    model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(values, targets)
    first, second = model.predict_proba(values)
    expected = {"label": model.predict(values), "probabilities_0": first, "probabilities_1": second}
    return Specimen("sklearn", model, values, expected)


def sklearn_with_a_lambda() -> Specimen:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    values = table()[["pay", "debt"]].to_numpy()
    model = make_pipeline(FunctionTransformer(lambda cells: cells * 2), LogisticRegression())
    return _classifier("sklearn", model.fit(values, values[:, 0] > 0), values, program=True)


def sklearn_with_boosters() -> Specimen:
    from catboost import CatBoostClassifier
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import VotingClassifier
    from xgboost import XGBClassifier

    values = table()[["pay", "debt"]].to_numpy()
    members = [
        ("xgboost", XGBClassifier(n_estimators=2)),
        ("lightgbm", LGBMClassifier(n_estimators=2, min_child_samples=3, verbose=-1)),
        ("catboost", CatBoostClassifier(iterations=2, verbose=0, allow_writing_files=False)),
    ]
    model = VotingClassifier(members, voting="soft").fit(values, three_classes(table()))
    return _classifier("sklearn", model, values)


def xgboost_classifier() -> Specimen:
    from xgboost import XGBClassifier

    frame = table()
    model = XGBClassifier(n_estimators=3, enable_categorical=True, base_score=0.3)
    return _classifier("xgboost", model.fit(frame, frame.pay > 0), frame)


def xgboost_stopped_early() -> Specimen:
    from xgboost import XGBRegressor

    frame = table()
    model = XGBRegressor(n_estimators=9, enable_categorical=True, early_stopping_rounds=1)
    model.fit(frame, frame.pay, eval_set=[(frame, frame.debt)], verbose=False)
    return _valued("xgboost", model, frame, model.predict(frame))


def xgboost_booster() -> Specimen:
    import xgboost

    frame = table()
    data = xgboost.DMatrix(frame, frame.pay > 0, enable_categorical=True)
    model = xgboost.train({"objective": "binary:logistic"}, data, 3)
    return _valued("xgboost", model, frame, model.predict(data))


def lightgbm_classifier() -> Specimen:
    from lightgbm import LGBMClassifier

    frame = table()
    model = LGBMClassifier(n_estimators=3, min_child_samples=3, verbose=-1)
    return _classifier("lightgbm", model.fit(frame, three_classes(frame)), frame)


def lightgbm_stopped_early() -> Specimen:
    from lightgbm import LGBMRegressor, early_stopping

    frame = table()
    model = LGBMRegressor(n_estimators=9, min_child_samples=3, verbose=-1)
    stop = early_stopping(1, verbose=False)
    model.fit(frame, frame.pay, eval_X=(frame,), eval_y=(frame.debt,), callbacks=[stop])
    return _valued("lightgbm", model, frame, model.predict(frame))


def lightgbm_booster() -> Specimen:
    import lightgbm

    frame = table()
    settings = {"objective": "binary", "verbose": -1, "min_data_in_leaf": 3}
    model = lightgbm.train(settings, lightgbm.Dataset(frame, frame.pay > 0), 3)
    return _valued("lightgbm", model, frame, model.predict(frame))


def catboost_classifier() -> Specimen:
    from catboost import CatBoostClassifier

    frame = table()
    model = CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False, cat_features=["plan"])
    return _classifier("catboost", model.fit(frame, three_classes(frame)), frame)


def catboost_regressor() -> Specimen:
    from catboost import CatBoostRegressor

    frame = table()
    model = CatBoostRegressor(iterations=3, verbose=0, allow_writing_files=False, cat_features=["plan"])
    model.fit(frame, frame.pay)
    return _valued("catboost", model, frame, model.predict(frame))


def onnx_graph() -> Specimen:
    values = np.arange(12, dtype=np.float32).reshape(6, 2)
    nodes = [onnx.helper.make_node("ReduceSum", ["x", "axis"], ["total"], keepdims=0)]
    axis = onnx.numpy_helper.from_array(np.array([1]), "axis")
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("x", [None, 2]), ("total", [None]))
    ]
    graph = onnx.helper.make_graph(nodes, "sum", ends[:1], ends[1:], [axis])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    return Specimen("onnx", model, values, {"total": values.sum(axis=1)})


class Halver:
    """A model that is no framework's."""

    def __init__(self, by: float) -> None:
        self.by = by

    def predict(self, frame: pd.DataFrame) -> dict[str, Any]:
        """Divide the pay."""
        return {"half": frame["pay"].to_numpy() / self.by}


def python_object() -> Specimen:
    frame = table()[["pay"]]
    return Specimen("python", Halver(2.0), frame, {"half": frame.pay.to_numpy() / 2}, program=True)


MAKERS: tuple[Callable[[], Specimen], ...] = (
    sklearn_mixed_pipeline,
    sklearn_regressor_on_an_array,
    sklearn_without_probabilities,
    sklearn_outliers,
    sklearn_several_targets,
    sklearn_with_a_lambda,
    sklearn_with_boosters,
    xgboost_classifier,
    xgboost_stopped_early,
    xgboost_booster,
    lightgbm_classifier,
    lightgbm_stopped_early,
    lightgbm_booster,
    catboost_classifier,
    catboost_regressor,
    onnx_graph,
    python_object,
)
