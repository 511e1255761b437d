"""The convolutional student: a small network on pixels, trained on labels alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch.nn import Module
from torch.nn.functional import cross_entropy

from annotate.compute.device import autocast, choose_training_dtype
from annotate.protocols import Ints
from annotate.training.batches import weighted_batch
from annotate.training.descent import make_optimizer, set_rate, step_generator
from annotate.training.learning_rates import cosine
from annotate.training.network_student import NetworkStudent, TrainingRows
from annotate.training.pixel_rows import take_colours
from annotate.training.training_state import (
    load_module,
    load_optimizer,
    module_arrays,
    optimizer_arrays,
)
from annotate.training.views import Views


class Conv(NetworkStudent):
    """A small residual network on pictures of 32 pixels; registered as ``conv``.

    Every row is drawn as often as its weight says and seen in a new weak view each time.
    """

    _name = "conv"

    def step_loss(
        self, network: Module, rows: TrainingRows, step: int, device: str
    ) -> torch.Tensor:
        """Return the loss of one step, of which gradients are taken."""
        drawn = weighted_batch(rows.weights, self.batch_size, self.run.seed, step)
        colours = self.weak_views(rows, rows.labelled[drawn], step, device)
        targets = torch.as_tensor(rows.y[drawn], dtype=torch.long, device=device)
        return cross_entropy(logits_of(network, colours, device), targets)

    def rate(self, step: int) -> float:
        """Return the rate of a step as a share of the highest."""
        return cosine(step, self.n_steps)

    def weak_views(self, rows: TrainingRows, drawn: Ints, step: int, device: str) -> torch.Tensor:
        """Return weak views of some rows of ``X``."""
        colours = take_colours(rows.X, drawn, device)
        return Views(self.mirrored).weak(colours, step_generator(self.run.seed, step))

    def _begin(self, rows: TrainingRows, device: str) -> Supervised:
        network = self._make_network(rows.n_classes).to(device)
        return Supervised(self, rows, network, device)

    def _trained(self, training: Any) -> Module:
        network: Module = training.network
        return network


def logits_of(network: Module, colours: torch.Tensor, device: str) -> torch.Tensor:
    """Return a training network's logits in float32, computed in the format of the device."""
    with autocast(device, choose_training_dtype(device)):
        logits: torch.Tensor = network.train()(colours)
    return logits.float()


class Supervised:
    """A network that descends along its method's loss; meets ``run_steps.Training``."""

    def __init__(self, method: Conv, rows: TrainingRows, network: Module, device: str) -> None:
        self.network = network
        self._method, self._rows, self._device = method, rows, device
        self._optimizer = make_optimizer(network)

    def take_step(self, step: int) -> float:
        set_rate(self._optimizer, self._method.rate(step))
        loss = self._method.step_loss(self.network, self._rows, step, self._device)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return float(loss.detach())

    def arrays(self) -> dict[str, NDArray[Any]]:
        return module_arrays(self.network, "network.") | optimizer_arrays(
            self._optimizer, "optimizer."
        )

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        load_module(self.network, arrays, "network.")
        load_optimizer(self._optimizer, arrays, "optimizer.")
