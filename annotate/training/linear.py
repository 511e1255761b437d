"""The linear student: logistic regression on features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.compute.device import choose_device
from annotate.protocols import Floats, Ints
from annotate.training.logistic import fit_logistic
from annotate.training.weights import normalize_weights

DEFAULT_C = 10.0
ROWS_PER_BLOCK = 65_536
# Logit of a class that no training row has. Logits are centred, so the largest of the others is 0
# or more, and the class gets a probability of at most 1e-13: finite in logarithms, never chosen.
UNSEEN_LOGIT = -30.0


class Linear:
    """Logistic regression with an L2 penalty; meets ``protocols.Student``.

    The objective is scikit-learn's ``LogisticRegression(C=C)`` on features that are divided by one
    number, the root of their total variance, so that one C suits encoders of any scale.

    Parameters
    ----------
    C : float or str
        Inverse strength of the penalty, above 0; registered as ``linear:C``.
    n_classes : int, optional
        Columns of ``predict_proba``; by default one more than the largest label.
    device : str
        ``auto`` is CUDA where there is one, else the CPU.

    Attributes
    ----------
    smoothing_k : int
        Neighbours that the probabilities are to be averaged over; 0 for none.
    """

    smoothing_k = 0

    def __init__(
        self,
        C: float | str = DEFAULT_C,
        *,
        n_classes: int | None = None,
        device: str = "auto",
    ) -> None:
        self.C = read_penalty(C)
        self.name = f"linear:{self.C:g}"
        self._n_classes = n_classes
        self._device = device
        self._weight: NDArray[np.float32]
        self._bias: NDArray[np.float32]

    def fit(self, X: Floats, y: Ints, sample_weight: Floats | None = None) -> Linear:
        """Learn from labelled rows.

        Parameters
        ----------
        X : float array of shape (n_rows, dim)
            Finite.
        y : int array of shape (n_rows,)
            Class numbers, 0 or more. Two classes or more must occur.
        sample_weight : float array of shape (n_rows,), optional
            Above 0, relative to a gold label; normalised to mean 1. None weighs all rows alike.

        Raises
        ------
        ValueError
            If shapes do not fit, a value is not finite, or fewer than two classes occur.
        """
        n_classes = self._n_classes or int(y.max(initial=-1)) + 1
        _check_training_rows(X, y, n_classes)
        seen, targets = np.unique(y, return_inverse=True)
        weight, bias = fit_logistic(
            X,
            targets,
            normalize_weights(sample_weight, len(y)),
            len(seen),
            # Dividing the features by s is the same as dividing C by s squared: no copy is needed.
            C=self.C / total_variance(X),
            device=choose_device(self._device),
        )
        self._weight = np.zeros((n_classes, X.shape[1]), dtype=np.float32)
        self._bias = np.full(n_classes, UNSEEN_LOGIT, dtype=np.float32)
        self._weight[seen], self._bias[seen] = weight, bias
        return self

    def predict_proba(self, X: Floats) -> NDArray[np.float32]:
        """Return (len(X), n_classes) probabilities; a row of X with NaN gives a row of NaN."""
        import torch

        device = choose_device(self._device)
        weight = torch.as_tensor(self._weight, device=device)
        bias = torch.as_tensor(self._bias, device=device)
        proba = np.empty((len(X), len(self._bias)), dtype=np.float32)
        for start in range(0, len(X), ROWS_PER_BLOCK):
            block = np.asarray(X[start : start + ROWS_PER_BLOCK], dtype=np.float32)
            logits = torch.nn.functional.linear(torch.as_tensor(block, device=device), weight, bias)
            proba[start : start + len(block)] = torch.softmax(logits, dim=1).cpu().numpy()
        return proba

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return ``weight`` (n_classes, dim) and ``bias`` (n_classes,)."""
        return {"weight": self._weight, "bias": self._bias}

    def set_parameters(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``parameters`` of a fitted student returned."""
        self._weight = np.array(arrays["weight"], dtype=np.float32)
        self._bias = np.array(arrays["bias"], dtype=np.float32)


def read_penalty(C: float | str) -> float:
    """Return ``C``, which may come as text, as a number; raise ValueError unless above 0."""
    try:
        number = float(C)
    except ValueError:
        number = 0.0
    if not number > 0:
        raise ValueError(f"C must be a number above 0; got {C}.")
    return number


def total_variance(X: Floats) -> float:
    """Return the mean squared distance of the rows from their mean; 1 if all rows are equal."""
    total, squares = np.zeros(X.shape[1]), 0.0
    for start in range(0, len(X), ROWS_PER_BLOCK):
        block = np.asarray(X[start : start + ROWS_PER_BLOCK], dtype=np.float32)
        total += block.sum(axis=0, dtype=np.float64)
        squares += float(np.einsum("ij,ij->i", block, block).sum(dtype=np.float64))
    mean = total / len(X)
    variance = squares / len(X) - float(mean @ mean)
    return variance if variance > 1e-9 * squares / len(X) else 1.0


def _check_training_rows(X: Floats, y: Ints, n_classes: int) -> None:
    if X.ndim != 2 or y.shape != (len(X),):
        raise ValueError(
            f"X must be (n_rows, dim) and y (n_rows,); got shapes {X.shape} and {y.shape}."
        )
    if len(y) == 0 or y.min() == y.max():
        raise ValueError(
            f"y must hold two classes or more; got {len(np.unique(y))} in {len(y)} rows."
        )
    if y.min() < 0 or y.max() >= n_classes:
        raise ValueError(f"y must be 0 to {n_classes - 1}; got {y.min()} to {y.max()}.")
    if not np.isfinite(X).all():
        row = int(np.flatnonzero(~np.isfinite(X).all(axis=1))[0])
        raise ValueError(f"X must be finite; row {row} is not. Leave rows without features out.")
