"""The page on monitoring names everything that a policy and a look at an endpoint can say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from hythe.monitor.delivery import Delivery
from hythe.monitor.finding import Finding, Report
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.retrain import Retrain
from hythe.monitor.rule import Rule
from hythe.monitor.service.limits import ServiceLimits
from hythe.operations.monitoring.policy import policy_of
from hythe.operations.monitoring.subjects import SubjectView
from hythe.operations.monitoring.traffic import VersionTraffic
from hythe.operations.monitoring.view import MonitorView

PAGE = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()
TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PARTS = (ServiceLimits, Rule, Delivery, Retrain, Finding, Report, MonitorView, VersionTraffic, SubjectView)


@pytest.mark.parametrize("field", MonitorPolicy.__struct_fields__)
def test_every_field_of_a_policy_is_described(field: str) -> None:
    assert f"\n| `{field}` |" in PAGE


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_field_of_what_a_policy_and_a_look_hold_is_named(part: type) -> None:
    fields: tuple[str, ...] = part.__struct_fields__  # type: ignore[attr-defined]
    assert [field for field in fields if f"`{field}`" not in PAGE] == []


def test_the_policies_that_the_page_shows_are_ones() -> None:
    short, full = (policy_of(tomllib.loads(text)) for text in TOML.findall(PAGE))
    assert short.learning_days == 14
    assert (full.limits.p99_s, full.rules[0].below, full.retrain[0].cool_down_s) == (0.25, 0.8, 86400)
