"""A model goes to the device that was asked for, where its flavor can."""

from typing import Any

import pytest

from hythe.base.errors import Unsupported
from hythe.flavors.find import named
from hythe.flavors.placing import Placeable, place
from hythe.flavors.python import PythonFlavor


class WithTwoGpus(PythonFlavor):
    """Notes where a model was moved."""

    name = "gpus"

    def devices(self) -> tuple[str, ...]:
        return ("cuda:0", "cuda:1")

    def place(self, model: Any, device: str) -> Any:
        return f"{model} on {device}"


def test_a_model_is_moved_to_the_device_that_was_asked_for() -> None:
    assert place(WithTwoGpus(), "model", "cuda:1") == ("model on cuda:1", "cuda:1")
    assert place(WithTwoGpus(), "model", "auto") == ("model on cuda:0", "cuda:0")
    assert place(WithTwoGpus(), "model", "cpu") == ("model", "cpu")


def test_a_device_beyond_those_there_are_is_refused_with_their_names() -> None:
    with pytest.raises(Unsupported, match=r"'cuda:2' for the gpus flavor; devices: cuda:0, cuda:1; use"):
        place(WithTwoGpus(), "model", "cuda:2")


def test_torch_models_can_be_placed_and_sklearn_models_compute_on_the_cpu() -> None:
    assert isinstance(named("torch"), Placeable)
    assert place(named("sklearn"), "model", "auto") == ("model", "cpu")
    with pytest.raises(Unsupported, match="the sklearn flavor, which computes on the CPU"):
        place(named("sklearn"), "model", "cuda:0")
