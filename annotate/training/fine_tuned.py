"""The fine-tuned student: the encoder itself, trained further beneath a linear head."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from annotate.compute.device import autocast, choose_device, choose_dtype
from annotate.compute.processes import ProcessGroup
from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import (
    Floats,
    Ints,
    Items,
    MaskableNetwork,
    Processes,
    TrainableEncoder,
    TrainingRun,
)
from annotate.training.further_pretraining import (
    MaskedModelling,
    UnlabelledItems,
    self_distillation,
)
from annotate.training.held_out import held_out
from annotate.training.network_student import CANNOT_BE_OPENED
from annotate.training.pixel_rows import rows_with_pixels
from annotate.training.run_steps import Training
from annotate.training.stages import Stage, run_stages
from annotate.training.tower import ITEMS_PER_BLOCK, Tower
from annotate.training.tower_training import (
    LabelledItems,
    TowerSettings,
    TowerTraining,
    labelled_items,
)

N_STEPS = 300
BATCH_SIZE = 16
NO_DEPTHS = ("adapted", "strong", "unmirrored")


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
        ``2``, or ``head`` for nothing else; ``adapted`` where that is first to learn all items
        without labels; ``strong`` to see pictures in strong views, not weak ones; ``unmirrored``
        where a picture's mirror image may be of another class; or several, joined by ``+``.
    n_classes : int, optional
        Columns of ``predict_proba``; by default one more than the largest label.
    n_steps : int
        Optimiser steps of a fit; with ``adapted`` three times as many.
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
    (rates that fall from layer to layer); Lee et al. 2023, arXiv:2210.02871 (``adapted``: see
    ``further_pretraining.self_distillation``).
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
        self.options = read_options(argument)
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
        new_tower = partial(self._new_tower, n_classes)
        there, features = self._features_before(new_tower, X, items.rows)
        items = items.take(np.isin(items.rows, there))
        if len(np.unique(items.y)) < 2:
            raise NotReadyError(CANNOT_BE_OPENED.format(n=len(there)))
        given = np.ones(len(y), dtype=bool) if self.run.given is None else self.run.given
        checks = held_out(items.y, given[items.rows], self.run.seed)
        left_out, items, features = items.take(checks), items.take(~checks), features[~checks]
        settings, processes = self._settings(), self.run.processes or ProcessGroup()

        def begin_on_labels(before: Training | None) -> TowerTraining:
            if isinstance(before, MaskedModelling):  # features at hand are of the encoder before
                tower, known = before.tower, before.tower.features(X, items.rows)
            else:
                tower, known = new_tower(), (items.rows, features)
            begin_as_a_probe(tower, items, *known, processes)
            return TowerTraining(tower, items, left_out, settings, processes)

        stages = [Stage("on labels", self.n_steps, begin_on_labels)]
        corpus = None
        if self.options.adapted:
            corpus = UnlabelledItems(X, self._rows_to_adapt_to(len(X)))
            stages = self_distillation(new_tower, corpus, settings, processes) + stages
        training = run_stages(stages, self.run, self._key(items, corpus))
        assert isinstance(training, TowerTraining)
        training.take_the_best()
        self._tower = training.tower
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
        self, new_tower: Callable[[], Tower], X: Items, rows: Ints
    ) -> tuple[Ints, NDArray[np.float32]]:
        """Return those of some rows that can be opened, and their features before the training."""
        if self.run.features is None:
            return new_tower().features(X, rows)
        features = np.asarray(self.run.features.take(rows), dtype=np.float32)
        is_there = ~np.isnan(features[:, 0])
        return rows[is_there], features[is_there]

    def _rows_to_adapt_to(self, n_items: int) -> Ints:
        """Return the rows that may train, but for those known to be closed."""
        features, may_train = self.run.features, self.run.may_train
        there = np.arange(n_items) if features is None else rows_with_pixels(features)
        return there if may_train is None else there[may_train[there]]

    def check(self, encoder: TrainableEncoder) -> None:
        """Raise ConfigError if this student cannot train an encoder."""
        if not (self.options.adapted or self.options.strong):
            return
        network = self._network_of(encoder)
        if self.options.adapted:
            network.new_decoder()

    def _known_encoder(self) -> TrainableEncoder:
        if self.encoder is None:
            raise ValueError(
                "The student fine_tuned needs the encoder that it trains; got none."
                " Set encoder before fit."
            )
        return self.encoder

    def _new_tower(self, n_classes: int) -> Tower:
        encoder = self._known_encoder()
        network = self._network_of(encoder)
        tower = Tower(network, encoder.dim, n_classes, self.options.n_last_blocks)
        return tower.to(choose_device(self._device))

    def _network_of(self, encoder: TrainableEncoder) -> Any:
        network = encoder.trainable_network()
        if self.options.adapted and not isinstance(network, MaskableNetwork):
            raise ConfigError(
                "The option adapted of the student fine_tuned needs an encoder that can hide a part"
                f" of an item; {encoder.id} cannot. Use fine_tuned without adapted."
            )
        if self.options.strong and not network.augments:
            raise ConfigError(
                "The option strong of the student fine_tuned needs an encoder of images;"
                f" {encoder.id} is none. Use fine_tuned without strong."
            )
        return network

    def _settings(self) -> TowerSettings:
        return TowerSettings(
            self.n_steps, self.batch_size, self.micro_batch_size, self.options.mirrored,
            self.options.strong, self.run.seed, choose_device(self._device),
        )  # fmt: skip

    def _key(self, items: LabelledItems, corpus: UnlabelledItems | None) -> str:
        """Return what shapes the training but for the items themselves, which a project keeps."""
        # Views and dropout differ with the number of processes.
        size = (self.run.processes or ProcessGroup()).size
        encoder_id = self._known_encoder().id
        settings = f"stages of {self.name} {self._settings()} {encoder_id} {len(items.X)} {size}"
        digest = hashlib.sha256(settings.encode())
        adapted_to = () if corpus is None else (corpus.rows,)
        for array in (items.rows, items.y, items.weights, *adapted_to):
            digest.update(np.asarray(array, dtype=np.float64).tobytes())
        return digest.hexdigest()


def begin_as_a_probe(
    tower: Tower, items: LabelledItems, rows: Ints, features: Floats, processes: Processes
) -> None:
    """Make a tower's head a linear probe on the features of those rows of some items."""
    known = items.take(np.isin(items.rows, rows))
    tower.begin_as_a_probe(features, known.y, known.weights)
    # What GPUs compute may differ in its last digits: all begin with the first one's head.
    tower.load_trained_arrays(processes.tell(tower.trained_arrays()))


@dataclass(frozen=True)
class Options:
    """What the argument of ``FineTuned`` asks for.

    Attributes
    ----------
    n_last_blocks : int, optional
        How many are trained beneath the head; None all.
    """

    n_last_blocks: int | None
    mirrored: bool
    strong: bool
    adapted: bool


def read_options(argument: str) -> Options:
    """Return what an argument asks for.

    Raises
    ------
    ValueError
        If a word is none of those that ``FineTuned`` takes, or nothing is trained that could adapt.
    """
    words = [word for word in argument.split("+") if word]
    depths = [word for word in words if word not in NO_DEPTHS] or ["all"]
    depth = {"all": None, "head": 0}.get(depths[0], -1)
    if depths[0].isdecimal() and int(depths[0]) > 0:
        depth = int(depths[0])
    if len(depths) > 1 or depth == -1:
        raise ValueError(
            "options are all, head or a number of blocks, adapted, strong and unmirrored, joined by"
            f" +; got {argument}"
        )
    if depth == 0 and "adapted" in words:
        raise ValueError(
            f"with adapted, blocks beneath the head must be trained, all or some; got {argument}"
        )
    return Options(depth, "unmirrored" not in words, "strong" in words, "adapted" in words)
