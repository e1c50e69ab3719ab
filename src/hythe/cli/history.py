"""`hythe history churn`: who changed what, when and why; of an endpoint, what it served when."""

from __future__ import annotations

from typing import Any

from hythe.cli.common import COMMON, Common, emit, say, table


def history_command(subject: str | None = None, *, common: Common = COMMON) -> None:
    """Show who changed what, when and why, the oldest first; of an endpoint, what it served when.

    Parameters
    ----------
    subject
        A model or one of its refs, an endpoint, endpoint/NAME for its raw entries, monitor/NAME for how it is
        judged, alert/ID, key/ID, or a digest; all changes when left out.

    """
    from hythe.app.wire import opened
    from hythe.operations.endpoints.history import has_history, history

    with opened(common.config()) as here:
        served = subject is not None and has_history(here.catalog, subject)
        if subject is not None and served and subject not in here.catalog.models():
            from hythe.cli.endpoint import tell_moves

            moves = history(here.catalog, subject)
            emit(common, moves, lambda: tell_moves(moves))
            return
        entries = here.registry.history(subject)

    def text() -> None:
        if served:
            say(f"what the endpoint {subject} served: hythe endpoint history {subject}", "")
        if not entries:
            say("nothing has changed yet")
            return
        table(
            ["when", "who", "what", "subject", "from", "to", "why"],
            [
                [
                    entry.at[:19].replace("T", " "),
                    entry.actor,
                    entry.action,
                    entry.subject,
                    _short(entry.before),
                    _short(entry.after),
                    entry.why,
                ]
                for entry in entries
            ],
        )

    emit(common, entries, text)


def _short(state: Any) -> str:
    """Name the version, alias or state that an entry is about."""
    if not isinstance(state, dict):
        return "-"
    words = [str(state[key]) for key in ("alias", "version", "state", "revision") if state.get(key)]
    return " ".join(words) or "-"
