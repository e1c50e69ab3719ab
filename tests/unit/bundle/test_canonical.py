from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

import pytest

from hythe.base.errors import Invalid
from hythe.bundle.canonical import canonical
from hythe.bundle.descriptor import Descriptor


def test_the_order_in_which_keys_were_put_does_not_matter() -> None:
    forwards = OrderedDict([("a", 1), ("b", {"x": 1, "y": 2})])
    backwards = OrderedDict([("b", {"y": 2, "x": 1}), ("a", 1)])
    assert canonical(forwards) == canonical(backwards)


def test_what_is_written_reads_back_the_same() -> None:
    value = {"float": 0.1 + 0.2, "tiny": 5e-324, "text": "naïve \u2028 🦀", "none": None, "list": [True, -1]}
    assert json.loads(canonical(value)) == value


def test_a_struct_is_written_like_the_object_it_stands_for() -> None:
    assert canonical(Descriptor("text/plain", "sha256:00", 1)) == (
        b'{"digest":"sha256:00","mediaType":"text/plain","size":1}'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), "\ud800", {1: "a", "b": 2}])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(Invalid, match="cannot be written as JSON"):
        canonical({"deep": [value]})
