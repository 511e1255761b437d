"""Whether a confidence of 80 % is right 80 % of the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.checks import check_proba
from annotate.protocols import Bools, Floats, Ints

N_BINS = 15
# A probability of 0 for the true class would make the likelihood infinite.
SMALLEST_PROBA = 1e-12
LARGEST_LOG_TEMPERATURE = 5.0


@dataclass(frozen=True)
class CalibrationBin:
    """Items of like confidence; both means are 0 to 1."""

    mean_confidence: float
    accuracy: float
    n_items: int


def reliability_bins(
    confidence: Floats, right: Bools, n_bins: int = N_BINS
) -> list[CalibrationBin]:
    """Return the bins of equal width that hold items, least confident first.

    Parameters
    ----------
    confidence : float array of shape (n,)
        0 to 1.
    right : bool array of shape (n,)
        Whether the label is right.
    n_bins : int
        1 or more, over 0 to 1; 1.0 belongs to the last.
    """
    if confidence.shape != right.shape or confidence.ndim != 1:
        raise ValueError(
            f"confidence and right must both be (n,); got {confidence.shape} and {right.shape}."
        )
    if len(confidence) and not (confidence.min() >= 0 and confidence.max() <= 1):
        raise ValueError(
            f"confidence must be 0 to 1; got {confidence.min():.4g} to {confidence.max():.4g}."
        )
    bins = np.minimum((confidence * n_bins).astype(np.intp), n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    confidences = np.bincount(bins, weights=confidence, minlength=n_bins)
    rights = np.bincount(bins, weights=right.astype(np.float64), minlength=n_bins)
    return [
        CalibrationBin(confidences[b] / counts[b], rights[b] / counts[b], int(counts[b]))
        for b in np.flatnonzero(counts)
    ]


def expected_calibration_error(confidence: Floats, right: Bools, n_bins: int = N_BINS) -> float:
    """Return the mean distance of confidence and accuracy over the bins, weighted by items.

    0 to 1, NaN for no items; see ``reliability_bins`` for the arguments.

    References
    ----------
    Guo et al. 2017, arXiv:1706.04599.
    """
    bins = reliability_bins(confidence, right, n_bins)
    total = sum(one.n_items for one in bins)
    if total == 0:
        return float("nan")
    return sum(one.n_items * abs(one.mean_confidence - one.accuracy) for one in bins) / total


def apply_temperature(proba: Floats, temperature: float) -> NDArray[np.float32]:
    """Return probabilities whose logarithms were divided by ``temperature``.

    Above 1 makes them flatter, below 1 sharper; the order of the classes does not change.

    Parameters
    ----------
    proba : float array of shape (n_items, n_classes)
        A row of NaN stays NaN.
    temperature : float
        Above 0.
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0; got {temperature}.")
    from scipy.special import softmax

    with np.errstate(divide="ignore"):
        logits = np.log(np.asarray(proba, dtype=np.float32)) / np.float32(temperature)
    return np.asarray(softmax(logits, axis=1), dtype=np.float32)


def fit_temperature(proba: Floats, truth: Ints) -> float:
    """Return the temperature that makes the true classes likeliest.

    Parameters
    ----------
    proba : float array of shape (n_items, n_classes)
        Of items that trained nothing; rows without an answer are left out.
    truth : int array of shape (n_items,)
        Class numbers, 0 or more.

    Returns
    -------
    float
        About 0.007 to 150.

    Raises
    ------
    ValueError
        If no row has an answer.

    References
    ----------
    Guo et al. 2017, arXiv:1706.04599.
    """
    check_proba(proba)
    answered = ~np.isnan(proba[:, 0])
    if not answered.any():
        raise ValueError("A temperature needs at least one answered item; got none.")
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    logits = np.log(np.maximum(proba[answered].astype(np.float64), SMALLEST_PROBA))
    true_logits = np.take_along_axis(logits, truth[answered][:, None], axis=1)[:, 0]

    def loss(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        return float((logsumexp(logits * scale, axis=1) - true_logits * scale).mean())

    bounds = (-LARGEST_LOG_TEMPERATURE, LARGEST_LOG_TEMPERATURE)
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def temperature_for_confidence(proba: Floats, mean_confidence: float) -> float:
    """Return the temperature at which the likeliest classes have this probability on average.

    Parameters
    ----------
    proba : float array of shape (n_items, n_classes)
        All rows answered, one or more.
    mean_confidence : float
        0 to 1; out of reach, the nearest temperature is given.

    Returns
    -------
    float
        About 0.007 to 150.
    """
    from scipy.optimize import brentq

    def excess(log_temperature: float) -> float:
        scaled = apply_temperature(proba, float(np.exp(log_temperature)))
        return float(scaled.max(axis=1).mean()) - mean_confidence

    sharpest, flattest = -LARGEST_LOG_TEMPERATURE, LARGEST_LOG_TEMPERATURE
    if excess(sharpest) <= 0:
        return float(np.exp(sharpest))
    if excess(flattest) >= 0:
        return float(np.exp(flattest))
    return float(np.exp(brentq(excess, sharpest, flattest, xtol=1e-3)))
