"""Plain Python: a function, `module:function`, or an object or class with `predict`, with its code packed.

What can be imported is stored as source files and a name. Only what cannot (functions and classes of a
notebook, the state of an object) is pickled.
"""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.frames import to_native
from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Rows, count
from hythe.bundle.schema import Output, Schema
from hythe.flavors import canonical_pickle
from hythe.flavors.answers import normalised, outputs_of, quiet
from hythe.flavors.protocol import Saved
from hythe.flavors.user_code import gather, importing_from, is_local

_TARGET = "model/python.json"
_PICKLE = "model/object.pkl"
_NAME = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class PythonFlavor:
    """Anything that answers rows when called, or by `predict`."""

    name = "python"

    def owns(self, model: object) -> bool:
        """Tell a function, its name, or an object or class with `predict`."""
        if isinstance(model, str):
            return _NAME.fullmatch(model) is not None
        return isinstance(model, FunctionType) or callable(getattr(model, "predict", None))

    def reads(self, path: Path) -> bool:
        """Tell whether it is a Python file; `read` takes its function `predict`, or its class `Model`."""
        return path.suffix == ".py"

    def runs(self, path: Path) -> bool:
        """Say yes: it is a program."""
        return path.is_file()

    def read(self, path: Path) -> object:
        """Import a Python file and give its `predict` or `Model`."""
        from importlib.util import module_from_spec, spec_from_file_location

        spec = spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise Invalid(f"{path.name} cannot be imported; name it like a module")
        module = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as err:
            raise Invalid(f"{path.name} fails when imported: {err!r}; mend it first") from err
        found = getattr(module, "predict", None) or getattr(module, "Model", None)
        if found is None:
            raise Invalid(f"{path.name} has neither a function 'predict' nor a class 'Model'; add one")
        return found

    def save(self, model: Any) -> Saved:
        """Store names and sources of what can be imported, and a pickle of the rest."""
        target = _resolve(model) if isinstance(model, str) else model
        if _is_importable(target):
            module, name = target.__module__, target.__qualname__
            code = gather({module})
            files = {
                _TARGET: json.dumps({"module": module, "name": name}, sort_keys=True).encode(),
                **code.files,
            }
            return Saved("source", files, program=True, requirements=code.requirements)
        data = canonical_pickle.dumps(target)
        code = gather({module for module, _ in canonical_pickle.globals_of(data)})
        needs = tuple(sorted({*code.requirements, "cloudpickle"}))
        return Saved("pickle", {_PICKLE: data, **code.files}, program=True, requirements=needs)

    def load(self, folder: Path, format: str) -> Any:  # noqa: A002 - the word of the manifest
        """Read back what `save` wrote; this runs the user's code.

        Raises:
            Corrupt: when it cannot be imported or unpickled.

        """
        try:
            with importing_from(folder):
                if format == "source":
                    stored = json.loads((folder / _TARGET).read_bytes())
                    return getattr(import_module(stored["module"]), stored["name"])
                return pickle.loads((folder / _PICKLE).read_bytes())  # noqa: S301 - only when its digest is trusted
        except Exception as err:
            raise Corrupt(f"the stored code does not load: {err!r}; pack this version again") from err

    def expected_columns(self, model: Any) -> tuple[str, ...] | None:
        """Give `feature_names_in_`, or `columns`, where the object says so."""
        names = getattr(model, "feature_names_in_", None)
        return None if names is None else tuple(str(name) for name in names)

    def predict(self, model: Any, rows: Rows, schema: Schema) -> Answers:
        """Call it on a batch; raise what it raises."""
        target = _resolve(model) if isinstance(model, str) else model
        with quiet():
            return normalised(_callable(target)(to_native(rows, schema)), count(rows))

    def outputs(self, model: Any, answers: Answers) -> tuple[Output, ...]:
        """Describe the outputs; those whose last axis fits carry the object's `classes_`."""
        return outputs_of(answers, getattr(model, "classes_", None))


def _is_importable(target: Any) -> bool:
    """Tell a function or class at the top of one of the user's modules."""
    if not isinstance(target, FunctionType | type) or not is_local(target.__module__):
        return False
    return _NAME.fullmatch(f"{target.__module__}:{target.__qualname__}") is not None


def _callable(target: Any) -> Callable[[Any], Any]:
    if isinstance(target, type):
        target = target()
    found: Callable[[Any], Any] = getattr(target, "predict", target)
    return found


def _resolve(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as err:
        raise Invalid(
            f"{name!r} cannot be imported: {err}; give module:function as Python finds it here"
        ) from err


FLAVOR = PythonFlavor()
