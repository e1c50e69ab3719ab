"""The Python API of alerts: the operations, on the registry that the surroundings name."""

from __future__ import annotations

from hythe.app import config
from hythe.app.config import Home
from hythe.app.wire import opened
from hythe.base.amounts import seconds
from hythe.operations.alerts import act
from hythe.operations.alerts.known import AlertLine, AlertView, known
from hythe.operations.alerts.known import show as show_alert
from hythe.operations.alerts.runbooks import runbook_text


def alerts(endpoint: str | None = None, *, everything: bool = False, home: Home = None) -> list[AlertLine]:
    """List the alerts that fire, those that matter most first; with `everything` also all others."""
    with opened(config.load(home=home)) as here:
        return known(here.catalog, endpoint, everything=everything)


def alert(number: int, *, home: Home = None) -> AlertView:
    """Give one alert with its evidence, and who was told of it; raises NotFound."""
    with opened(config.load(home=home)) as here:
        return show_alert(here.catalog, number)


def alert_runbook(number: int, *, home: Home = None) -> str:
    """Write an alert's runbook as Markdown; raises NotFound."""
    with opened(config.load(home=home)) as here:
        return runbook_text(here.catalog, number)


def acknowledge_alert(number: int, *, note: str = "", home: Home = None) -> AlertView:
    """Say that somebody looks after an alert.

    Raises:
        Conflict: when it does not stand.
        NotFound: when there is none.

    """
    with opened(config.load(home=home)) as here:
        act.acknowledge(here.catalog, number, actor=here.actor, note=note)
        return show_alert(here.catalog, number)


def resolve_alert(number: int, *, note: str = "", home: Home = None) -> AlertView:
    """Call an alert over; what is found again in a later period is a new one.

    Raises:
        Conflict: when it does not stand.
        NotFound: when there is none.

    """
    with opened(config.load(home=home)) as here:
        act.resolve(here.catalog, number, actor=here.actor, note=note)
        return show_alert(here.catalog, number)


def silence_alerts(
    endpoint: str, lasts: str, *, rule: str = "*", subject: str = "*", note: str = "", home: Home = None
) -> str:
    """Tell nobody of an endpoint's alerts (`*` for all) for a while, such as 4h; give the silence's id.

    Raises:
        Invalid: when that is no duration.
        NotFound: when there is no such endpoint.

    """
    with opened(config.load(home=home)) as here:
        name, _ = act.silence(
            here.catalog, endpoint, seconds(lasts), actor=here.actor, rule=rule, subject=subject, note=note
        )
        return name


def end_silence(silence: str, *, note: str = "", home: Home = None) -> None:
    """End a silence now; raises NotFound."""
    with opened(config.load(home=home)) as here:
        act.unsilence(here.catalog, silence, actor=here.actor, note=note)
