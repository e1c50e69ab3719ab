"""What every flavor promises, ours or a third party's: a list of named checks.

Each check takes a `Specimen`, a fitted model with rows that it can answer and the answers that a user of its
framework gets for them, and a folder to work in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from hythe.base.errors import Unsupported
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Rows, count, take
from hythe.bundle.schema import Schema
from hythe.flavors.find import flavor_of, named
from hythe.flavors.protocol import Flavor, Saved


@dataclass(frozen=True, slots=True)
class Specimen:
    """A fitted model of the flavor called `flavor`; `expected` are its framework's own answers to `examples`.

    `columns` are the column names that it was fitted on, or None; `program` whether loading it runs code.
    """

    flavor: str
    model: Any
    examples: Any
    expected: Mapping[str, Any]
    columns: tuple[str, ...] | None = None
    program: bool = False

    @property
    def found(self) -> Flavor:
        """The flavor itself."""
        return named(self.flavor)

    @property
    def rows(self) -> Rows:
        """The examples as rows."""
        return to_rows(self.examples)

    @property
    def schema(self) -> Schema:
        """What the examples look like."""
        return infer(self.examples)


Check: TypeAlias = Callable[[Specimen, Path], None]


def it_is_found_for_its_model(specimen: Specimen, _: Path) -> None:
    """No other flavor takes the model before it."""
    assert flavor_of(specimen.model).name == specimen.flavor


def it_leaves_strangers_alone(specimen: Specimen, _: Path) -> None:
    """Own no object of no framework; asking for its flavor names the known ones."""
    assert not specimen.found.owns(object())
    with pytest.raises(
        Unsupported, match=f"no flavor knows models of type builtins.object.*{specimen.flavor}"
    ):
        flavor_of(object())


def it_answers_as_its_framework_does(specimen: Specimen, _: Path) -> None:
    """Values and dtypes are the framework's own, to the last bit."""
    _assert_same(_answers(specimen, specimen.model), specimen.expected)


def it_loads_back_and_answers_the_same(specimen: Specimen, folder: Path) -> None:
    """Compare bit for bit what was saved with the model."""
    saved = _write(specimen.found.save(specimen.model), folder)
    again = specimen.found.load(folder, saved.format)
    _assert_same(_answers(specimen, again), specimen.expected)


def it_saves_the_same_bytes_again(specimen: Specimen, folder: Path) -> None:
    """Before and after it predicted, and, where it is no program, after it was loaded."""
    first = specimen.found.save(specimen.model)
    _answers(specimen, specimen.model)
    assert specimen.found.save(specimen.model) == first
    if not first.program:
        _write(first, folder)
        assert specimen.found.save(specimen.found.load(folder, first.format)).files == first.files


def it_stores_files_where_bundles_have_them(specimen: Specimen, _: Path) -> None:
    """Put the framework's under `model/`, the user's under `code/`, and say whether they are a program."""
    saved = specimen.found.save(specimen.model)
    assert saved.files
    assert all(path.startswith(("model/", "code/")) for path in saved.files)
    assert saved.program == specimen.program
    assert saved.requirements == tuple(sorted(set(saved.requirements)))


def it_describes_its_outputs(specimen: Specimen, _: Path) -> None:
    """Each answer has an output of its name and shape; classes fit the last axis."""
    answers = _answers(specimen, specimen.model)
    outputs = specimen.found.outputs(specimen.model, answers)
    assert [output.name for output in outputs] == list(answers)
    for output in outputs:
        assert output.shape == answers[output.name].shape[1:]
        assert output.classes is None or len(output.classes) == output.shape[-1]


def it_knows_its_columns(specimen: Specimen, _: Path) -> None:
    """Give the names that the model was fitted on, or None."""
    assert specimen.found.expected_columns(specimen.model) == specimen.columns


def it_keeps_rows_apart(specimen: Specimen, _: Path) -> None:
    """Rows in another order give the same answers in that order."""
    order = np.arange(count(specimen.rows))[::-1]
    turned = specimen.found.predict(specimen.model, take(specimen.rows, order), specimen.schema)
    for name, values in _answers(specimen, specimen.model).items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(turned[name], values[order], rtol=1e-6, atol=1e-9)
        else:
            assert turned[name].tolist() == values[order].tolist()


CHECKS: tuple[Check, ...] = (
    it_is_found_for_its_model,
    it_leaves_strangers_alone,
    it_answers_as_its_framework_does,
    it_loads_back_and_answers_the_same,
    it_saves_the_same_bytes_again,
    it_stores_files_where_bundles_have_them,
    it_describes_its_outputs,
    it_knows_its_columns,
    it_keeps_rows_apart,
)


def _answers(specimen: Specimen, model: Any) -> Answers:
    return specimen.found.predict(model, specimen.rows, specimen.schema)


def _write(saved: Saved, folder: Path) -> Saved:
    for path, data in saved.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return saved


def _assert_same(found: Answers, expected: Mapping[str, Any]) -> None:
    assert list(found) == list(expected)
    for name, values in expected.items():
        wanted = np.asarray(values)
        assert found[name].dtype == wanted.dtype, name
        np.testing.assert_array_equal(found[name], wanted, err_msg=name)
