"""Which periods are looked at when."""

from __future__ import annotations

from hythe.base.clock import DAY_S, HOUR_S, MINUTE_S

_LEAST_GRACE_S, _MOST_GRACE_S = 2, 600
_LEAST_OF_MINUTES_S = 8
_GRACE = 0.05


def grace_s(period_s: int) -> int:
    """Say for how many seconds late windows of a period are waited for: a twentieth of it, in bounds.

    Servers store what was in the last five seconds; each second as it ends where periods are no whole
    minutes. They are later only while the catalog is away. What comes later still is in the longer periods.

    >>> grace_s(5), grace_s(60), grace_s(3600), grace_s(86400)
    (2, 8, 180, 600)
    """
    least_s = _LEAST_GRACE_S if period_s < MINUTE_S else _LEAST_OF_MINUTES_S
    return min(max(round(_GRACE * period_s), least_s), _MOST_GRACE_S)


def ended(now: int, period_s: int) -> int:
    """Give the second by which the last period ended that may be looked at, a multiple of `period_s`.

    >>> ended(7200 + 179, 3600), ended(7200 + 180, 3600)
    (3600, 7200)
    """
    return (now - grace_s(period_s)) // period_s * period_s


def caught_up_from(newest: int, period_s: int) -> int:
    """Give the first second of what is made up for after an outage: a week, where windows are short enough.

    Windows are merged into minutes after 15 minutes and into hours after two days; shorter periods
    cannot be told apart any more then.
    """
    if period_s % HOUR_S == 0:
        back_s = max(7 * DAY_S, 2 * period_s)
    elif period_s % MINUTE_S == 0:
        back_s = DAY_S
    else:
        back_s = 15 * MINUTE_S
    return max(0, (newest - back_s) // period_s * period_s)


def kept_s(period_s: int) -> int:
    """Say for how long reports of periods of this length are kept: 2160 of them, between 2 and 400 days.

    >>> [kept_s(period_s) // DAY_S for period_s in (5, HOUR_S, DAY_S)]
    [2, 90, 400]
    """
    return min(max(2160 * period_s, 2 * DAY_S), 400 * DAY_S)
