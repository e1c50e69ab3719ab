from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression

from hythe.base.errors import NotFound, Unsupported
from hythe.flavors import find


@pytest.fixture
def broken_third_party(monkeypatch: pytest.MonkeyPatch) -> None:
    points = dict(find._points())
    points["aardvark"] = EntryPoint("aardvark", "no_such_module:FLAVOR", find.GROUP)
    points["badger"] = EntryPoint("badger", "json:dumps", find.GROUP)
    monkeypatch.setattr(find, "_points", lambda: points)


def test_built_in_flavors_are_entry_points() -> None:
    assert find.names() == ("catboost", "lightgbm", "onnx", "python", "sklearn", "torch", "xgboost")


@pytest.mark.usefixtures("broken_third_party")
def test_a_broken_third_party_flavor_does_not_break_the_others() -> None:
    assert find.flavor_of(LogisticRegression()).name == "sklearn"


@pytest.mark.usefixtures("broken_third_party")
def test_asking_for_a_broken_flavor_by_name_says_what_is_wrong_with_it() -> None:
    with pytest.raises(
        Unsupported, match=r"'aardvark' \(no_such_module:FLAVOR\) cannot be loaded: No module"
    ):
        find.named("aardvark")
    with pytest.raises(Unsupported, match=r"'badger' .* lacks a method of hythe.flavors.protocol.Flavor"):
        find.named("badger")


def test_an_unknown_flavor_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        Unsupported, match="no flavor 'prolog'; known flavors: catboost, lightgbm, onnx, python"
    ):
        find.named("prolog")


def test_an_unknown_type_is_refused_with_its_name_and_the_known_flavors() -> None:
    with pytest.raises(
        Unsupported, match=r"no flavor knows models of type builtins\.dict; known flavors: cat"
    ):
        find.flavor_of({})


def test_an_unknown_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "model.doc"
    path.write_text("hello")
    with pytest.raises(Unsupported, match=r"no flavor reads the file 'model.doc'.*joblib.dump"):
        find.flavor_for(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"there is no file '.*none.joblib'"):
        find.flavor_for(tmp_path / "none.joblib")
