"""Estimate performance by chunk with NannyML, in its own environment: `estimate.py SPEC RESULT`, both JSON.

The specification names a reference and an analysis file (CSV or Parquet), columns, and the chunks' size.
Results are lists by metric, a value for each chunk; `version` is NannyML's.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
warnings.filterwarnings("ignore")

import nannyml  # noqa: E402 - the variable has to stand first
import pandas as pd  # noqa: E402


def read(path: str) -> pd.DataFrame:
    """Read a table by its suffix."""
    return pd.read_parquet(path) if path.endswith((".parquet", ".pq")) else pd.read_csv(path)


def classes(spec: dict[str, Any]) -> Any:
    """Make an estimator for two classes."""
    return nannyml.CBPE(
        problem_type="classification_binary",
        y_pred_proba=spec["score"],
        y_pred=spec["answer"],
        y_true=spec["target"],
        metrics=list(spec["metrics"]),
        chunk_size=spec["chunk"],
    )


def numbers(spec: dict[str, Any]) -> Any:
    """Make an estimator for numbers."""
    return nannyml.DLE(
        feature_column_names=spec["features"],
        y_pred=spec["answer"],
        y_true=spec["target"],
        metrics=list(spec["metrics"]),
        chunk_size=spec["chunk"],
    )


def main(spec_path: str, result_path: str) -> None:
    """Fit on the reference, estimate the analysis period."""
    spec = json.loads(Path(spec_path).read_text())
    estimator = classes(spec) if "score" in spec else numbers(spec)
    estimator.fit(read(spec["reference"]))
    found = estimator.estimate(read(spec["analysis"])).filter(period="analysis").to_df()
    values = {metric: [float(value) for value in found[(metric, "value")]] for metric in spec["metrics"]}
    result = {"version": nannyml.__version__, "chunks": len(found), "estimates": values}
    Path(result_path).write_text(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
