"""CatBoost: its estimators and bare models, saved as CatBoost's own binary without its stamps."""

from __future__ import annotations

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

_MODEL = "model/model.cbm"
_CLASSES = {"CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker", "CatBoost"}
_STAMPS = ("model_guid", "train_finish_time")


class CatBoostFlavor:
    """CatBoost's own classes; a user's subclass goes to the python flavor, which stores its code."""

    name = "catboost"

    def owns(self, model: object) -> bool:
        """Tell whether the model's very class is CatBoost's."""
        kind = type(model)
        return kind.__module__.partition(".")[0] == "catboost" and kind.__name__ in _CLASSES

    def reads(self, path: Path) -> bool:
        """Tell whether it begins as CatBoost's binary does."""
        with path.open("rb") as stream:
            return stream.read(4) == b"CBM1"

    def runs(self, path: Path) -> bool:
        """Say no: the binary holds numbers and names."""
        del path
        return False

    def read(self, path: Path) -> object:
        """Load a binary as a classifier when it has classes, else as a regressor."""
        catboost = _catboost()
        try:
            plain = catboost.CatBoost().load_model(str(path))
        except catboost.CatBoostError as err:
            raise Invalid(f"{path.name} is no model of CatBoost: {err}") from err
        kind = (
            "CatBoostClassifier"
            if "class_params" in dict(plain.get_metadata().items())
            else "CatBoostRegressor"
        )
        return getattr(catboost, kind)().load_model(str(path))

    def save(self, model: Any) -> Saved:
        """Write the binary without the stamps of its training, and the estimator's parameters."""
        data, notes = wrapper.encode(type(model).__name__, model.get_params())
        files = {_MODEL: steady_bytes(model._serialize_model()), wrapper.FILE: data}  # noqa: SLF001 - save_model wants a file
        return Saved("cbm", files, program=False, requirements=_needs(), notes=notes)

    def load(self, folder: Path, format: str) -> Any:  # noqa: A002 - the word of the manifest
        """Read back what `save` wrote.

        Raises:
            Corrupt: when it cannot be read.

        """
        del format
        catboost = _catboost()
        kind, params = wrapper.decode((folder / wrapper.FILE).read_bytes())
        if kind not in _CLASSES:
            raise Corrupt(f"{wrapper.FILE} names the class {kind!r}, which CatBoost lacks; fetch it again")
        model = catboost.CatBoost(params) if kind == "CatBoost" else getattr(catboost, kind)(**params)
        try:
            return model.load_model(blob=(folder / _MODEL).read_bytes())
        except catboost.CatBoostError as err:
            raise Corrupt(f"{_MODEL} cannot be loaded: {err}; fetch or pack this version again") from err

    def expected_columns(self, model: Any) -> tuple[str, ...] | None:
        """Give the feature names; None when they are CatBoost's own numbering."""
        names = tuple(model.feature_names_ or ())
        return None if names == tuple(str(i) for i in range(len(names))) else names

    def predict(self, model: Any, rows: Rows, schema: Schema) -> Answers:
        """Answer as the estimator."""
        native = to_native(rows, schema)
        with quiet():
            if not hasattr(model, "predict_proba"):
                return {"value": dense(model.predict(native))}
            return classified(model, native)

    def outputs(self, model: Any, answers: Answers) -> tuple[Output, ...]:
        """Describe the outputs; probabilities carry the classes."""
        return outputs_of(answers, getattr(model, "classes_", None))


def steady_bytes(serialised: bytes) -> bytes:
    """Blank the stamps in CatBoost's binary, and bring its metadata into the order that reading it gives.

    The order of a fresh model's metadata differs from a loaded one's, and that of a loaded one stays.
    """
    catboost = _catboost()
    for _ in range(2):
        model = catboost.CatBoost().load_model(blob=serialised)
        metadata = model.get_metadata()
        for stamp in _STAMPS:
            metadata[stamp] = ""
        serialised = model._serialize_model()  # noqa: SLF001 - save_model wants a file
    return serialised


def _catboost() -> Any:
    try:
        import catboost
    except ImportError as err:
        raise missing_extra("catboost", "catboost")(err) from err
    return catboost


def _needs() -> tuple[str, ...]:
    return distributions({"catboost", "numpy"})


FLAVOR = CatBoostFlavor()
