from __future__ import annotations

import pytest

from hythe.base.errors import Invalid
from hythe.bundle.layout import check_path, check_paths, kind_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("hythe.json", "weight.config"),
        ("model/model.skops", "weight"),
        ("model/deep/weights.bin", "weight"),
        ("code/predict.py", "code"),
        ("variants/onnx/model.onnx", "weight"),
        ("variants/onnx/variant.json", "weight.config"),
        ("proofs/onnx.json", "weight.config"),
        ("goldens.arrow", "dataset"),
        ("baseline.json", "dataset"),
        ("lock.json", "weight.config"),
        ("card.md", "doc"),
        ("something.new", "weight.config"),
    ],
)
def test_each_file_has_its_layer_kind(path: str, kind: str) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "..", "a/../b", "a//b", "./a", "a/", "a\\b", "a\0b", "a\nb", "x" * 1025],
)
def test_a_path_that_leaves_the_bundle_or_cannot_be_seen_is_refused(path: str) -> None:
    with pytest.raises(Invalid, match="is no path inside a bundle"):
        check_path(path)


def test_one_path_twice_is_refused() -> None:
    with pytest.raises(Invalid, match="stands twice"):
        check_paths(["model/a", "model/a"])


def test_a_file_that_is_also_a_folder_is_refused() -> None:
    with pytest.raises(Invalid, match="'model' is a file and a folder"):
        check_paths(["model/a", "model"])
