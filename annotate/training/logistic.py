"""Multinomial logistic regression in torch: the optimisation behind the linear student.

It minimises what scikit-learn's ``LogisticRegression(C=C)`` minimises,

    C * sum_i w_i * -log p(y_i | x_i)  +  0.5 * ||W||^2        (the intercept is free),

by L-BFGS in coordinates that are whitened by the curvature of the loss, estimated on a sample:
there few steps are needed. Large data is first solved roughly on a quarter of it, then on all. Rows
are read in blocks, so memory does not grow beyond the features themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Ints
from annotate.training.lbfgs import minimise

if TYPE_CHECKING:
    import torch

ROWS_PER_BLOCK = 16_384
SAMPLE_ROWS = 8_192
# More rows than this are never needed for a rough start.
ROUGH_ROWS = 65_536
MAX_LOOKS = 500
MAX_DESCENTS = 10
# Estimated distance to the smallest loss, as a share of it, that is small enough to stop at.
TOLERANCE = 1e-4
ROUGH_TOLERANCE = 3e-3
# Keeps directions that the sample hardly varies in from being blown up.
SMALLEST_CURVATURE = 1e-6


def fit_logistic(
    X: Floats,
    y: Ints,
    sample_weight: Floats,
    n_classes: int,
    *,
    C: float,
    tolerance: float = TOLERANCE,
    device: str = "cpu",
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the weights and the intercepts that minimise the regularised logistic loss.

    Parameters
    ----------
    X : float array of shape (n_rows, dim)
        Finite; any float type, computed with in float32 block by block.
    y : int array of shape (n_rows,)
        Classes 0 to n_classes - 1; each should occur.
    sample_weight : float array of shape (n_rows,)
        Taken as it is, as scikit-learn does.
    n_classes : int
        2 or more.
    C : float
        Inverse strength of the regularisation, above 0.
    tolerance : float
        Stops when the estimated distance to the optimum, as a share of the loss, is below this.
    device : str
        Where to compute, as torch names it.

    Returns
    -------
    float32 arrays of shape (n_classes, dim) and (n_classes,)
        Both are centred over the classes, which changes no probability.
    """
    import torch

    data = _Data(X, y, sample_weight, C, device)
    # The same rows whenever the number of rows is the same, and no state of torch's is touched.
    drawn = torch.randperm(len(X), generator=torch.Generator().manual_seed(0)).numpy()
    sample = data.part(drawn[:SAMPLE_ROWS])
    weight = torch.zeros(n_classes, X.shape[1], device=device)
    bias = torch.zeros(n_classes, device=device)
    if len(X) > 4 * SAMPLE_ROWS:
        rough = data.part(drawn[: min(len(X) // 4, ROUGH_ROWS)])
        weight, bias, _ = _descend(rough, sample, weight, bias, ROUGH_TOLERANCE)
    for _ in range(MAX_DESCENTS):
        weight, bias, n_looks = _descend(data, sample, weight, bias, tolerance)
        # The curvature has changed on the way: close enough only if it still looks so from here.
        if n_looks == 1:
            break
    weight = weight - weight.mean(dim=0)
    bias = bias - bias.mean()
    return weight.cpu().numpy(), bias.cpu().numpy()


class _Data:
    """Rows to fit, and the loss over them: mean over the weights' sum, plus the penalty."""

    def __init__(self, X: Floats, y: Ints, sample_weight: Floats, C: float, device: str) -> None:
        import torch

        self._X, self._C, self._device = X, C, device
        self._y, self._sample_weight = y, sample_weight
        self.targets = torch.as_tensor(y.astype(np.int64), device=device)[:, None]
        self.row_weights = torch.as_tensor(sample_weight.astype(np.float32), device=device)[:, None]
        self.total_weight = float(sample_weight.sum(dtype=np.float64))
        self.penalty = 1 / (C * self.total_weight)

    def part(self, rows: Ints) -> _Data:
        """Return some rows, with the penalty that all of them carry."""
        part = _Data(self._X[rows], self._y[rows], self._sample_weight[rows], self._C, self._device)
        part.penalty = self.penalty
        return part

    def block(self, start: int) -> torch.Tensor:
        """Return rows start to start + ROWS_PER_BLOCK - 1 as float32."""
        import torch

        rows = np.asarray(self._X[start : start + ROWS_PER_BLOCK], dtype=np.float32)
        return torch.as_tensor(rows, device=self._device)

    def loss(
        self, weight: torch.Tensor, bias: torch.Tensor
    ) -> tuple[float, torch.Tensor, torch.Tensor]:
        """Return the loss and its gradients by weight and by bias."""
        import torch

        weight_grad, bias_grad = torch.zeros_like(weight), torch.zeros_like(bias)
        loss = torch.zeros((), dtype=torch.float64, device=weight.device)
        for start in range(0, len(self._X), ROWS_PER_BLOCK):
            X = self.block(start)
            target = self.targets[start : start + ROWS_PER_BLOCK]
            row_weight = self.row_weights[start : start + ROWS_PER_BLOCK]
            log_proba = torch.log_softmax(torch.nn.functional.linear(X, weight, bias), dim=1)
            loss -= (log_proba.gather(1, target) * row_weight).sum(dtype=torch.float64)
            residual = log_proba.exp_()
            residual.scatter_add_(1, target, -torch.ones_like(row_weight))
            residual *= row_weight
            weight_grad.addmm_(residual.T, X)
            bias_grad += residual.sum(dim=0)
        penalty = 0.5 * self.penalty * float((weight * weight).sum(dtype=torch.float64))
        weight_grad.div_(self.total_weight).add_(weight, alpha=self.penalty)
        return float(loss) / self.total_weight + penalty, weight_grad, bias_grad / self.total_weight


def _descend(
    data: _Data,
    sample: _Data,
    weight: torch.Tensor,
    bias: torch.Tensor,
    tolerance: float,
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Return weights and intercepts after L-BFGS from the given ones, and how often it looked."""
    whitening = _Whitening(sample, weight, bias)

    def loss_at(point: torch.Tensor) -> tuple[float, torch.Tensor]:
        loss, weight_grad, bias_grad = data.loss(*whitening.unpack(point))
        return loss, whitening.pack_gradient(weight_grad, bias_grad)

    def is_close(loss: float, gradient: torch.Tensor) -> bool:
        # In whitened coordinates half the squared gradient is what a Newton step would gain.
        return 0.5 * float((gradient * gradient).sum()) < tolerance * loss

    start = whitening.pack(weight, bias)
    point, n_looks = minimise(loss_at, start, is_close=is_close, max_looks=MAX_LOOKS)
    return *whitening.unpack(point), n_looks


class _Whitening:
    """Coordinates (V, c) with W = V A and b = c s - W m, in which the loss is about round.

    A is the inverse square root of the features' covariance and s that of the intercept's
    curvature, both weighted with the curvature of the loss at a point, averaged over the classes;
    m is the mean with the same weights, which keeps W and c apart.
    """

    def __init__(self, sample: _Data, weight: torch.Tensor, bias: torch.Tensor) -> None:
        import torch

        X = sample.block(0)
        proba = torch.softmax(torch.nn.functional.linear(X, weight, bias), dim=1)
        curvature = (proba * (1 - proba)).mean(dim=1, keepdim=True)
        curvature *= sample.row_weights[: len(X)] / sample.total_weight
        total = curvature.sum().clamp_min(SMALLEST_CURVATURE)
        self.mean = (curvature * X).sum(dim=0) / total
        centred = X - self.mean
        self._vectors, values = _principal_axes(centred * curvature.sqrt())
        largest = float(values[-1]) + sample.penalty
        smallest = largest * SMALLEST_CURVATURE
        self._roots = (values + sample.penalty).clamp_min(smallest).sqrt().float()
        # Directions that no row of the sample has are curved by the penalty alone.
        self._rest = max(sample.penalty, smallest) ** 0.5
        self.bias_scale = float(total) ** -0.5

    def pack(self, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Return the coordinates of a point, one row per class."""
        import torch

        shifted = (bias + weight @ self.mean) / self.bias_scale
        return torch.cat([self._scale(weight, 1), shifted[:, None]], dim=1)

    def unpack(self, point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weights and intercepts at some coordinates."""
        weight = self._scale(point[:, :-1], -1)
        return weight, point[:, -1] * self.bias_scale - weight @ self.mean

    def pack_gradient(self, weight_grad: torch.Tensor, bias_grad: torch.Tensor) -> torch.Tensor:
        """Return the gradient by the coordinates."""
        import torch

        whitened = self._scale(weight_grad - torch.outer(bias_grad, self.mean), -1)
        return torch.cat([whitened, bias_grad[:, None] * self.bias_scale], dim=1)

    def _scale(self, rows: torch.Tensor, power: int) -> torch.Tensor:
        """Return ``rows`` times the root of the curvature (power 1) or its inverse (power -1)."""
        rest = self._rest**power
        along = (rows @ self._vectors) * (self._roots**power - rest)
        return rows * rest + along @ self._vectors.T


def _principal_axes(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the axes (dim, n_axes) of ``rows.T @ rows`` and its eigenvalues, ascending.

    Fewer rows than columns span fewer axes, which the small matrix of their products gives.
    """
    import torch

    n_rows, dim = rows.shape
    if n_rows >= dim:
        values, vectors = torch.linalg.eigh((rows.T @ rows).double())
        return vectors.float(), values.clamp_min(0)
    values, vectors = torch.linalg.eigh((rows @ rows.T).double())
    # What is this small beside the largest is rounding, and has no direction of its own.
    spans = values >= values[-1] * 1e-9
    values, vectors = values[spans].clamp_min(1e-30), vectors[:, spans]
    return ((rows.T.double() @ vectors) / values.sqrt()).float(), values
