"""Which pseudo-labels of a batch a step learns from, decided anew at every step.

The selectors of ``annotate.selection`` see the whole corpus once a round; these see one batch at a
time and keep running statistics. Each is a torch module whose buffers are those statistics, so that
a checkpoint holds them.
"""

from __future__ import annotations

import torch
from torch import nn

THRESHOLD = 0.95
STATISTICS_DECAY = 0.999
# Of Dash: a little slack over the mean, what the limit is divided by, and where that ends.
SLACK = 1.0001
SHRINK = 1.27
LEAST_LIMIT = 0.05
BATCHES_PER_DECAY = 20


class OnlineSelector(nn.Module):
    """Gives every pseudo-label of a batch a weight from 0 to 1.

    Parameters
    ----------
    n_classes : int
    n_items : int
        Of which batches are drawn.
    """

    needs_labelled = False  # whether ``observe`` reads probabilities of labelled items

    def __init__(self, n_classes: int, n_items: int) -> None:
        super().__init__()

    def observe(
        self, proba: torch.Tensor, places: torch.Tensor, labelled: torch.Tensor | None
    ) -> None:
        """Update the statistics, once a step and before ``weigh``.

        Parameters
        ----------
        proba : float tensor of shape (n, n_classes)
            The teacher's, on weak views of unlabelled items.
        places : int tensor of shape (n,)
            Which of the ``n_items`` they are.
        labelled : float tensor of shape (n_labelled, n_classes), optional
            The teacher's on labelled items; given where ``needs_labelled``.
        """

    def weigh(self, proba: torch.Tensor) -> torch.Tensor:
        """Return (n,) weights of the most likely classes."""
        raise NotImplementedError


class FixedThreshold(OnlineSelector):
    """Learns from what is at least 95 % sure (FixMatch: Sohn et al. 2020, arXiv:2001.07685)."""

    def weigh(self, proba: torch.Tensor) -> torch.Tensor:
        """Return 1 where the confidence is 0.95 or more, else 0."""
        return (proba.amax(dim=1) >= THRESHOLD).float()


class FlexMatch(OnlineSelector):
    """Lowers the threshold of classes that few items are sure of (Zhang et al., arXiv:2110.08263).

    ``sigma(c)`` counts items whose latest sure prediction was c; ``beta = sigma / max(max sigma,
    items never sure yet)``; the threshold of c is ``0.95 beta / (2 - beta)``.
    """

    def __init__(self, n_classes: int, n_items: int) -> None:
        super().__init__(n_classes, n_items)
        self.n_classes = n_classes
        self.register_buffer("latest", torch.full((n_items,), n_classes))  # n_classes: never sure
        self.latest: torch.Tensor

    def observe(
        self, proba: torch.Tensor, places: torch.Tensor, labelled: torch.Tensor | None
    ) -> None:
        """Take down what each item is sure of."""
        confidence, guess = proba.max(dim=1)
        sure = confidence >= THRESHOLD
        self.latest[places[sure]] = guess[sure]

    def weigh(self, proba: torch.Tensor) -> torch.Tensor:
        """Return 1 where the confidence reaches its class's threshold, else 0."""
        counts = torch.bincount(self.latest, minlength=self.n_classes + 1)
        sigma, never = counts[:-1], counts[-1]
        beta = sigma / torch.maximum(sigma.max(), never).clamp(min=1)
        confidence, guess = proba.max(dim=1)
        return (confidence >= THRESHOLD * (beta / (2 - beta))[guess]).float()


class FreeMatch(OnlineSelector):
    """Lets the threshold follow the teacher's own confidence (Wang et al., arXiv:2205.07246).

    Self-adaptive thresholds (equations 5 to 8). Differs: without the fairness penalty.
    """

    def __init__(self, n_classes: int, n_items: int) -> None:
        super().__init__(n_classes, n_items)
        self.register_buffer("threshold", torch.tensor(1 / n_classes))
        self.register_buffer("mean_proba", torch.full((n_classes,), 1 / n_classes))
        self.threshold: torch.Tensor
        self.mean_proba: torch.Tensor

    def observe(
        self, proba: torch.Tensor, places: torch.Tensor, labelled: torch.Tensor | None
    ) -> None:
        """Follow the mean confidence and the mean probability of each class."""
        self.threshold.lerp_(proba.amax(dim=1).mean(), 1 - STATISTICS_DECAY)
        self.mean_proba.lerp_(proba.mean(dim=0), 1 - STATISTICS_DECAY)

    def weigh(self, proba: torch.Tensor) -> torch.Tensor:
        """Return 1 where the confidence reaches its class's threshold, else 0."""
        of_class = self.threshold * self.mean_proba / self.mean_proba.max()
        confidence, guess = proba.max(dim=1)
        return (confidence >= of_class[guess]).float()


