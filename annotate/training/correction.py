"""What answers teach beyond a teacher: a linear term added to its log-probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Ints, Rows
from annotate.training.lbfgs import minimise

if TYPE_CHECKING:
    import torch

DEFAULT_C = 10.0
# The intercept is a feature with this value, so it is held back like the others: with features of
# length about 1 it moves a tenth as much. Chosen with C: docs/methods.md, "Live learning".
INTERCEPT = 0.3
# What a teacher holds for impossible can be learnt still, and every logarithm is finite.
LEAST_PROBA = 1e-4
ROWS_PER_BLOCK = 65_536
MAX_LOOKS = 300
TOLERANCE = 1e-6


class Correction:
    """Log-probabilities of a teacher plus a linear term that answers teach; softmax of both.

    The term minimises, over the answers,

        C * sum_i -log softmax(log p(x_i) + W x_i + b)[y_i] + 0.5 * ||W||^2 + 0.5 * ||b / 0.3||^2

    so without answers it is 0 and the teacher speaks alone; where it was right already an answer
    changes little, and where it was wrong much, most for items like the one answered. This is
    logistic regression with the teacher as offset: one pass over few rows, no pseudo-labels.

    References
    ----------
    McCullagh & Nelder 1989, "Generalized Linear Models", section 6.2 (offsets). The penalty on the
    intercept is ours: a handful of answers of one class must not sway a whole corpus.
    """

    def __init__(self, C: float = DEFAULT_C) -> None:
        if not C > 0:
            raise ValueError(f"C must be above 0; got {C}.")
        self.C = C
        self._weight: NDArray[np.float32]

    def fit(self, X: Floats, y: Ints, proba: Floats) -> Correction:
        """Learn from answers.

        Parameters
        ----------
        X : float array of shape (n_rows, dim)
            From ``unit_features``; one row or more.
        y : int array of shape (n_rows,)
            Class numbers.
        proba : float array of shape (n_rows, n_classes)
            What the teacher says of these rows; a row of NaN means that it has no answer.
        """
        import torch

        if not len(X) == len(y) == len(proba) > 0:
            raise ValueError(
                "X, y and proba must have the same rows, one or more;"
                f" got {len(X)}, {len(y)} and {len(proba)}."
            )
        rows, offset = _with_intercept(X), torch.as_tensor(floored_log(proba))
        target = torch.as_tensor(np.asarray(y, dtype=np.int64))[:, None]
        penalty = 1 / self.C

        def loss_at(weight: torch.Tensor) -> tuple[float, torch.Tensor]:
            log_proba = torch.log_softmax(offset + rows @ weight.T, dim=1)
            loss = -log_proba.gather(1, target).sum() + 0.5 * penalty * (weight * weight).sum()
            residual = log_proba.exp()
            residual.scatter_add_(1, target, -torch.ones_like(target, dtype=residual.dtype))
            return float(loss), residual.T @ rows + penalty * weight

        # L-BFGS wants curvatures of about 1. Those of the rows sum to a quarter of their squared
        # lengths at most, and lie mostly along a few axes.
        scale = (penalty + 0.025 * float((rows * rows).sum())) ** -0.5

        def scaled(point: torch.Tensor) -> tuple[float, torch.Tensor]:
            loss, gradient = loss_at(point * scale)
            return loss, gradient * scale

        point, _ = minimise(
            scaled,
            torch.zeros(proba.shape[1], rows.shape[1]),
            is_close=lambda loss, gradient: float((gradient * gradient).sum()) < TOLERANCE * loss,
            max_looks=MAX_LOOKS,
        )
        self._weight = (point * scale).numpy()
        return self

    def log_proba(self, X: Floats, proba: Floats) -> NDArray[np.float32]:
        """Return the corrected log-probabilities (n_rows, n_classes) for X and the teacher's."""
        import torch

        logits = torch.addmm(
            torch.as_tensor(floored_log(proba)), _with_intercept(X), torch.as_tensor(self._weight).T
        )
        return torch.log_softmax(logits, dim=1).numpy()

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return ``weight`` (n_classes, dim + 1), its last column the intercept's."""
        return {"weight": self._weight}


def unit_features(features: Rows) -> NDArray[np.float16]:
    """Return features with mean 0 and mean squared length 1, so that one C suits every encoder.

    Half precision halves what a corpus takes in memory: 1 GB for 1,000,000 items of 512 dimensions.
    A row of NaN becomes zeros, for which only the intercept speaks.
    """
    n_items, dim = features.shape
    total, squares, n_rows = np.zeros(dim), 0.0, 0
    for _, block in _blocks(features):
        known = block[~np.isnan(block[:, 0])]
        total += known.sum(axis=0, dtype=np.float64)
        squares += float(np.einsum("ij,ij->i", known, known).sum(dtype=np.float64))
        n_rows += len(known)
    mean = total / max(n_rows, 1)
    variance = squares / max(n_rows, 1) - float(mean @ mean)
    scale = variance**-0.5 if variance > 1e-9 * squares / max(n_rows, 1) else 1.0
    out = np.empty((n_items, dim), dtype=np.float16)
    for start, block in _blocks(features):
        centred = (block - mean.astype(np.float32)) * np.float32(scale)
        out[start : start + len(block)] = np.nan_to_num(centred, copy=False)
    return out


def floored_log(proba: Floats) -> NDArray[np.float32]:
    """Return log(proba), no less than that of ``LEAST_PROBA``; rows of NaN become uniform."""
    known = np.where(np.isnan(proba), 1 / proba.shape[1], proba)
    return np.log(np.maximum(known, LEAST_PROBA)).astype(np.float32)


def _with_intercept(X: Floats) -> torch.Tensor:
    import torch

    rows = torch.full((len(X), X.shape[1] + 1), INTERCEPT)
    rows[:, :-1] = torch.as_tensor(np.ascontiguousarray(X))
    return rows


def _blocks(features: Rows) -> Any:
    n_items = features.shape[0]
    for start in range(0, n_items, ROWS_PER_BLOCK):
        yield start, features.read(start, min(start + ROWS_PER_BLOCK, n_items))
