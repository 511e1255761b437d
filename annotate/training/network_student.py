"""What students that train a network share: fit in resumable steps, predict, parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import Module

from annotate.compute.device import autocast, choose_device, choose_dtype
from annotate.compute.seeding import seeded_generator
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, Floats, Ints, Rows, TrainingRun
from annotate.training.pixel_rows import (
    check_pixel_rows,
    rows_sha256,
    rows_with_pixels,
    take_colours,
)
from annotate.training.run_steps import Training, run_steps
from annotate.training.small_resnet import SIDE_PX, SmallResNet
from annotate.training.training_state import load_module, module_arrays
from annotate.training.weights import normalize_weights

BATCH_SIZE = 64
N_STEPS = 2000
ROWS_PER_BLOCK = 512
UNMIRRORED = "unmirrored"
CANNOT_BE_OPENED = (
    "A student must see labelled items of two classes; of {n} that can be opened all are of one."
    " Put the files back where `annotate add` found them."
)


@dataclass(frozen=True)
class Options:
    """What may follow a network student's name.

    Attributes
    ----------
    selector : str
        What decides which pseudo-labels of a batch count.
    mirrored : bool
        Whether a picture's mirror image is of the same class.
    extras : frozenset of str
        What else was asked of a method that has more to offer.
    """

    selector: str = "threshold"
    mirrored: bool = True
    extras: frozenset[str] = frozenset()


def read_options(
    argument: str, selectors: tuple[str, ...] = (), extras: tuple[str, ...] = ()
) -> Options:
    """Return the options in an argument, which are joined by ``+``.

    Raises
    ------
    ValueError
        If one is neither ``unmirrored`` nor a selector nor an extra, or two selectors are named.
    """
    words = {word for word in argument.split("+") if word}
    chosen = sorted(words & set(selectors))
    if len(chosen) > 1 or words - {UNMIRRORED, *selectors, *extras}:
        one_of = [f"one of {', '.join(selectors)}"] if selectors else []
        known = ", ".join([*one_of, *extras, UNMIRRORED])
        raise ValueError(f"options, joined by +, are {known}; got {argument}")
    return Options(
        chosen[0] if chosen else "threshold",
        UNMIRRORED not in words,
        frozenset(words & set(extras)),
    )


@dataclass(frozen=True)
class TrainingRows:
    """What a network learns from.

    Attributes
    ----------
    X : (n_rows, 3 * side_px ** 2) colours from 0 to 255
    usable : int array of shape (n_usable,)
        Rows that hold a picture.
    labelled : int array of shape (n_labelled,)
        Those of them with a label.
    y : int array of shape (n_labelled,)
    weights : float array of shape (n_labelled,)
        Mean 1.
    n_classes : int
    targets : float array of shape (n_rows, n_classes), optional
        Probabilities to learn instead of labels, of every row of ``X``.
    """

    X: Floats | Rows
    usable: Ints
    labelled: Ints
    y: Ints
    weights: Floats
    n_classes: int
    targets: Floats | None = None


class NetworkStudent:
    """A student that trains a network on pixels; meets ``protocols.NetworkStudent``.

    Parameters
    ----------
    argument : str
        ``unmirrored`` where a mirror image may be of another class, as with letters; what else a
        method takes, joined by ``+``.
    n_classes : int, optional
        Columns of ``predict_proba``; by default one more than the largest label.
    n_steps : int
        Optimiser steps of a fit.
    batch_size : int, optional
        Rows with a label in a step; by default the method's own number.
    device : str
        ``auto`` is CUDA where there is one, else the CPU.
    """

    _name: str
    _batch_size = BATCH_SIZE
    _selectors: tuple[str, ...] = ()
    _extras: tuple[str, ...] = ()

    side_px = SIDE_PX
    smoothing_k = 0
    outputs_per_class = 1
    goes_on = False

    def __init__(
        self,
        argument: str = "",
        *,
        n_classes: int | None = None,
        n_steps: int = N_STEPS,
        batch_size: int | None = None,
        device: str = "auto",
    ) -> None:
        options = read_options(argument, self._selectors, self._extras)
        self.name = f"{self._name}:{argument}" if argument else self._name
        self.selector, self.mirrored = options.selector, options.mirrored
        self.extras = options.extras
        self.run = TrainingRun()
        self.n_steps = n_steps
        self.batch_size = batch_size or self._batch_size
        self._n_classes = n_classes
        self._device = device
        self._network: Module

    def fit(self, X: Floats | Rows, y: Ints, sample_weight: Floats | None = None) -> Self:
        """Learn from rows of pixels; a killed fit with checkpoints goes on at its last one.

        Parameters
        ----------
        X : float array or Rows of shape (n_rows, 3 * side_px ** 2)
            Colours from 0 to 255.
        y : int array of shape (n_rows,)
            Class numbers; -1 for a row without a label. Two classes or more must occur.
        sample_weight : float array of shape (n_rows,), optional
            Of the rows with a label: how often each is drawn. None draws all alike.

        Raises
        ------
        ValueError
            If shapes do not fit, or fewer than two classes occur.
        """
        rows = self._training_rows(X, y, sample_weight)
        training = self._begin(rows, choose_device(self._device))
        run_steps(training, self.n_steps, self.run, self._key(rows))
        self._network = self._trained(training)
        return self

    def predict_proba(self, X: Floats | Rows) -> NDArray[np.float32]:
        """Return (n_rows, n_classes) probabilities; a row of X with NaN gives a row of NaN."""
        check_pixel_rows(X, self.side_px)
        device = choose_device(self._device)
        network = self._network.to(device).eval()
        n_classes = len(self.parameters()["head.bias"]) // self.outputs_per_class
        proba = np.empty((X.shape[0], n_classes), dtype=np.float32)
        with torch.inference_mode(), autocast(device, choose_dtype(device)):
            for start in range(0, len(proba), ROWS_PER_BLOCK):
                rows = np.arange(start, min(start + ROWS_PER_BLOCK, len(proba)))
                logits = self._class_logits(network, take_colours(X, rows, device))
                proba[rows] = torch.softmax(logits.float(), dim=1).cpu().numpy()
        return proba

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return weights and running statistics by name."""
        return module_arrays(self._network)

    def set_parameters(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``parameters`` of a fitted student returned."""
        self._network = self._make_network(len(arrays["head.bias"]) // self.outputs_per_class)
        load_module(self._network, arrays)

    def _begin(self, rows: TrainingRows, device: str) -> Training:
        """Return the training of this method, no step taken."""
        raise NotImplementedError

    def _trained(self, training: Training) -> Module:
        """Return the network that predicts."""
        raise NotImplementedError

    def _describe(self) -> str:
        """Return all settings that shape the training, but for those of every method."""
        return self.name

    def _class_logits(self, network: Module, colours: torch.Tensor) -> torch.Tensor:
        """Return (n, n_classes) logits of pictures, 0 to 1."""
        logits: torch.Tensor = network(colours)
        return logits

    def _make_network(self, n_classes: int) -> Module:
        """Return an untrained network, the same for the same seed."""
        return self._seeded(lambda: SmallResNet(n_classes * self.outputs_per_class))

    def _seeded(self, make: Callable[[], Module]) -> Module:
        """Return a network whose first weights the seed fixes."""
        number = int(seeded_generator(self.run.seed, "network").integers(2**62))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(number)
            return make()

    def _training_rows(
        self, X: Floats | Rows, y: Ints, sample_weight: Floats | None
    ) -> TrainingRows:
        check_pixel_rows(X, self.side_px)
        if y.shape != (X.shape[0],):
            raise ValueError(f"y must be ({X.shape[0]},), one entry a row of X; got {y.shape}.")
        usable = rows_with_pixels(X)
        if self.run.may_train is not None:
            usable = usable[self.run.may_train[usable]]
        labelled = usable[y[usable] != NO_LABEL]
        n_classes = self._n_classes or int(y.max(initial=-1)) + 1
        n_seen = len(np.unique(y[y != NO_LABEL]))
        if n_seen < 2 or y.max() >= n_classes:
            raise ValueError(
                f"y must hold two classes or more, 0 to {n_classes - 1}; got {n_seen},"
                f" the highest {y.max(initial=-1)}."
            )
        if len(np.unique(y[labelled])) < 2:
            raise NotReadyError(CANNOT_BE_OPENED.format(n=len(labelled)))
        weights = None if sample_weight is None else sample_weight[labelled]
        return TrainingRows(
            X,
            usable,
            labelled,
            y[labelled],
            normalize_weights(weights, len(labelled)),
            n_classes,
        )

    def _key(self, rows: TrainingRows) -> str:
        digest = hashlib.sha256(
            f"{self._describe()} {self.run.seed} {self.n_steps} {self.batch_size}".encode()
        )
        digest.update(rows_sha256(rows.X).encode())
        run, before = self.run, sorted((self.run.previous or {}).items())
        opinions = () if run.opinions is None else (run.opinions.rows, run.opinions.shares)
        for array in (
            rows.usable, rows.labelled, rows.y, rows.weights, run.given, run.teacher_proba,
            *opinions, *(array for _, array in before),
        ):  # fmt: skip
            if array is not None:
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()
