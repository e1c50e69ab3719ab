"""The command line in this process: what the command of that name says and how it ends, without its start."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from subprocess import CompletedProcess

from hythe.cli.main import main


class _Said(io.TextIOWrapper):
    """A stream that takes text and, by its buffer, bytes, as the real ones do."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self) -> str:
        self.seek(0)
        return self.read()


def said(*words: object) -> CompletedProcess[str]:
    """Run `hythe` with these words; give its exit code and what it said, as `subprocess.run` does.

    >>> done = said("predict", "churn", "--home", "/nowhere", "--data", "rows.json")
    >>> done.returncode, done.stdout
    (2, '')
    """
    arguments = [str(word) for word in words]
    with _streams() as (out, err):
        try:
            main(arguments)
        except SystemExit as ended:
            return CompletedProcess(arguments, int(ended.code or 0), out.text(), err.text())
    raise AssertionError("main() came back")


@contextmanager
def _streams() -> Iterator[tuple[_Said, _Said]]:
    with _Said() as out, _Said() as err, redirect_stdout(out), redirect_stderr(err):
        yield out, err
