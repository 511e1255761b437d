"""What answers teach beyond a teacher: a linear term added to its log-probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotate.compute.seeding import seeded_generator
from annotate.protocols import Floats, Ints, Rows
from annotate.training.lbfgs import minimise

if TYPE_CHECKING:
    import torch

# With fewer answers than this there is nothing to choose by.
FEWEST_TO_CHOOSE_BY = 20
FEW_ANSWERS_C = 3.0
CHOICES_OF_C = (0.1, 0.3, 1.0, 3.0, 10.0)
N_FOLDS = 3
# What is tried for each C is bounded: so many rows times classes, and never more rows than this.
MOST_TRIED = 51_200
MOST_ROWS_TRIED = 512
FEWEST_ROWS_TRIED = 64
# The intercept is a feature with this value, so it is held back like the others: with features of
# length about 1 it moves a tenth as much. Chosen as docs/methods.md, "correction", says.
INTERCEPT = 0.3
# What a teacher holds for impossible can be learnt still, and every logarithm is finite. All such
# classes together get a hundredth at most, however many there are.
LEAST_PROBA = 1e-4
MOST_FOR_ALL = 0.01
ROWS_PER_BLOCK = 65_536
MAX_LOOKS = 300
TOLERANCE = 1e-6


class Correction:
    """Log-probabilities of a teacher plus a linear term that answers teach; softmax of both.

    The term minimises, over the answers,

        C * sum_i -log softmax(log p(x_i) + W x_i + b)[y_i] + 0.5 * ||W||^2 + 0.5 * ||b / 0.3||^2

    so without answers it is 0 and the teacher speaks alone; where it was right already an answer
    changes little, and where it was wrong much, most for items like the one answered. This is
    logistic regression with the teacher as offset; it needs few rows and no pseudo-labels.

    References
    ----------
    McCullagh & Nelder 1989, "Generalized Linear Models", section 6.2 (offsets). The penalty on the
    intercept is ours: a handful of answers of one class must not sway a whole corpus.

    Parameters
    ----------
    C : float, optional
        How far answers may move the teacher, above 0. By default ``choose_C`` says.
    """

    def __init__(self, C: float | None = None) -> None:
        if C is not None and not C > 0:
            raise ValueError(f"C must be above 0; got {C}.")
        self._C = C
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
        C = choose_C(X, y, proba) if self._C is None else self._C
        rows, offset = _with_intercept(X), _floored_log(proba)
        target = torch.as_tensor(np.asarray(y, dtype=np.int64))[:, None]
        penalty = 1 / C

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

        logits = _floored_log(proba).addmm_(_with_intercept(X), torch.as_tensor(self._weight).T)
        return torch.log_softmax(logits, dim=1).numpy()

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return ``weight`` (n_classes, dim + 1), its last column the intercept's."""
        return {"weight": self._weight}


def choose_C(X: Floats, y: Ints, proba: Floats) -> float:
    """Return the C whose correction tells answers that it has not seen best.

    Answers are mostly to close calls, so a teacher that is right about the rest looks worse than it
    is; corrected as far as answers can move it, it may get worse. Three-fold cross-validation by
    log-loss sees that. With fewer than 20 answers C is 3.
    """
    if len(y) < FEWEST_TO_CHOOSE_BY:
        return FEW_ANSWERS_C
    n_tried = min(MOST_ROWS_TRIED, max(FEWEST_ROWS_TRIED, MOST_TRIED // proba.shape[1]))
    rows = seeded_generator(0, "folds of answers").permutation(len(y))[:n_tried]
    X, y, proba = X[rows], y[rows], proba[rows]
    fold = np.arange(len(y)) % N_FOLDS
    losses = [_held_out_loss(C, X, y, proba, fold) for C in CHOICES_OF_C]
    return CHOICES_OF_C[int(np.argmin(losses))]


def _held_out_loss(C: float, X: Floats, y: Ints, proba: Floats, fold: NDArray[np.intp]) -> float:
    total = 0.0
    for number in range(N_FOLDS):
        held_out = fold == number
        fitted = Correction(C).fit(X[~held_out], y[~held_out], proba[~held_out])
        log_proba = fitted.log_proba(X[held_out], proba[held_out])
        total -= float(log_proba[np.arange(len(log_proba)), y[held_out]].sum())
    return total


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


def _floored_log(proba: Floats) -> torch.Tensor:
    """Return log(proba) without what is almost 0; rows of NaN become uniform."""
    import torch

    n_classes = proba.shape[1]
    rows = torch.tensor(proba, dtype=torch.float32)
    rows.nan_to_num_(nan=1 / n_classes)
    return rows.clamp_(min=min(LEAST_PROBA, MOST_FOR_ALL / n_classes)).log_()


def _with_intercept(X: Floats) -> torch.Tensor:
    import torch

    rows = torch.full((len(X), X.shape[1] + 1), INTERCEPT)
    rows[:, :-1] = torch.as_tensor(np.ascontiguousarray(X))
    return rows


def _blocks(features: Rows) -> Any:
    n_items = features.shape[0]
    for start in range(0, n_items, ROWS_PER_BLOCK):
        yield start, features.read(start, min(start + ROWS_PER_BLOCK, n_items))
