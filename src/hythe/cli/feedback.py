"""`hythe feedback scoring --data outcomes.parquet`: what became of predictions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hythe.base.errors import Invalid
from hythe.cli.common import COMMON, Bar, Common, emit, say

if TYPE_CHECKING:
    from hythe.operations.feedback.send import Sent
    from hythe.operations.feedback.tables import Names


def feedback_command(  # noqa: PLR0913 - one parameter for each option of the command
    endpoint: str,
    *,
    data: Path | None = None,
    id: str = "prediction_id",  # noqa: A002 - the option's name
    row: str = "row",
    outcome: str = "outcome",
    value: list[str] | None = None,
    url: str = "",
    key: str | None = None,
    common: Common = COMMON,
) -> None:
    """Tell what became of an endpoint's predictions; without --data, say how its feedback stands.

    Parameters
    ----------
    endpoint
        The endpoint that answered.
    data
        The outcomes: Parquet, Arrow, CSV, JSON or JSON lines, a row for each row of a prediction.
    id
        The column of prediction ids.
    row
        The column of the rows' places in their requests, from 0; all are 0 without it.
    outcome
        The column of true outcomes.
    value
        A column of business values; repeat it for several. All other columns when left out.
    url
        Tell a server at this address instead of the catalog here.
    key
        The server's API key or token (HYTHE_API_KEY).

    """
    from hythe.app.wire import opened
    from hythe.operations.feedback.tables import Names

    names = Names(prediction_id=id, row=row, outcome=outcome, values=tuple(value) if value else None)
    if url:
        sent = _told(endpoint, data, names, url, key)
    else:
        from hythe.operations.feedback.send import send_here, standing

        with opened(common.config()) as here, Bar() as bar:
            if data is None:
                sent = standing(here.catalog, endpoint)
            else:
                sent = send_here(here.registry, endpoint, data, names, progress=bar)
    emit(common, sent, lambda: _tell(sent, told=data is not None))


def _told(endpoint: str, data: Path | None, names: Names, url: str, key: str | None) -> Sent:
    from hythe.client import Client
    from hythe.operations.feedback.send import send_there

    if data is None:
        raise Invalid("there is nothing to tell the server; give a file with --data")
    with Client(url, key=key) as client, Bar() as bar:
        return send_there(client, endpoint, data, names, progress=bar)


def _tell(sent: Sent, *, told: bool) -> None:
    if told:
        say(f"taken: feedback for {sent.taken:,} rows of {sent.endpoint}")
    if sent.joined is None:
        say("the server joins it; see: hythe feedback " + sent.endpoint)
        return
    say(
        f"in all: {sent.joined:,} joined, {sent.waiting:,} waiting for their predictions,"
        f" {sent.orphans:,} removed as orphans"
    )
    if sent.waiting:
        say("a prediction whose id is not in the sample that is kept (--join-share) is never found")
