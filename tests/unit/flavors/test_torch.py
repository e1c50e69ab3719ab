from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hythe.base.errors import Corrupt, Unsupported
from hythe.flavors.find import flavor_for, flavor_of, named
from hythe.flavors.known import known
from hythe.security.scan import scan
from hythe.testing.flavor_checks import CHECKS, Check, Specimen


def _exported() -> Specimen:
    torch: Any = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)).eval()
    rows = {"x": torch.randn(5, 3)}
    program = torch.export.export(module, (rows["x"],), dynamic_shapes=({0: torch.export.Dim("rows")},))
    expected = {"value": module(rows["x"]).detach().numpy()}
    return Specimen("torch", program, {"x": rows["x"].numpy()}, expected, program=True)


def _scripted() -> Specimen:
    torch: Any = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Linear(3, 2).eval()
    rows = torch.randn(5, 3)
    scripted = torch.jit.trace(module, rows)
    expected = {"value": module(rows).detach().numpy()}
    return Specimen("torch", scripted, {"x": rows.numpy()}, expected, program=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("make", [_exported, _scripted])
def test_torch_keeps_the_promises_of_a_flavor(make: Any, check: Check, tmp_path: Path) -> None:
    check(make(), tmp_path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [_exported, _scripted])
def test_a_torch_program_is_read_from_its_file_only_when_trusted(make: Any, tmp_path: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    model = make().model
    scripted = isinstance(model, torch.jit.ScriptModule)
    path = tmp_path / ("model.pt" if scripted else "model.pt2")
    (torch.jit if scripted else torch.export).save(model, str(path))
    flavor = flavor_for(path)
    assert flavor.name == "torch"
    assert flavor.runs(path)
    assert "a torch program" in scan(path, known).refused[0]
    assert flavor_of(flavor.read(path)).name == "torch"


@pytest.mark.filterwarnings("ignore")
def test_state_dictionaries_of_torch_pass_the_scan_and_programs_in_them_do_not(tmp_path: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    state = torch.nn.Linear(3, 2).state_dict()
    for zipped in (True, False):
        path = tmp_path / f"state-{zipped}.pth"
        torch.save(state, path, _use_new_zipfile_serialization=zipped)
        assert scan(path, known).refused == ()
        torch.save({**state, "hook": print}, path, _use_new_zipfile_serialization=zipped)
        assert [what for what in scan(path, known).refused if what.endswith("builtins.print")]


def test_without_torch_the_flavor_says_which_extra_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(Unsupported, match=r"the torch flavor needs torch .* install 'hythe\[torch\]'"):
        named("torch").load(tmp_path, "pt2")


def test_a_stored_program_that_torch_cannot_read_is_corrupt(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.pt2").write_bytes(b"PK")
    with pytest.raises(Corrupt, match="the stored model cannot be loaded"):
        named("torch").load(tmp_path, "pt2")