class SoftMatch(OnlineSelector):
    """Weighs by a Gaussian below the mean confidence (Chen et al. 2023, arXiv:2301.10921).

    The mean and the variance of the confidence are followed; 1 above the mean, and below it
    ``exp(-(confidence - mean)^2 / (2 variance / 4))``. Confidence is the label's probability after
    alignment to equal classes.
    """

    def __init__(self, n_classes: int, n_items: int) -> None:
        super().__init__(n_classes, n_items)
        self.register_buffer("mean", torch.tensor(1 / n_classes))
        self.register_buffer("variance", torch.tensor(1.0))
        self.register_buffer("mean_proba", torch.full((n_classes,), 1 / n_classes))
        self.mean: torch.Tensor
        self.variance: torch.Tensor
        self.mean_proba: torch.Tensor

    def observe(
        self, proba: torch.Tensor, places: torch.Tensor, labelled: torch.Tensor | None
    ) -> None:
        """Follow the confidence of the aligned probabilities."""
        self.mean_proba.lerp_(proba.mean(dim=0), 1 - STATISTICS_DECAY)
        confidence = self._aligned(proba)
        self.mean.lerp_(confidence.mean(), 1 - STATISTICS_DECAY)
        self.variance.lerp_(confidence.var(), 1 - STATISTICS_DECAY)

    def weigh(self, proba: torch.Tensor) -> torch.Tensor:
        """Return 1 above the mean confidence, less and less below it."""
        below = (self._aligned(proba) - self.mean).clamp(max=0)
        return torch.exp(-(below**2) / (2 * self.variance / 4))

    def _aligned(self, proba: torch.Tensor) -> torch.Tensor:
        """Return (n,) the aligned probability of the class that is the label."""
        aligned = proba / self.mean_proba
        label = proba.argmax(dim=1, keepdim=True)
        return aligned.gather(1, label)[:, 0] / aligned.sum(dim=1)


class AdaMatch(OnlineSelector):
    """Takes 0.95 of the labelled items' mean confidence (Berthelot et al., arXiv:2106.04732).

    Probabilities are aligned to how often classes occur among the labelled items. Differs: the
    classes stay those of the teacher, the alignment only weighs them.
    """

    needs_labelled = True

    def __init__(self, n_classes: int, n_items: int) -> None:
        super().__init__(n_classes, n_items)
        self.register_buffer("labelled_mean", torch.full((n_classes,), 1 / n_classes))
        self.register_buffer("unlabelled_mean", torch.full((n_classes,), 1 / n_classes))
        self.register_buffer("threshold", torch.tensor(THRESHOLD))
        self.labelled_mean: torch.Tensor
        self.unlabelled_mean: torch.Tensor
        self.threshold: torch.Tensor

    def observe(
        self, proba: torch.Tensor, places: torch.Tensor, labelled: torch.Tensor | None
    ) -> None:
        """Follow both distributions; take the threshold from this batch."""
        assert labelled is not None
        self.labelled_mean.lerp_(labelled.mean(dim=0), 1 - STATISTICS_DECAY)
        self.unlabelled_mean.lerp_(proba.mean(dim=0), 1 - STATISTICS_DECAY)
        self.threshold.copy_(THRESHOLD * labelled.amax(dim=1).mean())

    def weigh(self, proba: torch.Tensor) -> torch.Tensor:
        """Return 1 where the aligned probability of the class reaches the threshold, else 0."""
        aligned = proba * self.labelled_mean / self.unlabelled_mean
        aligned = aligned / aligned.sum(dim=1, keepdim=True)
        guess = proba.argmax(dim=1, keepdim=True)
        return (aligned.gather(1, guess)[:, 0] >= self.threshold).float()


class Dash(OnlineSelector):
    """Learns from labels whose loss is within a limit that shrinks (Xu et al., arXiv:2109.00650).

    The loss is -ln of the confidence. The first limit is 1.0001 times its mean in the first 20
    batches, of whose pseudo-labels none counts; every 20 batches it is divided by 1.27, down to
    0.05, a confidence of 0.951. Differs: 1.27 is the factor of the USB benchmark for ten epochs,
    here for a hundredth of the default 2,000 steps (``fst_w`` draws three batches a step); the
    first limit is of pseudo-labels too, not of the labels that were learnt; labels are hard from
    the first on.
    """

    def __init__(self, n_classes: int, n_items: int) -> None:
        super().__init__(n_classes, n_items)
        self.register_buffer("n_batches", torch.tensor(0))
        self.register_buffer("first_loss", torch.tensor(0.0))
        self.n_batches: torch.Tensor
        self.first_loss: torch.Tensor

    def observe(
        self, proba: torch.Tensor, places: torch.Tensor, labelled: torch.Tensor | None
    ) -> None:
        """Count the batches; follow the mean loss of the first ones."""
        self.n_batches += 1
        if self.n_batches <= BATCHES_PER_DECAY:
            self.first_loss.lerp_(_loss(proba).mean(), 1 / float(self.n_batches))

    def weigh(self, proba: torch.Tensor) -> torch.Tensor:
        """Return 1 where the loss is within the limit, else 0."""
        period = (int(self.n_batches) - 1) // BATCHES_PER_DECAY
        if period < 1:
            return torch.zeros_like(proba[:, 0])
        limit = (SLACK * SHRINK ** (1 - period) * self.first_loss).clamp(min=LEAST_LIMIT)
        return (_loss(proba) <= limit).float()


def _loss(proba: torch.Tensor) -> torch.Tensor:
    return -proba.amax(dim=1).log()


ONLINE_SELECTORS: dict[str, type[OnlineSelector]] = {
    "adamatch": AdaMatch,
    "dash": Dash,
    "flexmatch": FlexMatch,
    "freematch": FreeMatch,
    "softmatch": SoftMatch,
    "threshold": FixedThreshold,
}
