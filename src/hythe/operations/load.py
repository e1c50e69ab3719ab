"""Load a version to answer with it: the chosen variant, replayed before it may answer."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from hythe.base.errors import Corrupt, Invalid, Unavailable, Unsupported
from hythe.base.progress import Progress, Quiet
from hythe.bundle.bundle import Bundle
from hythe.bundle.lock import Lock, differences
from hythe.bundle.manifest import NATIVE, Manifest
from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Rows
from hythe.bundle.variant import Variant
from hythe.compile.replay import Replay, replay, replay_native
from hythe.operations.environment.places import Place, places
from hythe.operations.find import Loadable, find
from hythe.operations.layout import new_folder, onnx_paths
from hythe.operations.placing import Placing
from hythe.registry.registry import Registry
from hythe.runtime.native.wire import Load
from hythe.runtime.predictor import Predictor, native_predictor, onnx_predictor
from hythe.runtime.session_config import SessionConfig


def load(
    registry: Registry,
    ref: str,
    variant: str | None = None,
    *,
    placing: Placing | None = None,
    progress: Progress | None = None,
) -> Predictor:
    """Load a version and replay its goldens; what differs does not answer.

    Raises:
        Corrupt: when stored bytes are damaged, or an answer differs from the stored one.
        NotFound, Unsupported, Untrusted: as `find`.
        Unavailable: when the environment of its lock is needed and cannot be built.

    """
    tried = attempt(find(registry, ref, variant), registry.home, placing, progress)
    tried.check()
    tried.predictor.notice = tried.place.notice
    return tried.predictor


@dataclass(frozen=True, slots=True)
class Attempt:
    """A version opened in a place, and what came of replaying its goldens there.

    The predictor is closed when they do not hold.
    """

    found: Loadable
    place: Place
    predictor: Predictor
    replay: Replay

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.predictor.close()

    def check(self) -> None:
        """Raise Corrupt when the goldens do not hold."""
        if not self.replay.holds:
            raise Corrupt(self.fault())

    def fault(self) -> str:
        """Say what broke, and what differs from the lock: the likeliest cause."""
        native = self.found.variant == NATIVE and not self.place.python
        likely = apart(self.found.bundle, self.found.manifest) if native else ()
        said = "".join(f"; {difference}" for difference in likely)
        return f"{self.found.record.ref} does not answer as it did when packed: {self.replay}{said}"


def attempt(
    found: Loadable, home: Path, placing: Placing | None = None, progress: Progress | None = None
) -> Attempt:
    """Open a version where its goldens hold: here, or in its lock's environment; else give the last attempt.

    Raises:
        Unavailable, Unsupported: when the lock's environment is needed and cannot be built.

    """
    wanted = placing or Placing()
    lock = _lock(found.bundle, found.manifest) if found.variant == NATIVE else None
    tried: Attempt | None = None
    try:
        for place in places(lock, home, wanted.environment, progress or Quiet()):
            tried = _tried(found, home, wanted, place)
            if tried.replay.holds:
                break
    except (Unavailable, Unsupported) as err:
        if tried is None:
            raise
        raise type(err)(f"{tried.fault()}; and the environment of its lock cannot be built: {err}") from err
    return cast("Attempt", tried)  # there is always a place


def _tried(found: Loadable, home: Path, placing: Placing, place: Place) -> Attempt:
    predictor = opened(found, home, placing, place)
    try:
        tried = Attempt(found, place, predictor, replayed(found, predictor))
    except BaseException:
        predictor.close()
        raise
    if not tried.replay.holds:
        predictor.close()
    return tried


def opened(found: Loadable, home: Path, placing: Placing, place: Place) -> Predictor:
    """Open the variant without replaying anything."""
    schema = found.manifest.schema
    if found.variant == NATIVE:
        folder = unpacked(found, home)
        flavor = found.manifest.flavor
        return native_predictor(
            Load(flavor.name, flavor.format, str(folder), schema, python=place.python),
            config=SessionConfig(threads=placing.threads, device=placing.device),
            clean=lambda: shutil.rmtree(folder, ignore_errors=True),
        )
    paths = onnx_paths(found.bundle, found.folder, home, found.record.name)
    try:
        variant = Variant.decode(paths.variant.read_bytes())
        return onnx_predictor(paths.graph, variant, schema, threads=placing.threads, device=placing.device)
    finally:  # what is mapped stays mapped without a name
        if paths.folder is not None:
            shutil.rmtree(paths.folder, ignore_errors=True)


def unpacked(found: Loadable, home: Path, owner: str = "") -> Path:
    """Lay the native model's files out in a new folder under the home; the caller removes it.

    The folder's name begins with the id of the process that needs it: `owner`, or this one when left out.
    """
    folder = new_folder(home, found.record.name, owner)
    for part in ("model", "code"):
        found.bundle.unpack(folder / part, f"{part}/")
    return folder


def replayed(found: Loadable, predictor: Predictor) -> Replay:
    """Replay the goldens through the variant that `opened` gave."""
    if found.variant != NATIVE:
        return replay(found.goldens(), predictor.stored, found.manifest.schema)

    def predict(rows: Rows) -> Answers:
        outcome = predictor.stored(rows)
        if outcome.refused.any():  # replaying asks again, row by row where it must
            raise Invalid(next(iter(outcome.reasons.values()), "the model refuses it"))
        return outcome.answers

    return replay_native(found.goldens(), predict, found.manifest.schema)


def apart(bundle: Bundle, manifest: Manifest) -> tuple[str, ...]:
    """Say what is installed here in other versions than the bundle's lock has."""
    lock = _lock(bundle, manifest)
    return () if lock is None else tuple(map(str, differences(lock)))


def _lock(bundle: Bundle, manifest: Manifest) -> Lock | None:
    return Lock.decode(bundle.read(manifest.lock)) if manifest.lock else None
