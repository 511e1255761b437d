"""The student for long tails: margins by the size of a class, and class weights late."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import Module
from torch.nn.functional import linear, normalize

from annotate.protocols import Floats, Ints
from annotate.training.batches import shuffled_batch
from annotate.training.conv import Conv, logits_of
from annotate.training.ldam import SCALE, class_margins, deferred_class_weights, ldam_loss
from annotate.training.learning_rates import cosine
from annotate.training.network_student import TrainingRows
from annotate.training.turn_prediction import TurnPredictor, turn_loss

PRETRAINING = 0.5  # of the steps
FIRST_STAGE = 0.8  # of the steps: 160 of 200 epochs in the paper
# Of the rate of ``conv``: the scale makes the first gradients 14 times as long (12 to 18, measured
# on four seeds), and at the full rate running statistics lag behind the weights for long.
RATE_SHARE = 0.07


class LongTail(Conv):
    """LDAM with deferred re-weighting; registered as ``long_tail``.

    A network whose outputs are cosines, trained with margins that are wider for rarer classes; in
    the last fifth of the steps rarer classes also weigh more.

    Every row with a label is seen once a pass, and weights have no say. Those of a round balance
    the classes: drawn in proportion to them, rare classes would come as often as frequent ones.
    Margins and class weights, which follow the counts of rows, would then correct an imbalance that
    is gone; and the first stage is meant to learn features from the rows as they are, not from a
    few of them repeated. So a pseudo-label weighs as much as a given label.

    Parameters
    ----------
    argument : str
        ``pretrained``: half of the steps are spent before, on predicting the turns of all pictures,
        whose labels are not looked at, so that frequent classes do not shape the features.
        ``unmirrored`` as for ``conv``; both are joined by ``+``.

    References
    ----------
    Cao et al. 2019, arXiv:1906.07413, with the settings of Yang & Xu 2020, arXiv:2006.07529.
    Differs: the rate falls along half a cosine over both stages, not in steps, from 0.07 times that
    of ``conv``, so that first steps are as long as its first steps. The self-supervised start is
    that of Yang & Xu; theirs is a training of its own.
    """

    _name = "long_tail"
    _extras = ("pretrained",)

    def step_loss(
        self, network: Module, rows: TrainingRows, step: int, device: str
    ) -> torch.Tensor:
        """Return the LDAM loss of the step's rows, weighed by class in the last fifth."""
        if step < self._n_before():
            assert isinstance(network, TurnPredictor)
            place = shuffled_batch(len(rows.usable), self.batch_size, self.run.seed, step)
            colours = self.weak_views(rows, rows.usable[place], step, device)
            return turn_loss(network, colours, device)
        drawn = shuffled_batch(len(rows.labelled), self.batch_size, self.run.seed, step)
        colours = self.weak_views(rows, rows.labelled[drawn], step, device)
        counts = np.bincount(rows.y, minlength=rows.n_classes)
        weights = self._class_weights(counts, step)
        return ldam_loss(
            logits_of(network, colours, device),
            torch.as_tensor(rows.y[drawn], dtype=torch.long, device=device),
            _on(device, class_margins(counts)),
            class_weights=None if weights is None else _on(device, weights),
        )

    def rate(self, step: int) -> float:
        """Return the rate of a step as a share of the highest of other networks."""
        n_before = self._n_before()
        if step < n_before:
            return cosine(step, n_before)
        return RATE_SHARE * cosine(step - n_before, self.n_steps - n_before)

    def _n_before(self) -> int:
        """Return how many steps look at no label."""
        return round(PRETRAINING * self.n_steps) if "pretrained" in self.extras else 0

    def _class_weights(self, counts: Ints, step: int) -> NDArray[np.float64] | None:
        n_before = self._n_before()
        is_first_stage = step - n_before < round(FIRST_STAGE * (self.n_steps - n_before))
        return None if is_first_stage else deferred_class_weights(counts)

    def _make_network(self, n_classes: int) -> Module:
        if "pretrained" in self.extras:
            network = self._seeded(lambda: TurnPredictor(n_classes))
        else:
            network = super()._make_network(n_classes)
        head = network.head
        assert isinstance(head, nn.Linear)
        network.head = CosineHead(head)
        return network

    def _class_logits(self, network: Module, colours: torch.Tensor) -> torch.Tensor:
        return SCALE * super()._class_logits(network, colours)


class CosineHead(Module):
    """Cosines between features and each class's weights.

    Parameters
    ----------
    head : torch.nn.Linear
        Whose weights it takes over.
    """

    def __init__(self, head: nn.Linear) -> None:
        super().__init__()
        self.weight = head.weight
        # A cosine has no bias; its zeros tell how many classes there are.
        self.register_buffer("bias", torch.zeros_like(head.bias))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return (n, n_classes) cosines for (n, dim); 0 where all features are 0."""
        # Times 30, the rounding of a half-precision cosine would show in the logits.
        with torch.autocast(features.device.type, enabled=False):
            return linear(normalize(features.float(), dim=1), normalize(self.weight, dim=1))


def _on(device: str, values: Floats) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float32, device=device)
