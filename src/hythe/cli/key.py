"""`hythe key create|list|revoke`: who may use what is served, and how much."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from cyclopts import App, Parameter

from hythe.cli.common import COMMON, Common, emit, say, table
from hythe.security.keys import Permit, Verb

key_command = App(name="key", help="Make, list and end API keys.")


@key_command.command
def create(  # noqa: PLR0913 - one option each
    *,
    name: str = "",
    endpoint: Annotated[list[str] | None, Parameter(negative=())] = None,
    verb: Annotated[list[Verb] | None, Parameter(negative=())] = None,
    rate: str | None = None,
    burst: int | None = None,
    quota: str | None = None,
    expires: timedelta | None = None,
    common: Common = COMMON,
) -> None:
    """Make a key, and print it: once, for only its digest is kept.

    Parameters
    ----------
    name
        What people call it, such as who has it.
    endpoint
        An endpoint that it is for; may be given several times; all when left out.
    verb
        What it is for; may be given several times; all when left out.
    rate
        The most requests a second, minute, hour or day, over all processes: 100/s, 30/min.
    burst
        The most requests at once within the rate; a tenth of a second's when left out.
    quota
        The most requests in each second, minute, hour or UTC day: 1e6/day.
    expires
        How long it stands: 12h, 90d, 1y; for ever when left out.

    """
    from hythe.app.wire import opened
    from hythe.operations.keys import create_key
    from hythe.security.allowance import permit

    wanted = permit(endpoint, verb, rate=rate, burst=burst, quota=quota)
    with opened(common.config()) as here:
        made = create_key(here.catalog, name, wanted, expires=expires, actor=here.actor)

    def text() -> None:
        say(made.key, *made.notices)
        say(f"this is key {made.record.id}; keep it, for it is not shown again. Revoke it with:")
        say(f"hythe key revoke {made.record.id}")

    emit(common, made, text)


@key_command.command(name="list")
def list_keys(*, common: Common = COMMON) -> None:
    """List all keys, the oldest first; a secret is never shown."""
    from hythe.app.wire import opened
    from hythe.operations.keys import listed_keys

    with opened(common.config()) as here:
        keys = listed_keys(here.catalog)

    def text() -> None:
        if not keys:
            say("there is no key yet; make one with: hythe key create --name NAME")
            return
        table(
            ["key", "name", "state", "endpoints", "verbs", "rate", "quota", "expires", "by"],
            [
                [
                    key.record.id,
                    key.record.name or "-",
                    key.state,
                    ", ".join(key.record.permit.endpoints or ("all",)),
                    ", ".join(key.record.permit.verbs or ("all",)),
                    _rate(key.record.permit),
                    _quota(key.record.permit, key.used),
                    key.record.expires_at[:16].replace("T", " ") or "never",
                    key.record.created_by,
                ]
                for key in keys
            ],
        )

    emit(common, keys, text)


@key_command.command
def revoke(key: str, *, common: Common = COMMON) -> None:
    """End a key. Running servers refuse it within 2 s.

    Parameters
    ----------
    key
        The key's id, as `hythe key list` shows it.

    """
    from hythe.app.wire import opened
    from hythe.operations.keys import revoke_key

    with opened(common.config()) as here:
        record = revoke_key(here.catalog, key, actor=here.actor)
    emit(common, record, lambda: say(f"key {record.id} is revoked"))


def _rate(permit: Permit) -> str:
    return "-" if permit.rate_per_s is None else f"{permit.rate_per_s:g}/s, {permit.burst} at once"


def _quota(permit: Permit, used: int) -> str:
    return "-" if permit.quota is None else f"{used:,} of {permit.quota:,} in {permit.quota_period_s:,} s"
