"""Train, pack, prove, serve and query a model of real penguins, and compare every answer with the original.

The data (Horst, Hill and Gorman, 2020: 344 penguins of three species, with gaps) ship inside the package
`palmerpenguins`; nothing is fetched.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import httpx
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import hythe

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
WORDS = ["island", "sex"]


def train() -> tuple[Any, pd.DataFrame, pd.Series[str]]:
    """Fit a forest on half of the penguins; give it with the other half."""
    with (files("palmerpenguins") / "data" / "penguins.csv").open() as source:
        penguins = pd.read_csv(source)
    rows, species = penguins[NUMBERS + WORDS], penguins["species"]
    fit_rows, test_rows, fit_species, test_species = train_test_split(
        rows, species, test_size=0.5, random_state=7, stratify=species
    )
    prepare = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median"), NUMBERS),
            ("words", OneHotEncoder(handle_unknown="ignore"), WORDS),
        ]
    )
    model = make_pipeline(prepare, RandomForestClassifier(100, random_state=7))
    return model.fit(fit_rows, fit_species), test_rows, test_species


@contextmanager
def served(name: str) -> Iterator[str]:
    """Run `hythe serve` on a free port for as long as the block lasts; give its address."""
    command = [sys.executable, "-m", "hythe.cli.main", "serve", name, "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            if not line:
                sys.exit("the server did not start; its message is above")
            yield json.loads(line)["url"]
        finally:
            server.terminate()


def as_json(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Write rows as JSON objects; a gap is null."""
    records: list[dict[str, Any]] = json.loads(rows.to_json(orient="records"))
    return records


def median_us(call: Callable[[], object], times: int) -> float:
    """Time `call` and give the median in microseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e6


def compare(answers: list[dict[str, Any]], model: Any, rows: pd.DataFrame) -> tuple[int, float]:
    """Count the labels that differ from the original's, and find the worst deviation of a probability."""
    expected = model.predict_proba(rows)
    got = np.array([[answer["probabilities"][label] for label in model.classes_] for answer in answers])
    labels = np.array([answer["label"] for answer in answers])
    return int((labels != model.predict(rows)).sum()), float(np.abs(got - expected).max())


def main() -> None:
    """Run the whole way and print what was found."""
    print("training a random forest on 172 penguins …")
    model, rows, species = train()
    print("packing and proving …")
    version = hythe.pack(model, "penguins", examples=rows, targets=species)
    penguin = as_json(rows.iloc[[0]])[0]
    predictor = hythe.load(version.ref)
    compiled_us = median_us(lambda: predictor.predict(penguin), 2000)
    original_us = median_us(lambda: model.predict_proba(rows.iloc[[0]]), 50)
    with served(version.ref) as url:
        reply = httpx.post(f"{url}/predict/penguins", json={"rows": as_json(rows)}, timeout=30)
        reply.raise_for_status()
    differing, deviation = compare(reply.json()["predictions"], model, rows)
    facts = {
        "version": version.ref,
        "rows compared over HTTP": f"{len(rows)}",
        "labels that differ": f"{differing}",
        "worst deviation of a probability": f"{deviation:.1e}",
        "one row, original": f"{original_us:,.0f} µs",
        "one row, compiled": f"{compiled_us:,.0f} µs, {original_us / compiled_us:,.0f} times faster",
        "stored in": str(hythe.home()),
    }
    print()
    for what, value in facts.items():
        print(f"  {what:<34}{value}")
    print(
        f"""
try next (with .venv/bin on your PATH):
  hythe show penguins                      what was stored, and how it was proven
  hythe check penguins                     replay the stored rows now
  hythe serve penguins                     then, elsewhere:
  curl localhost:8080/predict/penguins -d '{json.dumps({"rows": [penguin]})}'
"""
    )
    if differing or deviation > 1e-6:
        sys.exit("the served answers differ from the original's")


if __name__ == "__main__":
    main()
