"""Training on masks: given ones, and those that a momentum teacher draws."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import Module
from torch.nn.functional import cross_entropy

from annotate.compute.device import autocast, choose_training_dtype
from annotate.protocols import NO_LABEL, Ints
from annotate.training.batches import shuffled_batch, weighted_batch
from annotate.training.class_mix import class_mix
from annotate.training.conv import logits_of
from annotate.training.descent import make_optimizer, set_rate, step_generator
from annotate.training.ema import warmed_decay
from annotate.training.fst import DEPTH
from annotate.training.learning_rates import cosine
from annotate.training.look_ahead import look_ahead_step, momentum_step
from annotate.training.pixel_labels import class_thresholds, pixel_weights, sure_share
from annotate.training.pixel_rows import take_colours
from annotate.training.training_state import (
    load_module,
    load_optimizer,
    module_arrays,
    optimizer_arrays,
)

DECAY = 0.99
KEPT_SHARE = 0.8  # of the pixels that a teacher labels with a class
COLOUR = 0.25  # each channel's brightness and contrast change by a factor of 1 - this to 1 + this


@dataclass(frozen=True)
class Method:
    """How masks are learnt.

    Attributes
    ----------
    learns_from_teacher : bool
        Whether the teacher's masks are learnt beside the given ones.
    decay : float
        What the teacher keeps of itself at a step; with 0 it is the student.
    depth : int
        Virtual steps that the teacher looks ahead. A step takes ``depth + 1`` passes forward and
        backward.
    """

    learns_from_teacher: bool = True
    decay: float = DECAY
    depth: int = 0


METHODS = {
    "supervised": Method(learns_from_teacher=False, decay=0.0),
    "momentum": Method(),
    "fst": Method(depth=1),
    "fst_d": Method(depth=DEPTH),
}


@dataclass(frozen=True)
class MaskedPictures:
    """What is learnt from.

    Attributes
    ----------
    X : uint8 or float array of shape (n, 3 * side ** 2)
        Colours from 0 to 255.
    masks : int array of shape (n, side, side)
        Class numbers, -1 for a pixel that is not known.
    labelled : int array of shape (n_labelled,)
        Rows with a known pixel.
    """

    X: NDArray[Any]
    masks: Ints
    labelled: Ints


@dataclass(frozen=True)
class Batch:
    """Mirror views of pictures with masks, and of others for the teacher to label."""

    labelled: torch.Tensor
    masks: torch.Tensor
    unlabelled: torch.Tensor
    strong_seed: int  # of the views that are made once the teacher has labelled them


class MaskTraining:
    """A student and its momentum teacher in training; meets ``run_steps.Training``.

    Parameters
    ----------
    pictures : MaskedPictures
    network : torch.nn.Module
        The untrained student.
    method : Method
    n_steps, batch_size, seed : int
        A batch holds as many pictures for the teacher as pictures with masks.
    device : str
        As torch names it.
    """

    def __init__(
        self,
        pictures: MaskedPictures,
        network: Module,
        method: Method,
        *,
        n_steps: int,
        batch_size: int,
        seed: int,
        device: str,
    ) -> None:
        self.student = network.to(device)
        self.teacher = copy.deepcopy(self.student).requires_grad_(False).eval()
        self._optimizer = make_optimizer(self.student)
        self._pictures, self._method = pictures, method
        self._n_steps, self._batch_size, self._seed = n_steps, batch_size, seed
        self._device = device

    def take_step(self, step: int) -> float:
        set_rate(self._optimizer, cosine(step, self._n_steps))
        decay, depth = warmed_decay(step, self._method.decay), self._method.depth
        learners = (self.student, self.teacher, self._optimizer)
        batch = self.draw(step)
        if depth:
            return float(look_ahead_step(*learners, batch, self.loss_of, decay, depth=depth))
        return float(momentum_step(*learners, batch, self.loss_of, decay))

    def draw(self, step: int) -> Batch:
        """Return the batch of a step: its number and the seed are all that it depends on."""
        generator = step_generator(self._seed, step)
        labelled = self._pictures.labelled
        all_alike = np.ones(len(labelled))
        rows = labelled[weighted_batch(all_alike, self._batch_size, self._seed, step)]
        masks = self._pictures.masks[rows].astype(np.int64)
        chosen = self._mirrors(generator)
        return Batch(
            labelled=mirrored(take_colours(self._pictures.X, rows, self._device), chosen),
            masks=mirrored(torch.as_tensor(masks, device=self._device), chosen),
            unlabelled=self._draw_for_teacher(step, generator),
            strong_seed=int(torch.randint(2**62, (), generator=generator)),
        )

    def loss_of(self, student: Module, teacher: Module, batch: Batch) -> torch.Tensor:
        """Return cross-entropy on the given masks, and on the weighed masks of the teacher."""
        if not self._method.learns_from_teacher:
            return known_pixel_loss(logits_of(student, batch.labelled, self._device), batch.masks)
        strong, drawn, weights = self._strong_views(teacher, batch)
        logits = logits_of(student, torch.cat([batch.labelled, strong]), self._device)
        given, pseudo = logits[: len(batch.labelled)], logits[len(batch.labelled) :]
        per_pixel = cross_entropy(pseudo, drawn, reduction="none")
        return known_pixel_loss(given, batch.masks) + (weights * per_pixel).mean()

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **module_arrays(self.student, "student."),
            **module_arrays(self.teacher, "teacher."),
            **optimizer_arrays(self._optimizer, "optimizer."),
        }

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        load_module(self.student, arrays, "student.")
        load_module(self.teacher, arrays, "teacher.")
        load_optimizer(self._optimizer, arrays, "optimizer.")

    def _mirrors(self, generator: torch.Generator) -> torch.Tensor:
        chosen = torch.randint(0, 2, (self._batch_size,), generator=generator)
        return chosen.bool().to(self._device)

    def _draw_for_teacher(self, step: int, generator: torch.Generator) -> torch.Tensor:
        if not self._method.learns_from_teacher:
            return torch.empty(0, device=self._device)
        X = self._pictures.X
        rows = shuffled_batch(len(X), self._batch_size, self._seed, step)
        return mirrored(take_colours(X, rows, self._device), self._mirrors(generator))

    def _strong_views(
        self, teacher: Module, batch: Batch
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return mixed and recoloured pictures, the teacher's masks of them, and their weights."""
        with torch.no_grad(), autocast(self._device, choose_training_dtype(self._device)):
            proba = teacher(batch.unlabelled).float().softmax(dim=1)
        surest_of_class = pixel_weights(proba, class_thresholds(proba, KEPT_SHARE))
        weights = surest_of_class * sure_share(proba)[:, None, None]
        # A virtual step and the real one see the same view, as far as the teacher's masks agree.
        generator = torch.Generator().manual_seed(batch.strong_seed)
        mixed, drawn, weights = class_mix(batch.unlabelled, proba.argmax(dim=1), weights, generator)
        return recoloured(mixed, generator), drawn, weights


def known_pixel_loss(logits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy over the pixels of a batch that are known.

    Parameters
    ----------
    logits : float tensor of shape (n, n_classes, height, width)
    masks : int64 tensor of shape (n, height, width)
        -1 for a pixel that is not known; one pixel or more must be.
    """
    return cross_entropy(logits, masks, ignore_index=NO_LABEL)


def mirrored(maps: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Return (n, ..., width) maps, left and right swapped in those chosen by (n,) bool."""
    one_each = chosen.reshape(-1, *[1] * (maps.ndim - 1))
    return torch.where(one_each, maps.flip(-1), maps)


def recoloured(colours: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return the pictures with the mean of each channel and its contrast changed at random.

    Parameters
    ----------
    colours : float tensor of shape (n, 3, height, width)
        0 to 1, as are those returned.
    generator : torch.Generator
        Of the CPU, so that every device draws the same.
    """
    drawn = torch.rand((2, len(colours), 3, 1, 1), generator=generator).to(colours.device)
    brightness, contrast = 1 + COLOUR * (2 * drawn - 1)
    mean = colours.mean(dim=(2, 3), keepdim=True)
    return (mean * brightness + (colours - mean) * contrast).clamp(0, 1)
