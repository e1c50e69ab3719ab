"""What callers got, answer by answer, from the file that an open loop keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fixtures.releases import label, truth

OK = 200


class Answer(NamedTuple):
    """One answer: when it came, by which version ("" where it is an error), and whether it was right."""

    at_s: float
    status: int
    version: str = ""
    right: bool = False


class Answers:
    """What callers got, read from the generator's file as it grows."""

    def __init__(self, file: Path, rows: Sequence[dict[str, float]]) -> None:
        self._file = file
        self._rows = rows
        self._place = 0
        self.seen: list[Answer] = []
        self.lost = 0
        self.p99_ms = 0.0

    def count(self, status: int) -> int:
        """Count the answers of one status."""
        return sum(answer.status == status for answer in self.seen)

    def of(self, version: str) -> list[Answer]:
        """Give the answers of one version."""
        return [answer for answer in self.seen if answer.version == version]

    def read(self) -> list[tuple[str, str]]:
        """Take what came since; gives the prediction ids with the true outcomes."""
        told = []
        with self._file.open("rb") as source:
            source.seek(self._place)
            for line in source:
                if not line.endswith(b"\n"):
                    break
                self._place += len(line)
                number, status, at_s, body = line.split(b" ", 3)
                if int(status) != OK:
                    self.seen.append(Answer(float(at_s), int(status)))
                    continue
                said, true = json.loads(body), truth(self._rows[int(number) % len(self._rows)])
                right = label(said["predictions"][0]) == true
                self.seen.append(Answer(float(at_s), OK, said["version"], right))
                told.append((said["prediction_id"], true))
        return told
