"""An endpoint, as data."""

from pathlib import Path

import msgspec
import pytest

from hythe.base.errors import Corrupt, Invalid
from hythe.dataplane.spec import Posting
from hythe.rollout.plan import Plan
from hythe.testing.native import misbehaving_endpoint
from hythe.testing.tiny import tiny_endpoint


def test_a_posting_comes_back_from_json_as_it_was(tmp_path: Path) -> None:
    endpoints = (tiny_endpoint(tmp_path), misbehaving_endpoint(tmp_path))
    posting = Posting(endpoints, notices=("churn 1.1.0 is not switched in",), catalog_reachable=False)
    assert Posting.decode(posting.encode()) == posting
    with pytest.raises(Corrupt):
        Posting.decode(b"[{}]")


def test_an_endpoint_is_posted_once(tmp_path: Path) -> None:
    endpoint = tiny_endpoint(tmp_path)
    with pytest.raises(Invalid, match="'churn' is given twice"):
        Posting((endpoint, endpoint))


def test_an_arm_without_its_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"names 2\.0\.0, but it has not that version"):
        msgspec.structs.replace(tiny_endpoint(tmp_path), plan=Plan.of("2.0.0", "sha256:0b"))


@pytest.mark.parametrize("name", ["", "a/b", "a b", "..", "ä"])
def test_a_name_fits_into_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="use letters, digits"):
        tiny_endpoint(tmp_path, name)
