"""What a flavor is: how one framework recognises, saves, loads and calls its models.

Built-in flavors are entry points in the group `hythe.flavors`, the door that outsiders use too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Rows
from hythe.bundle.schema import Output, Schema


@dataclass(frozen=True, slots=True)
class Saved:
    """A model in its native format, and whether loading it runs a program.

    `files` maps paths in the bundle to bytes: `model/…` for what the framework writes, `code/…` for the
    user's Python files. `program` is true for pickles, cloudpickles and Python code: such files load only
    when their digest is trusted. `requirements` name the distributions that loading needs, without versions.
    """

    format: str
    files: Mapping[str, bytes]
    program: bool
    requirements: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


@runtime_checkable
class Flavor(Protocol):
    """One framework. Heavy imports happen inside the methods that need them."""

    @property
    def name(self) -> str:
        """The flavor's word: `sklearn`, `xgboost` and so on."""
        ...

    def owns(self, model: object) -> bool:
        """Tell whether `model` is this framework's, without importing the framework."""
        ...

    def reads(self, path: Path) -> bool:
        """Tell from the name and the first bytes whether `path` is a file of this framework."""
        ...

    def runs(self, path: Path) -> bool:
        """Tell whether reading `path` can run a program in it: then it has to be scanned or trusted first."""
        ...

    def read(self, path: Path) -> object:
        """Load a user's model file; the caller has scanned it or was told to trust it."""
        ...

    def save(self, model: Any) -> Saved:
        """Write the model: the same model gives the same bytes in every process."""
        ...

    def load(self, folder: Path, format: str) -> Any:  # noqa: A002 - the word of the manifest
        """Read back what `save` wrote: `folder` is the bundle's, with `model/` and `code/` in it."""
        ...

    def expected_columns(self, model: Any) -> tuple[str, ...] | None:
        """Give the column names that the model was fitted on, or None where it does not know."""
        ...

    def predict(self, model: Any, rows: Rows, schema: Schema) -> Answers:
        """Answer a batch exactly as a user of the framework would see it; raise as the framework does."""
        ...

    def outputs(self, model: Any, answers: Answers) -> tuple[Output, ...]:
        """Describe the outputs, given the answers to a first batch."""
        ...
