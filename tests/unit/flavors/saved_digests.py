"""Fit models of every flavor on a pretended day, and print the digest of each one's saved bytes as JSON.

Run as `python saved_digests.py DAYS`: the clock that Python shows is DAYS ahead.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import warnings
from typing import Any

_REAL_TIME, _REAL_LOCALTIME = time.time, time.localtime


def pretend(days: int) -> None:
    """Put Python's clock ahead."""
    ahead_s = days * 86400.0
    time.time = lambda: _REAL_TIME() + ahead_s
    time.localtime = lambda seconds=None: _REAL_LOCALTIME(time.time() if seconds is None else seconds)


def sklearn_models() -> dict[str, Any]:
    """Models whose ordinary archives differ between processes: sets, addresses, random states, padding."""
    import numpy as np
    from sklearn.cluster import Birch
    from sklearn.ensemble import AdaBoostClassifier, ExtraTreesRegressor, GradientBoostingClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.linear_model import LogisticRegression
    from sklearn.manifold import SpectralEmbedding
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 3))
    target = values[:, 0] > 0
    words = ["a cat sat", "the dog ran", "cats and dogs", "a mat"] * 10
    wanted = {"gold", "basic", "plus", "none"}
    fitted = {
        "boosting": GradientBoostingClassifier(n_estimators=2, random_state=0),
        "adaboost": AdaBoostClassifier(n_estimators=2, random_state=0),
        "extra trees": ExtraTreesRegressor(n_estimators=2, random_state=0),
        "gaussian process": GaussianProcessRegressor(random_state=0),
        "neighbours": KNeighborsClassifier(algorithm="kd_tree"),
        "network": MLPClassifier((4,), max_iter=3, random_state=np.random.RandomState(0)),
        "birch": Birch(n_clusters=2),
        "sparse": SpectralEmbedding(affinity="rbf", random_state=0),
        "closure over a set": make_pipeline(
            FunctionTransformer(lambda cells: cells * (1 if "gold" in wanted & {"gold", "x"} else 2)),
            LogisticRegression(),
        ),
    }
    text = make_pipeline(TfidfVectorizer(stop_words="english"), LogisticRegression()).fit(words, target)
    text.predict(words)
    return {"text": text} | {name: model.fit(values, target) for name, model in fitted.items()}


def main() -> None:
    """Print name to digest."""
    pretend(int(sys.argv[1]))
    warnings.simplefilter("ignore")
    from tests.contract.flavor_specimens import MAKERS

    from hythe.flavors.find import flavor_of

    models = {make.__name__: make().model for make in MAKERS} | sklearn_models()
    digests = {}
    for name, model in models.items():
        saved = flavor_of(model).save(model)
        content = [saved.format, saved.notes, saved.requirements, sorted(saved.files.items())]
        digests[name] = hashlib.sha256(repr(content).encode()).hexdigest()
    print(json.dumps(digests))  # noqa: T201 - the answer to the test that started this


if __name__ == "__main__":
    main()
