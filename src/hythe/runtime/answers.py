"""From a model's output arrays to one labelled answer for each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec

from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Array
from hythe.bundle.schema import Output, Scalar

Answer: TypeAlias = dict[str, Any]
"""Output name to value: `{"label": "yes", "probabilities": {"no": 0.1, "yes": 0.9}}`."""


class Labeller:
    """Names scores by their classes; the work that does not depend on the rows is done once.

    With `text_keys` classes become strings, as JSON wants them; else they stay what they are.

    >>> import numpy as np
    >>> outputs = [Output("label", "bool"), Output("probabilities", "float64", (2,), (False, True))]
    >>> answers = {"label": np.array([True]), "probabilities": np.array([[0.1, 0.9]])}
    >>> Labeller(outputs)(answers)
    [{'label': True, 'probabilities': {False: 0.1, True: 0.9}}]
    >>> Labeller(outputs, text_keys=True)(answers)[0]["probabilities"]
    {'false': 0.1, 'true': 0.9}
    """

    def __init__(self, outputs: Sequence[Output], *, text_keys: bool = False) -> None:
        self._names = [output.name for output in outputs]
        self._cells = [_cells(output, text_keys=text_keys) for output in outputs]

    def __call__(self, answers: Answers) -> list[Answer]:
        """Label the answers of all rows."""
        names = self._names
        columns = [cells(answers[name]) for name, cells in zip(names, self._cells, strict=True)]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


class AnswerStructs:
    """Gives for each row what msgspec writes as the JSON of `Labeller(outputs, text_keys=True)`.

    An object with its names in its type takes a tenth of the time of a dictionary, to make and to write.

    >>> import numpy as np
    >>> outputs = [Output("label", "bool"), Output("probabilities", "float64", (2,), (False, True))]
    >>> answers = {"label": np.array([True]), "probabilities": np.array([[0.1, 0.9]])}
    >>> msgspec.json.encode(AnswerStructs(outputs)(answers))
    b'[{"label":true,"probabilities":{"false":0.1,"true":0.9}}]'
    """

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._columns = [(output.name, _structs(output)) for output in outputs]
        self._answer = _named([output.name for output in outputs])
        self._label = Labeller(outputs, text_keys=True)

    def __call__(self, answers: Answers) -> Sequence[Any]:
        """Give one object for each row."""
        if self._answer is None:
            return self._label(answers)
        return list(map(self._answer, *[cells(answers[name]) for name, cells in self._columns]))


def class_name(scalar: Scalar) -> str:
    """Write a class as a JSON key.

    >>> class_name(True), class_name(2), class_name("yes")
    ('true', '2', 'yes')
    """
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    return str(scalar)


def _cells(output: Output, *, text_keys: bool) -> Callable[[Array], list[Any]]:
    classes = output.classes
    if classes is None or len(output.shape) != 1:
        return _listed
    keys: tuple[Any, ...] = tuple(map(class_name, classes)) if text_keys else classes

    def named(array: Array) -> list[Any]:
        return [dict(zip(keys, scores, strict=True)) for scores in array.tolist()]

    return named


def _structs(output: Output) -> Callable[[Array], list[Any]]:
    classes = output.classes
    scores = _named([*map(class_name, classes)]) if classes and len(output.shape) == 1 else None
    if scores is None:
        return _cells(output, text_keys=True)
    return lambda array: list(map(scores, *array.T.tolist()))


def _named(names: Sequence[str]) -> Any:
    """Make a type whose fields bear these names in JSON; None where one comes twice, or needs escaping."""
    fields = {f"f{index}": name for index, name in enumerate(names)}
    try:
        return msgspec.defstruct("Answer", [(field, Any) for field in fields], rename=fields, gc=False)
    except ValueError:
        return None


def _listed(array: Array) -> list[Any]:
    values: list[Any] = array.tolist()
    return values
