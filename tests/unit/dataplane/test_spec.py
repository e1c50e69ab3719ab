"""An endpoint, as data."""

from pathlib import Path

import msgspec
import pytest

from hythe.base.errors import Corrupt, Invalid
from hythe.dataplane.spec import decode, encode
from hythe.rollout.plan import Plan
from hythe.testing.native import misbehaving_endpoint
from hythe.testing.tiny import tiny_endpoint


def test_endpoints_come_back_from_json_as_they_were(tmp_path: Path) -> None:
    specs = [tiny_endpoint(tmp_path), misbehaving_endpoint(tmp_path)]
    assert decode(encode(specs)) == specs
    with pytest.raises(Corrupt):
        decode(b"[{}]")


def test_an_arm_without_its_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"has an arm for 2\.0\.0, but not that version"):
        msgspec.structs.replace(tiny_endpoint(tmp_path), plan=Plan.of("2.0.0", "sha256:0b"))


@pytest.mark.parametrize("name", ["", "a/b", "a b", "..", "ä"])
def test_a_name_fits_into_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="use letters, digits"):
        tiny_endpoint(tmp_path, name)
