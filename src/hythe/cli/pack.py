"""`hythe pack model.joblib --name churn --examples rows.parquet`: a model becomes a version."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hythe.base.errors import Invalid
from hythe.cli.common import COMMON, Bar, Common, emit, say

if TYPE_CHECKING:
    from hythe.operations.describe import Description


def pack_command(  # noqa: PLR0913 - one parameter for each option of the command
    model: str,
    *,
    name: str,
    examples: Path,
    target: str | None = None,
    version: str | None = None,
    sensitive: list[str] | None = None,
    metric: list[str] | None = None,
    tag: list[str] | None = None,
    parent: str = "",
    notes: Path | None = None,
    why: str = "",
    trust: list[str] | None = None,
    common: Common = COMMON,
) -> None:
    """Prove a model and store it as a version.

    Parameters
    ----------
    model
        The model's file, or module:function.
    name
        What the model is called: churn.
    examples
        A file of rows such as the model will meet (Parquet, Arrow, CSV, JSON), some hundred to ten thousand.
    target
        The column of that file which holds the true outcomes.
    version
        MAJOR.MINOR.PATCH; proposed from what changed when left out.
    sensitive
        A column whose values must not be stored; may be given several times.
    metric
        A figure to keep with the version, auc=0.91; may be given several times.
    tag
        A word to keep with the version, team=growth; may be given several times.
    parent
        The version that this one was made from.
    notes
        A Markdown file, put first in the model card.
    why
        Why it was made, for the change log.
    trust
        The digest (sha256:…) of a model file that may run its own program; may be given several times.

    """
    from hythe.app.wire import opened
    from hythe.operations.describe import described
    from hythe.operations.pack import Material, PackOptions, pack

    sys.path.insert(0, str(Path.cwd()))  # as `python -m` does, so that module:function is found here
    options = PackOptions(
        version=version,
        sensitive=tuple(sensitive or ()),
        metrics={key: _number(key, value) for key, value in _pairs("--metric", metric)},
        tags=dict(_pairs("--tag", tag)),
        parent=parent,
        notes=_text(notes) if notes else "",
        why=why,
        trust=frozenset(trust or ()),
    )
    material = Material(model, examples, target)
    with opened(common.config()) as here:
        with Bar() as bar:
            record = pack(here.registry, name, material, options, actor=here.actor, progress=bar)
        description = described(here.registry, record.ref)
    emit(common, record, lambda: _print(description, record.notice))


def _print(description: Description, notice: str) -> None:
    record, manifest = description.record, description.manifest
    say(f"{record.ref}  {record.digest}" + (f"  ({notice})" if notice else ""))
    for entry in manifest.variants:
        timing = record.facts.get("timings_us", {}).get(entry.name)
        took = f", {timing:,.0f} µs a row" if timing else ""
        say(f"  {entry.name:<7} {entry.status}{took}" + (f": {entry.reason}" if entry.reason else ""))
    for proof in description.proofs:
        worst = max((item.absolute for item in proof.deviations), default=0.0)
        refused = proof.refusals.both
        say(f"  proof   {proof.tried:,} rows, worst deviation {worst:.0e}, {refused} refused by both")
    say("next:", f"  hythe show {record.ref}", f"  hythe serve {record.ref}")


def _pairs(option: str, items: list[str] | None) -> list[tuple[str, str]]:
    """Split `key=value` items."""
    pairs = [item.partition("=") for item in items or ()]
    for key, equals, value in pairs:
        if not key or not equals:
            raise Invalid(f"{option} {key + value!r} is no pair; write key=value")
    return [(key, value) for key, _, value in pairs]


def _number(key: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise Invalid(f"--metric {key}={value!r} is no number; write {key}=0.91, for instance") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise Invalid(f"--notes {str(path)!r} cannot be read: {err}; give a Markdown file") from err
