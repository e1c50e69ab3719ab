"""What comes back, typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Answer: TypeAlias = dict[str, Any]
"""One row's answer: `label` and `probabilities`, `value`, or whatever the model's schema says."""


class Predictions(msgspec.Struct, frozen=True):
    """The answers to the rows of one request, in their order, and which version gave them.

    `degraded` says that the plan's fallback answered and `cached` that the answer had been kept from an equal
    request.

    >>> found = Predictions([{"label": "yes", "probabilities": {"no": 0.25, "yes": 0.75}}], "1.0.0", "id")
    >>> found[0]["label"], found.ids, found.to_columns()
    ('yes', ['id:0'], {'label': ['yes'], 'probabilities.no': [0.25], 'probabilities.yes': [0.75]})
    """

    answers: list[Answer] = msgspec.field(name="predictions")
    version: str
    prediction_id: str
    degraded: bool = False
    cached: bool = False

    def __len__(self) -> int:
        return len(self.answers)

    def __iter__(self) -> Iterator[Answer]:
        return iter(self.answers)

    def __getitem__(self, row: int) -> Answer:
        return self.answers[row]

    @property
    def ids(self) -> list[str]:
        """The prediction id of each row; feedback names it."""
        return [f"{self.prediction_id}:{row}" for row in range(len(self.answers))]

    def to_columns(self) -> dict[str, list[Any]]:
        """Give one list for each output; the probability of a class is `probabilities.CLASS`."""
        flat = [_flat(answer) for answer in self.answers]
        names = dict.fromkeys(name for answer in flat for name in answer)
        return {name: [answer.get(name) for answer in flat] for name in names}

    def to_arrow(self) -> pa.Table:
        """Give an Arrow table with the columns of `to_columns`."""
        import pyarrow as pa

        return pa.table(self.to_columns())

    def to_pandas(self) -> pd.DataFrame:
        """Give a pandas DataFrame with the columns of `to_columns`."""
        import pandas as pd

        return pd.DataFrame(self.to_columns())

    def to_polars(self) -> pl.DataFrame:
        """Give a polars DataFrame with the columns of `to_columns`."""
        import polars as pl

        return pl.DataFrame(self.to_columns())


class Readiness(msgspec.Struct, frozen=True):
    """Whether traffic may come, and what each endpoint says; false in a condition when it may not."""

    ready: bool = False
    draining: bool = False
    endpoints: dict[str, Any] = {}

    def __bool__(self) -> bool:
        return self.ready


class Input(msgspec.Struct, frozen=True):
    """One input of a model, in the words of the Open Inference Protocol; the first axis is the row, -1."""

    name: str
    datatype: str
    shape: list[int]


class Result(msgspec.Struct, frozen=True):
    """One output of a model; `parameters["classes"]` name its last axis where it has classes."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, Any] = {}


class Description(msgspec.Struct, frozen=True):
    """What an endpoint takes and gives."""

    name: str
    versions: list[str]
    inputs: list[Input]
    outputs: list[Result]
    platform: str = ""


def _flat(answer: Answer) -> Answer:
    flat: Answer = {}
    for name, value in answer.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return flat
