"""How likely a sum of independent events lies close behind a given place: a bound that is nearly exact."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import i0e

Floats: TypeAlias = NDArray[np.float64]
_STEPS = 8
"""The bound is taken at this number of frequencies, squared."""
_REACH = 4.0
"""The period of the sum, in its standard deviations."""


def log_near(variance: Floats, score: Floats, slope: Floats) -> Floats:
    """Bound log E[exp(-|slope| (S - s)); S ≥ s, N = n] for any s and n; the arrays are [..., k] and [...].

    N counts independent events, and S adds up their scores; `variance` is that of how many happen in each of
    the k cells, whose events share a `score`. Also for S ≤ s, with s - S.

    Let P be any length, K a whole number, and δ = K / P. A function of exponential type 2πδ lies above
    exp(-bx), x ≥ 0, and above 0, and its integral is 1 / (δ (1 - exp(-b / δ))) (Graham & Vaaler 1981, theorem
    2). By Poisson's formula the expectation of its copies, at distances of P, is a sum over the frequencies
    u = 2πk / P, |k| < K, of at most 1/K / (1 - exp(-bP / K)) times |E[exp(iuS); N = n]|. An event of
    probability p has |E exp(iv)|² = 1 - 2p(1-p)(1 - cos v) ≤ exp(-2p(1-p)(1 - cos v)); the integral over the
    angles v of N gives exp(-V) I₀(R) as a bound, V the variance of N, R = |Σ variance exp(iu score)|. At
    u = 0 it bounds P(N = n), as in Baillon, Cominetti & Vaisman 2016. The best K counts.

    >>> n, slope = np.array(100.0), np.array(0.4)
    >>> round(float(np.exp(log_near(np.full(2, n / 2), np.array([-1.0, 1.0]), slope))), 4)
    0.006
    """
    whole = variance.sum(axis=-1)
    middle = (variance * score).sum(axis=-1) / np.maximum(whole, 1e-300)
    centred = score - middle[..., None]
    period = _REACH * np.sqrt((variance * centred**2).sum(axis=-1))
    found = _at_frequencies(variance, centred / np.maximum(period, 1e-300)[..., None])
    kept = np.arange(1.0, _STEPS**2 + 1.0)
    sums = 2.0 * np.cumsum(found, axis=-1) - found[..., :1]
    with np.errstate(divide="ignore", over="ignore"):
        bounds = sums / kept / -np.expm1(-np.abs(slope)[..., None] * period[..., None] / kept)
    return np.asarray(np.log(np.minimum(bounds.min(axis=-1), found[..., 0])))


def _at_frequencies(variance: Floats, turns: Floats) -> Floats:
    """Give exp(-V) I₀(R) [..., frequencies], where `turns` says how far each cell turns at the first one.

    Powers of the turns are products of a small and a large one, which takes 16 instead of 64 of them.
    """
    small = _powers(np.exp(2j * np.pi * turns))
    large = _powers(np.exp(2j * np.pi * _STEPS * turns))
    sums = (large * variance[..., None, :]) @ np.swapaxes(small, -1, -2)
    length = np.abs(sums).reshape(*variance.shape[:-1], _STEPS**2)
    return np.asarray(i0e(length) * np.exp(length - variance.sum(axis=-1)[..., None]))


def _powers(base: Any) -> Any:
    """Give the powers 0, 1, … [..., steps, k] of `base` [..., k]."""
    steps = np.broadcast_to(base[..., None, :], (*base.shape[:-1], _STEPS, base.shape[-1])).copy()
    steps[..., 0, :] = 1.0
    return np.cumprod(steps, axis=-2)
