"""What a file or a request says of how an endpoint is monitored: TOML in and out, checked whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from hythe.base.amounts import seconds
from hythe.base.clock import DAY_S
from hythe.base.errors import Invalid
from hythe.monitor.delivery import Delivery
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.retrain import Retrain
from hythe.monitor.rule import Rule
from hythe.monitor.service.limits import ServiceLimits
from hythe.operations.fields import check_format, read_toml, refuse_unknown, tables
from hythe.operations.whole import whole
from hythe.registry.monitors import MonitorRecord

FORMAT = 1
"""The newest form of policies that this Hythe follows."""
_PAGE = "docs/monitoring.md"
_PARTS: Mapping[str, type[msgspec.Struct]] = {
    "limits": ServiceLimits,
    "rules": Rule,
    "deliver": Delivery,
    "retrain": Retrain,
}
_UNITS_S = {"d": DAY_S, "h": 3600, "m": 60, "s": 1}
Document: TypeAlias = Mapping[str, Any]


def policy_of(raw: Any) -> MonitorPolicy:
    """Make a policy of plain data; durations may be written as text, such as "1h".

    Raises:
        Invalid: when a field is not known, or a value does not fit.
        Unsupported: when it is of a newer form.

    >>> policy_of({"periods_s": ["15m", "1d"], "learning_days": "2d"}).periods_s
    (900, 86400)
    >>> policy_of({"least_rows": "many"})
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: the policy does not fit: Expected `int`, got `str` - at `$.least_rows`; see docs/monitoring.md
    """  # noqa: E501 - the message in full
    if not isinstance(raw, Mapping):
        raise Invalid(f"a policy is a table of fields, such as: false_alarms = 1.0; see {_PAGE}")
    check_format(raw, FORMAT, "the policy")
    document = {name: value for name, value in raw.items() if name not in {"format", "endpoint"}}
    refuse_unknown(document, MonitorPolicy, "the policy has", _PAGE)
    for name, kind in _PARTS.items():
        for table in tables(document, name):
            refuse_unknown(table, kind, f"'{name}' of the policy has", _PAGE)
    try:
        return msgspec.convert(_counted(document), MonitorPolicy)
    except msgspec.ValidationError as err:
        raise Invalid(f"the policy does not fit: {err}; see {_PAGE}") from err


def read_policy(path: Path) -> tuple[str, MonitorPolicy]:
    """Read a policy and its endpoint's name from a TOML file; a file that names none is named after it.

    Raises:
        Invalid: when the file cannot be read, is no TOML, or holds no policy.
        Unsupported: when the policy is of a newer form.

    """
    raw = read_toml(path, "a policy", _PAGE)
    try:
        return str(raw.get("endpoint") or path.stem), policy_of(raw)
    except Invalid as err:
        raise Invalid(f"{path}: {err}") from err


def stored(policy: MonitorPolicy) -> dict[str, Any]:
    """Write a policy as the catalog keeps it: what is not as usual, and the form."""
    return {"format": FORMAT, **msgspec.to_builtins(policy)}


def policy_in(record: MonitorRecord | None) -> MonitorPolicy:
    """Read a stored policy; the usual one where there is none.

    Raises:
        Invalid: when it does not fit any more.
        Unsupported: when a newer Hythe wrote it.

    """
    return MonitorPolicy() if record is None else policy_of(record.document)


def to_toml(endpoint: str, policy: MonitorPolicy, heading: str = "") -> str:
    """Write a policy as TOML, whole, as `hythe monitor apply` takes it; `heading` becomes a comment.

    >>> print(to_toml("scoring", MonitorPolicy()).partition("segments")[0], end="")
    format = 1
    endpoint = "scoring"
    false_alarms = 1
    horizon_days = 90
    periods_s = [
        "1h",
        "1d",
    ]
    least_rows = 100
    learning_days = 0
    """
    import tomli_w

    fields = {"format": FORMAT, "endpoint": endpoint, **_written(whole(policy))}
    text = tomli_w.dumps(fields)
    return f"# {heading}\n{text}" if heading else text


def duration(length_s: float) -> str:
    """Write seconds in the longest unit that divides them.

    >>> duration(3600), duration(5400), duration(0.25)
    ('1h', '90m', '250ms')
    """
    if not float(length_s).is_integer():
        return f"{length_s * 1000:g}ms"
    unit = next(unit for unit, size_s in _UNITS_S.items() if length_s % size_s == 0)
    return f"{int(length_s) // _UNITS_S[unit]}{unit}"


def _counted(value: Any, name: str = "") -> Any:
    """Read durations that were written as text, where a field counts seconds or days."""
    if isinstance(value, Mapping):
        return {key: _counted(item, key) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_counted(item, name) for item in value]
    if not isinstance(value, str) or not name.endswith(("_s", "_days")):
        return value
    try:
        found = seconds(value)
    except Invalid as err:
        raise Invalid(f"{name} of the policy: {err}") from err
    found = found / DAY_S if name.endswith("_days") else found
    return int(found) if found.is_integer() else found


def _written(value: Any, name: str = "") -> Any:
    """Write durations as text and whole numbers without a fraction; leave out what is not set."""
    if isinstance(value, Mapping):
        return {key: _written(item, key) for key, item in value.items() if item not in (None, "", ())}
    if isinstance(value, list | tuple):
        return [_written(item, name) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if name.endswith("_s"):
        return duration(value)
    return int(value) if float(value).is_integer() else value
