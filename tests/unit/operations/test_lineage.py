"""The commit that a model was trained at is found, and so is work on top of it."""

import subprocess
from pathlib import Path

from hythe.operations.lineage import Commit, git_commit


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=ana", "-c", "user.email=ana@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_outside_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    assert git_commit(tmp_path / "nowhere") is None


def test_a_change_on_top_of_the_commit_is_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "train.py").write_text("one")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "train")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "notes.txt").write_text("a file that git does not track changes nothing")
    assert git_commit(tmp_path) == Commit(commit, dirty=False)
    (tmp_path / "train.py").write_text("two")
    assert git_commit(tmp_path) == Commit(commit, dirty=True)
