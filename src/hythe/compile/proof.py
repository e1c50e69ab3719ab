"""Prove that a variant does what the original does, or find the row on which it does not."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.bundle.outcome import Outcome
from hythe.bundle.proof import Case, Deviation, Proof, Refusals, Tolerance, case
from hythe.bundle.rows import Rows, take
from hythe.bundle.schema import Schema
from hythe.bundle.tolerance import DOUBLE
from hythe.compile.adversarial import ProofRows
from hythe.compile.compare import Difference, at, difference, differences, tolerances
from hythe.compile.refusals import Predict, ask, reason, undisturbed
from hythe.compile.ties import self_disagreements, ties

Execute = Callable[[Rows], Outcome]
"""A variant: answers or refuses each row of a batch."""

UNSTEADY_SHARE = 0.02
"""An original that answers more of its rows otherwise when asked again is not a function of the row."""
_NOISE = 1e-3
_MOST = 1e300
_BATCH_SIZES = (1, 2, 3, 7, 19)
_SAMPLE = 32


@dataclass(frozen=True, slots=True)
class ProofResult:
    """The record, and what it was made from.

    `outcome` is what the original did with each proof row, `excess` [rows] how far the variant was from it in
    tolerances (infinite: another label or refusal; 0 for ties), `tied` marks the rows on which the original
    disagrees with itself.
    """

    proof: Proof
    outcome: Outcome
    excess: NDArray[np.float64]
    tied: NDArray[np.bool_]


@dataclass
class _Trial:
    """Everything that was seen on the proof rows."""

    name: str
    tried: ProofRows
    schema: Schema
    seed: int
    outcome: Outcome
    answered: Outcome
    apart: Difference

    def __post_init__(self) -> None:
        self.tied = np.zeros_like(self.outcome.refused)

    @property
    def excess(self) -> NDArray[np.float64]:
        return np.where(self.tied, 0.0, self.apart.excess)

    def case(self, index: int) -> Case:
        answers = (self.outcome, self.answered)
        return case(str(self.tried.kinds[index]), self.tried.rows, index, self.schema, answers)


def prove(
    original: Predict,
    variant: Execute,
    tried: ProofRows,
    schema: Schema,
    *,
    name: str = "onnx",
    seed: int = 0,
) -> ProofResult:
    """Hold `variant` against `original` on proof rows.

    The verdict is `refused`, with a reason and where there is one a counter-example, when a label, a refusal
    or a number beyond its tolerance differs on a row on which the original agrees with itself; when the
    variant fails, or answers a row otherwise alone than in a batch or with its columns in another order; and
    when the original is not a function of the row.

    Raises:
        Invalid: when the original answers none of the rows.

    """
    answered, failure = _attempt(variant, tried.rows)
    likely = None if answered is None else answered.refused
    outcome, said = ask(original, tried.rows, likely=likely, kinds=tried.kinds)
    if outcome.refused.all():
        message = next(iter(said.values()), "there are none")
        raise Invalid(
            f"the original answers none of its proof rows ({message}); pass examples that it answers"
        )
    if answered is None:
        answered = Outcome(outcome.answers, np.ones_like(outcome.refused))
    trial = _Trial(name, tried, schema, seed, outcome, answered, difference(outcome, answered))
    if not failure:
        trial.tied[ties(original, tried.rows, outcome, _suspects(trial.apart))] = True
    rng = np.random.default_rng(seed)
    trouble = failure or _unsteady(trial, original, rng) or _wrong(trial) or _fickle(trial, variant, rng)
    return ProofResult(_record(trial, trouble), outcome, trial.excess, trial.tied)


def _attempt(variant: Execute, rows: Rows) -> tuple[Outcome | None, str]:
    """Run the variant; whatever it raises is its failure."""
    try:
        with undisturbed():
            return variant(rows), ""
    except Exception as err:  # noqa: BLE001 - a variant that raises is refused, whatever it raises
        return None, f"the variant fails on the proof rows: {reason(err)}"


def _suspects(apart: Difference) -> NDArray[np.int64]:
    """List the rows that differ, the worst first."""
    found = np.flatnonzero(apart.differs)
    return found[np.argsort(-apart.excess[found], kind="stable")]


def _unsteady(trial: _Trial, original: Predict, rng: np.random.Generator) -> str:
    """Ask the original again; rows that it answers otherwise are ties, and too many of them its end."""
    found, asked = self_disagreements(original, trial.tried.rows, trial.outcome, rng)
    trial.tied[found] = True
    if found.size <= max(UNSTEADY_SHARE * asked, 1):
        return ""
    return (
        f"the original answers {found.size} of {asked} rows otherwise when it is asked again: it is random, "
        "or its answer to a row depends on the rows beside it"
    )


def _wrong(trial: _Trial) -> str:
    """Tell on how many rows the variant differs, and how on the worst of them."""
    wrong = np.flatnonzero(trial.excess > 1.0)
    if not wrong.size:
        return ""
    worst = _worst(trial)
    kind = trial.tried.kinds[worst]
    return f"{wrong.size} of {trial.excess.size} rows differ; on the worst ({kind}) {_how(trial, worst)}"


def _how(trial: _Trial, index: int) -> str:
    if trial.outcome.refused[index]:
        return "the original refuses and the variant answers"
    if trial.answered.refused[index]:
        return "the variant refuses and the original answers"
    apart = differences(at(trial.outcome, np.array([index])), at(trial.answered, np.array([index])))
    return " and ".join(
        f"{name!r} is off by {output.deviation[0]:.3g}"
        if np.isfinite(output.excess[0])
        else f"{name!r} differs"
        for name, output in apart.items()
        if output.differs[0]
    )


def _fickle(trial: _Trial, variant: Execute, rng: np.random.Generator) -> str:
    """Ask the variant for a sample of each kind alone, in small batches, and with columns reordered."""
    sample = _sample(trial, rng)
    rows = trial.tried.rows
    for size in _BATCH_SIZES:
        for start in range(0, sample.size, size):
            batch = sample[start : start + size]
            trouble = _differing(trial, variant, batch, take(rows, batch))
            if trouble:
                return f"in a batch of {batch.size} {trouble}"
    if isinstance(rows, pa.Table):
        reordered = take(rows.select(rows.column_names[::-1]), sample)
        trouble = _differing(trial, variant, sample, reordered)
        if trouble:
            return f"with its columns in another order {trouble}"
    return ""


def _differing(trial: _Trial, variant: Execute, batch: NDArray[np.int64], rows: Rows) -> str:
    answered, failure = _attempt(variant, rows)
    if answered is None:
        return failure
    if not difference(at(trial.outcome, batch), answered).differs.any():
        return ""
    return "the variant answers rows otherwise than among all of them"


def _sample(trial: _Trial, rng: np.random.Generator) -> NDArray[np.int64]:
    """Pick untied rows, one of each kind at least."""
    order = rng.permutation(np.flatnonzero(~trial.tied))
    _, firsts = np.unique(trial.tried.kinds[order], return_index=True)
    others = np.delete(order, firsts)
    return np.concatenate([order[firsts], others])[: max(_SAMPLE, firsts.size)]


def _worst(trial: _Trial) -> int:
    return int(np.argmax(trial.excess))


def _record(trial: _Trial, trouble: str) -> Proof:
    refused, also = trial.outcome.refused & ~trial.tied, trial.answered.refused & ~trial.tied
    wrong = trial.excess > 1.0
    return Proof(
        variant=trial.name,
        verdict="refused" if trouble else "proven",
        tolerance=_tolerance(trial.outcome),
        rows=dict(Counter(trial.tried.kinds.tolist())),
        seed=trial.seed,
        ties=int(trial.tied.sum()),
        coverage=trial.tried.coverage,
        deviations=tuple(_deviations(trial)),
        refusals=Refusals(
            both=int((refused & also).sum()),
            only_original=int((refused & ~also).sum()),
            only_variant=int((also & ~refused).sum()),
        ),
        reason=trouble,
        counterexample=trial.case(_worst(trial)) if trouble and wrong.any() else None,
    )


def _tolerance(outcome: Outcome) -> Tolerance:
    """Name the widest tolerance that was in use."""
    absolute, relative = max(tolerances(outcome.answers).values(), default=DOUBLE)
    return Tolerance(absolute, relative)


def _deviations(trial: _Trial) -> Iterator[Deviation]:
    """Report each output's worst row; a difference that is mere rounding noise names none."""
    for name, output in differences(trial.outcome, trial.answered).items():
        excess = np.where(trial.tied, 0.0, output.excess)
        worst = int(np.argmax(excess))
        telling = excess[worst] > _NOISE
        yield Deviation(
            output=name,
            absolute=_rounded_up(float(output.deviation[~trial.tied].max(initial=0.0))),
            share=_rounded_up(float(excess[worst])),
            case=trial.case(worst) if telling else None,
        )


def _rounded_up(value: float) -> float:
    """Round up to a power of ten, so that the last bits of a sum, which threads move, are not stored.

    >>> _rounded_up(7.1e-16)
    1e-15
    """
    if value == 0.0:
        return 0.0
    return float(f"1e{math.ceil(math.log10(value))}") if value < _MOST else _MOST
