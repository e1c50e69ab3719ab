"""PyTorch: exported programs and TorchScript modules.

Both are programs for torch to run (the shapes of an exported program are evaluated as Python when it is
loaded), so they load only when trusted.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hythe.base.errors import Corrupt, Invalid, Unsupported
from hythe.bundle.frames import to_native
from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Array, Rows, count
from hythe.bundle.schema import Output, Schema
from hythe.flavors.answers import missing_extra, normalised, outputs_of
from hythe.flavors.canonical_skops import zipped
from hythe.flavors.protocol import Saved

EXPORTED = "pt2"
SCRIPT = "torchscript"
_FILES = {EXPORTED: "model/model.pt2", SCRIPT: "model/model.pt"}
_RANDOM = ".data/serialization_id"


class TorchFlavor:
    """`torch.export.ExportedProgram` and `torch.jit.ScriptModule`; on the CPU until they are placed."""

    name = "torch"

    def owns(self, model: object) -> bool:
        """Tell an exported program or a scripted module; other modules have no form without their code."""
        names = {f"{kind.__module__}.{kind.__name__}" for kind in type(model).__mro__}
        return not names.isdisjoint(
            {"torch.export.exported_program.ExportedProgram", "torch.jit._script.ScriptModule"}
        )

    def reads(self, path: Path) -> bool:
        """Tell by the ending, and that it is a zip."""
        return path.suffix.lower() in {".pt2", ".pt", ".pth", ".ts"} and zipfile.is_zipfile(path)

    def runs(self, path: Path) -> bool:
        """Say yes: it is a program."""
        return path.is_file()

    def read(self, path: Path) -> object:
        """Load an exported program or a TorchScript file."""
        torch = _torch()
        try:
            if path.suffix.lower() == ".pt2":
                return torch.export.load(str(path))
            return torch.jit.load(str(path), map_location="cpu")
        except Exception as err:  # torch raises RuntimeError, ValueError and its own kinds
            raise Invalid(
                f"{path.name} is no exported program or TorchScript: {err}; save it with torch.export.save"
            ) from err

    def save(self, model: Any) -> Saved:
        """Write torch's archive again without its random id, its times and its compression."""
        torch = _torch()
        out = io.BytesIO()
        format_ = SCRIPT if isinstance(model, torch.jit.ScriptModule) else EXPORTED
        (torch.jit if format_ == SCRIPT else torch.export).save(model, out)
        with zipfile.ZipFile(out) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if not name.endswith(_RANDOM)}
        return Saved(format_, {_FILES[format_]: zipped(files)}, program=True, requirements=("torch",))

    def load(self, folder: Path, format: str) -> Any:  # noqa: A002 - the word of the manifest
        """Read back what `save` wrote.

        Raises:
            Corrupt: when torch cannot read it.

        """
        try:
            return self.read(folder / _FILES[format])
        except Invalid as err:
            raise Corrupt(f"the stored model cannot be loaded: {err}") from err

    def expected_columns(self, model: Any) -> tuple[str, ...] | None:
        """Say that tensors have no columns."""
        del model
        return None

    def predict(self, model: Any, rows: Rows, schema: Schema) -> Answers:
        """Call the module on tensors, by position for one or more arrays; outputs are `value`, or by name."""
        torch = _torch()
        native = to_native(rows, schema)
        module = model if isinstance(model, torch.jit.ScriptModule) else model.module()
        arrays = list(native.values()) if isinstance(native, Mapping) else [_array(native)]
        device = _device(model)
        with torch.inference_mode():
            result = module(*(torch.from_numpy(array).to(device) for array in arrays))
        return normalised(_named(result), count(rows))

    def devices(self) -> tuple[str, ...]:
        """Name the GPUs that torch sees."""
        return tuple(f"cuda:{number}" for number in range(_torch().cuda.device_count()))

    def place(self, model: Any, device: str) -> Any:
        """Move a loaded model to a GPU; float32 products keep their bits there (no TF32)."""
        torch = _torch()
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        if isinstance(model, torch.jit.ScriptModule):
            return model.to(device)
        from torch.export.passes import move_to_device_pass

        return move_to_device_pass(model, device)

    def outputs(self, model: Any, answers: Answers) -> tuple[Output, ...]:
        """Describe the outputs."""
        del model
        return outputs_of(answers)


def _array(native: Any) -> Array:
    import numpy as np

    return np.ascontiguousarray(native)


def _device(model: Any) -> Any:
    """Say where a model's weights are; one without any computes wherever its input is."""
    weights = getattr(model, "state_dict", None)
    held = (weights() if callable(weights) else weights) or {}
    return next((tensor.device for tensor in held.values()), "cpu")


def _named(result: Any) -> Mapping[str, Any]:
    if isinstance(result, Mapping):
        return {str(name): value.cpu().numpy() for name, value in result.items()}
    if isinstance(result, tuple | list):
        return {f"value_{i}": value.cpu().numpy() for i, value in enumerate(result)}
    if not hasattr(result, "numpy"):
        raise Unsupported(f"the module returned a {type(result).__name__}; return tensors")
    return {"value": result.cpu().numpy()}


def _torch() -> Any:
    try:
        import torch
    except ImportError as err:
        raise missing_extra("torch", "torch")(err) from err
    return torch


FLAVOR = TorchFlavor()
