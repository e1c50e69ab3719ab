"""Packages that nobody needs stay out of a process, for a while."""

import subprocess
import sys

import pytest

from hythe.base.keep_out import keep_out


def test_a_package_looks_as_if_it_were_not_installed_until_the_block_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with keep_out("colorsys"), pytest.raises(ModuleNotFoundError):
        import colorsys
    import colorsys

    assert colorsys.rgb_to_hsv(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)


def test_a_package_that_is_imported_stays() -> None:
    with keep_out("subprocess"):
        import subprocess as same
    assert same is subprocess


def test_pyarrow_converts_without_pandas_and_finds_it_later() -> None:
    program = """
import sys
import pyarrow as pa
from hythe.base.keep_out import keep_out
with keep_out("pandas"):
    assert pa.array([1, None]).to_pylist() == [1, None]
    assert pa.array([1.5]).to_numpy(zero_copy_only=False).tolist() == [1.5]
assert "pandas" not in sys.modules
assert pa.table({"x": [1, 2]}).to_pandas()["x"].tolist() == [1, 2]
"""
    subprocess.run([sys.executable, "-c", program], check=True)
