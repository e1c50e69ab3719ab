"""Compile a model and hold the result against it: the variants of a version, with their proofs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.base.memory import give_back
from hythe.base.progress import Progress
from hythe.bundle.goldens import Goldens
from hythe.bundle.manifest import NATIVE, ONNX
from hythe.bundle.outcome import Answers, Outcome
from hythe.bundle.proof import Proof
from hythe.bundle.rows import Rows, count, take
from hythe.bundle.schema import Schema
from hythe.bundle.weights import GRAPH, WEIGHTS, split
from hythe.compile.adversarial import ProofRows, proof_rows
from hythe.compile.against import rows_against
from hythe.compile.choose import choose_goldens
from hythe.compile.compare import at
from hythe.compile.compiler import Compiled, compile_model
from hythe.compile.lowering.frame import CannotLower
from hythe.compile.proof import prove
from hythe.compile.refusals import original_outcome
from hythe.compile.ties import self_disagreements
from hythe.flavors.protocol import Flavor
from hythe.operations.timing import median_us
from hythe.runtime.onnx import OnnxModel


@dataclass(frozen=True, slots=True)
class Original:
    """The user's model as a function of rows."""

    flavor: Flavor
    model: Any
    schema: Schema

    def __call__(self, rows: Rows) -> Answers:
        """Answer as the framework does; raises what it raises."""
        return self.flavor.predict(self.model, rows, self.schema)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it: goldens, the files and proof of the ONNX variant, and why there is none.

    `timings_us` are medians of one row for each variant that may answer; `fastest` is the quickest of them.
    """

    goldens: Goldens
    files: Mapping[str, bytes] = field(default_factory=dict)
    proof: Proof | None = None
    reason: str = ""
    timings_us: Mapping[str, float] = field(default_factory=dict)

    @property
    def fastest(self) -> str:
        """The variant that answers one row quickest."""
        return min(self.timings_us, key=lambda name: self.timings_us[name])


def run_trial(original: Original, examples: Rows, progress: Progress, *, seed: int = 0) -> Trial:
    """Lower, prove on adversarial rows, choose goldens, and measure.

    Raises:
        Invalid: when the original answers none of the rows.

    """
    row = take(examples, [0])
    timings = {NATIVE: median_us(lambda: original(row))}
    progress.step("compiling")
    try:
        compiled = compile_model(original.model, original.schema)
        files = split(compiled.graph)
        give_back()
        runner = _runner(files, compiled)
    except CannotLower as err:
        return _native_trial(original, examples, str(err), timings, seed)
    except Exception as err:  # noqa: BLE001 - a lowering that fails must not stop a model from landing
        why = f"its lowering failed ({type(err).__name__}: {err}); please report this"
        return _native_trial(original, examples, why, timings, seed)
    tried = rows_against(compiled, original, examples, original.schema, seed=seed)
    give_back()
    progress.step(f"proving on {count(tried.rows):,} rows")
    result = prove(original, runner.predict, tried, original.schema, name=ONNX, seed=seed)
    if result.proof.proven:
        timings[ONNX] = median_us(lambda: runner.predict(row))
    goldens = _goldens(tried, result.outcome, result.excess, result.tied, seed)
    return Trial(goldens, _files(files, compiled, result.proof), result.proof, result.proof.reason, timings)


def _native_trial(
    original: Original, examples: Rows, reason: str, timings: Mapping[str, float], seed: int
) -> Trial:
    """Choose goldens by what the original does alone, from rows on which it agrees with itself."""
    tried = proof_rows(examples, original.schema, seed=seed)
    outcome = original_outcome(original, tried.rows, kinds=tried.kinds)
    unsteady = np.zeros(outcome.refused.size, dtype=np.bool_)
    found, _ = self_disagreements(original, tried.rows, outcome, np.random.default_rng(seed))
    unsteady[found] = True
    goldens = _goldens(tried, outcome, np.zeros(unsteady.size), unsteady, seed)
    return Trial(goldens, reason=reason, timings_us=timings)


def _goldens(
    tried: ProofRows,
    outcome: Outcome,
    excess: NDArray[np.float64],
    tied: NDArray[np.bool_],
    seed: int,
) -> Goldens:
    chosen = choose_goldens(tried.kinds, outcome, excess, skip=tied, seed=seed)
    return Goldens(take(tried.rows, chosen), at(outcome, chosen), tuple(tried.kinds[chosen].tolist()))


def _runner(files: Mapping[str, bytes], compiled: Compiled) -> OnnxModel:
    """Load the graph as those who answer with it will: with its weights mapped, where they are apart."""
    if WEIGHTS not in files:
        return OnnxModel(compiled.graph, compiled.variant)
    with tempfile.TemporaryDirectory(prefix="hythe-") as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        return OnnxModel(Path(folder) / GRAPH, compiled.variant)


def _files(graph: Mapping[str, bytes], compiled: Compiled, proof: Proof) -> dict[str, bytes]:
    """Give the files of a proven variant; of a refused one only the proof, which says why."""
    files = {f"proofs/{ONNX}.json": proof.encode()}
    if proof.proven:
        files |= {f"variants/{ONNX}/{name}": data for name, data in graph.items()}
        files[f"variants/{ONNX}/variant.json"] = compiled.variant.encode()
    return files
