"""What a file or a command line says of a rollout's policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hythe.base.errors import Invalid
from hythe.operations.fields import read_toml, refuse_unknown, tables
from hythe.rollout.guard import Guard
from hythe.rollout.policy import Policy

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_GUARD = re.compile(
    rf"\s*(?P<metric>[^\s<=]+)\s*(?:[<=]\s*\+?(?P<margin>{_NUMBER}%?)\s*)?"
    rf"(?:\bin\s+(?P<low>{_NUMBER})\s*\.\.\s*(?P<high>{_NUMBER})\s*)?"
)
_SHARE = re.compile(rf"\s*({_NUMBER})\s*(%?)\s*")


def policy_of(document: Mapping[str, Any], **given: Any) -> Policy:
    """Make a policy of a document's fields; what is `given` besides counts in their place.

    Raises:
        Invalid: when a field is not known, or a value does not fit.

    >>> policy_of({"strategy": "canary", "guards": [{"metric": "error_rate"}]}, alpha=0.01).alpha
    0.01
    """
    refuse_unknown(document, Policy, "the policy has")
    for guard in (*tables(document, "guards"), *tables(document, "question")):
        refuse_unknown(guard, Guard, "a guard of the policy has")
    fields = {**document, **msgspec.to_builtins(given)}
    try:
        return msgspec.convert(fields, Policy)
    except msgspec.ValidationError as err:
        raise Invalid(f"the policy does not fit: {err}; see docs/rollouts.md") from err


def read_policy(path: Path) -> dict[str, Any]:
    """Read the fields of a policy from a TOML file; raises Invalid when it cannot be read."""
    return read_toml(path, "a policy", "docs/rollouts.md")


def guard_of(text: str) -> Guard:
    """Read a guard: a metric, its margin, and the bounds of a metric that has none of its own.

    >>> guard_of("error_rate<0.5%").margin, guard_of("latency_p99<25%").margin, guard_of("accuracy").margin
    (0.005, 0.25, None)
    >>> guard_of("value:revenue<0.02 in 0..100")
    Guard(metric='value:revenue', margin=0.02, tolerance=None, share=0.0, effect=None, range=(0.0, 100.0))

    Raises:
        Invalid: when it is none.

    """
    found = _GUARD.fullmatch(text)
    if found is None:
        raise Invalid(
            f"{text!r} is no guard; write METRIC, METRIC<MARGIN or METRIC<MARGIN in LOWEST..HIGHEST, such as "
            "error_rate<0.5%"
        )
    bounds = (float(found["low"]), float(found["high"])) if found["low"] else None
    margin = None if found["margin"] is None else share_of(found["margin"])
    return Guard(found["metric"], margin=margin, range=bounds)


def share_of(text: str) -> float:
    """Read a share: 5% or 0.05.

    >>> share_of("5%"), share_of("0.05")
    (0.05, 0.05)

    Raises:
        Invalid: when it is none.

    """
    found = _SHARE.fullmatch(text)
    if found is None:
        raise Invalid(f"{text!r} is no share; write 5% or 0.05")
    return float(found[1]) / 100 if found[2] else float(found[1])
