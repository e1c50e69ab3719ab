"""A plan as people write it: TOML or JSON, whole, with digests left to the registry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hythe.base.errors import Invalid
from hythe.operations.fields import check_format, read_toml, refuse_unknown, tables
from hythe.rollout.limits import PlanLimits
from hythe.rollout.plan import FORMAT, CacheOptions, Plan

_WHOLE = (100.0, 1.0)
_NEAR = 1e-6
_EXACT = 2.0**53


class ArmLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version and its share of the traffic, of 100 or of 1; a lone arm needs none.

    A `digest` is checked where it is given, and otherwise filled in.
    """

    version: str
    weight: float | None = None
    digest: str = ""


class ShadowLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version that gets copies of a share of the requests, from 0 to 1."""

    version: str
    share: float = 0.1
    margin: float = 0.01
    digest: str = ""


class PlanDocument(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A plan, as `Plan` describes it, of `endpoint`; `model` is the endpoint's name when left out.

    >>> PlanDocument(arms=(ArmLine("1.0.0", 90), ArmLine("1.1.0", 20)))
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: the weights of the arms add up to 110 (1.0.0: 90, 1.1.0: 20); give shares of 100, or of 1
    """  # noqa: E501 - the message in full

    format: int = FORMAT
    endpoint: str = ""
    model: str = ""
    sticky: str = ""
    approval: bool = False
    join_share: float | None = None
    fallback: tuple[str, ...] = ()
    arms: tuple[ArmLine, ...]
    shadows: tuple[ShadowLine, ...] = ()
    cache: CacheOptions | None = None
    limits: PlanLimits | None = None
    constant: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if not self.arms:
            raise Invalid("the plan has no arm; name at least one version")
        if len(self.arms) == 1 and self.arms[0].weight is None:
            return
        without = [arm.version for arm in self.arms if arm.weight is None]
        if without:
            raise Invalid(f"arm {without[0]} has no weight; give each arm its share of 100")
        total = sum(arm.weight or 0.0 for arm in self.arms)
        if not any(abs(total - whole) <= _NEAR * whole for whole in _WHOLE):
            given = ", ".join(f"{arm.version}: {arm.weight:g}" for arm in self.arms)
            raise Invalid(
                f"the weights of the arms add up to {total:g} ({given}); give shares of 100, or of 1"
            )


_PARTS: Mapping[str, type[msgspec.Struct]] = {
    "arms": ArmLine,
    "shadows": ShadowLine,
    "cache": CacheOptions,
    "limits": PlanLimits,
}


def plan_document(raw: Any) -> PlanDocument:
    """Read a plan from plain data.

    Raises:
        Invalid: when a field is not known, is missing, or has a value that does not fit.
        Unsupported: when it is of a newer form.

    >>> plan_document({"arms": [{"version": "1.0.0", "wieght": 5}]})
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: the plan's arms have a field 'wieght' that is not known; fields: version, weight, digest; did you mean 'weight'?
    """  # noqa: E501 - the message in full
    if not isinstance(raw, Mapping):
        raise Invalid('a plan is a table of fields, such as: arms = [{ version = "1.0.0" }]')
    check_format(raw, FORMAT, "the plan")
    refuse_unknown(raw, PlanDocument, "the plan has")
    for name, kind in _PARTS.items():
        for table in tables(raw, name):
            refuse_unknown(table, kind, f"the plan's {name} {'has' if name == 'cache' else 'have'}")
    try:
        return msgspec.convert(raw, PlanDocument)
    except msgspec.ValidationError as err:
        raise Invalid(f"the plan does not fit: {err}; see docs/endpoints.md") from err


def read_plan(path: Path) -> tuple[str, PlanDocument]:
    """Read a plan and its endpoint's name from a TOML file; a file that names none is named after it.

    Raises:
        Invalid: when the file cannot be read, is no TOML, or holds no plan.
        Unsupported: when the plan is of a newer form.

    """
    raw = read_toml(path, "a plan", "docs/endpoints.md")
    try:
        document = plan_document(raw)
    except Invalid as err:
        raise Invalid(f"{path}: {err}") from err
    return document.endpoint or path.stem, document


def to_toml(document: PlanDocument, heading: str = "") -> str:
    """Write a plan as TOML, without digests; `heading` becomes a comment.

    Raises:
        Invalid: when its constant has a null, which TOML cannot say.

    >>> print(to_toml(PlanDocument(endpoint="scoring", arms=(ArmLine("1.0.0", 100, "sha256:0a"),))), end="")
    format = 1
    endpoint = "scoring"
    arms = [
        { version = "1.0.0", weight = 100 },
    ]
    """
    import tomli_w

    fields = {"format": document.format, **_plain(msgspec.to_builtins(document))}
    for part in (*fields["arms"], *fields.get("shadows", ())):
        part.pop("digest", None)
    try:
        text = tomli_w.dumps(fields)
    except TypeError as err:
        raise Invalid(f"the plan of {document.endpoint!r} is no TOML: {err}; use JSON") from err
    return f"# {heading}\n{text}" if heading else text


def document_of(endpoint: str, plan: Plan) -> PlanDocument:
    """Write a plan that stands down as a document: weights as shares of 100, with digests."""
    total = sum(arm.weight for arm in plan.arms)
    return PlanDocument(
        endpoint=endpoint,
        model=plan.model or endpoint,
        sticky=plan.sticky,
        approval=plan.approval,
        join_share=plan.join_share,
        fallback=plan.fallback,
        arms=tuple(
            ArmLine(arm.version, round(100.0 * arm.weight / total, 9), arm.digest) for arm in plan.arms
        ),
        shadows=tuple(ShadowLine(**msgspec.structs.asdict(shadow)) for shadow in plan.shadows),
        cache=plan.cache,
        limits=plan.limits,
        constant=plan.constant,
    )


def _plain(value: Any) -> Any:
    """Write whole numbers without a fraction, so that people read 90 and not 90.0."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    whole = isinstance(value, float) and value.is_integer() and abs(value) < _EXACT
    return int(value) if whole else value
