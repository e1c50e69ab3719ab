"""What may be told of a prediction: its true outcome, and business values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from hythe.base.errors import Invalid
from hythe.monitor.outcomes.expected import Expected, is_finite, show
from hythe.monitor.records.record import Told

OUTCOME = "outcome"
"""The part of feedback that is the true outcome; a value's part is `value:NAME`."""
MOST_VALUES, MOST_NAME = 32, 64
"""So many values may be told of a row, each with a name of so many characters."""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_MOST_ROW, _MOST_DIGITS = 2**31 - 1, 10
_encode = msgspec.json.Encoder().encode


class Item(msgspec.Struct, forbid_unknown_fields=True):
    """What a caller tells of one row: `outcome`, `values`, or both.

    `prediction_id` is the answer's, with `row` beside it (0 when left out) or behind it, as in `ID:3`.
    """

    prediction_id: str
    row: int | None = None
    outcome: Any = None
    values: dict[str, Any] | None = None


class Telling:
    """Gathers what is told, checked; nothing of it is taken before all of it is right.

    An outcome has to be one that at least one of `expects` takes. `name` names an item by its place, and so
    many `items` were before the first.

    >>> telling = Telling([Expected("number")])
    >>> telling.add([Item("017F22E2-79B0-7000-8000-000000000000:2", None, 12.5)])
    >>> telling.told
    [Told(id='017f22e2-79b0-7000-8000-000000000000', row=2, part='outcome', value='12.5')]
    """

    def __init__(
        self,
        expects: Sequence[Expected],
        name: Callable[[int], str] = "feedback[{}]".format,
        items: int = 0,
    ) -> None:
        self._expects = expects
        self._name = name
        self._told: dict[tuple[str, int, str], Told] = {}
        self.items = items

    @property
    def told(self) -> list[Told]:
        """What was told; of what was told twice, the last."""
        return list(self._told.values())

    @property
    def rows(self) -> int:
        """Of how many rows it is."""
        return len({(each.id, each.row) for each in self._told.values()})

    def add(self, items: Iterable[Item]) -> None:
        """Check more items.

        Raises:
            Invalid: naming the item, the field, its value and what was expected.

        """
        for item in items:
            try:
                for each in _parts(item, self._expects):
                    self._told[each.id, each.row, each.part] = each
            except Invalid as err:
                raise Invalid(f"{self._name(self.items)}: {err}") from err
            self.items += 1


def _parts(item: Item, expects: Sequence[Expected]) -> list[Told]:
    prediction_id, row = _row(item)
    parts = []
    if item.outcome is not None:
        parts.append(Told(prediction_id, row, OUTCOME, _encode(_outcome(item.outcome, expects)).decode()))
    for name, value in (item.values or {}).items():
        if value is not None:
            parts.append(Told(prediction_id, row, f"value:{name}", _encode(_value(name, value)).decode()))
    if not parts:
        raise Invalid("it tells nothing; give an 'outcome', or 'values' such as {\"revenue\": 12.5}")
    if len(parts) > MOST_VALUES:
        raise Invalid(f"it has {len(parts)} values; give {MOST_VALUES} at most")
    return parts


def _row(item: Item) -> tuple[str, int]:
    """Find the request and the row; those of tables were not checked by their types."""
    prediction_id, colon, behind = str(item.prediction_id).lower().partition(":")
    row = 0 if item.row is None else item.row
    if colon:
        row = int(behind) if behind.isdecimal() and len(behind) <= _MOST_DIGITS else -1
        if item.row not in (None, row):
            raise Invalid(f"prediction_id is {show(item.prediction_id)}, and row {item.row}; give one row")
    if not _ID.fullmatch(prediction_id):
        raise Invalid(
            f"prediction_id is {show(item.prediction_id)}; give the id that came with the answer, "
            "such as 017f22e2-79b0-7000-8000-000000000000"
        )
    if type(row) is not int or not 0 <= row <= _MOST_ROW:
        raise Invalid(f"row is {show(row)}; give the row's place in its request, from 0")
    return prediction_id, row


def _outcome(outcome: Any, expects: Sequence[Expected]) -> Any:
    fault: Invalid | None = None
    for expected in expects:
        try:
            return expected.check(outcome)
        except Invalid as err:
            fault = fault or err
    raise fault or Invalid("there is nothing that an outcome could be compared with; give 'values'")


def _value(name: str, value: Any) -> float:
    if not 0 < len(name) <= MOST_NAME or not name.isprintable():
        raise Invalid(f"a value is named {show(name)}; give a name of 1 to {MOST_NAME} printable characters")
    if not is_finite(value):
        raise Invalid(f"value {show(name)} is {show(value)}; give a finite number, or leave it out")
    return float(value)
