"""Make a virtual environment of exact versions: by uv where it is there, else by venv and pip."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from hythe.base.errors import Unavailable, Unsupported
from hythe.base.progress import Progress
from hythe.operations.environment.recipe import Recipe

_TOLD_LINES = 6
_SHOWN = 60
_NOISE = "WARNING:"


def install(recipe: Recipe, folder: Path, progress: Progress) -> None:
    """Make the environment in `folder`; nothing but the recipe's distributions is taken from any index.

    Raises:
        Unsupported: when the recipe's Python is not on this machine.
        Unavailable: when a distribution cannot be installed, with the last that was said of it.

    """
    ways = [_by_uv, _by_pip] if shutil.which("uv") else [_by_pip]
    for number, way in enumerate(ways, 1):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            return way(recipe, folder, progress)
        except (Unavailable, Unsupported):  # uv does not read pip's configuration, so pip may know a way
            if number == len(ways):
                raise
    return None


def _by_uv(recipe: Recipe, folder: Path, progress: Progress) -> None:
    """Let uv find the Python too, or bring it."""
    _run(["uv", "venv", "--python", recipe.python, str(folder)], progress)
    target = ["--python", str(folder / "bin" / "python")]
    _run(["uv", "pip", "install", *target, "--no-deps", "--requirement", _pins(recipe, folder)], progress)


def _by_pip(recipe: Recipe, folder: Path, progress: Progress) -> None:
    """Let the pip of this environment install into the other; to put one there takes seconds."""
    here = find_spec("pip") is not None
    _run([_python(recipe.python), "-m", "venv", *(["--without-pip"] if here else []), str(folder)], progress)
    target = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", target] if here else [target, "-m", "pip"]
    quietly = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    _run([*pip, "install", *quietly, "--no-deps", "--requirement", _pins(recipe, folder)], progress)


def _pins(recipe: Recipe, folder: Path) -> str:
    path = folder / "requirements.txt"
    path.write_text("\n".join(recipe.pins) + "\n")
    return str(path)


def _python(wanted: str) -> str:
    """Find the interpreter of a minor version: this one, or one on the PATH."""
    if wanted == ".".join(platform.python_version_tuple()[:2]):
        return sys.executable
    found = shutil.which(f"python{wanted}")
    if found is None:
        raise Unsupported(
            f"the lock wants Python {wanted}, which is not on this machine (this is "
            f"{platform.python_version()}); install uv, which brings it, or put python{wanted} on the PATH"
        )
    return found


def _run(command: Sequence[str], progress: Progress) -> None:
    """Run to the end, show each line as progress, and keep the last ones for the error."""
    last: deque[str] = deque(maxlen=_TOLD_LINES)
    foreign = {"PYTHONPATH", "PYTHONHOME"}
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    ) as process:
        try:
            for line in map(str.strip, process.stdout or ()):
                if line and not line.startswith(_NOISE):
                    last.append(line)
                    progress.step(f"building the environment: {line[:_SHOWN]}")
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        tool = Path(command[0]).name if command[0] == "uv" else command[2]
        raise Unavailable(
            f"{tool} ended with {process.returncode}: {' / '.join(last)}; see that its index has "
            "the versions that the lock names, or load with environment='here'"
        )
