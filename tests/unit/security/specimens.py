"""Files that run something when loaded; what they run leaves a mark, so that a test sees that none did."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


class Calls:
    """Pickles as a call of `module.name` on `arguments`, whether or not that can be imported here."""

    def __init__(self, module: str, name: str, *arguments: Any) -> None:
        self.call = (module, name, arguments)

    def pickled(self, protocol: int = 4) -> bytes:
        """Write the pickle by hand, so that dotted and impossible names can be written too."""
        module, name, arguments = self.call
        inside = pickle.dumps(arguments, protocol=2)[2:-1]
        if protocol < 4:
            return b"\x80\x02c" + f"{module}\n{name}\n".encode() + inside + b"R."
        names = b"".join(b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name))
        return b"\x80\x04" + names + b"\x93" + inside + b"R."


def _attacks(mark: Path) -> dict[str, Calls]:
    code = f"open({str(mark)!r}, 'w').close()"
    return {
        "os.system": Calls("os", "system", f"touch {mark}"),
        "posix.system": Calls("posix", "system", f"touch {mark}"),
        "builtins.eval": Calls("builtins", "eval", code),
        "builtins.exec": Calls("builtins", "exec", code),
        "timeit.timeit": Calls("timeit", "timeit", code, "pass"),
        "cProfile.run": Calls("cProfile", "run", code),
        "sklearn.os.system": Calls("sklearn", "os.system", f"touch {mark}"),
        "subprocess.run": Calls("subprocess", "run", ["touch", str(mark)]),
        "operator.attrgetter": Calls("operator", "attrgetter", "system"),
        "functools.partial": Calls("functools", "partial", print),
        "builtins.getattr": Calls("builtins", "getattr", 1, "real"),
        "runpy.run_path": Calls("runpy", "run_path", str(mark)),
        "numpy.memmap": Calls("numpy", "memmap", str(mark), "uint8", "w+"),
        "numpy.load": Calls("numpy", "load", str(mark)),
        "pickle.loads": Calls("pickle", "loads", b""),
        "importlib.import_module": Calls("importlib", "import_module", "antigravity"),
        "joblib.load": Calls("joblib", "load", str(mark)),
        "sklearn.datasets._base.load_files": Calls("sklearn.datasets._base", "load_files", "/"),
        "sklearn.utils.os.system": Calls("sklearn.utils", "os.system", f"touch {mark}"),
        "scipy.stats._distn_infrastructure.rv_continuous": Calls(
            "scipy.stats._distn_infrastructure", "rv_continuous"
        ),
    }


ATTACKS = tuple(_attacks(Path("mark")))


def attack(name: str, mark: Path, protocol: int = 4) -> bytes:
    """Give the pickle that calls `name` and would leave `mark`."""
    return _attacks(mark)[name].pickled(protocol)


def _tar(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("inner/model.pkl")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    """Write a compressed zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def object_array(data: bytes) -> bytes:
    """Write an .npy file whose cells are objects, with `data` where numpy reads their pickle."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return out.getvalue() + data


def legacy_torch(data: bytes) -> bytes:
    """Write a torch file as before torch 1.6, with `data` as its object and no storages."""
    parts = [
        pickle.dumps(part, protocol=2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    ]
    return b"".join(parts) + data + pickle.dumps([], protocol=2)


def torch_zip(data: bytes, cells: bytes = b"\0" * 8) -> bytes:
    """Write a torch file as since torch 1.6."""
    return zipped({"archive/data.pkl": data, "archive/data/0": cells, "archive/version": b"3\n"})


WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "bare": lambda data: data,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zlib": zlib.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "zip": lambda data: zipped({"model.pkl": data}),
    "tar": _tar,
    "tar in gzip": lambda data: gzip.compress(_tar(data), mtime=0),
    "zip in zip": lambda data: zipped({"inner.zip": zipped({"model.pkl": data})}),
    "gzip in tar": lambda data: _tar(gzip.compress(data, mtime=0)),
    "npy of objects": object_array,
    "npz of objects": lambda data: zipped({"x.npy": object_array(data)}),
    "torch before 1.6": legacy_torch,
    "torch": torch_zip,
    "skops": lambda data: zipped({"schema.json": b'{"__loader__":"JsonNode"}', "x.npy": object_array(data)}),
    "zip in gzip": lambda data: gzip.compress(zipped({"model.pkl": data}), mtime=0),
}


def long_text(text: str) -> bytes:
    """Push a string."""
    return b"X" + struct.pack("<I", len(text)) + text.encode()
