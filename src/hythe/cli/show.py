"""`hythe show churn`: what a version holds. Nothing is loaded or run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hythe.cli.common import COMMON, Common, emit, say, table

if TYPE_CHECKING:
    from hythe.bundle.schema import Column, Schema
    from hythe.operations.describe import Description


def show_command(ref: str, *, card: bool = False, common: Common = COMMON) -> None:
    """Show what a version holds: schema, proof, metrics, lineage. Nothing is loaded or run.

    Parameters
    ----------
    ref
        The version: churn, churn:1.0.0, churn:champion or churn@sha256:….
    card
        Print the model card (Markdown) instead.

    """
    from hythe.app.wire import opened
    from hythe.operations.describe import card_of, described

    with opened(common.config()) as here:
        description = described(here.registry, ref)
        text_of_card = card_of(here.registry, ref) if card else ""
    emit(common, description, lambda: say(text_of_card) if card else _print(description))


def _print(description: Description) -> None:
    record, manifest = description.record, description.manifest
    if record.notice:
        say(f"note: {record.notice}")
    review = f"{record.approval.state} {record.approval.by} {record.approval.note}".strip()
    facts = {
        "version": record.ref,
        "digest": record.digest,
        "aliases": ", ".join(record.aliases),
        "packed": f"{record.created_at} by {record.created_by}",
        "review": review,
        "flavor": f"{manifest.flavor.name} ({manifest.flavor.format})",
        "commit": str(record.facts.get("commit", ""))
        + (" with changes" if record.facts.get("dirty") else ""),
        "parent": manifest.lineage.parent,
        "size": f"{sum(description.files.values()):,} bytes in {len(description.files)} files",
        **{f"metric {name}": f"{value:g}" for name, value in manifest.metrics.items()},
        **{f"tag {name}": value for name, value in manifest.tags.items()},
    }
    for name, value in facts.items():
        if value:
            say(f"{name:<12} {value}")
    say("")
    _print_schema(manifest.schema)
    say("")
    _print_variants(description)


def _print_schema(schema: Schema) -> None:
    rows = [[column.name, column.type, _limits(column)] for column in schema.columns]
    rows += [[tensor.name, f"{tensor.dtype} tensor", str(list(tensor.shape))] for tensor in schema.tensors]
    table(["input", "type", "limits"], rows)
    say("")
    outputs = [
        [output.name, output.dtype, ", ".join(map(str, output.classes or ())) or str(list(output.shape))]
        for output in schema.outputs
    ]
    table(["output", "type", "classes or shape"], outputs)


def _limits(column: Column) -> str:
    words = ["may be missing"] if column.nullable else []
    words += [f"at least {column.minimum:g}"] if column.minimum is not None else []
    words += [f"at most {column.maximum:g}"] if column.maximum is not None else []
    words += ["one of " + ", ".join(map(str, column.categories))] if column.categories else []
    words += ["sensitive"] if column.sensitive else []
    return "; ".join(words) or "-"


def _print_variants(description: Description) -> None:
    timings = description.record.facts.get("timings_us", {})
    chosen = description.record.facts.get("variant")
    rows = [
        [
            entry.name + (" *" if entry.name == chosen else ""),
            entry.status,
            f"{timings[entry.name]:,.0f}" if entry.name in timings else "-",
            entry.reason or "-",
        ]
        for entry in description.manifest.variants
    ]
    table(["variant (* serves)", "proof", "µs a row", "reason"], rows)
    for proof in description.proofs:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(proof.rows.items()))
        say("", f"proof of {proof.variant}: {proof.tried:,} rows ({kinds})")
        say(
            f"  within |a - b| <= {proof.tolerance.absolute:g} + {proof.tolerance.relative:g}|a|; "
            f"{proof.refusals.both} refused by both; {proof.ties} ties"
        )
        for item in proof.deviations:
            say(f"  {item.output}: worst deviation {item.absolute:g}")
        for covered in proof.coverage:
            say(f"  {covered.what}: {covered.tried:,} of {covered.total:,}")
        if proof.counterexample is not None:
            say(f"  broken by {proof.counterexample.row}")
            say(f"    original {proof.counterexample.original}, variant {proof.counterexample.variant}")
