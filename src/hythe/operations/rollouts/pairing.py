"""Which of an endpoint's sums are of the two arms of a rollout, and at which share of their traffic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Generic, NamedTuple, TypeVar

from hythe.rollout.state import Rollout
from hythe.rollout.watched import ALONE

T = TypeVar("T")
_DIGITS = 9


class Part(NamedTuple, Generic[T]):
    """What one version did under one plan, with the share of the traffic that it had there."""

    revision: int
    version: str
    share: float
    value: T


class Pair(NamedTuple, Generic[T]):
    """What the champion and the candidate did while the candidate had one share of both's traffic."""

    champion: list[T]
    candidate: list[T]


def paired(parts: Collection[Part[T]], rollout: Rollout, since: int) -> dict[float, Pair[T]]:
    """Sort parts by the candidate's share of both arms' traffic, from plans of revision `since` on.

    Requests that nothing was left to chance for (share 0: asked for by number, a fallback's, a shadow's) are
    in none, and neither is a plan that sent all to one of the two. Plans of one share count together.
    """
    found: dict[float, Pair[T]] = defaultdict(lambda: Pair([], []))
    for revision in sorted({part.revision for part in parts} & {*rollout.revisions}):
        if revision < since:
            continue
        own = [part for part in parts if part.revision == revision and part.share > 0.0]
        champion = [part for part in own if part.version == rollout.champion.version]
        candidate = [part for part in own if part.version == rollout.candidate.version]
        share = _share(champion, candidate)
        if 0.0 < share < ALONE:
            found[share].champion.extend(part.value for part in champion)
            found[share].candidate.extend(part.value for part in candidate)
    return dict(found)


def pairs_of(parts: Collection[Part[T]], rollout: Rollout, since: int) -> dict[float, Pair[T]]:
    """Give what the present stage compares: pairs, or under `ALONE` the candidate that has all traffic."""
    if rollout.now.kind != "bake":
        return paired(parts, rollout, since)
    own = [part for part in parts if part.version == rollout.candidate.version and part.share == ALONE]
    return {ALONE: Pair([], [part.value for part in own if part.revision >= since])}


def share_of(rollout: Rollout) -> float:
    """Give the candidate's share of the traffic at present; shadows have none."""
    if rollout.now.kind == "shadow":
        return 0.0
    return rollout.weights[1] if rollout.weights else rollout.now.share


def _share(champion: list[Part[T]], candidate: list[Part[T]]) -> float:
    """Give the candidate's share; the two arms are all that draw, so that either's says it."""
    if candidate:
        return round(candidate[0].share, _DIGITS)
    return round(ALONE - champion[0].share, _DIGITS) if champion else 0.0
