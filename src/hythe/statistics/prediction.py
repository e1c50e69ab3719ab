"""p-values of what is new, where how much it varies was itself learned from few examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_POINTS = 257
_DEEP = 60.0
"""How far, in powers of e, the ends of the integral lie below its middle."""
LEAST_P = 1e-300


def predicted_p(z: ArrayLike, scale: ArrayLike, df: ArrayLike, ratio: ArrayLike = 1.0) -> Floats:
    """Give P(|Z| √d ≥ |z|) for a standard normal Z, where the design effect d ≥ 1 is known from a sample.

    `scale` is the mean square of the like of z among what was learned from, known with `df` degrees of
    freedom; `ratio` is how many times as much the variation between windows weighs in z as it did there.
    d = 1 + ratio · max(scale / W - 1, 0), with W chi-square of df over df: the generalised p-value of a
    variance component (Weerahandi 1993, Khuri, Mathew & Sinha 1998, section 1.4). With ratio 1 and a scale
    well above 1 it is that of Student's t with df degrees of freedom; with scale ≤ 1 and many degrees of
    freedom, the normal one. Shapes are broadcast; the integral is taken over the logarithm of W.

    >>> predicted_p([5.0, 5.0], 4.0, [1e6, 5.0]).round(4).tolist()
    [0.0124, 0.0545]
    """
    from scipy.special import gammaln, log_ndtr

    far, learned, freedom, times = (
        array[..., None] for array in np.broadcast_arrays(
            *(np.asarray(value, np.float64) for value in (np.abs(z), scale, df, ratio))
        )
    )  # fmt: skip
    low = -np.sqrt(4.0 * _DEEP / freedom) - 2.0 * _DEEP / freedom
    high = np.log1p(np.sqrt(4.0 * _DEEP / freedom) + 4.0 * _DEEP / freedom)
    log_w = low + (high - low) * np.linspace(0.0, 1.0, _POINTS)
    half = freedom / 2.0
    log_density = half * (log_w - np.exp(log_w)) + half * np.log(half) - gammaln(half)
    effect = 1.0 + times * np.maximum(learned * np.exp(-log_w) - 1.0, 0.0)
    density = np.exp(log_density)
    tail = density * np.exp(np.log(2.0) + log_ndtr(-far / np.sqrt(effect)))
    found: Floats = np.clip(tail.sum(axis=-1) / density.sum(axis=-1), LEAST_P, 1.0)
    return found
