"""What is asked when drift of files is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hythe.base.errors import Invalid
from hythe.operations.placing import Placing


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftOptions:
    """What is examined of the rows, and how often it may alarm for nothing.

    Rows are told apart by the time in the column `timestamp`, into periods of `period_s` seconds. On average
    `false_alarms` of the periods of one examination alarm for nothing. What variation between periods is
    normal is learned from the first `learning_days`, which are not examined, or from other rows that
    `learn_from` names; without either, rows are taken for independent draws. Only `features` are looked at,
    where any are named, and nothing named in `ignore`. With `predict` the version answers the rows, by its
    `variant` and where `placing` says, so that its outputs are examined; with `target`, a column of true
    outcomes, so is how right they are, for half of the false alarms. `outputs` says in which columns
    earlier answers stand, by the outputs' names.
    """

    timestamp: str = ""
    period_s: int = 3600
    false_alarms: float = 0.01
    least_rows: int = 100
    learning_days: float = 0.0
    learn_from: Any = None
    features: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    predict: bool = False
    target: str = ""
    variant: str | None = None
    placing: Placing | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def alpha(self) -> float:
        """The share of the false alarms that the periods have."""
        return self.false_alarms / 2 if self.target else self.false_alarms

    def __post_init__(self) -> None:
        if not 0 < self.false_alarms < 1:
            raise Invalid(f"false_alarms is {self.false_alarms}; give a number between 0 and 1, such as 0.01")
        if not 0 <= self.learning_days < math.inf:
            raise Invalid(f"learning_days is {self.learning_days}; give a number, 0 or more")
        if (self.learning_days or self.learn_from is not None) and not self.timestamp:
            raise Invalid("what is normal is learned from periods; name a column of times with timestamp")
        if self.learning_days and self.learn_from is not None:
            raise Invalid("give one of learning_days and learn_from, not both")
        if self.target and not self.predict:
            raise Invalid("targets are held against answers; let the version give them with predict")
        if self.predict and self.outputs:
            raise Invalid("answers are both asked for and named as columns; give one of predict and outputs")
