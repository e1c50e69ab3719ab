"""The bodies of requests and answers that no operation has a form of its own for."""

from __future__ import annotations

from typing import Any

import msgspec

from hythe.operations.endpoints.document import PlanDocument, document_of
from hythe.operations.rollouts.back import RolledBack
from hythe.operations.rollouts.start import Started
from hythe.rollout.state import Rollout


class NewEndpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An endpoint to make: what clients call, and the version that answers, such as `churn:1.0.0`.

    `sticky` is what keeps a caller with its arm: `feature:NAME`, `header:NAME` or `caller`. With `approval`
    only approved versions take traffic, now and later. A `dry_run` changes nothing.
    """

    endpoint: str
    ref: str
    sticky: str = ""
    approval: bool = False
    why: str = ""
    dry_run: bool = False


class NewRollout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rollout to begin: the version that shall answer, and the fields of a policy that are not as usual."""

    ref: str
    policy: dict[str, Any] = {}
    allow_schema_change: bool = False
    why: str = ""
    dry_run: bool = False


class NewFeedback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of predictions: of each, `prediction_id`, `row`, `outcome` and `values` by name."""

    feedback: list[dict[str, Any]]


class NewSilence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be silent for `for_s` seconds: alerts of `endpoint` (`*` for all), or some of them.

    `rule` and `subject` are shell patterns; `note` is for the change log.
    """

    endpoint: str
    for_s: float
    rule: str = "*"
    subject: str = "*"
    note: str = ""


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why something is changed, for the change log."""

    why: str = ""


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was looked at when a version was reviewed, and by whom."""

    note: str = ""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout as it begins, the plan of its first stage, and what people should know."""

    rollout: Rollout
    plan: PlanDocument
    notices: tuple[str, ...]
    dry_run: bool

    @classmethod
    def of(cls, begun: Started, *, dry_run: bool) -> Begun:
        """Write down what was begun."""
        plan = document_of(begun.rollout.endpoint, begun.plan)
        return cls(rollout=begun.rollout, plan=plan, notices=tuple(begun.notices), dry_run=dry_run)


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """A way back that was gone: the plan before, the one that stands now, and the rollout that this ended."""

    endpoint: str
    revision: int
    before: PlanDocument
    plan: PlanDocument
    rollout: Rollout | None

    @classmethod
    def of(cls, endpoint: str, done: RolledBack) -> Back:
        """Write down what was done."""
        return cls(
            endpoint=endpoint,
            revision=done.revision,
            before=document_of(endpoint, done.before),
            plan=document_of(endpoint, done.plan),
            rollout=done.rollout,
        )
