"""A digest is a function of model, examples and options: not of the process, its hash seed, or the day."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACK_ALL = r"""
import json, sys, time

shift_s = float(sys.argv[2])
real_time, real_time_ns = time.time, time.time_ns
time.time = lambda: real_time() + shift_s
time.time_ns = lambda: real_time_ns() + int(shift_s * 1e9)

import numpy as np, pandas as pd
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from xgboost import XGBClassifier

import hythe

rng = np.random.default_rng(0)
frame = pd.DataFrame({"x": rng.normal(size=60), "y": rng.normal(size=60)})
words, texts = rng.choice(["red", "green", "blue"], 60), rng.choice(["a big cat", "the dog"], 60)
mixed = frame.assign(word=words, text=texts)
targets = np.where(frame["x"] + frame["y"] > 0, "yes", "no")
codes = (targets == "yes").astype(int)
prepare = ColumnTransformer(
    [("word", OneHotEncoder(), ["word"]), ("text", TfidfVectorizer(stop_words="english"), "text")],
    remainder="passthrough",
)
catboost = CatBoostClassifier(iterations=4, verbose=0, allow_writing_files=False, thread_count=1)
models = {
    "sklearn": (make_pipeline(prepare, RandomForestClassifier(5, random_state=0)).fit(mixed, targets), mixed),
    "cloudpickle": (
        make_pipeline(FunctionTransformer(lambda rows: rows * 2), LogisticRegression()).fit(frame, targets),
        frame,
    ),
    "xgboost": (XGBClassifier(n_estimators=4, n_jobs=1).fit(frame, codes), frame),
    "lightgbm": (LGBMClassifier(n_estimators=4, n_jobs=1, verbose=-1).fit(frame, codes), frame),
    "catboost": (catboost.fit(frame, codes), frame),
    "onnx": (sys.argv[3], {"numbers": frame.to_numpy()[:, :, None].squeeze(-1)[:, None, :]}),
    "python": ("scoring:score", frame),
}
digests = {}
for name, (model, examples) in models.items():
    digests[name] = hythe.pack(model, name, examples=examples, home=sys.argv[1]).digest
print(json.dumps(digests))
"""


def a_graph(path: Path) -> Path:
    """Write a small ONNX model that takes one tensor, float64 [rows, 1, 2]."""
    import numpy as np

    from hythe.compile.graph import Graph

    graph = Graph()
    values = graph.input("numbers", np.float64, 1, 2)
    path.write_bytes(graph.build({"value": (values * 2.0).reduce("Sum", axis=2)}).SerializeToString())
    return path


def digests(folder: Path, seed: int, days: int) -> dict[str, str]:
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / "scoring.py").write_text(
        "def score(rows):\n    return {'value': (rows['x'] + rows['y']).to_numpy()}\n"
    )
    graph = a_graph(code / "model.onnx")
    home = folder / f"home-{seed}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PACK_ALL, str(home), str(days * 86400), str(graph)],
        env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"},
        cwd=code,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_packing_twice_gives_one_digest_whatever_the_process_the_hash_seed_and_the_day(
    tmp_path: Path,
) -> None:
    first = digests(tmp_path, seed=1, days=0)
    assert set(first) == {"sklearn", "cloudpickle", "xgboost", "lightgbm", "catboost", "onnx", "python"}
    assert digests(tmp_path, seed=4242, days=400) == first
