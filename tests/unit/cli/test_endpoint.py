"""`hythe endpoint` says what it did, what it would do, and what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

Run: TypeAlias = Callable[..., tuple[int, str, str]]

CANARY = """
model = "churn"
sticky = "feature:id"
arms = [{ version = "1.0.0", weight = 90 }, { version = "1.1.0", weight = 10 }]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scoring.toml"
    path.write_text(CANARY)
    return path


def test_what_is_shown_as_toml_can_be_applied_and_changes_nothing(run: Run, file: Path) -> None:
    assert run("endpoint", "apply", str(file))[0] == 0
    code, toml, _ = run("endpoint", "show", "scoring", "--toml")
    assert (code, toml.splitlines()[0][:31]) == (0, "# endpoint scoring, revision 1,")
    file.write_text(toml)
    code, said, _ = run("endpoint", "apply", str(file))
    assert (code, said) == (0, "endpoint scoring does so already, at revision 1\n")


def test_a_dry_run_prints_the_plan_and_changes_nothing(run: Run, file: Path) -> None:
    run("endpoint", "create", "scoring", "churn:1.0.0")
    code, said, _ = run("endpoint", "apply", str(file), "--dry-run")
    assert (code, said.splitlines()[0]) == (0, "arm 1.0.0: 100% -> 90%")
    assert "arm 1.1.0: none -> 10%" in said
    assert "sticky: none -> feature:id" in said
    assert "nothing was changed" in said
    _, shown, _ = run("endpoint", "show", "scoring", "--json")
    assert json.loads(shown)["revision"] == 1
    _, tried, _ = run("endpoint", "create", "other", "churn:1.0.0", "--dry-run", "--json")
    assert json.loads(tried)["applied"] is False
    assert run("endpoint", "show", "other")[0] == 2


def test_endpoints_are_listed_with_what_they_serve(run: Run, file: Path) -> None:
    assert "there is no endpoint yet" in run("endpoint", "list")[1]
    run("endpoint", "apply", str(file))
    code, listed, _ = run("endpoint", "list")
    assert code == 0
    assert "1.0.0 90%, 1.1.0 10%" in listed
    _, document, _ = run("endpoint", "list", "--json")
    [scoring] = json.loads(document)
    assert [arm["weight"] for arm in scoring["plan"]["arms"]] == [90, 10]


def test_an_endpoint_and_its_plan_are_told_apart_from_a_model_in_history(run: Run, file: Path) -> None:
    run("endpoint", "create", "scoring", "churn:1.0.0", "--why", "first of all")
    run("endpoint", "apply", str(file))
    run("endpoint", "create", "churn", "churn:1.1.0")
    code, told, _ = run("history", "scoring")
    assert code == 0
    first, second = told.splitlines()[1:]
    assert "1.0.0 100%" in first
    assert "first of all" in first
    assert "1.0.0 90%, 1.1.0 10%" in second
    assert "apply scoring.toml" in second
    assert run("history", "scoring", "--json")[1] == run("endpoint", "history", "scoring", "--json")[1]
    _, model, _ = run("history", "churn")
    assert "hythe endpoint history churn" in model
    assert "add version" in model
    _, raw, _ = run("history", "endpoint/scoring", "--json")
    assert [entry["action"] for entry in json.loads(raw)] == ["put plan", "put plan"]


def test_a_removed_endpoint_keeps_its_history(run: Run) -> None:
    run("endpoint", "create", "scoring", "churn:1.0.0")
    code, said, _ = run("endpoint", "remove", "scoring", "--json")
    assert (code, json.loads(said)) == (0, {"endpoint": "scoring", "removed": True})
    assert run("endpoint", "show", "scoring")[0] == 2
    assert "removed" in run("history", "scoring")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "scoring", "churn:9.0.0"), "known versions: 1.1.0, 1.0.0"),
        (("create", "a/b", "churn:1.0.0"), "is no model name"),
        (("create", "scoring", "churn:1.0.0", "--sticky", "feature:user"), "its columns are tenure"),
        (("create", "scoring", "churn:1.0.0", "--approval"), "approve it first"),
        (("apply", "nowhere.toml"), "nowhere.toml cannot be read"),
        (("show", "scoring"), "known endpoints: none yet"),
        (("remove", "scoring"), "known endpoints: none yet"),
        (("history", "scoring"), "there never was an endpoint 'scoring'"),
    ],
    ids=range(8),
)
def test_what_is_wrong_is_a_usage_error_in_a_sentence(run: Run, words: tuple[str, ...], said: str) -> None:
    code, out, err = run("endpoint", *words)
    assert (code, out) == (2, "")
    assert err.startswith("hythe: ")
    assert said in err


def test_a_file_that_is_wrong_is_named(run: Run, file: Path) -> None:
    file.write_text(CANARY.replace("10", "20"))
    code, _, err = run("endpoint", "apply", str(file))
    assert code == 2
    assert f"{file}: the weights of the arms add up to 110" in err
    file.write_text("arms = [")
    assert "cannot be read" in run("endpoint", "apply", str(file))[2]
