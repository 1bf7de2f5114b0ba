"""Means with confidence intervals.

By Student's t: mean +- t(n - 1) s / sqrt(n), exact for normal values and good for the means of many. By the bootstrap:
the percentile interval of the means of resampled values (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 13), which makes no assumption about the values' distribution.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kamesim import errors

_RESAMPLED_VALUES_AT_ONCE = 4_000_000  # bounds the memory
_LARGEST_SERIES = 400  # degrees of freedom up to which Student's t is summed


@dataclass(frozen=True)
class Estimate:
    """A mean and the interval that it lies in with a certain confidence, in the unit of the values.

    low and high are NaN where there is one value only, or one that is infinite.
    """

    n: int
    mean: float
    deviation: float  #: of the values, from the sample
    low: float
    high: float
    level: float

    @property
    def half_width(self) -> float:
        """Half the interval's width."""
        return (self.high - self.low) / 2

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.mean:.4g} [{self.low:.4g}, {self.high:.4g}]"


def confidence(
    values: Iterable[float], *, method: str = "t", level: float = 0.95, resamples: int = 10_000, seed: int = 1
) -> Estimate:
    """The mean of the values with its confidence interval; NaN are left out. Of infinite ones there is no interval.

    method: "t" or "bootstrap". level: of confidence. resamples, seed: of the bootstrap; the same seed gives the same
    interval.
    """
    import numpy as np

    what = "confidence"
    errors.one_of(what, "method", method, ("t", "bootstrap"))
    errors.number(what, "level", level, "", above=0, maximum=0.999999)
    errors.integer(what, "resamples", resamples, "", minimum=100, maximum=10_000_000)
    errors.integer(what, "seed", seed, "", minimum=0)
    try:
        given = np.asarray(list(values), dtype=float)
    except (TypeError, ValueError):
        errors.fail(what, "values", values, "numbers")
    sample = given[~np.isnan(given)]
    n = len(sample)
    if n == 0:
        return Estimate(0, math.nan, math.nan, math.nan, math.nan, level)
    mean = float(sample.mean())
    if not np.isfinite(sample).all():
        return Estimate(n, mean, math.nan, math.nan, math.nan, float(level))
    deviation = float(sample.std(ddof=1)) if n > 1 else math.nan
    if n == 1:
        low = high = math.nan
    elif method == "t":
        half = t_quantile((1 + level) / 2, n - 1) * deviation / math.sqrt(n)
        low, high = mean - half, mean + half
    else:
        means = _resampled_means(sample, int(resamples), int(seed))
        low, high = (float(q) for q in np.quantile(means, [(1 - level) / 2, (1 + level) / 2]))
    return Estimate(n, mean, deviation, low, high, float(level))


def _resampled_means(sample: Any, resamples: int, seed: int) -> Any:
    import numpy as np

    generator = np.random.default_rng(seed)
    at_once = max(1, _RESAMPLED_VALUES_AT_ONCE // len(sample))
    means = []
    for first in range(0, resamples, at_once):
        count = min(at_once, resamples - first)
        means.append(sample[generator.integers(0, len(sample), (count, len(sample)))].mean(axis=1))
    return np.concatenate(means)


def t_quantile(probability: float, degrees: int) -> float:
    """Student's t with so many degrees of freedom: the value below which a draw lies with this probability (>= 0.5)."""
    if degrees > _LARGEST_SERIES:
        return _t_by_expansion(probability, degrees)
    low, high = 0.0, 1.0
    while _t_distribution(high, degrees) < probability:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _t_distribution(middle, degrees) < probability else (low, middle)
    return (low + high) / 2


def _t_distribution(t: float, degrees: int) -> float:
    """Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4, for t >= 0."""
    angle = math.atan2(t, math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2 == 1
    term, total = (cosine, cosine if degrees > 1 else 0.0) if odd else (1.0, 1.0)
    for k in range(3 if odd else 2, degrees - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    within = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return 0.5 + within / 2


def _t_by_expansion(probability: float, degrees: int) -> float:
    """Abramowitz and Stegun, 26.7.5: about the normal distribution; to 1e-9 from 400 degrees of freedom on."""
    from statistics import NormalDist

    x = NormalDist().inv_cdf(probability)
    g1 = (x**3 + x) / 4
    g2 = (5 * x**5 + 16 * x**3 + 3 * x) / 96
    g3 = (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384
    return x + g1 / degrees + g2 / degrees**2 + g3 / degrees**3
