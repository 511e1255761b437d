"""Minimise a smooth, strictly convex function by L-BFGS.

Not torch's own: making any optimiser of torch imports its compiler, which takes seconds. Not
scipy's: its first step has length 1 whatever the gradient, which throws a warm start away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

HISTORY = 20
MAX_HALVINGS = 30
# A step must gain at least this share of what the slope promises (Armijo).
MIN_GAIN = 1e-4


def minimise(
    loss_at: Callable[[torch.Tensor], tuple[float, torch.Tensor]],
    start: torch.Tensor,
    *,
    is_close: Callable[[float, torch.Tensor], bool],
    max_looks: int,
) -> tuple[torch.Tensor, int]:
    """Return the point where ``is_close`` held, or the last one reached, and the looks it took.

    Parameters
    ----------
    loss_at : function
        Returns the loss and its gradient at a point. The Hessian should be about the identity, so
        that the negative gradient is a good first step.
    start : float tensor of any shape
    is_close : function
        Told loss and gradient; True ends the search there.
    max_looks : int
        Calls of ``loss_at`` at most.

    References
    ----------
    Nocedal & Wright 2006, Numerical Optimization, algorithms 7.4 and 3.1.
    """
    point = start
    loss, gradient = loss_at(point)
    n_looks = 1
    history: deque[tuple[torch.Tensor, torch.Tensor]] = deque(maxlen=HISTORY)
    while n_looks < max_looks and not is_close(loss, gradient):
        direction = -_apply_inverse(history, gradient)
        slope = float((gradient * direction).sum())
        step = 1.0
        for _ in range(MAX_HALVINGS):
            next_point = point + step * direction
            next_loss, next_gradient = loss_at(next_point)
            n_looks += 1
            if next_loss <= loss + MIN_GAIN * step * slope:
                break
            step /= 2
        else:
            # Rounding leaves nothing to gain along the way down.
            break
        moved, turned = next_point - point, next_gradient - gradient
        if float((moved * turned).sum()) > 0:
            history.append((moved, turned))
        point, loss, gradient = next_point, next_loss, next_gradient
    return point, n_looks


def _apply_inverse(
    history: deque[tuple[torch.Tensor, torch.Tensor]], gradient: torch.Tensor
) -> torch.Tensor:
    """Return the inverse Hessian, as the steps so far show it, times ``gradient``."""
    result = gradient.clone()
    shares = []
    for moved, turned in reversed(history):
        share = (moved * result).sum() / (moved * turned).sum()
        result -= share * turned
        shares.append(share)
    if history:
        moved, turned = history[-1]
        result *= (moved * turned).sum() / (turned * turned).sum()
    for (moved, turned), share in zip(history, reversed(shares), strict=True):
        result += (share - (turned * result).sum() / (moved * turned).sum()) * moved
    return result
