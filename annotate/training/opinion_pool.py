"""Several predictions as one: each as an exponent, weighed by the answers it foretold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from annotate.checks import check_labels
from annotate.protocols import Floats, Ints

# How strongly the weights are held to those before any answer: as about two answers could say.
PULL = 2.0
MOST_WEIGHT = 3.0


def pool_weights(
    log_probas: Sequence[Floats],
    labels: Ints,
    held_to: Floats | None = None,
    pull: float = PULL,
) -> Floats:
    """Return the exponents with which several predictions together tell the answers best.

    They minimise, over weights w from 0 to 3,

        sum_i -log softmax(sum_k w_k log p_k(x_i))[y_i] + pull / 2 * sum_k (w_k - h_k)^2

    so that without answers every prediction has the weight h it is held to, and one that the
    answers contradict loses it.

    Parameters
    ----------
    log_probas : sequence of K float arrays of shape (n_answers, n_classes)
        What each expert says of answered items that it was not taught; finite.
    labels : int array of shape (n_answers,)
        The answers, 0 or more.
    held_to : float array of shape (K,), optional
        The weights before any answer, 0 to 3; default is 1 / K each.
    pull : float
        0 or more.

    Returns
    -------
    float array of shape (K,)
        0 to 3.

    Raises
    ------
    ValueError
        If there is no expert, or the shapes differ.

    References
    ----------
    A logarithmic opinion pool: Genest & Zidek 1986, "Combining probability distributions". Weights
    learnt from predictions of what was held out are stacking: Wolpert 1992, "Stacked
    generalization". Differs in the pull to the weights before.
    """
    stacked = _stack(log_probas)
    n_experts, n_answers, n_classes = stacked.shape
    check_labels(labels, n_answers, n_classes)
    rows = np.arange(n_answers)
    before = np.full(n_experts, 1 / n_experts) if held_to is None else held_to

    def loss_at(weights: Floats) -> tuple[float, Floats]:
        log_proba = log_softmax(np.tensordot(weights, stacked, 1), axis=1)
        proba = np.exp(log_proba)
        told = stacked[:, rows, labels].sum(axis=1)
        gradient = np.einsum("ij,kij->k", proba, stacked) - told + pull * (weights - before)
        loss = -log_proba[rows, labels].sum() + 0.5 * pull * ((weights - before) ** 2).sum()
        return float(loss), gradient

    found = minimize(
        loss_at, before, jac=True, method="L-BFGS-B", bounds=[(0, MOST_WEIGHT)] * n_experts
    )
    return np.asarray(found.x)


def pool(log_probas: Sequence[Floats], weights: Floats) -> NDArray[np.float32]:
    """Return the probabilities of the pool, (n_items, n_classes): softmax(sum_k w_k log p_k)."""
    total = np.zeros(log_probas[0].shape, dtype=np.float32)
    for weight, log_proba in zip(weights, log_probas, strict=True):
        total += np.float32(weight) * log_proba
    return np.exp(log_softmax(total, axis=1))


def _stack(log_probas: Sequence[Floats]) -> NDArray[np.float64]:
    shapes = {log_proba.shape for log_proba in log_probas}
    if len(shapes) != 1:
        raise ValueError(
            f"A pool needs one expert or more, all of one shape; got {sorted(shapes)}."
        )
    return np.stack([np.asarray(log_proba, dtype=np.float64) for log_proba in log_probas])
