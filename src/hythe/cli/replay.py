"""`hythe replay churn:1.1.0 --against churn:1.0.0 --data rows.parquet`: two versions, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from hythe.base.keep_out import keep_out
from hythe.cli.common import COMMON, Bar, Common, emit, say, table

if TYPE_CHECKING:
    from hythe.operations.replay import Replayed

_MOST_TEXT = 60


def replay_command(  # noqa: PLR0913 - one for each option
    ref: str,
    *,
    against: str,
    data: Path,
    margin: float = 0.01,
    most: float = 0.1,
    worst: int = 10,
    environment: Literal["auto", "here", "lock"] = "auto",
    device: str = "cpu",
    common: Common = COMMON,
) -> int:
    """Compare how two versions answer recorded rows; exit code 1 when they disagree on more than --most.

    Parameters
    ----------
    ref
        The version that is tried: churn:1.1.0.
    against
        The version that it is held against: churn:1.0.0, churn:champion.
    data
        The rows: Parquet, Arrow, CSV, JSON or JSON lines, or the folder of a prediction log. Columns that
        neither version reads are left out.
    margin
        How far a score may differ before it counts as moved: of a probability absolutely, of other numbers as
        a share of their range in the baseline of the version that it is held against.
    most
        The share of rows that may have another label, or be refused by one of them alone. Where there are no
        labels, scores that moved count.
    worst
        How many of the worst rows are shown.
    environment
        Where native models run: here, in an environment as their lock says, or auto.
    device
        Where models compute: cpu, cuda:0, or auto for a GPU where there is one.

    """
    from hythe.app.wire import opened
    from hythe.operations.placing import Placing
    from hythe.operations.replay import ReplayOptions, replay

    options = ReplayOptions(margin=margin, most=most, shown=worst)
    placing = Placing(environment=environment, device=device)
    with opened(common.config()) as here, keep_out("pandas"), Bar() as bar:
        found = replay(here.registry, ref, against, data, options, placing, bar)
    emit(common, found, lambda: _tell(found))
    return int(not found.agrees)


def _tell(found: Replayed) -> None:
    say(f"{found.version} against {found.against} on {found.rows:,} rows")
    counts = {
        "another label": found.changed,
        f"a score moved by more than {found.margin:g}": found.moved,
        f"refused by {found.version} alone": found.refused,
        f"refused by {found.against} alone": found.refused_by_against,
    }
    table(["rows with", "", ""], [[what, f"{n:,}", f"{n / found.rows:.2%}"] for what, n in counts.items()])
    say(f"time for a row: {_micros(found.seconds, found)}, against {_micros(found.seconds_against, found)}")
    if found.worst:
        say("")
        table(
            ["row", "differs by", found.version, found.against],
            [[str(row.row), row.kind, _text(row.answer), _text(row.against)] for row in found.worst],
        )
    verdict = "at most" if found.agrees else "more than"
    say("", f"they disagree on {found.disagreement:.2%} of the rows, {verdict} the {found.most:.2%} allowed")


def _micros(seconds: float, found: Replayed) -> str:
    return f"{seconds / found.rows * 1e6:.3g} µs"


def _text(answer: dict[str, Any] | None) -> str:
    if answer is None:
        return "refused"
    text = msgspec.json.encode(answer).decode()
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"
