"""A live endpoint: its plan, how its rows are read, and a session for each version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hythe.base.errors import Corrupt, NotFound
from hythe.bundle.variant import Variant
from hythe.dataplane.spec import EndpointSpec, NativeFiles, OnnxFiles, VersionSpec
from hythe.runtime import wire
from hythe.runtime.answers import Labeller
from hythe.runtime.batch import RowReader, reader
from hythe.runtime.child import Child, ChildConfig
from hythe.runtime.child_session import ChildSession
from hythe.runtime.onnx import OnnxModel
from hythe.runtime.session import OnnxSession, Session


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """One version in this process; `label` turns its output arrays into JSON answers."""

    spec: VersionSpec
    session: Session
    label: Labeller


class Endpoint:
    """Where requests for one name go; `start` loads every version before the first request."""

    def __init__(self, spec: EndpointSpec, *, threads: int = 1, child: ChildConfig | None = None) -> None:
        self.name = spec.name
        self.spec = spec
        self.plan = spec.plan
        self.reader: RowReader = reader(spec.schema)
        self.versions = {
            item.version: LiveVersion(
                item,
                _session(item, self.reader, threads, child or ChildConfig(threads=threads)),
                Labeller(item.schema.outputs, text_keys=True),
            )
            for item in spec.versions
        }

    @property
    def ready(self) -> bool:
        """Whether every version of the plan would answer now."""
        return all(self.versions[arm.version].session.ready for arm in self.plan.arms if arm.weight)

    def version(self, number: str) -> LiveVersion:
        """Find a version of this endpoint.

        Raises:
            NotFound: naming the versions that there are.

        """
        found = self.versions.get(number)
        if found is None:
            known = ", ".join(self.versions)
            raise NotFound(f"endpoint {self.name!r} does not serve version {number!r}; versions: {known}")
        return found

    async def start(self) -> None:
        """Load every version; raises Corrupt or Unavailable."""
        for version in self.versions.values():
            await version.session.start()

    async def close(self) -> None:
        """Give everything back."""
        for version in self.versions.values():
            await version.session.close()


def _session(spec: VersionSpec, rows: RowReader, threads: int, config: ChildConfig) -> Session:
    files = spec.files
    if isinstance(files, NativeFiles):
        load = wire.Load(files.flavor, files.format, files.folder, spec.schema)
        return ChildSession(Child(load, config), rows)
    return OnnxSession(lambda: _onnx(files, rows, threads))


def _onnx(files: OnnxFiles, rows: RowReader, threads: int) -> OnnxModel:
    try:
        variant = Variant.decode(Path(files.variant).read_bytes())
    except OSError as err:
        raise Corrupt(f"{files.variant} cannot be read: {err.strerror}; pull the version again") from err
    return OnnxModel(Path(files.graph), variant, fields=rows.fields, threads=threads)
