"""The proof catches planted faults, does not cry at honest variants, and counts ties apart."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hythe.base.errors import Invalid
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Array
from hythe.bundle.schema import Column, Schema, Tensor
from hythe.compile.adversarial import proof_rows
from hythe.compile.cells import floats
from hythe.compile.proof import Execute, ProofResult, prove
from hythe.compile.refusals import Predict

SCHEMA = Schema((Column("x", "float64", nullable=True), Column("y", "float64"), Column("plan", "string")))
RNG = np.random.default_rng(5)
EXAMPLES = pa.table(
    {
        "x": RNG.normal(size=200),
        "y": RNG.normal(size=200),
        "plan": RNG.choice(["gold", "silver"], 200),
    }
)
THRESHOLD = 0.1234567890123
POINTS = {"x": np.array([THRESHOLD, -0.7])}


def cells(rows: Any) -> tuple[Array, Array, Array]:
    plans = np.array([value or "" for value in rows.column("plan").to_pylist()], dtype=object)
    return floats(rows.column("x")), floats(rows.column("y")), plans


def leaves(x: Array, y: Array, threshold: float = THRESHOLD) -> Array:
    """A tree with a NaN direction: to the left at `threshold`, by y on the left."""
    left = (x <= threshold) | np.isnan(x)
    return np.where(left, np.where(y > 0.0, 0.9, 0.6), 0.2)


def refuses(x: Array, y: Array, plans: Array) -> Array:
    return np.isinf(x) | ~np.isfinite(y) | ~np.isin(plans, ["gold", "silver"])


def answers(score: Array) -> dict[str, Array]:
    return {
        "label": np.where(score > 0.5, "yes", "no"),
        "probabilities": np.stack([1 - score, score], axis=1),
    }


def original(rows: Any) -> dict[str, Array]:
    x, y, plans = cells(rows)
    if refuses(x, y, plans).any():
        raise ValueError("input contains infinity, NaN or an unknown category")
    warnings.warn("fitted long ago", UserWarning, stacklevel=1)
    return answers(leaves(x, y))


def honest(rows: Any) -> Outcome:
    x, y, plans = cells(rows)
    return Outcome(answers(leaves(x, y) + 1e-12), refuses(x, y, plans))


def one_float32_threshold(rows: Any) -> Outcome:
    x, y, plans = cells(rows)
    return Outcome(answers(leaves(x, y, float(np.float32(THRESHOLD)))), refuses(x, y, plans))


def nan_to_the_right(rows: Any) -> Outcome:
    x, y, plans = cells(rows)
    return Outcome(answers(leaves(np.where(np.isnan(x), np.inf, x), y)), refuses(x, y, plans))


def strict_comparison(rows: Any) -> Outcome:
    x, y, plans = cells(rows)
    return Outcome(answers(leaves(x, y, np.nextafter(THRESHOLD, -1))), refuses(x, y, plans))


def one_label_off(rows: Any) -> Outcome:
    given = honest(rows)
    label = given.answers["label"].copy()
    label[cells(rows)[0] == EXAMPLES.column("x")[17].as_py()] = "maybe"
    return Outcome({**given.answers, "label": label}, given.refused)


def answers_infinities(rows: Any) -> Outcome:
    given = honest(rows)
    return Outcome(given.answers, given.refused & ~np.isposinf(cells(rows)[0]))


def refuses_zero(rows: Any) -> Outcome:
    given = honest(rows)
    return Outcome(given.answers, given.refused | (cells(rows)[0] == 0.0))


def depends_on_the_batch(rows: Any) -> Outcome:
    given = honest(rows)
    score = given.answers["probabilities"][:, 1] + (1e-3 if rows.num_rows == 3 else 0.0)
    return Outcome(answers(score), given.refused)


def reads_columns_by_position(rows: Any) -> Outcome:
    return honest(rows.rename_columns(["x", "y", "plan"]))


def crashes(rows: Any) -> Outcome:
    raise RuntimeError("no kernel for Erf(13) in float64")


def slightly_off(rows: Any) -> Outcome:
    given = honest(rows)
    return Outcome(answers(given.answers["probabilities"][:, 1] * (1 + 3e-6)), given.refused)


def result_of(variant: Execute, model: Predict = original) -> ProofResult:
    return prove(model, variant, proof_rows(EXAMPLES, SCHEMA, POINTS, seed=0), SCHEMA)


def test_an_honest_variant_is_proven_with_its_refusals_and_its_noise() -> None:
    result = result_of(honest)
    proof = result.proof
    assert proof.proven, proof.reason
    assert proof.refusals.both == int(result.outcome.refused.sum()) > 20
    assert proof.refusals.only_original == proof.refusals.only_variant == proof.ties == 0
    assert proof.rows["threshold"] > 10
    assert {item.output: item.absolute for item in proof.deviations} == {"label": 0.0, "probabilities": 1e-11}
    assert (proof.tolerance.absolute, proof.tolerance.relative) == (1e-9, 1e-6)
    assert proof.counterexample is None


@pytest.mark.parametrize(
    ("variant", "kind", "words"),
    [
        (one_float32_threshold, "threshold", "label"),
        (strict_comparison, "threshold", "label"),
        (nan_to_the_right, "missing", "label"),
        (one_label_off, None, "label"),
        (answers_infinities, "infinite", "the original refuses and the variant answers"),
        (refuses_zero, None, "the variant refuses and the original answers"),
        (slightly_off, None, "'probabilities' is off by"),
    ],
    ids=lambda item: getattr(item, "__name__", ""),
)
def test_a_planted_fault_is_refused_with_its_row(variant: Any, kind: Any, words: Any) -> None:
    proof = result_of(variant).proof
    assert proof.verdict == "refused"
    assert words in proof.reason
    assert proof.counterexample is not None
    assert kind is None or proof.counterexample.kind == kind
    assert proof.counterexample.original != proof.counterexample.variant


def test_the_counter_example_names_the_row_and_both_answers() -> None:
    case: Any = result_of(nan_to_the_right).proof.counterexample
    assert case.row["x"] is None
    assert case.original["label"] == "yes"
    assert case.variant["label"] == "no"
    case = result_of(answers_infinities).proof.counterexample
    assert case.row["x"] == "Infinity"
    assert case.original is None


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        (depends_on_the_batch, "in a batch of 3 the variant answers rows otherwise than among all of them"),
        (reads_columns_by_position, "with its columns in another order"),
        (crashes, "the variant fails on the proof rows: RuntimeError: no kernel for Erf"),
    ],
    ids=lambda item: getattr(item, "__name__", ""),
)
def test_a_variant_that_is_no_function_of_the_row_is_refused(variant: Any, words: Any) -> None:
    proof = result_of(variant).proof
    assert proof.verdict == "refused"
    assert words in proof.reason


def test_rows_on_which_the_original_disagrees_with_itself_are_ties_counted_apart() -> None:
    def wavering(rows: Any) -> Any:
        given = original(rows)
        score = given["probabilities"][:, 1].copy()
        on = cells(rows)[0] == THRESHOLD
        score[on] = 0.9 if rows.num_rows > 1 else 0.2
        return answers(score)

    def variant(rows: Any) -> Any:
        x, y, plans = cells(rows)
        score = np.where(x == THRESHOLD, 0.2, leaves(x, y))
        return Outcome(answers(score), refuses(x, y, plans))

    result = result_of(variant, wavering)
    assert result.proof.proven, result.proof.reason
    x = cells(proof_rows(EXAMPLES, SCHEMA, POINTS, seed=0).rows)[0]
    assert result.proof.ties == int(result.tied.sum()) == int((x == THRESHOLD).sum()) > 0
    assert result.excess[result.tied].max() == 0.0


def test_a_random_original_is_refused_with_the_reason() -> None:
    rng = np.random.default_rng(0)

    def noisy(rows: Any) -> Any:
        original(rows)
        return answers(rng.uniform(size=rows.num_rows))

    proof = result_of(honest, noisy).proof
    assert proof.verdict == "refused"
    assert "it is random, or its answer to a row depends on the rows beside it" in proof.reason


def test_an_original_that_looks_at_the_whole_batch_is_refused_with_the_reason() -> None:
    def centring(rows: Any) -> Any:
        given = original(rows)
        score = given["probabilities"][:, 1]
        return answers(score - score.mean())

    assert "depends on the rows beside it" in result_of(honest, centring).proof.reason


def test_an_original_that_answers_nothing_cannot_be_proven() -> None:
    def broken(rows: Any) -> Any:
        raise KeyError("income")

    with pytest.raises(Invalid, match=r"answers none of its proof rows .*income"):
        prove(broken, honest, proof_rows(EXAMPLES.slice(0, 5), SCHEMA, budget=64), SCHEMA)


def test_a_variant_that_refuses_everything_does_not_make_the_original_answer_row_by_row() -> None:
    calls = []

    def counting(rows: Any) -> Any:
        calls.append(rows.num_rows)
        return original(rows)

    def shut(rows: Any) -> Any:
        return Outcome(honest(rows).answers, np.ones(rows.num_rows, dtype=bool))

    proof = result_of(shut, counting).proof
    assert "the variant refuses and the original answers" in proof.reason
    assert sum(size == 1 for size in calls) < 500


def test_single_precision_originals_get_the_wider_tolerance() -> None:
    schema = Schema((Tensor("x", "float32", (4,)),), container="tensors")
    examples = {"x": np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)}

    def sums(rows: Any) -> Any:
        return {"value": rows["x"].sum(axis=1)}

    def nearly(rows: Any) -> Any:
        total = rows["x"].astype(np.float64).sum(axis=1)
        return Outcome.answered({"value": (total * (1 + 5e-6)).astype(np.float32)})

    tried = proof_rows(examples, schema)
    proof = prove(sums, nearly, tried, schema).proof
    assert proof.tolerance.relative == 1e-5
    assert proof.rows["zeros"] == 1
