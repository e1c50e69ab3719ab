"""From the files of a version to the session that answers with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hythe.base.errors import Corrupt
from hythe.bundle.variant import Variant
from hythe.dataplane.spec import NativeFiles, OnnxFiles, VersionSpec
from hythe.runtime.batch import RowReader
from hythe.runtime.onnx import OnnxModel
from hythe.runtime.session import OnnxSession, Session
from hythe.runtime.session_config import SessionConfig


def opener(config: SessionConfig | None = None) -> Callable[[VersionSpec, RowReader], Session]:
    """Make what opens sessions as `config` says; nothing is loaded before a session is started."""
    chosen = config or SessionConfig()

    def open_session(spec: VersionSpec, rows: RowReader) -> Session:
        files = spec.files
        if isinstance(files, NativeFiles):
            return _native(files, spec, rows, chosen)
        return OnnxSession(lambda: _onnx(files, rows, chosen), instances=chosen.instances)

    return open_session


def _native(files: NativeFiles, spec: VersionSpec, rows: RowReader, config: SessionConfig) -> Session:
    from hythe.runtime.native import wire
    from hythe.runtime.native.session import ChildSession

    load = wire.Load(files.flavor, files.format, files.folder, spec.schema, python=files.python)
    return ChildSession.of(load, rows, config)


def _onnx(files: OnnxFiles, rows: RowReader, config: SessionConfig) -> OnnxModel:
    try:
        variant = Variant.decode(Path(files.variant).read_bytes())
    except OSError as err:
        raise Corrupt(f"{files.variant} cannot be read: {err.strerror}; pull the version again") from err
    threads, device = config.threads, config.device
    return OnnxModel(Path(files.graph), variant, fields=rows.fields, threads=threads, device=device)
