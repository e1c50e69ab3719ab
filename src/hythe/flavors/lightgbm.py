"""LightGBM: its scikit-learn estimators and bare boosters, saved as LightGBM's own text."""

from __future__ import annotations

import re
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

_MODEL = "model/model.txt"
_CLASSES = {"LGBMClassifier", "LGBMRegressor", "LGBMRanker", "LGBMModel"}
_LEFT_OUT = {"_Booster", "_le", "_evals_result", "_best_score", "_class_weight"}
"""What prediction does not use, or what is stored otherwise (the label encoder is its classes)."""
_UNNAMED = re.compile(r"Column_\d+")


class LightGBMFlavor:
    """LightGBM's own classes; a user's subclass goes to the sklearn flavor, which stores its code too."""

    name = "lightgbm"

    def owns(self, model: object) -> bool:
        """Tell whether the model's very class is LightGBM's."""
        kind = type(model)
        known = kind.__name__ in _CLASSES or kind.__name__ == "Booster"
        return kind.__module__.partition(".")[0] == "lightgbm" and known

    def reads(self, path: Path) -> bool:
        """Tell whether the text begins as LightGBM's does."""
        with path.open("rb") as stream:
            return stream.read(13) == b"tree\nversion="

    def runs(self, path: Path) -> bool:
        """Say no: the text holds numbers and names."""
        del path
        return False

    def read(self, path: Path) -> object:
        """Load a text model as a Booster, which is all that the text tells."""
        lightgbm = _lightgbm()
        try:
            return lightgbm.Booster(model_str=path.read_text())
        except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as err:
            raise Invalid(f"{path.name} is no model of LightGBM: {err}") from err

    def save(self, model: Any) -> Saved:
        """Write all trees, the best iteration beside them, and the estimator's attributes."""
        booster = model if type(model).__name__ == "Booster" else model.booster_
        state = {} if booster is model else {k: v for k, v in vars(model).items() if k not in _LEFT_OUT}
        data, notes = wrapper.encode(
            type(model).__name__, {**state, "best_iteration": booster.best_iteration}
        )
        text = booster.model_to_string(num_iteration=-1)
        files = {_MODEL: text.encode(), wrapper.FILE: data}
        return Saved("text", files, program=False, requirements=_needs(), notes=notes)

    def load(self, folder: Path, format: str) -> Any:  # noqa: A002 - the word of the manifest
        """Read back what `save` wrote.

        Raises:
            Corrupt: when it cannot be read.

        """
        del format
        lightgbm = _lightgbm()
        kind, state = wrapper.decode((folder / wrapper.FILE).read_bytes())
        try:
            booster = lightgbm.Booster(model_str=(folder / _MODEL).read_text())
        except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as err:
            raise Corrupt(f"{_MODEL} cannot be loaded: {err}") from err
        booster.best_iteration = state.pop("best_iteration")
        if kind not in _CLASSES:
            return booster
        model = getattr(lightgbm, kind)()
        vars(model).update(state)
        model._Booster = booster  # noqa: SLF001 - where fitting puts it
        if kind == "LGBMClassifier":
            model._le = _encoder(state["_classes"])  # noqa: SLF001 - as above
        return model

    def expected_columns(self, model: Any) -> tuple[str, ...] | None:
        """Give the feature names, in which LightGBM has put _ for each space; None when it made them up."""
        booster = model if type(model).__name__ == "Booster" else model.booster_
        names = tuple(booster.feature_name())
        return None if all(_UNNAMED.fullmatch(name) for name in names) else names

    def predict(self, model: Any, rows: Rows, schema: Schema) -> Answers:
        """Answer as the estimator, or as `Booster.predict`."""
        native = to_native(rows, schema)
        with quiet():
            if hasattr(model, "predict_proba"):
                return classified(model, native)
            return {"value": dense(model.predict(native))}

    def outputs(self, model: Any, answers: Answers) -> tuple[Output, ...]:
        """Describe the outputs; probabilities carry the classes."""
        return outputs_of(answers, getattr(model, "classes_", None))


def _encoder(classes: Any) -> Any:
    from sklearn.preprocessing import LabelEncoder

    encoder = LabelEncoder()
    encoder.classes_ = classes
    return encoder


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError as err:
        raise missing_extra("lightgbm", "lightgbm")(err) from err
    return lightgbm


def _needs() -> tuple[str, ...]:
    return distributions({"lightgbm", "numpy", "sklearn"})


FLAVOR = LightGBMFlavor()
