"""What a pack can be refused for at once is refused before anything is read or proven."""

from __future__ import annotations

from pathlib import Path

import pytest

from hythe.base.errors import Invalid
from hythe.operations.pack import Material, PackOptions, pack
from hythe.registry.registry import Registry


def test_a_version_that_is_none_is_refused_before_the_model_is_read(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path)
    nowhere = Material(str(tmp_path / "no model.joblib"), str(tmp_path / "no rows.csv"))
    with pytest.raises(Invalid, match="'one' is no version; write MAJOR"):
        pack(registry, "churn", nowhere, PackOptions(version="one"), actor="ana")
    registry.close()
