from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from catboost import CatBoostClassifier, CatBoostRegressor
from lightgbm import LGBMClassifier
from tests.unit.flavors.estimators import VALUES
from xgboost import XGBClassifier, XGBRegressor

from hythe.base.errors import Corrupt, Invalid, Unsupported
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.flavors import wrapper
from hythe.flavors.find import flavor_for, flavor_of, named

_LABELS = (VALUES[:, 0] > 0.7).astype(int)
_QUIET: dict[str, Any] = {"iterations": 2, "verbose": 0, "allow_writing_files": False}


@pytest.mark.parametrize("ending", ["ubj", "json"])
@pytest.mark.parametrize("kind", [XGBClassifier, XGBRegressor])
def test_a_file_of_xgboost_is_read_as_the_estimator_that_wrote_it(
    kind: Any, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"model.{ending}"
    model = kind(n_estimators=2).fit(VALUES, _LABELS)
    model.save_model(path)
    flavor = flavor_for(path)
    assert (flavor.name, flavor.runs(path)) == ("xgboost", False)
    again: Any = flavor.read(path)
    assert type(again) is kind
    np.testing.assert_array_equal(again.predict(VALUES), model.predict(VALUES))


def test_xgboosts_binary_json_is_known_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "churn.model"
    path.write_bytes(bytes(xgboost.train({}, xgboost.DMatrix(VALUES, _LABELS), 1).save_raw("ubj")))
    assert flavor_for(path).name == "xgboost"


def test_a_booster_of_xgboost_is_read_as_a_booster(tmp_path: Path) -> None:
    path = tmp_path / "model.ubj"
    xgboost.train({}, xgboost.DMatrix(VALUES, _LABELS), 1).save_model(path)
    assert type(flavor_for(path).read(path)) is xgboost.Booster


def test_a_text_of_lightgbm_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.txt"
    model = LGBMClassifier(n_estimators=2, verbose=-1).fit(VALUES, _LABELS)
    model.booster_.save_model(path)
    flavor = flavor_for(path)
    assert (flavor.name, flavor.runs(path)) == ("lightgbm", False)
    again: Any = flavor.read(path)
    np.testing.assert_array_equal(again.predict(VALUES), np.asarray(model.predict_proba(VALUES))[:, 1])


@pytest.mark.parametrize("kind", [CatBoostClassifier, CatBoostRegressor])
def test_a_binary_of_catboost_is_read(kind: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.cbm"
    model = kind(**_QUIET).fit(VALUES, _LABELS)
    model.save_model(str(path))
    flavor = flavor_for(path)
    assert (flavor.name, flavor.runs(path)) == ("catboost", False)
    again: Any = flavor.read(path)
    assert type(again) is kind
    np.testing.assert_array_equal(again.predict(VALUES), model.predict(VALUES))


@pytest.mark.parametrize(
    ("name", "data"),
    [("model.ubj", b"{L"), ("model.txt", b"tree\nversion=9"), ("model.cbm", b"CBM1garbage")],
)
def test_a_damaged_file_is_invalid(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(Invalid, match=f"{name} is no model of"):
        flavor_for(path).read(path)


@pytest.mark.parametrize("flavor", ["xgboost", "lightgbm", "catboost"])
def test_a_damaged_bundle_is_corrupt(flavor: str, tmp_path: Path) -> None:
    models: dict[str, Any] = {
        "xgboost": lambda: XGBClassifier(n_estimators=1),
        "lightgbm": lambda: LGBMClassifier(n_estimators=1, verbose=-1),
        "catboost": lambda: CatBoostClassifier(**_QUIET),
    }
    saved = named(flavor).save(models[flavor]().fit(VALUES, _LABELS))
    (tmp_path / "model").mkdir()
    for path, data in saved.files.items():
        (tmp_path / path).write_bytes(data if path == wrapper.FILE else data[:50])
    with pytest.raises(Corrupt, match="cannot be loaded"):
        named(flavor).load(tmp_path, saved.format)


def test_a_users_subclass_goes_where_its_code_is_stored() -> None:
    class Mine(XGBClassifier):
        pass

    assert flavor_of(Mine()).name == "sklearn"


def test_the_stamps_of_a_training_are_not_in_a_catboost_bundle() -> None:
    model = CatBoostClassifier(**_QUIET).fit(VALUES, _LABELS)
    stamps = dict(model.get_metadata().items())
    data = named("catboost").save(model).files["model/model.cbm"]
    assert stamps["model_guid"].encode() not in data
    assert stamps["train_finish_time"].encode() not in data


def test_a_custom_objective_answers_raw_scores_as_before(tmp_path: Path) -> None:
    def squares(y: Any, score: Any) -> Any:
        return score - y, np.ones_like(y, dtype=float)

    settings: dict[str, Any] = {"min_child_samples": 3, "verbose": -1}
    model = LGBMClassifier(n_estimators=2, objective=squares, **settings).fit(VALUES, _LABELS)
    saved = named("lightgbm").save(model)
    (tmp_path / "model").mkdir()
    for path, data in saved.files.items():
        (tmp_path / path).write_bytes(data)
    again = named("lightgbm").load(tmp_path, saved.format)
    rows, schema = to_rows(VALUES), infer(VALUES)
    found = named("lightgbm").predict(again, rows, schema)["label"]
    np.testing.assert_array_equal(found, named("lightgbm").predict(model, rows, schema)["label"])
    assert found.dtype == np.float64
    with pytest.raises(Unsupported, match="'squares' was needed for training and is not in the bundle"):
        again.objective(1, 2)


def test_attributes_without_a_form_are_named_in_the_notes() -> None:
    model = XGBRegressor(n_estimators=1, random_state=np.random.RandomState(0)).fit(VALUES, _LABELS)
    assert named("xgboost").save(model).notes == ("not stored: random_state",)


def test_columns_that_a_framework_made_up_are_not_expected() -> None:
    for model in (
        XGBClassifier(n_estimators=1).fit(VALUES, _LABELS),
        LGBMClassifier(n_estimators=1, verbose=-1).fit(VALUES, _LABELS),
        CatBoostClassifier(**_QUIET).fit(VALUES, _LABELS),
    ):
        assert flavor_of(model).expected_columns(model) is None


def test_a_missing_framework_names_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    for name in ("xgboost", "lightgbm", "catboost"):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(
            Unsupported, match=rf"the {name} flavor needs {name} .* install 'hythe\[{name}\]'"
        ):
            named(name).load(tmp_path, "")


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        None,
        [1, (2, "x")],
        {1: "a", "b": True},
        np.array([["a", "b"]]),
        np.array([1.5, np.nan]),
        np.array([True, False]),
        np.array(["a", "long string"], dtype=object),
    ],
    ids=repr,
)
def test_a_wrapper_gives_its_values_back(value: Any) -> None:
    data, notes = wrapper.encode("X", {"value": value})
    assert notes == ()
    kind, state = wrapper.decode(data)
    assert kind == "X"
    assert type(state["value"]) is type(value)
    np.testing.assert_equal(state["value"], value)
    if isinstance(value, np.ndarray):
        assert state["value"].dtype == value.dtype


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"class": "X", "state": {"a": {"what": 1}}}'])
def test_a_damaged_wrapper_is_corrupt(data: bytes) -> None:
    with pytest.raises(Corrupt, match=r"wrapper.json cannot be read"):
        wrapper.decode(data)


def test_a_wrapper_is_plain_json() -> None:
    data, _ = wrapper.encode("X", {"b": 1, "a": np.float64(2)})
    assert json.loads(data) == {"class": "X", "state": {"a": 2.0, "b": 1}}
