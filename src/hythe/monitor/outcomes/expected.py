"""What a true outcome looks like, told from the outputs of the model that it is compared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from hythe.base.amounts import number_or_text
from hythe.base.errors import Invalid
from hythe.bundle.schema import Output, Scalar

_SHOWN = 10
_LONGEST = 60
_TRUTH = {"true": True, "false": False, "1": True, "0": False}

Kind: TypeAlias = Literal["text", "truth", "whole", "number", "any"]
_WANTED: dict[Kind, str] = {
    "text": "text",
    "truth": "true or false",
    "whole": "a whole number",
    "number": "a finite number",
    "any": "text, a finite number, or true or false",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a true outcome looks like: one scalar of a kind, or a list of `size` of them.

    `classes` are the labels that there are, where that is known.

    >>> Expected.of([Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes"))])
    Expected(kind='text', size=None, classes=('no', 'yes'))
    """

    kind: Kind
    size: int | None = None
    classes: tuple[Scalar, ...] | None = None

    @classmethod
    def of(cls, outputs: Sequence[Output]) -> Expected:
        """Tell from a version's outputs; without any, every scalar may be."""
        main = main_output(outputs)
        if main is None:
            return cls("any")
        if main.classes is not None:
            return cls(_kind_of(main.classes), None, main.classes)
        size = main.shape[0] if main.shape else None
        scores = next((each for each in outputs if each.name == "probabilities"), None)
        classes = scores.classes if scores is not None and main.name == "label" and size is None else None
        return cls(_kind(main), size, classes)

    def check(self, outcome: Any) -> Any:
        """Give the outcome as it is kept.

        Raises:
            Invalid: saying what it is and what was expected.

        """
        if self.size is None or self.kind == "any":
            return self._scalar(outcome)
        if not isinstance(outcome, list) or (self.size >= 0 and len(outcome) != self.size):
            wanted = f"{self.size} values" if self.size >= 0 else "values"
            raise Invalid(f"outcome is {show(outcome)}; give a list of {wanted}, each {_WANTED[self.kind]}")
        return [self._scalar(each) for each in outcome]

    def read(self, cell: str) -> Any:
        """Read a cell of a text table; what is nothing of the kind is left for `check` to refuse.

        >>> Expected("whole").read("3"), Expected("text").read("3"), Expected("truth").read("True")
        (3, '3', True)
        """
        if self.size is not None:
            return _decoded(cell)
        if self.kind == "text":
            return cell
        if self.kind == "truth":
            return _TRUTH.get(cell.lower(), cell)
        return number_or_text(cell)

    def _scalar(self, outcome: Any) -> Any:
        found = _FITS[self.kind](outcome)
        if found is None:
            raise Invalid(f"outcome is {show(outcome)}; give {_WANTED[self.kind]}, as the model answers")
        if self.classes is not None and found not in self.classes:
            known = ", ".join(map(show, self.classes[:_SHOWN])) + ", …" * (len(self.classes) > _SHOWN)
            raise Invalid(
                f"outcome is {show(outcome)}, a label that the model does not know; labels: {known}"
            )
        return found


def main_output(outputs: Sequence[Output]) -> Output | None:
    """Find the output that an outcome is compared with: `label`, else `value`, else the first."""
    named = {output.name: output for output in outputs}
    first = outputs[0] if outputs else None
    return named.get("label") or named.get("value") or first


def _kind(output: Output) -> Kind:
    if output.dtype == "str":
        return "text"
    if output.dtype == "bool":
        return "truth"
    if "int" in output.dtype and output.name == "label":
        return "whole"
    return "any" if output.dtype == "object" else "number"


def _kind_of(classes: Sequence[Scalar]) -> Kind:
    if all(isinstance(each, str) for each in classes):
        return "text"
    if all(isinstance(each, bool) for each in classes):
        return "truth"
    return "whole" if all(isinstance(each, int) for each in classes) else "any"


def names_labels(outputs: Sequence[Output]) -> bool:
    """Tell whether a model answers labels, which are right or wrong, and not numbers, which are near or far.

    >>> names_labels([Output("value", "str")]), names_labels([Output("value", "float64")])
    (True, False)
    """
    main = main_output(outputs)
    if main is None:
        return False
    return main.name == "label" or main.classes is not None or _kind(main) in {"text", "truth"}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(value: Any) -> int | None:
    number = _finite(value)
    return None if number is None or number != int(number) else int(number)


def _finite(value: Any) -> int | float | None:
    return None if isinstance(value, bool) or not is_finite(value) else value


def _any(value: Any) -> Any:
    return value if isinstance(value, str | bool) else _finite(value)


_FITS: dict[Kind, Callable[[Any], Any]] = {
    "text": _text,
    "truth": _truth,
    "whole": _whole,
    "number": _finite,
    "any": _any,
}


def _decoded(cell: str) -> Any:
    try:
        return msgspec.json.decode(cell)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return cell


def is_finite(value: Any) -> bool:
    """Tell whether a value is a number, or true or false, that float64 can hold.

    >>> is_finite(1), is_finite(float("nan")), is_finite(10**400), is_finite("1")
    (True, False, False, False)
    """
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:
        return False


def show(value: Any) -> str:
    """Write a value so that it fits into a sentence."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 20]} … {text[-15:]}"
