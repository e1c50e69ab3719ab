"""Each peer's virtual environment, under `.bench/peers/`: made once, made again when its pins change."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / ".bench" / "peers"
PATIENCE_S = 900.0


class NotInstalled(RuntimeError):
    """A peer is absent: what failed, or what would bring it."""


def pins(peer: str) -> Path:
    """Give the file with the versions of a peer and of all that it needs."""
    return HERE / peer / "requirements.txt"


def installed(peer: str) -> bool:
    """Say whether a peer's environment is there, with the versions pinned now."""
    stamp = KEPT / peer / "installed.txt"
    return stamp.exists() and stamp.read_text() == pins(peer).read_text()


def install(peer: str) -> None:
    """Make a peer's environment, with uv where it is there and with venv and pip where it is not.

    Raises:
        NotInstalled: when it cannot be made.

    """
    folder, uv = KEPT / peer, shutil.which("uv")
    python = folder / "bin" / "python"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if uv:
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
        _run([uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(pins(peer))])
    else:
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", "-r", str(pins(peer))])
    (folder / "installed.txt").write_text(pins(peer).read_text())


def program(peer: str, name: str) -> str:
    """Give the path of a program in a peer's environment."""
    return str(KEPT / peer / "bin" / name)


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.CalledProcessError as err:
        raise NotInstalled(f"{' '.join(command[:4])} … failed: {err.stderr.strip()[-800:]}") from err
    except subprocess.TimeoutExpired as err:
        raise NotInstalled(f"{' '.join(command[:4])} … took over {PATIENCE_S:.0f} s") from err
