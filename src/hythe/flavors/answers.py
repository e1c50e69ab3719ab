"""From what a framework's methods return to named answers, and from those to the schema's outputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from hythe.base.errors import Unsupported
from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Array
from hythe.bundle.schema import Output, Scalar


@contextmanager
def quiet() -> Iterator[None]:
    """Keep a framework's remarks about its input to itself while it predicts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def classified(model: Any, native: Any) -> Answers:
    """Answer as a classifier: `label`, and `probabilities` or else `decision`, as far as the model has them.

    CatBoost gives labels of several classes as one column, which is made flat.
    """
    label = dense(model.predict(native))
    answers = {"label": label}
    if hasattr(model, "predict_proba"):
        scores = model.predict_proba(native)
        if isinstance(scores, list):
            return answers | {f"probabilities_{i}": dense(part) for i, part in enumerate(scores)}
        return {"label": flat(label), "probabilities": dense(scores)}
    if hasattr(model, "decision_function"):
        return answers | {"decision": dense(model.decision_function(native))}
    return answers


def dense(values: Any) -> Array:
    """Make an array of what a framework returned: sparse, a frame, a list, or an array already."""
    if hasattr(values, "toarray"):
        values = values.toarray()
    return np.asarray(values)


def flat(values: Array) -> Array:
    """Take the one column of [rows, 1] out."""
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values  # noqa: PLR2004 - a matrix


def normalised(result: Any, rows: int) -> Answers:
    """Name what a user's function returned: a mapping as it is, anything else `value`.

    Raises:
        Unsupported: when a part has not one item for each row.

    """
    parts = result if isinstance(result, Mapping) else _framed(result)
    answers = {str(name): _array(values) for name, values in parts.items()}
    for name, values in answers.items():
        if values.ndim == 0 or len(values) != rows:
            raise Unsupported(
                f"output {name!r} has the shape {values.shape} for {rows} rows; return one item for each row"
            )
    if not answers:
        raise Unsupported("the model returned no outputs; return an array, a list, or a dict of them")
    return answers


def _framed(result: Any) -> Mapping[str, Any]:
    if hasattr(result, "columns") and hasattr(result, "__getitem__"):
        return {str(name): result[name] for name in result.columns}
    if isinstance(result, list) and result and all(isinstance(item, Mapping) for item in result):
        return {name: [item[name] for item in result] for name in result[0]}
    return {"value": result}


def _array(values: Any) -> Array:
    made = dense(values)
    if made.dtype.kind == "O" or made.dtype.kind in "US":
        return made
    if made.dtype.kind in "biuf":
        return made
    raise Unsupported(f"an output has the dtype {made.dtype}; return numbers, booleans or strings")


def outputs_of(answers: Answers, classes: Sequence[Any] | None = None) -> tuple[Output, ...]:
    """Describe answers; `classes` are the model's `classes_`: one array, or a list of one for each target."""
    return tuple(_output(name, values, _named_classes(name, classes)) for name, values in answers.items())


def _output(name: str, values: Array, classes: tuple[Scalar, ...] | None) -> Output:
    shape = tuple(int(n) for n in values.shape[1:])
    fits = classes is not None and shape and shape[-1] == len(classes)
    return Output(name, dtype_name(values), shape, classes if fits else None)


def dtype_name(values: Array) -> str:
    """Name an output's dtype; strings are `str` whether numpy holds them at a fixed width or as objects.

    >>> dtype_name(np.array(["a", "bc"])), dtype_name(np.zeros(1))
    ('str', 'float64')
    """
    if values.dtype.kind == "U" or (
        values.dtype.kind == "O" and all(isinstance(v, str) for v in values.flat)
    ):
        return "str"
    return str(values.dtype.newbyteorder("="))


def _named_classes(name: str, classes: Sequence[Any] | None) -> tuple[Scalar, ...] | None:
    if classes is None or name in {"label", "value", "score"}:
        return None
    if isinstance(classes, list) and all(isinstance(part, np.ndarray) for part in classes):
        _, _, index = name.rpartition("_")
        if not index.isdigit() or int(index) >= len(classes):
            return None
        classes = classes[int(index)]
    return tuple(np.asarray(classes).tolist())


def missing_extra(flavor: str, package: str) -> Callable[[ImportError], Unsupported]:
    """Make the error of a framework that is not installed."""

    def error(err: ImportError) -> Unsupported:
        return Unsupported(f"the {flavor} flavor needs {package} ({err}); install 'hythe[{flavor}]'")

    return error
