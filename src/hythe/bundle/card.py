"""The model card: what a version takes and gives, how it was proven, what it was seen on, and its limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hythe.bundle.baseline import Baseline
from hythe.bundle.manifest import Manifest
from hythe.bundle.proof import Proof
from hythe.bundle.schema import Column, Output, Scalar, Tensor
from hythe.bundle.truth import Calibration

_MOST_NAMED = 6
_MOST_FEATURES = 10


def write_card(
    manifest: Manifest, proofs: Iterable[Proof], baseline: Baseline | None, notes: str = ""
) -> str:
    """Write the card as Markdown: a function of the arguments alone, without names, versions or times.

    `notes` is the author's own Markdown, put first.
    """
    by_variant = {proof.variant: proof for proof in proofs}
    sections = [
        "# Model card",
        notes.strip(),
        f"A `{manifest.flavor.name}` model, stored as `{manifest.flavor.format}`."
        + (" Loading the original runs a program: trust it first." if manifest.flavor.program else ""),
        _section("What it takes", _inputs(manifest.schema.inputs, baseline)),
        _section("What it gives", _outputs(manifest.schema.outputs)),
        _section("How it was proven", _proofs(manifest, by_variant)),
        _section("How good it is", _quality(manifest, baseline)),
        _section("What its answers hang on", _importances(baseline)),
        _section("Limits", _limits(manifest, baseline)),
        _section("Where it comes from", _lineage(manifest)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _section(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"## {title}\n\n{body}" if body else ""


def _row(*cells: str) -> str:
    """Write one row of a table; what would end a cell or a row is escaped."""
    safe = [" ".join(cell.replace("\\", "\\\\").replace("|", "\\|").splitlines()) for cell in cells]
    return f"| {' | '.join(safe)} |"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(*head)
    yield _row(*["---"] * len(head))
    for row in rows:
        yield _row(*row)


def _inputs(inputs: Sequence[Column | Tensor], baseline: Baseline | None) -> Iterator[str]:
    return _table(
        ("input", "type", "may be missing", "values"),
        (
            (item.name, item.type, "yes" if item.nullable else "no", _values(item, baseline))
            if isinstance(item, Column)
            else (item.name, _shaped(item.dtype, item.shape), "no", "")
            for item in inputs
        ),
    )


def _values(column: Column, baseline: Baseline | None) -> str:
    """Say what values a column may have, or was seen to have."""
    if column.sensitive:
        return "sensitive"
    if column.categories is not None:
        return f"one of {_listed(column.categories)}"
    if column.minimum is not None or column.maximum is not None:
        low = "any" if column.minimum is None else f"{column.minimum:g}"
        return f"{low} to {'any' if column.maximum is None else f'{column.maximum:g}'}"
    seen = None if baseline is None else baseline.features.get(column.name)
    if seen is None or seen.moments is None or seen.moments.minimum is None or column.type == "timestamp":
        return ""
    return f"seen: {seen.moments.minimum:g} to {seen.moments.maximum:g}"


def _listed(values: Sequence[Scalar]) -> str:
    named = ", ".join(str(value) for value in values[:_MOST_NAMED])
    return named if len(values) <= _MOST_NAMED else f"{named} and {len(values) - _MOST_NAMED} more"


def _shaped(dtype: str, shape: Sequence[int]) -> str:
    return f"{dtype}[{', '.join('any' if axis < 0 else str(axis) for axis in shape)}]" if shape else dtype


def _outputs(outputs: Sequence[Output]) -> Iterator[str]:
    if not outputs:
        return iter(())
    rows = ((o.name, _shaped(o.dtype, o.shape), _listed(o.classes or ())) for o in outputs)
    return _table(("output", "type", "classes"), rows)


def _proofs(manifest: Manifest, proofs: Mapping[str, Proof]) -> Iterator[str]:
    for entry in manifest.variants:
        proof = proofs.get(entry.name)
        if proof is None:
            yield f"- `{entry.name}`: {entry.reason or 'the original itself'}."
        else:
            yield f"- `{entry.name}`: **{proof.verdict}**. {_told(proof)}"


def _told(proof: Proof) -> str:
    """Tell one proof in a few sentences."""
    kinds = ", ".join(f"{rows} {kind}" for kind, rows in sorted(proof.rows.items()))
    said = [f"Tried on {proof.tried} rows ({kinds})."] if proof.tried else []
    said += [f"{item.tried} of {item.total} {item.what} reached." for item in proof.coverage]
    said += [f"Worst deviation in `{item.output}`: {item.absolute:.3g}." for item in proof.deviations]
    said.append(f"Allowed: {proof.tolerance.absolute:g} + {proof.tolerance.relative:g}·|answer|.")
    if proof.refusals.both:
        said.append(f"Both refuse {proof.refusals.both} rows.")
    if proof.ties:
        said.append(f"{proof.ties} ties left out, on which the original disagrees with itself.")
    if proof.reason:
        said.append(f"Reason: {proof.reason.rstrip('.')}.")
    return " ".join(said)


def _quality(manifest: Manifest, baseline: Baseline | None) -> Iterator[str]:
    measures = dict(manifest.metrics)
    found = None if baseline is None else baseline.calibration
    if isinstance(found, Calibration):
        measures |= {
            "accuracy on the examples": found.accuracy,
            "log loss on the examples": found.log_loss,
            "Brier score on the examples": found.brier_score,
            "calibration error on the examples": found.calibration_error,
        }
    elif found is not None:
        measures |= {
            "mean absolute error on the examples": found.mean_absolute_error,
            "root mean squared error on the examples": found.root_mean_squared_error,
            "bias on the examples": found.bias,
        }
    if not measures:
        return iter(())
    return _table(("measure", "value"), ((name, f"{value:.6g}") for name, value in sorted(measures.items())))


def _importances(baseline: Baseline | None) -> Iterator[str]:
    found = None if baseline is None else baseline.importances
    if found is None or not found.change:
        return
    yield f"Change of `{found.output}` when one input is shuffled ({found.rows} rows):"
    yield ""
    ranked = sorted(found.change.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = ((name, f"{value:.3g}") for name, value in ranked[:_MOST_FEATURES])
    yield from _table(("input", "change"), shown)


def _limits(manifest: Manifest, baseline: Baseline | None) -> Iterator[str]:
    if baseline is not None:
        yield f"- Seen on {baseline.rows} example rows; beyond what they show its answers are extrapolation."
        if baseline.refused:
            yield f"- The original refused {baseline.refused} of them."
    needed = [item.name for item in manifest.schema.columns if not item.nullable]
    if needed:
        yield f"- Rows without {_listed(needed)} are refused."
    for entry in manifest.variants:
        if entry.status != "proven":
            yield f"- The variant `{entry.name}` is {entry.status} and does not answer: {entry.reason}"


def _lineage(manifest: Manifest) -> Iterator[str]:
    lineage = manifest.lineage
    if lineage.parent:
        yield f"- Follows `{lineage.parent}`"
    yield from (f"- Data `{name}`: `{digest}`" for name, digest in sorted(lineage.data.items()))
    yield from (f"- Parameter `{name}`: `{value}`" for name, value in sorted(manifest.parameters.items()))
    yield from (f"- {name}: {value}" for name, value in sorted(manifest.tags.items()))
