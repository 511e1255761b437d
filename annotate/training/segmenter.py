"""Students that give every pixel a class: from given masks, and from those of a momentum teacher.

They are the ground on which look-ahead self-training was first shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import Module
from torch.nn.functional import interpolate

from annotate.compute.device import autocast, choose_device, choose_dtype
from annotate.compute.seeding import seeded_generator
from annotate.protocols import NO_LABEL, Floats, Ints, TrainingRun
from annotate.training.mask_training import METHODS, MaskedPictures, MaskTraining
from annotate.training.pixel_rows import rows_sha256, take_colours
from annotate.training.run_steps import run_steps
from annotate.training.training_state import load_module, module_arrays
from annotate.training.unet import WIDTHS, SmallUNet

N_STEPS = 2000
BATCH_SIZE = 8
PICTURES_PER_BLOCK = 64
LARGEST_SIDE_PX = 1024
SIDE_UNIT = 2 ** (len(WIDTHS) - 1)  # a network halves the side at every level but the first


class Segmenter:
    """A small U-Net on pictures of any side divisible by 4, in four ways of training.

    ``supervised`` learns the known pixels in mirror views. ``momentum`` also learns, on all
    pictures, the masks of a momentum teacher: it labels mirror views, ClassMix pastes half of the
    classes of each onto another, colours and contrast change, and of each class the 80 % surest
    pixels of a batch count, weighed by the share of their picture's pixels that it is sure of. In
    ``fst`` the teacher looks one virtual step ahead, in ``fst_d`` three; a step costs two and four
    forward-backward passes. With these three the teacher predicts.

    Parameters
    ----------
    n_classes : int
        2 or more.
    method : str
        ``supervised``, ``momentum``, ``fst`` or ``fst_d``.
    n_steps : int
        Optimiser steps of a fit.
    batch_size : int
        Pictures with a mask in a step, 2 or more, and as many for the teacher.
    device : str
        ``auto`` is CUDA where there is one, else the CPU.

    Attributes
    ----------
    run : TrainingRun
        Its seed, checkpoints and progress; set before ``fit``.

    Raises
    ------
    ValueError
        If a number is too small or the method is none of the four.

    References
    ----------
    Du et al. 2022, arXiv:2209.07089 (the look-ahead; the decay 0.99 of its semi-supervised
    experiments); Tranheden et al. 2021 (DACS), arXiv:2007.08702 (0.968, the weight of a picture);
    Olsson et al. 2021, arXiv:2007.07936 (ClassMix, between pictures that the teacher labels).
    Differs: a small U-Net without pre-training, where theirs are pre-trained; a picture's weight is
    not given to its least sure pixels (Zou et al. 2018, arXiv:1810.07911); no blur.
    """

    def __init__(
        self,
        n_classes: int,
        method: str = "momentum",
        *,
        n_steps: int = N_STEPS,
        batch_size: int = BATCH_SIZE,
        device: str = "auto",
    ) -> None:
        if method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}.")
        if n_classes < 2 or n_steps < 1 or batch_size < 2:
            raise ValueError(
                "n_classes and batch_size must be 2 or more and n_steps 1 or more;"
                f" got {n_classes}, {batch_size} and {n_steps}."
            )
        self.run = TrainingRun()
        self.n_classes, self.method = n_classes, method
        self.n_steps, self.batch_size = n_steps, batch_size
        self._device = device
        self._network: Module

    def fit(self, X: NDArray[Any], masks: Ints) -> Self:
        """Learn from pictures; a killed fit with checkpoints goes on at its last one.

        Parameters
        ----------
        X : uint8 or float array of shape (n, side, side, 3)
            Colours from 0 to 255.
        masks : int array of shape (n, side, side)
            Class numbers; -1 where a pixel is not known. A picture of which no pixel is known is
            unlabelled: only the teacher labels it. One pixel or more must be known.

        Raises
        ------
        ValueError
            If shapes or values do not fit, or no pixel is known.
        """
        pictures = self._masked_pictures(X, masks)
        training = MaskTraining(
            pictures, self._make_network(), METHODS[self.method], n_steps=self.n_steps,
            batch_size=self.batch_size, seed=self.run.seed, device=choose_device(self._device),
        )  # fmt: skip
        run_steps(training, self.n_steps, self.run, self._key(pictures))
        self._network = training.teacher
        return self

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Return (n, n_classes, side, side) probabilities; the classes of a pixel sum to 1.

        Raises
        ------
        ValueError
            If X is not (n, side, side, 3) or its side not divisible by 4.
        """
        rows = _as_rows(X)
        device = choose_device(self._device)
        network = self._network.to(device).eval()
        proba = np.empty((len(X), self.n_classes, *X.shape[1:3]), dtype=np.float32)
        with torch.inference_mode(), autocast(device, choose_dtype(device)):
            for start in range(0, len(X), PICTURES_PER_BLOCK):
                block = np.arange(start, min(start + PICTURES_PER_BLOCK, len(X)))
                logits = network(take_colours(rows, block, device))
                proba[block] = torch.softmax(logits.float(), dim=1).cpu().numpy()
        return proba

    def check_side(self, side_px: int) -> None:
        """Raise ValueError unless pictures of this side can be seen."""
        if not SIDE_UNIT <= side_px <= LARGEST_SIDE_PX or side_px % SIDE_UNIT:
            raise ValueError(
                f"The side must be {SIDE_UNIT} to {LARGEST_SIDE_PX} px and divisible by"
                f" {SIDE_UNIT}; got {side_px}."
            )

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return weights and running statistics by name."""
        return module_arrays(self._network)

    def set_parameters(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``parameters`` of a fitted segmenter of as many classes returned."""
        self._network = self._make_network()
        load_module(self._network, arrays)

    def _make_network(self) -> Module:
        """Return an untrained network, the same for the same seed."""
        number = int(seeded_generator(self.run.seed, "network").integers(2**62))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(number)
            return SmallUNet(self.n_classes)

    def _masked_pictures(self, X: NDArray[Any], masks: Ints) -> MaskedPictures:
        rows = _as_rows(X)
        if masks.shape != X.shape[:3]:
            raise ValueError(
                f"masks must be {X.shape[:3]}, one entry a pixel of X; got {masks.shape}."
            )
        labelled = np.flatnonzero((masks != NO_LABEL).any(axis=(1, 2)))
        if not len(labelled):
            raise ValueError("masks must know one pixel or more; got -1 alone. Label a picture.")
        if not (X.min() >= 0 and X.max() <= 255):
            raise ValueError(f"X must hold colours from 0 to 255; got {X.min()} to {X.max()}.")
        if masks.min() < NO_LABEL or masks.max() >= self.n_classes:
            raise ValueError(
                f"masks must hold -1 to {self.n_classes - 1}; got {masks.min()} to {masks.max()}."
            )
        return MaskedPictures(rows, masks, labelled)

    def _key(self, pictures: MaskedPictures) -> str:
        digest = hashlib.sha256(
            f"segmenter {self.method} {self.n_classes} {self.run.seed} {self.n_steps}"
            f" {self.batch_size} {rows_sha256(pictures.X)}".encode()
        )
        digest.update(np.ascontiguousarray(pictures.masks, dtype=np.int16).tobytes())
        return digest.hexdigest()


def enlarged(proba: Floats, shape: tuple[int, ...]) -> NDArray[np.int16]:
    """Return the class of every pixel of a picture, (height, width), from those of a square.

    Parameters
    ----------
    proba : float array of shape (n_classes, side, side)
        Interpolated before the likeliest class is taken, so that borders are smooth.
    shape : tuple of two int
        Height and width.
    """
    # Class by class: all together would take gigabytes of a large picture.
    highest = torch.full(shape, -1.0)
    likeliest = torch.zeros(shape, dtype=torch.int16)
    for number, of_class in enumerate(torch.as_tensor(proba)):
        larger = interpolate(of_class[None, None], size=shape, mode="bilinear")[0, 0]
        likeliest[larger > highest] = number
        highest = torch.maximum(highest, larger)
    return likeliest.numpy()


def _as_rows(X: NDArray[Any]) -> NDArray[Any]:
    """Return pictures as rows of colours; raise ValueError unless X is (n, side, side, 3)."""
    if X.ndim != 4 or X.shape[1] != X.shape[2] or X.shape[3] != 3:
        raise ValueError(
            f"X must be (n, side, side, 3): colours of square pictures; got shape {X.shape}."
        )
    return X.reshape(len(X), 3 * X.shape[1] ** 2)
