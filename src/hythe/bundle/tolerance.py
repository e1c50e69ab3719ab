"""How far a proven variant's answers may lie from the original's and count as the same."""

from __future__ import annotations

from typing import Any

import numpy as np

DOUBLE = (1e-9, 1e-6)
"""Absolute and relative tolerance where the original answers in float64."""
SINGLE = (1e-6, 1e-5)
"""Absolute and relative tolerance where the original answers in float32 or less."""


def tolerance(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Give the tolerance (absolute, relative) of answers of a float dtype.

    >>> tolerance(np.dtype(np.float32))
    (1e-06, 1e-05)
    """
    return DOUBLE if dtype.itemsize >= np.dtype(np.float64).itemsize else SINGLE
