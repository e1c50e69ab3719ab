"""Where ONNX Runtime computes a graph."""

from __future__ import annotations

from typing import Any

from hythe.base.errors import Unsupported
from hythe.flavors.placing import chosen

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
_WHAT = "ONNX Runtime"


def providers(device: str) -> list[Any]:
    """Give the execution providers for `cpu`, `cuda:N` or `auto`, the wanted one first.

    On CUDA, float32 products stay float32: its TF32 keeps 10 bits of them, which no proof would pass.

    Raises:
        Invalid, Unsupported: as `hythe.flavors.placing.chosen`.

    """
    import onnxruntime as ort

    wanted = device if device.startswith("cuda:") else "cuda:0"
    settled = chosen(device, (wanted,) if _CUDA in ort.get_available_providers() else (), _WHAT)
    if settled == "cpu":
        return [_CPU]
    return [(_CUDA, {"device_id": int(settled.partition(":")[2]), "use_tf32": "0"}), _CPU]


def settled_device(device: str, session: Any) -> str:
    """Say where a session computes, since ONNX Runtime goes to the CPU in silence when a GPU does not start.

    Raises:
        Unsupported: when it is not where it was asked to be; `auto` is content with either.

    """
    if _CUDA in session.get_providers():
        number = session.get_provider_options()[_CUDA].get("device_id", "0")
        return f"cuda:{number}"
    if device.startswith("cuda:"):
        raise Unsupported(
            f"{_WHAT} cannot start CUDA device {device!r}; see its log for why, or use 'cpu' or 'auto'"
        )
    return "cpu"
