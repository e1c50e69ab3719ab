"""`hythe predict churn --data rows.json`: answer the rows of a file, here or against a server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import msgspec

from hythe.base.keep_out import keep_out
from hythe.cli.common import COMMON, Bar, Common, emit


def predict_command(
    target: str,
    *,
    data: Path,
    variant: str | None = None,
    environment: Literal["auto", "here", "lock"] = "auto",
    device: str = "cpu",
    common: Common = COMMON,
) -> None:
    """Answer the rows of a file; prints one JSON object a line, or one document with --json.

    Parameters
    ----------
    target
        A version (churn, churn:1.0.0), or the URL of a served one (http://HOST:PORT/predict/churn).
    data
        The rows: Parquet, Arrow, CSV, JSON or JSON lines.
    variant
        Which variant answers; the fastest proven one when left out.
    environment
        Where a native model runs: here, in an environment as its lock says, or auto, which is here when its
        stored rows hold here and else the lock's, built on first use.
    device
        Where the model computes: cpu, cuda:0, or auto for a GPU where there is one.

    """
    from hythe.app.wire import opened
    from hythe.operations.placing import Placing
    from hythe.operations.predict import predict_here, predict_there

    if target.startswith(("http://", "https://")):
        answers = predict_there(target, data)
        _print(common, list(answers))
        return
    placing = Placing(environment=environment, device=device)
    with opened(common.config()) as here, keep_out("pandas"):
        with Bar() as bar:
            found = list(predict_here(here.registry, target, data, variant, placing, bar))
        _print(common, found)


def _print(common: Common, answers: list[dict[str, object]]) -> None:
    def text() -> None:
        sys.stdout.buffer.write(b"".join(msgspec.json.encode(answer) + b"\n" for answer in answers))
        sys.stdout.flush()

    emit(common, {"predictions": answers}, text)
