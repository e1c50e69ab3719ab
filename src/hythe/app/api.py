"""The Python API: the operations, on the registry that the surroundings name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hythe.app import config
from hythe.app.config import Home
from hythe.app.wire import opened
from hythe.operations.check import Check
from hythe.operations.check import check as _check
from hythe.operations.load import load as _load
from hythe.operations.pack import Material, PackOptions
from hythe.operations.pack import pack as _pack
from hythe.operations.placing import Environment, Placing
from hythe.registry.records import VersionRecord
from hythe.registry.registry import Registry
from hythe.runtime.predictor import Predictor


def pack(  # noqa: PLR0913 - the words of one long sentence, each by its name
    model: Any,
    name: str,
    *,
    examples: Any,
    targets: Any = None,
    version: str | None = None,
    sensitive: Iterable[str] = (),
    metrics: Mapping[str, float] | None = None,
    parameters: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    parent: str = "",
    notes: str = "",
    why: str = "",
    trust: Iterable[str] = (),
    home: Home = None,
) -> VersionRecord:
    """Prove a model and store it as a version of `name`; gives the version, such as `churn:1.0.0`.

    `model` is a fitted model, the path of one, or `module:function`. `examples` are rows such as it will
    meet, some hundred to ten thousand: a DataFrame (pandas, polars), an Arrow table, a numpy array, a list
    of dictionaries, a dictionary of columns or of arrays, or the path of a file. `targets` are their true
    outcomes, or the name of a column in that file. Columns named in `sensitive` are never stored with their
    real values. `notes` are Markdown for the model card, `why` is for the change log.

    Raises:
        Invalid: when name, examples, targets or model do not fit; nothing is stored then.
        Untrusted: when a model file would run a stranger's program; allow its digest with `trust`.
        Unsupported: when no flavor knows the model.
        Conflict: when `version` exists already with other bytes.

    """
    settings = config.load(home=home)
    options = PackOptions(
        version=version,
        sensitive=tuple(sensitive),
        metrics=metrics or {},
        parameters=parameters or {},
        tags=tags or {},
        parent=parent,
        notes=notes,
        why=why,
        trust=frozenset(trust),
    )
    with opened(settings) as here:
        return _pack(here.registry, name, Material(model, examples, targets), options, actor=here.actor)


def load(
    ref: str,
    *,
    variant: str | None = None,
    environment: Environment = "auto",
    device: str = "cpu",
    home: Home = None,
) -> Predictor:
    """Load a version, replay its goldens, and give what answers rows as the original did.

    A native model runs in this environment when its goldens hold here, else in one as its lock says, which
    is built on first use; `environment` may insist on `here` or on `lock`. `device` is `cpu`, `cuda:N`, or
    `auto` for a GPU where there is one.

    Raises:
        NotFound: when there is no such version or variant.
        Untrusted: when its native model is a program that nobody here trusts.
        Corrupt: when it does not answer as it did when packed.

    """
    with opened(config.load(home=home)) as here:
        return _load(here.registry, ref, variant, placing=Placing(environment=environment, device=device))


def check(ref: str, *, home: Home = None) -> Check:
    """Verify every byte of a version and replay its goldens through each variant."""
    with opened(config.load(home=home)) as here:
        return _check(here.registry, ref)


def open_registry(*, home: Home = None) -> Registry:
    """Open the registry itself; close it when done."""
    settings = config.load(home=home)
    return Registry.open(settings.home, settings.catalog)


def home() -> Path:
    """Say where versions are stored."""
    return config.load().home
