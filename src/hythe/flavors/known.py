"""Which classes of the frameworks a model file may name: the allow-list that scans of model files use.

A name is looked up in the installed framework and must be a class defined there that belongs to a family that
is known to load harmlessly (an estimator, a kernel, a loss), or one of the few helpers listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module

from hythe.security.globals import Use, standard

_CLOSED = {"tests", "testing", "conftest", "externals", "datasets", "dask", "spark", "plotting", "__main__"}
_FAMILIES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "sklearn": (
        ("sklearn.base", "BaseEstimator"),
        ("sklearn.gaussian_process.kernels", "Kernel"),
        ("sklearn._loss.loss", "BaseLoss"),
        ("sklearn._loss.link", "BaseLink"),
        ("sklearn.neural_network._stochastic_optimizers", "BaseOptimizer"),
        ("sklearn.model_selection._split", "BaseCrossValidator"),
        ("sklearn.model_selection._split", "BaseShuffleSplit"),
        ("sklearn.metrics._scorer", "_BaseScorer"),
        ("sklearn.metrics._dist_metrics", "DistanceMetric64"),
        ("sklearn.metrics._dist_metrics", "DistanceMetric32"),
    ),
    "xgboost": (
        ("xgboost.sklearn", "XGBModel"),
        ("xgboost.core", "Booster"),
        ("xgboost.callback", "TrainingCallback"),
    ),
    "lightgbm": (("lightgbm.sklearn", "LGBMModel"), ("lightgbm.basic", "Booster")),
    "catboost": (("catboost.core", "_CatBoostBase"),),
}
_MADE = {
    "sklearn.calibration": "_CalibratedClassifier _SigmoidCalibration",
    "sklearn.cluster._birch": "_CFNode _CFSubcluster",
    "sklearn.cluster._bisect_k_means": "_BisectingTree",
    "sklearn.compose._column_transformer": "make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
    "sklearn.impute._iterative": "_ImputerTriplet",
    "sklearn.metrics._scorer": "_PassthroughScorer _MultimetricScorer",
    "sklearn.multiclass": "_ConstantPredictor",
    "sklearn.neighbors._kd_tree": "KDTree KDTree64 KDTree32 BinaryTree64 BinaryTree32",
    "sklearn.neighbors._ball_tree": "BallTree BallTree64 BallTree32 BinaryTree64 BinaryTree32",
    "sklearn.tree._tree": "Tree",
    "sklearn.utils._bunch": "Bunch",
    "sklearn.utils._metadata_requests": "MetadataRequest MethodMetadataRequest",
}
_CALLED = {
    "sklearn.metrics._dist_metrics": "newObj",
    "sklearn.neighbors._kd_tree": "newObj",
    "sklearn.neighbors._ball_tree": "newObj",
    "sklearn.tree._tree": "Tree",
    "sklearn._loss.link": "Interval",
}
_HELD_MODULES = {
    "sklearn.feature_selection._univariate_selection",
    "sklearn.feature_selection._mutual_info",
    "sklearn.metrics._classification",
    "sklearn.metrics._ranking",
    "sklearn.metrics._regression",
}
_HELD = {"sklearn.cluster._kmeans": "_kmeans_single_lloyd _kmeans_single_elkan"}
_CYTHON_MODULES = ("sklearn._loss._loss", "sklearn.linear_model._sgd_fast")


@lru_cache(maxsize=4096)
def known(module: str, name: str) -> Use:
    """Tell what a model file may do with `module.name`: the allow-list of every built-in flavor together.

    >>> known("builtins", "dict").name, known("os", "system").name
    ('CALL', 'REFUSED')
    """
    use = standard(module, name)
    root = module.partition(".")[0]
    if use != Use.REFUSED or root not in _FAMILIES:
        return use
    if name in _CALLED.get(module, "").split():
        return Use.CALL
    if name in _MADE.get(module, "").split():
        return Use.MAKE
    if name in _HELD.get(module, "").split():
        return Use.HOLD
    return _looked_up(root, module, name)


def _looked_up(root: str, module: str, name: str) -> Use:
    if not _CLOSED.isdisjoint(module.split(".")):
        return Use.REFUSED
    try:
        found = getattr(import_module(module), name, None)
        families = tuple(getattr(import_module(where), what) for where, what in _FAMILIES[root])
    except (ImportError, AttributeError):
        return Use.REFUSED
    if getattr(found, "__module__", None) != module or getattr(found, "__name__", None) != name:
        return Use.REFUSED
    if module in _CYTHON_MODULES:
        return Use.CALL
    if isinstance(found, type):
        return Use.MAKE if issubclass(found, families) else Use.REFUSED
    return Use.HOLD if module in _HELD_MODULES and not name.startswith("_") else Use.REFUSED
