"""The pages on endpoints and rollouts name everything that a plan, a policy and a guard can say."""

import re
import tomllib
from pathlib import Path

import pytest

from hythe.operations.endpoints.document import PlanDocument, plan_document
from hythe.operations.rollouts.policy import policy_of
from hythe.rollout.guard import Guard
from hythe.rollout.limits import PlanLimits
from hythe.rollout.metric import METRICS, Metric
from hythe.rollout.plan import CacheOptions
from hythe.rollout.policy import Policy

DOCS = Path(__file__).parents[2] / "docs"
ENDPOINTS = (DOCS / "endpoints.md").read_text()
ROLLOUTS = (DOCS / "rollouts.md").read_text()
TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("field", PlanDocument.__struct_fields__)
def test_every_field_of_a_plan_is_described(field: str) -> None:
    assert f"\n| `{field}` |" in ENDPOINTS


@pytest.mark.parametrize("field", [*PlanLimits.__struct_fields__, *CacheOptions.__struct_fields__])
def test_every_limit_and_option_of_the_cache_is_named(field: str) -> None:
    assert f"`{field}`" in ENDPOINTS


@pytest.mark.parametrize("field", Policy.__struct_fields__)
def test_every_field_of_a_policy_is_described(field: str) -> None:
    assert f"\n| `{field}` |" in ROLLOUTS


@pytest.mark.parametrize("field", Guard.__struct_fields__)
def test_every_field_of_a_guard_is_named(field: str) -> None:
    assert f"`{field}`" in ROLLOUTS


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_metric_is_described_with_its_margin_and_tolerance(metric: Metric) -> None:
    row = next(line for line in ROLLOUTS.splitlines() if line.startswith(f"| `{metric.name}` |"))
    worse = {1: "more", -1: "less", 0: "either way"}[metric.worse]
    _, _, source, way, margin, tolerance, _ = (cell.strip() for cell in row.split("|"))
    assert (source.split(":")[0], way) == (metric.source, worse)
    assert margin.startswith(f"{100 * metric.margin:g}%")
    assert tolerance == (f"{100 * metric.tolerance:g}%" if metric.tolerance else "0")


def test_the_plan_and_the_policy_that_the_pages_show_are_ones() -> None:
    [plan] = TOML.findall(ENDPOINTS)
    assert plan_document(tomllib.loads(plan)).endpoint == "scoring"
    [policy] = TOML.findall(ROLLOUTS)
    assert policy_of(tomllib.loads(policy)).strategy == "canary"
