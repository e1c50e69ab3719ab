"""What monitoring says of one period: findings, and the report that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["traffic", "errors", "latency", "quality", "drift", "performance", "estimate"]
Verdict: TypeAlias = Literal["ok", "alarm", "too_little"]


class Finding(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one check found of one subject.

    `check` names the check (`distribution`, `missing`, `unseen`, `accuracy`, `latency_p99`), `subject` what
    it looked at: `feature:tenure`, `output:probabilities[yes]`, `joint`, `requests`,
    `segment:contract=monthly`. `value` is how large the effect is in `unit`, `limit` where it would alarm
    (None where a p-value decides: `hythe.monitor.judge` tells in `details` at which it would), `low` and
    `high` its interval; `weight` is how much the subject matters to the model's answers, from 0 to
    1, over `n` rows. `message` is a sentence: what was found, its size, what to do. `details` holds what a
    page or a runbook shows beside it.
    """

    kind: Kind
    check: str
    subject: str
    verdict: Verdict
    message: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    weight: float = 1.0
    n: int = 0
    details: Mapping[str, Any] = {}


class Report(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was found of one version of an endpoint from second `start` (UTC) for `period_s` seconds.

    `alpha` is what this period spent of the stated false alarms. `notes` are sentences about what could not
    be looked at, and why. Findings stand in the order of how much they matter, alarms first.
    """

    endpoint: str
    version: str
    start: int
    period_s: int
    rows: int
    alpha: float
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """Those findings that alarm."""
        return tuple(finding for finding in self.findings if finding.verdict == "alarm")
