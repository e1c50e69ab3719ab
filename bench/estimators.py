"""Every classifier and regressor of scikit-learn, and the boosted trees: compiled and proven, or why not.

Each is fitted on a small mixed table inside a pipeline that suits it, compiled, proven on adversarial rows,
and then held against the original on 2,000 fresh rows that the proof never saw, refused ones included.
`compiled` means proven; `native` means that the original serves, for the reason shown; `WRONG` that a proven
variant differed on a fresh row; `CRASHED` that something raised.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from fixtures.boosters import booster_cases
from fixtures.estimators import EXCLUDED, Case, cases
from fixtures.tables import fresh
from harness import Bench

from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.bundle.outcome import Answers, Outcome
from hythe.bundle.proof import Proof
from hythe.bundle.rows import Rows, count
from hythe.bundle.schema import Schema
from hythe.compile.against import rows_against
from hythe.compile.compare import difference
from hythe.compile.compiler import compile_model
from hythe.compile.lowering.frame import CannotLower
from hythe.compile.missing import accepts_missing
from hythe.compile.proof import prove
from hythe.compile.refusals import ask, original_outcome, reason
from hythe.compile.ties import ties
from hythe.flavors.find import flavor_of
from hythe.runtime.onnx import OnnxModel

FRESH_ROWS = 2000
FRESH_SEED = 77


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one case."""

    verdict: str
    reason: str = ""
    proof: Proof | None = None
    fresh: int = 0
    refused: int = 0
    ties: int = 0
    answered_refusals: int = 0


class Original:
    """A fitted model as a function of rows."""

    def __init__(self, case: Case) -> None:
        self.model = case.fit()
        self.flavor = flavor_of(self.model)
        self.examples = to_rows(case.examples)
        self.schema: Schema = infer(case.examples)
        for name in accepts_missing(self, self.examples, self.schema):
            self.schema = self.schema.replacing(name, nullable=True)
        outputs = self.flavor.outputs(self.model, self(self.examples))
        self.schema = msgspec.structs.replace(self.schema, outputs=tuple(outputs))

    def __call__(self, rows: Rows) -> Answers:
        """Answer as the framework does."""
        return self.flavor.predict(self.model, rows, self.schema)


def tried(case: Case) -> Found:
    """Fit, compile, prove and hold against fresh rows; whatever raises is a crash."""
    try:
        return _tried(case)
    except Exception as err:  # noqa: BLE001 - the table says what crashed, and goes on
        return Found("CRASHED", reason(err))


def _tried(case: Case) -> Found:
    original = Original(case)
    rows = to_rows(fresh_like(case.examples))
    try:
        compiled = compile_model(original.model, original.schema)
        variant = OnnxModel(compiled.graph, compiled.variant)
    except CannotLower as err:
        outcome = original_outcome(original, rows)
        return Found("native", str(err), fresh=count(rows), refused=int(outcome.refused.sum()))
    made = rows_against(compiled, original, original.examples, original.schema)
    proof = prove(original, variant.predict, made, original.schema).proof
    if not proof.proven:
        return Found("native", f"refused by its proof: {proof.reason}", proof)
    return _on_fresh_rows(original, variant, rows, proof)


def _on_fresh_rows(original: Original, variant: OnnxModel, rows: Rows, proof: Proof) -> Found:
    """Compare on rows that the proof never saw; rows on which the original disagrees with itself are ties."""
    answered = variant.predict(rows)
    outcome, _ = ask(original, rows, likely=answered.refused)
    differing = np.flatnonzero(difference(outcome, answered).differs)
    tied = ties(original, rows, outcome, differing)
    wrong = np.setdiff1d(differing, tied)
    return Found(
        "WRONG" if wrong.size else "compiled",
        _described(rows, outcome, answered, wrong) if wrong.size else "",
        proof,
        fresh=count(rows),
        refused=int(outcome.refused.sum()),
        ties=int(tied.size),
        answered_refusals=int((outcome.refused & ~answered.refused).sum()),
    )


