"""Where a model computes: `cpu`, `cuda:N`, or `auto` for a GPU where there is one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from hythe.base.errors import Invalid, Unsupported

if TYPE_CHECKING:
    from hythe.flavors.protocol import Flavor

_DEVICE = re.compile(r"cpu|auto|cuda:\d+")


@runtime_checkable
class Placeable(Protocol):
    """A flavor whose models can leave the CPU."""

    def devices(self) -> tuple[str, ...]:
        """Name the devices here beside the CPU, such as `cuda:0`."""
        ...

    def place(self, model: Any, device: str) -> Any:
        """Move a loaded model to `device`, and give it."""
        ...


def check_device(device: str) -> str:
    """Give `device` back when it is one; raises Invalid.

    >>> check_device("cuda:0")
    'cuda:0'
    """
    if not _DEVICE.fullmatch(device):
        raise Invalid(f"device is {device!r}; use 'cpu', 'auto' or 'cuda:0'")
    return device


def chosen(device: str, there: tuple[str, ...], what: str) -> str:
    """Settle `device` among those that are `there` beside the CPU; `what` needs it, for the message.

    >>> chosen("auto", (), "ONNX Runtime"), chosen("auto", ("cuda:0",), "ONNX Runtime")
    ('cpu', 'cuda:0')

    Raises:
        Invalid: when it is no device.
        Unsupported: when it is not there.

    """
    if check_device(device) == "auto":
        return there[0] if there else "cpu"
    if device != "cpu" and device not in there:
        known = ", ".join(there) or "none"
        raise Unsupported(
            f"there is no CUDA device {device!r} for {what}; devices: {known}; use 'cpu' or 'auto'"
        )
    return device


def place(flavor: Flavor, model: Any, device: str) -> tuple[Any, str]:
    """Move a loaded model to `device`, where its flavor can; gives the model and the device it is on.

    Raises:
        Invalid, Unsupported: as `chosen`; every flavor's models run on the CPU.

    """
    if not isinstance(flavor, Placeable):
        return model, chosen(device, (), f"the {flavor.name} flavor, which computes on the CPU")
    settled = chosen(device, () if device == "cpu" else flavor.devices(), f"the {flavor.name} flavor")
    return (model if settled == "cpu" else flavor.place(model, settled)), settled
