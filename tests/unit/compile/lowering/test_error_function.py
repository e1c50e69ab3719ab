"""The error function agrees with SciPy's."""

import numpy as np
import onnxruntime as ort
import scipy.special

from hythe.compile.graph import Graph
from hythe.compile.lowering.error_function import erf


def test_the_error_function_is_right_to_the_last_bits_everywhere() -> None:
    graph = Graph()
    model = graph.build({"erf": erf(graph.input("x", np.float64, 1))})
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    edges = [0.0, 0.5, np.nextafter(0.5, 0), 4.0, 6.0, 1e-300, 1e300, np.inf]
    points = np.concatenate([np.linspace(-8, 8, 20001), edges, np.negative(edges)])
    (got,) = session.run(None, {"x": points.reshape(-1, 1)})
    np.testing.assert_allclose(got.ravel(), scipy.special.erf(points), rtol=0, atol=1e-15)
