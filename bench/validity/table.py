"""The rows of the table, and whether the worst of each kind of evidence keeps what is promised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from harness import Bench

from hythe.rollout.guard import Guard
from hythe.rollout.state import Basis
from validity.judged import ALPHA, error, judged
from validity.simulated import Look, fixed, stepped
from validity.thresholds import Argo, Flagger, Rule, ZTest

Looks = Callable[[bool], Iterator[Look]]
"""Gives the looks at rollouts whose candidate is worse by the margin (True), or no worse."""
WARNING = "sticky keys, wrongly judged per request"
"""Shown to warn; no promise is made of it."""
_RULES = ("hythe", "z each look", "z once", "Flagger", "Argo")


class Table:
    """Judges `sims` rollouts a row, and remembers the worst row of each kind of evidence."""

    def __init__(self, bench: Bench, sims: int) -> None:
        self.bench, self.sims = bench, sims
        self.fixed = {"10%": fixed(0.1)} if bench.fast else {"1%": fixed(0.01), "10%": fixed(0.1)}
        self.shares = self.fixed if bench.fast else {**self.fixed, "1, 10, 50%": stepped}
        self.rng = np.random.default_rng(2026)
        self._worst: dict[tuple[str, str], float] = defaultdict(float)

    def guard(self, kind: str, guard: Guard, basis: Basis, looks: Looks, **shown: Any) -> None:
        """Judge rollouts by one guard, with the usual rules beside it where there are two arms' means."""
        back = judged(looks(False), guard, basis, worse=True, rules=self.rules(guard, basis))
        on = judged(looks(True), guard, basis, worse=False, rules=self.rules(guard, basis))
        self.add(kind, back, on, **shown)

    def add(self, kind: str, back: dict[str, float], on: dict[str, float], **shown: Any) -> None:
        """Put a row into the table: the shares sent back, and promoted, by each rule."""
        row: dict[str, Any] = {"evidence": kind, **shown}
        for name in _RULES:
            row[f"{name}: back"] = back.get(name, "")
            row[f"{name}: on"] = on.get(name, "")
        self.bench.row(row)
        print("  " + ", ".join(f"{key} {value}" for key, value in row.items() if value != ""), flush=True)
        for what, found in (("sent back", back), ("promoted", on)):
            self._worst[kind, what] = max(self._worst[kind, what], found["hythe"])

    def rules(self, guard: Guard, basis: Basis) -> dict[str, Rule]:
        """Give the rules that decide on the same blocks; none where there are no two arms' means."""
        if guard.kind.source == "shadows" or guard.kind.scale == "quantile":
            return {}
        margin, threshold = guard.margin_or_default, basis.mean + guard.margin_or_default / 2
        return {
            "z each look": ZTest(self.sims, margin, once=False),
            "z once": ZTest(self.sims, margin, once=True),
            "Flagger": Flagger(self.sims, threshold),
            "Argo": Argo(self.sims, threshold),
        }

    def checks(self) -> None:
        """Check the worst row of each kind against alpha and two Monte-Carlo errors."""
        allowance = 2 * error(ALPHA, self.sims)
        goal = f"≤ {ALPHA} + {allowance:.4f} (Monte-Carlo error)"
        for (kind, what), value in self._worst.items():
            if kind != WARNING:
                said = f"{kind}: wrongly {what}, worst row"
                self.bench.check(said, value, "of rollouts", goal, value <= ALPHA + allowance)
