"""`hythe list`: models and their versions."""

from __future__ import annotations

from hythe.cli.common import COMMON, Common, emit, say, table


def list_command(model: str | None = None, *, common: Common = COMMON) -> None:
    """List models and their versions, the newest first.

    Parameters
    ----------
    model
        Only this model.

    """
    from hythe.app.wire import opened
    from hythe.operations.describe import listed

    with opened(common.config()) as here:
        records = listed(here.catalog, model)

    def text() -> None:
        if not records:
            say("there is no model yet; start with: hythe pack MODEL --name NAME --examples ROWS")
            return
        table(
            ["version", "aliases", "review", "serves as", "packed", "by"],
            [
                [
                    record.ref,
                    ", ".join(record.aliases) or "-",
                    record.approval.state,
                    str(record.facts.get("variant", "-")),
                    record.created_at[:16].replace("T", " "),
                    record.created_by,
                ]
                for record in records
            ],
        )

    emit(common, records, text)
