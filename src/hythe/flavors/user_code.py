"""The user's own Python files: finding the sources a model needs, and importing them from a bundle."""

from __future__ import annotations

import ast
import importlib
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

from hythe.base.errors import Unsupported
from hythe.flavors.requirements import distributions

FOLDER = "code"
_OURS = "hythe"


@dataclass(frozen=True, slots=True)
class Code:
    """Sources, as paths in the bundle to bytes, and the distributions that they import."""

    files: dict[str, bytes]
    requirements: tuple[str, ...]


def is_local(module: str) -> bool:
    """Tell whether `module` is the user's own: a Python file that no installed distribution brought."""
    root = module.partition(".")[0]
    if root in {_OURS, "__main__"} or root in sys.stdlib_module_names:
        return False
    spec = _spec(root)
    places = _places(spec)
    return bool(places) and not any(_is_installed(place) for place in places)


def gather(modules: Iterable[str]) -> Code:
    """Find the sources of the user's modules among `modules`, and of the user's modules that those import.

    A module in a package brings its whole package; one in a folder without `__init__.py` comes by itself.
    """
    files: dict[str, bytes] = {}
    needed: set[str] = set()
    waiting = set(modules)
    seen: set[str] = set()
    while waiting:
        module = waiting.pop()
        unit = _unit(module) if is_local(module) else None
        if unit is None:
            needed.add(module)
        elif unit.name not in seen:
            seen.add(unit.name)
            for name, source in _sources(unit):
                files[f"{FOLDER}/{name}"] = source
                waiting |= _imports(source, name)
    return Code(dict(sorted(files.items())), distributions(needed))


@contextmanager
def importing_from(folder: Path) -> Iterator[None]:
    """Import the bundle's own modules from `folder`/code, even where others of the same name are loaded.

    The folder stays on the path behind everything else, for imports that the code makes later.
    """
    code = folder / FOLDER
    if not code.is_dir():
        yield
        return
    roots = {entry.stem for entry in code.iterdir()}
    before = {n: m for n, m in sys.modules.items() if n.partition(".")[0] in roots}
    for name in before:
        del sys.modules[name]
    sys.path.insert(0, str(code))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(code))
        sys.path.append(str(code))
        if before:
            for name in [n for n in sys.modules if n.partition(".")[0] in roots]:
                del sys.modules[name]
            sys.modules.update(before)


def _spec(root: str) -> ModuleSpec | None:
    try:
        return find_spec(root)
    except (ValueError, ImportError):
        return None


def _places(spec: ModuleSpec | None) -> list[Path]:
    if spec is None:
        return []
    if spec.submodule_search_locations:
        return [Path(place) for place in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.origin is not None and spec.origin.endswith(".py") else []


def _is_installed(place: Path) -> bool:
    homes = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    resolved = place.resolve()
    if any(part in {"site-packages", "dist-packages"} for part in resolved.parts):
        return True
    return any(resolved.is_relative_to(Path(home).resolve()) for home in homes)


def _unit(module: str) -> ModuleSpec | None:
    """Find the outermost package or module with a file that `module` lies in, passing bare folders."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        spec = _spec(".".join(parts[:length]))
        if spec is None or spec.origin is not None:
            return spec
    return None


def _sources(unit: ModuleSpec) -> Iterator[tuple[str, bytes]]:
    """Yield paths as imports will look for them, with their bytes."""
    path = unit.name.replace(".", "/")
    if not unit.submodule_search_locations:
        yield f"{path}.py", Path(str(unit.origin)).read_bytes()
        return
    for place in map(Path, unit.submodule_search_locations):
        for file in sorted(place.rglob("*.py")):
            yield f"{path}/{file.relative_to(place).as_posix()}", file.read_bytes()


def _imports(source: bytes, name: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError as err:
        raise Unsupported(f"the module file {name} cannot be parsed: {err}; mend or remove it") from err
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
