from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hythe.base.errors import Corrupt, Invalid, Unsupported
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.flavors.find import flavor_for, flavor_of
from hythe.flavors.python import FLAVOR

_FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
_MODULE = """
import numpy as np
from own_package_of_mine.deep import scale

def predict(frame):
    return scale(frame["x"].to_numpy())

class Model:
    classes_ = ["no", "yes"]

    def predict(self, frame):
        share = frame["x"].to_numpy() / 10
        return {"probabilities": np.column_stack([1 - share, share])}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Lay out a module and a package of the user's, importable while the test runs."""
    place = tmp_path / "home"
    (place / "own_package_of_mine" / "deep").mkdir(parents=True)
    (place / "own_package_of_mine" / "__init__.py").write_text("")
    (place / "own_package_of_mine" / "deep" / "__init__.py").write_text("def scale(x):\n    return x * 2\n")
    (place / "model_of_mine.py").write_text(_MODULE)
    monkeypatch.syspath_prepend(str(place))
    path = list(sys.path)
    yield place
    sys.path[:] = path
    for name in [n for n in sys.modules if n.partition(".")[0] in {"own_package_of_mine", "model_of_mine"}]:
        del sys.modules[name]


def _load(saved: Any, folder: Path) -> Any:
    for path, data in saved.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return FLAVOR.load(folder, saved.format)


def _answer(model: Any) -> Any:
    return FLAVOR.predict(model, to_rows(_FRAME), infer(_FRAME))


def test_a_function_by_name_is_stored_as_source_with_what_it_imports(home: Path, tmp_path: Path) -> None:
    assert flavor_of("model_of_mine:predict").name == "python"
    saved = FLAVOR.save("model_of_mine:predict")
    assert set(saved.files) == {
        "model/python.json",
        "code/model_of_mine.py",
        "code/own_package_of_mine/__init__.py",
        "code/own_package_of_mine/deep/__init__.py",
    }
    assert saved.requirements == ("numpy",)
    assert saved.program
    (home / "own_package_of_mine" / "deep" / "__init__.py").write_text("def scale(x):\n    return x * 0\n")
    assert _answer(_load(saved, tmp_path / "bundle"))["value"].tolist() == [2.0, 4.0, 6.0]


@pytest.mark.usefixtures("home")
def test_a_function_its_name_and_its_class_answer_alike(tmp_path: Path) -> None:
    module = importlib.import_module("model_of_mine")
    assert _answer("model_of_mine:predict")["value"].tolist() == [2.0, 4.0, 6.0]
    assert _answer(module.predict)["value"].tolist() == [2.0, 4.0, 6.0]
    assert FLAVOR.save(module.predict) == FLAVOR.save("model_of_mine:predict")
    (output,) = FLAVOR.outputs(module.Model, _answer(module.Model))
    assert (output.name, output.shape, output.classes) == ("probabilities", (2,), ("no", "yes"))
    again = _load(FLAVOR.save(module.Model), tmp_path)
    np.testing.assert_array_equal(_answer(again)["probabilities"], _answer(module.Model)["probabilities"])


@pytest.mark.usefixtures("home")
def test_loading_a_bundle_leaves_the_users_own_modules_as_they_were(tmp_path: Path) -> None:
    module = importlib.import_module("model_of_mine")
    again = _load(FLAVOR.save(module.predict), tmp_path)
    assert sys.modules["model_of_mine"] is module
    assert again is not module.predict


def test_a_python_file_is_read(home: Path) -> None:
    flavor = flavor_for(home / "model_of_mine.py")
    assert flavor.name == "python"
    assert flavor.runs(home / "model_of_mine.py")
    assert _answer(flavor.read(home / "model_of_mine.py"))["value"].tolist() == [2.0, 4.0, 6.0]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x = 1", "neither a function 'predict' nor a class 'Model'"),
        ("1 / 0", "fails when imported: ZeroDiv"),
    ],
)
def test_a_python_file_that_is_no_model_is_invalid(source: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "thing.py"
    path.write_text(source)
    with pytest.raises(Invalid, match=fault):
        FLAVOR.read(path)


def test_a_lambda_is_stored_by_value(tmp_path: Path) -> None:
    factor = 3.0
    again = _load(FLAVOR.save(lambda frame: frame["x"] * factor), tmp_path)
    assert _answer(again)["value"].tolist() == [3.0, 6.0, 9.0]


@pytest.mark.parametrize(
    ("returned", "outputs"),
    [
        ([1, 2, 3], {"value": [1, 2, 3]}),
        (["a", "b", "c"], {"value": ["a", "b", "c"]}),
        (pd.Series([1.5, 2.5, 3.5]), {"value": [1.5, 2.5, 3.5]}),
        (pd.DataFrame({"p": [1, 2, 3], "q": [4, 5, 6]}), {"p": [1, 2, 3], "q": [4, 5, 6]}),
        ([{"p": 1}, {"p": 2}, {"p": 3}], {"p": [1, 2, 3]}),
        ({"p": np.ones((3, 2))}, {"p": [[1, 1]] * 3}),
    ],
)
def test_what_is_returned_becomes_named_outputs(returned: Any, outputs: dict[str, Any]) -> None:
    answers = _answer(lambda _frame: returned)
    assert {name: values.tolist() for name, values in answers.items()} == outputs


@pytest.mark.parametrize(
    ("returned", "fault"),
    [
        ([1, 2], r"output 'value' has the shape \(2,\) for 3 rows"),
        (7, r"output 'value' has the shape \(\) for 3 rows"),
        ({}, "returned no outputs"),
        (np.array([1j, 2j, 3j]), "dtype complex128"),
    ],
)
def test_what_cannot_be_an_answer_is_refused(returned: Any, fault: str) -> None:
    with pytest.raises(Unsupported, match=fault):
        _answer(lambda _frame: returned)


def test_a_name_that_is_not_there_says_so() -> None:
    with pytest.raises(Invalid, match="'no_such_module:f' cannot be imported"):
        FLAVOR.save("no_such_module:f")


def test_a_damaged_bundle_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(Corrupt, match="the stored code does not load"):
        FLAVOR.load(tmp_path, "source")
