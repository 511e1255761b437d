"""Further pre-training: a tower learns the corpus without labels before it learns labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import Module, ModuleList

from annotate.compute.device import autocast, choose_training_dtype
from annotate.compute.seeding import seeded_generator
from annotate.protocols import Ints, Items, Processes
from annotate.training.batches import shuffled_batch
from annotate.training.descent import step_generator, step_number
from annotate.training.run_steps import Training
from annotate.training.stages import Stage
from annotate.training.tower import Tower
from annotate.training.tower_training import (
    TowerSettings,
    accumulate_gradients,
    layerwise_optimizer,
    seeded_dropout,
    set_rates,
    with_prefix,
)
from annotate.training.training_state import (
    load_module,
    load_optimizer,
    module_arrays,
    optimizer_arrays,
)


@dataclass(frozen=True)
class UnlabelledItems:
    """Items to learn without their labels.

    Attributes
    ----------
    X : Items
        The whole corpus.
    rows : int array of shape (n_unlabelled,)
        Which of them may be learnt.
    """

    X: Items
    rows: Ints


def self_distillation(
    new_tower: Callable[[], Tower],
    items: UnlabelledItems,
    settings: TowerSettings,
    processes: Processes,
) -> list[Stage]:
    """Return two stages: a teacher is pre-trained further, then a student kept close to it.

    Parameters
    ----------
    new_tower : function
        To a tower whose network, a ``protocols.MaskableNetwork``, is as it was before any training.
    items : UnlabelledItems
    settings : TowerSettings
        ``n_steps`` are those of each stage.
    processes : Processes

    References
    ----------
    Lee et al. 2023, "Self-distillation for further pre-training of transformers", arXiv:2210.02871.
    The student begins where the teacher began, not where it ended. Differs: states of all tokens
    are compared, as in the paper, where its published code compares the class token's; the decoder
    begins untrained, since encoders come without one; the mean over hidden tokens is taken item by
    item, so that it does not matter which items share a batch.
    """

    def begin_teacher(before: Training | None) -> MaskedModelling:
        return MaskedModelling(new_tower(), items, settings, processes)

    def begin_student(before: Training | None) -> MaskedModelling:
        teacher = before.tower if isinstance(before, MaskedModelling) else new_tower()
        return MaskedModelling(new_tower(), items, settings, processes, teacher)

    return [
        Stage("a teacher without labels", settings.n_steps, begin_teacher),
        Stage("its student without labels", settings.n_steps, begin_student),
    ]


class MaskedModelling:
    """A tower's network that learns to predict what is hidden; meets ``run_steps.Training``.

    With a teacher it also keeps the hidden states of items of which nothing is hidden close to the
    teacher's. Several processes share each step as in ``TowerTraining``.
    """

    def __init__(
        self,
        tower: Tower,
        items: UnlabelledItems,
        settings: TowerSettings,
        processes: Processes,
        teacher: Tower | None = None,
    ) -> None:
        self.tower = tower
        self._teacher = None if teacher is None else teacher.eval()
        self._items, self._settings, self._processes = items, settings, processes
        self._decoder = self._new_decoder()
        self._optimizer = layerwise_optimizer(tower, self._decoder)

    def take_step(self, step: int) -> float:
        set_rates(self._optimizer, step, self._settings.n_steps)
        self._optimizer.zero_grad(set_to_none=True)
        # A student draws on where its teacher stopped: other items of a pass, and other masks.
        loss = self._accumulate(step + (0 if self._teacher is None else self._settings.n_steps))
        self._optimizer.step()
        return loss

    def _accumulate(self, number: int) -> float:
        """Add up the gradients of a batch; return its mean loss."""
        settings, rank = self._settings, self._processes.rank
        places = shuffled_batch(len(self._items.rows), settings.batch_size, settings.seed, number)
        rows, seeds = self._items.rows[places], mask_seeds(settings, number)
        drawn = np.arange(len(rows))
        with seeded_dropout(step_number("dropout", settings.seed, number, rank), settings.device):
            loss = accumulate_gradients(
                lambda part: self._loss(rows[part], seeds[part]), drawn, settings, self._processes
            )
        self._processes.add_up_gradients(ModuleList([self.tower.network, self._decoder]))
        return loss

    def _loss(self, rows: Ints, seeds: Ints) -> torch.Tensor:
        """Return the sum of the losses of some items."""
        there, batch = self.tower.prepare(self._items.X, rows)
        if batch is None:
            return torch.zeros((), requires_grad=True)
        network, device = self.tower.network, self._settings.device
        seen, hidden = network.hide(batch, seeds[np.isin(rows, there)])
        with autocast(device, choose_training_dtype(device)):
            self.tower.train()
            states, _ = network.hidden_states(seen)
            loss: torch.Tensor = network.hidden_loss(self._decoder, states, batch, hidden).sum()
            if self._teacher is not None:
                loss = loss + self._distance(self._teacher, batch).sum()
        return loss

    def _distance(self, teacher: Tower, batch: Any) -> torch.Tensor:
        """Return (n,): the squared distance of an item's tokens from the teacher's, their mean."""
        self.tower.eval()  # dropout would lay the student farther off than the teacher ever went
        states, is_token = self.tower.network.hidden_states(batch)
        with torch.no_grad():
            taught, _ = teacher.network.hidden_states(batch)
        squared = (states.float() - taught.float()).square().sum(dim=2)
        return (squared * is_token).sum(dim=1) / is_token.sum(dim=1)

    def _new_decoder(self) -> Module:
        """Return an untrained decoder, the same for the same seed."""
        number = seeded_generator(self._settings.seed, "decoder").integers(2**62)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(number))
            decoder: Module = self.tower.network.new_decoder()
        return decoder.to(self._settings.device)

    def arrays(self) -> dict[str, NDArray[Any]]:
        taught = {} if self._teacher is None else self._teacher.trained_arrays()
        return {
            **{f"tower.{name}": array for name, array in self.tower.trained_arrays().items()},
            **{f"teacher.{name}": array for name, array in taught.items()},
            **module_arrays(self._decoder, "decoder."),
            **optimizer_arrays(self._optimizer, "optimizer."),
        }

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.tower.load_trained_arrays(with_prefix(arrays, "tower."))
        if self._teacher is not None:
            self._teacher.load_trained_arrays(with_prefix(arrays, "teacher."))
        load_module(self._decoder, arrays, "decoder.")
        load_optimizer(self._optimizer, arrays, "optimizer.")


def mask_seeds(settings: TowerSettings, number: int) -> Ints:
    """Return what fixes the masks of a batch's items, one number each."""
    generator = step_generator(settings.seed, number)
    return torch.randint(2**62, (settings.batch_size,), generator=generator).numpy()
