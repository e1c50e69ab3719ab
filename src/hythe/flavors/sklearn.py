"""scikit-learn: any fitted estimator or pipeline, those with steps of other libraries included.

Saved by skops when skops can store it whole, which no program needs to load; otherwise as a canonical
cloudpickle, which is a program. cloudpickle and not joblib, because only it stores lambdas and classes of
notebooks by value.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from hythe.base.errors import Corrupt, Invalid, Unsupported, Untrusted
from hythe.bundle.frames import to_native
from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Rows
from hythe.bundle.schema import Output, Schema
from hythe.flavors import canonical_pickle
from hythe.flavors.answers import classified, dense, outputs_of, quiet
from hythe.flavors.canonical_skops import canonical
from hythe.flavors.protocol import Saved
from hythe.flavors.requirements import distributions
from hythe.flavors.skops_archive import globals_of, refusals
from hythe.flavors.soundness import check_trees
from hythe.flavors.user_code import gather, importing_from

SKOPS = "skops"
PICKLE = "cloudpickle"
_SKOPS_FILE = "model/model.skops"
_PICKLE_FILE = "model/model.pkl"
_ENDINGS = {
    ".skops",
    ".joblib",
    ".pkl",
    ".pickle",
    ".cloudpickle",
    ".gz",
    ".z",
    ".bz2",
    ".xz",
    ".lzma",
    ".lz4",
}


class SklearnFlavor:
    """Estimators and pipelines of scikit-learn, and of libraries built on it."""

    name = "sklearn"

    def owns(self, model: object) -> bool:
        """Tell whether a class of scikit-learn is among the ancestors of the model's."""
        return any(kind.__module__.partition(".")[0] == "sklearn" for kind in type(model).__mro__)

    def reads(self, path: Path) -> bool:
        """Tell whether it is a skops archive or a pickle, compressed or not."""
        if path.suffix.lower() in _ENDINGS:
            return True
        with path.open("rb") as stream:
            return stream.read(2) in {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"}

    def runs(self, path: Path) -> bool:
        """Say yes: pickles run programs, and skops archives name types."""
        return path.is_file()

    def read(self, path: Path) -> object:
        """Load a skops archive, or a pickle as joblib does (scans see a file exactly as joblib reads it)."""
        try:
            with quiet():
                model = _load_skops(path.read_bytes()) if _is_zip(path) else _load_joblib(path)
                check_trees(model)
                return model
        except ImportError as err:
            raise Unsupported(f"{path.name} needs a module that is not installed: {err}; install it") from err
        except (BadZipFile, pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError) as err:
            raise Invalid(
                f"{path.name} cannot be loaded: {err}; save it again with the versions installed here"
            ) from err

    def save(self, model: Any) -> Saved:
        """Write a canonical skops archive, or a canonical cloudpickle with the reason in `notes`."""
        archive, reason = _by_skops(model)
        if archive is not None:
            modules = {module for module, _ in globals_of(archive)}
            return Saved(SKOPS, {_SKOPS_FILE: archive}, program=False, requirements=_needs(modules, "skops"))
        data = canonical_pickle.dumps(model)
        modules = {module for module, _ in canonical_pickle.globals_of(data)}
        code = gather(modules)
        needs = tuple(sorted({*code.requirements, *_needs(set(), "cloudpickle")}))
        files = {_PICKLE_FILE: data, **code.files}
        return Saved(
            PICKLE, files, program=True, requirements=needs, notes=(f"stored as a pickle: {reason}",)
        )

    def load(self, folder: Path, format: str) -> Any:  # noqa: A002 - the word of the manifest
        """Read back what `save` wrote.

        Raises:
            Corrupt: when it cannot be read, or its trees lead out of themselves.
            Untrusted: when a skops archive names types that no flavor knows.

        """
        try:
            with quiet(), importing_from(folder):
                if format == PICKLE:
                    return pickle.loads((folder / _PICKLE_FILE).read_bytes())  # noqa: S301 - its digest is trusted
                model = _load_skops((folder / _SKOPS_FILE).read_bytes())
                check_trees(model)
                return model
        except (
            BadZipFile,
            OSError,
            pickle.UnpicklingError,
            EOFError,
            ValueError,
            KeyError,
            TypeError,
        ) as err:
            raise Corrupt(
                f"the stored model cannot be loaded: {err}; fetch or pack this version again"
            ) from err

    def expected_columns(self, model: Any) -> tuple[str, ...] | None:
        """Give `feature_names_in_`, which exists when the model was fitted on named columns."""
        names = getattr(model, "feature_names_in_", None)
        return None if names is None else tuple(str(name) for name in names)

    def predict(self, model: Any, rows: Rows, schema: Schema) -> Answers:
        """Answer by what kind of estimator it is; raise what scikit-learn raises."""
        with quiet():
            return _answer(model, to_native(rows, schema))

    def outputs(self, model: Any, answers: Answers) -> tuple[Output, ...]:
        """Describe the outputs; scores carry the model's classes."""
        return outputs_of(answers, getattr(model, "classes_", None))


def _answer(model: Any, native: Any) -> Answers:
    kind = estimator_type(model)
    if not hasattr(model, "predict"):
        return _without_predict(model, native)
    if kind == "classifier" or (kind != "regressor" and hasattr(model, "predict_proba")):
        return classified(model, native)
    if kind == "outlier_detector":
        label = {"label": dense(model.predict(native))}
        scored = hasattr(model, "decision_function")
        return label | ({"score": dense(model.decision_function(native))} if scored else {})
    return {"label" if kind == "clusterer" else "value": dense(model.predict(native))}


def _without_predict(model: Any, native: Any) -> Answers:
    for method, output in (
        ("transform", "value"),
        ("score_samples", "score"),
        ("decision_function", "score"),
    ):
        if hasattr(model, method):
            return {output: dense(getattr(model, method)(native))}
    raise Unsupported(
        f"{type(model).__name__} has neither predict nor transform for new rows; serve a model that has one"
    )


def estimator_type(model: Any) -> str | None:
    """Give scikit-learn's word for the kind of estimator, by its tags or, before 1.6, its attribute."""
    kind = getattr(model, "_estimator_type", None)
    if kind is None and hasattr(model, "__sklearn_tags__"):
        kind = model.__sklearn_tags__().estimator_type
    return None if kind is None else str(kind)


def _by_skops(model: Any) -> tuple[bytes | None, str]:
    """Store by skops; or say why it would not come back as it is."""
    import skops.io

    try:
        with quiet():
            archive = canonical(skops.io.dumps(model))
            if any(module == "catboost.core" for module, _ in globals_of(archive)):
                unstamped = pickle.loads(canonical_pickle.dumps(model))  # noqa: S301 - made here, of a live model
                archive = canonical(skops.io.dumps(unstamped))
    except Exception as err:  # noqa: BLE001 - skops meets arbitrary objects; whatever it cannot store goes the other way
        return None, f"skops cannot store it ({err})"
    refused = tuple(refusals(archive))
    if refused:
        return None, f"skops cannot store {', '.join(refused[:5])}"
    try:
        with quiet():
            back = _load_skops(archive)
    except Exception as err:  # noqa: BLE001 - as above
        return None, f"skops cannot load it again ({err})"
    if canonical_pickle.fingerprint(back) != canonical_pickle.fingerprint(model):
        return None, "skops does not give back the same model"
    return archive, ""


def _is_zip(path: Path) -> bool:
    """Tell by the first bytes, as the scan does."""
    with path.open("rb") as stream:
        return stream.read(2) == b"PK"


def _load_joblib(path: Path) -> Any:
    import joblib

    return joblib.load(path)


def _load_skops(archive: bytes) -> Any:
    """Load an archive whose types are all known; skops checks them once more."""
    import skops.io

    refused = tuple(refusals(archive))
    if refused:
        raise Untrusted(
            f"it holds types that are not known: {', '.join(refused)}; pack the model here instead"
        )
    types = sorted({f"{module}.{name}" for module, name in globals_of(archive) if module != "builtins"})
    return skops.io.load(io.BytesIO(archive), trusted=types)


def _needs(modules: set[str], *more: str) -> tuple[str, ...]:
    return tuple(sorted({*distributions(modules | {"sklearn", "numpy", "scipy"}), *more}))


FLAVOR = SklearnFlavor()
