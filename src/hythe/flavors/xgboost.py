"""XGBoost: its scikit-learn estimators and bare boosters, saved as XGBoost's own UBJSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.frames import to_native
from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Rows
from hythe.bundle.schema import Output, Schema
from hythe.flavors import wrapper
from hythe.flavors.answers import classified, dense, missing_extra, outputs_of, quiet
from hythe.flavors.protocol import Saved
from hythe.flavors.requirements import distributions

_MODEL = "model/model.ubj"
_CLASSES = {
    f"XGB{kind}" for kind in ("Classifier", "Regressor", "Ranker", "RFClassifier", "RFRegressor", "Model")
}
_BY_TYPE = {"classifier": "XGBClassifier", "regressor": "XGBRegressor", "ranker": "XGBRanker"}


class XGBoostFlavor:
    """XGBoost's own classes; a user's subclass goes to the sklearn flavor, which stores its code too."""

    name = "xgboost"

    def owns(self, model: object) -> bool:
        """Tell whether the model's very class is XGBoost's."""
        kind = type(model)
        known = kind.__name__ in _CLASSES or kind.__name__ == "Booster"
        return kind.__module__.partition(".")[0] == "xgboost" and known

    def reads(self, path: Path) -> bool:
        """Tell whether it is one of XGBoost's files: UBJSON, or JSON with a learner."""
        if path.suffix.lower() in {".ubj", ".xgb", ".bst"}:
            return True
        with path.open("rb") as stream:
            start = stream.read(64)
        return start.lstrip().startswith(b'{"learner"') or (start[:2] == b"{L" and b"learner" in start)

    def runs(self, path: Path) -> bool:
        """Say no: the formats hold numbers and names."""
        del path
        return False

    def read(self, path: Path) -> object:
        """Load a model file, as the estimator that wrote it where it says which."""
        xgboost = _xgboost()
        try:
            booster = xgboost.Booster(model_file=str(path))
        except xgboost.core.XGBoostError as err:
            raise Invalid(f"{path.name} is no model of XGBoost: {err}".splitlines()[0]) from err
        meta = json.loads(booster.attr("scikit_learn") or "{}")
        kind = _BY_TYPE.get(str(meta.get("_estimator_type")))
        if kind is None:
            return booster
        model = getattr(xgboost, kind)()
        model.load_model(str(path))
        return model

    def save(self, model: Any) -> Saved:
        """Write the booster, and the estimator's parameters and learned attributes."""
        booster = model if type(model).__name__ == "Booster" else model.get_booster()
        state = {} if booster is model else {k: v for k, v in vars(model).items() if k != "_Booster"}
        data, notes = wrapper.encode(type(model).__name__, state)
        files = {_MODEL: bytes(booster.save_raw("ubj")), wrapper.FILE: data}
        return Saved("ubj", files, program=False, requirements=_needs(), notes=notes)

    def load(self, folder: Path, format: str) -> Any:  # noqa: A002 - the word of the manifest
        """Read back what `save` wrote.

        Raises:
            Corrupt: when it cannot be read.

        """
        del format
        xgboost = _xgboost()
        kind, state = wrapper.decode((folder / wrapper.FILE).read_bytes())
        try:
            booster = xgboost.Booster(model_file=bytearray((folder / _MODEL).read_bytes()))
        except xgboost.core.XGBoostError as err:
            raise Corrupt(f"{_MODEL} cannot be loaded: {err}".splitlines()[0]) from err
        if kind not in _CLASSES:
            return booster
        model = getattr(xgboost, kind)()
        vars(model).update(state)
        booster.set_param({"nthread": model.n_jobs or 0})
        model._Booster = booster  # noqa: SLF001 - where XGBoost's own load_model puts it
        return model

    def expected_columns(self, model: Any) -> tuple[str, ...] | None:
        """Give the feature names in the booster."""
        booster = model if type(model).__name__ == "Booster" else model.get_booster()
        return None if booster.feature_names is None else tuple(booster.feature_names)

    def predict(self, model: Any, rows: Rows, schema: Schema) -> Answers:
        """Answer as the estimator, or as `Booster.predict` on a DMatrix of the rows."""
        native = to_native(rows, schema)
        with quiet():
            if type(model).__name__ == "Booster":
                matrix = _xgboost().DMatrix(native, enable_categorical=True)
                return {"value": dense(model.predict(matrix))}
            if hasattr(model, "predict_proba"):
                return classified(model, native)
            return {"value": dense(model.predict(native))}

    def outputs(self, model: Any, answers: Answers) -> tuple[Output, ...]:
        """Describe the outputs; probabilities carry the classes."""
        return outputs_of(answers, getattr(model, "classes_", None))


def _xgboost() -> Any:
    try:
        import xgboost
    except ImportError as err:
        raise missing_extra("xgboost", "xgboost")(err) from err
    return xgboost


def _needs() -> tuple[str, ...]:
    return distributions({"xgboost", "numpy", "sklearn"})


FLAVOR = XGBoostFlavor()
