"""Tells what became of predictions, from a file or a table: into the catalog, or to a server."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from hythe.base.errors import CallerError, HytheError, Invalid, NotFound
from hythe.base.progress import Progress, Quiet
from hythe.bundle.bundle import Bundle
from hythe.bundle.manifest import MANIFEST, Manifest
from hythe.monitor.outcomes.expected import Expected
from hythe.monitor.outcomes.feedback import Item, Telling
from hythe.operations.feedback.match import match
from hythe.operations.feedback.records import feedback_records
from hythe.operations.feedback.tables import Names, csv_items, table_items
from hythe.operations.tables import read_table
from hythe.registry.catalog import Catalog
from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa

    from hythe.client import Client

Source: TypeAlias = "Path | pa.Table | Sequence[dict[str, Any]]"
"""A file, a table, or items as `POST /feedback/{endpoint}` takes them."""
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_BATCH_ROWS = 1000
_ANY = Expected("any")


class Sent(msgspec.Struct, frozen=True):
    """What was told, and how all feedback for the endpoint stands.

    `taken` rows were told of now. In all, `joined` rows met their predictions, `waiting` have not, and
    `orphans` waited too long and were removed; None where only the server knows.
    """

    endpoint: str
    taken: int
    joined: int | None = None
    waiting: int | None = None
    orphans: int | None = None


def standing(catalog: Catalog, endpoint: str, taken: int = 0) -> Sent:
    """Say how the feedback for an endpoint stands.

    Raises:
        NotFound: when nobody knows the endpoint.

    """
    _check_known(catalog, endpoint)
    counts = catalog.feedback.counts(endpoint)
    return Sent(endpoint, taken, counts.joined, counts.waiting, counts.orphans)


def send_here(
    registry: Registry,
    endpoint: str,
    source: Source,
    names: Names | None = None,
    *,
    progress: Progress | None = None,
    now_ns: Callable[[], int] = time.time_ns,
) -> Sent:
    """Store what `source` tells in the catalog, all of it once all is checked, and join it.

    Raises:
        Invalid: naming the row, what is wrong with it, and what was expected; nothing is stored then.
        NotFound: when there is no such file, or nobody knows the endpoint.

    """
    catalog, show = registry.catalog, progress or Quiet()
    _check_known(catalog, endpoint)
    expects = expectations(registry, endpoint)
    read, total = _opened(source, names or Names(), expects[0])
    for telling in _checked(read(), expects, _named(source)):
        show.step("checked", telling.items)
    at_ns, taken = now_ns(), 0
    for later_ns, telling in enumerate(_checked(read(), expects, _named(source))):
        catalog.feedback.put(feedback_records(endpoint, telling.told, at_ns + later_ns))
        taken += telling.rows
        show.step("stored", taken, total)
    show.step("joining")
    match(catalog, math.inf)
    return standing(catalog, endpoint, taken)


def send_there(
    client: Client,
    endpoint: str,
    source: Path,
    names: Names | None = None,
    *,
    progress: Progress | None = None,
) -> Sent:
    """Tell a server what a file tells, some rows at a time; telling it again does no harm.

    Raises:
        Invalid: with the server's words, when it refuses a row; the rows before it may have been taken.
        Unavailable: when it does not answer.

    """
    table = _standard(read_table(source), names or Names())
    taken = 0
    for start in range(0, table.num_rows, _BATCH_ROWS):
        try:
            taken += client.feedback(endpoint, table.slice(start, _BATCH_ROWS))
        except CallerError as err:
            if start == 0:
                raise
            raise Invalid(f"among the rows from {start} on: {err}") from err
        (progress or Quiet()).step("told", taken, table.num_rows)
    return Sent(endpoint, taken)


def expectations(registry: Registry, endpoint: str) -> list[Expected]:
    """Tell what outcomes may be, from the versions in the endpoint's plan whose bytes are here."""
    found: dict[Expected, None] = {}
    for digest in _digests(registry.catalog, endpoint):
        try:
            manifest = Manifest.decode(Bundle.open(registry.blobs, digest).read(MANIFEST))
        except HytheError:
            continue
        found[Expected.of(manifest.schema.outputs)] = None
    return list(found) or [_ANY]


def _digests(catalog: Catalog, endpoint: str) -> list[str]:
    try:
        plan = msgspec.convert(catalog.plan(endpoint).document, Plan)
    except (HytheError, msgspec.ValidationError):
        return []
    return [digest for digest in plan.digests.values() if digest]


def _check_known(catalog: Catalog, endpoint: str) -> None:
    planned = [plan.endpoint for plan in catalog.plans()]
    if endpoint not in planned and endpoint not in (observed := catalog.observations.endpoints()):
        known = ", ".join(sorted({*planned, *observed})) or "none yet"
        raise NotFound(f"there is no endpoint {endpoint!r}, nor was there one; endpoints: {known}")


def _opened(
    source: Source, names: Names, expected: Expected
) -> tuple[Callable[[], Iterator[list[Item]]], int]:
    """Give what reads the source from its beginning, and how many rows it has, 0 for unknown."""
    if isinstance(source, Path) and source.suffix.lower() in _SEPARATORS and source.is_file():
        body, separator = source.read_bytes(), _SEPARATORS[source.suffix.lower()]
        return lambda: csv_items(body, names, expected, separator), 0
    if isinstance(source, Path):
        source = read_table(source)
    if isinstance(source, Sequence):
        items = [_item(document, place) for place, document in enumerate(source)]
        return lambda: iter([items]), len(items)
    table = source
    return lambda: table_items(table, names), table.num_rows


def _checked(
    pieces: Iterator[list[Item]], expects: Sequence[Expected], name: Callable[[int], str]
) -> Iterator[Telling]:
    """Check pieces one by one; each has its own telling, so that a large file takes little memory."""
    items = 0
    for piece in pieces:
        telling = Telling(expects, name, items)
        telling.add(piece)
        items = telling.items
        yield telling
    if not items:
        raise Invalid("there are no rows; give at least one")


def _item(document: Any, place: int) -> Item:
    try:
        return msgspec.convert(document, Item)
    except msgspec.ValidationError as err:
        raise Invalid(f"feedback[{place}]: {err}; give prediction_id, row, outcome and values") from err


def _named(source: Source) -> Callable[[int], str]:
    if isinstance(source, Path):
        return lambda place: f"{source.name}, row {place + 1}"
    return "feedback[{}]".format


def _standard(table: pa.Table, names: Names) -> pa.Table:
    """Give a table the names that a server reads."""
    settled = names.among(table.column_names)
    known = {settled.prediction_id: "prediction_id", settled.row: "row", settled.outcome: "outcome"}
    kept = [name for name in chain(known, settled.values or ()) if name in table.column_names]
    return table.select(kept).rename_columns([known.get(name, name) for name in kept])
