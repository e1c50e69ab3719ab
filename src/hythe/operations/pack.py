"""Pack a model: ask it, compile and prove it, describe it, and store all of it as one version, or nothing."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from hythe.base.errors import HytheError, Invalid, Unsupported
from hythe.base.memory import give_back
from hythe.base.progress import Progress, Quiet
from hythe.base.version import VERSION
from hythe.bundle.baseline import compute
from hythe.bundle.card import write_card
from hythe.bundle.lock import take_lock
from hythe.bundle.manifest import (
    BASELINE,
    CARD,
    GOLDENS,
    LOCK,
    MANIFEST,
    NATIVE,
    ONNX,
    Lineage,
    Manifest,
    ModelFiles,
    VariantEntry,
)
from hythe.bundle.rows import Rows
from hythe.compile.refusals import original_outcome, reason
from hythe.compile.replay import replay_native
from hythe.flavors.protocol import Saved
from hythe.operations.inputs import Inputs, prepare
from hythe.operations.lineage import git_commit
from hythe.operations.source import Opened, open_model
from hythe.operations.trial import Original, Trial, run_trial
from hythe.registry.records import VersionRecord
from hythe.registry.refs import check_name
from hythe.registry.registry import Registry
from hythe.registry.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class PackOptions:
    """What a version is told beside its model and examples.

    `version` is SemVer, proposed when left out. `trust` are digests of model files that may run their own
    programs. `sensitive` names columns whose values must not be stored. `notes` are Markdown, put first in
    the model card. `folder` is where the code is kept, for the git commit.
    """

    version: str | None = None
    sensitive: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    notes: str = ""
    why: str = ""
    trust: frozenset[str] = frozenset()
    seed: int = 0
    folder: Path = field(default_factory=Path.cwd)


@dataclass(frozen=True, slots=True)
class Material:
    """What is packed: a model (an object, a file, `module:function`) and rows such as it will meet.

    `examples` are data or the path of a file; `targets` their true outcomes, or the name of a column in it.
    """

    model: Any
    examples: Any
    targets: Any = None


def pack(
    registry: Registry,
    name: str,
    material: Material,
    options: PackOptions | None = None,
    *,
    actor: str,
    progress: Progress | None = None,
) -> VersionRecord:
    """Store a model as a version of `name`.

    The same model, examples and options again give the version that stands.

    Raises:
        Invalid: when name, version, examples, targets or the model do not fit.
        NotFound: when a file is not there.
        Untrusted: when a model file would run a stranger's program.
        Unsupported: when no flavor knows the model.
        Conflict: when the version exists already with other bytes.

    """
    wanted, bar = options or PackOptions(), progress or Quiet()
    check_name(name)
    if wanted.version is not None:
        Version.parse(wanted.version)
    bar.step("reading")
    known = {record.digest for record in registry.catalog.all_trusted()}
    opened = open_model(material.model, wanted.trust | known)
    inputs = prepare(opened, material.examples, material.targets, wanted.sensitive)
    trial = run_trial(inputs.original, inputs.rows, bar, seed=wanted.seed)
    give_back()
    bar.step("saving")
    saved = _saved(opened)
    give_back()
    _reload(saved, inputs.original, trial)
    give_back()
    files = {**saved.files, **trial.files, **_documents(saved, inputs, trial, wanted, bar)}
    give_back()
    bar.step("storing")
    return registry.add(
        name,
        files,
        actor=actor,
        why=wanted.why,
        version=wanted.version,
        facts=_facts(trial, wanted, opened),
        trust=saved.program,
    )


def _facts(trial: Trial, options: PackOptions, opened: Opened) -> dict[str, Any]:
    """Give what was true of this packing and is no content: choice, timings, the commit that stood there.

    The digest of a model file that was let run its own program is among them, and so in the change log.
    """
    facts: dict[str, Any] = {
        "variant": trial.fastest,
        "timings_us": dict(trial.timings_us),
        "hythe": VERSION,
    }
    if opened.digest in options.trust:
        facts["trusted_file"] = opened.digest
    commit = git_commit(options.folder)
    return facts if commit is None else {**facts, "commit": commit.commit, "dirty": commit.dirty}


def _saved(opened: Opened) -> Saved:
    try:
        return opened.flavor.save(opened.model)
    except HytheError:
        raise
    except Exception as err:
        message = f"the {opened.flavor.name} flavor cannot save this model: {reason(err)}; nothing was stored"
        raise Unsupported(message) from err


def _reload(saved: Saved, original: Original, trial: Trial) -> None:
    """Load what was saved and replay the goldens: a model that does not come back the same is not stored."""
    with tempfile.TemporaryDirectory(prefix="hythe-") as place:
        folder = Path(place)
        for path, data in saved.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        try:
            model = original.flavor.load(folder, saved.format)
        except Exception as err:
            message = f"the saved model cannot be loaded again: {reason(err)}; nothing was stored"
            raise Invalid(message) from err
        again = Original(original.flavor, model, original.schema)
        replay = replay_native(trial.goldens, again, original.schema)
    if not replay.holds:
        raise Invalid(f"the saved model does not answer as the original did: {replay}; nothing was stored")


def _documents(
    saved: Saved, inputs: Inputs, trial: Trial, options: PackOptions, progress: Progress
) -> dict[str, bytes]:
    """Write everything beside the model: manifest, goldens, baseline, lock, card."""
    original = inputs.original
    progress.step("computing the baseline")
    asked = partial(original_outcome, original)
    baseline = compute(
        inputs.rows,
        inputs.schema,
        asked(inputs.rows),
        targets=inputs.targets,
        predict=asked,
        seed=options.seed,
    )
    manifest = Manifest(
        flavor=ModelFiles(original.flavor.name, saved.format, saved.program, saved.requirements),
        schema=inputs.schema,
        variants=_variants(trial),
        goldens=GOLDENS,
        baseline=BASELINE,
        lock=LOCK,
        card=CARD,
        lineage=_lineage(inputs, options),
        metrics=dict(options.metrics),
        parameters=dict(options.parameters),
        tags=dict(options.tags),
    )
    proofs = () if trial.proof is None else (trial.proof,)
    return {
        MANIFEST: manifest.encode(),
        GOLDENS: trial.goldens.encode(),
        BASELINE: baseline.encode(),
        LOCK: take_lock(saved.requirements).encode(),
        CARD: write_card(manifest, proofs, baseline, options.notes).encode(),
    }


def _variants(trial: Trial) -> tuple[VariantEntry, ...]:
    native = VariantEntry(NATIVE, "proven", "model")
    if trial.proof is None:
        return (native, VariantEntry(ONNX, "unproven", reason=trial.reason))
    proof = f"proofs/{ONNX}.json"
    if not trial.proof.proven:
        return (native, VariantEntry(ONNX, "refused", proof=proof, reason=trial.reason))
    return (native, VariantEntry(ONNX, "proven", f"variants/{ONNX}", proof))


def _lineage(inputs: Inputs, options: PackOptions) -> Lineage:
    data = {"examples": _digest(inputs.rows)}
    if inputs.targets is not None:
        data["targets"] = f"sha256:{hashlib.sha256(repr(inputs.targets.tolist()).encode()).hexdigest()}"
    return Lineage(data=data, parent=options.parent)


def _digest(rows: Rows) -> str:
    """Digest the example rows, column by column, as Arrow or numpy holds them."""
    digest = hashlib.sha256()
    if isinstance(rows, pa.Table):
        with pa.ipc.new_stream(_Hashing(digest), rows.schema) as writer:
            writer.write_table(rows.combine_chunks())
    else:
        for name, values in rows.items():
            digest.update(f"{name} {values.dtype} {values.shape}".encode())
            for cell in values if values.dtype.kind == "O" else [values]:
                digest.update(cell.tobytes())
    return f"sha256:{digest.hexdigest()}"


class _Hashing:
    """A file that only hashes what is written to it."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self._digest = digest

    def write(self, data: Any) -> int:
        """Hash it."""
        self._digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Keep nothing back."""
