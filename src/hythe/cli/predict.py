"""`hythe predict churn --data rows.json`: answer the rows of a file, here or against a server."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from hythe.cli.common import COMMON, Common, emit


def predict_command(target: str, *, data: Path, variant: str | None = None, common: Common = COMMON) -> None:
    """Answer the rows of a file; prints one JSON object a line, or one document with --json.

    Parameters
    ----------
    target
        A version (churn, churn:1.0.0), or the URL of a served one (http://HOST:PORT/predict/churn).
    data
        The rows: Parquet, Arrow, CSV, JSON or JSON lines.
    variant
        Which variant answers; the fastest proven one when left out.

    """
    from hythe.app.wire import opened
    from hythe.operations.predict import predict_here, predict_there

    if target.startswith(("http://", "https://")):
        answers = predict_there(target, data)
        _print(common, list(answers))
        return
    with opened(common.config()) as here:
        _print(common, list(predict_here(here.registry, target, data, variant)))


def _print(common: Common, answers: list[dict[str, object]]) -> None:
    def text() -> None:
        sys.stdout.buffer.write(b"".join(msgspec.json.encode(answer) + b"\n" for answer in answers))
        sys.stdout.flush()

    emit(common, {"predictions": answers}, text)
