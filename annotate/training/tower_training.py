"""The training of a tower: rates that fall from layer to layer, and the best of its checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy
from torch.optim import AdamW

from annotate.compute.device import autocast, choose_training_dtype
from annotate.protocols import NO_LABEL, Bools, Floats, Ints, Items, Processes
from annotate.training.batches import weighted_batch
from annotate.training.descent import step_generator, step_number
from annotate.training.learning_rates import warmed_cosine
from annotate.training.tower import ITEMS_PER_BLOCK, Tower
from annotate.training.training_state import load_optimizer, optimizer_arrays
from annotate.training.views import Views
from annotate.training.weights import normalize_weights

RATE = 5e-5  # of the last block
RATE_OF_HEAD = 1e-3
DECAY_OF_LAYERS = 0.75  # from each block to the one before
WEIGHT_DECAY = 0.01
WARM_UP = 0.1  # of the steps
N_CHECKS = 10  # of labels left out, in a training


@dataclass(frozen=True)
class LabelledItems:
    """Items that have a label.

    Attributes
    ----------
    X : Items
        The whole corpus.
    rows : int array of shape (n_labelled,)
        Which of them they are.
    y : int array of shape (n_labelled,)
    weights : float array of shape (n_labelled,)
        How often each is drawn, relative to the others.
    """

    X: Items
    rows: Ints
    y: Ints
    weights: Floats

    def take(self, chosen: Bools) -> LabelledItems:
        """Return some of them: those where ``chosen``, of shape (n_labelled,), is True."""
        return LabelledItems(self.X, self.rows[chosen], self.y[chosen], self.weights[chosen])


def labelled_items(
    X: Items, y: Ints, sample_weight: Floats | None, n_classes: int
) -> LabelledItems:
    """Return the items that have a label, checked."""
    if y.shape != (len(X),):
        raise ValueError(f"y must be ({len(X)},), one entry an item; got shape {y.shape}.")
    rows = np.flatnonzero(y != NO_LABEL)
    n_seen = len(np.unique(y[rows]))
    if n_seen < 2 or y.max() >= n_classes:
        raise ValueError(
            f"y must hold two classes or more, 0 to {n_classes - 1}; got {n_seen},"
            f" the highest {y.max(initial=-1)}."
        )
    weights = None if sample_weight is None else sample_weight[rows]
    return LabelledItems(X, rows, y[rows], normalize_weights(weights, len(rows)))


@dataclass(frozen=True)
class TowerSettings:
    """What shapes the training of a tower: see ``FineTuned``."""

    n_steps: int
    batch_size: int
    micro_batch_size: int
    mirrored: bool
    strong: bool
    seed: int
    device: str


class TowerTraining:
    """A tower in training; meets ``run_steps.Training``.

    Several processes share the items of each step, add their gradients up, and so keep the same
    weights. Where labels are left out, the weights are kept that had the least loss on them: of the
    beginning, or of one of ten checks. Without any, those of the last step.
    """

    def __init__(
        self,
        tower: Tower,
        items: LabelledItems,
        left_out: LabelledItems,
        settings: TowerSettings,
        processes: Processes,
    ) -> None:
        self.tower = tower
        self._processes = processes
        self._items, self._left_out, self._settings = items, left_out, settings
        self._optimizer = layerwise_optimizer(tower)
        self._best: dict[str, NDArray[Any]] = {}
        self._best_loss = float("inf")
        self._check()

    def take_step(self, step: int) -> float:
        settings = self._settings
        set_rates(self._optimizer, step, settings.n_steps)
        self._optimizer.zero_grad(set_to_none=True)
        loss = self._accumulate(step)
        self._optimizer.step()
        if (step + 1) % max(settings.n_steps // N_CHECKS, 1) == 0:
            self._check()
        return loss

    def take_the_best(self) -> None:
        """Go back to the weights that were best on labels left out, if there are any."""
        if self._best:
            self.tower.load_trained_arrays(self._best)

    def _accumulate(self, step: int) -> float:
        """Add up the gradients of a step's items; return their mean loss."""
        settings, items, rank = self._settings, self._items, self._processes.rank
        drawn = weighted_batch(items.weights, settings.batch_size, settings.seed, step)
        generator = step_generator(settings.seed, step, rank)
        self.tower.train()
        with seeded_dropout(step_number("dropout", settings.seed, step, rank), settings.device):
            loss = accumulate_gradients(
                lambda part: self._loss(items, part, generator), drawn, settings, self._processes
            )
        self._processes.add_up_gradients(self.tower)
        return loss

    def _loss(
        self, items: LabelledItems, part: Ints, generator: torch.Generator | None
    ) -> torch.Tensor:
        """Return the sum of the losses of some labelled items; with a generator, of their views."""
        there, batch = self.tower.prepare(items.X, items.rows[part])
        if batch is None:
            return torch.zeros((), requires_grad=True)
        if generator is not None and self.tower.network.augments:
            views = Views(self._settings.mirrored)
            batch = (views.strong if self._settings.strong else views.weak)(batch, generator)
        targets = items.y[part][np.isin(items.rows[part], there)]
        device = self._settings.device
        with autocast(device, choose_training_dtype(device)):
            logits = self.tower(batch)
        return cross_entropy(
            logits.float(),
            torch.as_tensor(targets, dtype=torch.long, device=device),
            reduction="sum",
        )

    def _check(self) -> None:
        """Keep the weights if they are the best so far on labels left out."""
        if not len(self._left_out.rows):
            return
        self.tower.eval()
        places = np.arange(len(self._left_out.rows))
        with torch.inference_mode():
            total = sum(
                float(self._loss(self._left_out, places[start : start + ITEMS_PER_BLOCK], None))
                for start in range(0, len(places), ITEMS_PER_BLOCK)
            )
        # On GPUs the same sum may differ in its last digits: all go by the first one's.
        total = self._processes.tell(total)
        if total < self._best_loss:
            self._best_loss, self._best = total, self.tower.trained_arrays()

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **{f"tower.{name}": array for name, array in self.tower.trained_arrays().items()},
            **{f"best.{name}": array for name, array in self._best.items()},
            **optimizer_arrays(self._optimizer, "optimizer."),
            "best_loss": np.array(self._best_loss),
        }

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.tower.load_trained_arrays(with_prefix(arrays, "tower."))
        self._best, self._best_loss = with_prefix(arrays, "best."), float(arrays["best_loss"])
        load_optimizer(self._optimizer, arrays, "optimizer.")


