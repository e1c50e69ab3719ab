"""Estimated against realised performance, by chunk, on data that drift, beside NannyML's CBPE and DLE.

The car-loan, housing, car-price and employment sets lie in the `nannyml` wheel. Beside the mean absolute
error of both estimates stands that of a dummy which always says what the reference's performance was. Two
sets are drawn: one on which all that an estimate takes for granted holds, one with nothing but concept drift,
where every estimate without labels is wrong, and the test with labels has to say so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from estimates import ours, theirs
from estimates.sets import LabelledSet, drawn, in_wheel
from harness import Bench
from peers.environment import NotInstalled, install, installed

SAME, CONCEPT = "drawn, no concept drift", "drawn, concept drift alone"
SLACK = 1.1
"""So many times NannyML's mean error ours may be."""
HEADLINE = {"accuracy", "roc_auc", "mae"}
LEVEL = 1e-4
COVERED = 0.9


def main(arguments: list[str]) -> None:
    """Measure all sets; in the fast mode the drawn ones, and the smallest of the wheel where it is there."""
    with Bench("performance_estimate", arguments) as bench:
        peer = _peer(bench)
        for found in _sets(bench.fast, peer):
            chunks, reference = ours.estimate(found)
            beside = peer and not (bench.fast and found.name in {SAME, CONCEPT})
            other = theirs.estimate(found) if beside else {}
            for metric in found.metrics:
                _compare(bench, found.name, metric, chunks, reference[metric], other.get(metric))
            if found.name == CONCEPT:
                _says_so(bench, chunks)
        covered(bench)
        unchanged(bench)


def _peer(bench: Bench) -> bool:
    if installed("nannyml"):
        return True
    if bench.fast:
        return False
    try:
        install("nannyml")
    except NotInstalled as err:
        print(f"NannyML is left out: {err}", file=sys.stderr)
        return False
    return True


def _sets(fast: bool, peer: bool) -> Iterator[LabelledSet]:
    chunks, size = (6, 1000) if fast else (20, 2000)
    yield drawn(SAME, chunks, size, concept=False)
    yield drawn(CONCEPT, chunks, size, concept=True)
    if peer:
        for found in in_wheel():
            yield found
            if fast:
                return


def _compare(
    bench: Bench,
    name: str,
    metric: str,
    chunks: list[ours.Chunk],
    reference: float,
    other: list[float] | None,
) -> None:
    """Report one metric's mean absolute errors over the chunks in which it exists."""
    known = [at for at, chunk in enumerate(chunks) if metric in chunk.estimated and metric in chunk.realised]
    realised = np.array([chunks[at].realised[metric] for at in known])
    estimated = np.array([chunks[at].estimated[metric] for at in known])
    error = float(np.abs(estimated - realised).mean())
    row: dict[str, Any] = {
        "set": name,
        "metric": metric,
        "chunks": len(known),
        "realised": f"{realised[0]:.4g} to {realised[-1]:.4g}",
        "our error": error,
        "dummy's": float(np.abs(reference - realised).mean()),
        "inside 95%": float(np.mean([chunks[at].inside[metric] for at in known])),
    }
    if other is not None:
        row["NannyML's"] = float(np.nanmean(np.abs(np.array(other)[known] - realised)))
        if metric in HEADLINE and name != CONCEPT:
            what = f"{name}: mean error of estimated {metric}, over NannyML's"
            bench.check(
                what, error / row["NannyML's"], "times", f"<= {SLACK}", error <= SLACK * row["NannyML's"]
            )
    bench.row(row)


def _says_so(bench: Bench, chunks: list[ours.Chunk]) -> None:
    """See that labels give away what estimates cannot see; the first chunk has not drifted."""
    found = [chunk.p_value is not None and chunk.p_value <= LEVEL for chunk in chunks]
    half = found[len(found) // 2 :]
    bench.check(
        "concept drift: later chunks in which labels tell it", float(np.mean(half)), "share", 1.0, all(half)
    )
    bench.check("concept drift: alarms before it began", int(found[0]), "alarms", 0, not found[0])


def covered(bench: Bench) -> None:
    """Count how often intervals held what labels showed, each time against a new reference."""
    inside: dict[str, list[bool]] = {}
    for seed in range(5 if bench.fast else 30):
        for chunk in ours.estimate(drawn("", 10, 1000, concept=False, seed=100 + seed))[0]:
            for metric, held in chunk.inside.items():
                inside.setdefault(metric, []).append(held)
    for metric, times in inside.items():
        share = float(np.mean(times))
        what = f"{SAME}: 95% intervals that held the realised {metric}"
        bench.check(what, share, "share", f">= {COVERED}", share >= COVERED)


def unchanged(bench: Bench) -> None:
    """Count how often labels of unchanged data alarm, each time against a new reference."""
    repeats, level = (60 if bench.fast else 400), 0.05
    alarms = 0
    for seed in range(repeats):
        found = drawn("", 1, 300, concept=True, seed=seed, reference=1000)
        [chunk], _ = ours.estimate(found)
        alarms += chunk.p_value is not None and chunk.p_value <= level
    share = alarms / repeats
    most = level + 3 * (level * (1 - level) / repeats) ** 0.5
    bench.check("unchanged data on which labels alarm at 5%", share, "share", f"<= {most:.3g}", share <= most)


if __name__ == "__main__":
    main(sys.argv[1:])
