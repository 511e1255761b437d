"""The fine-tuned student: the encoder itself, trained further beneath a linear head."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from annotate.compute.device import autocast, choose_device, choose_dtype
from annotate.compute.processes import ProcessGroup
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, Floats, Ints, Items, TrainableEncoder, TrainingRun
from annotate.training.held_out import held_out
from annotate.training.network_student import CANNOT_BE_OPENED
from annotate.training.run_steps import run_steps
from annotate.training.tower import ITEMS_PER_BLOCK, Tower
from annotate.training.tower_training import LabelledItems, TowerSettings, TowerTraining
from annotate.training.weights import normalize_weights

N_STEPS = 300
BATCH_SIZE = 16


class FineTuned:
    """The project's encoder, trained on labels; registered as ``fine_tuned``.

    The head begins as a linear probe on the encoder's features, so that the first steps do not
    spoil what the encoder knows. One in five given labels of a class is not learnt from: the
    weights are kept that had the least loss on those. ``encoder`` and ``run`` are set before
    ``fit``; of several processes in ``run`` each takes its share of every step.

    Parameters
    ----------
    argument : str
        What is trained beside the head: ``all`` (the default), the last so many blocks, such as
        ``2``, or ``head`` for nothing else; ``unmirrored`` where a picture's mirror image may be of
        another class; or both, joined by ``+``.
    n_classes : int, optional
        Columns of ``predict_proba``; by default one more than the largest label.
    n_steps : int
        Optimiser steps of a fit.
    batch_size : int
        Items in a step.
    micro_batch_size : int, optional
        Items that are in memory at once; their gradients are summed. By default a whole step's.
    device : str
        ``auto`` is CUDA where there is one, else the CPU.

    References
    ----------
    Kumar et al. 2022, "Fine-tuning can distort pretrained features and underperform
    out-of-distribution", arXiv:2202.10054 (the probe first); Clark et al. 2020, arXiv:2003.10555
    (rates that fall from layer to layer).
    """

    smoothing_k = 0

    def __init__(
        self,
        argument: str = "",
        *,
        n_classes: int | None = None,
        n_steps: int = N_STEPS,
        batch_size: int = BATCH_SIZE,
        micro_batch_size: int | None = None,
        device: str = "auto",
    ) -> None:
        self.n_last_blocks, self.mirrored = read_depth(argument)
        self.name = f"fine_tuned:{argument}" if argument else "fine_tuned"
        self.run = TrainingRun()
        self.encoder: TrainableEncoder | None = None
        self.n_steps = n_steps
        self.batch_size = batch_size
        self.micro_batch_size = micro_batch_size or batch_size
        self._n_classes = n_classes
        self._device = device
        self._tower: Tower

    def fit(self, X: Items, y: Ints, sample_weight: Floats | None = None) -> Self:
        """Learn from labelled items; a killed fit with checkpoints goes on at its last one.

        Parameters
        ----------
        X : Items
            Pictures or texts, as the encoder takes them.
        y : int array of shape (len(X),)
            Class numbers; -1 for an item without a label. Two classes or more must occur.
        sample_weight : float array of shape (len(X),), optional
            Of items with a label: how often each is drawn. None draws all alike.

        Raises
        ------
        ValueError
            If shapes do not fit, or fewer than two classes occur.
        """
        n_classes = self._n_classes or int(y.max(initial=-1)) + 1
        items = labelled_items(X, y, sample_weight, n_classes)
        tower = self._new_tower(n_classes)
        there, features = self._features_before(tower, X, items.rows)
        items = items.take(np.isin(items.rows, there))
        if len(np.unique(items.y)) < 2:
            raise NotReadyError(CANNOT_BE_OPENED.format(n=len(there)))
        given = np.ones(len(y), dtype=bool) if self.run.given is None else self.run.given
        checks = held_out(items.y, given[items.rows], self.run.seed)
        left_out, items = items.take(checks), items.take(~checks)
        tower.begin_as_a_probe(features[~checks], items.y, items.weights)
        processes = self.run.processes or ProcessGroup()
        # What GPUs compute may differ in its last digits: all begin with the first one's head.
        tower.load_trained_arrays(processes.tell(tower.trained_arrays()))
        training = TowerTraining(tower, items, left_out, self._settings(), processes)
        run_steps(training, self.n_steps, self.run, self._key(items))
        training.take_the_best()
        self._tower = tower
        return self

    def predict_proba(self, X: Items) -> NDArray[np.float32]:
        """Return (len(X), n_classes); a row of NaN for an item that cannot be opened."""
        device = choose_device(self._device)
        tower = self._tower.to(device).eval()
        proba = np.full((len(X), tower.head.out_features), np.nan, dtype=np.float32)
        with torch.inference_mode(), autocast(device, choose_dtype(device)):
            for start in range(0, len(X), ITEMS_PER_BLOCK):
                stop = min(start + ITEMS_PER_BLOCK, len(X))
                there, batch = tower.prepare(X, np.arange(start, stop))
                if batch is not None:
                    proba[there] = tower(batch).float().softmax(dim=1).cpu().numpy()
                self.run.progress(stop, len(X), "predict")
        return proba

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return what was trained: the head, and the encoder's weights from the first block on."""
        return self._tower.trained_arrays()

    def set_parameters(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``parameters`` of a fitted student returned; ``encoder`` must be set."""
        self._tower = self._new_tower(len(arrays["head.bias"]))
        self._tower.load_trained_arrays(arrays)

    def _features_before(
        self, tower: Tower, X: Items, rows: Ints
    ) -> tuple[Ints, NDArray[np.float32]]:
        """Return those of some rows that can be opened, and their features before the training."""
        if self.run.features is None:
            return tower.features(X, rows)
        features = np.asarray(self.run.features.take(rows), dtype=np.float32)
        is_there = ~np.isnan(features[:, 0])
        return rows[is_there], features[is_there]

    def _new_tower(self, n_classes: int) -> Tower:
        if self.encoder is None:
            raise ValueError(
                "The student fine_tuned needs the encoder that it trains; got none."
                " Set encoder before fit."
            )
        network: Any = self.encoder.trainable_network()
        tower = Tower(network, self.encoder.dim, n_classes, self.n_last_blocks)
        return tower.to(choose_device(self._device))

    def _settings(self) -> TowerSettings:
        return TowerSettings(
            self.n_steps, self.batch_size, self.micro_batch_size, self.mirrored, self.run.seed,
            choose_device(self._device),
        )  # fmt: skip

    def _key(self, items: LabelledItems) -> str:
        """Return what shapes the training but for the items themselves, which a project keeps."""
        assert self.encoder is not None
        # Views and dropout differ with the number of processes.
        size = (self.run.processes or ProcessGroup()).size
        settings = f"{self.name} {self._settings()} {self.encoder.id} {len(items.X)} {size}"
        digest = hashlib.sha256(settings.encode())
        for array in (items.rows, items.y, items.weights):
            digest.update(np.asarray(array, dtype=np.float64).tobytes())
        return digest.hexdigest()


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


def read_depth(argument: str) -> tuple[int | None, bool]:
    """Return how many of the last blocks are trained, None for all, and whether to mirror.

    Raises
    ------
    ValueError
        If a word is none of those that ``FineTuned`` takes.
    """
    words = [word for word in argument.split("+") if word]
    depths = [word for word in words if word != "unmirrored"] or ["all"]
    depth = {"all": None, "head": 0}.get(depths[0], -1)
    if depths[0].isdecimal() and int(depths[0]) > 0:
        depth = int(depths[0])
    if len(depths) > 1 or depth == -1:
        raise ValueError(
            "options are all, head or a number of blocks, and unmirrored, joined by +;"
            f" got {argument}"
        )
    return depth, "unmirrored" not in words
