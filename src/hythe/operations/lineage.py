"""Where a model came from, as far as the surroundings tell: the git commit, and digests of the data."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_GIT_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Commit:
    """A git commit, and whether files that git tracks were changed on top of it."""

    commit: str
    dirty: bool


def git_commit(folder: Path) -> Commit | None:
    """Find the commit that `folder` is checked out at; None outside a repository or without git."""
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return Commit(commit, bool(changes))


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            check=False,
            text=True,
            timeout=_GIT_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