def _described(rows: Rows, outcome: Outcome, answered: Outcome, wrong: np.ndarray[Any, Any]) -> str:
    first = int(wrong[0])
    if outcome.refused[first] != answered.refused[first]:
        said = "the original refuses" if outcome.refused[first] else "the variant refuses"
        return f"{wrong.size} rows differ; on row {first} {said}"
    given = {name: (values[first], answered.answers[name][first]) for name, values in outcome.answers.items()}
    return f"{wrong.size} rows differ; row {first} of {count(rows)}: {given}"


def fresh_like(examples: pd.DataFrame) -> pd.DataFrame:
    """Draw fresh rows with the columns and dtypes of `examples`; a category it does not know is missing."""
    frame: pd.DataFrame = fresh(FRESH_ROWS, FRESH_SEED)[list(examples.columns)]
    for name, dtype in examples.dtypes.items():
        if isinstance(dtype, pd.CategoricalDtype):
            known = frame[name].isin(dtype.categories)
            frame[name] = frame[name].where(known).astype(dtype)
        elif dtype == np.dtype(object):
            frame[name] = frame[name].astype(object).where(frame[name].notna(), "none")
    return frame


def report(bench: Bench, case: Case, found: Found, taken_s: float) -> None:
    """Put one case into the table."""
    proof = found.proof
    bench.row(
        {
            "estimator": case.estimator,
            "case": case.variation,
            "verdict": found.verdict,
            "proof rows": proof.tried if proof else 0,
            "refused there": proof.refusals.both if proof else 0,
            "ties": (proof.ties if proof else 0) + found.ties,
            "worst share of tolerance": max((item.share for item in proof.deviations), default=0.0)
            if proof and proof.proven
            else "",
            "fresh rows": found.fresh,
            "of them refused": found.refused,
            "s": round(taken_s, 2),
            "reason": found.reason[:300],
        }
    )


def main(arguments: list[str]) -> None:
    """Try them all and check the issue's goals."""
    with Bench("estimators", arguments) as bench:
        verdicts: dict[str, set[str]] = defaultdict(set)
        everything: list[Found] = []
        boosted: list[Found] = []
        for boosters, given in ((False, cases(fast=bench.fast)), (True, booster_cases(fast=bench.fast))):
            for case in given:
                start = time.perf_counter()
                found = tried(case)
                report(bench, case, found, time.perf_counter() - start)
                print(
                    f"  {case.estimator}, {case.variation}: {found.verdict} {found.reason}"[:240], flush=True
                )
                (boosted if boosters else everything).append(found)
                if not boosters:
                    verdicts[case.estimator].add(found.verdict)
        for name, why in EXCLUDED.items():
            bench.row({"estimator": name, "verdict": "excluded", "reason": why})
        _checks(bench, verdicts, everything, boosted)


def _checks(
    bench: Bench, verdicts: dict[str, set[str]], everything: list[Found], boosted: list[Found]
) -> None:
    compiled = sum(found == {"compiled"} for found in verdicts.values())
    share = compiled / len(verdicts)
    what = f"compiled and proven, all cases of {compiled} of {len(verdicts)} estimators"
    bench.check(what, round(100 * share, 1), "%", "≥ 90", share >= 0.9)
    for fault in ("WRONG", "CRASHED"):
        number = sum(found.verdict == fault for found in [*everything, *boosted])
        bench.check(f"cases that are {fault}", number, "cases", 0, number == 0)
    loose = sum(found.answered_refusals for found in [*everything, *boosted])
    bench.check("fresh rows answered where the original refuses", loose, "rows", 0, loose == 0)
    fine = sum(
        found.verdict == "compiled" or (found.verdict == "native" and bool(found.reason)) for found in boosted
    )
    proven = sum(found.verdict == "compiled" for found in boosted)
    what = f"boosted trees compiled and proven ({proven}) or refused with the reason"
    bench.check(what, fine, "cases", len(boosted), fine == len(boosted))


if __name__ == "__main__":
    main(sys.argv[1:])
