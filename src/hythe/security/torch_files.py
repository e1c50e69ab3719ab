"""torch's files: pickles whose tensors' cells lie beside them."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from hythe.security.globals import Allow, Use
from hythe.security.joblib_arrays import skip
from hythe.security.pickles import Unreadable, Walk
from hythe.security.stand_ins import Global

LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""The pickled magic number that torch's files began with before they were zip archives."""
_SIZES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8,
    "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1,
    "ComplexDoubleStorage": 16, "ComplexFloatStorage": 8,
}  # fmt: skip
_DTYPES = (
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
    "complex64",
)  # fmt: skip
TORCH_GLOBALS: dict[tuple[str, str], Use] = {
    ("torch._utils", "_rebuild_tensor_v2"): Use.CALL,
    ("torch._utils", "_rebuild_parameter"): Use.CALL,
    ("torch", "Size"): Use.CALL,
    ("torch", "device"): Use.CALL,
    **{("torch", name): Use.HOLD for name in _SIZES},
    **{("torch", name): Use.HOLD for name in _DTYPES},
}
"""What state dictionaries and lists of tensors are made of."""
_STORAGE = re.compile(
    r"data/\d+|version|byteorder|\.data/serialization_id|\.format_version|\.storage_alignment"
)
_PROGRAM_MARKS = re.compile(
    r"(^|/)(constants\.pkl|code/.*|serialized_exported_program\.json|models/[^/]*\.json|archive_format)$"
)


def is_storage(name: str) -> bool:
    """Tell whether a member of torch's archive (its folder left off) is cells or a note of the format."""
    return _STORAGE.fullmatch(name) is not None


def script_or_program(names: Sequence[str]) -> str | None:
    """Name the program that an archive with these members holds: TorchScript, or an exported program.

    Both are code for torch to run: TorchScript can open files, and an exported program's symbolic shapes are
    evaluated as Python when it is loaded.
    """
    found = next((name for name in names if _PROGRAM_MARKS.search(name)), None)
    return None if found is None else f"a torch program ({found})"


def legacy(stream: Any, allow: Allow) -> Iterator[str]:
    """Walk a torch file from before 1.6: magic, version, system, the object, the storages' keys, their cells.

    Raises:
        Unreadable: when it is not laid out like that.

    """
    walks = [_walk(stream, allow, persistent=part == _OBJECT) for part in range(_PARTS)]
    for walk in walks:
        yield from walk.refused
    sizes = {pid[2]: _SIZES.get(pid[1].name, 0) for pid in map(_storage, walks[_OBJECT].stored)}
    keys = walks[-1].result
    if not isinstance(keys, list) or any(sizes.get(key, 0) == 0 for key in keys if isinstance(key, str)):
        raise Unreadable("its storages are of an unknown form")
    for key in keys:
        (count,) = struct.unpack("<q", stream.read(8))
        skip(stream, max(count, 0) * sizes[key])


_OBJECT, _PARTS = 3, 5


def _walk(stream: Any, allow: Allow, *, persistent: bool) -> Walk:
    walk = Walk(stream, allow, persistent=persistent)
    walk.walk()
    return walk


def _storage(pid: Any) -> Any:
    """Check a persistent id: ('storage', class, key, location, cells, view)."""
    known = isinstance(pid, tuple) and len(pid) >= 5 and isinstance(pid[1], Global) and type(pid[2]) is str  # noqa: PLR2004 - see above
    if not known or pid[0] != "storage":
        raise Unreadable("it refers to a storage of an unknown form")
    return pid
