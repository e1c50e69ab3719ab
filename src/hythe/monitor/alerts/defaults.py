"""The rules of a policy that has none."""

from __future__ import annotations

from hythe.monitor.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(name="errors", kind="errors", severity="critical"),
    Rule(name="performance", kind="performance", severity="critical"),
    Rule(name="quality", kind="quality"),
    Rule(name="drift", kind="drift"),
    Rule(name="latency", kind="latency", for_periods=2),
    Rule(name="estimate", kind="estimate"),
    Rule(name="traffic", kind="traffic"),
)
"""Critical is what callers feel: requests that fail, and answers that are proven wrong.

Latency has to stand for two periods, because a single slow hour of a shared machine is not worth a night.
Where two of one severity are about the same subject the first speaks for both: a feature that comes empty is
told as bad data, not as drift once more.
"""