def layerwise_optimizer(tower: Tower, head: torch.nn.Module | None = None) -> AdamW:
    """Return AdamW with a rate for each height: a block learns slower than the one after it.

    ``head`` learns in place of the tower's own, if there is one.
    """
    at_height: dict[int, list[torch.nn.Parameter]] = {}
    for name, weight in tower.network.named_parameters():
        if name in tower.heights:
            at_height.setdefault(tower.heights[name], []).append(weight)
    head = tower.head if head is None else head
    groups = [{"params": list(head.parameters()), "highest": RATE_OF_HEAD}]
    groups += [
        {"params": weights, "highest": RATE * DECAY_OF_LAYERS**height}
        for height, weights in sorted(at_height.items())
    ]
    return AdamW(groups, lr=0.0, weight_decay=WEIGHT_DECAY)


def set_rates(optimizer: AdamW, step: int, n_steps: int) -> None:
    """Give every weight its rate at a step: all warm up, then fall along half a cosine."""
    share = warmed_cosine(step, n_steps, round(WARM_UP * n_steps))
    for group in optimizer.param_groups:
        group["lr"] = group["highest"] * share


def accumulate_gradients(
    loss_of: Callable[[Ints], torch.Tensor],
    drawn: Ints,
    settings: TowerSettings,
    processes: Processes,
) -> float:
    """Add up the gradients of this process's share of a step; return the mean loss of all of it.

    Parameters
    ----------
    loss_of : function
        Of some of the places drawn, as many as are in memory at once, to the sum of their losses.
    drawn : int array of shape (n_drawn,)
        Places of the items of the step, over which the gradients are a mean.
    settings : TowerSettings
    processes : Processes
    """
    mine = processes.share(drawn)
    total = 0.0
    for start in range(0, len(mine), settings.micro_batch_size):
        loss = loss_of(mine[start : start + settings.micro_batch_size])
        (loss / len(drawn)).backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
    # A loss that is not finite ends a training: all processes must see it, or the rest would wait.
    return float(processes.add_up(np.array(total))) / len(drawn)


def with_prefix(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names begin so, by the rest of their names."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


@contextmanager
def seeded_dropout(number: int, device: str) -> Iterator[None]:
    """Give torch's own random numbers, which dropout draws, a seed for one step."""
    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(number)
        yield
