"""A plan comes back from TOML as it was."""

import tomllib
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hythe.operations.endpoints.document import PlanDocument, document_of, plan_document, to_toml
from hythe.rollout.limits import PlanLimits
from hythe.rollout.plan import Arm, CacheOptions, Plan, Shadow

numbers = st.integers(0, 99).map(lambda i: f"{i % 10}.{i // 10}.0")
digests = st.integers(0, 2**32).map(lambda i: f"sha256:{i:064x}")
positive = st.floats(1e-6, 1e9)
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20)
values = st.one_of(names, st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e6, 1e6))
constants = st.dictionaries(names, values | st.dictionaries(names, values, max_size=3), max_size=3)
caches = st.builds(CacheOptions, positive, st.integers(1, 2**40), st.floats(0, 1e6))
limits = st.builds(
    PlanLimits,
    rows=st.none() | st.integers(1, 10**9),
    timeout_s=st.none() | positive,
    objective_ms=st.none() | positive,
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    arms: Sequence[tuple[str, str]] = draw(
        st.lists(st.tuples(numbers, digests), min_size=1, max_size=4, unique_by=lambda arm: arm[0])
    )
    weights = draw(st.lists(st.integers(0, 1000), min_size=len(arms), max_size=len(arms)).filter(any))
    shadowed = draw(st.lists(numbers, max_size=2, unique=True))
    return Plan(
        arms=tuple(Arm(*arm, weight) for arm, weight in zip(arms, weights, strict=True)),
        fallback=tuple(draw(st.lists(numbers, max_size=2))),
        cache=draw(st.none() | caches),
        constant=draw(st.none() | constants),
        limits=draw(st.none() | limits),
        model=draw(st.sampled_from(["", "churn"])),
        sticky=draw(st.sampled_from(["", "caller"]) | names.map(lambda name: f"feature:{name}")),
        shadows=tuple(
            Shadow(number, draw(digests), draw(st.floats(0.01, 1)), draw(st.floats(0, 1)))
            for number in shadowed
        ),
        join_share=draw(st.none() | st.floats(0, 1)),
        approval=draw(st.booleans()),
    )


@given(plans())
def test_a_plan_comes_back_from_toml_without_its_digests(plan: Plan) -> None:
    document = document_of("scoring", plan)
    assert plan_document(tomllib.loads(to_toml(document, "as it was"))) == without_digests(document)


@given(plans())
def test_a_plan_comes_back_from_json_with_its_digests(plan: Plan) -> None:
    document = document_of("scoring", plan)
    raw: Any = msgspec.json.decode(msgspec.json.encode(document))
    assert plan_document(raw) == document


@given(plans())
def test_the_shares_of_a_document_are_those_of_the_plan(plan: Plan) -> None:
    total = sum(arm.weight for arm in plan.arms)
    for arm, line in zip(plan.arms, document_of("scoring", plan).arms, strict=True):
        assert abs((line.weight or 0.0) / 100 - arm.weight / total) < 1e-9


def without_digests(document: PlanDocument) -> PlanDocument:
    def bare(items: Any) -> Any:
        return tuple(msgspec.structs.replace(item, digest="") for item in items)

    return msgspec.structs.replace(document, arms=bare(document.arms), shadows=bare(document.shadows))
